"""Activations and their gradients in PyTorch, written into a given tensor: the kernels that autograd calls.

What PyTorch composes of several operations is composed here too, in place where that saves memory.
"""

import torch
import work

aten = torch.ops.aten
SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805, "input_scale": 1}
# Gradients expressed in the function's output, which a training step keeps.
FROM_OUTPUT = ("sigmoid", "tanh", "exponential", "softmax", "log_softmax")


def softsign(x, y):
    torch.abs(x, out=y)
    torch.div(x, y.add_(1), out=y)


def tanh_shrink(x, y):
    torch.tanh(x, out=y)
    torch.sub(x, y, out=y)


def squared_relu(x, y):
    torch.clamp_min(x, 0, out=y)
    y.mul_(y)


def squareplus(x, y):
    torch.mul(x, x, out=y)
    y.add_(4).sqrt_().add_(x).mul_(0.5)


FORWARD = {
    "relu": lambda x, y: torch.clamp_min(x, 0, out=y),
    "leaky_relu": lambda x, y: aten.leaky_relu.out(x, work.NEGATIVE_SLOPE, out=y),
    "relu6": lambda x, y: aten.hardtanh.out(x, 0, 6, out=y),
    "hard_tanh": lambda x, y: aten.hardtanh.out(x, -1, 1, out=y),
    "threshold": lambda x, y: aten.threshold.out(x, 0, 0, out=y),
    "squared_relu": squared_relu,
    "elu": lambda x, y: aten.elu.out(x, out=y),
    "selu": lambda x, y: aten.elu.out(x, *SELU.values(), out=y),
    "celu": lambda x, y: aten.elu.out(x, 1, 1, 1, out=y),
    "exponential": lambda x, y: torch.exp(x, out=y),
    "sigmoid": lambda x, y: torch.sigmoid(x, out=y),
    "tanh": lambda x, y: torch.tanh(x, out=y),
    "hard_sigmoid": lambda x, y: aten.hardsigmoid.out(x, out=y),
    "softsign": softsign,
    "silu": lambda x, y: aten.silu.out(x, out=y),
    "gelu": lambda x, y: aten.gelu.out(x, out=y),
    "gelu_tanh": lambda x, y: aten.gelu.out(x, approximate="tanh", out=y),
    "hard_swish": lambda x, y: aten.hardswish.out(x, out=y),
    "mish": lambda x, y: aten.mish.out(x, out=y),
    "softplus": lambda x, y: aten.softplus.out(x, out=y),
    "log_sigmoid": lambda x, y: aten.log_sigmoid.out(x, out=y),
    "squareplus": squareplus,
    "soft_shrink": lambda x, y: aten.softshrink.out(x, out=y),
    "hard_shrink": lambda x, y: aten.hardshrink.out(x, out=y),
    "tanh_shrink": tanh_shrink,
    "softmax": lambda x, y: torch.softmax(x, 1, out=y),
    "log_softmax": lambda x, y: torch.log_softmax(x, 1, out=y),
}


def softsign_backward(g, x, y):
    torch.abs(x, out=y)
    y.add_(1).square_()
    torch.div(g, y, out=y)


def tanh_shrink_backward(g, x, y):
    torch.tanh(x, out=y)
    y.square_().mul_(g)


def squared_relu_backward(g, x, y):
    torch.clamp_min(x, 0, out=y)
    y.mul_(g).mul_(2)


def squareplus_backward(g, x, y):
    torch.mul(x, x, out=y)
    torch.div(x, y.add_(4).sqrt_(), out=y)
    y.add_(1).mul_(0.5).mul_(g)


# From the upstream gradient and what is kept: the input (for log_sigmoid also exp(-|x|)), or the output for those in FROM_OUTPUT.
BACKWARD = {
    "relu": lambda g, x, y: aten.threshold_backward.grad_input(g, x, 0, grad_input=y),
    "leaky_relu": lambda g, x, y: aten.leaky_relu_backward.grad_input(g, x, work.NEGATIVE_SLOPE, False, grad_input=y),
    "relu6": lambda g, x, y: aten.hardtanh_backward.grad_input(g, x, 0, 6, grad_input=y),
    "hard_tanh": lambda g, x, y: aten.hardtanh_backward.grad_input(g, x, -1, 1, grad_input=y),
    "threshold": lambda g, x, y: aten.threshold_backward.grad_input(g, x, 0, grad_input=y),
    "squared_relu": squared_relu_backward,
    "elu": lambda g, x, y: aten.elu_backward.grad_input(g, 1, 1, 1, False, x, grad_input=y),
    "selu": lambda g, x, y: aten.elu_backward.grad_input(g, *SELU.values(), False, x, grad_input=y),
    "celu": lambda g, x, y: aten.elu_backward.grad_input(g, 1, 1, 1, False, x, grad_input=y),
    "exponential": lambda g, kept, y: torch.mul(g, kept, out=y),
    "sigmoid": lambda g, kept, y: aten.sigmoid_backward.grad_input(g, kept, grad_input=y),
    "tanh": lambda g, kept, y: aten.tanh_backward.grad_input(g, kept, grad_input=y),
    "hard_sigmoid": lambda g, x, y: aten.hardsigmoid_backward.grad_input(g, x, grad_input=y),
    "softsign": softsign_backward,
    "silu": lambda g, x, y: aten.silu_backward.grad_input(g, x, grad_input=y),
    "gelu": lambda g, x, y: aten.gelu_backward.grad_input(g, x, grad_input=y),
    "gelu_tanh": lambda g, x, y: aten.gelu_backward.grad_input(g, x, approximate="tanh", grad_input=y),
    "hard_swish": lambda g, x, y: aten.hardswish_backward.out(g, x, out=y),
    # There is no form that writes into a given tensor.
    "mish": lambda g, x, y: aten.mish_backward(g, x),
    "softplus": lambda g, x, y: aten.softplus_backward.grad_input(g, x, 1, 20, grad_input=y),
    "log_sigmoid": lambda g, kept, y: aten.log_sigmoid_backward.grad_input(g, *kept, grad_input=y),
    "squareplus": squareplus_backward,
    "soft_shrink": lambda g, x, y: aten.softshrink_backward.grad_input(g, x, 0.5, grad_input=y),
    "hard_shrink": lambda g, x, y: aten.hardshrink_backward.grad_input(g, x, 0.5, grad_input=y),
    "tanh_shrink": tanh_shrink_backward,
    "softmax": lambda g, kept, y: aten._softmax_backward_data.out(g, kept, 1, torch.float32, grad_input=y),
    "log_softmax": lambda g, kept, y: aten._log_softmax_backward_data.out(g, kept, 1, torch.float32, out=y),
}


def forward_call(name, x, y):
    """A call that writes the function of ``x`` into ``y``."""
    function = FORWARD[name]
    return lambda: function(x, y)


def backward_call(name, g, x, y):
    """A call of the gradient, given what autograd keeps of the forward pass, that writes into ``y``."""
    kept = x
    if name in FROM_OUTPUT:
        kept = torch.empty_like(x)
        FORWARD[name](x, kept)
    if name == "log_sigmoid":
        kept = (x, aten.log_sigmoid_forward(x)[1])
    function = BACKWARD[name]
    return lambda: function(g, kept, y)

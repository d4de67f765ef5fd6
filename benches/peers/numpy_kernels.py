"""Activations, their gradients, and update rules in NumPy, written into given arrays.

``function(x, y, spare)`` and ``function_backward(gradient, kept, y, spare)``, where what is kept is the input, or the
output of those in ``FROM_OUTPUT``.
"""

import numpy as np
import work

FROM_OUTPUT = ("sigmoid", "tanh", "softmax", "log_softmax")
ROOT_TWO_OVER_PI = np.float32(0.7978845608028654)
CUBIC = np.float32(0.044715)


def relu(x, y, _spare):
    np.maximum(x, 0, out=y)


def leaky_relu(x, y, _spare):
    np.multiply(x, np.float32(work.NEGATIVE_SLOPE), out=y)
    np.maximum(x, y, out=y)


def elu(x, y, spare):
    np.minimum(x, 0, out=y)
    np.expm1(y, out=y)
    np.maximum(x, 0, out=spare)
    np.add(y, spare, out=y)


def sigmoid(x, y, _spare):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.reciprocal(y, out=y)


def tanh(x, y, _spare):
    np.tanh(x, out=y)


def silu(x, y, spare):
    sigmoid(x, y, spare)
    np.multiply(x, y, out=y)


def tanh_of_cubic(x, square, y):
    """``y = tanh(r (x + c x^3))``; leaves ``c x^2`` in ``square``, which may be ``y``."""
    np.multiply(x, x, out=square)
    np.multiply(square, CUBIC, out=square)
    np.add(square, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, ROOT_TWO_OVER_PI, out=y)
    np.tanh(y, out=y)


def gelu_tanh(x, y, _spare):
    tanh_of_cubic(x, y, y)
    np.add(y, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, np.float32(0.5), out=y)


def softplus(x, y, spare):
    np.abs(x, out=y)
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    np.maximum(x, 0, out=spare)
    np.add(y, spare, out=y)


def softmax(x, y, _spare):
    np.subtract(x, x.max(1, keepdims=True), out=y)
    np.exp(y, out=y)
    y /= y.sum(1, keepdims=True)


def log_softmax(x, y, spare):
    np.subtract(x, x.max(1, keepdims=True), out=y)
    np.exp(y, out=spare)
    y -= np.log(spare.sum(1, keepdims=True))


def relu_backward(gradient, x, y, _spare):
    np.greater(x, 0, out=y)
    np.multiply(y, gradient, out=y)


def leaky_relu_backward(gradient, x, y, _spare):
    np.greater(x, 0, out=y)
    np.maximum(y, np.float32(work.NEGATIVE_SLOPE), out=y)
    np.multiply(y, gradient, out=y)


def elu_backward(gradient, x, y, _spare):
    np.minimum(x, 0, out=y)
    np.exp(y, out=y)
    np.multiply(y, gradient, out=y)


def sigmoid_backward(gradient, output, y, _spare):
    np.subtract(1, output, out=y)
    np.multiply(y, output, out=y)
    np.multiply(y, gradient, out=y)


def tanh_backward(gradient, output, y, _spare):
    np.multiply(output, output, out=y)
    np.subtract(1, y, out=y)
    np.multiply(y, gradient, out=y)


def silu_backward(gradient, x, y, spare):
    sigmoid(x, spare, None)
    np.subtract(1, spare, out=y)
    np.multiply(y, x, out=y)
    np.add(y, 1, out=y)
    np.multiply(y, spare, out=y)
    np.multiply(y, gradient, out=y)


def gelu_tanh_backward(gradient, x, y, spare):
    # With t = tanh(u): ((1 + t) + x (1 - t^2) u') / 2, where u = r (x + c x^3) and u' = r (1 + 3 c x^2).
    tanh_of_cubic(x, spare, y)
    np.multiply(spare, 3, out=spare)
    np.add(spare, 1, out=spare)
    np.multiply(spare, x, out=spare)
    np.multiply(spare, ROOT_TWO_OVER_PI, out=spare)
    # (1 + t) (1 + (1 - t) x u') / 2
    np.subtract(1, y, out=y)
    np.multiply(spare, y, out=spare)
    np.add(spare, 1, out=spare)
    np.subtract(2, y, out=y)
    np.multiply(y, spare, out=y)
    np.multiply(y, np.float32(0.5), out=y)
    np.multiply(y, gradient, out=y)


def softplus_backward(gradient, x, y, spare):
    sigmoid(x, y, spare)
    np.multiply(y, gradient, out=y)


def softmax_backward(gradient, output, y, _spare):
    np.subtract(gradient, np.einsum("ij,ij->i", gradient, output)[:, None], out=y)
    np.multiply(y, output, out=y)


def log_softmax_backward(gradient, output, y, _spare):
    np.exp(output, out=y)
    np.multiply(y, gradient.sum(1, keepdims=True), out=y)
    np.subtract(gradient, y, out=y)


class Rules:
    """Every update rule on one set of parameters, in place; `spare` saves the temporaries."""

    def __init__(self, parameters, start=0.0):
        self.parameters = parameters
        self.first = [np.full_like(p, start) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.spare = [np.empty_like(p) for p in parameters]
        self.steps = 0

    def parts(self, gradients):
        return zip(self.parameters, gradients, self.first, self.second, self.spare, strict=True)

    def sgd(self, gradients):
        for p, g, _, _, s in self.parts(gradients):
            p -= np.multiply(g, work.LEARNING_RATE, out=s)

    def momentum(self, gradients):
        for p, g, m, _, s in self.parts(gradients):
            m *= work.MOMENTUM
            m += g
            p -= np.multiply(m, work.LEARNING_RATE, out=s)

    def nesterov(self, gradients):
        for p, g, m, _, s in self.parts(gradients):
            m *= work.MOMENTUM
            m += g
            np.multiply(m, work.MOMENTUM, out=s)
            s += g
            s *= work.LEARNING_RATE
            p -= s

    def rmsprop(self, gradients):
        for p, g, v, _, s in self.parts(gradients):
            v *= work.RMSPROP_DECAY
            np.multiply(g, g, out=s)
            s *= 1 - work.RMSPROP_DECAY
            v += s
            np.sqrt(v, out=s)
            s += work.EPSILON
            np.divide(g, s, out=s)
            s *= work.LEARNING_RATE
            p -= s

    def adagrad(self, gradients):
        for p, g, v, _, s in self.parts(gradients):
            v += np.multiply(g, g, out=s)
            np.sqrt(v, out=s)
            s += 1e-10
            np.divide(g, s, out=s)
            s *= work.LEARNING_RATE
            p -= s

    def adam(self, gradients, decay=0.0):
        self.steps += 1
        beta1, beta2 = work.BETAS
        step_size = work.LEARNING_RATE / (1 - beta1**self.steps)
        root = 1 / np.sqrt(1 - beta2**self.steps)
        for p, g, m, v, s in self.parts(gradients):
            if decay:
                p *= 1 - work.LEARNING_RATE * decay
            m *= beta1
            m += np.multiply(g, 1 - beta1, out=s)
            v *= beta2
            np.multiply(g, g, out=s)
            s *= 1 - beta2
            v += s
            np.sqrt(v, out=s)
            s *= root
            s += work.EPSILON
            np.divide(m, s, out=s)
            s *= step_size
            p -= s

    def adamw(self, gradients):
        self.adam(gradients, work.WEIGHT_DECAY)

"""The oracle: every activation, loss and optimizer as its plain formula, in float64 NumPy.

Names and parameters are those of the registry, so that a test can look a function up by name:

* an activation is ``name(x, **parameters) -> (value, slope)``;
* a loss is ``name(prediction, target, **parameters) -> (losses, gradient)``: the loss of each element (or row), and the
  derivative of their *sum* with respect to the prediction. Reductions are the tests' own;
* an optimizer is ``name(weight, gradient, slots, step, **parameters) -> new weight``; ``slots`` is a dict that starts
  empty, ``step`` counts from 1.

Nothing here is clever: clarity is what makes it a reference. What is stable at the ends is so by a better formula,
not by clipping.
"""

import math

import numpy as np

# NumPy has no error function; the standard library's is correct to the last digits.
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _quiet(function):
    """Infinities are legitimate arguments here: no warnings about them."""

    def call(*arguments, **parameters):
        with np.errstate(all="ignore"):
            return function(*arguments, **parameters)

    call.__name__ = function.__name__
    call.__wrapped__ = function
    return call


def _float64(x):
    return np.asarray(x, dtype=np.float64)


# ---- activations ---------------------------------------------------------------------------------------------------


@_quiet
def identity(x):
    x = _float64(x)
    return x.copy(), np.ones_like(x)


@_quiet
def relu(x):
    x = _float64(x)
    return np.maximum(x, 0.0), np.where(np.isnan(x), x, np.where(x > 0, 1.0, 0.0))


@_quiet
def leaky_relu(x, negative_slope=0.01):
    x = _float64(x)
    return np.where(x > 0, x, negative_slope * x), np.where(np.isnan(x), x, np.where(x > 0, 1.0, negative_slope))


@_quiet
def elu(x, alpha=1.0):
    x = _float64(x)
    below = np.minimum(x, 0.0)
    return np.where(x > 0, x, alpha * np.expm1(below)), np.where(x > 0, 1.0, alpha * np.exp(below))


@_quiet
def sigmoid(x):
    x = _float64(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e), e / (1.0 + e) ** 2


@_quiet
def tanh(x):
    x = _float64(x)
    e = np.exp(-2.0 * np.abs(x))
    return np.tanh(x), 4.0 * e / (1.0 + e) ** 2


@_quiet
def swish(x, beta=1.0):
    x = _float64(x)
    gate, gate_slope = sigmoid(beta * x)
    # At an infinity the gate is exactly 0 or 1, and 0 times infinity would be NaN instead of the limit.
    value = np.where(np.isinf(x) & (gate == 0), 0.0, x * gate)
    slope = gate + np.where(gate_slope == 0, 0.0, beta * x * gate_slope)
    return value, np.where(np.isnan(x), x, slope)


@_quiet
def gelu(x):
    x = _float64(x)
    below = 0.5 * _erfc(-x / math.sqrt(2.0))
    density = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    value = np.where(x == -np.inf, 0.0, x * below)
    return value, below + np.where(np.isinf(x), 0.0, x * density)


@_quiet
def gelu_tanh(x):
    x = _float64(x)
    twice = 2.0 * math.sqrt(2.0 / math.pi)
    # 0.5 (1 + tanh(u)) is sigmoid(2u), which keeps its digits where the tanh is near -1.
    gate, gate_slope = sigmoid(twice * (x + 0.044715 * x**3))
    value = np.where(np.isinf(x) & (gate == 0), 0.0, x * gate)
    slope = gate + np.where(gate_slope == 0, 0.0, x * gate_slope * twice * (1.0 + 3.0 * 0.044715 * x * x))
    return value, np.where(np.isnan(x), x, slope)


@_quiet
def softplus(x, beta=1.0):
    z = beta * _float64(x)
    return (np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))) / beta, sigmoid(z)[0]


# ---- softmax family ------------------------------------------------------------------------------------------------


@_quiet
def log_softmax(x):
    """Over the last axis."""
    x = _float64(x)
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@_quiet
def softmax(x):
    """Over the last axis."""
    x = _float64(x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(gradient, y):
    """From the output ``y``."""
    gradient, y = _float64(gradient), _float64(y)
    return y * (gradient - (gradient * y).sum(axis=-1, keepdims=True))


def log_softmax_backward(gradient, y):
    """From the output ``y``, the logarithms."""
    gradient, y = _float64(gradient), _float64(y)
    return gradient - np.exp(y) * gradient.sum(axis=-1, keepdims=True)


# ---- losses --------------------------------------------------------------------------------------------------------


def _squared_error(prediction, target):
    error = _float64(prediction) - _float64(target)
    return error * error, 2.0 * error


def mean_squared_error(prediction, target):
    return _squared_error(prediction, target)


def sum_squared_error(prediction, target):
    return _squared_error(prediction, target)


def _absolute_error(prediction, target):
    error = _float64(prediction) - _float64(target)
    return np.abs(error), np.sign(error)


def mean_absolute_error(prediction, target):
    return _absolute_error(prediction, target)


def sum_absolute_error(prediction, target):
    return _absolute_error(prediction, target)


@_quiet
def binary_cross_entropy_with_logits(prediction, target):
    prediction, target = _float64(prediction), _float64(target)
    # softplus(z) - z y, in the form that loses nothing when the two nearly cancel.
    losses = np.maximum(prediction, 0) - prediction * target + np.log1p(np.exp(-np.abs(prediction)))
    return losses, sigmoid(prediction)[0] - target


def cross_entropy(prediction, target, label_smoothing=0.0, weight=None, ignore_index=None):
    """Rows of logits against class numbers or rows of probabilities; ``weight`` holds a factor per class."""
    prediction = _float64(prediction)
    columns = prediction.shape[-1]
    target = np.asarray(target)
    kept = np.ones(prediction.shape[0], dtype=bool)
    if target.ndim == 1:
        if ignore_index is not None:
            kept = target != ignore_index
        target = np.eye(columns)[np.where(kept, target, 0)]
    smooth = (1.0 - label_smoothing) * _float64(target) + label_smoothing / columns
    scaled = smooth * (np.ones(columns) if weight is None else _float64(weight)) * kept[:, None]
    losses = -(scaled * log_softmax(prediction)).sum(axis=-1)
    return losses, softmax(prediction) * scaled.sum(axis=-1, keepdims=True) - scaled


# ---- optimizers ----------------------------------------------------------------------------------------------------


def _slot(slots, name, weight, start=0.0):
    return slots.setdefault(name, np.full_like(weight, start))


def _root(square, epsilon, epsilon_mode):
    return np.sqrt(square + epsilon) if epsilon_mode == "inside" else np.sqrt(square) + epsilon


def sgd(weight, gradient, slots, step, learning_rate, momentum, weight_decay, momentum_style, nesterov):
    gradient = gradient + weight_decay * weight
    if momentum == 0.0:
        return weight - learning_rate * gradient
    velocity = _slot(slots, "velocity", weight)
    ahead = nesterov in (True, "true")
    if momentum_style == "keras":
        velocity[...] = momentum * velocity - learning_rate * gradient
        return weight + (momentum * velocity - learning_rate * gradient if ahead else velocity)
    share = 1.0 - momentum if momentum_style == "ema" else 1.0
    velocity[...] = momentum * velocity + share * gradient
    return weight - learning_rate * (momentum * velocity + share * gradient if ahead else velocity)


def rmsprop(weight, gradient, slots, step, learning_rate, decay, epsilon, weight_decay, epsilon_mode):
    gradient = gradient + weight_decay * weight
    square = _slot(slots, "mean_square", weight)
    square[...] = decay * square + (1.0 - decay) * gradient * gradient
    return weight - learning_rate * gradient / _root(square, epsilon, epsilon_mode)


def adagrad(weight, gradient, slots, step, learning_rate, initial_accumulator, epsilon, weight_decay, epsilon_mode):
    gradient = gradient + weight_decay * weight
    total = _slot(slots, "sum_of_squares", weight, initial_accumulator)
    total += gradient * gradient
    return weight - learning_rate * gradient / _root(total, epsilon, epsilon_mode)


def adam(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, epsilon_mode):
    first, second = _slot(slots, "first_moment", weight), _slot(slots, "second_moment", weight)
    first[...] = beta1 * first + (1.0 - beta1) * gradient
    second[...] = beta2 * second + (1.0 - beta2) * gradient * gradient
    mean, square = first / (1.0 - beta1**step), second / (1.0 - beta2**step)
    if epsilon_mode == "hat":
        # The constant joins before the bias correction of the second moment.
        root = (np.sqrt(second) + epsilon) / np.sqrt(1.0 - beta2**step)
    else:
        root = _root(square, epsilon, epsilon_mode)
    return weight - learning_rate * mean / root


def adamw(weight, gradient, slots, step, learning_rate, beta1, beta2, epsilon, weight_decay, epsilon_mode):
    # The decay is decoupled: the weight itself shrinks, and the moments do not see it.
    shrunk = (1.0 - learning_rate * weight_decay) * weight
    return adam(shrunk, gradient, slots, step, learning_rate, beta1, beta2, epsilon, epsilon_mode)

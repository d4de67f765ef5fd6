"""Activations: ``name(x, **parameters) -> (value, slope)``."""

import math

import numpy as np

from ._common import erfc, float64, quiet


@quiet
def identity(x):
    x = float64(x)
    return x.copy(), np.ones_like(x)


@quiet
def relu(x):
    x = float64(x)
    return np.maximum(x, 0.0), np.where(np.isnan(x), x, np.where(x > 0, 1.0, 0.0))


@quiet
def leaky_relu(x, negative_slope=0.01):
    x = float64(x)
    return np.where(x > 0, x, negative_slope * x), np.where(np.isnan(x), x, np.where(x > 0, 1.0, negative_slope))


@quiet
def elu(x, alpha=1.0):
    x = float64(x)
    below = np.minimum(x, 0.0)
    return np.where(x > 0, x, alpha * np.expm1(below)), np.where(x > 0, 1.0, alpha * np.exp(below))


@quiet
def sigmoid(x):
    x = float64(x)
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e), e / (1.0 + e) ** 2


@quiet
def tanh(x):
    x = float64(x)
    e = np.exp(-2.0 * np.abs(x))
    return np.tanh(x), 4.0 * e / (1.0 + e) ** 2


@quiet
def swish(x, beta=1.0):
    x = float64(x)
    gate, gate_slope = sigmoid(beta * x)
    # At an infinity the gate is exactly 0 or 1, and 0 times infinity would be NaN instead of the limit.
    value = np.where(np.isinf(x) & (gate == 0), 0.0, x * gate)
    slope = gate + np.where(gate_slope == 0, 0.0, beta * x * gate_slope)
    return value, np.where(np.isnan(x), x, slope)


@quiet
def gelu(x):
    x = float64(x)
    below = 0.5 * erfc(-x / math.sqrt(2.0))
    density = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    value = np.where(x == -np.inf, 0.0, x * below)
    return value, below + np.where(np.isinf(x), 0.0, x * density)


@quiet
def gelu_tanh(x):
    x = float64(x)
    twice = 2.0 * math.sqrt(2.0 / math.pi)
    # 0.5 (1 + tanh(u)) is sigmoid(2u), which keeps its digits where the tanh is near -1.
    gate, gate_slope = sigmoid(twice * (x + 0.044715 * x**3))
    value = np.where(np.isinf(x) & (gate == 0), 0.0, x * gate)
    slope = gate + np.where(gate_slope == 0, 0.0, x * gate_slope * twice * (1.0 + 3.0 * 0.044715 * x * x))
    return value, np.where(np.isnan(x), x, slope)


@quiet
def softplus(x, beta=1.0):
    z = beta * float64(x)
    return (np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))) / beta, sigmoid(z)[0]


@quiet
def relu6(x):
    x = float64(x)
    return np.clip(x, 0.0, 6.0), _between(x, 0.0, 6.0)


@quiet
def hard_tanh(x, minimum=-1.0, maximum=1.0):
    x = float64(x)
    return np.clip(x, minimum, maximum), _between(x, minimum, maximum)


def _between(x, low, high):
    """1 between two corners, 0 at them and beyond."""
    return np.where(np.isnan(x), x, np.where((x > low) & (x < high), 1.0, 0.0))


@quiet
def threshold(x, threshold=0.0, value=0.0):
    x = float64(x)
    return np.where(x <= threshold, value, x), np.where(np.isnan(x), x, np.where(x > threshold, 1.0, 0.0))


@quiet
def squared_relu(x):
    x = float64(x)
    above = np.maximum(x, 0.0)
    return above**2, 2.0 * above


SELU_SCALE, SELU_DEPTH = 1.0507009873554805, 1.7580993408473768


@quiet
def selu(x):
    x = float64(x)
    below = np.minimum(x, 0.0)
    value = np.where(x > 0, SELU_SCALE * x, SELU_DEPTH * np.expm1(below))
    return value, np.where(x > 0, SELU_SCALE, SELU_DEPTH * np.exp(below))


@quiet
def celu(x, alpha=1.0):
    x = float64(x)
    below = np.minimum(x, 0.0) / alpha
    return np.where(x > 0, x, alpha * np.expm1(below)), np.where(x > 0, 1.0, np.exp(below))


@quiet
def exponential(x):
    value = np.exp(float64(x))
    return value, value


@quiet
def hard_sigmoid(x):
    x = float64(x)
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0, _between(x, -3.0, 3.0) / 6.0


@quiet
def softsign(x):
    x = float64(x)
    size = 1.0 + np.abs(x)
    return np.where(np.isinf(x), np.sign(x), x / size), size**-2.0


@quiet
def hard_swish(x):
    x = float64(x)
    inside = (x > -3.0) & (x < 3.0) | np.isnan(x)
    outer = np.where(x >= 3.0, x, 0.0)
    return np.where(inside, x * (x + 3.0) / 6.0, outer), np.where(inside, (2.0 * x + 3.0) / 6.0, np.sign(outer))


@quiet
def mish(x):
    x = float64(x)
    gate = np.tanh(softplus(x)[0])
    value = np.where(x == -np.inf, 0.0, x * gate)
    # 1 - gate^2 as the square of a hyperbolic secant, which keeps its digits.
    closed = sigmoid(-x)[0]
    growth = sigmoid(x)[0] * (2.0 * closed / (1.0 + closed**2)) ** 2
    return value, gate + np.where(np.isinf(x), 0.0, x * growth)


@quiet
def log_sigmoid(x):
    value, slope = softplus(-float64(x))
    return -value, slope


@quiet
def squareplus(x, smoothness=4.0):
    x = float64(x)
    root = np.hypot(x, np.sqrt(smoothness))
    below = smoothness / 2.0 / (root + np.abs(x))
    slope = 0.5 + 0.5 * np.where(np.isinf(x), np.sign(x), x / root)
    return np.where(x < 0, below, 0.5 * x + 0.5 * root), slope


@quiet
def soft_shrink(x, threshold=0.5):
    x = float64(x)
    return x - np.clip(x, -threshold, threshold), _beyond(x, threshold)


@quiet
def hard_shrink(x, threshold=0.5):
    x = float64(x)
    return np.where(np.abs(x) <= threshold, 0.0, x), _beyond(x, threshold)


def _beyond(x, threshold):
    """0 up to a threshold on both sides and at it, 1 beyond."""
    return np.where(np.isnan(x), x, np.where(np.abs(x) > threshold, 1.0, 0.0))


@quiet
def tanh_shrink(x):
    x = float64(x)
    # x cosh(x) - sinh(x) is a series of positive terms: no digits are lost near zero, where the difference has none.
    small = np.abs(x) < 2.0
    near = np.where(small, x, 0.0)
    series = sum(2 * k * near ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(1, 16)) / np.cosh(near)
    return np.where(small, series, x - np.tanh(x)), np.tanh(x) ** 2

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

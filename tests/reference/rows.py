"""The softmax family, over the last axis."""

import numpy as np

from ._common import float64, quiet


@quiet
def log_softmax(x):
    """Over the last axis."""
    x = float64(x)
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@quiet
def softmax(x):
    """Over the last axis."""
    x = float64(x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(gradient, y):
    """From the output ``y``."""
    gradient, y = float64(gradient), float64(y)
    return y * (gradient - (gradient * y).sum(axis=-1, keepdims=True))


def log_softmax_backward(gradient, y):
    """From the output ``y``, the logarithms."""
    gradient, y = float64(gradient), float64(y)
    return gradient - np.exp(y) * gradient.sum(axis=-1, keepdims=True)

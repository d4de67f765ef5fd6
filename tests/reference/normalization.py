"""Normalisation of rows: each row by itself, over the last axes."""

import numpy as np

from ._common import float64


def layer_norm(x, weight=1.0, bias=0.0, *, epsilon=1e-5, axes=1):
    """The mean is taken off twice, so that nothing of it is left by rounding."""
    along = tuple(range(-axes, 0))
    x = float64(x)
    for _ in range(2):
        x = x - x.mean(along, keepdims=True)
    return x / np.sqrt((x * x).mean(along, keepdims=True) + epsilon) * float64(weight) + float64(bias)


def rms_norm(x, weight=1.0, *, epsilon=1e-5, axes=1):
    """By the root of the mean square."""
    x = float64(x)
    return x / np.sqrt((x * x).mean(tuple(range(-axes, 0)), keepdims=True) + epsilon) * float64(weight)

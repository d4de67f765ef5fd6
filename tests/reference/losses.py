"""Losses: ``name(prediction, target, **parameters) -> (losses, gradient)``."""

import numpy as np

from ._common import float64, quiet
from .activations import sigmoid
from .rows import log_softmax, softmax


def _squared_error(prediction, target):
    error = float64(prediction) - float64(target)
    return error * error, 2.0 * error


def mean_squared_error(prediction, target):
    return _squared_error(prediction, target)


def sum_squared_error(prediction, target):
    return _squared_error(prediction, target)


def _absolute_error(prediction, target):
    error = float64(prediction) - float64(target)
    return np.abs(error), np.sign(error)


def mean_absolute_error(prediction, target):
    return _absolute_error(prediction, target)


def sum_absolute_error(prediction, target):
    return _absolute_error(prediction, target)


@quiet
def binary_cross_entropy_with_logits(prediction, target):
    prediction, target = float64(prediction), float64(target)
    # softplus(z) - z y, in the form that loses nothing when the two nearly cancel.
    losses = np.maximum(prediction, 0) - prediction * target + np.log1p(np.exp(-np.abs(prediction)))
    return losses, sigmoid(prediction)[0] - target


def cross_entropy(prediction, target, label_smoothing=0.0, weight=None, ignore_index=None):
    """Rows of logits against class numbers or rows of probabilities; ``weight`` holds a factor per class."""
    prediction = float64(prediction)
    columns = prediction.shape[-1]
    target = np.asarray(target)
    kept = np.ones(prediction.shape[0], dtype=bool)
    if target.ndim == 1:
        if ignore_index is not None:
            kept = target != ignore_index
        target = np.eye(columns)[np.where(kept, target, 0)]
    smooth = (1.0 - label_smoothing) * float64(target) + label_smoothing / columns
    scaled = smooth * (np.ones(columns) if weight is None else float64(weight)) * kept[:, None]
    losses = -(scaled * log_softmax(prediction)).sum(axis=-1)
    return losses, softmax(prediction) * scaled.sum(axis=-1, keepdims=True) - scaled

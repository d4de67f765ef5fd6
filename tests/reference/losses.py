"""Losses: ``name(prediction, target, **parameters) -> (losses, gradient)``."""

import numpy as np

from ._common import float64, quiet
from .activations import sigmoid
from .rows import log_softmax, softmax


def mean_squared_error(prediction, target, half=False):
    error, factor = float64(prediction) - float64(target), 0.5 if half else 1.0
    return factor * error * error, 2.0 * factor * error


def sum_squared_error(prediction, target, half=False):
    return mean_squared_error(prediction, target, half)


def mean_absolute_error(prediction, target):
    error = float64(prediction) - float64(target)
    return np.abs(error), np.sign(error)


def sum_absolute_error(prediction, target):
    return mean_absolute_error(prediction, target)


def huber(prediction, target, delta=1.0):
    error = float64(prediction) - float64(target)
    size = np.abs(error)
    return np.where(size <= delta, 0.5 * error**2, delta * (size - 0.5 * delta)), np.clip(error, -delta, delta)


def smooth_l1(prediction, target, beta=1.0):
    losses, gradient = huber(prediction, target, beta)
    return losses / beta, gradient / beta


def log_cosh(prediction, target):
    error = float64(prediction) - float64(target)
    # cosh = 1 + 2 sinh(e/2)^2 keeps the digits of small errors.
    near = np.log1p(2.0 * np.sinh(0.5 * np.clip(error, -1, 1)) ** 2)
    return np.where(np.abs(error) < 1, near, np.logaddexp(error, -error) - np.log(2.0)), np.tanh(error)


def pinball(prediction, target, quantile=0.5):
    lack = float64(target) - float64(prediction)
    slope = np.where(lack > 0, -quantile, 1.0 - quantile)
    return np.maximum(quantile * lack, (quantile - 1.0) * lack), np.where(lack == 0, 0.0, slope)


@quiet
def poisson(prediction, target, epsilon=1e-8, log_input=True):
    prediction, target = float64(prediction), float64(target)
    if log_input:
        return np.exp(prediction) - target * prediction, np.exp(prediction) - target
    return prediction - target * np.log(prediction + epsilon), 1.0 - target / (prediction + epsilon)


@quiet
def mean_squared_logarithmic_error(prediction, target):
    prediction, target = float64(prediction), float64(target)
    error = np.log1p(prediction) - np.log1p(target)
    return error**2, 2.0 * error / (1.0 + prediction)


def mean_absolute_percentage_error(prediction, target, epsilon=2.220446049250313e-16, percent=False):
    prediction, target = float64(prediction), float64(target)
    scale = (100.0 if percent else 1.0) / np.maximum(np.abs(target), epsilon)
    return np.abs(prediction - target) * scale, np.sign(prediction - target) * scale


@quiet
def binary_cross_entropy_with_logits(prediction, target, label_smoothing=0.0, positive_weight=1.0):
    prediction, target = float64(prediction), float64(target)
    yes = (1.0 - label_smoothing) * target + 0.5 * label_smoothing
    no = 1.0 - yes
    # -ln(p) and -ln(1 - p), each without cancellation.
    tail = np.log1p(np.exp(-np.abs(prediction)))
    losses = positive_weight * yes * (np.maximum(-prediction, 0) + tail) + no * (np.maximum(prediction, 0) + tail)
    return losses, no * sigmoid(prediction)[0] - positive_weight * yes * sigmoid(-prediction)[0]


@quiet
def binary_cross_entropy(prediction, target, epsilon=0.0):
    prediction, target = np.clip(float64(prediction), epsilon, 1.0 - epsilon), float64(target)
    yes, no = np.maximum(np.log(prediction), -100.0), np.maximum(np.log1p(-prediction), -100.0)
    slope = (1.0 - target) / np.maximum(1.0 - prediction, 1e-12) - target / np.maximum(prediction, 1e-12)
    return -(target * yes + (1.0 - target) * no), slope


@quiet
def binary_focal_loss(prediction, target, gamma=2.0, alpha=None):
    prediction, target = float64(prediction), float64(target)
    losses, slope = binary_cross_entropy_with_logits(prediction, target)
    yes, no = sigmoid(prediction)[0], sigmoid(-prediction)[0]
    missing = (1.0 - target) * yes + target * no
    weight = 1.0 if alpha is None else target * alpha + (1.0 - target) * (1.0 - alpha)
    inner = gamma * missing ** (gamma - 1.0) * (1.0 - 2.0 * target) * yes * no
    return weight * missing**gamma * losses, weight * (missing**gamma * slope + np.nan_to_num(inner) * losses)


def _signs(target, zero_one_targets):
    return 2.0 * float64(target) - 1.0 if zero_one_targets else float64(target)


def hinge(prediction, target, zero_one_targets=False):
    target = _signs(target, zero_one_targets)
    lack = 1.0 - target * float64(prediction)
    return np.maximum(lack, 0.0), np.where(lack > 0, -target, 0.0)


def squared_hinge(prediction, target, zero_one_targets=False):
    target = _signs(target, zero_one_targets)
    lack = np.maximum(1.0 - target * float64(prediction), 0.0)
    return lack**2, -2.0 * target * lack


@quiet
def soft_margin(prediction, target):
    z = -float64(target) * float64(prediction)
    return np.logaddexp(0.0, z), -float64(target) * sigmoid(z)[0]


def hinge_embedding(prediction, target, margin=1.0):
    lack = margin - float64(prediction)
    alike = float64(target) > 0
    return np.where(alike, prediction, np.maximum(lack, 0.0)), np.where(alike, 1.0, np.where(lack > 0, -1.0, 0.0))


def contrastive(prediction, target, margin=1.0):
    prediction, target = float64(prediction), float64(target)
    lack = np.maximum(margin - prediction, 0.0)
    return 0.5 * (target * prediction**2 + (1.0 - target) * lack**2), target * prediction - (1.0 - target) * lack


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

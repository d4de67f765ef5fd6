"""Losses that are compositions: ``name(prediction, target, ...) -> (losses, gradient)``, like all losses.

Only the formula is written here; the gradient is its derivative by complex steps, which is exact but for rounding.
"""

import functools
import math

import numpy as np

from ._common import float64


def _stepped(function):
    """The losses, and the derivative of their sum: one column of the prediction after another takes a complex step."""

    @functools.wraps(function)
    def call(prediction, target, *operands, **parameters):
        prediction = float64(prediction)
        losses = function(prediction, target, *operands, **parameters)
        gradient = np.zeros_like(prediction)
        for column in range(prediction.shape[-1]):
            moved = prediction.astype(complex)
            moved[..., column] += 1e-30j
            slope = function(moved, target, *operands, **parameters).imag / 1e-30
            gradient[..., column] = slope if slope.ndim < prediction.ndim else slope.sum(axis=-1)
        return losses, gradient

    return call


def _shares(prediction, target):
    """One-hot rows of classes; distributions as they are."""
    target = np.asarray(target)
    return np.eye(prediction.shape[-1])[target] if target.ndim == 1 else float64(target)


def _log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _cross_entropy(x, shares):
    return -(shares * _log_softmax(x)).sum(axis=-1)


def _positive(x):
    return np.where(x.real > 0, x, 0.0)


def _log(p):
    return np.log(np.where(p.real > 1e-37, p, 1e-37))


def _cosine(x, y):
    return (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))


@_stepped
def focal_loss(prediction, target, gamma=2.0, alpha=None):
    shares = _shares(prediction, target)
    losses = _cross_entropy(prediction, shares)
    weight = 1.0 if alpha is None else (shares * alpha).sum(axis=-1)
    return weight * (-np.expm1(-losses)) ** gamma * losses


@_stepped
def poly_loss(prediction, target, epsilon=1.0):
    losses = _cross_entropy(prediction, _shares(prediction, target))
    return losses - epsilon * np.expm1(-losses)


@_stepped
def generalized_cross_entropy(prediction, target, exponent=0.7):
    return -np.expm1(-exponent * _cross_entropy(prediction, _shares(prediction, target))) / exponent


@_stepped
def nll_loss(prediction, target):
    return -(_shares(prediction, target) * prediction).sum(axis=-1)


@_stepped
def categorical_cross_entropy(prediction, target, base=math.e, epsilon=0.0):
    clipped = np.where(
        prediction.real < epsilon, epsilon, np.where(prediction.real > 1 - epsilon, 1 - epsilon, prediction)
    )
    return -(_shares(prediction, target) * _log(clipped)).sum(axis=-1) / math.log(base)


@_stepped
def multi_margin(prediction, target, margin=1.0, squared=False):
    shares = _shares(prediction, target)
    lack = _positive(margin - (shares * prediction).sum(axis=-1, keepdims=True) + prediction)
    return ((lack**2 if squared else lack) * (1.0 - shares)).sum(axis=-1) / prediction.shape[-1]


@_stepped
def multiclass_hinge(prediction, target, margin=1.0):
    shares = _shares(prediction, target)
    return (prediction + margin * (1.0 - shares)).max(axis=-1) - (shares * prediction).sum(axis=-1)


@_stepped
def kl_divergence(prediction, target, prediction_form="logits", base=math.e, per="row"):
    target = float64(target)
    logarithm = {"logits": _log_softmax, "log_probabilities": lambda x: x, "probabilities": _log}[prediction_form]
    losses = (target * (_log(target) - logarithm(prediction))).sum(axis=-1) / math.log(base)
    return losses if per == "row" else losses / prediction.shape[-1]


@_stepped
def distillation_loss(prediction, target, labels=None, temperature=1.0, alpha=1.0):
    teacher = _log_softmax(float64(target) / temperature)
    soft = (np.exp(teacher) * (teacher - _log_softmax(prediction / temperature))).sum(axis=-1) * temperature**2
    hard = 0.0 if labels is None else _cross_entropy(prediction, _shares(prediction, labels))
    return alpha * soft + (1.0 - alpha) * hard


@_stepped
def gaussian_nll_loss(prediction, target, variance=None, epsilon=1e-6, full=False):
    target = float64(target)
    if variance is None:
        prediction, logarithm = np.split(prediction, 2, axis=-1)
        variance = np.exp(logarithm)
    variance = np.where(variance.real > epsilon, variance, epsilon)
    constant = 0.5 * math.log(2.0 * math.pi) if full else 0.0
    return 0.5 * (np.log(variance) + (prediction - target) ** 2 / variance) + constant


@_stepped
def cosine_distance(prediction, target, offset=1.0):
    return offset - _cosine(prediction, float64(target))


@_stepped
def cosine_embedding(prediction, target, other, margin=0.0):
    cosine = _cosine(prediction, float64(other))
    return np.where(float64(target) > 0, 1.0 - cosine, _positive(cosine - margin))


@_stepped
def triplet_margin(prediction, target, negative, margin=1.0, epsilon=1e-6):
    near, far = (np.sqrt(((prediction - float64(each) + epsilon) ** 2).sum(axis=-1)) for each in (target, negative))
    return _positive(near - far + margin)


@_stepped
def margin_ranking(prediction, target, other, margin=0.0):
    return _positive(margin - float64(target) * (prediction - float64(other)))


def _probability(prediction, prediction_form):
    return prediction if prediction_form == "probabilities" else 1.0 / (1.0 + np.exp(-prediction))


@_stepped
def dice_loss(prediction, target, prediction_form="logits", smoothing=1.0):
    p, target = _probability(prediction, prediction_form), float64(target)
    whole = p.sum(axis=-1) + target.sum(axis=-1)
    return 1.0 - (2.0 * (p * target).sum(axis=-1) + smoothing) / (whole + smoothing)


@_stepped
def tversky_loss(prediction, target, alpha=0.5, beta=0.5, prediction_form="logits", smoothing=1.0):
    p, target = _probability(prediction, prediction_form), float64(target)
    both, excess, lack = ((each).sum(axis=-1) for each in (p * target, p * (1.0 - target), (1.0 - p) * target))
    return 1.0 - (both + smoothing) / (both + alpha * excess + beta * lack + smoothing)


@_stepped
def multi_label_soft_margin(prediction, target):
    yes, no = np.log1p(np.exp(-prediction)), np.log1p(np.exp(prediction))
    return (float64(target) * yes + (1.0 - float64(target)) * no).mean(axis=-1)


def _angles(prediction, target, vectors, change):
    """Cross-entropy after the cosine of the own class was changed; also the lengths' product."""
    vectors = float64(vectors)
    lengths = np.sqrt((prediction**2).sum(axis=-1, keepdims=True)) * np.sqrt((vectors**2).sum(axis=0))
    cosine = prediction @ vectors / lengths
    shares = _shares(cosine, target)
    return np.where(shares == 1.0, change(cosine), cosine), lengths, shares


@_stepped
def large_margin_softmax(prediction, target, vectors, margin=4, annealing=0.0):
    def psi(cosine):
        # The derivative of cos(m a) by cos(a) is m sin(m a) / sin(a), the imaginary part follows it.
        angle = np.arccos(np.clip(cosine.real, -1.0, 1.0))
        part = np.minimum(np.floor(angle * margin / np.pi), margin - 1)
        slope = margin * np.sin(margin * angle) / np.sin(angle)
        value = np.cos(margin * angle) + slope * (cosine - cosine.real)
        return (annealing * cosine + (-1.0) ** part * value - 2.0 * part) / (1.0 + annealing)

    changed, lengths, shares = _angles(prediction, target, vectors, psi)
    return _cross_entropy(changed * lengths, shares)


@_stepped
def additive_margin_softmax(prediction, target, vectors, scale=30.0, margin=0.35):
    changed, _, shares = _angles(prediction, target, vectors, lambda cosine: cosine - margin)
    return _cross_entropy(scale * changed, shares)


@_stepped
def arc_margin_softmax(prediction, target, vectors, scale=64.0, margin=0.5):
    def turned(cosine):
        turn = math.cos(math.pi - margin)
        inside = cosine * math.cos(margin) - np.sqrt(1.0 - cosine**2) * math.sin(margin)
        return np.where(cosine.real > turn, inside, cosine - turn - 1.0)

    changed, _, shares = _angles(prediction, target, vectors, turned)
    return _cross_entropy(scale * changed, shares)

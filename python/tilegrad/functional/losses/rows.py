"""Losses of rows of scores against a class: variants of cross-entropy, and margins between classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tilegrad.functional.losses.entries import composed
from tilegrad.functional.losses.operations import SMALLEST, cross_entropies, dot, log_of, one_hot, relu
from tilegrad.tensor import Tensor, unary

_LEAST = 1e-30


def _missing(cross_entropy: Tensor) -> Any:
    """``1 - p`` of ``-ln p``, without cancellation."""
    return -unary("elu", -cross_entropy)


@composed(
    targets="classes",
    output="softmax",
    parameters={
        "gamma": ("[0, inf)", "How much less counts what is already right; 0 for cross-entropy."),
        "alpha": ("[0, inf) per class", "Factor of every loss, or one for each class; none by default."),
    },
    styles={"keras": {"alpha": 0.25}},
    takes_labels=True,
)
def focal_loss(prediction: Tensor, target: Tensor, *, gamma: float = 2.0, alpha: Any = None) -> Any:
    """Focal loss of rows of logits: `-alpha (1 - p)^gamma ln(p)` with `p` the probability that the softmax gives the class.

    What is already right counts little. With `gamma = 0` and no `alpha` it is `cross_entropy`. Of a distribution, `-ln p`
    is the cross-entropy with it. `alpha` multiplies losses and does not change what a mean divides by. Keras applies 0.25
    to every class (`style="keras"`). (Lin et al., 2017.)

    Example:
        >>> round(focal_loss(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 9)
        0.045299697
    """
    losses = cross_entropies(prediction, target)
    if gamma != 0:
        losses = losses * np.maximum(_missing(losses), _LEAST) ** float(gamma)
    if alpha is None:
        return losses
    if isinstance(alpha, int | float | np.floating):
        return losses * alpha
    return losses * dot(one_hot(target, prediction.shape[-1], prediction.dtype), alpha)


@composed(
    targets="classes",
    output="softmax",
    takes_labels=True,
    parameters={"epsilon": ("[0, inf)", "Weight of the first term of the series, in addition to its own.")},
)
def poly_loss(prediction: Tensor, target: Tensor, *, epsilon: float = 1.0) -> Any:
    """Poly-1 loss of rows of logits: `-ln(p) + epsilon (1 - p)` with `p` the probability that the softmax gives the class.

    Cross-entropy with more weight on the first term of its series in `1 - p`. (Leng et al., 2022; optax has the same
    default.)

    Example:
        >>> round(poly_loss(np.array([[0.0, 0.0]]), np.array([1]), epsilon=2.0), 6)
        1.693147
    """
    losses = cross_entropies(prediction, target)
    return losses + epsilon * _missing(losses)


@composed(
    targets="classes",
    output="softmax",
    parameters={"exponent": ("(0, 1]", "0 would be cross-entropy, 1 is the absolute error of the probability.")},
    styles={"keras": {"exponent": 0.5}},
    takes_labels=True,
)
def generalized_cross_entropy(prediction: Tensor, target: Tensor, *, exponent: float = 0.7) -> Any:
    """Generalised cross-entropy of rows of logits: `(1 - p^q) / q` with `p` the probability of the class, `q` the `exponent`.

    Bounded, so that wrong labels pull less. The default is the paper's; Keras has 0.5. (Zhang and Sabuncu, 2018.)

    Example:
        >>> round(generalized_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]), exponent=1.0), 6)
        0.5
    """
    return _missing(exponent * cross_entropies(prediction, target)) / exponent


@composed(targets="classes", predictions="log_probabilities", output="exp")
def nll_loss(prediction: Tensor, target: Tensor) -> Any:
    """Negative log-likelihood of logarithms of probabilities: `-sum_c t_c x_c`, for a class `-x` at the class.

    The prediction holds logarithms, from 0 down, as `log_softmax` gives them: `nll_loss(log_softmax(z), y)` is
    `cross_entropy(z, y)`, which loses nothing and is faster. As PyTorch's.

    Example:
        >>> round(nll_loss(np.log(np.array([[0.9, 0.1]])), np.array([0])), 12)
        0.105360515658
    """
    return -dot(target, np.maximum(prediction, -_LARGE))


_LARGE = 1e30


@composed(
    targets="classes",
    predictions="distribution",
    parameters={
        "base": ("(1, inf)", "Of the logarithm: e for nats, 2 for bits."),
        "epsilon": ("[0, 0.5)", "Probabilities are drawn into [epsilon, 1 - epsilon] first."),
    },
    styles={"keras": {"epsilon": 1e-7}},
)
def categorical_cross_entropy(prediction: Tensor, target: Tensor, *, base: float = math.e, epsilon: float = 0.0) -> Any:
    """Cross-entropy of probabilities: `-sum_c t_c log(p_c)`, the cross-entropy `H(t, p)` of two distributions.

    The form for what already are probabilities, whose rows must add up to 1; a model is better trained on logits by
    `cross_entropy`. Probabilities below 1e-37 count as that. Keras clips at 1e-7 (`style="keras"`) and would divide a row
    by its sum instead of refusing it.

    Example:
        >>> round(categorical_cross_entropy(np.array([[0.9, 0.1]]), np.array([0])), 12)
        0.105360515658
        >>> round(categorical_cross_entropy(np.array([[0.9, 0.1]]), np.array([0]), base=2), 12)
        0.152003093445
    """
    clipped: Any = prediction
    if epsilon > SMALLEST:
        clipped = np.minimum(np.maximum(prediction, epsilon), 1.0 - epsilon)
    return -dot(target, log_of(clipped)) / math.log(base)


@composed(
    targets="classes",
    parameters={
        "margin": ("(0, inf)", "By how much the class must lead."),
        "squared": ((False, True), "Whether what is missing is squared."),
    },
)
def multi_margin(prediction: Tensor, target: Tensor, *, margin: float = 1.0, squared: bool = False) -> Any:
    """Margins over all other classes: `sum_(c != y) max(0, margin - x_y + x_c) / C` for scores `x` of `C` classes.

    As PyTorch's `MultiMarginLoss` (`squared` is its `p=2`). `multiclass_hinge` looks at the worst class only.

    Example:
        >>> round(multi_margin(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 6)
        0.15
    """
    lack = relu(margin - (prediction * target).sum(axis=-1, keepdims=True) + prediction)
    if squared:
        lack = lack * lack
    return (lack * (1.0 - target)).sum(axis=-1) / float(prediction.shape[-1])


@composed(targets="classes", parameters={"margin": ("(0, inf)", "By how much the class must lead.")})
def multiclass_hinge(prediction: Tensor, target: Tensor, *, margin: float = 1.0) -> Any:
    """Hinge loss of several classes: `max_c(x_c + margin [c != y]) - x_y`, zero where the class leads by the margin.

    As optax's `multiclass_hinge_loss`. (Crammer and Singer, 2001.)

    Example:
        >>> round(multiclass_hinge(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 6)
        0.3
    """
    # A row without a class (an ignored one) has no margin either; its weight is zero.
    return (prediction + margin * (1.0 - target)).max(axis=-1) - dot(prediction, target)

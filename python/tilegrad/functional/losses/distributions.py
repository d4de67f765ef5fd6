"""Losses of distributions: divergence from a target distribution, from a teacher, and of an amount with its variance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tilegrad.functional.losses.entries import composed, operand
from tilegrad.functional.losses.operations import cross_entropies, dot, log_of, log_softmax, softmax
from tilegrad.tensor import Tensor

_FORMS = ("logits", "log_probabilities", "probabilities")


@composed(
    targets="distribution",
    output="softmax",
    domains=[
        ("prediction_form", "log_probabilities", "prediction", "log_probabilities"),
        ("prediction_form", "probabilities", "prediction", "distribution"),
    ],
    parameters={
        "prediction_form": (_FORMS, "What the prediction holds."),
        "base": ("(1, inf)", "Of the logarithm: e for nats, 2 for bits."),
        "per": (("row", "element"), "Whether a row's loss is the sum over its numbers, or their mean."),
    },
    styles={
        "torch": {"prediction_form": "log_probabilities", "per": "element"},
        "keras": {"prediction_form": "probabilities"},
        "optax": {"prediction_form": "log_probabilities"},
    },
)
def kl_divergence(
    prediction: Tensor, target: Tensor, *, prediction_form: str = "logits", base: float = math.e, per: str = "row"
) -> Any:
    """Divergence of a target distribution from the predicted one (Kullback-Leibler): `sum_c t_c (log(t_c) - log(p_c))`.

    What it costs to take `p` for `t`: the cross-entropy less the entropy of `t`, and zero where they are equal. The
    prediction holds logits, unless `prediction_form` says otherwise. PyTorch takes logarithms of probabilities, and its mean
    is over all numbers (`style="torch"`; its "batchmean" is our mean); Keras takes probabilities.

    Example:
        >>> round(kl_divergence(np.log(np.array([[0.5, 0.5]])), np.array([[1.0, 0.0]])), 12)
        0.69314718056
    """
    if prediction_form == "logits":
        logarithm: Any = log_softmax(prediction)
    else:
        logarithm = prediction if prediction_form == "log_probabilities" else log_of(prediction)
    each = dot(target, log_of(target) - logarithm) / math.log(base)
    return each if per == "row" else each / float(prediction.shape[-1])


@composed(
    output="softmax",
    operands=[
        operand("labels", "labels", "True classes, integers of shape (rows,), if `alpha` is below 1.", optional=True)
    ],
    parameters={
        "temperature": ("(0, inf)", "Divides the logits of both, so that small probabilities count."),
        "alpha": ("[0, 1]", "Share of the teacher; the rest is cross-entropy with the labels."),
    },
    zero_at_perfect=True,
)
def distillation_loss(
    prediction: Tensor, target: Tensor, labels: Any = None, *, temperature: float = 1.0, alpha: float = 1.0
) -> Any:
    """Distillation of a teacher's logits `v` into a student's `z`: `T^2 KL(softmax(v / T), softmax(z / T))` with temperature `T`.

    The prediction holds the student's logits, the target the teacher's. The factor `T^2` keeps the size of the gradient
    for any temperature. With `labels`, the loss is `alpha` times this plus `1 - alpha` times their cross-entropy.
    (Hinton, Vinyals and Dean, 2015.)

    Example:
        >>> student, teacher = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[2.0, 0.0], [0.0, 1.0]])
        >>> round(distillation_loss(student, teacher, temperature=2.0), 12)
        0.086317677177
    """
    if alpha < 1 and labels is None:
        raise ValueError(f"distillation_loss: expected `labels` with `alpha` below 1, got none with {alpha}")
    soft = target / temperature
    each = dot(softmax(soft), log_softmax(soft) - log_softmax(prediction / temperature)) * (temperature * temperature)
    if labels is None:
        return each
    return alpha * each + (1.0 - alpha) * cross_entropies(prediction, labels)


@composed(
    kind="point",
    operands=[
        operand(
            "variance",
            "like",
            "Variance of each number, from 0; without it the prediction holds both.",
            domain="non_negative",
            optional=True,
        )
    ],
    parameters={
        "epsilon": ("(0, inf)", "Least variance."),
        "full": ((False, True), "Whether the constant `ln(2 pi) / 2` is added."),
    },
    non_negative=False,
    halves=True,
)
def gaussian_nll_loss(
    prediction: Tensor, target: Tensor, variance: Any = None, *, epsilon: float = 1e-6, full: bool = False
) -> Any:
    """Negative log-likelihood of an amount under a normal distribution: `(ln v + (x - t)^2 / v) / 2` with mean `x`, variance `v`.

    The model says how sure it is. Without `variance` the columns of the prediction are the means and then the logarithms
    of the variances, twice as many as the target has: a network with that output trains on it as on any other loss. As
    PyTorch's, which has `variance` only. (Nix and Weigend, 1994.)

    Example:
        >>> gaussian_nll_loss(np.array([[1.0]]), np.array([[3.0]]), variance=np.array([[1.0]]))
        2.0
        >>> gaussian_nll_loss(np.array([[1.0, 0.0]]), np.array([[3.0]]))
        2.0
    """
    constant = 0.5 * math.log(2 * math.pi) if full else 0.0
    if variance is None:
        columns, before = target.shape[-1], (slice(None),) * (target.ndim - 1)
        mean = prediction[(*before, slice(columns))]
        logarithm: Any = np.maximum(prediction[(*before, slice(columns, None))], math.log(epsilon))
        return 0.5 * (logarithm + (mean - target) ** 2 * np.exp(-logarithm)) + constant
    safe = np.maximum(variance, epsilon)
    return 0.5 * (np.log(safe) + (prediction - target) ** 2 / safe) + constant

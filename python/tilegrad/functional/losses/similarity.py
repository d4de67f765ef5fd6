"""Losses of vectors: angles between them, distances, and orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.functional.losses.entries import composed, operand
from tilegrad.functional.losses.operations import dot, norm, relu
from tilegrad.tensor import Tensor

_SHORTEST = 1e-8


def _cosine(x: Any, y: Any) -> Any:
    return dot(x, y) / (norm(x, _SHORTEST) * norm(y, _SHORTEST))


@composed(
    parameters={"offset": ("(-inf, inf)", "From which the cosine is taken: 1 for a distance, 0 for its negative.")},
    styles={"keras": {"offset": 0.0}},
)
def cosine_distance(prediction: Tensor, target: Tensor, *, offset: float = 1.0) -> Any:
    """Distance of the directions of two rows: `1 - x . t / (|x| |t|)`, from 0 for the same to 2 for the opposite.

    Lengths below 1e-8 count as that. As optax's `cosine_distance`; Keras has the negative cosine (`style="keras"`).

    Example:
        >>> cosine_distance(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))
        1.0
    """
    return offset - _cosine(prediction, target)


@composed(
    targets="sign",
    target_form="rows",
    operands=[operand("other", "like", "The vectors that the prediction is compared with.")],
    parameters={"margin": ("[-1, 1]", "Cosine below which what is unlike costs nothing.")},
)
def cosine_embedding(prediction: Tensor, target: Tensor, other: Any, *, margin: float = 0.0) -> Any:
    """Likeness of pairs of rows: `1 - cos` for a target of 1 (alike), `max(0, cos - margin)` for -1 (unlike).

    The target has one number for each row. As PyTorch's, whose order of arguments is prediction, other, target.

    Example:
        >>> cosine_embedding(np.array([[1.0, 0.0]]), np.array([-1.0]), np.array([[2.0, 0.0]]), margin=0.5)
        0.5
    """
    cosine, alike = _cosine(prediction, other), 0.5 * (1.0 + target)
    return alike * (1.0 - cosine) + (1.0 - alike) * relu(cosine - margin)


@composed(
    operands=[operand("negative", "like", "The vectors that should be far.")],
    parameters={
        "margin": ("(0, inf)", "By how much farther the negative should be."),
        "epsilon": ("(0, inf)", "Added to differences, so that a distance of zero has a slope."),
    },
)
def triplet_margin(
    prediction: Tensor, target: Tensor, negative: Any, *, margin: float = 1.0, epsilon: float = 1e-6
) -> Any:
    """Triplet loss: `max(0, |a - p| - |a - n| + margin)` for an anchor `a`, a positive `p` and a negative `n`.

    The prediction is the anchor, the target the positive. Like PyTorch's, with Euclidean distances of `difference + epsilon`. (Schroff, Kalenichenko and Philbin, 2015.)

    Example:
        >>> round(triplet_margin(np.array([[0.0]]), np.array([[2.0]]), np.array([[1.5]])), 6)
        1.5
    """
    near, far = prediction - target + epsilon, prediction - negative + epsilon
    return relu(np.sqrt(dot(near, near)) - np.sqrt(dot(far, far)) + margin)


@composed(
    kind="point",
    targets="sign",
    operands=[operand("other", "like", "The scores that the prediction is compared with.")],
    parameters={"margin": ("[0, inf)", "By how much the higher should lead.")},
)
def margin_ranking(prediction: Tensor, target: Tensor, other: Any, *, margin: float = 0.0) -> Any:
    """Order of pairs of scores: `max(0, margin - t (x - o))` with `t = 1` if the prediction `x` should be higher, -1 if lower.

    As PyTorch's, whose order of arguments is prediction, other, target.

    Example:
        >>> margin_ranking(np.array([1.0]), np.array([1.0]), np.array([3.0]))
        2.0
    """
    return relu(margin - target * (prediction - other))

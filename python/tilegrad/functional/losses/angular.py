"""Softmax losses with a margin in the angle between features and the vector of their class."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tilegrad.functional.losses.entries import composed, operand
from tilegrad.functional.losses.operations import cross_entropies, norm
from tilegrad.tensor import Tensor

_SHORTEST = 1e-8
_VECTORS = operand(
    "vectors", "vectors", "A column for each class, shape (features, classes): the last layer's weights."
)

# cos(m a) as a polynomial of cos(a).
_MULTIPLES: dict[int, Callable[[Any], Any]] = {
    1: lambda c: c,
    2: lambda c: 2.0 * c * c - 1.0,
    3: lambda c: (4.0 * c * c - 3.0) * c,
    4: lambda c: 8.0 * c * c * (c * c - 1.0) + 1.0,
}


def psi(cosine: Any, margin: int) -> Any:
    """``(-1)^k cos(m a) - 2 k`` on ``k pi / m <= a <= (k + 1) pi / m``: falls from 1 at the angle 0 to ``1 - 2 m`` at pi.

    Written as a sum of its pieces, each of the cosine drawn into the piece's range, less what they have at its upper end.
    """
    multiple, total = _MULTIPLES[margin], 0.0
    for piece in range(margin):
        high, low = (math.cos((piece + end) * math.pi / margin) for end in (0, 1))
        within = np.minimum(np.maximum(cosine, low), high)
        total = total + (-1.0) ** piece * multiple(within) - (1.0 if piece else 0.0)
    return total


def _parts(features: Tensor, vectors: Any) -> tuple[Any, Any, Any]:
    """Cosines of features and vectors, and the lengths of both."""
    of_features = norm(features, _SHORTEST).reshape(-1, 1)
    of_vectors = np.sqrt(np.maximum((vectors * vectors).sum(axis=0, keepdims=True), _SHORTEST * _SHORTEST))
    return (features @ vectors) / (of_features * of_vectors), of_features, of_vectors


@composed(
    targets="classes",
    output="softmax",
    operands=[_VECTORS],
    last_layer=True,
    parameters={
        "margin": ((1, 2, 3, 4), "By what the angle to the own class is multiplied; 1 is plain softmax."),
        "annealing": ("[0, inf)", "Weight of the plain cosine beside the margin; large at first, then smaller."),
    },
)
def large_margin_softmax(
    prediction: Tensor, target: Tensor, vectors: Any, *, margin: int = 4, annealing: float = 0.0
) -> Any:
    """Large-margin softmax: cross-entropy of `|w_c| |x| cos(a_c)`, in which the own class has `psi(a)` in place of `cos(a)`.

    With `psi(a) = (-1)^k cos(m a) - 2 k` on the `k`-th of `m` parts of the half turn, features of a class must point to its
    vector with an angle `m` times smaller: classes become compact. `annealing` (the paper's lambda) makes it
    `(lambda cos(a) + psi(a)) / (1 + lambda)`; begin with a large one and lower it from fit to fit, since `m` of 3 or 4 does
    not learn from the start. In a trainer the vectors are the weights of the model's last layer, a `Dense` with
    `bias=False`; what the model predicts stays the plain product. (Liu et al., 2016.)

    Example:
        >>> x, w = np.array([[1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])
        >>> [round(large_margin_softmax(x, np.array([0]), w, margin=m), 6) for m in (1, 2, 4)]
        [0.313262, 1.313262, 3.849938]
    """
    cosine, of_features, of_vectors = _parts(prediction, vectors)
    own = (cosine * target).sum(axis=-1, keepdims=True)
    turned = (annealing * own + psi(own, margin)) / (1.0 + annealing)
    return cross_entropies((cosine + target * (turned - own)) * of_features * of_vectors, target)


_ANGULAR: dict[str, tuple[Any, str]] = {
    "scale": ("(0, inf)", "Length that features count as."),
    "margin": ("[0, 1]", "Margin of the own class."),
}


@composed(targets="classes", output="softmax", operands=[_VECTORS], last_layer=True, parameters=_ANGULAR)
def additive_margin_softmax(
    prediction: Tensor, target: Tensor, vectors: Any, *, scale: float = 30.0, margin: float = 0.35
) -> Any:
    """Additive-margin softmax (CosFace): cross-entropy of `s cos(a_c)`, in which the own class has `s (cos(a) - margin)`.

    Lengths of features and vectors do not count, but for the `scale` `s`. For the vectors see `large_margin_softmax`.
    (Wang et al., 2018.)

    Example:
        >>> round(additive_margin_softmax(np.eye(2), np.array([0, 1]), np.eye(2), scale=1.0, margin=1.0), 6)
        0.693147
    """
    cosine, _, _ = _parts(prediction, vectors)
    return cross_entropies((cosine - margin * target) * scale, target)


@composed(targets="classes", output="softmax", operands=[_VECTORS], last_layer=True, parameters=_ANGULAR)
def arc_margin_softmax(
    prediction: Tensor, target: Tensor, vectors: Any, *, scale: float = 64.0, margin: float = 0.5
) -> Any:
    """Angular-margin softmax (ArcFace): cross-entropy of `s cos(a_c)`, in which the own class has `s cos(a + margin)`.

    Beyond `a = pi - margin`, where that would rise again, it goes on as `cos(a) - 1 + cos(margin)`, without the jump that is
    in the authors' code. Lengths count as in `additive_margin_softmax`. (Deng et al., 2019.)

    Example:
        >>> round(arc_margin_softmax(np.eye(2), np.array([0, 1]), np.eye(2), scale=1.0, margin=0.0), 6)
        0.313262
    """
    cosine, _, _ = _parts(prediction, vectors)
    own = (cosine * target).sum(axis=-1, keepdims=True)
    turn = math.cos(math.pi - margin)
    inside = np.maximum(own, turn)
    # sin(a) from the cosine; at an angle of zero its slope would be infinite.
    sine = np.sqrt(np.maximum(1.0 - inside * inside, 1e-12))
    turned = inside * math.cos(margin) - sine * math.sin(margin) + np.minimum(own - turn, 0.0)
    return cross_entropies((cosine + target * (turned - own)) * scale, target)

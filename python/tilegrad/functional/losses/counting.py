"""What belongs to the losses but cannot be trained with, or has no target."""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np

from tilegrad.functional.losses import checks
from tilegrad.functional.losses.operations import log_of
from tilegrad.functional.types import Data, Values
from tilegrad.tensor import Array, Tensor, Traceable
from tilegrad.words.checks import check_number

# What is asked to be a loss but only counts.
COUNTING = ("zero_one", "zero_one_loss", "accuracy", "error_rate", "f1")


def no_gradient(function: str, loss: object) -> str:
    """The error message for a loss that only counts."""
    return (
        f"{function}: expected `loss` to have a gradient, got {loss!r}, which only counts; train with cross_entropy "
        "(or hinge for scores of -1 and 1) and pass it as a metric"
    )


def zero_one_loss(prediction: Data, target: Data) -> float:
    """Share of rows whose class is wrong: the mean of 0 where it is right and 1 where it is not.

    It has no useful gradient, so nothing trains with it: cross-entropy and hinge loss stand for it.

    Args:
        prediction: Class numbers, integers of shape (rows,); or scores of shape (rows, classes), of which the largest
            counts.
        target: Class numbers, integers of shape (rows,).

    Raises:
        ValueError: If shapes do not fit, or a value is traced, since it cannot be trained with.
        TypeError: If the target holds no integers.

    Example:
        >>> round(zero_one_loss(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])), 6)
        0.333333
    """
    if isinstance(prediction, Traceable) or isinstance(target, Traceable):
        raise ValueError(no_gradient("zero_one_loss", "zero_one_loss"))
    chosen, labels = np.asarray(prediction), np.asarray(target)
    if labels.dtype.kind not in "iub" or labels.ndim != 1:
        raise TypeError(
            f"zero_one_loss: expected `target` of integers of shape (rows,), got {labels.dtype} of {labels.shape}"
        )
    if chosen.ndim == 2 and chosen.dtype.kind == "f" and chosen.shape[1] > 0:
        chosen = chosen.argmax(axis=1)
    if chosen.dtype.kind not in "iub":
        raise TypeError(f"zero_one_loss: expected `prediction` of classes or rows of scores, got dtype {chosen.dtype}")
    checks.check_same_shape("zero_one_loss", chosen.shape, labels.shape)
    checks.check_not_empty("zero_one_loss", chosen, "mean")
    return float(np.mean(chosen != labels))


@overload
def entropy(p: Traceable, base: float = math.e) -> Tensor: ...
@overload
def entropy(p: Data, base: float = math.e) -> Array | np.floating[Any]: ...
def entropy(p: Values, base: float = math.e) -> Any:
    """Entropy of distributions over the last axis: ``-sum(p * log(p))``, the mean information of an event.

    Args:
        p: Probabilities, or a traced tensor of them; the rows of the last axis add up to 1.
        base: Of the logarithm: e for nats, 2 for bits.

    Returns:
        A number for each distribution.

    Raises:
        ValueError: If a row is not a distribution, or the base is not above 1.
        TypeError: If the dtype does not fit.

    Example:
        >>> float(entropy(np.array([0.5, 0.5]), base=2))
        1.0
    """
    base = check_number("entropy", "base", base, "(1, inf)")
    if isinstance(p, Traceable):
        return -(p * log_of(p)).sum(axis=-1) / math.log(base)
    array = checks.float_array("entropy", "p", p)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"entropy: expected `p` of at least one distribution, got shape {array.shape}")
    checks.check_distributions("entropy", np.ascontiguousarray(array).reshape(-1, array.shape[-1]), "p")
    with np.errstate(divide="ignore", invalid="ignore"):
        summands = np.where(array > 0, array * np.log(array), 0)
    return -summands.sum(axis=-1) / np.asarray(math.log(base), array.dtype) + 0.0

"""Metrics of medians and quantiles, which need all predictions at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.metrics.base import Predictions, WholeMetric, flat_column
from tilegrad.tensor import Array
from tilegrad.words.checks import check_number


def weighted_quantile(values: Array, weight: Array | None, share: float) -> Array:
    """The value below which this share of the weight lies, for each column; the middle of two where it lies between them."""
    columns = values.reshape(len(values), -1)
    weight = np.ones(len(values)) if weight is None else weight.astype(np.float64)
    columns, weight = columns[weight > 0], weight[weight > 0]
    order = np.argsort(columns, axis=0)
    ordered = np.take_along_axis(columns, order, axis=0)
    reached = np.cumsum(weight[order], axis=0)
    wanted = share * reached[-1]
    lower = np.minimum((reached < wanted).sum(axis=0), len(ordered) - 1)
    upper = np.minimum((reached <= wanted).sum(axis=0), len(ordered) - 1)
    place = np.arange(columns.shape[1])
    return (ordered[lower, place] + ordered[upper, place]) / 2  # type: ignore[no-any-return]


class MedianAbsoluteError(WholeMetric):
    """Median of the absolute errors, which outliers do not move.

    Example:
        >>> metrics.median_absolute_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.5
    """

    name = "median_absolute_error"
    greater_is_better = False
    kind = "amounts"

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The weighted median of each column's errors, and their mean."""
        return float(weighted_quantile(np.abs(predictions.amounts - flat_column(target)), weight, 0.5).mean())


class D2Pinball(WholeMetric):
    """Share of the pinball loss that is explained: ``1 - loss(y, p) / loss(y, quantile of y)``.

    Args:
        alpha: The quantile, in [0, 1].

    Raises:
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> metrics.d2_pinball(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), alpha=0.9)
        1.0
    """

    name = "d2_pinball"
    kind = "amounts"
    greater_is_better = True

    def __init__(self, alpha: float = 0.5) -> None:
        self.alpha = check_number(type(self).__name__, "alpha", alpha, "[0, 1]")

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """What the loss lacks of that of a constant, as a share."""
        predicted, true = (
            predictions.amounts.reshape(len(target), -1),
            target.reshape(len(target), -1).astype(np.float64),
        )
        baseline = weighted_quantile(true, weight, self.alpha)

        def total(prediction: Any) -> Array:
            error = true - prediction
            loss = np.maximum(self.alpha * error, (self.alpha - 1) * error)
            return np.average(loss, axis=0, weights=weight)

        with np.errstate(all="ignore"):
            own, null = total(predicted), total(baseline)
            share = np.where(null > 0, 1 - own / np.where(null > 0, null, 1), np.where(own == 0, 1.0, 0.0))
        return float(share.mean())


class D2Absolute(D2Pinball):
    """Share of the absolute error that is explained: ``1 - sum |e| / sum |y - median y|``.

    Example:
        >>> metrics.d2_absolute(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(10)
        0.7647058824
    """

    name = "d2_absolute"

    def __init__(self) -> None:
        super().__init__(0.5)

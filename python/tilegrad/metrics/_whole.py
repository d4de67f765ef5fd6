"""Metrics that need all predictions at once: medians, and areas under curves of ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.metrics._base import Predictions, WholeMetric, flat_column
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
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.median_absolute_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.5
    """

    name = "median_absolute_error"
    kind = "amounts"

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The median."""
        return float(weighted_quantile(np.abs(predictions.amounts - flat_column(target)), weight, 0.5).mean())


class D2Pinball(WholeMetric):
    """Share of the pinball loss that is explained: ``1 - loss(y, p) / loss(y, quantile of y)``.

    Args:
        alpha: The quantile, in [0, 1].

    Raises:
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.d2_pinball(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), alpha=0.9)
        1.0
    """

    name = "d2_pinball"
    kind = "amounts"
    greater_is_better = True

    def __init__(self, alpha: float = 0.5) -> None:
        self.alpha = check_number(type(self).__name__, "alpha", alpha, "[0, 1]")

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The share."""
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
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.d2_absolute(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(10)
        0.7647058824
    """

    name = "d2_absolute"

    def __init__(self) -> None:
        super().__init__(0.5)


def ranked(score: Array, true: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """From the highest score down, at each different one: weight of what is false, of what is true, and the score."""
    order = np.argsort(-score, kind="stable")
    score, true = score[order], true[order]
    weight = np.ones(len(score)) if weight is None else weight[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    yes = np.cumsum(weight * true)[last]
    return np.cumsum(weight)[last] - yes, yes, score[last]


class _RankMetric(WholeMetric):
    """A figure of yes-or-no scores; of several classes (one against the rest) or labels the plain mean."""

    kind = "classes"
    greater_is_better = True

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The figure."""
        scores = predictions.probabilities if predictions.reading.class_link == "logits" else _columns(predictions)
        true = predictions.true_classes(target)
        if predictions.reading.labels:
            return float(np.mean([self.of_scores(*pair, weight) for pair in zip(scores.T, true.T, strict=True)]))
        if scores.shape[1] == 2:
            return self.of_scores(_margin(predictions), true == 1, weight)
        return float(
            np.mean([self.of_scores(scores[:, each], true == each, weight) for each in range(scores.shape[1])])
        )

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The figure of one question."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `of_scores`, got none")


def _columns(predictions: Predictions) -> Array:
    """Scores as they are; of a single column both classes."""
    output = predictions.output.astype(np.float64)
    if output.ndim == 1 or output.shape[1] == 1:
        return np.stack([-output.reshape(-1), output.reshape(-1)], axis=1)
    return output


def _margin(predictions: Predictions) -> Array:
    """How much speaks for class 1: probabilities that have rounded to 1 would no longer tell ranks apart."""
    columns = _columns(predictions)
    return columns[:, 1] - columns[:, 0]


class RocAuc(_RankMetric):
    """Area under the receiver operating characteristic: the chance that a true row scores above a false one.

    Exact, equal scores count half (Keras takes 200 thresholds). Of several classes the mean over each against the rest.
    NaN where all rows, or none, are of a class.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
        0.75
    """

    name = "roc_auc"

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The area."""
        false_count, true_count, _ = ranked(score, true, weight)
        height, width = np.append(0, true_count), np.diff(false_count, prepend=0.0)
        with np.errstate(all="ignore"):
            # Between two thresholds the curve is a line: equal scores count half.
            area = ((height[1:] + height[:-1]) / 2 * width).sum()
            return float(area / (true_count[-1] * false_count[-1]))


class AveragePrecision(_RankMetric):
    """Area under precision over recall, as steps: the mean precision at each true row, from the highest score down.

    Of several classes the mean over each against the rest.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])).__round__(6)
        0.833333
    """

    name = "average_precision"

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The area."""
        false_count, true_count, _ = ranked(score, true, weight)
        with np.errstate(all="ignore"):
            precision = true_count / (true_count + false_count)
            return float((np.diff(true_count, prepend=0.0) * precision).sum() / true_count[-1])

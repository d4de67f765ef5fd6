"""Curves over a threshold, and the areas under them: receiver operating characteristic, precision and recall, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.metrics.arrays import checked
from tilegrad.metrics.base import Predictions, WholeMetric
from tilegrad.tensor import Array
from tilegrad.words.checks import check_array


def _counts(score: Array, true: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """From the highest score down, at each different one: weight of what is false, of what is true, and the score."""
    order = np.argsort(-score, kind="stable")
    score, true = score[order], true[order]
    weight = np.ones(len(score)) if weight is None else weight[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    yes = np.cumsum(weight * true)[last]
    return np.cumsum(weight)[last] - yes, yes, score[last]


def _ranked(function: str, prediction: Any, target: Any, sample_weight: Any) -> tuple[Array, Array, Array]:
    """The counts of :func:`_counts`, of arrays as they are given."""
    score = check_array(function, "prediction", prediction).astype(np.float64)
    true = check_array(function, "target", target)
    if score.ndim == 2 and score.shape[1] == 2:
        score = score[:, 1] - score[:, 0]
    score, true = score.reshape(-1), true.reshape(-1)
    if score.shape != true.shape or not np.isin(true, (0, 1)).all() or np.unique(true).size != 2:
        raise ValueError(f"{function}: expected `target` of 0 and 1, both of them, for each of {len(score)} scores")
    weight = None if sample_weight is None else check_array(function, "sample_weight", sample_weight)
    if weight is not None and weight.shape != score.shape:
        raise ValueError(f"{function}: expected `sample_weight` of shape {score.shape}, got {weight.shape}")
    return _counts(score, true, weight)


def roc_curve(prediction: Any, target: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array]:
    """Share of false rows and share of true rows that score at least a threshold, and the thresholds, from the highest down.

    Args:
        prediction: Scores of class 1, of any scale; of two columns their difference.
        target: 0 and 1.
        sample_weight: Weight of each row.

    Raises:
        ValueError: If shapes do not fit, or only one of 0 and 1 occurs.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> false_share, true_share, _ = metrics.roc_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
        >>> false_share, true_share
        (array([0. , 0. , 0.5, 0.5, 1. ]), array([0. , 0.5, 0.5, 1. , 1. ]))
    """
    false, true, thresholds = _ranked("roc_curve", prediction, target, sample_weight)
    return np.append(0, false) / false[-1], np.append(0, true) / true[-1], np.append(np.inf, thresholds)


def precision_recall_curve(prediction: Any, target: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array]:
    """Precision and recall of saying yes from a threshold on, and the thresholds, from the highest down.

    It takes what :func:`roc_curve` takes.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> precision, recall, _ = metrics.precision_recall_curve(np.array([0.1, 0.4, 0.8]), np.array([0, 1, 1]))
        >>> precision.round(2), recall
        (array([1.  , 1.  , 0.67]), array([0.5, 1. , 1. ]))
    """
    false, true, thresholds = _ranked("precision_recall_curve", prediction, target, sample_weight)
    return true / (true + false), true / true[-1], thresholds


def calibration_curve(
    prediction: Any, target: Any, *, bins: int = 15, output: str = "logits"
) -> tuple[Array, Array, Array]:
    """Mean probability of what is predicted, how often it is right, and how many rows there are, for equal bins.

    Bins without rows are left out. What :func:`expected_calibration_error` adds up.

    Args:
        prediction: Scores of shape (rows, classes); of a single column those of class 1.
        target: The true classes.
        bins: Number of bins over (0, 1].
        output: What the scores are: ``"logits"`` or ``"probabilities"``.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> p = np.array([[0.8, 0.2]] * 4)
        >>> metrics.calibration_curve(p, np.array([0, 0, 0, 1]), bins=10, output="probabilities")
        (array([0.8]), array([0.75]), array([4]))
    """
    predicted, true, reading = checked("calibration_curve", prediction, target, output)
    if reading is None:
        raise TypeError("calibration_curve: expected `prediction` of scores (floats), got classes")
    predictions = Predictions(predicted, reading, max(reading.columns, 2))
    sure = predictions.probabilities.max(axis=1)
    right = predictions.predicted_classes == predictions.true_classes(true)
    place = np.clip(np.ceil(sure * bins).astype(int), 1, bins) - 1
    rows = np.bincount(place, minlength=bins)
    seen = rows > 0
    means = [np.bincount(place, values, bins)[seen] / rows[seen] for values in (sure, right.astype(float))]
    return means[0], means[1], rows[seen]


class _RankMetric(WholeMetric):
    """A metric of yes-or-no scores; of several classes (one against the rest) or labels the plain mean."""

    kind = "classes"
    greater_is_better = True

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The metric of each question, and their mean."""
        scores = predictions.probabilities if predictions.reading.class_link == "logits" else _columns(predictions)
        true = predictions.true_classes(target)
        if predictions.reading.labels:
            return float(np.mean([self.of_scores(*pair, weight) for pair in zip(scores.T, true.T, strict=True)]))
        if scores.shape[1] == 2:
            return self.of_scores(_margin(predictions), true == 1, weight)
        return float(
            np.mean([self.of_scores(scores[:, label], true == label, weight) for label in range(scores.shape[1])])
        )

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The metric of one question."""
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
        >>> metrics.roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
        0.75
    """

    name = "roc_auc"

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The area under straight lines between thresholds, where equal scores count half."""
        wrong, right, _ = _counts(score, true, weight)
        with np.errstate(all="ignore"):
            height, width = right - np.diff(right, prepend=0.0) / 2, np.diff(wrong, prepend=0.0)
            return float(height @ width / (right[-1] * wrong[-1]))


class AveragePrecision(_RankMetric):
    """Area under precision over recall, as steps: the mean precision at each true row, from the highest score down.

    Of several classes the mean over each against the rest.

    Example:
        >>> metrics.average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])).__round__(6)
        0.833333
    """

    name = "average_precision"

    def of_scores(self, score: Array, true: Array, weight: Array | None) -> float:
        """The area under steps, one at each threshold."""
        wrong, right, _ = _counts(score, true, weight)
        with np.errstate(all="ignore"):
            return float(np.diff(right, prepend=0.0) @ (right / (right + wrong)) / right[-1])

"""Tables and curves: more than one figure can say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilegrad.metrics._arrays import checked
from tilegrad.metrics._base import Predictions
from tilegrad.metrics._classes import F1, CohenKappa, Precision, Recall
from tilegrad.metrics._whole import ranked
from tilegrad.tensor import Array
from tilegrad.words.checks import check_choice
from tilegrad.words.tables import aligned

NORMALIZE = ("true", "prediction", "all")


def _pairs(function: str, prediction: Any, target: Any, output: str = "logits") -> tuple[Array, Array, int]:
    """Predicted and true classes, and how many there are."""
    predicted, true, reading = checked(function, prediction, target, output)
    if reading is None:
        return predicted, true, max(int(predicted.max()), int(true.max()), 1) + 1
    if reading.labels:
        raise ValueError(
            f"{function}: expected one class for each row, got several labels at once; take them one by one"
        )
    predictions = Predictions(predicted, reading, max(reading.columns, 2))
    return predictions.classes_said, predictions.true_classes(true), predictions.classes


def confusion_matrix(
    prediction: Any,
    target: Any,
    *,
    sample_weight: Any = None,
    normalize: str | None = None,
    output: str = "logits",
) -> Array:
    """How often each class was taken for each: row ``i``, column ``j`` counts rows of class ``i`` predicted as ``j``.

    Args:
        prediction: Classes (integers), or scores of shape (rows, classes); of a single column those of class 1.
        target: The true classes.
        sample_weight: Weight of each row.
        normalize: ``"true"`` makes each row sum to 1, ``"prediction"`` each column, ``"all"`` the whole; ``None`` counts.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Returns:
        Integers of shape (classes, classes), or floats where weighted or normalised.

    Raises:
        ValueError: If shapes do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.confusion_matrix(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2]))
        array([[1, 1, 0],
               [0, 2, 0],
               [1, 0, 1]])
    """
    if normalize is not None:
        check_choice("confusion_matrix", "normalize", normalize, NORMALIZE)
    predicted, true, classes = _pairs("confusion_matrix", prediction, target, output)
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    if weight is not None and weight.shape != true.shape:
        raise ValueError(f"confusion_matrix: expected `sample_weight` of shape {true.shape}, got {weight.shape}")
    counts = np.bincount(true * classes + predicted, weight, classes * classes).reshape(classes, classes)
    if normalize is None:
        return counts
    axis = {"true": 1, "prediction": 0, "all": None}[normalize]
    total = counts.sum(axis=axis, keepdims=True)
    return counts / np.where(total > 0, total, 1)


def classification_report(
    prediction: Any, target: Any, *, names: Sequence[str] | None = None, output: str = "logits"
) -> str:
    """Precision, recall and F1 of each class, with accuracy and means, as a table to print.

    Args:
        prediction: Classes (integers), or scores of shape (rows, classes); of a single column those of class 1.
        target: The true classes.
        names: Names of the classes; their numbers if left out.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes do not fit, or there are not as many names as classes.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> print(metrics.classification_report(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])))
        class          precision  recall      f1  rows
        0                 0.5000  0.5000  0.5000     2
        1                 0.6667  1.0000  0.8000     2
        2                 1.0000  0.5000  0.6667     2
        macro mean        0.7222  0.6667  0.6556     6
        weighted mean     0.7222  0.6667  0.6556     6
        accuracy 0.6667, kappa 0.5000
    """
    matrix = confusion_matrix(prediction, target, output=output)
    titles = [str(each) for each in (range(len(matrix)) if names is None else names)]
    if len(titles) != len(matrix):
        raise ValueError(f"classification_report: expected `names` of {len(matrix)} classes, got {len(titles)}")
    counts = (np.diag(matrix).astype(float), matrix.sum(axis=0).astype(float), matrix.sum(axis=1).astype(float))
    kinds = (Precision, Recall, F1)
    scores = [kind().each(*counts) for kind in kinds]
    table = [(title, *(score[place] for score in scores), counts[2][place]) for place, title in enumerate(titles)]
    for average in ("macro", "weighted"):
        means = (float(kind(average).of_counts(*counts, labels=False)) for kind in kinds)
        table.append((f"{average} mean", *means, counts[2].sum()))
    lines = [(title, *(f"{score:.4f}" for score in scores), f"{rows:.0f}") for title, *scores, rows in table]
    kappa = float(CohenKappa().of_counts(*counts, labels=False))
    last = f"accuracy {counts[0].sum() / counts[2].sum():.4f}, kappa {kappa:.4f}"
    return "\n".join([*aligned([("class", "precision", "recall", "f1", "rows"), *lines], right=range(1, 5)), last])


def _scores_and_truth(function: str, prediction: Any, target: Any) -> tuple[Array, Array]:
    score, true = np.asarray(prediction, np.float64), np.asarray(target)
    if score.ndim == 2 and score.shape[1] == 2:
        score = score[:, 1] - score[:, 0]
    score, true = score.reshape(-1), true.reshape(-1)
    if score.shape != true.shape or not np.isin(true, (0, 1)).all() or true.min() == true.max():
        raise ValueError(f"{function}: expected `target` of 0 and 1, both of them, for each of {len(score)} scores")
    return score, true


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
    score, true = _scores_and_truth("roc_curve", prediction, target)
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    false_count, true_count, thresholds = ranked(score, true, weight)
    return (
        np.append(0, false_count) / false_count[-1],
        np.append(0, true_count) / true_count[-1],
        np.append(np.inf, thresholds),
    )


def precision_recall_curve(prediction: Any, target: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array]:
    """Precision and recall of saying yes from a threshold on, and the thresholds, from the highest down.

    Args:
        prediction: Scores of class 1, of any scale; of two columns their difference.
        target: 0 and 1.
        sample_weight: Weight of each row.

    Raises:
        ValueError: If shapes do not fit, or only one of 0 and 1 occurs.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> precision, recall, _ = metrics.precision_recall_curve(np.array([0.1, 0.4, 0.8]), np.array([0, 1, 1]))
        >>> precision.round(2), recall
        (array([1.  , 1.  , 0.67]), array([0.5, 1. , 1. ]))
    """
    score, true = _scores_and_truth("precision_recall_curve", prediction, target)
    weight = None if sample_weight is None else np.asarray(sample_weight, np.float64)
    false_count, true_count, thresholds = ranked(score, true, weight)
    return true_count / (true_count + false_count), true_count / true_count[-1], thresholds


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
    right = predictions.classes_said == predictions.true_classes(true)
    place = np.clip(np.ceil(sure * bins).astype(int), 1, bins) - 1
    rows = np.bincount(place, minlength=bins)
    seen = rows > 0
    means = [np.bincount(place, each, bins)[seen] / rows[seen] for each in (sure, right.astype(float))]
    return means[0], means[1], rows[seen]

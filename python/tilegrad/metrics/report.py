"""Tables of classes: how often each was taken for each, and what each class has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilegrad.metrics.arrays import checked
from tilegrad.metrics.base import Predictions
from tilegrad.metrics.classes import F1, CohenKappa, Precision, Recall
from tilegrad.tensor import Array
from tilegrad.words.checks import check_array, check_choice
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
    return predictions.predicted_classes, predictions.true_classes(true), predictions.classes


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
    weight = None if sample_weight is None else check_array("confusion_matrix", "sample_weight", sample_weight)
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
    titles = [str(name) for name in (range(len(matrix)) if names is None else names)]
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

"""Metrics of one's own, from a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from tilegrad.metrics.base import Metric, Predictions, WholeMetric, flat_column
from tilegrad.tensor import Array, Tensor, Traceable
from tilegrad.words.checks import check_flag

# What the second argument of a function is called that wants probabilities, and no classes; scikit-learn's names.
_PROBABILITIES = ("y_score", "y_proba", "y_prob", "probas_pred")


class FunctionMetric(WholeMetric):
    """A function of (y_true, y_pred) that is called at the end of an epoch, with arrays of all rows.

    ``y_pred`` are amounts, or classes; probabilities if the function calls it ``y_score`` or ``y_proba``, as scikit-learn
    does. Sample weights are passed on to a function that takes ``sample_weight``.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.metrics_for([lambda y_true, y_pred: np.median(y_true - y_pred)])  # doctest: +ELLIPSIS
        {'<lambda>': FunctionMetric(...)}
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, greater_is_better: bool | None = None
    ) -> None:
        self.function, self.greater_is_better = function, greater_is_better
        self.name = _name(function, name)
        try:
            self._arguments = tuple(inspect.signature(function).parameters)
        except ValueError:
            # Some functions written in C do not say what they take.
            self._arguments = ()

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """What the function returns for all rows."""
        if predictions.reading.kind == "amounts":
            true, predicted = flat_column(target), predictions.amounts
        else:
            true, predicted = predictions.true_classes(target), predictions.predicted_classes
            if self._arguments[1:2] and self._arguments[1] in _PROBABILITIES:
                predicted = predictions.probabilities
                predicted = predicted[:, 1] if predicted.shape[1] == 2 and not predictions.reading.labels else predicted
        weighted = weight is not None and "sample_weight" in self._arguments
        value = self.function(true, predicted, **({"sample_weight": weight} if weighted else {}))
        number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
        if not isinstance(number, Real | np.bool_):
            raise TypeError(f"{self.name}: expected the function to return a number, got {value!r}")
        return float(number)


class RowMetric(Metric):
    """The mean over the rows of what a function of (prediction, target) says of each, taken in the compiled step.

    Example:
        >>> from tilegrad import metrics
        >>> def bias(prediction, target):
        ...     return prediction - target
        >>> metrics.RowMetric(bias).name
        'bias'
    """

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, greater_is_better: bool | None = None
    ) -> None:
        self.function, self.greater_is_better = function, greater_is_better
        self.name = _name(function, name)

    def sums(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> list[Tensor | float]:
        """The sum of the function's values, each times the weight of its row, and the sum of the weights."""
        value, rows = self.function(prediction, target), len(prediction)
        if not isinstance(value, Traceable):
            raise TypeError(f"{self.name}: expected the function to return a tensor, got {type(value).__name__}")
        if value.shape[:1] != (rows,):
            raise ValueError(
                f"{self.name}: expected the function to return a value for each of {rows} rows, got shape {value.shape}"
            )
        by_row = value._tensor().reshape(rows, -1).mean(axis=1)
        return [by_row.sum(), rows] if weight is None else [(by_row * weight).sum(), weight.sum()]

    def finish(self, total: float, weight: float) -> float:
        """The mean by the weights."""
        return total / weight if weight else float("nan")


def _name(function: Callable[..., Any], name: str | None) -> str:
    if name is None:
        return str(getattr(function, "__name__", type(function).__name__))
    if not isinstance(name, str) or not name:
        raise TypeError(f"custom: expected `name` to be a text, got {name!r}")
    return name


def custom(
    function: Callable[..., Any], *, name: str | None = None, greater_is_better: bool | None = None, whole: bool = False
) -> Metric:
    """A metric of your own, from a function; also as a decorator.

    Args:
        function: Takes prediction and target of a batch as tensors, the prediction as the model gives it (logits, where the
            loss takes logits), and returns a value for each row. The metric is their mean by sample weights, summed up in
            the compiled step. With ``whole`` it takes arrays (y_true, y_pred) of all rows and returns the metric.
        name: What the history calls it; by default the function's name.
        greater_is_better: Whether more of it is better; what watches it, such as early stopping, must know: by this, or by a
            ``mode`` of its own.
        whole: Whether the function needs all rows at once: it is then called once, at the end of an epoch.

    Raises:
        TypeError: If it is not a function; in training, if it returns something else than a tensor or number.
        ValueError: In training, if it does not return a value for each row.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import metrics, nn
        >>> @metrics.custom
        ... def bias(prediction, target):
        ...     return prediction - target
        >>> worst = metrics.custom(lambda y_true, y_pred: np.abs(y_true - y_pred).max(), name="worst", whole=True)
        >>> model = nn.Sequential(nn.Dense(1, 1, initializer="zeros"))
        >>> trainer = tg.Trainer(model, "mean_squared_error", "sgd", metrics=[bias, worst])
        >>> trainer.evaluate(np.zeros((2, 1), np.float32), np.array([1, 3], np.float32))
        {'loss': 5.0, 'bias': -2.0, 'worst': 3.0}
    """
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"custom: expected `function` to be a function, got {function!r}")
    if greater_is_better is not None:
        check_flag("custom", "greater_is_better", greater_is_better)
    return (FunctionMetric if check_flag("custom", "whole", whole) else RowMetric)(function, name, greater_is_better)

"""Metrics of scikit-learn, by name. It is imported when the first one is asked for, and is not part of what tilegrad needs."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tilegrad.metrics.base import Predictions, WholeMetric, flat_column
from tilegrad.metrics.function_metrics import FunctionMetric
from tilegrad.tensor import Array


def _module() -> Any:
    """scikit-learn's module of metrics, or ``None`` where it is not installed."""
    try:
        import sklearn.metrics
    except ImportError:
        return None
    return sklearn.metrics


def has_scikit() -> bool:
    """Whether scikit-learn is there to be asked for metrics."""
    return _module() is not None


def scikit_metric(name: str) -> WholeMetric | None:
    """scikit-learn's metric of this name: one of its scorers, or a function of ``sklearn.metrics``; ``None`` without."""
    module = _module()
    if module is None:
        return None
    if name in module.get_scorer_names():
        return ScorerMetric(name, module.get_scorer(name))
    function = getattr(module, name, None) if name in module.__all__ else None
    if inspect.isfunction(function) and "y_true" in inspect.signature(function).parameters:
        return FunctionMetric(function, name, _is_score(name))
    return None


def _is_score(name: str) -> bool:
    """Whether more is better of a function of ``sklearn.metrics``, which its name says."""
    return not name.endswith(("_loss", "_error", "_deviance"))


def function_metric(function: Any) -> FunctionMetric:
    """The metric of a function of (y_true, y_pred): scikit-learn's say by their names whether more is better, others do not."""
    known = (getattr(function, "__module__", None) or "").startswith("sklearn.metrics.")
    return FunctionMetric(function, greater_is_better=_is_score(function.__name__) if known else None)


class ScorerMetric(WholeMetric):
    """A scorer of scikit-learn: more is better, so errors come with a minus, as there."""

    greater_is_better = True

    def __init__(self, name: str, scorer: Any) -> None:
        self.name, self.scorer = name, scorer

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """What the scorer says of an estimator that has these predictions."""
        amounts = predictions.reading.kind == "amounts"
        true = flat_column(target) if amounts else predictions.true_classes(target)
        # Some scores, those of clusterings, know no weights.
        weighted = "sample_weight" in inspect.signature(self.scorer._score_func).parameters
        extra = {"sample_weight": weight} if weighted and weight is not None else {}
        return float(self.scorer(_estimator(predictions, amounts), np.arange(len(true)), true, **extra))


def _estimator(predictions: Predictions, amounts: bool) -> Any:
    """An estimator that has already predictions what it says of each row."""
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class Regressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, x: Any, y: Any) -> Any:
            return self

        def predict(self, rows: Array) -> Array:
            return predictions.amounts[rows]

    class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = np.arange(max(predictions.classes, 2))

        def fit(self, x: Any, y: Any) -> Any:
            return self

        def predict(self, rows: Array) -> Array:
            return predictions.predicted_classes[rows]

        def predict_proba(self, rows: Array) -> Array:
            return predictions.probabilities[rows]

    return Regressor() if amounts else Classifier()

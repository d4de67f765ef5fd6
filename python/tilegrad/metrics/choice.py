"""Which metrics are meant: objects, names, or functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tilegrad.metrics import functions
from tilegrad.metrics.base import Metric
from tilegrad.metrics.classes import F1, FBeta, Jaccard, Precision, Recall, TopKAccuracy
from tilegrad.metrics.scikit import function_metric, has_scikit, scikit_metric
from tilegrad.words.names import unknown

# Other names that people know them by.
_ALIASES = {
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "smape": "symmetric_mean_absolute_percentage_error",
    "msle": "mean_squared_log_error",
    "rmsle": "root_mean_squared_log_error",
    "pinball": "mean_pinball_loss",
    "poisson_deviance": "mean_poisson_deviance",
    "gamma_deviance": "mean_gamma_deviance",
    "tweedie_deviance": "mean_tweedie_deviance",
    "r2_score": "r2",
    "explained_variance_score": "explained_variance",
    "d2_tweedie_score": "d2_tweedie",
    "d2_absolute_error_score": "d2_absolute",
    "d2_pinball_score": "d2_pinball",
    "accuracy_score": "accuracy",
    "error_rate": "zero_one_loss",
    "hamming": "hamming_loss",
    "hinge": "hinge_loss",
    "brier": "brier_score",
    "brier_score_loss": "brier_score",
    "ece": "expected_calibration_error",
    "balanced_accuracy_score": "balanced_accuracy",
    "mcc": "matthews_correlation",
    "matthews_corrcoef": "matthews_correlation",
    "kappa": "cohen_kappa",
    "cohen_kappa_score": "cohen_kappa",
    "precision_score": "precision",
    "recall_score": "recall",
    "f1_score": "f1",
    "jaccard_score": "jaccard",
    "roc_auc_score": "roc_auc",
    "auc": "roc_auc",
    "pr_auc": "average_precision",
    "average_precision_score": "average_precision",
}

_AVERAGED: dict[str, Callable[[str], Metric]] = {kind.name: kind for kind in (Precision, Recall, F1, Jaccard)}
NAMED: dict[str, Callable[[], Metric]] = {
    **functions.NAMED,
    **{alias: functions.NAMED[name] for alias, name in _ALIASES.items()},
    **{
        f"{name}_{average}": partial(_AVERAGED[name], average)
        for name in _AVERAGED
        for average in ("macro", "micro", "weighted")
    },
    "top_3_accuracy": lambda: TopKAccuracy(3),
    "top_5_accuracy": lambda: TopKAccuracy(5),
    "f2": lambda: FBeta(2.0),
}


# What a history holds beside the metrics; a metric of such a name would take its place.
_TAKEN = ("loss", "learning_rate", "seconds")


def metrics_for(given: Iterable[Any] | str | Metric | Callable[..., Any]) -> dict[str, Metric]:
    """The metrics by the names they have in a history: names, objects, or functions of (y_true, y_pred).

    Raises:
        ValueError: If a name is unknown, here and in scikit-learn.
        TypeError: If something is not a metric.

    Example:
        >>> from tilegrad import metrics
        >>> metrics.metrics_for(["accuracy", metrics.F1("macro")])
        {'accuracy': Accuracy(), 'f1_macro': F1(average='macro')}
    """
    found: dict[str, Metric] = {}
    for item in [given] if isinstance(given, str | Metric) or not isinstance(given, Iterable) else given:
        metric = _metric(item)
        name = item if isinstance(item, str) else metric.name
        if name in found:
            raise ValueError(f"Trainer: expected `metrics` of different names, got {name!r} twice")
        if name in _TAKEN or name.startswith("val_"):
            taken = f"{', '.join(_TAKEN)} and 'val_...' are the history's own"
            raise ValueError(f"Trainer: expected `metrics` with names of their own, got {name!r}; {taken}")
        found[name] = metric
    return found


def _metric(given: Any) -> Metric:
    """The metric that a name, an object or a function stands for."""
    if isinstance(given, Metric):
        return given
    if isinstance(given, type) and issubclass(given, Metric):
        raise TypeError(
            f"Trainer: expected `metrics` of objects, got the class {given.__name__}; write {given.__name__}()"
        )
    if isinstance(given, str):
        if given in NAMED:
            return NAMED[given]()
        found = scikit_metric(given)
        if found is None:
            more = "" if has_scikit() else '; names of scikit-learn are known with pip install "tilegrad[sklearn]"'
            raise ValueError(unknown("Trainer", "metric", given, NAMED) + more)
        return found
    for name, kind in functions.NAMED.items():
        if given is getattr(functions, name):
            return kind()
    if callable(given):
        return function_metric(given)
    raise TypeError(f"Trainer: expected `metrics` of names, objects or functions, got {type(given).__name__}")

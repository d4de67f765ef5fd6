"""Metrics: numbers to judge a model by.

A trainer takes names, ``metrics=["accuracy", "f1"]``, or objects, ``[metrics.F1(average="micro")]``. They are summed
over the rows inside the compiled step, in double precision and weighted by sample weights, so that the size of batches
does not matter. On arrays the functions of this module give the same: ``metrics.f1(prediction, target)``.

A metric that needs all predictions at once (a median, an area under a curve), any metric of scikit-learn by its name
(``"neg_log_loss"``, ``"roc_auc_ovr"``, ``"fowlkes_mallows_score"``; with ``tilegrad[sklearn]``), and any function of
(y_true, y_pred) is computed at the end of an epoch, from predictions that are made once more then.

Example:
    >>> import numpy as np
    >>> from tilegrad import metrics
    >>> metrics.accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 1]))
    1.0
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tilegrad.metrics import amounts, classes, curves, quantiles
from tilegrad.metrics.arrays import value_of
from tilegrad.metrics.base import Metric, Predictions, WholeMetric
from tilegrad.metrics.curves import calibration_curve, precision_recall_curve, roc_curve
from tilegrad.metrics.function_metrics import FunctionMetric, RowMetric, custom
from tilegrad.metrics.report import classification_report, confusion_matrix
from tilegrad.metrics.scikit import has_scikit, scikit_metric
from tilegrad.words.names import unknown

__all__ = [
    "FunctionMetric",
    "Metric",
    "Predictions",
    "RowMetric",
    "WholeMetric",
    "calibration_curve",
    "classification_report",
    "confusion_matrix",
    "custom",
    "metrics_for",
    "precision_recall_curve",
    "roc_curve",
]

# Every class that has a name of its own; those they are derived from have none.
_CLASSES: dict[str, type[Metric]] = {
    kind.name: kind
    for module in (amounts, classes, quantiles, curves)
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Metric)
    and "name" in vars(kind)
    and kind.__module__ == module.__name__
}

_TEMPLATE = """
def {name}(prediction, target, *, {settings}sample_weight=None, output="logits"):
    return value_of(kind({given}), prediction, target, sample_weight, output)
"""


def _function(kind: type[Metric]) -> Callable[..., float]:
    """The metric on arrays, with its settings by keyword."""
    settings = list(inspect.signature(kind).parameters.values())
    code = _TEMPLATE.format(
        name=kind.name,
        settings="".join(f"{each.name}={each.default!r}, " for each in settings),
        given=", ".join(f"{each.name}={each.name}" for each in settings),
    )
    known: dict[str, Any] = {"__name__": __name__, "value_of": value_of, "kind": kind}
    exec(compile(code, f"<metric {kind.name}>", "exec"), known)
    function: Callable[..., float] = known[kind.name]
    function.__doc__ = kind.__doc__
    return function


for _kind in _CLASSES.values():
    # Their page is this module.
    _kind.__module__ = __name__
    globals()[_kind.__name__], globals()[_kind.name] = _kind, _function(_kind)
    __all__ += [_kind.__name__, _kind.name]

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

_AVERAGED: dict[str, Callable[[str], Metric]] = {
    kind.name: kind for kind in (classes.Precision, classes.Recall, classes.F1, classes.Jaccard)
}
NAMED: dict[str, Callable[[], Metric]] = {
    **_CLASSES,
    **{alias: _CLASSES[name] for alias, name in _ALIASES.items()},
    **{
        f"{name}_{average}": partial(_AVERAGED[name], average)
        for name in _AVERAGED
        for average in ("macro", "micro", "weighted")
    },
    "top_3_accuracy": lambda: classes.TopKAccuracy(3),
    "top_5_accuracy": lambda: classes.TopKAccuracy(5),
    "f2": lambda: classes.FBeta(2.0),
}


def metrics_for(given: Iterable[Any] | str | Metric | Callable[..., Any]) -> dict[str, Metric]:
    """The metrics by the names they have in a history: names, objects, or functions of (y_true, y_pred).

    Raises:
        ValueError: If a name is unknown, here and in scikit-learn.
        TypeError: If something is no metric.

    Example:
        >>> from tilegrad import metrics
        >>> metrics.metrics_for(["accuracy", metrics.F1("macro")])
        {'accuracy': Accuracy(), 'f1_macro': F1(average='macro')}
    """
    found: dict[str, Metric] = {}
    for each in [given] if isinstance(given, str | Metric) or not isinstance(given, Iterable) else given:
        metric = _metric(each)
        name = each if isinstance(each, str) else metric.name
        if name in found:
            raise ValueError(f"Trainer: expected `metrics` of different names, got {name!r} twice")
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
    for kind in _CLASSES.values():
        if given is globals()[kind.name]:
            return kind()
    if callable(given):
        return FunctionMetric(given)
    raise TypeError(f"Trainer: expected `metrics` of names, objects or functions, got {type(given).__name__}")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'tilegrad.metrics' has no attribute {name!r}")
    raise AttributeError(unknown("metrics", "metric", name, __all__))

"""Metrics: figures to judge a model by, computed along with the loss.

A trainer takes names: ``"accuracy"`` for classes (the largest logit, or for a single logit its sign), ``"mae"`` and
``"mse"`` for amounts.

Example:
    >>> from tilegrad import metrics
    >>> sorted(metrics.NAMED)
    ['accuracy', 'mae', 'mean_absolute_error', 'mean_squared_error', 'mse']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tilegrad import functional
from tilegrad._names import lookup
from tilegrad.tensor import Tensor

__all__ = ["metrics_for"]


def _accuracy(prediction: Tensor, target: Tensor) -> Tensor:
    return prediction.tracer.apply("accuracy_count", [prediction, target])


def _summed_rows(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    def total(prediction: Tensor, target: Tensor) -> Tensor:
        if target.dtype == "int32":
            raise ValueError(f"Trainer: expected `metrics` that go with classes, such as accuracy, got {name}")
        summed: Any = getattr(functional, name)(prediction, target, reduction="sum")
        columns = max(prediction.size // max(prediction.shape[0], 1), 1)
        return summed / float(columns)  # type: ignore[no-any-return]

    return total


# A metric is a sum over the rows of a batch; it is divided by the number of rows at the end.
NAMED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "accuracy": _accuracy,
    "mae": _summed_rows("mean_absolute_error"),
    "mse": _summed_rows("mean_squared_error"),
    "mean_absolute_error": _summed_rows("mean_absolute_error"),
    "mean_squared_error": _summed_rows("mean_squared_error"),
}


def metrics_for(names: Sequence[str] | str) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """The metrics by name.

    Raises:
        ValueError: If a name is unknown.

    Example:
        >>> from tilegrad import metrics
        >>> list(metrics.metrics_for(["accuracy"]))
        ['accuracy']
    """
    if isinstance(names, str):
        names = [names]
    return {name: lookup("Trainer", "metric", name, NAMED) for name in names}

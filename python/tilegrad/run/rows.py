"""Checked rows on their way into plans: what a plan is built for, its inputs, and the one call of the loop over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array


class Form(NamedTuple):
    """What a plan depends on beside the model's parts: shapes, dtypes, and which weights there are."""

    dtype: str
    row_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    target_dtype: str
    has_sample_weight: bool
    has_class_weight: bool


@dataclass(frozen=True)
class Rows:
    """Features and targets that were found to be good, with their weights, for a model of this dtype."""

    x: Array
    y: Array
    sample_weight: Array | None
    class_weight: Array | None
    scale: float | None
    dtype: str

    def __len__(self) -> int:
        return len(self.x)

    @property
    def form(self) -> Form:
        """What plans for these rows are built for."""
        target_dtype = "int32" if self.y.dtype.kind in "iub" else self.dtype
        weights = self.sample_weight is not None, self.class_weight is not None
        return Form(self.dtype, self.x.shape[1:], self.y.shape[1:], target_dtype, *weights)

    def take(self, places: Array | slice) -> Rows:
        """The rows of a slice, or those of these numbers in this order."""
        weight = None if self.sample_weight is None else self.sample_weight[places]
        return replace(self, x=self.x[places], y=self.y[places], sample_weight=weight)

    def inputs(self, places: slice = slice(None)) -> list[Array]:
        """Some rows as the inputs of a plan."""
        features = np.ascontiguousarray(self.x[places], self.dtype)
        if self.scale is not None:
            features = features * np.asarray(self.scale, self.dtype)
        found = [features, np.ascontiguousarray(self.y[places], self.form.target_dtype)]
        if self.sample_weight is not None:
            found.append(self.sample_weight[places])
        return found if self.class_weight is None else [*found, self.class_weight]

    def run(self, plan: _core.Plan, last: _core.Plan | None, state: _core.State, **settings: Any) -> _core._Epoch:
        """Runs a plan batch by batch, and ``last`` on a short last batch; the settings are those of ``_core.run_epoch``."""
        return _core.run_epoch(
            plan,
            last,
            state,
            self.x,
            self.y,
            sample_weight=self.sample_weight,
            class_weight=self.class_weight,
            scale=self.scale,
            **settings,
        )

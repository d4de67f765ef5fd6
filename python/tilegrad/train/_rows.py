"""Checked rows on their way to the loop of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array
from tilegrad.train._steps import Form


class Rows(NamedTuple):
    """Checked data, and the form of the plans for it."""

    x: Array
    y: Array
    sample_weight: Array | None
    class_weight: Array | None
    scale: float | None
    form: Form

    def batch(self, start: int, size: int, dtype: str) -> list[Array]:
        """Some rows as the inputs of a plan."""
        place = slice(start, start + size)
        features = np.ascontiguousarray(self.x[place], dtype)
        if self.scale is not None:
            features = features * np.asarray(self.scale, dtype)
        inputs = [features, np.ascontiguousarray(self.y[place], self.form.target_dtype)]
        if self.sample_weight is not None:
            inputs.append(self.sample_weight[place])
        return inputs if self.class_weight is None else [*inputs, self.class_weight]

    def taken(self, order: Array) -> Rows:
        """The rows of these numbers, in this order."""
        weights = None if self.sample_weight is None else self.sample_weight[order]
        return self._replace(x=self.x[order], y=self.y[order], sample_weight=weights)

    def first(self, count: int) -> Rows:
        """So many rows from the beginning."""
        weights = None if self.sample_weight is None else self.sample_weight[:count]
        return self._replace(x=self.x[:count], y=self.y[:count], sample_weight=weights)


def run_rows(
    state: _core.State,
    plans: tuple[_core.Plan, _core.Plan | None],
    rows: Rows,
    size: int,
    *,
    shuffle: bool,
    seed: int,
    epoch: int = 0,
    report: Any = None,
    maxima: int = 0,
    schedules: Sequence[tuple[_core.Optimizer, str, Array]] = (),
    record: bool = False,
    drop_last: bool = False,
    check_finite: bool = False,
    limit: int | None = None,
) -> _core._Epoch:
    """Runs plans for full batches and for a short last one over all rows."""
    return _core.run_epoch(
        *plans,
        state,
        rows.x,
        rows.y,
        sample_weight=rows.sample_weight,
        class_weight=rows.class_weight,
        batch_size=size,
        scale=rows.scale,
        shuffle=shuffle,
        seed=seed,
        epoch=epoch,
        report=report,
        maxima=maxima,
        schedules=schedules or None,
        record=record,
        drop_last=drop_last,
        check_finite=check_finite,
        limit=limit,
    )

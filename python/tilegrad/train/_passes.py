"""Passes over all rows: one that trains, and one that only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.train._data import check_batch_size
from tilegrad.train._rows import Rows, run_rows

if TYPE_CHECKING:
    from tilegrad.schedules import Training
    from tilegrad.train.trainer import Trainer

# Rows at a time where no gradient is taken.
EVALUATION_BATCH = 256


def pass_over(
    trainer: Trainer,
    rows: Rows,
    size: int,
    *,
    training: bool,
    shuffle: bool = False,
    report: Any = None,
    course: Training | None = None,
) -> _core._Epoch:
    """Takes all rows once, batch by batch, and returns the sums; hyperparameters follow their schedules in the course."""
    schedules = []
    if course is not None and trainer.optimizer.schedules:
        steps = np.arange(trainer.step, trainer.step + -(-len(rows.x) // size))
        schedules = trainer.optimizer.tables(steps, course)
    plans = trainer._steps.pair(len(rows.x), size, rows.form, training=training)
    state = trainer._runner.state(trainer.seed)
    settings: dict[str, Any] = {"shuffle": shuffle, "seed": trainer.seed, "epoch": trainer.epoch}
    return run_rows(state, plans, rows, size, report=report, schedules=schedules, **settings)


def evaluate_rows(trainer: Trainer, rows: Rows, batch_size: int | str) -> dict[str, float]:
    """Loss and metrics, without dropout and without training."""
    size = check_batch_size("evaluate", batch_size, len(rows.x))
    sums = pass_over(trainer, rows, size, training=False)
    if sums["interrupted"]:
        raise KeyboardInterrupt
    return trainer._steps.figures(sums)

"""Passes over all rows: one that trains, and one that only looks."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.metrics._base import Said, WholeMetric
from tilegrad.run.batch_size import check_batch_size
from tilegrad.train._full_batch import iterate
from tilegrad.train._rows import Rows, run_rows

if TYPE_CHECKING:
    from tilegrad.schedules import Training
    from tilegrad.train.trainer import Trainer

# Rows at a time where no gradient is taken.
EVALUATION_BATCH = 256


def batches_of(rows: int, size: int, drop_last: bool) -> int:
    """How many batches, and steps, an epoch has."""
    return rows // size if drop_last else -(-rows // size)


def pass_over(
    trainer: Trainer,
    rows: Rows,
    size: int,
    *,
    training: bool,
    shuffle: bool = False,
    report: Any = None,
    course: Training | None = None,
    start: int | None = None,
    drop_last: bool = False,
    **settings: Any,
) -> _core._Epoch:
    """Takes all rows once, batch by batch, and returns the sums; hyperparameters follow their schedules in the course.

    ``start`` is the step that the epoch begins with, if not the next one; ``settings`` go to the loop.
    """
    if training and trainer.optimizer.full_batch:
        # What is seen afterwards are the figures of the new weights.
        iterate(trainer, rows)
    schedules = []
    if course is not None and trainer.optimizer.schedules:
        first = trainer.step if start is None else start
        steps = np.arange(first, first + course.steps_per_epoch)
        schedules = trainer.optimizer.tables(steps, course)
    plans = trainer._steps.pair(len(rows.x), size, rows.form, training=training, drop_last=drop_last)
    maxima = trainer._steps.built(size, rows.form, training).maxima
    state = trainer._runner.state(trainer.seed)
    settings |= {"shuffle": shuffle, "seed": trainer.seed, "epoch": trainer.epoch, "maxima": maxima}
    settings["drop_last"] = drop_last
    with nullcontext() if training else trainer._runner.evaluating(state):
        return run_rows(state, plans, rows, size, report=report, schedules=schedules, **settings)


def figures_of(trainer: Trainer, rows: Rows, size: int, sums: _core._Epoch, *, training: bool) -> dict[str, float]:
    """Loss and metrics after a pass, in the order in which the metrics were given."""
    steps = trainer._steps
    built = steps.built(size, rows.form, training)
    figures = steps.figures(sums, built)
    whole = {name: metric for name, metric in steps.metrics.items() if isinstance(metric, WholeMetric)}
    if whole:
        output = trainer._runner.predict(rows.x, EVALUATION_BATCH, rows.scale)
        held = trainer.loss.target_shape(output.shape[1:])
        output = output if held == output.shape[1:] else output[:, : held[-1]]
        said = Said(output, built.reading, built.reading.columns)
        figures |= {name: metric.whole(said, rows.y, rows.sample_weight) for name, metric in whole.items()}
    return {name: figures[name] for name in ("loss", *steps.metrics, "penalty") if name in figures}


def evaluate_rows(trainer: Trainer, rows: Rows, batch_size: int | str) -> dict[str, float]:
    """Loss and metrics, without dropout and without training."""
    size = check_batch_size("evaluate", batch_size, len(rows.x))
    sums = pass_over(trainer, rows, size, training=False)
    if sums["interrupted"]:
        raise KeyboardInterrupt
    return figures_of(trainer, rows, size, sums, training=False)

"""Looking at rows without training: loss and metrics, and what the model says of each row."""

from __future__ import annotations

import numpy as np

from tilegrad import _core
from tilegrad.metrics.base import Predictions, Reading, WholeMetric, reading_of
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.train.session import Session
from tilegrad.train.steps import Compiled

# Rows at a time where no gradient is taken.
EVALUATION_BATCH = 256


def evaluate_rows(session: Session, rows: Rows, size: int) -> dict[str, float]:
    """Loss and metrics on rows, without dropout and without training."""
    plans, state = session.steps.plans(len(rows), size, rows.form, training=False), session.state()
    with session.runner.evaluating(state):
        sums = plans.run_all(rows, state, seed=session.seed, epoch=session.epoch)
    return results(session, rows, sums, plans.step)


def results(session: Session, rows: Rows, sums: _core._Epoch, step: Compiled) -> dict[str, float]:
    """Loss and metrics after a run over rows, in the order in which the metrics were given."""
    found = session.steps.results(sums, step)
    whole = {name: metric for name, metric in session.metrics.items() if isinstance(metric, WholeMetric)}
    if whole:
        kept = counted(session, rows)
        predictions = predictions_for(session, kept, step.reading) if len(kept) else None
        for name, metric in whole.items():
            found[name] = np.nan if predictions is None else metric.whole(predictions, kept.y, kept.sample_weight)
    return {name: found[name] for name in ("loss", *session.metrics, "penalty") if name in found}


def counted(session: Session, rows: Rows) -> Rows:
    """The rows that the loss does not ignore, which are those that metrics count."""
    ignored = session.loss.ignore_index
    if ignored is None or rows.y.dtype.kind not in "iub":
        return rows
    kept = np.flatnonzero(rows.y != ignored)
    return rows if len(kept) == len(rows) else rows.take(kept)


def predictions_for(session: Session, rows: Rows, reading: Reading | None = None) -> Predictions:
    """What the model says of checked rows, and how to read it."""
    size = min(EVALUATION_BATCH, len(rows))
    return predictions_of(session, session.runner.predict_rows(rows.x, size, rows.scale, session.seed), reading)


def predictions_of(session: Session, output: Array, reading: Reading | None = None) -> Predictions:
    """An output of the model, without what goes beyond the target, and how to read it."""
    held = session.loss.target_shape(output.shape[1:])
    output = output if held == output.shape[1:] else output[:, : held[-1]]
    columns = output.shape[1] if output.ndim > 1 else 1
    return Predictions(output, reading or reading_of(session.loss, columns, 0), columns)

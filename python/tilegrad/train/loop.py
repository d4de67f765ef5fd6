"""The loop over epochs: trains, evaluates, tells callbacks, and knows why it ended."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.run.rows import Rows
from tilegrad.schedules import Training
from tilegrad.train.callbacks import Callbacks
from tilegrad.train.data import all_ignored
from tilegrad.train.evaluation import EVALUATION_BATCH, evaluate_rows, results
from tilegrad.train.history import History
from tilegrad.train.nonfinite import Guard
from tilegrad.train.objective import iterate
from tilegrad.train.progress import Progress
from tilegrad.train.session import Session
from tilegrad.train.stopping import Stopping

_ADVICE = "try a learning_rate ten times smaller, and scale the features to about -1 to 1"


class Settings(NamedTuple):
    """How ``fit`` was asked to train."""

    batch_size: int
    epochs: int
    shuffle: bool
    drop_last: bool
    record: bool
    check_finite: bool


class Loop:
    """One call of ``fit``, all of whose arguments were found to be good."""

    def __init__(
        self,
        session: Session,
        rows: Rows,
        held: Rows | None,
        settings: Settings,
        stopping: Stopping,
        callbacks: Callbacks,
        progress: Progress,
    ) -> None:
        self.session, self.rows, self.held, self.settings = session, rows, held, settings
        self.stopping, self.callbacks, self.progress = stopping, callbacks, progress
        size, self.idle = settings.batch_size, all_ignored(session.loss, rows.y)
        self.batches = len(rows) // size if settings.drop_last else -(-len(rows) // size)
        self.history = History()
        self.guard = (
            Guard(session, rows, size, self.batches, shuffle=settings.shuffle) if settings.check_finite else None
        )
        steps = session.runner.step + settings.epochs * self.batches
        known = {"loss": False} | {name: metric.greater_is_better for name, metric in session.metrics.items()}
        self.directions = known if held is None else known | {f"val_{name}": greater for name, greater in known.items()}
        self.course = Training(self.batches, steps, session.history, directions=self.directions)

    def run(self) -> History:
        """Trains and returns the history of this call."""
        session, history = self.session, self.history
        self._begin()
        message = None
        try:
            history.stop_reason = self._all_epochs()
            message = self._ended(history.stop_reason)
        except KeyboardInterrupt:
            history.stop_reason = "interrupted"
            message = (
                f"interrupted in epoch {session.epoch + 1} after step {session.runner.step}; the model is as that step "
                "left it"
            )
        except FloatingPointError as error:
            # Whatever ends a training, whoever keeps the best weights brings them back.
            best = session.snapshot.facts.get("best_epoch") if session.snapshot.weights else None
            self.callbacks.fit_end()
            if best is not None:
                error.args = (f"{error}; then the weights of the best epoch, {best}, were brought back",)
            raise
        finally:
            self.progress.close(message)
            session.history.stop_reason = history.stop_reason
        self.callbacks.fit_end()
        self.stopping.warn(history.stop_reason, message)
        return history

    def _begin(self) -> None:
        """Tells everybody what comes; whoever waits for a metric that will not be there says so now."""
        session, optimizer = self.session, self.session.runner.optimizer
        session.directions = self.directions
        self.stopping.begin(tuple(self.directions))
        for schedule in () if optimizer is None else optimizer.schedules.values():
            schedule.begin(self.course)
        self.callbacks.fit_begin()
        session.stop_reason, self.history.stop_reason = None, "error"
        if self.progress.is_shown:
            self.progress.header(header(session, self.rows, self.settings, self.batches))

    def _all_epochs(self) -> str:
        """Takes epoch after epoch; returns why it ended."""
        session, first = self.session, self.session.epoch + 1
        for epoch in range(first, first + self.settings.epochs):
            metrics = self._one_epoch(epoch)
            self.history.add(metrics)
            session.history.add(metrics)
            self.callbacks.epoch_end(epoch, metrics)
            reason = session.stop_reason or self.stopping.reason(metrics)
            if reason is not None:
                return reason
        return "epochs"

    def _ended(self, reason: str) -> str | None:
        """What is said about the end, if there is something to say."""
        message = self.stopping.message(reason, self.history, self.settings.epochs)
        return message or (None if reason == "epochs" else f"stopped: {reason}")

    def _one_epoch(self, epoch: int) -> dict[str, float]:
        """Trains for an epoch, evaluates, and returns loss and metrics."""
        session = self.session
        self.progress.start(epoch, self.batches)
        started = time.perf_counter()
        metrics = self._train(epoch)
        session.epoch = epoch
        if self.held is not None:
            seen = evaluate_rows(session, self.held, min(EVALUATION_BATCH, len(self.held)))
            metrics |= {f"val_{name}": value for name, value in seen.items()}
        metrics["learning_rate"] = float(session.optimizer.learning_rate)
        metrics["seconds"] = time.perf_counter() - started
        self.progress.end(metrics)
        return metrics

    def _train(self, epoch: int) -> dict[str, float]:
        """Takes all rows once, batch by batch; hyperparameters follow their schedules."""
        session, settings, guard = self.session, self.settings, self.guard
        if self.idle:
            # Rows that the loss ignores say nothing; a step would still decay weights and follow old moments.
            return evaluate_rows(session, self.rows, min(EVALUATION_BATCH, len(self.rows)))
        if guard is not None:
            guard.begin()
        if session.solver is not None:
            # What is seen afterwards are the metrics of the new weights.
            iterate(session, session.solver, self.rows)
        plans = session.steps.plans(
            len(self.rows), settings.batch_size, self.rows.form, training=True, drop_last=settings.drop_last
        )
        session.plan, state = plans.step.plan, session.state()
        common: dict[str, Any] = {
            "shuffle": settings.shuffle,
            "drop_last": settings.drop_last,
            "seed": session.seed,
            "epoch": session.epoch,
            "schedules": self._schedules(),
        }
        recording = {"record": settings.record, "report": self.progress.report, "check_finite": guard is not None}
        sums = plans.run(self.rows, state, **common, **recording)
        if guard is not None and sums["not_finite"] is not None:
            raise guard.error(sums["not_finite"], lambda limit: plans.run(self.rows, state, **common, limit=limit))
        for history in (self.history, session.history):
            history.steps.extend(sums["losses"])
        if sums["interrupted"]:
            raise KeyboardInterrupt
        metrics = results(session, self.rows, sums, plans.step)
        # A solver takes its steps by itself.
        if guard is not None and not math.isfinite(metrics["loss"]):
            raise FloatingPointError(
                f"fit: expected `loss` to stay finite, got {metrics['loss']} in epoch {epoch}; {_ADVICE}"
            )
        return metrics

    def _schedules(self) -> list[tuple[_core.Optimizer, str, Any]] | None:
        """What follows a schedule: the rule, the name of the hyperparameter, and its values in the steps of the epoch."""
        optimizer, first = self.session.runner.optimizer, self.session.runner.step
        if optimizer is None or not optimizer.schedules:
            return None
        return optimizer.tables(np.arange(first, first + self.batches), self.course)


def header(session: Session, rows: Rows, settings: Settings, steps: int) -> str:
    """What is trained and how: kind of task, mode of descent, steps of an epoch, and what numbers are taken for."""
    count, size, targets = len(rows), settings.batch_size, session.loss.targets
    mode = "full batch" if size == count else "single samples" if size == 1 else f"mini-batches of {size}"
    if rows.y.dtype.kind in "iub":
        task, taken = "classes", "class numbers"
    else:
        task = taken = "amounts" if targets == "real" else targets.replace("_", " ")
    return (
        f"{task} from {count:,} rows, {mode}, {steps:,} step{'s' * (steps != 1)} an epoch; {session.loss!r}, "
        f"{session.optimizer.name}; computing in {rows.dtype}, y ({rows.y.dtype}) as {taken}"
    )

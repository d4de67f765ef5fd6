"""The loop over epochs: trains, evaluates, tells callbacks, and knows why it ended."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tilegrad import _core
from tilegrad.schedules import Training
from tilegrad.train._nonfinite import Guard
from tilegrad.train._passes import EVALUATION_BATCH, batches_of, evaluate_rows, figures_of, pass_over
from tilegrad.train._progress import Silent
from tilegrad.train._rows import Rows
from tilegrad.train._stopping import Limits
from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


class Plan(NamedTuple):
    """How a training goes, as ``fit`` was asked."""

    batch_size: int
    epochs: int
    shuffle: bool
    drop_last: bool
    record: bool
    limits: Limits


class Loop:
    """One call of ``fit``, all of whose arguments were found to be good."""

    def __init__(
        self,
        trainer: Trainer,
        train: Rows,
        held: Rows | None,
        plan: Plan,
        callbacks: list[Callback],
        display: Silent,
        check_finite: bool,
    ) -> None:
        self.trainer, self.train, self.held, self.plan = trainer, train, held, plan
        self.callbacks, self.display = callbacks, display
        self.batches = batches_of(len(train.x), plan.batch_size, plan.drop_last)
        self.history = History()
        self.guard = (
            Guard(trainer, train, plan.batch_size, self.batches, shuffle=plan.shuffle) if check_finite else None
        )
        steps = trainer.step + plan.epochs * self.batches
        self.course = Training(self.batches, steps, trainer.history)

    def run(self) -> History:
        """Trains and returns the history of this call."""
        trainer, history = self.trainer, self.history
        self._begin()
        message = None
        try:
            history.stop_reason = self._all_epochs()
            message = self._ended(history.stop_reason)
        except KeyboardInterrupt:
            history.stop_reason = "interrupted"
            message = (
                f"interrupted in epoch {trainer.epoch + 1} after step {trainer.step}; the model is as that step left it"
            )
        finally:
            self.display.close(message)
            trainer.history.stop_reason = history.stop_reason
        for each in self.callbacks:
            each.fit_end(trainer)
        self.plan.limits.warn(history.stop_reason, message)
        return history

    def _begin(self) -> None:
        """Tells everybody what comes; whoever waits for a figure that will not be there says so now."""
        trainer = self.trainer
        names = ["loss", *trainer.metrics]
        held = [f"val_{name}" for name in names] if self.held is not None else []
        trainer._figure_names = (*names, *held)
        self.plan.limits.begin(trainer)
        for each in self.callbacks:
            each.fit_begin(trainer)
        trainer._stop, self.history.stop_reason = None, "error"
        self.display.header(header(trainer, self.train, self.plan, self.batches))

    def _all_epochs(self) -> str:
        """Takes epoch after epoch; returns why it ended."""
        trainer, first = self.trainer, self.trainer.epoch + 1
        trainer._first_epoch = trainer.epoch
        for epoch in range(first, first + self.plan.epochs):
            figures = self._one_epoch(epoch)
            self.history.add(figures)
            trainer.history.add(figures)
            for each in self.callbacks:
                each.epoch_end(trainer, epoch, figures)
            reason = trainer._stop or self.plan.limits.reason(figures)
            if reason is not None:
                return reason
        return "epochs"

    def _ended(self, reason: str) -> str | None:
        """A sentence about the end, if there is something to say."""
        message = self.plan.limits.message(reason, self.history, self.plan.epochs)
        return message or (None if reason == "epochs" else f"stopped: {reason}")

    def _one_epoch(self, epoch: int) -> dict[str, float]:
        """Trains for an epoch, evaluates, and returns the figures."""
        trainer = self.trainer
        self.display.start(epoch, self.batches)

        started, first = time.perf_counter(), trainer.step

        plan = self.plan

        def take(**settings: Any) -> _core._Epoch:
            settings |= {"shuffle": plan.shuffle, "drop_last": plan.drop_last, "start": first}
            return pass_over(trainer, self.train, plan.batch_size, training=True, course=self.course, **settings)

        guard = self.guard
        if guard is not None:
            guard.begin()
        sums = take(report=self.display.batch, record=plan.record, check_finite=guard is not None)
        if guard is not None and sums["not_finite"] is not None:
            raise guard.error(sums["not_finite"], lambda limit: take(limit=limit))
        for history in (self.history, trainer.history):
            history.steps.extend(sums["losses"])
        if sums["interrupted"]:
            raise KeyboardInterrupt
        figures = figures_of(trainer, self.train, plan.batch_size, sums, training=True)
        # A rule for the whole batch takes its steps by itself.
        if guard is not None and not math.isfinite(figures["loss"]):
            raise FloatingPointError(
                f"fit: expected `loss` to stay finite, got {figures['loss']} in epoch {epoch}; try a learning_rate ten times "
                "smaller, and scale the features to about -1 to 1"
            )
        trainer.epoch = epoch
        if self.held is not None:
            seen = evaluate_rows(trainer, self.held, EVALUATION_BATCH)
            figures |= {f"val_{name}": value for name, value in seen.items()}
        figures["learning_rate"] = float(trainer.optimizer.learning_rate)
        figures["seconds"] = time.perf_counter() - started
        self.display.end(figures)
        return figures


def header(trainer: Trainer, rows: Rows, plan: Plan, steps: int) -> str:
    """What is trained and how: kind of task, mode of descent, steps of an epoch, and what numbers are taken for."""
    count, size = len(rows.x), plan.batch_size
    mode = "full batch" if size == count else "single samples" if size == 1 else f"mini-batches of {size}"
    if rows.y.dtype.kind in "iub":
        task, taken = "classes", f"y ({rows.y.dtype}) as class numbers"
    else:
        task = "amounts" if trainer.loss.targets == "real" else trainer.loss.targets.replace("_", " ")
        taken = f"y ({rows.y.dtype}) as amounts" if task == "amounts" else f"y ({rows.y.dtype}) as {task}"
    step = "step" if steps == 1 else "steps"
    return (
        f"{task} from {count:,} rows, {mode}, {steps:,} {step} an epoch; {trainer.loss!r}, {trainer.optimizer.name}; "
        f"computing in {trainer._runner.dtype}, {taken}"
    )

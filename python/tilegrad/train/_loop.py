"""The loop over epochs: trains, evaluates, tells callbacks, and knows why it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.schedules import Training
from tilegrad.train._passes import EVALUATION_BATCH, evaluate_rows, figures_of, pass_over
from tilegrad.train._progress import Silent
from tilegrad.train._rows import Rows
from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


class Loop:
    """One call of ``fit``, all of whose arguments were found to be good."""

    def __init__(
        self,
        trainer: Trainer,
        train: Rows,
        held: Rows | None,
        size: int,
        epochs: int,
        shuffle: bool,
        callbacks: list[Callback],
        display: Silent,
        drop_last: bool = False,
    ) -> None:
        self.trainer, self.train, self.held = trainer, train, held
        self.size, self.epochs, self.shuffle = size, epochs, shuffle
        self.callbacks, self.display = callbacks, display
        self.drop_last = drop_last
        self.batches = len(train.x) // size if drop_last else -(-len(train.x) // size)
        self.history = History()
        steps = trainer.step + epochs * self.batches
        self.course = Training(self.batches, steps, trainer.history)

    def run(self) -> History:
        """Trains and returns the history of this call."""
        trainer, history = self.trainer, self.history
        trainer._stop, history.stop_reason, message = None, "error", None
        for each in self.callbacks:
            each.fit_begin(trainer)
        try:
            message = self._all_epochs()
            history.stop_reason = message or "epochs"
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
        return history

    def _all_epochs(self) -> str | None:
        """Takes epoch after epoch; returns why it ended before the last one, if it did."""
        trainer, first = self.trainer, self.trainer.epoch + 1
        for epoch in range(first, first + self.epochs):
            figures = self._one_epoch(epoch)
            self.history.add(figures)
            trainer.history.add(figures)
            for each in self.callbacks:
                each.epoch_end(trainer, epoch, figures)
            if trainer._stop is not None:
                return trainer._stop
        return None

    def _one_epoch(self, epoch: int) -> dict[str, float]:
        """Trains for an epoch, evaluates, and returns the figures."""
        trainer = self.trainer
        self.display.start(epoch, self.batches)

        def report(done: int, loss: float) -> None:
            self._check_loss(loss, epoch, done)
            self.display.batch(done, loss)

        started = time.perf_counter()
        how: dict[str, Any] = {"shuffle": self.shuffle, "drop_last": self.drop_last, "course": self.course}
        sums = pass_over(trainer, self.train, self.size, training=True, report=report, **how)
        if sums["interrupted"]:
            raise KeyboardInterrupt
        figures = figures_of(trainer, self.train, self.size, sums, training=True)
        self._check_loss(figures["loss"], epoch, self.batches)
        trainer.epoch = epoch
        if self.held is not None:
            seen = evaluate_rows(trainer, self.held, EVALUATION_BATCH)
            figures |= {f"val_{name}": value for name, value in seen.items()}
        figures["learning_rate"] = float(trainer.optimizer.learning_rate)
        figures["seconds"] = time.perf_counter() - started
        self.display.end(figures)
        return figures

    def _check_loss(self, loss: float, epoch: int, done: int) -> None:
        if np.isfinite(loss):
            return
        raise FloatingPointError(
            f"fit: expected `loss` to stay finite, got {loss} in epoch {epoch} by step {done} of {self.batches} "
            f"(learning_rate {self.trainer.optimizer.learning_rate:g}); try a learning_rate ten times smaller, and "
            "scale the features to about -1 to 1"
        )

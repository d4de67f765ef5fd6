"""When a training ends: limits that fit is given, and early stopping, which brings the best weights back."""

from __future__ import annotations

import math
import time
import warnings
from typing import TYPE_CHECKING, Any

from tilegrad.tensor import Array
from tilegrad.train.callbacks import Callback
from tilegrad.words.checks import check_count, check_number
from tilegrad.words.names import hint

if TYPE_CHECKING:
    from tilegrad.train.history import History
    from tilegrad.train.trainer import Trainer


class TrainingWarning(UserWarning):
    """Something about data, model or training that is allowed, and probably not meant.

    Example:
        >>> import warnings, tilegrad as tg
        >>> warnings.simplefilter("ignore", tg.train.TrainingWarning)
    """


class ConvergenceWarning(TrainingWarning):
    """The epochs ran out before what was asked for came true.

    Example:
        >>> import warnings, tilegrad as tg
        >>> warnings.simplefilter("error", tg.train.ConvergenceWarning)
    """


def _limit(name: str, value: Any, allowed: str) -> float | None:
    """A number within an interval, or ``None``."""
    return None if value is None else check_number("fit", name, value, allowed, kind="a number or None")


class Limits:
    """What ends a training before its last epoch."""

    def __init__(
        self,
        tolerance: float | None = None,
        target_loss: float | None = None,
        max_time: float | None = None,
        divergence: float | None = 100.0,
        monitor: str | None = None,
    ) -> None:
        self.tolerance = _limit("tolerance", tolerance, "[0, inf)")
        self.target = _limit("target_loss", target_loss, "(-inf, inf)")
        self.seconds = _limit("max_time", max_time, "(0, inf)")
        self.divergence = _limit("divergence", divergence, "(1, inf)")
        self.monitor = monitor
        self._started = time.monotonic()
        self._before: float | None = None
        self._first = self._best = math.inf

    def begin(self, trainer: Trainer) -> None:
        """The training begins; refuses to watch what will not be there."""
        self.monitor = watched(self.monitor, trainer, "fit")
        self._started = time.monotonic()

    def reason(self, figures: dict[str, float]) -> str | None:
        """Why the training ends after an epoch with these figures, if it does."""
        assert self.monitor is not None
        value, before, self._before = figures[self.monitor], self._before, figures[self.monitor]
        if self._diverged(figures["loss"]):
            return "diverged"
        if self.target is not None and figures["loss"] <= self.target:
            return "target"
        if self.tolerance is not None and before is not None and abs(value - before) <= self.tolerance:
            return "tolerance"
        if self.seconds is not None and time.monotonic() - self._started >= self.seconds:
            return "time"
        return None

    def _diverged(self, loss: float) -> bool:
        """Whether the loss is far above the best and above the first. Losses that may be negative have no such measure."""
        if math.isinf(self._first):
            self._first = loss
        self._best = min(self._best, loss)
        return self.divergence is not None and self._best > 0 and loss > max(self.divergence * self._best, self._first)

    def message(self, reason: str, history: History, epochs: int) -> str | None:
        """A sentence about the end, where one is in place."""
        if reason == "target":
            return f"the loss reached {self.target:g}, as asked for"
        if reason == "tolerance" and self.tolerance is None:
            return "the optimizer found nothing more to gain"
        if reason == "tolerance":
            return f"{self.monitor} changed by at most {self.tolerance:g}, as asked for"
        if reason == "time":
            return f"the {self.seconds:g} seconds that were given are over"
        if reason == "diverged":
            return (
                f"the loss diverged: {history['loss'][-1]:.4g} after a best of {self._best:.4g}; try a learning_rate ten times "
                "smaller, and scale the features to about -1 to 1"
            )
        if reason == "epochs" and self.tolerance is not None:
            return f"{epochs} epochs were not enough: {self.monitor} still changed by more than {self.tolerance:g}"
        return None

    def warn(self, reason: str, message: str | None) -> None:
        """Warns where what was asked for did not come true."""
        if reason == "diverged":
            warnings.warn(f"fit: {message}", TrainingWarning, stacklevel=4)
        elif reason == "epochs" and message is not None:
            warnings.warn(f"fit: {message}; give more epochs or a larger step", ConvergenceWarning, stacklevel=4)


def watched(monitor: str | None, trainer: Trainer, function: str) -> str:
    """The figure to watch: the one asked for, else the validation's loss if there is one, else the loss."""
    names = trainer._figure_names
    if monitor is None:
        return "val_loss" if "val_loss" in names else "loss"
    if monitor not in names:
        more = "; give fit `validation_data`" if str(monitor).startswith("val_") else ""
        raise ValueError(
            f"{function}: expected `monitor` to be one of {', '.join(names)}, got {monitor!r}{more or hint(monitor, names)}"
        )
    return monitor


def greater_is_better(monitor: str, mode: str | None, trainer: Trainer) -> bool:
    """Whether more of a figure is better: as said, else as its metric knows."""
    if mode is not None:
        return mode == "max"
    metric = trainer.metrics.get(monitor.removeprefix("val_"))
    return metric is not None and metric.greater_is_better


class EarlyStopping(Callback):
    """Ends the training when a figure no longer gets better, and always brings the best weights back.

    At the end of ``fit``, whatever ended it, the model has the weights of the best epoch. The optimizer keeps its state and
    its count of steps: a further ``fit`` goes on from the best weights with the latest moments.

    Args:
        monitor: The figure to watch, such as ``"val_accuracy"``; ``None`` takes ``"val_loss"``, or ``"loss"`` without
            validation.
        patience: How many epochs without a better figure are waited for; 10 as in scikit-learn (Keras has 0).
        min_delta: By how much more than this a figure must be better to count.
        mode: ``"min"`` or ``"max"``; ``None`` lets the metric decide.

    Raises:
        ValueError: If a number is out of range, or at the beginning of ``fit`` if there will be no such figure.
        TypeError: If a number is none.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> stopping = tg.train.EarlyStopping(patience=2, min_delta=1e-3)
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", tg.optim.SGD(learning_rate=0.1))
        >>> history = trainer.fit(x, 3 * x, epochs=500, callbacks=stopping, progress=False)
        >>> history.stop_reason, stopping.best_epoch == history.epochs - 2
        ('patience', True)
    """

    def __init__(
        self, monitor: str | None = None, patience: int = 10, min_delta: float = 0.0, mode: str | None = None
    ) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f'EarlyStopping: expected `mode` to be "min", "max" or None, got {mode!r}')
        self.monitor, self.mode = monitor, mode
        self.patience = check_count("EarlyStopping", "patience", patience, 0)
        self.min_delta = check_number("EarlyStopping", "min_delta", min_delta or 0.0, "[0, inf)")
        self.best: float | None = None
        self.best_epoch: int | None = None
        self._watched, self._sign = "loss", 1.0

    def fit_begin(self, trainer: Trainer) -> None:
        """Begins anew, or goes on where a saved training was."""
        self._watched = watched(self.monitor, trainer, "EarlyStopping")
        self._sign = -1.0 if greater_is_better(self._watched, self.mode, trainer) else 1.0
        kept = trainer._kept
        # What another fit left, or another figure, says nothing about this one.
        if kept.facts.get("epoch") != trainer.epoch or kept.facts.get("monitor") != self._watched:
            kept.clear()
        self.best, self.best_epoch = kept.facts.get("best"), kept.facts.get("best_epoch")

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Keeps the weights if they are the best so far; stops after too many epochs without better ones."""
        value = figures[self._watched]
        if math.isfinite(value) and (self.best is None or self._sign * (self.best - value) > self.min_delta):
            self.best, self.best_epoch = value, epoch
            trainer._kept.take(trainer)
        facts = {"monitor": self._watched, "best": self.best, "best_epoch": self.best_epoch, "epoch": epoch}
        trainer._kept.facts = facts
        if epoch - (self.best_epoch if self.best_epoch is not None else trainer._first_epoch) >= max(self.patience, 1):
            trainer.stop("patience")

    def fit_end(self, trainer: Trainer) -> None:
        """Brings the best weights back."""
        trainer._kept.bring_back(trainer)
        trainer._kept.clear()


class Kept:
    """Weights that are kept while a training goes on, and facts about them; both are saved with the trainer."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.weights: dict[str, Array] = {}

    def clear(self) -> None:
        """Forgets everything."""
        self.facts, self.weights = {}, {}

    def take(self, trainer: Trainer) -> None:
        """Copies the weights, and what else belongs to the model, such as running statistics."""
        state = trainer._runner.state(trainer.seed)
        self.weights = {name: state.view(name).copy() for name in state.names}

    def bring_back(self, trainer: Trainer) -> None:
        """Puts the weights back into the model."""
        state = trainer._runner.state(trainer.seed)
        for name, values in self.weights.items():
            state.view(name)[...] = values

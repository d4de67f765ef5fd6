"""When a training ends: what ``fit`` is asked to watch, and the warnings about it."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from tilegrad.train.history import History
from tilegrad.words.checks import check_number
from tilegrad.words.names import hint


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


def _number_or_none(name: str, value: Any, allowed: str) -> float | None:
    return None if value is None else check_number("fit", name, value, allowed, kind="a number or None")


class Stopping:
    """What ends a training before its last epoch."""

    def __init__(
        self,
        tolerance: float | None = None,
        target_loss: float | None = None,
        max_time: float | None = None,
        divergence: float | None = 100.0,
        monitor: str | None = None,
    ) -> None:
        self.tolerance = _number_or_none("tolerance", tolerance, "[0, inf)")
        self.target = _number_or_none("target_loss", target_loss, "(-inf, inf)")
        self.seconds = _number_or_none("max_time", max_time, "(0, inf)")
        self.divergence = _number_or_none("divergence", divergence, "(1, inf)")
        self.monitor = monitor
        self._watched = "loss"
        self._started = time.monotonic()
        self._before: float | None = None
        self._first = self._best = math.inf

    def begin(self, names: Sequence[str]) -> None:
        """The training begins; refuses to watch a metric that will not be there."""
        self._watched = watched(self.monitor, names, "fit")
        self._started = time.monotonic()

    def reason(self, metrics: Mapping[str, float]) -> str | None:
        """Why the training ends after an epoch with these metrics, if it does."""
        value, before, self._before = metrics[self._watched], self._before, metrics[self._watched]
        if self._diverged(metrics["loss"]):
            return "diverged"
        if self.target is not None and metrics["loss"] <= self.target:
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
        """What is said about the end, where something is to be said."""
        if reason == "target":
            return f"the loss reached {self.target:g}, as asked for"
        if reason == "tolerance" and self.tolerance is None:
            return "the optimizer found nothing more to gain"
        if reason == "tolerance":
            return f"{self._watched} changed by at most {self.tolerance:g}, as asked for"
        if reason == "time":
            return f"the {self.seconds:g} seconds that were given are over"
        if reason == "diverged":
            return (
                f"the loss diverged: {history['loss'][-1]:.4g} after a best of {self._best:.4g}; try a learning_rate ten times "
                "smaller, and scale the features to about -1 to 1"
            )
        if reason == "epochs" and self.tolerance is not None:
            return f"{epochs} epochs were not enough: {self._watched} still changed by more than {self.tolerance:g}"
        return None

    def warn(self, reason: str, message: str | None) -> None:
        """Warns where what was asked for did not come true."""
        if reason == "diverged":
            warnings.warn(f"fit: {message}", TrainingWarning, stacklevel=4)
        elif reason == "epochs" and message is not None:
            warnings.warn(f"fit: {message}; give more epochs or a larger step", ConvergenceWarning, stacklevel=4)


def watched(monitor: str | None, names: Sequence[str], function: str) -> str:
    """The metric to watch: the one asked for, else the validation's loss if there is one, else the loss."""
    if monitor is None:
        return "val_loss" if "val_loss" in names else "loss"
    if monitor not in names:
        more = "; give fit `validation_data`" if str(monitor).startswith("val_") else ""
        raise ValueError(
            f"{function}: expected `monitor` to be one of {', '.join(names)}, got {monitor!r}{more or hint(monitor, names)}"
        )
    return monitor

"""A schedule that falls when a loss or metric no longer gets better."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from tilegrad.schedules.base import Schedule, Training
from tilegrad.tensor import Array
from tilegrad.words.checks import check_choice, is_more_better
from tilegrad.words.names import hint, lookup

# Whether the threshold is a share of the best value.
_STYLES = {"torch": True, "keras": False}


class Plateau(Schedule):
    """Falls by a factor when a loss or metric of the epochs has not got better for some of them.

    An epoch counts as better below ``best * (1 - threshold)`` with ``style="torch"`` (relative), below ``best - threshold``
    with ``style="keras"`` (absolute). Keras falls in the ``patience``-th bad epoch, PyTorch in the one after it. The value is
    a function of the history, so that a resumed training goes on as if it had never stopped.

    Args:
        start: First value.
        factor: 0.1 as in both.
        patience: How many bad epochs are waited for; 10 as in both.
        threshold: 1e-4 as in both.
        monitor: What of the history; ``"loss"``, a metric, or ``"val_..."``.
        mode: ``"min"`` if less is better, ``"max"`` if more is; ``None`` lets the metric decide, and is ``"min"`` without one.
        cooldown: Epochs after a fall in which bad ones are not counted.
        minimum: It falls no further than this.
        style: ``"torch"`` or ``"keras"``.

    Raises:
        ValueError: If a number is out of range; at the beginning of ``fit``, if there will be no such metric, or if neither it
            nor ``mode`` says which is better.

    Example:
        >>> from tilegrad import schedules
        >>> schedule = schedules.Plateau(0.1, patience=2)
        >>> schedule.after([1.0, 0.5, 0.5, 0.5]), schedule.after([1.0, 0.5, 0.5, 0.5, 0.5])
        (0.1, 0.010000000000000002)
    """

    start: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    monitor: str = "loss"
    mode: str | None = None
    cooldown: int = 0
    minimum: float = 0.0
    style: str = "torch"

    ranges: ClassVar = {
        **dict.fromkeys(("start", "patience", "threshold", "cooldown", "minimum"), "[0, inf)"),
        "factor": "(0, 1)",
    }

    def _check(self) -> None:
        super()._check()
        if self.mode is not None:
            check_choice("Plateau", "mode", self.mode, ("min", "max"))
        lookup("Plateau", "style", self.style, _STYLES)

    def after(self, values: Iterable[float]) -> float:
        """The value after epochs with these losses or metrics."""
        watch = _Watch(self, greater=self.mode == "max")
        for value in values:
            watch.add(float(value))
        return watch.value

    def begin(self, training: Training) -> None:
        """Refuses to watch what will not be there, or what may be better either way."""
        names = training.directions
        if self.monitor not in names:
            more = "; give fit `validation_data`" if self.monitor.startswith("val_") else ""
            raise ValueError(
                f"Plateau: expected `monitor` to be a loss or metric of the training{more or hint(self.monitor, names)}, "
                f"got {self.monitor!r}; there are {', '.join(names)}"
            )
        self._is_greater_better(training)

    def _is_greater_better(self, training: Training) -> bool:
        # A training that is made by hand may leave out what is known of its metrics.
        known = training.directions.get(self.monitor, None if training.directions else False)
        return is_more_better("Plateau", self.monitor, self.mode, known)

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The value after the epochs so far: the same for all steps."""
        if training is None or not any(training.figures.values()):
            return np.full_like(steps, self.start)
        if self.monitor not in training.figures:
            names = list(training.figures)
            raise ValueError(
                f"Plateau: expected `monitor` to be a loss or metric of the history{hint(self.monitor, names)}, got {self.monitor!r}; "
                f"there are {', '.join(names)}"
            )
        watch: _Watch = training.memory.setdefault(id(self), _Watch(self, greater=self._is_greater_better(training)))
        for value in training.figures[self.monitor][watch.epochs :]:
            watch.add(float(value))
        return np.full_like(steps, watch.value)


class _Watch:
    """The best value so far, bad epochs since, and the value they led to."""

    def __init__(self, plateau: Plateau, *, greater: bool) -> None:
        self.plateau, self.greater, self.value = plateau, greater, float(plateau.start)
        self.best, self.bad, self.cooling, self.epochs = math.inf, 0, 0, 0

    def add(self, latest: float) -> None:
        """Counts an epoch; one whose value is NaN is bad."""
        plateau = self.plateau
        self.epochs += 1
        latest = -latest if self.greater else latest
        keras = plateau.style == "keras"
        # Keras leaves the cooling before it counts an epoch, PyTorch after.
        if keras:
            self._cool()
        if self._is_better(latest):
            self.best, self.bad = latest, 0
        elif not (keras and self.cooling):
            self.bad += 1
        if not keras:
            self._cool()
        if self.bad >= max(plateau.patience, 1) if keras else self.bad > plateau.patience:
            self.value = max(self.value * plateau.factor, plateau.minimum)
            self.cooling, self.bad = plateau.cooldown, 0

    def _cool(self) -> None:
        if self.cooling:
            self.cooling, self.bad = self.cooling - 1, 0

    def _is_better(self, latest: float) -> bool:
        if math.isinf(self.best):
            return latest < self.best
        threshold = self.plateau.threshold
        return latest < self.best - (threshold * abs(self.best) if _STYLES[self.plateau.style] else threshold)

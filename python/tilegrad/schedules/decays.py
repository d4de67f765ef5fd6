"""Schedules that fall: constant, step, exponential, cosine, linear, polynomial, inverse, piecewise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tilegrad.schedules.base import Schedule, Training, each, powers
from tilegrad.tensor import Array
from tilegrad.words.checks import check_ascending, check_numbers


class Step(Schedule):
    """Multiplied by a factor again and again: ``start * factor^floor(t / every)``, as PyTorch's ``StepLR``.

    Args:
        start: First value.
        every: How long each value holds.
        factor: What follows is so many times it; 0.1 as in PyTorch.
        unit: What ``every`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Step(1.0, every=10, factor=0.5)([0, 9, 10, 25])
        array([1.  , 1.  , 0.5 , 0.25])
    """

    start: float
    every: float
    factor: float = 0.1

    ranges: ClassVar = {"start": "(-inf, inf)", "every": "(0, inf)", "factor": "[0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start * factor^floor(t / every)``."""
        return self.start * powers(self.factor, np.floor(self._position(steps, training) / self.every))


class MultiStep(Schedule):
    """Multiplied by a factor at given positions: ``start * factor^(how many of them are <= t)``, as PyTorch's.

    Args:
        start: First value.
        milestones: Positions, rising.
        factor: 0.1 as in PyTorch.
        unit: What the positions count.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.MultiStep(1.0, [10, 30], factor=0.5)([0, 10, 29, 30])
        array([1.  , 0.5 , 0.5 , 0.25])
    """

    start: float
    milestones: Sequence[float]
    factor: float = 0.1

    ranges: ClassVar = {"start": "(-inf, inf)", "factor": "[0, inf)"}

    def _check(self) -> None:
        super()._check()
        self._change("milestones", check_ascending("MultiStep", "milestones", self.milestones))

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start * factor^k`` where ``k`` milestones have passed."""
        passed = np.searchsorted(self.milestones, self._position(steps, training), side="right")
        return self.start * powers(self.factor, passed)


class Exponential(Schedule):
    """Falls by a factor each so many steps: ``start * factor^(t / every)``.

    PyTorch's ``ExponentialLR`` with ``every=1``; Keras' and optax' ``ExponentialDecay``, whose ``staircase`` is :class:`Step`.

    Args:
        start: First value.
        factor: What follows after ``every`` is so many times it.
        every: After how long.
        unit: What ``every`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Exponential(1.0, factor=0.25, every=10)([0, 5, 10])
        array([1.  , 0.5 , 0.25])
    """

    start: float
    factor: float
    every: float = 1.0

    ranges: ClassVar = {"start": "(-inf, inf)", "factor": "(0, inf)", "every": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start * factor^(t / every)``."""
        return self.start * powers(self.factor, self._position(steps, training) / self.every)


class Cosine(Schedule):
    """Half a cosine from ``start`` to ``end``, where it stays (Loshchilov and Hutter, 2017).

    ``end + (start - end) * (1 + cos(pi * t / steps)) / 2``. As PyTorch's ``CosineAnnealingLR`` up to ``T_max``, Keras' and
    optax' cosine decay (whose ``alpha`` is ``end / start``). Put :class:`Warmup` around it for a warm-up.

    Args:
        start: First value.
        steps: Length; the whole training if left out.
        end: Last value.
        unit: What ``steps`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Cosine(1.0, steps=100)([0, 50, 100, 200])
        array([1. , 0.5, 0. , 0. ])
    """

    start: float
    steps: float | None = None
    end: float = 0.0

    ranges: ClassVar = {"start": "(-inf, inf)", "steps": "(0, inf)", "end": "(-inf, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``end + (start - end) * (1 + cos(pi * t / steps)) / 2``."""
        return self.end + (self.start - self.end) * half_cosine(self._share(steps, self.steps, training))


def half_cosine(share: Array) -> Array:
    """From 1 to 0 along half a cosine; exactly 0.5 in the middle."""
    return 0.5 - 0.5 * each(math.sin, np.pi * (share - 0.5))


class Linear(Schedule):
    """A straight line from ``start`` to ``end``, where it stays.

    Args:
        start: First value.
        end: Last value.
        steps: Length; the whole training if left out.
        unit: What ``steps`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Linear(1.0, 0.5, steps=10)([0, 5, 10, 20])
        array([1.  , 0.75, 0.5 , 0.5 ])
    """

    start: float
    end: float = 0.0
    steps: float | None = None

    ranges: ClassVar = {"start": "(-inf, inf)", "end": "(-inf, inf)", "steps": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start + (end - start) * t / steps``."""
        return self.start + (self.end - self.start) * self._share(steps, self.steps, training)


class Polynomial(Schedule):
    """``end + (start - end) * (1 - t / steps)^power``, then ``end``: Keras', optax' and PyTorch's polynomial decay.

    Args:
        start: First value.
        end: Last value.
        steps: Length; the whole training if left out.
        power: 1 is a straight line.
        unit: What ``steps`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Polynomial(1.0, steps=10, power=2.0)([0, 5, 10])
        array([1.  , 0.25, 0.  ])
    """

    start: float
    end: float = 0.0
    steps: float | None = None
    power: float = 1.0

    ranges: ClassVar = {"start": "(-inf, inf)", "end": "(-inf, inf)", "steps": "(0, inf)", "power": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``end + (start - end) * (1 - t / steps)^power``."""
        rest = 1 - self._share(steps, self.steps, training)
        return self.end + (self.start - self.end) * each(lambda share: math.pow(share, self.power), rest)


class InverseTime(Schedule):
    """``start / (1 + rate * t / every)``: Keras' ``InverseTimeDecay``; it settles methods that oscillate at a fixed rate.

    Args:
        start: First value.
        rate: How fast it falls.
        every: Unit of time for the rate.
        unit: What ``every`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.InverseTime(1.0, rate=1.0)([0, 1, 3])
        array([1.  , 0.5 , 0.25])
    """

    start: float
    rate: float
    every: float = 1.0

    ranges: ClassVar = {"start": "(-inf, inf)", "rate": "[0, inf)", "every": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start / (1 + rate * t / every)``."""
        return self.start / (1 + self.rate * self._position(steps, training) / self.every)


class InverseSquareRoot(Schedule):
    """``start * sqrt(shift / (t + shift))``; with ``shift=1`` scikit-learn's ``invscaling`` per step.

    Args:
        start: First value.
        shift: The value has fallen to ``start / sqrt(2)`` after so long.
        unit: What ``shift`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.InverseSquareRoot(1.0)([0, 3, 8]).round(4)
        array([1.    , 0.5   , 0.3333])
    """

    start: float
    shift: float = 1.0

    ranges: ClassVar = {"start": "(-inf, inf)", "shift": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``start * sqrt(shift / (t + shift))``."""
        return self.start * np.sqrt(self.shift / (self._position(steps, training) + self.shift))


class Noam(Schedule):
    """``factor / sqrt(width) * min(1 / sqrt(s), s / warmup^1.5)`` with ``s = t + 1``: the Transformer's (Vaswani et al., 2017).

    Args:
        width: Width of the model.
        warmup: Length of the linear rise.
        factor: Scales all values.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Noam(width=100, warmup=4)([0, 3, 15])
        array([0.0125, 0.05  , 0.025 ])
    """

    width: float
    warmup: float = 4000
    factor: float = 1.0

    ranges: ClassVar = {"width": "(0, inf)", "warmup": "(0, inf)", "factor": "(0, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """``factor / sqrt(width) * min(1 / sqrt(s), s / warmup^1.5)``."""
        position = self._position(steps, training) + 1
        rise = position * self.warmup**-1.5
        values: Array = self.factor * self.width**-0.5 * np.minimum(1 / np.sqrt(position), rise)
        return values


class PiecewiseConstant(Schedule):
    """A value for each stretch between boundaries.

    A value holds from its boundary on, as in PyTorch and optax; in Keras from the step after it.

    Args:
        values: One more than there are boundaries.
        boundaries: Where each value but the first begins, rising.
        unit: What the boundaries count.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.PiecewiseConstant([0.1, 0.01, 0.001], [10, 30])([9, 10, 30])
        array([0.1  , 0.01 , 0.001])
    """

    values: Sequence[float]
    boundaries: Sequence[float]

    def _check(self) -> None:
        super()._check()
        self._change("values", check_numbers("PiecewiseConstant", "values", self.values))
        self._change("boundaries", check_ascending("PiecewiseConstant", "boundaries", self.boundaries))
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"PiecewiseConstant: expected one value more than the {len(self.boundaries)} boundaries, got {len(self.values)}"
            )

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The value of the stretch that each step falls into."""
        place = np.searchsorted(self.boundaries, self._position(steps, training), side="right")
        values: Array = np.asarray(self.values)[place]
        return values


class PiecewiseLinear(Schedule):
    """Straight lines between points, constant before the first and after the last.

    Args:
        positions: Where the points are, rising.
        values: The value at each.
        unit: What the positions count.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.PiecewiseLinear([0, 10, 20], [0.0, 1.0, 0.5])([0, 5, 15, 30])
        array([0.  , 0.5 , 0.75, 0.5 ])
    """

    positions: Sequence[float]
    values: Sequence[float]

    def _check(self) -> None:
        super()._check()
        self._change("positions", check_ascending("PiecewiseLinear", "positions", self.positions))
        self._change("values", check_numbers("PiecewiseLinear", "values", self.values))
        if not self.positions or len(self.values) != len(self.positions):
            raise ValueError(
                f"PiecewiseLinear: expected a value for each of the {len(self.positions)} positions, got {len(self.values)}"
            )

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The line through the points."""
        return np.interp(self._position(steps, training), self.positions, self.values)

"""Schedules that rise and fall: cosine with restarts, one-cycle, cyclic."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tilegrad.schedules.base import Schedule, Training, powers
from tilegrad.schedules.decays import half_cosine
from tilegrad.tensor import Array
from tilegrad.words.checks import check_choice
from tilegrad.words.names import lookup


class CosineRestarts(Schedule):
    """Half a cosine again and again: SGDR (Loshchilov and Hutter, 2017).

    Follows PyTorch's ``CosineAnnealingWarmRestarts(T_0, T_mult)``; Keras' ``CosineDecayRestarts`` adds ``peak_factor`` (its
    ``m_mul``) and has ``growth=2`` by default.

    Args:
        start: First value of the first cycle.
        first: Length of the first cycle.
        growth: Each cycle is so many times as long as the one before.
        peak_factor: Each cycle starts at so many times the value before.
        end: What each cycle falls to.
        unit: What ``first`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.CosineRestarts(1.0, first=10, growth=2)([0, 5, 10, 20, 29, 30]).round(4)
        array([1.    , 0.5   , 1.    , 0.5   , 0.0062, 1.    ])
    """

    start: float
    first: float
    growth: float = 1.0
    peak_factor: float = 1.0
    end: float = 0.0

    ranges: ClassVar = {
        "start": "(-inf, inf)",
        "first": "(0, inf)",
        "growth": "[1, inf)",
        "peak_factor": "[0, inf)",
        "end": "(-inf, inf)",
    }

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The cosine of the cycle that each step falls into."""
        whole = self._position(steps, training) / self.first
        if self.growth == 1.0:
            cycle = np.floor(whole)
            share = whole - cycle
        else:
            # Cycles before number k last (growth^k - 1) / (growth - 1) in all. The logarithm may be wrong by a rounding.
            begins = _begins(
                int(np.log2(whole.max(initial=0.0) * (self.growth - 1) + 1) / np.log2(self.growth)) + 2, self
            )
            cycle = np.searchsorted(begins, whole, side="right") - 1.0
            share = (whole - begins[cycle.astype(np.intp)]) / powers(self.growth, cycle)
        peak = self.start * powers(self.peak_factor, cycle)
        return self.end + (peak - self.end) * half_cosine(share)


def _begins(count: int, cycles: CosineRestarts) -> Array:
    """Where each cycle begins, in lengths of the first one."""
    return np.concatenate([[0.0], np.cumsum(cycles.growth ** np.arange(count))])


# Defaults of the peers: share of the rise, start = peak / divisor, end = start / final divisor, steps the ends lie before.
_ONE_CYCLES = {
    "torch": (0.3, 25.0, 1e4, 1),
    "optax": (0.3, 25.0, 1e4, 0),
    "fastai": (0.25, 25.0, 4e3, 0),
}
_SHAPES = ("cosine", "linear")


class OneCycle(Schedule):
    """Rises from ``peak / divisor`` to ``peak``, then falls to ``peak / divisor / final_divisor`` (Smith and Topin, 2019).

    Both along half a cosine, or straight with ``shape="linear"``. What the style does not say may be set. Beside it,
    :class:`OneCycleMomentum` moves the momentum the other way.

    * ``"torch"`` (default): the rise takes 0.3, from peak / 25, to peak / 250,000; peak at step ``0.3 * steps - 1``, end at
      ``steps - 1``
    * ``"optax"``: the same, the peak at step ``int(0.3 * steps)``, the end at ``steps``
    * ``"fastai"``: the rise takes 0.25, to peak / 100,000

    Args:
        peak: Highest value.
        steps: Length; the whole training if left out.
        style: Whose defaults and ends.
        rise: Share of the length that the rise takes.
        divisor: The first value is ``peak / divisor``.
        final_divisor: The last value is ``peak / divisor / final_divisor``.
        shape: ``"cosine"`` or ``"linear"``.
        unit: What ``steps`` counts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.OneCycle(1.0, steps=100, style="fastai")([0, 25, 100]).round(5)
        array([4.e-02, 1.e+00, 1.e-05])
    """

    peak: float
    steps: float | None = None
    style: str = "torch"
    rise: float | None = None
    divisor: float | None = None
    final_divisor: float | None = None
    shape: str = "cosine"

    ranges: ClassVar = {
        "peak": "(0, inf)",
        "steps": "(0, inf)",
        "rise": "(0, 1)",
        "divisor": "(0, inf)",
        "final_divisor": "(0, inf)",
    }

    def _check(self) -> None:
        rise, divisor, final, _ = lookup("OneCycle", "style", self.style, _ONE_CYCLES)
        for name, default in (("rise", rise), ("divisor", divisor), ("final_divisor", final)):
            if getattr(self, name) is None:
                self._change(name, default)
        super()._check()
        check_choice("OneCycle", "shape", self.shape, _SHAPES)

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The rise, then the fall."""
        low = self.peak / _set(self.divisor)
        return _one_cycle(self, steps, training, low, self.peak, low / _set(self.final_divisor))


class OneCycleMomentum(Schedule):
    """Falls from ``high`` to ``low`` while :class:`OneCycle` rises, and comes back: for the momentum, or Adam's ``beta1``.

    Args:
        high: First and last value; 0.95 as in PyTorch and fastai.
        low: Value at the learning rate's peak; 0.85 as in PyTorch and fastai.
        steps: Length; the whole training if left out.
        style: As in :class:`OneCycle`.
        rise: As in :class:`OneCycle`.
        shape: ``"cosine"`` or ``"linear"``.
        unit: What ``steps`` counts.

    Example:
        >>> from tilegrad import optim, schedules
        >>> optimizer = optim.SGD(schedules.OneCycle(0.1), momentum=schedules.OneCycleMomentum())
        >>> schedules.OneCycleMomentum(steps=100, style="fastai")([0, 25, 100]).round(5)
        array([0.95, 0.85, 0.95])
    """

    high: float = 0.95
    low: float = 0.85
    steps: float | None = None
    style: str = "torch"
    rise: float | None = None
    shape: str = "cosine"

    ranges: ClassVar = {"high": "(-inf, inf)", "low": "(-inf, inf)", "steps": "(0, inf)", "rise": "(0, 1)"}

    def _check(self) -> None:
        if self.rise is None:
            self._change("rise", lookup("OneCycleMomentum", "style", self.style, _ONE_CYCLES)[0])
        super()._check()
        check_choice("OneCycleMomentum", "shape", self.shape, _SHAPES)

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The fall, then the rise."""
        return _one_cycle(self, steps, training, self.high, self.low, self.high)


def _set(value: float | None) -> float:
    """A number that the style has filled in."""
    assert value is not None
    return value


def _one_cycle(
    cycle: OneCycle | OneCycleMomentum,
    steps: Array,
    training: Training | None,
    first: float,
    middle: float,
    last: float,
) -> Array:
    """From the first value to the middle one, then to the last, where it stays."""
    before = lookup(cycle.name, "style", cycle.style, _ONE_CYCLES)[3]
    position, length = cycle._position(steps, training), cycle._length(cycle.steps, training)
    if cycle.unit == "share":
        before = 0
    top = max(_set(cycle.rise) * length - before, 0.0)
    if cycle.style == "optax" and cycle.unit != "share":
        top = float(int(top))
    end = max(length - before, top)
    rise = np.clip(position / top, 0.0, 1.0) if top else np.ones_like(position)
    fall = np.clip((position - top) / (end - top), 0.0, 1.0) if end > top else np.ones_like(position)
    curve = half_cosine if cycle.shape == "cosine" else lambda share: 1.0 - share
    return np.where(position <= top, middle + (first - middle) * curve(rise), last + (middle - last) * curve(fall))


class Cyclic(Schedule):
    """Goes up and down between two values in straight lines (Smith, 2017), as PyTorch's ``CyclicLR``.

    Args:
        low: Lowest value.
        high: Highest value of the first cycle.
        rise: Length of the way up; 2,000 as in PyTorch.
        fall: Length of the way down; that of the way up if left out.
        mode: ``"triangular"``, ``"triangular2"`` (each cycle half as high as the one before) or ``"exponential"`` (the
            height times ``factor^t``; PyTorch's ``exp_range``).
        factor: For ``mode="exponential"``.
        unit: What the lengths count.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Cyclic(0.0, 1.0, rise=4)([0, 2, 4, 6, 8, 12])
        array([0. , 0.5, 1. , 0.5, 0. , 1. ])
    """

    low: float
    high: float
    rise: float = 2000
    fall: float | None = None
    mode: str = "triangular"
    factor: float = 1.0

    ranges: ClassVar = {
        **dict.fromkeys(("low", "high"), "(-inf, inf)"),
        **dict.fromkeys(("rise", "fall", "factor"), "(0, inf)"),
    }

    def _check(self) -> None:
        super()._check()
        check_choice("Cyclic", "mode", self.mode, ("triangular", "triangular2", "exponential"))

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The place in the cycle, times its height."""
        position = self._position(steps, training)
        fall = self.rise if self.fall is None else self.fall
        cycle = np.floor(position / (self.rise + fall))
        inside = position - cycle * (self.rise + fall)
        share = np.where(inside <= self.rise, inside / self.rise, (self.rise + fall - inside) / fall)
        height: Array | float = 1.0
        if self.mode != "triangular":
            height = powers(0.5, cycle) if self.mode == "triangular2" else powers(self.factor, position)
        return self.low + (self.high - self.low) * share * height

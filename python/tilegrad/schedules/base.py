"""What all schedules share: counting in steps, epochs or shares of the training, and being put together."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tilegrad.charts import plot_schedule
from tilegrad.tensor import Array
from tilegrad.words.checks import check_ascending, check_choice, check_number, is_number
from tilegrad.words.declared import Value, keyword

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = ("step", "epoch", "share")


@dataclass(frozen=True)
class Training:
    """What a schedule may know of the training it is part of; ``fit`` makes one.

    Args:
        steps_per_epoch: Steps of an epoch.
        total_steps: Steps of the whole training, those before this ``fit`` included.
        figures: Losses and metrics of the epochs so far by name, one number per epoch.
        memory: What a schedule keeps from epoch to epoch, by its identity.
        directions: The names of all losses and metrics there will be, and of each whether more is better (``None`` where it
            does not say).

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Cosine(1.0)(50, schedules.Training(steps_per_epoch=10, total_steps=100))
        0.5
    """

    steps_per_epoch: int
    total_steps: float
    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)
    memory: dict[int, Any] = field(default_factory=dict)
    directions: Mapping[str, bool | None] = field(default_factory=dict)

    def within(self, total_steps: float) -> Training:
        """The same training with another number of steps, for a schedule that has a part of it."""
        return replace(self, total_steps=total_steps)


class Schedule(Value, ABC):
    """A number that depends on the step: ``schedule(step)``, steps counted from 0, also for an array of steps.

    Any numeric hyperparameter of an optimizer may be one. ``fit`` takes its values for each step of an epoch
    beforehand, and goes on with the trainer's own count of steps when a training is resumed.

    Args:
        unit: What positions and lengths in the schedule count: ``"step"``, ``"epoch"`` (the value then changes between
            epochs only, as in PyTorch's and Keras' usual loops), or ``"share"`` of the whole training, from 0 to 1.

    Example:
        >>> from tilegrad import optim, schedules
        >>> schedule = schedules.Exponential(0.1, factor=0.5)
        >>> schedule(0), schedule(2)
        (0.1, 0.025)
        >>> schedule([0, 1, 2])
        array([0.1  , 0.05 , 0.025])
        >>> optimizer = optim.SGD(learning_rate=0.5 * schedule, momentum=0.9)
    """

    unit: str = keyword(default="step", kw_only=True)

    # The intervals of numeric fields. What is ``None`` by default may be left out.
    ranges: ClassVar[Mapping[str, str]] = {}

    def _check(self) -> None:
        if self.unit not in UNITS:
            known = ", ".join(map(repr, UNITS))
            raise ValueError(f"{self.name}: expected `unit` to be one of {known}, got {self.unit!r}")
        for name, allowed in self.ranges.items():
            value = getattr(self, name)
            if value is not None or self.__signature__.parameters[name].default is not None:
                check_number(self.name, name, value, allowed)

    @property
    def name(self) -> str:
        """What error messages call it."""
        return type(self).__name__

    @abstractmethod
    def compute(self, steps: Array, training: Training | None) -> Array:
        """The values at these steps (float64, from 0)."""

    def __call__(self, step: Any, training: Training | None = None) -> Any:
        """The value at a step, or an array of values for an array of steps.

        Args:
            step: A number of steps from 0, or an array of such.
            training: What ``fit`` knows; needed where a length is left out, or the unit is not a step.

        Raises:
            ValueError: If a step is negative, or the schedule needs to know the training.
        """
        steps = np.asarray(step)
        if steps.dtype.kind not in "iuf":
            raise TypeError(f"{self.name}: expected `step` to be a number or an array of numbers, got {step!r}")
        if steps.size and not steps.min() >= 0:
            raise ValueError(f"{self.name}: expected `step` from 0, got {steps.min()}")
        values = np.broadcast_to(np.asarray(self.compute(steps.astype(np.float64), training), np.float64), steps.shape)
        return float(values) if values.ndim == 0 else np.array(values)

    def begin(self, training: Training) -> None:
        """Looks at a training before its first epoch, and refuses one that it does not fit; so do the schedules inside."""
        for value in vars(self).values():
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Schedule):
                    part.begin(training)

    def __mul__(self, factor: Any) -> Schedule:
        return chain(self, factor)

    __rmul__ = __mul__

    def plot(self, steps: int | None = None, *, ax: Axes | None = None) -> Axes:
        """Draws the schedule over so many steps; needs the extra ``plot``.

        Args:
            steps: How many steps to show; by default a tenth more than the schedule's own length, else 100. Lengths that
                are left out are the steps shown; an epoch is a tenth of them.
            ax: Where to draw; new Axes if not given.

        Returns:
            The Axes drawn on.
        """
        own = getattr(self, "steps", None) if self.unit == "step" else None
        count = steps if steps is not None else round(own * 1.1) if own else 100
        training = Training(max(count // 10, 1), count)
        return plot_schedule({self.name: lambda step: float(self(step, training))}, count, ax=ax)

    def _position(self, steps: Array, training: Training | None) -> Array:
        """The steps in the unit of the schedule."""
        if self.unit == "step":
            return steps
        known = self._known(training, f'`unit="{self.unit}"`')
        return np.floor(steps / known.steps_per_epoch) if self.unit == "epoch" else steps / known.total_steps

    def _steps_of(self, position: float, training: Training | None) -> float:
        """The number of steps before a position in the unit of the schedule."""
        if self.unit == "step":
            return position
        known = self._known(training, f'`unit="{self.unit}"`')
        return position * (known.steps_per_epoch if self.unit == "epoch" else known.total_steps)

    def _length(self, steps: float | None, training: Training | None) -> float:
        """A length in the unit of the schedule; where it is left out, the whole training."""
        if steps is not None:
            return float(steps)
        known = self._known(training, "no `steps`")
        whole = known.total_steps
        return 1.0 if self.unit == "share" else whole / known.steps_per_epoch if self.unit == "epoch" else whole

    def _share(self, steps: Array, length: float | None, training: Training | None) -> Array:
        """Which share of a length has passed, 1 from its end on."""
        return np.minimum(self._position(steps, training) / self._length(length, training), 1.0)

    def _known(self, training: Training | None, reason: str) -> Training:
        if training is None:
            raise ValueError(
                f"{self.name}: expected a training to belong to, since it has {reason}, got none; give it to an optimizer and "
                f"call fit, or pass `training=schedules.Training(steps_per_epoch, total_steps)`"
            )
        return training


def each(function: Callable[[float], float], values: Array) -> Array:
    """A function of Python's at each number. NumPy's own loops give other bits by instruction set and by place."""
    found = [function(value) for value in values.reshape(-1).tolist()]
    return np.array(found, np.float64).reshape(values.shape)


def powers(base: float, exponents: Array) -> Array:
    """``base^exponent`` for each of the exponents, the same bits on every machine."""
    return each(lambda exponent: math.pow(base, exponent), exponents)


class Custom(Schedule):
    """A function of the step as a schedule; a function given to an optimizer is made into one.

    The function is called once per step, when the values for an epoch are made.

    Args:
        function: Takes the step (an ``int`` from 0; an epoch with ``unit="epoch"``) and returns a number.

    Raises:
        TypeError: If it is not a function, or does not return a number.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Custom(lambda step: 0.1 / (1 + step))(4)
        0.02
    """

    function: Callable[[Any], Any]

    def _check(self) -> None:
        super()._check()
        if not callable(self.function) or isinstance(self.function, type):
            raise TypeError(f"Custom: expected `function` to be a function of the step, got {self.function!r}")

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The function at each position."""
        positions = self._position(steps, training)
        return each(self._value, positions)

    def _value(self, position: float) -> float:
        value = self.function(int(position) if position.is_integer() and self.unit != "share" else position)
        if not is_number(value):
            raise TypeError(f"Custom: expected the function to return a number, got {value!r} for {position:g}")
        return float(value)


class Product(Schedule):
    """The product of schedules; what ``*`` and :func:`chain` make.

    Example:
        >>> from tilegrad import schedules
        >>> (schedules.Linear(1.0, 0.0, steps=10) * 0.5)(4)
        0.3
    """

    parts: tuple[Schedule, ...]

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The product of the parts' values."""
        values = self.parts[0].compute(steps, training)
        for part in self.parts[1:]:
            values = values * part.compute(steps, training)
        return np.asarray(values)


class Joined(Schedule):
    """Schedules one after the other; what :func:`sequence` makes. Each counts from its own beginning."""

    parts: tuple[Schedule, ...]
    boundaries: tuple[float, ...]

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The values of the part that each step falls into."""
        starts = [0.0, *(self._steps_of(place, training) for place in self.boundaries)]
        ends = [*starts[1:], math.inf if training is None else training.total_steps]
        values = np.empty_like(steps)
        place = np.searchsorted(starts[1:], steps, side="right")
        for index, (part, start, end) in enumerate(zip(self.parts, starts, ends, strict=True)):
            mine = place == index
            if mine.any():
                values[mine] = part.compute(steps[mine] - start, _within(training, end - start))
        return values

    @property
    def name(self) -> str:
        """What error messages call it."""
        return "sequence"


class Warmup(Schedule):
    """Rises to a schedule's first value, then follows the schedule from its own beginning.

    ``v(t) = a + (f(0) - a) * t / steps`` for ``t < steps``, with ``a = start * f(0)``, and ``f(t - steps)`` from there;
    with ``shape="exponential"``, ``v(t) = f(0) * start^(1 - t / steps)``. As optax' warm-up schedules and Keras'
    ``CosineDecay(warmup_steps=...)`` (Goyal et al., 2017).

    Args:
        after: What follows: a schedule or a number.
        steps: Length of the rise.
        start: Where it begins, as a share of ``f(0)``.
        shape: ``"linear"`` or ``"exponential"``.
        unit: What ``steps`` counts.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> from tilegrad import schedules
        >>> schedule = schedules.Warmup(schedules.Cosine(0.1, steps=100), steps=10)
        >>> schedule([0, 5, 10, 60, 110])
        array([0.  , 0.05, 0.1 , 0.05, 0.  ])
    """

    after: Schedule | float
    steps: float
    start: float = 0.0
    shape: str = "linear"

    ranges: ClassVar = {"steps": "(0, inf)"}

    def _check(self) -> None:
        super()._check()
        check_choice("Warmup", "shape", self.shape, ("linear", "exponential"))
        check_number("Warmup", "start", self.start, "(0, inf)" if self.shape == "exponential" else "[0, inf)")
        self._change("after", schedule_for("Warmup", "after", self.after))

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The rise, then the values of what follows."""
        length = self._steps_of(self.steps, training)
        after: Any = self.after
        inner = None if training is None else training.within(max(training.total_steps - length, 1.0))
        followed = after.compute(np.maximum(steps - length, 0.0), inner)
        first = after.compute(np.zeros(()), inner)
        share = np.minimum(steps / length, 1.0)
        rise = self.start + (1 - self.start) * share if self.shape == "linear" else powers(self.start, 1 - share)
        values: Array = np.where(steps < length, first * rise, followed)
        return values


def _within(training: Training | None, steps: float) -> Training | None:
    return None if training is None else training.within(max(steps, 1.0))


class Constant(Schedule):
    """The same value at each step.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.Constant(0.1)(7)
        0.1
    """

    value: float

    ranges: ClassVar = {"value": "(-inf, inf)"}

    def compute(self, steps: Array, training: Training | None) -> Array:
        """The same value at each of the steps."""
        return np.full_like(steps, self.value)


def schedule_for(function: str, argument: str, value: Any) -> Schedule:
    """A schedule as it is, a function of the step or a number made into one."""
    if isinstance(value, Schedule):
        return value
    if callable(value) and not isinstance(value, type):
        return Custom(value)
    return Constant(check_number(function, argument, value))


def scheduled(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Schedule]]:
    """Settings with the first value in place of each schedule or function of the step, and the schedules."""
    schedules = {
        name: schedule_for("", name, value)
        for name, value in settings.items()
        if isinstance(value, Schedule) or (callable(value) and not isinstance(value, type))
    }
    # No first value depends on how long the training is.
    return {**settings, **{name: schedule(0, Training(1, 1e9)) for name, schedule in schedules.items()}}, schedules


def chain(*parts: Schedule | float | Callable[[int], float]) -> Schedule:
    """The product of schedules, numbers and functions of the step, as PyTorch's ``ChainedScheduler``.

    Example:
        >>> from tilegrad import schedules
        >>> drop = schedules.MultiStep(1.0, milestones=[50], factor=0.1)
        >>> schedules.chain(0.1, schedules.Warmup(1.0, steps=10), drop)([0, 5, 10, 49, 50])
        array([0.  , 0.05, 0.1 , 0.1 , 0.01])
    """
    if not parts:
        raise ValueError("chain: expected at least one schedule, got none")
    return Product(tuple(schedule_for("chain", "parts", part) for part in parts))


def sequence(
    parts: Sequence[Schedule | float | Callable[[int], float]], boundaries: Sequence[float], *, unit: str = "step"
) -> Schedule:
    """Schedules one after the other, each counting from its own beginning, as PyTorch's ``SequentialLR``.

    A part whose length is left out lasts to the next boundary, the last one to the end of the training.

    Args:
        parts: Schedules, numbers or functions of the step.
        boundaries: Where each but the first begins.
        unit: What the boundaries count.

    Raises:
        ValueError: If the boundaries do not rise, or are not one fewer than the parts.

    Example:
        >>> from tilegrad import schedules
        >>> schedules.sequence([schedules.Linear(0.0, 0.1, steps=10), 0.1, 0.01], [10, 90])([0, 5, 10, 89, 90])
        array([0.  , 0.05, 0.1 , 0.1 , 0.01])
    """
    if not isinstance(parts, list | tuple):
        raise TypeError(f"sequence: expected `parts` to be a list of schedules, got {parts!r}")
    made = tuple(schedule_for("sequence", "parts", part) for part in parts)
    places = check_ascending("sequence", "boundaries", boundaries)
    if len(places) != len(made) - 1:
        raise ValueError(f"sequence: expected a boundary between each two of {len(made)} parts, got {len(places)}")
    return Joined(made, places, unit=unit)

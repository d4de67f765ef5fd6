"""What solvers share: settings that are checked, a search on a function, and iterations in a trainer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, Never

import numpy as np

from tilegrad.tensor import Array
from tilegrad.transform import jacobian, value_and_grad
from tilegrad.words.checks import check_count, check_number
from tilegrad.words.names import hint


class Minimum(NamedTuple):
    """What a search found: the point, its value, how many iterations it took, and why it ended."""

    point: Array
    value: float
    steps: int
    reason: str


class Objective(ABC):
    """A function to minimise, over flat vectors in double precision."""

    @abstractmethod
    def value(self, point: Array) -> tuple[float, Array]:
        """The value, and its gradient."""

    @abstractmethod
    def residuals(self, point: Array) -> tuple[Array, Array]:
        """Numbers the sum of whose squares is the value, and their derivatives: one row each."""

    def rounded(self, point: Array) -> Array:
        """The point that is looked at in place of this one, where the function takes single precision only."""
        return point


class _Setting:
    """A setting of a solver: an attribute that takes whole numbers from a bound, or numbers of an interval."""

    def __init__(self, allowed: int | str) -> None:
        self.allowed = allowed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, solver: Solver | None, kind: type) -> Any:
        return self if solver is None else solver._numbers[self.name]

    def __set__(self, solver: Solver, value: Any) -> None:
        title, allowed = type(solver).__name__, self.allowed
        check: Callable[..., float] = check_count if isinstance(allowed, int) else check_number
        solver._numbers[self.name] = check(title, self.name, value, allowed)


def setting(allowed: int | str) -> Any:
    """Declares a setting: a whole number from a bound, or a number of an interval such as ``"[0, inf)"``."""
    return _Setting(allowed)


class Solver(ABC):
    """What minimises a function by looking at it at several points, all rows at once.

    Used alone a solver has ``minimize``; in a trainer each epoch is one iteration: ``fit(x, y, batch_size="full")``.
    What it learnt of the function is kept as long as each iteration begins where the last one ended.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> isinstance(optim.LBFGS(), optim.Solver), isinstance(optim.LBFGS(), optim.Optimizer)
        (True, False)
        >>> optim.LBFGS().minimize(lambda p: ((p - 3.0) ** 2).sum(), np.zeros(2)).point
        array([3., 3.])
    """

    __slots__ = ("_memory", "_numbers", "steps")

    name: ClassVar[str]
    # Whether it takes sums of squares only.
    least_squares: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, Any], unknown: Mapping[str, Never]) -> None:
        for name in unknown:
            raise TypeError(
                f"{type(self).__name__}: expected no `{name}`{hint(name, settings)}; the arguments are {', '.join(settings)} (those "
                "of optimizers that take mini-batches are not among them)"
            )
        self._numbers: dict[str, float] = {}
        for name, value in settings.items():
            setattr(self, name, value)
        self._memory: dict[str, Any] | None = None
        # How many iterations it made in a trainer.
        self.steps = 0

    @property
    def learning_rate(self) -> float:
        """1: the size of a step is that of the model of the function."""
        return 1.0

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        raise AttributeError(
            f"{type(self).__name__}: `learning_rate` cannot be set: it finds the size of a step itself"
        )

    @property
    def parameters(self) -> dict[str, float]:
        """All settings by name, with their values."""
        return dict(self._numbers)

    def _again(self) -> Solver:
        """A solver of the same settings that has not begun."""
        kind: Any = type(self)
        made: Solver = kind(**self._numbers)
        return made

    def _settings(self) -> dict[str, float]:
        """Every number that an iteration depends on, for a file."""
        return self.parameters

    def iterate(self, objective: Objective, point: Array) -> tuple[Array, str | None]:
        """One iteration from a point: the next one, and why there is none after it, if so."""
        memory = self._memory
        if memory is None or not np.array_equal(memory["point"], point):
            memory = {"point": point}
        reason = self._advance(objective, memory)
        # Else the next iteration would begin elsewhere, and all that was learnt would be lost.
        memory["point"] = objective.rounded(memory["point"])
        self._memory, self.steps = memory, self.steps + 1
        return memory["point"], reason

    @abstractmethod
    def _advance(self, objective: Objective, memory: dict[str, Any]) -> str | None:
        """Moves ``memory["point"]``, sets ``memory["value"]``, and says why it cannot go on, if so."""

    def _search(
        self, function: Callable[..., Any], derivative: Callable[..., Any] | None, start: Any, steps: int
    ) -> Minimum:
        """Iterates from a start until it ends."""
        steps = check_count("minimize", "steps", steps)
        objective = _Function(function, derivative, np.shape(start))
        memory: dict[str, Any] = {"point": np.array(start, np.float64).reshape(-1)}
        done, reason = 0, None
        while reason is None and done < steps:
            reason, done = self._advance(objective, memory), done + 1
        return Minimum(memory["point"].reshape(np.shape(start)), memory["value"], done, reason or "steps")

    def state_dict(self) -> dict[str, Any]:
        """Its settings and what it learnt of the function."""
        return {"name": self.name, "parameters": self.parameters, "steps": self.steps, "memory": _copy(self._memory)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state_dict` gave.

        Raises:
            ValueError: If the state is of another solver.
        """
        if state.get("name") != self.name:
            raise ValueError(f"load_state_dict: expected `state` of {self.name}, got {state.get('name')!r}")
        self._restore(state["parameters"])
        self._memory, self.steps = _copy(state["memory"]), state["steps"]

    def _restore(self, settings: Mapping[str, Any]) -> None:
        """Takes settings by name; none is changed unless all fit."""
        trial = self._again()
        for name, value in settings.items():
            if name in self._numbers:
                setattr(trial, name, value)
        self._numbers = trial._numbers

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._numbers.items())})"


def _copy(memory: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if memory is None else {key: np.copy(value) for key, value in memory.items()}


class _Function(Objective):
    """A function of an array, and its derivative: the one given, or one that is found by tracing."""

    def __init__(
        self, function: Callable[..., Any], derivative: Callable[..., Any] | None, shape: tuple[int, ...]
    ) -> None:
        self.function, self.derivative, self.shape = function, derivative, shape
        self.with_gradient, self.jacobian = value_and_grad(function), derivative or jacobian(function)

    def value(self, point: Array) -> tuple[float, Array]:
        at = point.reshape(self.shape)
        if self.derivative is None:
            value, (gradient,) = self.with_gradient(at)
        else:
            value, gradient = self.function(at), self.derivative(at)
        return float(value), np.asarray(gradient, np.float64).reshape(-1)

    def residuals(self, point: Array) -> tuple[Array, Array]:
        at = point.reshape(self.shape)
        values = np.asarray(self.function(at), np.float64).reshape(-1)
        return values, np.asarray(self.jacobian(at), np.float64).reshape(len(values), -1)

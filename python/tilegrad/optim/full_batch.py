"""Methods for small problems that look at all rows at once: L-BFGS and Levenberg-Marquardt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.optim._controls import OFF
from tilegrad.optim._line_search import Probe, dot, wolfe
from tilegrad.optim.base import Optimizer
from tilegrad.schedules.base import Schedule, Training
from tilegrad.tensor import Array
from tilegrad.transform import jacobian, value_and_grad
from tilegrad.words.checks import check_count, check_number


class Minimum(NamedTuple):
    """What a search found: the point, its value, how many iterations it took, and why it ended."""

    point: Array
    value: float
    steps: int
    reason: str


class Objective:
    """A function to minimise, over flat vectors in double precision."""

    def value(self, point: Array) -> tuple[float, Array]:
        """The value, and its gradient."""
        raise NotImplementedError

    def residuals(self, point: Array) -> tuple[Array, Array]:
        """Numbers the sum of whose squares is the value, and their derivatives: one row each."""
        raise NotImplementedError


class FullBatch(Optimizer):
    """What both methods share: a step looks at all rows, and a trainer takes one at each epoch."""

    full_batch: ClassVar[bool] = True
    # Least value of each number.
    _lowest: ClassVar[Mapping[str, float]] = {}

    def __init__(self, *values: Any, **named: Any) -> None:
        title, given = type(self).__name__, self._given(values, named)
        refused = [name for name in given if name in OFF or name == "style"]
        if refused:
            raise TypeError(f"{title}: expected no `{refused[0]}`, which is for optimizers that take mini-batches")
        settings = {**self._defaults(), **given}
        self._numbers = {name: self._checked(name, settings[name]) for name in self._lowest}
        self._controls, self._keeper, self._schedules = dict(OFF), None, {}
        self._memory: Any = None
        self._count = 0

    def _again(self) -> Optimizer:
        return type(self)(**self._numbers)

    def _checked(self, name: str, value: Any) -> Any:
        title, least = type(self).__name__, self._lowest[name]
        if isinstance(self._defaults()[name], int):
            return check_count(title, name, value, int(least))
        return check_number(title, name, value, f"[{least}, inf)")

    def __getattr__(self, name: str) -> Any:
        numbers = self.__dict__.get("_numbers", {})
        if name in numbers:
            return numbers[name]
        if name in OFF:
            return OFF[name]
        raise AttributeError(f"{type(self).__name__}: unknown hyperparameter {name!r}; there are {', '.join(numbers)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        elif name in self._numbers:
            self._numbers[name] = self._checked(name, value)
        else:
            raise AttributeError(f"{type(self).__name__}: {name!r} cannot be set")

    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """All hyperparameters by name."""
        return dict(self._numbers)

    @property
    def steps(self) -> int:
        """How many iterations it made in a trainer."""
        return self._count

    @property
    def schedules(self) -> dict[str, Schedule]:
        """None: the size of a step is searched for."""
        return {}

    def tables(self, steps: Array, training: Training | None) -> list[tuple[_core.Optimizer, str, Array]]:
        """None: the size of a step is searched for."""
        return []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Refused: a step needs the function, not a gradient alone; see :meth:`minimize`."""
        raise ValueError(
            f"step: expected an optimizer that steps by one gradient, got {type(self).__name__}, which asks for the "
            "function at several points; use `minimize`, or a Trainer with batch_size='full'"
        )

    def iterate(self, objective: Objective, point: Array) -> tuple[Array, str | None]:
        """One iteration from a point: the next one, and why there is none after it, if so.

        What it learnt of the function is kept as long as each point is the one returned before.
        """
        memory = self._memory
        if memory is None or not np.array_equal(memory["point"], point):
            memory = {"point": point}
        reason = self._advance(objective, memory)
        self._memory, self._count = memory, self._count + 1
        return memory["point"], reason

    def _advance(self, objective: Objective, memory: dict[str, Any]) -> str | None:
        raise NotImplementedError

    def _search(self, objective: Objective, start: Any, steps: int) -> Minimum:
        memory: dict[str, Any] = {"point": np.array(start, np.float64).reshape(-1)}
        for done in range(1, steps + 1):
            reason = self._advance(objective, memory)
            if reason is not None:
                return Minimum(memory["point"].reshape(np.shape(start)), memory["value"], done, reason)
        return Minimum(memory["point"].reshape(np.shape(start)), memory["value"], steps, "steps")

    def state_dict(self) -> dict[str, Any]:
        """Its hyperparameters and what it learnt of the function."""
        memory = None if self._memory is None else {key: np.copy(value) for key, value in self._memory.items()}
        return {"name": self.name, "parameters": self.parameters, "steps": self._count, "memory": memory}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state_dict` gave.

        Raises:
            ValueError: If the state is of another optimizer.
        """
        if state.get("name") != self.name:
            raise ValueError(f"load_state_dict: expected `state` of {self.name}, got {state.get('name')!r}")
        self._restore(state["parameters"])
        memory = state["memory"]
        self._memory = None if memory is None else {key: np.copy(value) for key, value in memory.items()}
        self._count = state["steps"]

    def _owner(self, name: str) -> Optimizer | None:
        return None

    def _settings(self) -> dict[str, Any]:
        return dict(self._numbers)

    def _restore(self, settings: Mapping[str, Any]) -> None:
        checked = {name: self._checked(name, value) for name, value in settings.items() if name in self._numbers}
        self._numbers.update(checked)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._numbers.items())})"


class _Function(Objective):
    """A function of an array, and its derivative."""

    def __init__(self, function: Callable[..., Any], derivative: Callable[..., Any] | None, start: Any) -> None:
        self.function, self.shape = function, np.shape(start)
        self.with_gradient = None if derivative is not None else value_and_grad(function)
        self.derivative = derivative
        self.jacobian = derivative or jacobian(function)

    def value(self, point: Array) -> tuple[float, Array]:
        at = point.reshape(self.shape)
        if self.derivative is not None:
            value, gradient = self.function(at), self.derivative(at)
        else:
            assert self.with_gradient is not None
            value, (gradient,) = self.with_gradient(at)
        return float(value), np.asarray(gradient, np.float64).reshape(-1)

    def residuals(self, point: Array) -> tuple[Array, Array]:
        at = point.reshape(self.shape)
        values = np.asarray(self.function(at), np.float64).reshape(-1)
        return values, np.asarray(self.jacobian(at), np.float64).reshape(len(values), -1)


class LBFGS(FullBatch):
    """A quasi-Newton method with limited memory (Liu and Nocedal, 1989), for small problems whose rows all fit into a step.

    The direction is the gradient times an estimate of the inverse second derivative from the last ``history_size`` moves
    and changes of the gradient; a line search finds a step with the strong conditions of Wolfe, so there is no rate to
    tune. In a trainer each epoch is one iteration: ``fit(x, y, batch_size="full", epochs=100)``; dropout does not drop.

    Args:
        learning_rate: First step that the line search tries.
        history_size: How many moves it remembers.
        tolerance_gradient: It ends once no number of the gradient is larger.
        tolerance_change: It ends once an iteration lowers the value by no more than this.
        line_search_steps: Most evaluations of one line search.

    Raises:
        ValueError: If a hyperparameter is out of range.
        TypeError: If one is of the wrong kind.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> def rosenbrock(p):
        ...     return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        >>> found = optim.LBFGS().minimize(rosenbrock, np.array([-1.2, 1.0]))
        >>> found.point.round(6), found.reason
        (array([1., 1.]), 'gradient')
    """

    name: ClassVar[str] = "lbfgs"
    learning_rate: float = 1.0
    history_size: int = 10
    tolerance_gradient: float = 1e-7
    tolerance_change: float = 0.0
    line_search_steps: int = 25
    _lowest: ClassVar[Mapping[str, float]] = {
        "learning_rate": 1e-12,
        "history_size": 1,
        "tolerance_gradient": 0.0,
        "tolerance_change": 0.0,
        "line_search_steps": 1,
    }

    def minimize(
        self, function: Callable[..., Any], start: Any, *, gradient: Callable[..., Any] | None = None, steps: int = 1000
    ) -> Minimum:
        """Minimises a function of one float64 array.

        Args:
            function: Takes the array and returns a number.
            start: Where to begin.
            gradient: Returns the gradient; without it the function is differentiated, as by ``tg.value_and_grad``.
            steps: Most iterations.

        Returns:
            A named tuple (point, value, steps, reason); the reason is ``"gradient"`` or ``"change"`` (their tolerances),
            ``"no descent"`` (no step along the line lowers the value), or ``"steps"``.
        """
        return self._search(_Function(function, gradient, start), start, steps)

    def _advance(self, objective: Objective, memory: dict[str, Any]) -> str | None:
        point = memory["point"]
        if "gradient" not in memory:
            memory["value"], memory["gradient"] = objective.value(point)
            memory["moves"], memory["changes"] = np.empty((0, len(point))), np.empty((0, len(point)))
        value, gradient = float(memory["value"]), memory["gradient"]
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            return "not finite"
        if np.abs(gradient).max(initial=0.0) <= self.tolerance_gradient:
            return "gradient"
        direction = self._direction(gradient, memory["moves"], memory["changes"])
        slope = dot(gradient, direction)
        if slope >= 0.0:
            # The estimate is of no use here: begin again from the gradient.
            memory["moves"], memory["changes"] = memory["moves"][:0], memory["changes"][:0]
            direction, slope = -gradient, -dot(gradient, gradient)
        first = self.learning_rate
        if not len(memory["moves"]):
            first = min(1.0, 1.0 / float(np.add.reduce(np.abs(gradient)))) * self.learning_rate
        start = Probe(0.0, value, slope, gradient)
        steps = self.line_search_steps
        found = wolfe(lambda step: objective.value(point + step * direction), start, direction, first, steps)
        if found is None:
            return "no descent"
        move, change = found.step * direction, found.gradient - gradient
        if dot(move, change) > 1e-10 * dot(change, change):
            memory["moves"] = np.concatenate([memory["moves"], move[None]])[-self.history_size :]
            memory["changes"] = np.concatenate([memory["changes"], change[None]])[-self.history_size :]
        memory["point"], memory["value"], memory["gradient"] = point + move, found.value, found.gradient
        return "change" if value - found.value <= self.tolerance_change else None

    @staticmethod
    def _direction(gradient: Array, moves: Array, changes: Array) -> Array:
        """Minus the gradient times the estimated inverse, by the two loops of Nocedal (1980)."""
        direction, shares = -gradient, []
        for move, change in zip(moves[::-1], changes[::-1], strict=True):
            share = dot(move, direction) / dot(move, change)
            direction = direction - share * change
            shares.append(share)
        if len(moves):
            direction = direction * (dot(moves[-1], changes[-1]) / dot(changes[-1], changes[-1]))
        for move, change, share in zip(moves, changes, shares[::-1], strict=True):
            direction = direction + (share - dot(change, direction) / dot(move, change)) * move
        return direction


class LevenbergMarquardt(FullBatch):
    """Least squares by damped Gauss-Newton steps (Levenberg, 1944; Marquardt, 1963), for small problems.

    With residuals ``r`` and their derivatives ``J``, a step solves ``(JᵀJ + damping * d I) step = -Jᵀr`` with ``d`` the
    largest number on the diagonal of ``JᵀJ``. A step that lowers ``Σ r²`` is taken, and the damping shrinks threefold, or
    less where the model was poor; else it is taken back, and the damping grows twofold, fourfold, and so on (Nielsen, 1999).
    In a trainer each epoch is one iteration, for a squared error: ``fit(x, y, batch_size="full", epochs=50)``; dropout does
    not drop. Memory: rows times outputs times parameters.

    Args:
        damping: Damping of the first step, relative to that diagonal.
        tolerance_gradient: It ends once no number of ``Jᵀr``, divided by the number of residuals, is larger.
        tolerance_change: It ends once a step is that small, relative to the point.

    Raises:
        ValueError: If a hyperparameter is out of range.
        TypeError: If one is of the wrong kind.

    Example:
        >>> import numpy as np
        >>> from tilegrad import functional as F, optim
        >>> x = np.linspace(0.0, 2.0, 20)
        >>> y = 3.0 * np.exp(-1.5 * x)
        >>> found = optim.LevenbergMarquardt().minimize(lambda p: p[0] * F.exp(p[1] * x) - y, np.array([1.0, 0.0]))
        >>> found.point.round(6)
        array([ 3. , -1.5])
    """

    name: ClassVar[str] = "levenberg_marquardt"
    damping: float = 1e-3
    tolerance_gradient: float = 1e-12
    tolerance_change: float = 1e-12
    _lowest: ClassVar[Mapping[str, float]] = {"damping": 1e-12, "tolerance_gradient": 0.0, "tolerance_change": 0.0}

    @property
    def learning_rate(self) -> float:
        """1: the size of a step is that of the model."""
        return 1.0

    def minimize(
        self, residuals: Callable[..., Any], start: Any, *, jacobian: Callable[..., Any] | None = None, steps: int = 200
    ) -> Minimum:
        """Minimises the sum of squares of what a function of one float64 array returns.

        Args:
            residuals: Takes the array and returns an array.
            start: Where to begin.
            jacobian: Returns the derivatives; without it the function is differentiated, as by ``tg.jacobian``.
            steps: Most iterations.

        Returns:
            A named tuple (point, value, steps, reason) with ``value = Σ r²``; the reason is ``"gradient"`` or ``"change"``
            (their tolerances), ``"no descent"``, or ``"steps"``.
        """
        return self._search(_Function(residuals, jacobian, start), start, steps)

    def _advance(self, objective: Objective, memory: dict[str, Any]) -> str | None:
        point = memory["point"]
        if "matrix" not in memory:
            self._look(objective, memory, point)
            memory["damping"], memory["growth"] = self.damping, 2.0
        value, pull, matrix = float(memory["value"]), memory["pull"], memory["matrix"]
        if not (math.isfinite(value) and np.isfinite(pull).all() and np.isfinite(matrix).all()):
            return "not finite"
        if np.abs(pull).max(initial=0.0) <= self.tolerance_gradient * float(memory["count"]):
            return "gradient"
        # One number for all: a column of a saturated unit, near zero, would otherwise be let run far.
        scale = float(np.diag(matrix).max(initial=0.0))
        while memory["damping"] < 1e16:
            damping = float(memory["damping"])
            step = np.linalg.solve(matrix + damping * scale * np.eye(len(point)), -pull)
            if math.sqrt(dot(step, step)) <= self.tolerance_change * (1.0 + math.sqrt(dot(point, point))):
                return "change"
            trial: dict[str, Any] = {}
            self._look(objective, trial, point + step)
            promised = dot(step, damping * scale * step - pull)
            ratio = (value - trial["value"]) / promised if promised > 0 else -1.0
            if trial["value"] < value:
                memory.update(trial, point=point + step)
                memory["damping"], memory["growth"] = damping * max(1 / 3, 1 - (2 * ratio - 1) ** 3), 2.0
                return None
            memory["damping"], memory["growth"] = damping * float(memory["growth"]), 2.0 * float(memory["growth"])
        return "no descent"

    @staticmethod
    def _look(objective: Objective, memory: dict[str, Any], point: Array) -> None:
        """The sum of squares at a point, and the products that a step there is made from."""
        residuals, derivatives = objective.residuals(point)
        derivatives = np.ascontiguousarray(derivatives)
        memory["value"], memory["count"] = dot(residuals, residuals), len(residuals)
        # Our own products: the same bits for any number of threads.
        across = np.ascontiguousarray(derivatives.T)
        memory["matrix"] = _core.matmul(across, derivatives)
        memory["pull"] = _core.matmul(across, np.ascontiguousarray(residuals[:, None]))[:, 0]

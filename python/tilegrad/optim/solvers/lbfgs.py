"""L-BFGS: a quasi-Newton method with limited memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Never

import numpy as np

from tilegrad.optim.solvers.base import Minimum, Objective, Solver, setting
from tilegrad.optim.solvers.line_search import Probe, dot, wolfe
from tilegrad.tensor import Array


class LBFGS(Solver):
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
        ValueError: If a setting is out of range.
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

    __slots__ = ()

    name: ClassVar[str] = "lbfgs"
    learning_rate: float = setting("[1e-12, inf)")
    history_size: int = setting(1)
    tolerance_gradient: float = setting("[0, inf)")
    tolerance_change: float = setting("[0, inf)")
    line_search_steps: int = setting(1)

    def __init__(
        self,
        learning_rate: float = 1.0,
        history_size: int = 10,
        tolerance_gradient: float = 1e-7,
        tolerance_change: float = 0.0,
        line_search_steps: int = 25,
        **unknown: Never,
    ) -> None:
        settings = {
            "learning_rate": learning_rate,
            "history_size": history_size,
            "tolerance_gradient": tolerance_gradient,
            "tolerance_change": tolerance_change,
            "line_search_steps": line_search_steps,
        }
        super().__init__(settings, unknown)

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
        return self._search(function, gradient, start, steps)

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

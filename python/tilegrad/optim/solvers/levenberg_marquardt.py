"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Never

import numpy as np

from tilegrad import _core
from tilegrad.optim.solvers.base import Minimum, Objective, Solver, setting
from tilegrad.optim.solvers.line_search import dot
from tilegrad.tensor import Array


class LevenbergMarquardt(Solver):
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
        ValueError: If a setting is out of range.
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

    __slots__ = ()

    name: ClassVar[str] = "levenberg_marquardt"
    least_squares: ClassVar[bool] = True
    damping: float = setting("[1e-12, inf)")
    tolerance_gradient: float = setting("[0, inf)")
    tolerance_change: float = setting("[0, inf)")

    def __init__(
        self,
        damping: float = 1e-3,
        tolerance_gradient: float = 1e-12,
        tolerance_change: float = 1e-12,
        **unknown: Never,
    ) -> None:
        settings = {
            "damping": damping,
            "tolerance_gradient": tolerance_gradient,
            "tolerance_change": tolerance_change,
        }
        super().__init__(settings, unknown)

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
        return self._search(residuals, jacobian, start, steps)

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

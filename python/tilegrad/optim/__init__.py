"""Optimizers: rules that turn a gradient into a step.

A trainer takes an object or a name. Used alone, ``step`` updates NumPy arrays in place:

Example:
    >>> import numpy as np
    >>> from tilegrad import optim
    >>> weight = np.array([1.0])
    >>> optimizer = optim.SGD(learning_rate=0.1, momentum=0.9)
    >>> for _ in range(3):
    ...     optimizer.step([weight], [weight.copy()])
    >>> weight
    array([0.486])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilegrad.optim import rules
from tilegrad.optim.base import Optimizer
from tilegrad.optim.groups import Groups
from tilegrad.optim.rules import *
from tilegrad.optim.rules import NAMED as RULES
from tilegrad.optim.solvers import LBFGS, LevenbergMarquardt, Solver
from tilegrad.words.names import lookup

__all__ = ["LBFGS", "Groups", "LevenbergMarquardt", "Optimizer", "Solver"]
__all__ += rules.__all__


NAMED: dict[str, Callable[[], Optimizer | Solver]] = {
    **RULES,
    **{kind.name: kind for kind in (LBFGS, LevenbergMarquardt)},
}


def optimizer_for(optimizer: Any) -> Optimizer | Solver:
    """The optimizer or solver for an object or a name."""
    if isinstance(optimizer, Optimizer | Solver):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer | Solver):
        title = optimizer.__name__
        raise TypeError(
            f"Trainer: expected `optimizer` to be an object, got the class {title}; write {title}(learning_rate=...)"
        )
    return lookup("Trainer", "optimizer", optimizer, NAMED)()

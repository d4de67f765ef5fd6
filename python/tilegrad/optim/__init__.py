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

from tilegrad.optim.adaptive import Adadelta, Adagrad, RMSprop
from tilegrad.optim.base import Optimizer
from tilegrad.optim.descent import ASGD, SGD, Lion, Rprop
from tilegrad.optim.groups import Groups
from tilegrad.optim.moments import Adam, AdamW, NAdam, RAdam, ScheduleFreeAdamW
from tilegrad.optim.relatives import AdaBelief, Adamax, Adan
from tilegrad.optim.solvers import LBFGS, LevenbergMarquardt, Solver
from tilegrad.optim.whole import LAMB, LARS, Adafactor, Muon
from tilegrad.words.names import lookup

__all__ = [
    "ASGD",
    "LAMB",
    "LARS",
    "LBFGS",
    "SGD",
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Groups",
    "LevenbergMarquardt",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "Solver",
]

_KINDS = [kind for kind in globals().values() if isinstance(kind, type) and issubclass(kind, Optimizer)]
NAMED: dict[str, Callable[[], Optimizer | Solver]] = {
    **{kind.name: kind for kind in _KINDS if kind.name and kind is not Groups},
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

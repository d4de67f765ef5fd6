"""Constraints on parameters, restored after each update, in place, inside the compiled step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tilegrad.words.checks import check_number
from tilegrad.words.declared import Value


class Constraint(Value):
    """What holds for a parameter after each update.

    A layer takes one, or several to apply in turn; every :class:`~tilegrad.nn.Parameter` has the attribute ``constraint``.
    Norms are taken over the weights that lead to one unit: each column of a dense weight, all axes but the last.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> layer = nn.Dense(2, 1, constraint=[nn.NonNegative(), nn.MaxNorm(2.0)])
        >>> x = np.random.default_rng(0).standard_normal((64, 2))
        >>> trainer = tg.Trainer(layer, "mean_squared_error", "adam")
        >>> history = trainer.fit(x, x @ [3.0, -3.0], epochs=1, progress=False)
        >>> bool((layer.weight.value >= 0).all())
        True
    """

    operation: ClassVar[str] = ""

    @property
    def number(self) -> float:
        """The second argument of the operation in the core."""
        return 0.0


class MaxNorm(Constraint):
    """The norm of the weights of each unit is at most ``limit`` (Srebro and Shraibman, 2005); Keras' ``MaxNorm``.

    Args:
        limit: 2 as in Keras.

    Raises:
        ValueError: If the limit is not above 0.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(8, 4, constraint=nn.MaxNorm(3.0)).weight.constraint
        (MaxNorm(limit=3.0),)
    """

    limit: float = 2.0
    operation: ClassVar[str] = "max_norm"

    def _check(self) -> None:
        check_number("MaxNorm", "limit", self.limit, "(0, inf)")

    @property
    def number(self) -> float:
        """The limit, which the core compares norms with."""
        return float(self.limit)


class UnitNorm(Constraint):
    """The norm of the weights of each unit is 1, unless all of them are zero; Keras' ``UnitNorm``.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(8, 4, constraint=nn.UnitNorm()).weight.constraint
        (UnitNorm(),)
    """

    operation: ClassVar[str] = "unit_norm"


class NonNegative(Constraint):
    """Numbers below zero become zero; Keras' ``NonNeg``. On every weight, it makes a network's output rise with its inputs.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(8, 4, constraint=nn.NonNegative()).weight.constraint
        (NonNegative(),)
    """

    operation: ClassVar[str] = "non_negative"


def check_constraints(function: str, constraint: Any) -> tuple[Constraint, ...]:
    """One constraint, several or none, as a tuple."""
    given = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
    if constraint is None:
        return ()
    for one in given:
        if not isinstance(one, Constraint):
            hint = "; create it, with parentheses" if isinstance(one, type) else ""
            raise TypeError(f"{function}: expected `constraint` such as nn.MaxNorm(2.0), or a list, got {one!r}{hint}")
    return given

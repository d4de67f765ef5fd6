"""Regularisers and constraints in the compiled step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilegrad import _core
from tilegrad.run.model import Model, Parameter
from tilegrad.tensor import Tensor, Tracer

# The sum of penalties among the sums of a step.
PENALTY = ("penalty", "sum", 0.0)


def bounds_of(model: Model) -> tuple[Any, ...]:
    """What decides on penalties and constraints: part of a plan's key."""
    return tuple((parameter.regularizer, parameter.constraint) for _, parameter in model._parameters())


def penalty_of(tracer: Tracer, parameters: Sequence[Parameter], rows: int) -> Tensor | None:
    """The sum of all penalties, if there are any."""
    total: Tensor | None = None
    for parameter in parameters:
        if parameter.regularizer is not None:
            penalty = parameter.regularizer.penalty(tracer.parameter(parameter), rows)
            if penalty is None:
                continue
            if not isinstance(penalty, Tensor) or penalty.size != 1:
                raise TypeError(
                    f"{type(parameter.regularizer).__name__}: expected `penalty` to return a tensor of one number, got {penalty!r}"
                )
            penalty = penalty.reshape(())
            total = penalty if total is None else total + penalty
    return total


def constrained(graph: _core.Graph, parameters: Sequence[Parameter], updates: Sequence[int]) -> list[int]:
    """The updates, each followed by the proximal step and the constraints of its parameter."""
    made: list[int] = []
    for parameter, value in zip(parameters, updates, strict=True):
        shrinkage = parameter.regularizer.shrinkage if parameter.regularizer is not None else 0.0
        if shrinkage > 0:
            value = graph.constrain(value, "shrink", shrinkage)
        for constraint in parameter.constraint:
            value = graph.constrain(value, constraint.operation, constraint.number)
        made.append(value)
    return made

"""A model in a table: layers, shapes, parameters, initialisers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tilegrad.nn.parameter import Parameter
from tilegrad.words.tables import aligned


class Part(NamedTuple):
    """A module as a row of the table: its name, its settings, and the modules and parameters that it has."""

    name: str
    described: str
    children: list[Any]

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters of the module itself, without those of modules within."""
        return [child for child in self.children if isinstance(child, Parameter)]


class Summary:
    """The summary of a model; its text is what ``print`` shows.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 8), nn.ReLU(), nn.Dense(8, 3)).summary()
        layer  kind         output     parameters  initialiser
        0      Dense(4, 8)  (rows, 8)          40  He normal
        1      ReLU()       (rows, 8)           0
        2      Dense(8, 3)  (rows, 3)          27  Xavier uniform
        67 parameters, float32, 268 bytes
    """

    def __init__(
        self,
        parts: Iterable[Part],
        named: Sequence[tuple[str, Parameter]],
        dtype: str,
        shapes: Mapping[str, tuple[int, ...]],
        is_linear: bool,
    ) -> None:
        self.is_linear = is_linear
        self.lines: list[str] = []
        # What only holds modules has no row of its own.
        rows = [_row(part, shapes.get(part.name)) for part in parts if part.parameters or not part.children]
        self._table = aligned([("layer", "kind", "output", "parameters", "initialiser"), *rows], right={3})
        count = sum(math.prod(parameter.shape) for _, parameter in named)
        fixed = sum(math.prod(parameter.shape) for _, parameter in named if not parameter.trainable)
        untrained = f" ({fixed:,} not trained)" if fixed else ""
        self._total = f"{count:,} parameters{untrained}, {dtype}, {count * np.dtype(dtype).itemsize:,} bytes"
        if is_linear:
            self.add(
                "This is a linear model: there is no activation between its layers. Add one, such as nn.ReLU(), for "
                "a network."
            )
        for name, parameter in named:
            bounds = [*([] if parameter.regularizer is None else [parameter.regularizer]), *parameter.constraint]
            if bounds:
                self.add(f"{name}: {', '.join(map(str, bounds))}")

    def add(self, line: str) -> None:
        """Adds a line at the end."""
        self.lines.append(line)

    def __str__(self) -> str:
        return "\n".join([*self._table, self._total, *self.lines])

    __repr__ = __str__


def _row(part: Part, shape: tuple[int, ...] | None) -> tuple[str, ...]:
    own = part.parameters
    shown = f"(rows, {', '.join(map(str, shape[1:]))})" if shape else ""
    initialiser = own[0].describe_initializer() if own else ""
    still = sum(not parameter.trainable for parameter in own)
    if still:
        initialiser += " (not trained)" if still == len(own) else f" ({still} of {len(own)} arrays not trained)"
    return part.name, part.described, shown, f"{sum(math.prod(parameter.shape) for parameter in own):,}", initialiser

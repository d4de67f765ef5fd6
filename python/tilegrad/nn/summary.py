"""A model in a table: layers, shapes, parameters, initialisers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from tilegrad.nn.parameter import Parameter
from tilegrad.nn.traits import Traits
from tilegrad.run.model import Model
from tilegrad.run.runner import Runner
from tilegrad.words.operations import BILINEAR, LINEAR
from tilegrad.words.tables import aligned


class Module(Model, Protocol):
    """What a summary needs of a module; :class:`tilegrad.nn.Module` is one."""

    _runner: Runner | None

    def traits(self) -> Traits:
        """What it says of itself."""

    @property
    def parameter_count(self) -> int:
        """How many numbers it has."""

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """It and all modules within it, with their names."""

    def _children(self) -> Iterator[tuple[str, Any]]:
        """Modules and parameters among its attributes."""

    def describe(self) -> str:
        """The layer with its settings."""


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

    def __init__(self, model: Module, input_shape: Sequence[int] | None = None) -> None:
        self.model = model
        self.lines: list[str] = []
        shape = tuple(input_shape) if input_shape is not None else known_shape(model)
        outputs, operations = _outputs_and_operations(model, shape)
        self.is_linear = model.traits().is_linear if operations is None else operations <= LINEAR | BILINEAR
        rows: list[tuple[str, ...]] = [("layer", "kind", "output", "parameters", "initialiser")]
        rows += [_row(name, module, outputs) for name, module in model.named_modules() if _is_leaf(module)]
        self._table = aligned(rows, right={3})
        count = model.parameter_count
        size = count * np.dtype(model.dtype).itemsize
        fixed = sum(int(np.prod(each.shape)) for _, each in model._parameters() if not each.trainable)
        untrained = f" ({fixed:,} not trained)" if fixed else ""
        self._total = f"{count:,} parameters{untrained}, {model.dtype}, {size:,} bytes"
        if self.is_linear:
            self.add(
                "This is a linear model: there is no activation between its layers. Add one, such as nn.ReLU(), for "
                "a network."
            )

        for name, each in model._parameters():
            bounds = [*([] if each.regularizer is None else [each.regularizer]), *each.constraint]
            if bounds:
                self.add(f"{name}: {', '.join(map(str, bounds))}")

    def add(self, line: str) -> None:
        """Adds a line at the end."""
        self.lines.append(line)

    def __str__(self) -> str:
        return "\n".join([*self._table, self._total, *self.lines])

    __repr__ = __str__


def known_shape(model: Module) -> tuple[int, ...] | None:
    """Shape of one row, if the layers tell, or the model has met data."""
    if model.input_shape is not None:
        return model.input_shape
    return model._runner.row_shape if model._runner is not None else None


def _outputs_and_operations(
    model: Module, shape: tuple[int, ...] | None
) -> tuple[dict[str, tuple[int, ...]], set[str] | None]:
    """Output shapes by module name, and the operations in use; nothing where no shape is known."""
    if shape is None:
        return {}, None
    tracer, _ = Runner(model).trace(1, shape, training=False)
    operations = {node["operation"] for node in tracer.graph.nodes() if node["kind"] == "operation"}
    return tracer.outputs, operations


def _is_leaf(module: Module) -> bool:
    """Whether there is no module within, or it has parameters of its own."""
    return all(isinstance(value, Parameter) for _, value in module._children()) or any(
        isinstance(value, Parameter) for _, value in module._children()
    )


def _row(name: str, module: Module, outputs: dict[str, tuple[int, ...]]) -> tuple[str, ...]:
    own = [value for _, value in module._children() if isinstance(value, Parameter)]
    shape = outputs.get(name)
    shown = f"(rows, {', '.join(map(str, shape[1:]))})" if shape else ""
    count = sum(int(np.prod(each.shape)) for each in own)
    initialiser = own[0].describe_initializer() if own else ""
    still = sum(not each.trainable for each in own)
    if still:
        initialiser += " (not trained)" if still == len(own) else f" ({still} of {len(own)} arrays not trained)"
    return name, module.describe(), shown, f"{count:,}", initialiser

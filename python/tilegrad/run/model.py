"""What running needs of a model and of its parameters; :class:`tilegrad.nn.Module` and ``Parameter`` are such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from tilegrad import tensor
from tilegrad.tensor import Array


class Parameter(tensor.Parameter, Protocol):
    """An array that training changes."""

    trainable: bool
    # What a training adds to the loss for its size, and what holds after each update; see `tilegrad.nn`.
    regularizer: Any
    constraint: Any

    @property
    def is_initialized(self) -> bool:
        """Whether it has values yet."""

    @property
    def value(self) -> Array:
        """Its array of numbers; writing into it changes the model."""

    def bind(self, view: Array) -> None:
        """Lives in this array from now on."""

    def drawn(self, seed: int, stream: int) -> Array:
        """The first values that it would get."""


class Model(Protocol):
    """A model, or a part of one."""

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of the input, where the layers tell."""

    @property
    def dtype(self) -> str:
        """The dtype it computes in."""

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Model]]:
        """This module and all within it, with their names; each once."""

    def _parameters(self) -> list[tuple[str, Any]]:
        """All parameters by name, in order, each once."""

    def initialize(self, seed: int = 0) -> object:
        """Draws the first values of all parameters that have none."""

    def __call__(self, x: Any) -> Any:
        """The output for an input."""

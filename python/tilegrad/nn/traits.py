"""What a layer says of itself, so that containers, summaries, drawings and advice need not know the layers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tilegrad.nn.parameter import Parameter


class Units(NamedTuple):
    """The units of a layer that multiplies its input by a weight.

    Attributes:
        weight: Of shape (..., in, out); its initialiser depends on the activation that follows.
        bias: Of shape (out,), if there is one.
        output: The layer's output before its activation, as a function of traced values.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(3, 2, "relu").traits().units.weight.shape
        (3, 2)
    """

    weight: Parameter
    bias: Parameter | None
    output: Callable[[Any], Any]

    @property
    def are_full(self) -> bool:
        """Whether every input is connected with every unit, so that the weight is a matrix."""
        return len(self.weight.shape) == 2


class Traits(NamedTuple):
    """What :meth:`tilegrad.nn.Module.traits` returns; "features" means the size of the last axis.

    Attributes:
        takes: Features of the input; ``None`` if any number will do.
        gives: Features of the output, where that does not depend on the input.
        keeps_features: Whether the output has as many features as the input.
        keeps_numbers: Whether evaluation passes all numbers on unchanged, be it in another shape.
        is_linear: Whether the output is certainly linear in the input, up to a summand.
        is_transparent: Whether a weight's initialiser looks past this layer for the activation that follows.
        units: The layer's units, if it multiplies its input by a weight.
        build: Makes the parameters for a number of features, if the layer waits for one.

    Example:
        >>> from tilegrad import nn
        >>> traits = nn.Dropout(0.5).traits()
        >>> traits.keeps_features, traits.is_linear, traits.units
        (True, True, None)
    """

    takes: int | None = None
    gives: int | None = None
    keeps_features: bool = False
    keeps_numbers: bool = False
    is_linear: bool = False
    is_transparent: bool = False
    units: Units | None = None
    build: Callable[[int], None] | None = None

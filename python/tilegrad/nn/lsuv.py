"""First values chosen by looking at data."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.functional.types import Rows
from tilegrad.nn.initializers import Orthogonal
from tilegrad.nn.module import Module
from tilegrad.nn.sequential import Sequential, in_a_row
from tilegrad.nn.traits import Units


def lsuv(model: Sequential, x: Rows, *, seed: int = 0, tolerance: float = 0.01, rounds: int = 10) -> Sequential:
    """Gives each dense layer orthogonal weights, scaled so that its output on ``x`` has variance 1 (Mishkin and Matas, 2016).

    It goes layer by layer, each on the output of the layers before it, and sets the biases to zero.

    Args:
        model: Layers in a row; it is changed in place.
        x: Some hundred rows of the data, as :meth:`~tilegrad.nn.Module.predict` takes them.
        seed: Decides the orthogonal matrices.
        tolerance: How close to 1 the variance must come.
        rounds: Largest number of scalings of a layer.

    Returns:
        The model.

    Raises:
        ValueError: If the output of a layer is the same for all rows, so that no scale helps.
        TypeError: If the model is no Sequential.

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> x = np.random.default_rng(0).standard_normal((500, 8))
        >>> model = nn.lsuv(nn.Sequential(nn.Dense(8, 64), nn.ReLU(), nn.Dense(64, 32)), x)
        >>> bool(abs(model.predict(x).var() - 1) < 0.01)
        True
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"lsuv: expected `model` to be a Sequential, got {type(model).__name__}")
    model.initialize(seed)
    signal = x
    for place, layer in enumerate(in_a_row(model)):
        units = layer.traits().units
        if units is not None:
            _scale(layer, units, signal, (seed, place), tolerance, rounds)
        signal = layer.predict(signal)
    return model


class _Bare(Module):
    """A layer without its activation: what counts is what goes into that."""

    def __init__(self, layer: Module, units: Units) -> None:
        self.layer, self._units = layer, units

    def forward(self, x: Any) -> Any:
        return self._units.output(x)


def _scale(layer: Module, units: Units, signal: Any, origin: tuple[int, int], tolerance: float, rounds: int) -> None:
    weight = units.weight
    weight.value = Orthogonal()(weight.shape, weight.dtype, *origin)
    if units.bias is not None:
        units.bias.value = np.zeros(units.bias.shape)
    bare = _Bare(layer, units)
    for _ in range(rounds):
        variance = float(bare.predict(signal).var())
        if variance == 0:
            raise ValueError(f"lsuv: expected `x` of different rows, got the same output of {layer.describe()} for all")
        if abs(variance - 1) <= tolerance:
            return
        weight.value = weight.value / np.sqrt(variance)

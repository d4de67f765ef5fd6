"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tilegrad.nn.module import Module
from tilegrad.nn.named import NAMED
from tilegrad.nn.traits import Traits
from tilegrad.words.names import lookup


class Sequential(Module):
    """Layers one after the other.

    Args:
        *layers: Modules, or names of activations.

    Raises:
        ValueError: If there is no layer, or a dense layer does not fit the one before it.
        TypeError: If something is not a layer.

    Example:
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(784, 128), "relu", nn.Dropout(0.2), nn.Dense(128, 10))
        >>> len(model), model[0]
        (4, Dense(784, 128))
        >>> [name for name, _ in model.named_parameters()]
        ['0.weight', '0.bias', '3.weight', '3.bias']
    """

    def __init__(self, *layers: Module | str) -> None:
        if not layers:
            raise ValueError("Sequential: expected at least one layer, got none")
        if len(layers) == 1 and isinstance(layers[0], list | tuple):
            layers = tuple(layers[0])
        self.layers: list[Module] = [_layer(place, layer) for place, layer in enumerate(layers)]
        leaves = list(in_a_row(self))
        _fit(leaves)
        _tell_following(leaves)

    def _children(self) -> Iterator[tuple[str, Any]]:
        for place, layer in enumerate(self.layers):
            yield str(place), layer

    def forward(self, x: Any) -> Any:
        """Applies each layer to the output of the one before it."""
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of the input, where the first layers tell."""
        for layer in in_a_row(self):
            if layer.input_shape is not None or not layer.traits().keeps_features:
                return layer.input_shape
        return None

    def traits(self) -> Traits:
        """What is true of every layer in it."""
        each = [layer.traits() for layer in self.layers]
        return Traits(
            keeps_features=all(traits.keeps_features for traits in each),
            keeps_numbers=all(traits.keeps_numbers for traits in each),
            is_linear=all(traits.is_linear for traits in each),
            is_transparent=all(traits.is_transparent for traits in each),
        )

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: int) -> Module:
        return self.layers[place]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def describe(self) -> str:
        """The descriptions of its layers, joined."""
        return f"Sequential({', '.join(layer.describe() for layer in self.layers)})"


def _layer(place: int, layer: Any) -> Module:
    if isinstance(layer, str):
        made: Module = lookup("Sequential", "layer", layer, NAMED)()
        return made
    if isinstance(layer, Module):
        return layer
    hint = "; create it, with parentheses" if isinstance(layer, type) else ""
    raise TypeError(
        f"Sequential: expected layer {place} to be a module or the name of an activation, got {layer!r}{hint}"
    )


def in_a_row(module: Module) -> Iterator[Module]:
    """The layers of nested Sequentials in one row."""
    if isinstance(module, Sequential):
        for layer in module.layers:
            yield from in_a_row(layer)
    else:
        yield module


def _fit(layers: Sequence[Module]) -> None:
    """Builds layers that wait for a number of features, and refuses one that takes another number than arrives."""
    giver: Module | None = None
    arriving: int | None = None
    for layer in layers:
        traits = layer.traits()
        if giver is not None and arriving is not None:
            if traits.build is not None:
                traits.build(arriving)
            elif traits.takes not in (None, arriving):
                raise ValueError(
                    f"Sequential: expected {layer.describe()} to take {arriving} features, as {giver.describe()} before it "
                    f"gives, got one that takes {traits.takes}"
                )
        gives = traits.gives if traits.gives is not None or not traits.keeps_features else traits.takes
        if gives is not None:
            giver, arriving = layer, gives
        elif not traits.keeps_features:
            giver, arriving = None, None


def _tell_following(layers: Sequence[Module]) -> None:
    """Notes which activation follows each weight, for its initialiser."""
    for place, layer in enumerate(layers):
        units = layer.traits().units
        if units is not None and units.weight.following is None:
            follower = next((other for other in layers[place + 1 :] if not other.traits().is_transparent), None)
            # An activation within the next layer of units is that layer's own.
            if follower is not None and follower.traits().units is None:
                units.weight.following = follower.following

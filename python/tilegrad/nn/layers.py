"""Layers that hold parameters or act on the whole input: Dense, Dropout, Flatten, Sequential."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tilegrad import functional
from tilegrad.nn.activations import NAMED, Activation
from tilegrad.nn.constraints import Constraint, check_constraints
from tilegrad.nn.initializers import NAMED as INITIALIZERS
from tilegrad.nn.initializers import STYLES, Initializer, Zeros
from tilegrad.nn.module import Module
from tilegrad.nn.normalization import BatchNorm
from tilegrad.nn.parameter import Parameter
from tilegrad.nn.regularizers import Regularizer, check_regularizer
from tilegrad.tensor import active_tracer
from tilegrad.words.checks import check_count, check_flag, check_number
from tilegrad.words.names import lookup

__all__ = ["Dense", "Dropout", "Flatten", "Sequential"]


def _initializer(function: str, name: str, value: Any) -> Initializer:
    if isinstance(value, str):
        made: Initializer = lookup(function, name, value, INITIALIZERS)()
        return made
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{function}: expected `{name}` to be an initializer or its name, got {value!r}")
    return value  # type: ignore[no-any-return]


class Dense(Module):
    """A fully connected layer: ``activation(x @ weight + bias)``.

    The weight has shape (in, out), as in Keras; PyTorch's Linear has (out, in).

    Args:
        in_features: Size of the input's last axis.
        out_features: Size of the output's last axis.
        activation: Name of an activation, or an activation layer, applied at the end.
        bias: Whether there is a bias.
        initializer: Of the weight. By default He normal if the activation that follows has no upper bound (ReLU and its
            relatives), LeCun normal before SELU, else Xavier uniform; an activation given as the next layer counts as well.
        bias_initializer: Of the bias; zeros by default.
        regularizer: Penalty on the weight, such as ``nn.L2(1e-4)``; for the bias set ``layer.bias.regularizer``.
        constraint: What holds for the weight after each update, such as ``nn.MaxNorm(2.0)``, or a list of such.
        style: Begins weight and bias as another library's dense layer does: ``"torch"`` (both uniform in ±1/√in),
            ``"keras"`` (Xavier uniform, zeros), ``"flax"`` (truncated normal with variance 1/in, zeros) or ``"sklearn"``
            (both uniform in ±√(6/(in + out)), with 2 for 6 before a sigmoid). Initialisers that are given go before it.
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        ValueError: If a size is below 1 or a name is unknown.
        TypeError: If a size is no whole number.

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> layer = nn.Dense(3, 2, activation="relu")
        >>> layer.predict(np.ones((4, 3))).shape
        (4, 2)
        >>> layer.weight.shape
        (3, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        activation: str | Module | None = None,
        *,
        bias: bool = True,
        initializer: str | Initializer | None = None,
        bias_initializer: str | Initializer | None = None,
        regularizer: Regularizer | None = None,
        constraint: Constraint | Sequence[Constraint] | None = None,
        style: str | None = None,
        dtype: str = "float32",
    ) -> None:
        self.in_features = check_count("Dense", "in_features", in_features)
        self.out_features = check_count("Dense", "out_features", out_features)
        last = lookup("Dense", "activation", activation, NAMED)() if isinstance(activation, str) else activation
        if last is not None and not isinstance(last, Module):
            raise TypeError(f"Dense: expected `activation` to be a name or a layer, got {type(last).__name__}")
        weight: Initializer | None = None
        start: Initializer = Zeros()
        if style is not None:
            begin = lookup("Dense", "style", style, STYLES)
            following = last.following if last is not None else None
            weight, start = begin(self.in_features, self.out_features, following)
        if initializer is not None:
            weight = _initializer("Dense", "initializer", initializer)
        if bias_initializer is not None:
            start = _initializer("Dense", "bias_initializer", bias_initializer)
        shape = (self.in_features, self.out_features)
        self.weight = Parameter(shape, weight, dtype)
        self.weight.regularizer = check_regularizer("Dense", regularizer)
        self.weight.constraint = check_constraints("Dense", constraint)
        self.bias = Parameter(shape[1:], start, dtype) if check_flag("Dense", "bias", bias) else None
        # Not walked as a layer of its own: it belongs to this one, and so do its parameters, if it learns any.
        self._activation: Module | None = last
        if last is not None:
            self.weight.following = last.following
            if isinstance(activation, str):
                last.astype(dtype)

    def _children(self) -> Iterator[tuple[str, Any]]:
        yield from super()._children()
        if self._activation is not None:
            yield from ((f"activation.{name}", child) for name, child in self._activation._children())

    def forward(self, x: Any) -> Any:
        """``activation(x @ weight + bias)``."""
        if x.ndim < 2 or x.shape[-1] != self.in_features:
            tracer = active_tracer()
            place = (tracer.path if tracer is not None else "") or "Dense"
            wanted = f"(rows, {self.in_features})"
            raise ValueError(f"{place}: expected `x` of shape {wanted} for {self.describe()}, got {x.shape}")
        y = x @ self.weight
        if self.bias is not None:
            y = y + self.bias
        y.origin = self.weight
        return y if self._activation is None else self._activation.forward(y)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row of the input."""
        return (self.in_features,)

    @property
    def following(self) -> str | None:
        """The activation at the end of this layer."""
        return self._activation.following if self._activation is not None else None

    def describe(self) -> str:
        """The layer with its settings."""
        activation = f", {self._activation.describe()}" if self._activation is not None else ""
        bias = "" if self.bias is not None else ", bias=False"
        return f"Dense({self.in_features}, {self.out_features}{activation}{bias})"


class Dropout(Module):
    """Drops numbers at random while training, and divides the others by ``1 - rate`` so that the mean stays.

    In evaluation and prediction it does nothing. (Srivastava et al., 2014.)

    Args:
        rate: Share of numbers that become zero, at least 0 and less than 1; PyTorch's default is 0.5, too.

    Raises:
        ValueError: If the rate is not in [0, 1).

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> nn.Dropout(0.2).predict(np.ones((1, 3), np.float32))
        array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = check_number("Dropout", "rate", rate, "[0, 1)")

    def forward(self, x: Any) -> Any:
        """Drops in training, else passes on."""
        return functional.dropout(x, self.rate)

    def describe(self) -> str:
        """The layer with its settings."""
        return f"Dropout({self.rate:g})"


class Flatten(Module):
    """Makes one axis of all axes but the first: images of shape (rows, 28, 28) become (rows, 784).

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> nn.Flatten().predict(np.zeros((5, 28, 28), np.float32)).shape
        (5, 784)
    """

    def forward(self, x: Any) -> Any:
        """The input with two axes."""
        return x if x.ndim == 2 else x.reshape(x.shape[0], x.size // max(x.shape[0], 1))


class Sequential(Module):
    """Layers one after the other.

    Args:
        *layers: Modules, or names of activations.

    Raises:
        ValueError: If there is no layer, or a dense layer does not fit the one before it.
        TypeError: If something is no layer.

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
        leaves = list(_leaves(self))
        for place, layer in enumerate(leaves):
            if isinstance(layer, Dense):
                _check_width(layer, leaves[:place])
                _tell_following(layer, leaves[place + 1 :])
            if isinstance(layer, BatchNorm):
                _tell_features(layer, leaves[:place])

    def _children(self) -> Iterator[tuple[str, Any]]:
        for place, layer in enumerate(self.layers):
            yield str(place), layer

    def forward(self, x: Any) -> Any:
        """Each layer on what the one before it returned."""
        for layer in self.layers:
            x = layer(x)
        return x

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of the input, where the first layer that cares tells."""
        for layer in _leaves(self):
            if isinstance(layer, Flatten):
                return None
            if layer.input_shape is not None:
                return layer.input_shape
        return None

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, place: int) -> Module:
        return self.layers[place]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def describe(self) -> str:
        """The layers in a row."""
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


def _leaves(module: Module) -> Iterator[Module]:
    """The layers of nested Sequentials in one row."""
    if isinstance(module, Sequential):
        for layer in module.layers:
            yield from _leaves(layer)
    else:
        yield module


_NEUTRAL = (Dropout, Flatten, BatchNorm)


def _check_width(layer: Dense, before: list[Module]) -> None:
    """Refuses a dense layer that does not take what the dense layer before it gives."""
    for other in reversed(before):
        if isinstance(other, Dense):
            if other.out_features != layer.in_features:
                raise ValueError(
                    f"Sequential: expected {layer.describe()} to take {other.out_features} features, as "
                    f"{other.describe()} before it gives, "
                    f"got in_features {layer.in_features}"
                )
            return
        if not isinstance(other, Activation | Dropout | BatchNorm):
            return


def _tell_features(layer: BatchNorm, before: list[Module]) -> None:
    """Gives a normalisation as many features as the dense layer before it has, or refuses another number."""
    for other in reversed(before):
        if isinstance(other, Dense):
            if layer.features is None:
                layer.build(other.out_features)
            elif layer.features != other.out_features:
                raise ValueError(
                    f"Sequential: expected {layer.describe()} to take {other.out_features} features, as "
                    f"{other.describe()} before it gives"
                )
            return
        if not isinstance(other, Activation | Dropout | BatchNorm):
            return


def _tell_following(layer: Dense, after: list[Module]) -> None:
    """Notes which activation follows a dense layer, for its initialiser."""
    if layer.weight.following is None:
        follower = next((other for other in after if not isinstance(other, _NEUTRAL)), None)
        if isinstance(follower, Activation):
            layer.weight.following = follower.following

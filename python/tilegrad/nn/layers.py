"""Layers that hold parameters or act on the whole input: Dense, Dropout, Flatten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tilegrad import functional
from tilegrad.nn.constraints import Constraint, check_constraints
from tilegrad.nn.initializers import NAMED as INITIALIZERS
from tilegrad.nn.initializers import STYLES, Initializer, Zeros
from tilegrad.nn.module import Module
from tilegrad.nn.named import NAMED
from tilegrad.nn.parameter import Parameter, check_dtype
from tilegrad.nn.regularizers import Regularizer, check_regularizer
from tilegrad.nn.traits import Traits, Units
from tilegrad.tensor import active_tracer
from tilegrad.words.checks import check_count, check_flag, check_number
from tilegrad.words.names import lookup


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
            (both uniform in ±√(6/(in + out)), with 2 for 6 before a sigmoid). Initialisers that are given take precedence.
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        ValueError: If a size is below 1 or a name is unknown.
        TypeError: If a size is not a whole number.

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
        shape, dtype = (self.in_features, self.out_features), check_dtype("Dense", dtype)
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
        y = self._before_activation(x)
        return y if self._activation is None else self._activation.forward(y)

    def _before_activation(self, x: Any) -> Any:
        if x.ndim < 2 or x.shape[-1] != self.in_features:
            tracer = active_tracer()
            place = (tracer.path if tracer is not None else "") or "Dense"
            wanted = f"(rows, {self.in_features})"
            raise ValueError(f"{place}: expected `x` of shape {wanted} for {self.describe()}, got {x.shape}")
        y = x @ self.weight
        if self.bias is not None:
            y = y + self.bias
        y.origin = self.weight
        return y

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row of the input."""
        return (self.in_features,)

    @property
    def following(self) -> str | None:
        """Name of the activation at the end of this layer."""
        return self._activation.following if self._activation is not None else None

    def traits(self) -> Traits:
        """A layer of units, linear if nothing is applied at the end."""
        last = Traits(keeps_features=True, is_linear=True) if self._activation is None else self._activation.traits()
        return Traits(
            takes=self.in_features,
            gives=self.out_features if last.keeps_features else None,
            is_linear=last.is_linear,
            units=Units(self.weight, self.bias, self._before_activation),
        )

    def describe(self) -> str:
        """The layer with its settings."""
        activation = f", {self._activation.describe()}" if self._activation is not None else ""
        bias = "" if self.bias is not None else ", bias=False"
        return f"Dense({self.in_features}, {self.out_features}{activation}{bias})"


class Dropout(Module):
    """Drops numbers at random in training, and divides the others by ``1 - rate`` so that the mean stays the same.

    It does nothing in evaluation and prediction. (Srivastava et al., 2014.)

    Args:
        rate: Share of numbers that become zero, at least 0 and less than 1; PyTorch's default is 0.5 too.

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
        """Drops numbers in training, and passes them on otherwise."""
        return functional.dropout(x, self.rate)

    def traits(self) -> Traits:
        """Evaluation leaves the input as it is."""
        return Traits(keeps_features=True, keeps_numbers=True, is_linear=True, is_transparent=True)

    def describe(self) -> str:
        """The layer with its settings."""
        return f"Dropout({self.rate:g})"


class Flatten(Module):
    """Joins all axes but the first into one: images of shape (rows, 28, 28) become (rows, 784).

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> nn.Flatten().predict(np.zeros((5, 28, 28), np.float32)).shape
        (5, 784)
    """

    def forward(self, x: Any) -> Any:
        """The input with two axes, rows first."""
        return x if x.ndim == 2 else x.reshape(x.shape[0], x.size // max(x.shape[0], 1))

    def traits(self) -> Traits:
        """The same numbers in another shape."""
        return Traits(keeps_numbers=True, is_linear=True, is_transparent=True)

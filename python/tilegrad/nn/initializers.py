"""How the first values of parameters are drawn.

Every initialiser draws from a Philox stream that belongs to the seed and to the parameter's place in the model: the
same seed gives the same bits on every machine. For a dense weight of shape (in, out), "fan in" is in and "fan out" is
out.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from tilegrad import _core
from tilegrad._names import registry
from tilegrad.tensor import Array

__all__ = [
    "Constant",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "Normal",
    "Uniform",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
]


class Initializer(Protocol):
    """Anything that makes an array from shape, dtype, seed and stream; a function will do.

    Example:
        >>> from tilegrad import nn
        >>> layer = nn.Dense(2, 2, initializer=lambda shape, dtype, seed, stream: np.eye(*shape, dtype=dtype))
        >>> layer.predict(np.array([[3.0, 4.0]], np.float32))
        array([[3., 4.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws the values."""
        ...


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Fan in and fan out of a weight whose last two axes are (in, out)."""
    if len(shape) < 2:
        return max(1, math.prod(shape)), max(1, math.prod(shape))
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class Constant:
    """The same value everywhere.

    Args:
        value: The value.

    Example:
        >>> from tilegrad import nn
        >>> nn.Constant(0.5)((2,), "float32", 0, 0)
        array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value: float) -> None:
        self.value = float(value)

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Fills an array."""
        return _core.initialize("constant", shape, dtype, seed, stream, value=self.value)

    def __str__(self) -> str:
        return f"constant {self.value:g}"


class Zeros(Constant):
    """Zero everywhere: the default of biases.

    Example:
        >>> from tilegrad import nn
        >>> nn.Zeros()((2,), 'float32', 0, 0)
        array([0., 0.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(0.0)

    def __str__(self) -> str:
        return "zeros"


class Uniform:
    """Uniform between ``low`` and ``high``.

    Example:
        >>> from tilegrad import nn
        >>> values = nn.Uniform(-1, 1)((1000,), "float64", 0, 0)
        >>> bool(-1 <= values.min() < -0.9 and 0.9 < values.max() < 1)
        True
    """

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        if not low < high:
            raise ValueError(f"Uniform: expected `low` below `high`, got {low} and {high}")
        self.low, self.high = float(low), float(high)

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws the values."""
        return _core.initialize("uniform", shape, dtype, seed, stream, low=self.low, high=self.high)

    def __str__(self) -> str:
        return f"uniform [{self.low:g}, {self.high:g})"


class Normal:
    """Normal with a mean and a standard deviation.

    Example:
        >>> from tilegrad import nn
        >>> bool(abs(nn.Normal(0, 1)((10000,), "float64", 0, 0).std() - 1) < 0.05)
        True
    """

    def __init__(self, mean: float = 0.0, deviation: float = 0.05) -> None:
        if not deviation > 0:
            raise ValueError(f"Normal: expected `deviation` above 0, got {deviation}")
        self.mean, self.deviation = float(mean), float(deviation)

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws the values."""
        return _core.initialize("normal", shape, dtype, seed, stream, mean=self.mean, deviation=self.deviation)

    def __str__(self) -> str:
        return f"normal ({self.mean:g}, {self.deviation:g})"


class _Scaled(ABC):
    """Zero mean and a variance that depends on the fans."""

    label = ""

    @abstractmethod
    def deviation(self, shape: Sequence[int]) -> float:
        """Standard deviation for a shape."""

    def __str__(self) -> str:
        return self.label


class _ScaledNormal(_Scaled):
    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws the values."""
        return _core.initialize("normal", shape, dtype, seed, stream, mean=0.0, deviation=self.deviation(shape))


class _ScaledUniform(_Scaled):
    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws the values."""
        limit = math.sqrt(3.0) * self.deviation(shape)
        return _core.initialize("uniform", shape, dtype, seed, stream, low=-limit, high=limit)


class _Xavier(_Scaled):
    def deviation(self, shape: Sequence[int]) -> float:
        """``sqrt(2 / (fan_in + fan_out))``."""
        return math.sqrt(2.0 / sum(fans(shape)))


class _He(_Scaled):
    def deviation(self, shape: Sequence[int]) -> float:
        """``sqrt(2 / fan_in)``."""
        return math.sqrt(2.0 / fans(shape)[0])


class XavierNormal(_Xavier, _ScaledNormal):
    """Normal with variance ``2 / (fan_in + fan_out)``: for tanh, sigmoid, softmax and linear layers.

    (Glorot and Bengio, 2010.)

    Example:
        >>> from tilegrad import nn
        >>> nn.XavierNormal().deviation((400, 300))  # doctest: +ELLIPSIS
        0.05345...
    """

    label = "Xavier normal"


class XavierUniform(_Xavier, _ScaledUniform):
    """Uniform with variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010): Keras' default for Dense.

    Example:
        >>> from tilegrad import nn
        >>> nn.XavierUniform().deviation((400, 300))  # doctest: +ELLIPSIS
        0.05345...
    """

    label = "Xavier uniform"


class HeNormal(_He, _ScaledNormal):
    """Normal with variance ``2 / fan_in`` (He et al., 2015): for ReLU and its relatives.

    Example:
        >>> from tilegrad import nn
        >>> nn.HeNormal().deviation((400, 300))  # doctest: +ELLIPSIS
        0.07071...
    """

    label = "He normal"


class HeUniform(_He, _ScaledUniform):
    """Uniform with variance ``2 / fan_in`` (He et al., 2015).

    Example:
        >>> from tilegrad import nn
        >>> nn.HeUniform().deviation((400, 300))  # doctest: +ELLIPSIS
        0.07071...
    """

    label = "He uniform"


def chosen_for(activation: str | None) -> Initializer:
    """The initialiser for a dense weight, by the activation that follows it.

    He for activations without an upper bound (ReLU and its relatives, which halve the variance), Xavier for bounded
    ones (tanh, sigmoid) and where none follows.
    """
    entry = next((entry for entry in registry()["activations"] if entry["name"] == activation), None)
    if entry is None or entry["name"] == "identity":
        return XavierUniform()
    return HeNormal() if math.isinf(entry["facts"]["bounds"][1]) else XavierUniform()


NAMED: dict[str, type] = {
    "zeros": Zeros,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
    "glorot_normal": XavierNormal,
    "glorot_uniform": XavierUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "kaiming_normal": HeNormal,
    "kaiming_uniform": HeUniform,
}

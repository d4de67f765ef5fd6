"""Initialisers that do not look at the fans, and what an initialiser is.

Every initialiser draws from a Philox stream that belongs to the seed and to the parameter's place in the model: the
same seed gives the same bits on every machine. For a dense weight of shape (in, out), "fan in" is in and "fan out" is
out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array
from tilegrad.words.checks import check_flag, check_number


class Initializer(Protocol):
    """Anything that makes an array from shape, dtype, seed and stream; a function will do.

    Example:
        >>> from tilegrad import nn
        >>> layer = nn.Dense(2, 2, initializer=lambda shape, dtype, seed, stream: np.eye(*shape, dtype=dtype))
        >>> layer.predict(np.array([[3.0, 4.0]], np.float32))
        array([[3., 4.]], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Values of this shape and dtype; the same seed and stream give the same ones."""
        ...


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Fan in and fan out of a weight whose last two axes are (in, out)."""
    if len(shape) < 2:
        return max(1, math.prod(shape)), max(1, math.prod(shape))
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class _Drawn:
    """A distribution of the core, with its numbers as attributes."""

    kind: ClassVar[str]

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws values of this shape and dtype; the same seed and stream give the same ones."""
        return _core.initialize(self.kind, shape, dtype, seed, stream, **self._numbers())

    def _numbers(self) -> dict[str, float]:
        return vars(self)


class Constant(_Drawn):
    """The same value everywhere.

    Args:
        value: The value.

    Example:
        >>> from tilegrad import nn
        >>> nn.Constant(0.5)((2,), "float32", 0, 0)
        array([0.5, 0.5], dtype=float32)
    """

    kind = "constant"

    def __init__(self, value: float) -> None:
        self.value = check_number(type(self).__name__, "value", value)

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


class Uniform(_Drawn):
    """Uniform between ``low`` and ``high``.

    Example:
        >>> from tilegrad import nn
        >>> values = nn.Uniform(-1, 1)((1000,), "float64", 0, 0)
        >>> bool(-1 <= values.min() < -0.9 and 0.9 < values.max() < 1)
        True
    """

    kind = "uniform"

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        self.low, self.high = check_number("Uniform", "low", low), check_number("Uniform", "high", high)
        if not low < high:
            raise ValueError(f"Uniform: expected `low` below `high`, got {low} and {high}")

    def __str__(self) -> str:
        return f"uniform [{self.low:g}, {self.high:g})"


class Normal(_Drawn):
    """Normal with a mean and a standard deviation.

    Example:
        >>> from tilegrad import nn
        >>> bool(abs(nn.Normal(0, 1)((10000,), "float64", 0, 0).std() - 1) < 0.05)
        True
    """

    kind = "normal"

    def __init__(self, mean: float = 0.0, deviation: float = 0.05) -> None:
        self.mean = check_number("Normal", "mean", mean)
        self.deviation = check_number("Normal", "deviation", deviation, "(0, inf)")

    def __str__(self) -> str:
        return f"normal ({self.mean:g}, {self.deviation:g})"


# Deviation of a standard normal number that is drawn again until it lies within two deviations.
_WITHIN_TWO = 0.87962566103423978


class TruncatedNormal(_Drawn):
    """Normal, drawn again until within two deviations of the mean.

    What is cut off makes the deviation smaller, by the factor 0.8796. Here ``deviation`` is the deviation of the numbers that
    come out, as in Keras' and JAX' variance scaling; ``corrected=False`` leaves it uncorrected, as PyTorch's ``trunc_normal_``
    and Keras' ``TruncatedNormal``.

    Args:
        mean: Mean.
        deviation: Standard deviation, above 0.
        corrected: Whether that is the deviation after cutting.

    Raises:
        ValueError: If the deviation is not above 0.

    Example:
        >>> from tilegrad import nn
        >>> values = nn.TruncatedNormal(0, 1)((100000,), "float64", 0, 0)
        >>> uncorrected = nn.TruncatedNormal(0, 1, corrected=False)((100000,), "float64", 0, 0)
        >>> round(float(values.std()), 2), round(float(uncorrected.std()), 2), bool(abs(uncorrected).max() <= 2)
        (1.0, 0.88, True)
    """

    kind = "truncated_normal"

    def __init__(self, mean: float = 0.0, deviation: float = 0.05, *, corrected: bool = True) -> None:
        self.mean = check_number("TruncatedNormal", "mean", mean)
        self.deviation = check_number("TruncatedNormal", "deviation", deviation, "(0, inf)")
        self.corrected = check_flag("TruncatedNormal", "corrected", corrected)

    def _numbers(self) -> dict[str, float]:
        # The core corrects.
        return {"mean": self.mean, "deviation": self.deviation * (1.0 if self.corrected else _WITHIN_TWO)}

    def __str__(self) -> str:
        return f"truncated normal ({self.mean:g}, {self.deviation:g})"


class Ones(Constant):
    """One everywhere.

    Example:
        >>> from tilegrad import nn
        >>> nn.Ones()((2,), 'float32', 0, 0)
        array([1., 1.], dtype=float32)
    """

    def __init__(self) -> None:
        super().__init__(1.0)

    def __str__(self) -> str:
        return "ones"


class Orthogonal(_Drawn):
    """Orthogonal rows or columns, whichever are fewer, spread evenly over all directions (Saxe et al., 2014).

    Axes before the last are taken as one. The matrix keeps lengths, so that signals neither grow nor vanish in deep networks.

    Args:
        gain: Length of each row or column; see :func:`tilegrad.nn.gain`.

    Raises:
        ValueError: If the gain is not finite, or the shape has fewer than two axes.

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> weight = nn.Orthogonal()((5, 3), "float64", 0, 0)
        >>> bool(np.allclose(weight.T @ weight, np.eye(3)))
        True
    """

    kind = "orthogonal"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Orthogonal", "gain", gain)

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws a matrix of this shape, or of its rows and its last axis."""
        _matrix("Orthogonal", shape)
        return super().__call__(shape, dtype, seed, stream)

    def __str__(self) -> str:
        return "orthogonal" if self.gain == 1 else f"orthogonal x {self.gain:g}"


class IdentityMatrix:
    """Ones where row and column are equal, zeros elsewhere.

    Args:
        gain: What stands on the diagonal.

    Raises:
        ValueError: If the gain is not finite, or the shape has other than two axes.

    Example:
        >>> from tilegrad import nn
        >>> nn.IdentityMatrix()((2, 3), "float32", 0, 0)
        array([[1., 0., 0.],
               [0., 1., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("IdentityMatrix", "gain", gain)

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """The gain on the diagonal, whatever the seed."""
        if len(shape) != 2:
            raise ValueError(f"IdentityMatrix: expected a shape of two axes, got {tuple(shape)}")
        return np.asarray(self.gain * np.eye(shape[0], shape[1]), dtype)

    def __str__(self) -> str:
        return "identity" if self.gain == 1 else f"identity x {self.gain:g}"


class Sparse:
    """Normal numbers, of which a share in each column is zero (Martens, 2010); PyTorch's ``sparse_``.

    Args:
        sparsity: Share of zeros in each column, rounded up to whole numbers of them; in [0, 1).
        deviation: Of the others; 0.01 as in PyTorch.

    Raises:
        ValueError: If a number is out of range, or the shape has fewer than two axes.

    Example:
        >>> from tilegrad import nn
        >>> (nn.Sparse(0.5)((10, 4), "float32", 0, 0) == 0).sum(axis=0)
        array([5, 5, 5, 5])
    """

    def __init__(self, sparsity: float, deviation: float = 0.01) -> None:
        self.sparsity = check_number("Sparse", "sparsity", sparsity, "[0, 1)")
        self.deviation = check_number("Sparse", "deviation", deviation, "(0, inf)")

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws all numbers, and sets the share in each column to zero."""
        rows, columns = _matrix("Sparse", shape)
        # Twice as many numbers as are needed: the second half decides which become zero.
        drawn = _core.initialize("normal", (2, rows, columns), dtype, seed, stream, mean=0.0, deviation=self.deviation)
        values, keys = np.asarray(drawn)
        order = np.argsort(keys, axis=0, kind="stable")[: math.ceil(self.sparsity * rows)]
        np.put_along_axis(values, order, 0.0, axis=0)
        made: Array = values.reshape(tuple(shape))
        return made

    def __str__(self) -> str:
        return f"sparse ({self.sparsity:g} zeros)"


def _matrix(function: str, shape: Sequence[int]) -> tuple[int, int]:
    """Rows and columns where all axes but the last are one."""
    if len(shape) < 2:
        raise ValueError(f"{function}: expected a shape of at least two axes, got {tuple(shape)}")
    return math.prod(shape[:-1]), shape[-1]

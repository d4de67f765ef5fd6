"""Parameters: the arrays that a model learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilegrad.nn.constraints import Constraint, check_constraints
from tilegrad.nn.initializers import Initializer, chosen_for
from tilegrad.nn.regularizers import Regularizer, check_regularizer
from tilegrad.tensor import Array, Tensor, Traceable, active_tracer
from tilegrad.words.checks import check_count, check_flag


class Parameter(Traceable):
    """An array that training changes. Within a traced ``forward`` it acts like a tensor.

    Args:
        shape: Shape; it never changes.
        initializer: How the first values are drawn; ``None`` chooses for a dense weight by the activation that follows.
        dtype: ``"float32"`` or ``"float64"``.
        trainable: Whether training changes it. A parameter that is not trained still takes part in computations, and is saved
            and shown like any other, but it gets no gradient and no optimizer touches it. The attribute may be set at any
            time and takes effect with the next ``fit``.

    Example:
        >>> from tilegrad import nn
        >>> class Scale(nn.Module):
        ...     def __init__(self, width):
        ...         self.factor = nn.Parameter((width,), nn.Constant(2.0))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> Scale(2).predict(np.array([[1.0, 3.0]]))
        array([[2., 6.]], dtype=float32)
    """

    def __init__(
        self,
        shape: Sequence[int],
        initializer: Initializer | None = None,
        dtype: str = "float32",
        *,
        trainable: bool = True,
    ) -> None:
        if not isinstance(shape, tuple | list):
            raise TypeError(f"Parameter: expected `shape` to be a tuple of sizes, got {shape!r}")
        self._shape = tuple(check_count("Parameter", "shape", size) for size in shape)
        self._dtype = check_dtype("Parameter", dtype)
        self._trainable = check_flag("Parameter", "trainable", trainable)
        # Whether `Module.freeze` keeps it from training.
        self.frozen = False
        self.initializer = initializer
        self._regularizer: Regularizer | None = None
        self._constraint: tuple[Constraint, ...] = ()
        # Name of the activation that the layer's output goes through, once known.
        self.following: str | None = None
        self._array: Array | None = None

    def _tensor(self) -> Tensor:
        tracer = active_tracer()
        if tracer is None:
            raise TypeError(
                "Parameter: expected to compute with a parameter only inside a model's `forward`; "
                "use `parameter.value` for its array"
            )
        return tracer.parameter(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of its axes, which never change."""
        return self._shape

    @property
    def regularizer(self) -> Regularizer | None:
        """The penalty on its size, such as ``nn.L2(1e-4)``; it takes effect with the next ``fit``."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, regularizer: Regularizer | None) -> None:
        self._regularizer = check_regularizer("Parameter", regularizer)

    @property
    def constraint(self) -> tuple[Constraint, ...]:
        """What holds after each update, such as ``nn.MaxNorm(2.0)``, or a list of such; it takes effect with the next ``fit``."""
        return self._constraint

    @constraint.setter
    def constraint(self, constraint: Constraint | Sequence[Constraint] | None) -> None:
        self._constraint = check_constraints("Parameter", constraint)

    @property
    def dtype(self) -> str:
        """Type of its numbers, ``"float32"`` or ``"float64"``."""
        return self._dtype

    @property
    def trainable(self) -> bool:
        """Whether training changes it; a frozen parameter stays as it is."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        self._trainable = check_flag("Parameter", "trainable", trainable)

    @property
    def is_initialized(self) -> bool:
        """Whether it has values yet."""
        return self._array is not None

    @property
    def value(self) -> Array:
        """Its array; writing into it takes effect at the next step."""
        if self._array is None:
            raise ValueError(
                "Parameter: expected values, got none yet; call `model.initialize(seed)`, or train or predict with "
                "the model first"
            )
        return self._array

    @value.setter
    def value(self, array: Any) -> None:
        array = np.asarray(array)
        if array.shape != self._shape:
            raise ValueError(f"Parameter: expected values of shape {self._shape}, got {array.shape}")
        if self._array is None:
            self._array = np.array(array, self._dtype)
        else:
            self._array[...] = array

    def bind(self, view: Array) -> None:
        """Moves its values into this array and lives there from now on."""
        if view is not self._array:
            view[...] = self.value
            self._array = view

    def initialize(self, seed: int, stream: int) -> None:
        """Draws its first values, from the stream of the seed."""
        self.value = self.drawn(seed, stream)

    def drawn(self, seed: int, stream: int) -> Array:
        """The values that :meth:`initialize` would give it."""
        initializer = self.initializer if self.initializer is not None else chosen_for(self.following)
        return initializer(self._shape, self._dtype, seed, stream)

    def astype(self, dtype: str) -> None:
        """Changes the dtype, values included."""
        self._dtype = check_dtype("Parameter", dtype)
        if self._array is not None:
            self._array = self._array.astype(dtype)

    def describe_initializer(self) -> str:
        """Its initialiser, in a word or two."""
        return str(self.initializer if self.initializer is not None else chosen_for(self.following))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        value = self.value
        if copy or (dtype is not None and np.dtype(dtype) != value.dtype):
            return np.array(value, dtype)
        return value

    def __repr__(self) -> str:
        return f"Parameter(shape={self._shape}, dtype={self._dtype}{'' if self._trainable else ', trainable=False'})"


def check_dtype(function: str, dtype: Any) -> str:
    """The dtype's name, if it is one to compute in."""
    # As most are written; the rest asks NumPy, which takes a microsecond.
    if isinstance(dtype, str) and dtype in ("float32", "float64"):
        return dtype
    try:
        # NumPy takes None for float64; here nothing was said.
        name = "None" if dtype is None else str(np.dtype(dtype).name)
    except (TypeError, ValueError):
        name = str(dtype)
    if name not in ("float32", "float64"):
        raise TypeError(f"{function}: expected `dtype` float32 or float64, got {dtype!r}")
    return name

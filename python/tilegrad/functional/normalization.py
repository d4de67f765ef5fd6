"""Normalisation of rows, for NumPy arrays and traced tensors alike; `tilegrad.functional` has its public names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, overload

import numpy as np

from tilegrad import _core
from tilegrad.functional.softmaxes import _array
from tilegrad.functional.types import Data, Rows, Values
from tilegrad.tensor import Array, Tensor, Traceable, as_tensor, find_tensor
from tilegrad.words.checks import check_array, check_count, check_number

Sizes: TypeAlias = int | Sequence[int] | None


@overload
def layer_norm(
    x: Traceable,
    normalized_shape: Sizes = None,
    weight: Values | None = None,
    bias: Values | None = None,
    *,
    epsilon: float = 1e-5,
) -> Tensor: ...
@overload
def layer_norm(
    x: Rows,
    normalized_shape: Sizes = None,
    weight: Data | None = None,
    bias: Data | None = None,
    *,
    epsilon: float = 1e-5,
) -> Array: ...
def layer_norm(
    x: Rows | Traceable,
    normalized_shape: Sizes = None,
    weight: Values | None = None,
    bias: Values | None = None,
    *,
    epsilon: float = 1e-5,
) -> Any:
    """Layer normalisation over the last axes: ``(x - mean) / sqrt(variance + epsilon) * weight + bias``.

    The variance is divided by the count, as in every library. A row does not depend on the rows beside it. (Ba, Kiros and
    Hinton, 2016.)

    Args:
        x: Float array or traced tensor.
        normalized_shape: Sizes of the last axes, which are normalised together; by default those of the weight or bias, and
            without these that of the last axis.
        weight: Factor for each number of a row, of that shape; one if not given.
        bias: Summand for each number of a row, of that shape; nothing if not given.
        epsilon: Added to the variance, so that a constant row does no harm: it becomes the bias.

    Raises:
        ValueError: If a shape does not fit or ``epsilon`` is not positive.
        TypeError: If ``x`` holds no float32 or float64.

    Example:
        >>> layer_norm(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])).round(4)
        array([[-1.2247,  0.    ,  1.2247],
               [-1.2247,  0.    ,  1.2247]])
    """
    return _normalized("layer_norm", x, normalized_shape, {"weight": weight, "bias": bias}, epsilon)


@overload
def rms_norm(
    x: Traceable, normalized_shape: Sizes = None, weight: Values | None = None, *, epsilon: float | None = None
) -> Tensor: ...
@overload
def rms_norm(
    x: Rows, normalized_shape: Sizes = None, weight: Data | None = None, *, epsilon: float | None = None
) -> Array: ...
def rms_norm(x: Any, normalized_shape: Any = None, weight: Any = None, *, epsilon: float | None = None) -> Any:
    """Normalisation by the root of the mean square over the last axes: ``x / sqrt(mean(x ** 2) + epsilon) * weight``.

    Layer normalisation without the mean. A row does not depend on the rows beside it. (Zhang and Sennrich, 2019.)

    Args:
        x: Float array or traced tensor.
        normalized_shape: Sizes of the last axes, which are normalised together; by default those of the weight, and without
            it that of the last axis.
        weight: Factor for each number of a row, of that shape; one if not given.
        epsilon: Added to the mean square; by default the rounding of the dtype, as in PyTorch.

    Raises:
        ValueError: If a shape does not fit or ``epsilon`` is not positive.
        TypeError: If ``x`` holds no float32 or float64.

    Example:
        >>> rms_norm(np.array([[3.0, 4.0], [6.0, 8.0]])).round(4)
        array([[0.8485, 1.1314],
               [0.8485, 1.1314]])
    """
    if epsilon is None:
        like = find_tensor(x, weight)
        epsilon = float(np.finfo(_array("rms_norm", "x", x).dtype if like is None else like.dtype).eps)
    return _normalized("rms_norm", x, normalized_shape, {"weight": weight}, epsilon)


def _normalized(function: str, x: Any, normalized_shape: Any, affine: dict[str, Any], epsilon: float) -> Any:
    epsilon = check_number(function, "epsilon", epsilon, "(0, inf)")
    affine = {name: value for name, value in affine.items() if value is not None}
    like = find_tensor(x, *affine.values())
    if like is None:
        x = _array(function, "x", x)
        affine = {
            name: check_array(function, name, value).astype(x.dtype, copy=False) for name, value in affine.items()
        }
    else:
        x, *values = (as_tensor(value, like) for value in (x, *affine.values()))
        affine = dict(zip(affine, values, strict=True))
    row = _row_of(function, normalized_shape, x, affine)
    settings = {"epsilon": epsilon, "axes": len(row)}
    # The core takes a bias beside a weight only.
    operands = [x, *affine.values()] if "weight" in affine else [x]
    if like is None:
        normal = _of_arrays(function, operands, settings)
    else:
        normal = like.tracer.apply(function, operands, settings)
    return normal + affine["bias"] if "bias" in affine and "weight" not in affine else normal


def _of_arrays(function: str, arrays: list[Any], settings: dict[str, Any]) -> Any:
    graph = _core.Graph()
    inputs = [graph.input(f"x{place}", array.shape, array.dtype.name) for place, array in enumerate(arrays)]
    return graph.compile([graph.apply(function, inputs, settings)]).run(arrays)[0]


def _row_of(function: str, normalized_shape: Any, x: Any, affine: dict[str, Any]) -> tuple[int, ...]:
    """The shape of what is normalised together, the last axes of ``x``, if everything fits it."""
    shapes = {name: tuple(value.shape) for name, value in affine.items()}
    if normalized_shape is None:
        row = next(iter(shapes.values()), x.shape[-1:])
    else:
        row = check_normalized_shape(function, normalized_shape)
    if not row or x.shape[-len(row) :] != row:
        wanted = ", ".join(("...", *map(str, row))) if row else "..., features"
        raise ValueError(f"{function}: expected `x` of shape ({wanted}), got {x.shape}")
    for name, shape in shapes.items():
        if shape != row:
            raise ValueError(f"{function}: expected `{name}` of shape {row}, got {shape}")
    return row


def check_normalized_shape(function: str, shape: Any) -> tuple[int, ...]:
    """The sizes of axes as a tuple, if they are whole numbers of at least 1; a single one counts as a list."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not sizes:
        raise ValueError(f"{function}: expected `normalized_shape` of at least one axis, got {shape!r}")
    return tuple(check_count(function, "normalized_shape", size) for size in sizes)

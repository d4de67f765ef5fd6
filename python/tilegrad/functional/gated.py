"""Activations of two operands: gated linear units and the rectifier with a learned slope."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from tilegrad import _core
from tilegrad.functional.elementwise import activate, tell_origin, with_parameters
from tilegrad.functional.softmaxes import _array, _last
from tilegrad.functional.types import Data, Rows, Values
from tilegrad.tensor import Array, Tensor, Traceable, binary, find_tensor


@overload
def glu(x: Traceable, axis: int = -1) -> Tensor: ...
@overload
def glu(x: Rows, axis: int = -1) -> Array: ...
def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: ``a * sigmoid(b)``, where ``a`` and ``b`` are the halves of ``x`` along an axis.

    (Dauphin, Fan, Auli and Grangier, 2016.)

    Args:
        x: Float array or traced tensor, of an even size along the axis.
        axis: Axis that is halved; the last by default, as in PyTorch, Keras and JAX.

    Returns:
        An array or tensor of half the size along the axis.

    Raises:
        ValueError: If the axis does not exist, or its size is odd.
        TypeError: If ``x`` holds no float32 or float64.

    Example:
        >>> glu(np.array([[1.0, 2.0, 0.0, 1000.0]]))
        array([[0.5, 2. ]])
    """
    first, second = _halves("glu", x, axis)
    return first * _activated("sigmoid", second)


@overload
def swiglu(x: Traceable, axis: int = -1) -> Tensor: ...
@overload
def swiglu(x: Rows, axis: int = -1) -> Array: ...
def swiglu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit with a swish gate: ``silu(a) * b``, where ``a`` and ``b`` are the halves of ``x`` along an axis.

    The gate is the first half, as in most language models; in :func:`glu` it is the second. (Shazeer, 2020.)

    Arguments and errors are those of :func:`glu`.

    Example:
        >>> swiglu(np.array([[0.0, 1000.0, 1.0, 2.0]]))
        array([[   0., 2000.]])
    """
    first, second = _halves("swiglu", x, axis)
    return _activated("swish", first) * second


@overload
def prelu(x: Traceable, slope: Values) -> Tensor: ...
@overload
def prelu(x: Data, slope: Traceable) -> Tensor: ...
@overload
def prelu(x: Data, slope: Data) -> Array: ...
def prelu(x: Any, slope: Any) -> Any:
    """Rectified linear unit with a slope that is learned: ``x`` where ``x > 0``, else ``slope * x``.

    The gradient with respect to the slope is ``sum(min(x, 0) * g)``; with respect to ``x`` at 0 it is the slope times
    ``g``, as in PyTorch. (He, Zhang, Ren and Sun, 2015.)

    Args:
        x: Float array or traced tensor.
        slope: Slope below zero, which broadcasts against ``x``: a number, or one for each column.

    Raises:
        ValueError: If the shapes do not broadcast to that of ``x``.
        TypeError: If ``x`` holds no float32 or float64.

    Example:
        >>> prelu(np.array([[-1.0, 2.0], [3.0, -4.0]]), np.array([0.25, 0.5]))
        array([[-0.25,  2.  ],
               [ 3.  , -2.  ]])
    """
    like = find_tensor(x, slope)
    if like is not None:
        shapes = x.shape, slope.shape if isinstance(slope, Traceable) else np.shape(slope)
        _check_slope(*shapes)
        if isinstance(x, Traceable):
            # For the initialiser of the layer before it, a leaky rectifier.
            tell_origin(x._tensor(), "leaky_relu")
        return binary("prelu", x, slope)
    x = _array("prelu", "x", x)
    slope = np.asarray(slope, x.dtype)
    _check_slope(x.shape, slope.shape)
    graph = _core.Graph()
    inputs = [graph.input(name, array.shape, array.dtype.name) for name, array in (("x", x), ("slope", slope))]
    return graph.compile([graph.apply("prelu", inputs)]).run([x, slope])[0]


def _check_slope(shape: tuple[int, ...], slope: tuple[int, ...]) -> None:
    try:
        fits = np.broadcast_shapes(shape, slope) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"prelu: expected `slope` to broadcast to the shape {shape} of `x`, got shape {slope}")


def _activated(name: str, x: Any) -> Any:
    return activate(name, x) if isinstance(x, Traceable) else with_parameters(name, ())(x)


def _halves(function: str, x: Any, axis: int) -> tuple[Any, Any]:
    """Both halves along an axis."""
    if not isinstance(x, Traceable):
        x = _array(function, "x", x)
    _last(function, x, axis, None)
    size = x.shape[axis]
    if size % 2:
        raise ValueError(f"{function}: expected an even size along axis {axis}, got {size} in shape {x.shape}")
    before = (slice(None),) * (axis % x.ndim)
    return x[(*before, slice(None, size // 2))], x[(*before, slice(size // 2, None))]

"""The softmax family, for NumPy arrays and traced tensors alike; `tilegrad.functional` has its public names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

import numpy as np

from tilegrad import _core
from tilegrad.functional.types import Data, Rows
from tilegrad.tensor import Array, Tensor, Traceable, unary
from tilegrad.words.checks import check_number


@overload
def softmax(
    x: Traceable, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: None = None
) -> Tensor: ...
@overload
def softmax(
    x: Rows, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: Array | None = None
) -> Array: ...
def softmax(
    x: Rows | Traceable, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: Array | None = None
) -> Array | Tensor:
    """Softmax over an axis: ``exp(x / T) / sum(exp(x / T))``, computed after the largest number was subtracted.

    Args:
        x: Float array of any shape, or a traced tensor.
        axis: Axis whose numbers become parts of one; the last by default, as in Keras (PyTorch asks for it).
        temperature: ``T``, positive: above 1 the parts become more alike, below 1 the largest takes more.
        mask: Booleans that broadcast to the shape of ``x``: where False, the part is 0, and the others share the whole.
        out: Where to write; may be ``x``. Only with the last axis.

    Returns:
        An array like ``x`` with numbers from 0 to 1 that add up to 1 along the axis. A row with NaN becomes NaN.

    Raises:
        ValueError: If the axis does not exist, ``out`` does not fit, the temperature is not positive and finite, or the
            mask leaves nothing along the axis.
        TypeError: If ``x`` holds no float32 or float64, or the mask no booleans.

    Example:
        >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
        array([[0.5, 0.5],
               [1. , 0. ]])
        >>> softmax(np.array([1.0, 2.0, 3.0]), mask=np.array([True, False, True])).round(6)
        array([0.119203, 0.      , 0.880797])
        >>> softmax(np.array([0.0, 2.0]), temperature=2.0).round(6)
        array([0.268941, 0.731059])
    """
    return _along("softmax", _core.softmax, x, axis, (temperature, mask), out)


@overload
def log_softmax(
    x: Traceable, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: None = None
) -> Tensor: ...
@overload
def log_softmax(
    x: Rows, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: Array | None = None
) -> Array: ...
def log_softmax(
    x: Rows | Traceable, axis: int = -1, *, temperature: float = 1.0, mask: Data | None = None, out: Array | None = None
) -> Array | Tensor:
    """Logarithm of the softmax over an axis: ``z - log(sum(exp(z)))`` with ``z = x / T``, without overflow or loss of digits.

    Arguments and errors are those of :func:`softmax`; where the mask is False, the result is minus infinity.

    Example:
        >>> log_softmax(np.array([0.0, 1000.0]))
        array([-1000.,     0.])
    """
    return _along("log_softmax", _core.log_softmax, x, axis, (temperature, mask), out)


@overload
def softmin(x: Traceable, axis: int = -1) -> Tensor: ...
@overload
def softmin(x: Rows, axis: int = -1) -> Array: ...
def softmin(x: Rows | Traceable, axis: int = -1) -> Array | Tensor:
    """Softmax of the negative: ``exp(-x) / sum(exp(-x))``, the largest part to the smallest number.

    Arguments and errors are those of :func:`softmax`.

    Example:
        >>> softmin(np.array([0.0, 0.0, 1000.0]))
        array([0.5, 0.5, 0. ])
    """
    return softmax(-(x if isinstance(x, Traceable) else _array("softmin", "x", x)), axis)


def softmax_backward(
    gradient: Array, y: Array, axis: int = -1, *, temperature: float = 1.0, out: Array | None = None
) -> Array:
    """Gradient with respect to the input of :func:`softmax`, from its *output* ``y``: ``y * (g - sum(g * y)) / T``.

    Example:
        >>> softmax_backward(np.array([1.0, 0.0]), softmax(np.array([0.0, 0.0])))
        array([ 0.25, -0.25])
    """
    return _backward_along("softmax_backward", _core.softmax_backward, gradient, y, axis, temperature, out)


def log_softmax_backward(
    gradient: Array, y: Array, axis: int = -1, *, temperature: float = 1.0, out: Array | None = None
) -> Array:
    """Gradient with respect to the input of :func:`log_softmax`, from its *output*: ``(g - exp(y) * sum(g)) / T``.

    Example:
        >>> log_softmax_backward(np.array([1.0, 0.0]), log_softmax(np.array([0.0, 0.0])))
        array([ 0.5, -0.5])
    """
    return _backward_along("log_softmax_backward", _core.log_softmax_backward, gradient, y, axis, temperature, out)


def _array(function: str, name: str, value: Any) -> Array:
    """The value as an array of floats, or a ``TypeError``."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype not in (np.float32, np.float64):
        got = type(value).__name__ if array.dtype.kind not in "fiub" else f"dtype {array.dtype}"
        raise TypeError(f"{function}: expected `{name}` of float32 or float64, got {got}")
    return array


def _last(function: str, x: Any, axis: int, out: Array | None) -> bool:
    """Whether the axis is the last one; refuses axes that do not exist."""
    if not isinstance(axis, int | np.integer) or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{function}: expected `axis` from {-x.ndim} to {x.ndim - 1} for shape {x.shape}, got {axis}")
    last = axis in (-1, x.ndim - 1)
    if not last and out is not None:
        raise ValueError(f"{function}: expected `out` only with the last axis, got axis {axis}")
    return last


def _blocked(function: str, mask: Any, shape: tuple[int, ...], axis: int) -> Array | None:
    """What is added to the logits: 0 where the mask is True, minus infinity where it is False."""
    if mask is None:
        return None
    if isinstance(mask, Traceable):
        raise TypeError(f"{function}: expected `mask` to be an array of booleans, got a traced tensor, which has none")
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise TypeError(f"{function}: expected `mask` of booleans, got dtype {mask.dtype}")
    try:
        whole = np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"{function}: expected `mask` to broadcast to shape {shape}, got shape {mask.shape}") from None
    if not whole.any(axis).all():
        raise ValueError(f"{function}: expected `mask` to leave something along axis {axis}, got all False somewhere")
    return np.where(mask, 0.0, -np.inf)


def _along(
    function: str,
    core: Callable[..., Array],
    x: Any,
    axis: int,
    settings: tuple[float, Data | None],
    out: Array | None,
) -> Array | Tensor:
    temperature = check_number(function, "temperature", settings[0], "(0, inf)")
    if isinstance(x, Traceable):
        return _traced(function, x, axis, temperature, settings[1])
    x = _array(function, "x", x)
    last = _last(function, x, axis, out)
    blocked = _blocked(function, settings[1], x.shape, axis)
    if temperature != 1.0:
        x = x / x.dtype.type(temperature)
    if blocked is not None:
        # Not a sum: an infinite number that does not take part would make it NaN.
        x = np.where(blocked == 0.0, x, x.dtype.type(-np.inf))
    if last:
        return core(x, out)
    return np.moveaxis(core(np.ascontiguousarray(np.moveaxis(x, axis, -1))), -1, axis)


def _traced(function: str, x: Traceable, axis: int, temperature: float, mask: Data | None) -> Tensor:
    tensor = x._tensor()
    last = _last(function, tensor, axis, None)
    blocked = _blocked(function, mask, tensor.shape, axis)
    if temperature != 1.0:
        tensor = tensor / temperature
    if blocked is not None:
        tensor = tensor + blocked
    if last:
        return unary(function, tensor)
    order = list(range(tensor.ndim))
    order[axis], order[-1] = order[-1], order[axis]
    return unary(function, tensor.transpose(*order)).transpose(*order)


def _backward_along(
    function: str,
    core: Callable[..., Array],
    gradient: Array,
    y: Array,
    axis: int,
    temperature: float,
    out: Array | None,
) -> Array:
    temperature = check_number(function, "temperature", temperature, "(0, inf)")
    gradient, y = _array(function, "gradient", gradient), _array(function, "y", y)
    if _last(function, y, axis, out):
        result = core(gradient, y, out)
    else:
        if gradient.shape != y.shape:
            raise ValueError(f"{function}: expected `gradient` of shape {y.shape}, got {gradient.shape}")
        moved = (np.ascontiguousarray(np.moveaxis(array, axis, -1)) for array in (gradient, y))
        result = np.moveaxis(core(*moved), -1, axis)
    if temperature != 1.0:
        result /= result.dtype.type(temperature)
    return result

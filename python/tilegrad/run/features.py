"""Checking the features that a user brings: form, dtype, content. Nothing is changed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array
from tilegrad.words.checks import check_array

# Rows are looked at in blocks of about this many numbers, so that a memory map is never read into memory whole.
_BLOCK = 1 << 20


def as_array(function: str, name: str, value: Any) -> Array:
    """The value as an array of numbers; a ``TypeError`` if it is none."""
    # A matrix keeps two axes whatever is taken from it; as an array it is like all others.
    array = check_array(function, name, value)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def check_features(function: str, x: Any, row_shape: tuple[int, ...] | None, scale: float | None, dtype: str) -> Array:
    """Features of a shape, dtype and content that a model of this dtype can compute with."""
    array = as_array(function, "x", x)
    expected = "(rows, features)" if row_shape is None else f"({', '.join(map(str, ('rows', *row_shape)))})"
    if array.ndim < 2 or (row_shape is not None and array.shape[1:] != row_shape):
        hint = "; one feature is a column: x[:, None]" if array.ndim == 1 and row_shape in (None, (1,)) else ""
        hint = hint or ("; a single row is x[None, :]" if array.ndim == 1 and array.shape == row_shape else "")
        raise ValueError(f"{function}: expected `x` of shape {expected}, got {array.shape}{hint}")
    if array.dtype.kind == "f" and array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"{function}: expected `x` of float32, float64 or integers, got dtype {array.dtype}; convert with "
            f"x.astype(np.float32)"
        )
    if array.size == 0:
        raise ValueError(f"{function}: expected `x` with at least one row, got shape {array.shape}")
    if scale is not None:
        _check_scale(function, scale, dtype)
    check_finite(function, "x", array, dtype, scale)
    return array


def _check_scale(function: str, scale: Any, dtype: str) -> None:
    if not (isinstance(scale, int | float | np.floating) and math.isfinite(scale) and scale != 0):
        raise ValueError(f"{function}: expected `scale` to be a finite number other than 0, or None, got {scale!r}")
    with np.errstate(over="ignore", under="ignore"):
        held = np.asarray(scale).astype(dtype)
    if not (np.isfinite(held) and held):
        raise ValueError(f"{function}: expected `scale` that {dtype} can hold, got {scale!r}, which is {held} there")


def check_finite(function: str, name: str, array: Array, dtype: str = "float64", scale: float | None = None) -> None:
    """Refuses NaN, infinity, and what is infinite in the dtype to compute in, times ``scale``; names row and column."""
    narrower = array.dtype == np.float64 and dtype == "float32"
    grows = scale is not None and abs(scale) > 1
    if array.dtype.kind != "f" and not grows:
        return
    width = max(array.size // max(len(array), 1), 1)
    block = max(_BLOCK // width, 1)
    for start in range(0, len(array), block):
        rows = array[start : start + block]
        if narrower or grows:
            rows = held_as(rows, dtype, scale)
        found = _core.check_finite(rows)
        if found is None:
            continue
        place = np.unravel_index(found, rows.shape)
        row = start + int(place[0])
        column = f", column {', '.join(str(int(index)) for index in place[1:])}" if len(place) > 1 else ""
        value = array[(row, *place[1:])]
        if np.isfinite(value):
            raise ValueError(_too_large(function, name, array, value, f"row {row}{column}", dtype, scale))
        raise ValueError(
            f"{function}: expected `{name}` of finite numbers, got {value} in row {row}{column}; "
            "remove such rows or fill the gaps first"
        )


def held_as(array: Array, dtype: str, scale: float | None = None) -> Array:
    """Numbers as a dtype holds them, without a word about those that it cannot."""
    with np.errstate(over="ignore", under="ignore"):
        held = array.astype(dtype)
        return held if scale is None else held * np.asarray(scale).astype(dtype)


def _too_large(
    function: str, name: str, array: Array, value: Any, place: str, dtype: str, scale: float | None = None
) -> str:
    """What is said of a number that the dtype to compute in cannot hold."""
    times = "" if scale is None else f" times the scale of {scale:g}"
    wider = ', or compute in double precision with model.astype("float64")' if dtype == "float32" else ""
    return (
        f"{function}: expected `{name}` of numbers that {dtype} can hold (up to {np.finfo(dtype).max:.3g}), got {value}"
        f"{times} in {place} ({array.dtype}); scale them to about -1 to 1{wider}"
    )

"""Checking the features that a user brings: form, dtype, content. Nothing is changed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array

# Rows are looked at in blocks of about this many numbers, so that a memory map is never read into memory whole.
_BLOCK = 1 << 20


def as_array(function: str, name: str, value: Any) -> Array:
    """The value as an array of numbers; a ``TypeError`` if it is none."""
    if value is None:
        raise TypeError(f"{function}: expected `{name}` to be an array, got None")
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{function}: expected `{name}` to be an array of numbers, got dtype {array.dtype}")
    return array


def check_features(
    function: str, x: Any, row_shape: tuple[int, ...] | None, scale: float | None, *, finite: bool = True
) -> Array:
    """Features of a shape, dtype and content to compute with."""
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
    if scale is not None and not (isinstance(scale, int | float | np.floating) and math.isfinite(scale) and scale != 0):
        raise ValueError(f"{function}: expected `scale` to be a finite number other than 0, or None, got {scale!r}")
    if finite and array.dtype.kind == "f":
        check_finite(function, "x", array)
    return array


def check_finite(function: str, name: str, array: Array) -> None:
    """Refuses NaN and infinity, naming row and column."""
    width = max(array.size // max(len(array), 1), 1)
    block = max(_BLOCK // width, 1)
    for start in range(0, len(array), block):
        rows = array[start : start + block]
        found = _core.check_finite(rows)
        if found is None:
            continue
        place = np.unravel_index(found, rows.shape)
        value = rows[place]
        column = f", column {', '.join(str(int(index)) for index in place[1:])}" if len(place) > 1 else ""
        raise ValueError(
            f"{function}: expected `{name}` of finite numbers, got {value} in row {start + int(place[0])}{column}; "
            "remove such rows or fill the gaps first"
        )

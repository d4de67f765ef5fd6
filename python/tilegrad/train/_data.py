"""Checking what a user brings: features, targets, weights, sizes.

Each mistake has its own sentence, and nothing is changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad._labels import check_range
from tilegrad._losses.checks import COUNTED, check_distributions, check_domain
from tilegrad.losses import Loss
from tilegrad.tensor import Array
from tilegrad.train._batch_size import suggest_batch_size

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
        column = f", column {', '.join(str(int(each)) for each in place[1:])}" if len(place) > 1 else ""
        raise ValueError(
            f"{function}: expected `{name}` of finite numbers, got {value} in row {start + int(place[0])}{column}; "
            "remove such rows or fill the gaps first"
        )


def check_targets(function: str, y: Any, rows: int, output: tuple[int, ...], loss: Loss, dtype: str) -> Array:
    """Targets as the plan takes them, for an output of this shape per row."""
    array = as_array(function, "y", y)
    if array.ndim == 0 or len(array) != rows:
        raise ValueError(
            f"{function}: expected `y` with one entry for each of the {rows} rows of `x` (shape ({rows},)), got "
            f"{array.shape}"
        )
    if loss.targets == "classes":
        return _class_targets(function, array, rows, output, loss, dtype)
    if array.dtype.kind in "iub" and loss.targets in COUNTED:
        # Integers are numbers there: counts, signs, no and yes.
        check_domain(function, array, "zero_or_one" if loss.targets == "unit_interval" else loss.targets, "y")
        array = array.astype(dtype)
    if loss.targets == "any" and (array.dtype.kind != "f" or array.ndim == 1 + len(output)):
        # A function of the user's own knows what it compares.
        if array.dtype.kind == "f":
            check_finite(function, "y", array)
        return array
    if array.dtype.kind != "f":
        raise TypeError(
            f"{function}: expected `y` of floats for {loss!r}, got dtype {array.dtype}, which stands for classes; "
            "convert with y.astype(np.float32) if they are amounts, or use cross_entropy for classes"
        )
    array = _float_targets(function, array, rows, loss.target_shape(output))
    check_finite(function, "y", array)
    if loss.targets != "any":
        check_domain(function, array, loss.targets, "y")
    return array


def _class_targets(function: str, array: Array, rows: int, output: tuple[int, ...], loss: Loss, dtype: str) -> Array:
    classes = output[-1] if output else 1
    if array.dtype.kind in "iub":
        if array.shape != (rows,):
            hint = (
                "; flatten it with y[:, 0]"
                if array.shape == (rows, 1)
                else "; one-hot rows must be floats"
                if array.ndim == 2
                else ""
            )
            raise ValueError(f"{function}: expected `y` of shape ({rows},), got {array.shape}{hint}")
        check_range(function, array, classes, getattr(loss, "ignore_index", None), name="y")
        return array
    if array.shape == (rows,) or (array.shape == (rows, 1) and classes != 1):
        hint = (
            "convert with y.astype(np.int64) if they are classes, or use mean_squared_error for amounts"
            if np.array_equal(array, np.floor(array))
            else "they are no classes: use mean_squared_error"
        )
        raise TypeError(
            f"{function}: expected `y` of integer class numbers for {loss!r}, got dtype {array.dtype}; {hint}"
        )
    if array.shape != (rows, classes):
        raise ValueError(f"{function}: expected `y` of shape ({rows}, {classes}) or ({rows},), got {array.shape}")
    check_finite(function, "y", array)
    check_distributions(function, array, "y")
    return _float_dtype(function, array, dtype)


def _float_dtype(function: str, array: Array, dtype: str) -> Array:
    """Half precision and the like are refused; both of ours are taken as they are."""
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"{function}: expected `y` of float32 or float64, got dtype {array.dtype}; convert with "
            f"y.astype(np.{dtype})"
        )
    return array


def _float_targets(function: str, array: Array, rows: int, output: tuple[int, ...]) -> Array:
    """(n,) goes with one output (n, 1) and the other way round; nothing else is bent."""
    expected = (rows, *output)
    array = _float_dtype(function, array, "float32")
    if array.shape == expected:
        return array
    if array.shape == (rows,) and output == (1,):
        return array[:, None]
    if array.shape == (rows, 1) and output == ():
        return array[:, 0]
    hint = f"; the model's last layer has {output[-1]} outputs" if output else ""
    raise ValueError(f"{function}: expected `y` of shape {expected}, got {array.shape}{hint}")


def check_sample_weight(function: str, weight: Any, rows: int, dtype: str) -> Array | None:
    """A weight for each row."""
    if weight is None:
        return None
    array = as_array(function, "sample_weight", weight)
    if array.shape != (rows,):
        raise ValueError(f"{function}: expected `sample_weight` of shape ({rows},), got {array.shape}")
    return _weights(function, "sample_weight", array, dtype)


def _weights(function: str, name: str, array: Array, dtype: str) -> Array:
    if not np.isfinite(array).all() or array.min() < 0:
        place = int(np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[0])
        raise ValueError(
            f"{function}: expected `{name}` of finite numbers from 0, got {array[place]} at position {place}"
        )
    if not array.any():
        raise ValueError(f"{function}: expected `{name}` with at least one number above 0, got only zeros")
    return np.ascontiguousarray(array, dtype)


def check_class_weight(function: str, weight: Any, y: Array, classes: int, loss: Loss, dtype: str) -> Array | None:
    """A weight for each class, from a dict, an array or ``"balanced"``."""
    if weight is None:
        return None
    if not loss.takes_class_weight:
        raise ValueError(f"{function}: expected `class_weight` with a loss for classes only, got it with {loss!r}")
    if isinstance(weight, str):
        return _balanced(function, weight, y, classes, dtype)
    if isinstance(weight, Mapping):
        array = np.ones(classes)
        for label, value in weight.items():
            if isinstance(label, bool) or not isinstance(label, int | np.integer) or not 0 <= label < classes:
                raise ValueError(
                    f"{function}: expected `class_weight` for classes 0 to {classes - 1}, got class {label!r}"
                )
            array[int(label)] = value
    else:
        array = as_array(function, "class_weight", weight)
        if array.shape != (classes,):
            raise ValueError(f"{function}: expected `class_weight` of shape ({classes},), got {array.shape}")
    return _weights(function, "class_weight", array.astype(np.float64), dtype)


def _balanced(function: str, weight: str, y: Array, classes: int, dtype: str) -> Array:
    """``rows / (classes * rows of the class)``, as scikit-learn has it."""
    if weight != "balanced" or y.dtype.kind != "i":
        raise ValueError(
            f'{function}: expected `class_weight` to be a dict, an array or "balanced" for labels, got {weight!r}'
        )
    counts = np.bincount(y, minlength=classes)
    return np.ascontiguousarray(len(y) / (classes * np.maximum(counts, 1)), dtype)


def check_count(function: str, name: str, value: Any, least: int) -> int:
    """A whole number of at least so much."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{function}: expected `{name}` to be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{function}: expected `{name}` of at least {least}, got {value}")
    return int(value)


def check_batch_size(function: str, batch_size: Any, rows: int) -> int:
    """Rows per batch, at most as many as there are.

    ``"auto"`` takes the power of two that leaves at least forty steps an epoch, between 16 and 256.
    """
    if isinstance(batch_size, str):
        if batch_size == "full":
            return rows
        if batch_size == "size-rule":
            return suggest_batch_size(rows)
        if batch_size == "auto":
            return min(rows, 1 << min(max((max(rows // 40, 1)).bit_length() - 1, 4), 8))
        raise ValueError(
            f'{function}: expected `batch_size` to be a number, "full", "auto" or "size-rule", got {batch_size!r}'
        )
    return min(check_count(function, "batch_size", batch_size, 1), rows)


def check_split(function: str, share: Any, rows: int) -> int:
    """How many rows from the end are held back."""
    if isinstance(share, bool) or not isinstance(share, int | float | np.floating):
        raise TypeError(f"{function}: expected `validation_split` to be a number, got {share!r}")
    if not 0 <= share < 1:
        raise ValueError(f"{function}: expected `validation_split` in [0, 1), got {share}")
    held = round(float(share) * rows)
    if share > 0 and not 0 < held < rows:
        raise ValueError(
            f"{function}: expected `validation_split` that leaves rows on both sides, got {share} of {rows} rows"
        )
    return held

"""Checking what a user brings, and making rows of it: features, targets, weights, what is held back to evaluate on.

Each mistake has its own error message, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.functional.losses.checks import COUNTED, check_distributions, check_domain
from tilegrad.losses import Loss
from tilegrad.run.features import as_array, check_finite, held_as
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.words.checks import check_number
from tilegrad.words.labels import check_range

# The epoch that the draw of a validation split pretends to be; no training gets there.
_DRAW = (1 << 62) - 1


def split_rows(rows: Rows, held: int, taken_from: str, seed: int) -> tuple[Rows, Rows]:
    """The rows to train on, and those that are held back to evaluate on; these without weights of classes."""
    if taken_from != "end":
        # Copies, which a memory map then is no longer.
        rows = rows.take(_drawn(rows, seed, stratified=taken_from == "stratified"))
    cut = len(rows) - held
    return rows.take(slice(None, cut)), replace(rows.take(slice(cut, None)), class_weight=None)


def _drawn(rows: Rows, seed: int, *, stratified: bool) -> Array:
    """The rows in an order by the seed, in which those that are held back come last.

    Stratified, each class has its share of them, to the nearest row.
    """
    order = _core.permutation(len(rows), seed, _DRAW)
    if not stratified:
        return order
    if rows.y.dtype.kind not in "iub":
        raise ValueError('fit: expected `validation_from` of "stratified" with class numbers only, got it with amounts')
    labels = rows.y.reshape(-1)[order]
    # Where a row stands among those of its class, as a share of them: the last shares are held back.
    rank = np.empty(len(order))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        rank[places] = (np.arange(len(places)) + 0.5) / len(places)
    return order[np.argsort(rank, kind="stable")]


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
            check_finite(function, "y", array, dtype)
        return array
    if array.dtype.kind != "f":
        raise TypeError(
            f"{function}: expected `y` of floats for {loss!r}, got dtype {array.dtype}, which stands for classes; "
            "convert with y.astype(np.float32) if they are amounts, or use cross_entropy for classes"
        )
    array = _float_targets(function, array, rows, loss.target_shape(output))
    check_finite(function, "y", array, dtype)
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
        check_range(function, array, classes, loss.ignore_index, name="y")
        return array
    if array.shape == (rows,) or (array.shape == (rows, 1) and classes != 1):
        _check_labelled(function, array.reshape(-1))
        hint = (
            "convert with y.astype(np.int64) if they are classes, or use mean_squared_error for amounts"
            if np.array_equal(array, np.floor(array))
            else "they are not classes: use mean_squared_error"
        )
        raise TypeError(
            f"{function}: expected `y` of integer class numbers for {loss!r}, got dtype {array.dtype}; {hint}"
        )
    if array.shape != (rows, classes):
        raise ValueError(f"{function}: expected `y` of shape ({rows}, {classes}) or ({rows},), got {array.shape}")
    check_finite(function, "y", array)
    check_distributions(function, array, "y")
    return _float_dtype(function, array, dtype)


def _check_labelled(function: str, array: Array) -> None:
    """Refuses labels that are missing, where all others are whole numbers: such floats were labels before the gaps came."""
    missing = np.isnan(array)
    known = array[~missing]
    if missing.any() and np.array_equal(known, np.floor(known)):
        count = int(missing.sum())
        raise ValueError(
            f"{function}: expected `y` with a label for each row, got none (nan) in row {int(missing.argmax())}"
            f"{f' and {count - 1} more' if count > 1 else ''}; leave such rows out, x[~np.isnan(y)], and convert the rest "
            "with y.astype(np.int64)"
        )


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


def all_ignored(loss: Loss, y: Array) -> bool:
    """Whether all targets are labels that the loss ignores."""
    return loss.ignore_index is not None and y.dtype.kind in "iub" and bool((y == loss.ignore_index).all())


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
    held = held_as(array, dtype)
    # Their sum divides the loss, so that it has to be a number, too.
    with np.errstate(over="ignore"):
        total = held.sum()
    if not np.isfinite(total) or total == 0:
        place = int(array.argmax())
        raise ValueError(
            f"{function}: expected `{name}` whose sum {dtype} can hold, between {np.finfo(dtype).smallest_subnormal:.2g} and "
            f"{np.finfo(dtype).max:.3g}, got {array[place]} at position {place} ({array.dtype}); divide all by their mean"
        )
    return np.ascontiguousarray(held)


def check_class_weight(function: str, weight: Any, y: Array, classes: int, loss: Loss, dtype: str) -> Array | None:
    """A weight for each class, from a dict, an array or ``"balanced"``."""
    if weight is None:
        return None
    if not loss.takes_class_weight:
        raise ValueError(f"{function}: expected `class_weight` with a loss for classes only, got it with {loss!r}")
    if isinstance(weight, str):
        return _balanced(function, weight, y, classes, loss, dtype)
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


def _balanced(function: str, weight: str, y: Array, classes: int, loss: Loss, dtype: str) -> Array:
    """``rows / (classes * rows of the class)``, as scikit-learn has it."""
    if weight != "balanced":
        raise ValueError(f'{function}: expected `class_weight` to be a dict, an array or "balanced", got {weight!r}')
    # Rows of shares, one-hot ones above all, count for their classes by share; rows that the loss ignores for none.
    shares = y.dtype.kind == "f"
    ignored = loss.ignore_index
    labels = y if shares else y[y != ignored].astype(np.int64)
    counts = labels.sum(axis=0, dtype=np.float64) if shares else np.bincount(labels, minlength=classes)
    return np.ascontiguousarray(counts.sum() / (classes * np.maximum(counts, 1)), dtype)


def check_split(function: str, share: float, rows: int) -> int:
    """How many rows from the end are held back."""
    share = check_number(function, "validation_split", share, "[0, 1)")
    held = round(share * rows)
    if share > 0 and not 0 < held < rows:
        raise ValueError(
            f"{function}: expected `validation_split` that leaves rows on both sides, got {share} of {rows} rows"
        )
    return held

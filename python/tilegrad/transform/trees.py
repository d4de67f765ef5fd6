"""Arguments of a function taken apart into arrays, and put together again.

Lists, tuples and dicts are walked; what is found in them is a float array or number (a value), an integer array
(labels) or anything else (a setting, which must be hashable because each different one is a new trace).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tilegrad.tensor import Traceable
from tilegrad.words.labels import to_int32

# Nested tuples that describe a structure; hashable, so that it can be the key of a cache.
Spec: TypeAlias = tuple[Any, ...]


def flatten(function: str, value: Any, leaves: list[Any], *, numbers: bool) -> Spec:
    """Collects the arrays of a structure into ``leaves`` and returns what is needed to build it again.

    With ``numbers``, ints and floats are values; without, they are settings.
    """
    if isinstance(value, np.ndarray):
        return _array_spec(function, value, leaves)
    if isinstance(value, Traceable):
        leaves.append(value)
        return ("tensor", len(leaves) - 1)
    if numbers and isinstance(value, int | float | np.floating | np.integer) and not isinstance(value, bool):
        leaves.append(float(value))
        return ("number",)
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return (kind, *(flatten(function, part, leaves, numbers=numbers) for part in value))
    if isinstance(value, dict):
        parts = (flatten(function, part, leaves, numbers=numbers) for part in value.values())
        return ("dict", tuple(value), *parts)
    try:
        hash(value)
    except TypeError:
        message = f"{function}: expected numbers, arrays, or settings that can be hashed, got {type(value).__name__}"
        raise TypeError(message) from None
    return ("setting", type(value), value)


def _array_spec(function: str, array: NDArray[Any], leaves: list[Any]) -> Spec:
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize in (4, 8):
        leaves.append(array)
        return ("array", array.shape, array.dtype.name)
    if kind in "iub":
        leaves.append(to_int32(function, array))
        return ("labels", array.shape)
    raise TypeError(
        f"{function}: expected arrays of float32, float64 or integers, got dtype {array.dtype}; convert with "
        f".astype(np.float32)"
    )


def number_dtype(leaves: list[Any]) -> str:
    """The dtype that plain numbers take beside these leaves: float32 if all float arrays are, else float64."""
    names = {leaf.dtype.name for leaf in leaves if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"}
    return "float32" if names == {"float32"} else "float64"


def rebuild(spec: Spec, make: Callable[[Spec], Any]) -> Any:
    """The structure again, with ``make(spec)`` in place of each leaf, in the order in which leaves were collected."""
    match spec[0]:
        case "list":
            return [rebuild(part, make) for part in spec[1:]]
        case "tuple":
            return tuple(rebuild(part, make) for part in spec[1:])
        case "dict":
            return {key: rebuild(part, make) for key, part in zip(spec[1], spec[2:], strict=True)}
        case "setting":
            return spec[2]
        case _:
            return make(spec)


def values_of(spec: Spec) -> Iterator[Spec]:
    """The leaves of a structure that are arrays, numbers, labels or tensors, in order."""
    match spec[0]:
        case "list" | "tuple":
            for part in spec[1:]:
                yield from values_of(part)
        case "dict":
            for part in spec[2:]:
                yield from values_of(part)
        case "setting":
            return
        case _:
            yield spec


def has_values(spec: Spec) -> bool:
    """Whether there is anything in the structure that a gradient exists for."""
    return any(leaf[0] in ("array", "number", "tensor") for leaf in values_of(spec))

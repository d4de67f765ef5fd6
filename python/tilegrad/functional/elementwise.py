"""What the functions of `tilegrad.functional.activations` share: an activation of arrays, numbers and traced tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array, Tensor, Traceable, unary
from tilegrad.words.registry import entries


@lru_cache(maxsize=512)
def with_parameters(name: str, values: tuple[float, ...] = ()) -> _core.Activation:
    """The activation with these hyperparameters, which are checked against their ranges."""
    return _core.Activation(name, values)


def activate(name: str, x: Traceable, values: Sequence[float] = ()) -> Tensor:
    """The activation of a traced tensor. The dense layer it follows is told, for its initialiser."""
    entry = entries("activations")[name]
    with_parameters(entry["name"], tuple(values))  # refuses what is out of range
    attributes = dict(zip((parameter["name"] for parameter in entry["parameters"]), map(float, values), strict=False))
    tensor = x._tensor()
    tell_origin(tensor, entry["name"])
    return unary(entry["name"], tensor, attributes)


def tell_origin(tensor: Tensor, name: str) -> None:
    """Tells the dense layer that a tensor comes from, if it does, which activation follows."""
    if tensor.origin is not None and tensor.origin.following is None:
        tensor.origin.following = name


def general(name: str, values: tuple[float, ...], x: Any, out: Array | None) -> Any:
    """What an activation does with anything but a plain array."""
    if isinstance(x, Traceable):
        if out is not None:
            raise TypeError(f"{name}: expected no `out` for a traced tensor")
        return activate(name, x, values)
    if isinstance(x, np.ndarray):
        return with_parameters(name, values)(x, out)
    is_number = isinstance(x, int | float | np.floating)
    result = with_parameters(name, values)(np.asarray(x, getattr(x, "dtype", np.float64)), out)
    return float(result) if is_number else result

"""Parameters in files, and from arrays by name. Nothing is changed unless all fit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.nn.parameter import Parameter
from tilegrad.tensor import Array

_FORMAT = "tilegrad model 1"
# What a trainer's file calls the parameters of its model.
_PREFIX = "model."


def path_of(function: str, path: Any) -> str:
    """The path as text, from a text or a path object."""
    try:
        return os.fsdecode(os.fspath(path))
    except TypeError:
        raise TypeError(f"{function}: expected `path` to be a path, got {type(path).__name__}") from None


def write(path: Any, arrays: Mapping[str, Array]) -> None:
    """Writes arrays into a safetensors file, which appears whole or not at all."""
    _core.save_tensors(path_of("save", path), dict(arrays), {"format": _FORMAT})


def read(path: Any, named: Sequence[tuple[str, Parameter]]) -> dict[str, Array]:
    """The arrays of a file that a model or a trainer wrote, by the names of the model's parameters."""
    tensors, _ = _core.load_tensors(path_of("load", path))
    own = any(name.startswith(_PREFIX) for name, _ in named)
    if own or not any(name.startswith(_PREFIX) for name in tensors):
        return tensors
    return {name.removeprefix(_PREFIX): array for name, array in tensors.items() if name.startswith(_PREFIX)}


def take(named: Sequence[tuple[str, Parameter]], state: Mapping[str, Any]) -> None:
    """Gives each parameter the array of its name."""
    wanted = {name: (parameter.shape, parameter.dtype) for name, parameter in named}
    check_tensors("load_state_dict", wanted, state)
    for name, parameter in named:
        parameter.value = state[name]


def check_tensors(
    function: str, expected: Mapping[str, tuple[tuple[int, ...], str]], tensors: Mapping[str, Any]
) -> None:
    """Refuses named arrays that are not exactly those expected, by name, shape and dtype."""
    for name in expected:
        if name not in tensors:
            raise ValueError(f"{function}: expected a tensor {name!r}, got only {', '.join(tensors) or 'none'}")
    for name in tensors:
        if name not in expected:
            raise ValueError(f"{function}: expected no tensor {name!r}; the model has {', '.join(expected) or 'none'}")
    for name, (shape, dtype) in expected.items():
        array = np.asarray(tensors[name])
        if array.shape != shape:
            raise ValueError(f"{function}: expected {name!r} of shape {shape}, got {array.shape}")
        if array.dtype.name != dtype:
            raise TypeError(
                f"{function}: expected {name!r} of {dtype}, got dtype {array.dtype}; use model.astype first"
            )

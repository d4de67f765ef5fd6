"""Dropout of arrays and traced tensors."""

from __future__ import annotations

from typing import overload

import numpy as np

from tilegrad import _core
from tilegrad.functional.types import Rows
from tilegrad.tensor import Array, Tensor, Traceable, unary
from tilegrad.words.checks import check_number


@overload
def dropout(x: Traceable, rate: float = 0.5, *, seed: int = 0) -> Tensor: ...
@overload
def dropout(x: Rows, rate: float = 0.5, *, seed: int = 0) -> Array: ...
def dropout(x: Rows | Traceable, rate: float = 0.5, *, seed: int = 0) -> Array | Tensor:
    """Sets numbers to zero at random, and divides the others by ``1 - rate`` so that the mean stays.

    On arrays it always drops, by a mask that depends on ``seed`` and the shape only. On traced tensors it drops in
    training only, with another mask in each step. (Srivastava et al., 2014.)

    Args:
        x: Float array or traced tensor.
        rate: Share of numbers that become zero, at least 0 and less than 1.
        seed: Which mask, for arrays.

    Raises:
        ValueError: If the rate is not in [0, 1).

    Example:
        >>> kept = dropout(np.ones(1000), 0.2)
        >>> sorted(set(kept.tolist()))
        [0.0, 1.25]
    """
    rate = check_number("dropout", "rate", rate, "[0, 1)")
    if not isinstance(x, Traceable):
        return _dropped(np.asarray(x), rate, seed)
    tensor = x._tensor()
    if not tensor.tracer.training or rate == 0:
        return tensor
    result = unary("dropout", tensor, {"rate": rate, "stream": tensor.tracer.next_stream()})
    result.origin = tensor.origin
    return result


def _dropped(x: Array, rate: float, seed: int) -> Array:
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"dropout: expected `x` of float32 or float64, got dtype {x.dtype}")
    graph = _core.Graph()
    value = graph.apply("dropout", [graph.input("x", x.shape, x.dtype.name)], {"rate": rate, "stream": 0})
    return graph.compile([value]).run([x], seed=seed)[0]

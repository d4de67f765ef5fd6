"""Activations, losses and a few more functions, for NumPy arrays and traced tensors alike.

An activation is ``F.name(x)``, its backward pass ``F.name_backward(gradient, x)``; both write into ``out`` if it is
given, which may be the input itself. A loss is ``F.name(prediction, target)``. All are made from the registry of the
compiled core, with the parameters, ranges and documentation found there: ``help(F.leaky_relu)``, ``dir(F)``.

Example:
    >>> import numpy as np
    >>> from tilegrad import functional as F
    >>> F.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    >>> F.softmax(np.array([[0.9, 0.1]])).round(6)
    array([[0.689974, 0.310026]])
    >>> float(F.cross_entropy(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])))  # doctest: +ELLIPSIS
    0.40429430821...
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.functional.activations import make_functions
from tilegrad.functional.gated import glu, prelu, swiglu
from tilegrad.functional.losses.counting import entropy, zero_one_loss
from tilegrad.functional.losses.functions import make_losses
from tilegrad.functional.softmaxes import log_softmax, log_softmax_backward, softmax, softmax_backward, softmin
from tilegrad.tensor import Array, Traceable, unary
from tilegrad.words.checks import check_number
from tilegrad.words.names import hint
from tilegrad.words.registry import entries

__all__ = [
    "dropout",
    "entropy",
    "ewma",
    "glu",
    "log_softmax",
    "log_softmax_backward",
    "prelu",
    "softmax",
    "softmax_backward",
    "softmin",
    "swiglu",
    "zero_one_loss",
]


def dropout(x: Any, rate: float = 0.5, *, seed: int = 0) -> Any:
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


def ewma(x: Any, beta: float, bias_correction: bool = False) -> Array:
    """Exponentially weighted moving average along the first axis.

    ``v_t = beta v_(t-1) + (1 - beta) x_t`` from ``v_0 = 0``.

    Args:
        x: Numbers in time order; further axes are averaged each on its own.
        beta: Weight of the past, at least 0 and less than 1: the average looks back about ``1 / (1 - beta)`` steps.
        bias_correction: Divides by ``1 - beta ** t``, so that the first averages are not drawn towards zero.

    Raises:
        ValueError: If ``beta`` is not in [0, 1), or ``x`` is a single number.

    Example:
        >>> ewma([1.0, 2.0, 3.0], 0.9).round(3)
        array([0.1  , 0.29 , 0.561])
        >>> ewma([1.0, 2.0, 3.0], 0.9, bias_correction=True).round(6)
        array([1.      , 1.526316, 2.070111])
    """
    beta = check_number("ewma", "beta", beta, "[0, 1)")
    array = np.asarray(x)
    if array.ndim == 0:
        raise ValueError("ewma: expected `x` with at least one axis, got a single number")
    array = array.astype(array.dtype if array.dtype.kind == "f" else np.float64)
    rows = array.tolist() if array.ndim == 1 else list(array)
    averages = list(accumulate(rows, lambda average, row: beta * average + (1 - beta) * row, initial=array[0] * 0.0))[
        1:
    ]
    result = np.asarray(averages, array.dtype).reshape(array.shape)
    if not bias_correction:
        return result
    corrections = 1 - beta ** np.arange(1, len(array) + 1, dtype=np.float64)
    return (result / corrections.reshape(-1, *[1] * (array.ndim - 1))).astype(array.dtype)


_made: dict[str, Callable[..., Any]] = {**make_functions(), **make_losses()}
globals().update(_made)
__all__ += sorted(_made)


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("__"):
        raise AttributeError(f"module 'tilegrad.functional' has no attribute {name!r}")
    known = [*__all__, *entries("activations")]
    raise AttributeError(
        f"functional: unknown function {name!r}{hint(name, known)}; dir(tilegrad.functional) lists them"
    )

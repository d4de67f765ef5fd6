"""Moving averages of arrays."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from tilegrad.functional.types import Data
from tilegrad.tensor import Array
from tilegrad.words.checks import check_number


def ewma(x: Data, beta: float, bias_correction: bool = False) -> Array:
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

"""Class labels: checking them, and bringing any integer width to the one the core uses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_INT32 = np.iinfo(np.int32)


def check_range(
    function: str, labels: NDArray[Any], classes: int, ignore_index: int | None = None, name: str = "target"
) -> None:
    """Refuses labels outside ``0 .. classes - 1``, naming the first row, its value and what is allowed."""
    if labels.size == 0 or (int(labels.min()) >= 0 and int(labels.max()) < classes):
        return
    wrong = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        wrong &= labels != ignore_index
    if not wrong.any():
        return
    row = int(np.flatnonzero(wrong.reshape(-1))[0])
    value = int(labels.reshape(-1)[row])
    hint = f"; labels count from 0, so subtract 1 if yours are 1 to {classes}" if value == classes else ""
    raise ValueError(f"{function}: expected `{name}` of labels from 0 to {classes - 1}, got {value} in row {row}{hint}")


def to_int32(function: str, labels: NDArray[Any]) -> NDArray[np.int32]:
    """Integer labels of any width as int32; a ``ValueError`` if one does not fit."""
    if labels.dtype == np.int32:
        return labels
    if labels.size and (int(labels.max()) > _INT32.max or int(labels.min()) < _INT32.min):
        raise ValueError(f"{function}: expected `target` of labels that fit into 32 bits, got {int(labels.max())}")
    return labels.astype(np.int32)

"""Numbers and texts as explanations show them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.tensor import Array


class Text(str):
    """A text that shows itself with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def is_short(array: Array) -> bool:
    """Whether an array is shown number by number."""
    return array.size <= 6


def number(array: Array) -> str:
    """A number or a small array in short, a large one by its shape and size."""
    if array.ndim == 0:
        return f"{float(array):.6g}"
    if is_short(array):
        return _row(array.tolist())
    return f"shape {array.shape}, norm {float(np.linalg.norm(array)):.4g}"


def _row(part: Any) -> str:
    return f"[{', '.join(map(_row, part))}]" if isinstance(part, list) else f"{part:.4g}"

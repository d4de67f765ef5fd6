"""Curves drawn with characters, for terminals and logs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

# Dots of a braille character, by row and column, as bits after U+2800.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MARKS = "*o+x#"


def _cells(values: Sequence[float], columns: int) -> list[float]:
    """The values averaged into at most so many columns; columns between the values are interpolated."""
    count = len(values)
    if count >= columns:
        edges = [round(column * count / columns) for column in range(columns + 1)]
        return [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    if count == 1:
        return [values[0]]
    result = []
    for column in range(columns):
        place = column * (count - 1) / (columns - 1)
        low = min(int(place), count - 2)
        result.append(values[low] + (place - low) * (values[low + 1] - values[low]))
    return result


def _label(value: float) -> str:
    return f"{value:.3g}"


def curve(
    series: Mapping[str, Sequence[float]],
    *,
    width: int = 64,
    height: int = 10,
    logarithmic: bool = False,
    ascii_only: bool = False,
) -> str:
    """Draws up to five series over their index, as lines of text.

    Args:
        series: name and values of each line; numbers that are not finite are left out.
        width: characters of a line, the labels included; at least 24.
        height: lines of the drawing, at least 3.
        logarithmic: whether the vertical axis is logarithmic; all values must then be positive.
        ascii_only: whether to draw with plain characters instead of braille dots.

    Returns:
        The drawing, with the largest and smallest value beside it; two or more series get a legend where plain
        characters can tell them apart.

    Raises:
        ValueError: without any finite value, for a size too small, or a value of zero or less on a logarithmic axis.

    Example:
        >>> print(curve({"loss": [4.0, 2.0, 1.0, 0.5]}, width=24, height=3, ascii_only=True))
           4 |***
             |   *******
         0.5 |          ********
    """
    shown = {name: [value for value in values if math.isfinite(value)] for name, values in series.items()}
    shown = {name: values for name, values in shown.items() if values}
    if not shown:
        raise ValueError("curve: expected `series` with at least one finite value, got none")
    if width < 24 or height < 3:
        raise ValueError(f"curve: expected `width` of at least 24 and `height` of at least 3, got {width} and {height}")
    low, high = min(map(min, shown.values())), max(map(max, shown.values()))
    if logarithmic and low <= 0:
        raise ValueError(f"curve: expected positive values on a logarithmic axis, got {low}")
    scale = math.log if logarithmic else float
    labels = [_label(high), _label(low)]
    margin = max(map(len, labels)) + 3
    across, down = (1, 1) if ascii_only else (2, 4)
    columns, rows = (width - margin) * across, height * down
    span = scale(high) - scale(low) or 1.0
    canvas = [[0] * (width - margin) for _ in range(height)]
    for index, values in enumerate(shown.values()):
        for column, value in enumerate(_cells(values, columns)):
            row = round((scale(high) - scale(value)) / span * (rows - 1))
            if ascii_only:
                canvas[row][column] = index + 1
            else:
                canvas[row // down][column // across] |= _DOTS[row % down][column % across]
    bar = "|" if ascii_only else "│"
    lines = []
    for row, cells in enumerate(canvas):
        label = labels[0] if row == 0 else labels[1] if row == height - 1 else ""
        marks = (_MARKS[(cell - 1) % len(_MARKS)] if cell else " " for cell in cells)
        drawn = "".join(marks) if ascii_only else "".join(chr(0x2800 + cell) if cell else " " for cell in cells)
        lines.append(f"{label:>{margin - 2}} {bar}{drawn}".rstrip())
    if ascii_only and len(shown) > 1:
        lines.append(" " * margin + ", ".join(f"{mark} {name}" for mark, name in zip(_MARKS, shown, strict=False)))
    return "\n".join(lines)

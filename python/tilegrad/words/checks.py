"""Checks of single arguments: numbers, whole numbers, flags, choices. Each error names function, argument and value."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def check_flag(function: str, name: str, value: Any) -> bool:
    """The value if it is true or false, else a ``TypeError``."""
    if isinstance(value, bool):
        return value
    raise TypeError(f"{function}: expected `{name}` to be True or False, got {value!r}")


def check_choice(function: str, name: str, value: object, choices: tuple[Any, ...]) -> None:
    """Refuses a word that is not among the choices."""
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise ValueError(f"{function}: expected `{name}` to be one of {', '.join(map(str, choices))}, got {value!r}")


def check_count(function: str, name: str, value: Any, least: int) -> int:
    """A whole number of at least so much."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{function}: expected `{name}` to be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{function}: expected `{name}` of at least {least}, got {value}")
    return int(value)


def number(function: str, argument: str, value: Any, low: float = -math.inf, *, above: bool = False) -> float:
    """The value, if it is a finite number from ``low`` or above it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{function}: expected `{argument}` to be a number, got {value!r}")
    if not math.isfinite(value) or value < low or (above and value == low):
        bound = "finite" if low == -math.inf else f"above {low:g}" if above else f"of at least {low:g}"
        raise ValueError(f"{function}: expected `{argument}` to be a number {bound}, got {value}")
    return float(value)


def numbers(function: str, argument: str, values: Any, low: float = -math.inf) -> tuple[float, ...]:
    """The values, if they are finite numbers."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{function}: expected `{argument}` to be a list of numbers, got {values!r}")
    return tuple(number(function, argument, value, low) for value in values)


def ascending(function: str, argument: str, values: Any, low: float = 0.0) -> tuple[float, ...]:
    """The values, if they are positions that rise."""
    found = numbers(function, argument, values, low)
    if any(second <= first for first, second in itertools.pairwise(found)):
        raise ValueError(f"{function}: expected `{argument}` that rise, got {list(found)}")
    return found

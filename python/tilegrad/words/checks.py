"""Checks of single arguments: flags, choices, whole numbers, numbers. Each error names function, argument and value."""

from __future__ import annotations

import itertools
import math
import operator
from functools import cache
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

# The greatest whole number that the core takes.
_GREATEST = 2**63 - 1


def check_flag(function: str, name: str, value: Any) -> bool:
    """The value if it is true or false, else a ``TypeError``."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise TypeError(f"{function}: expected `{name}` to be True or False, got {value!r}")


def check_choice(function: str, name: str, value: object, choices: tuple[Any, ...]) -> None:
    """Refuses a value that is not among the choices."""
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ValueError(f"{function}: expected `{name}` to be one of {', '.join(map(str, choices))}, got {value!r}")


def check_count(
    function: str, name: str, value: Any, least: int = 1, most: int = _GREATEST, *, kind: str = "a whole number"
) -> int:
    """The value as an ``int``, if it is a whole number from ``least`` to ``most``."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{function}: expected `{name}` to be {kind}, got {value!r}")
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{function}: expected `{name}` to be {kind}, got {value!r}") from None
    if not least <= count <= most:
        allowed = f"of at least {least}" if most == _GREATEST and count < least else f"from {least} to {most}"
        raise ValueError(f"{function}: expected `{name}` {allowed}, got {count}")
    return count


def is_number(value: Any) -> bool:
    """Whether a value is a real number of Python's or NumPy's; ``True`` and ``False`` are none."""
    # Most are floats, and to ask an abstract class takes longer than many a function's own work.
    return type(value) is float or (isinstance(value, Real) and not isinstance(value, bool))


def check_number(
    function: str, name: str, value: Any, allowed: str = "(-inf, inf)", *, kind: str = "a number", hint: str = ""
) -> float:
    """The value as a ``float``, if it is a number within an interval such as ``"[0, 1)"`` or ``"(0, inf)"``.

    ``kind`` is what the error message asks for in place of another type, and ``hint`` ends the message for a number that is
    out of range.
    """
    if not is_number(value):
        raise TypeError(f"{function}: expected `{name}` to be {kind}, got {value!r}")
    low, low_closed, high, high_closed = _interval(allowed)
    if (low < value < high) or (low_closed and value == low) or (high_closed and value == high):
        return float(value)
    bound = "" if low == -math.inf else f" {'of at least' if low_closed else 'above'} {low:g}"
    wanted = (
        f" in {allowed}" if high < math.inf else bound if math.isfinite(value) else f" to be a finite number{bound}"
    )
    raise ValueError(f"{function}: expected `{name}`{wanted}, got {value}{hint}")


@cache
def _interval(allowed: str) -> tuple[float, bool, float, bool]:
    low, high = map(float, allowed[1:-1].split(","))
    return low, allowed[0] == "[", high, allowed[-1] == "]"


def check_numbers(function: str, name: str, values: Any, allowed: str = "(-inf, inf)") -> tuple[float, ...]:
    """The values as floats, if they are numbers within an interval."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{function}: expected `{name}` to be a list of numbers, got {values!r}")
    return tuple(check_number(function, name, value, allowed) for value in values)


def check_array(function: str, name: str, value: Any) -> npt.NDArray[Any]:
    """The value as an array of numbers; a ``TypeError`` if it is none, a ``ValueError`` if its rows have several lengths."""
    if value is None or isinstance(value, str):
        raise TypeError(f"{function}: expected `{name}` to be an array, got {'None' if value is None else 'str'}")
    try:
        array = np.asarray(value)
    except ValueError as error:
        kind = type(value).__name__
        raise ValueError(f"{function}: expected `{name}` to be an array, got a {kind} that is none: {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{function}: expected `{name}` to be an array of numbers, got dtype {array.dtype}")
    return array


def check_ascending(function: str, name: str, values: Any, allowed: str = "[0, inf)") -> tuple[float, ...]:
    """The values as floats, if each is greater than the one before."""
    found = check_numbers(function, name, values, allowed)
    if any(second <= first for first, second in itertools.pairwise(found)):
        raise ValueError(f"{function}: expected `{name}` that rise, got {list(found)}")
    return found


def is_more_better(function: str, monitor: str, mode: str | None, known: bool | None) -> bool:
    """Whether more of a watched metric is better: as ``mode`` says, else as the metric does."""
    if mode is None and known is None:
        raise ValueError(
            f'{function}: expected `mode` of "min" or "max" for {monitor!r}, whose metric does not say which is better, got '
            "None; or say it of the metric: metrics.custom(function, greater_is_better=True)"
        )
    return bool(known) if mode is None else mode == "max"

"""Threads and instruction sets: what the processor offers, and what is used of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilegrad import _core

if TYPE_CHECKING:
    from tilegrad._core import _Machine


def machine() -> _Machine:
    """The processor as tilegrad sees it: name, instruction sets, threads, cache sizes in bytes.

    Example:
        >>> import tilegrad as tg
        >>> sorted(tg.machine())
        ['caches', 'cpu', 'cpu_count', 'isa', 'isas', 'threads']
    """
    return _core.machine()


def threads() -> int:
    """How many threads a call may use, the calling one included.

    Example:
        >>> import tilegrad as tg
        >>> tg.threads() >= 1
        True
    """
    return _core.threads()


def set_threads(count: int) -> None:
    """Sets how many threads a call may use, the calling one included. Results do not depend on it, to the last bit.

    Args:
        count: At least 1.

    Raises:
        ValueError: If the count is below 1.

    Example:
        >>> import tilegrad as tg
        >>> tg.set_threads(tg.threads())
    """
    _core.set_threads(count)


def set_isa(name: str) -> None:
    """Uses an instruction set from now on: one of ``tg.machine()["isas"]``.

    Args:
        name: ``"baseline"``, ``"avx2"``, ``"avx512"`` or ``"neon"``. The environment variable ``TILEGRAD_ISA`` chooses
            one at the start.

    Raises:
        ValueError: If the processor does not have it.

    Example:
        >>> import tilegrad as tg
        >>> tg.set_isa(tg.machine()["isa"])
    """
    _core.set_isa(name)

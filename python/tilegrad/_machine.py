"""Threads and instruction sets: what the processor offers, and what is used of it."""

from __future__ import annotations

import warnings
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

    It is what ``set_threads`` or ``TILEGRAD_THREADS`` asked for within its cap, else the number of processors for this process.

    Example:
        >>> import tilegrad as tg
        >>> tg.threads() >= 1
        True
    """
    return _core.threads()


def set_threads(count: int) -> None:
    """Sets how many threads a call may use, the calling one included. Results do not depend on it, to the last bit.

    More threads than processors would only take turns, so the count is capped at the processors that the affinity mask
    and the cgroup quota left to this process when tilegrad first counted them; a quota counts as the whole processors it
    amounts to, one at least. The environment variable ``TILEGRAD_THREADS`` chooses a count at the start, with the same cap.

    Args:
        count: From 1 to 1024.

    Raises:
        ValueError: If the count is out of that range.
        TypeError: If it is not a whole number.

    Warns:
        UserWarning: If the count is capped; the message names both counts.

    Example:
        >>> import tilegrad as tg
        >>> tg.set_threads(tg.threads())
    """
    _core.set_threads(_capped("set_threads", count, stacklevel=3))


def _capped(source: str, count: int, *, stacklevel: int) -> int:
    """So many of ``count`` threads can run at once; fewer than asked for are announced."""
    usable = _core.usable_threads(count)
    if usable < count:
        message = f"{source}: {count} threads asked for, {usable} used: this process may use no more processors"
        warnings.warn(message, stacklevel=stacklevel)
    return usable


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


# The core caps what the environment asks for by itself, in silence. The warning points at the user's import.
if (_asked := _core.asked_threads()) is not None:
    _capped("TILEGRAD_THREADS", _asked, stacklevel=4)

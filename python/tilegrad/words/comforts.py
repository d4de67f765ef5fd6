"""The one hook by which a lower room offers what a higher one does: ``model.draw()`` is ``tilegrad.explain``'s work.

The top room says at import where each comfort is; it is loaded when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_places: dict[str, str] = {}


def provide(name: str, place: str) -> None:
    """Says where a comfort is: ``"module:function"``."""
    _places[name] = place


def comfort(name: str) -> Callable[..., Any]:
    """The function behind a comfort."""
    module, _, function = _places[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found

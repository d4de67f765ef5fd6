"""What the compiled core offers, by kind and by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tilegrad import _core

if TYPE_CHECKING:
    from tilegrad._core import _Entry


@cache
def registry() -> dict[str, list[_Entry]]:
    """The entries of the core by kind: ``"activations"``, ``"losses"``, ``"optimizers"``."""
    return _core.registry()


@cache
def entries(kind: str) -> dict[str, _Entry]:
    """Entries of a kind by name and by alias."""
    return {name: entry for entry in registry()[kind] for name in (entry["name"], *entry["aliases"])}

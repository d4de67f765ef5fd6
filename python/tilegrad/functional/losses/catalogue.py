"""The losses there are: those of the compiled core, and the compositions of all families."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tilegrad.functional.losses import angular, distributions, overlap, rows, similarity
from tilegrad.functional.losses.entries import compositions
from tilegrad.words.registry import registry

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# Each family adds its compositions when it is imported.
FAMILIES = (rows, distributions, similarity, overlap, angular)


@cache
def loss_entries() -> list[_Entry]:
    """The entries of all losses."""
    return [*registry()["losses"], *(entry for _, entry in compositions().values())]


@cache
def loss_entry(name: str) -> _Entry:
    """What is known of the loss of this name: its parameters, operands and facts."""
    return next(entry for entry in loss_entries() if entry["name"] == name)

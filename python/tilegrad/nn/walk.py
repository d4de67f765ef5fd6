"""Finding the modules and parameters within a module, and their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeVar

from tilegrad.nn.parameter import Parameter
from tilegrad.words.names import hint


class Node(Protocol):
    """What is walked; :class:`tilegrad.nn.Module` is one."""

    def _children(self) -> Iterator[tuple[str, Any]]:
        """Modules and parameters among its attributes."""


Kind = TypeVar("Kind", bound=Node)


def unfolded(name: str, value: Any, kinds: tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """A value of one of these kinds, or those within a list, tuple or dict, with their names."""
    if isinstance(value, kinds):
        yield name, value
    elif isinstance(value, list | tuple | dict):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unfolded(f"{name}.{key}", each, kinds)


def modules_of(root: Kind, kind: type[Kind], prefix: str = "") -> Iterator[tuple[str, Kind]]:
    """A module and all within it, with their names; each once."""
    seen: set[int] = set()

    def walk(prefix: str, module: Kind) -> Iterator[tuple[str, Kind]]:
        if id(module) in seen:
            return
        seen.add(id(module))
        yield prefix, module
        for name, value in module._children():
            if isinstance(value, kind):
                yield from walk(f"{prefix}.{name}" if prefix else name, value)

    yield from walk(prefix, root)


def parameters_of(root: Kind, kind: type[Kind]) -> list[tuple[str, Parameter]]:
    """All parameters with their names, in order, each once."""
    found: dict[int, tuple[str, Parameter]] = {}
    for prefix, module in modules_of(root, kind):
        for name, value in module._children():
            if isinstance(value, Parameter):
                found.setdefault(id(value), (f"{prefix}.{name}" if prefix else name, value))
    return list(found.values())


def matching(function: str, named: Sequence[tuple[str, Parameter]], pattern: str) -> list[Parameter]:
    """The parameters whose names match a pattern; an error if there are none."""
    found = [parameter for name, parameter in named if fnmatchcase(name, pattern)]
    if not found:
        names = [name for name, _ in named]
        raise ValueError(
            f"{function}: expected `pattern` to match a parameter, got {pattern!r}{hint(pattern, names)}; there are "
            f"{', '.join(names)}"
        )
    return found

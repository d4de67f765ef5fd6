"""Pieces of Python text: documentation, types and arguments of entries, and the lists of names in packages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill, indent
from typing import Any, NamedTuple

HEAD = "# Written by `python scripts/write_modules.py`; `make modules` runs it."

# The class of an activation in the field's spelling, where it is not the name with capitals.
SPELLING = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "gelu_tanh": "GELUTanh",
    "selu": "SELU",
    "celu": "CELU",
    "relu6": "ReLU6",
    "squared_relu": "SquaredReLU",
}

Entry = Mapping[str, Any]


class Written(NamedTuple):
    """What is written of a kind."""

    # The text of each module, by its path in the package.
    modules: dict[str, str]
    # The names that a package offers of a module that is not written, by the package's path and the module. Of a written
    # module it offers all that the module lists.
    offered: dict[tuple[str, str], list[str]]


def class_name(name: str) -> str:
    """Name of the class that belongs to a registry name: ``log_cosh`` gives ``LogCosh``."""
    return SPELLING.get(name) or "".join(word.capitalize() for word in name.split("_"))


def docstring(text: str, by: int = 4) -> str:
    """A text as documentation, indented."""
    text = text.strip()
    prefix = "r" if "\\" in text else ""
    end = "\n" if "\n" in text else ""
    return indent(f'{prefix}"""{text}{end}"""', " " * by, lambda line: bool(line.strip()))


def plain(doc: str) -> str:
    """Rust documentation without its links; its first paragraph, the summary, is one line."""
    first, blank, rest = re.sub(r"\[(`[^`]+`)\]\([^)]*\)", r"\1", doc).strip().partition("\n\n")
    return " ".join(first.split()) + blank + rest


def summary(doc: str) -> str:
    """First line of a documentation."""
    return plain(doc).split("\n", 1)[0].strip()


def literal(values: Iterable[Any]) -> str:
    """The type of these values only; ``bool`` for True and False."""
    found = list(values)
    return "bool" if all(isinstance(each, bool) for each in found) else f"Literal[{', '.join(map(repr, found))}]"


def type_of(parameter: Entry) -> str:
    """The type of a hyperparameter."""
    if "choices" in parameter:
        return literal(parameter["choices"])
    kind = "float | Array | Sequence[float]" if parameter.get("per_class") else "float"
    return f"{kind} | None" if parameter["default"] is None else kind


def argument(parameter: Entry) -> str:
    """A hyperparameter in a signature."""
    return f"{parameter['name']}: {type_of(parameter)} = {parameter['default']!r}, "


def allowed(parameter: Entry) -> str:
    """What a hyperparameter may be, in words."""
    if "choices" in parameter:
        return "one of " + ", ".join(map(str, parameter["choices"]))
    opening, closing = "[" if parameter.get("low_closed") else "(", "]" if parameter.get("high_closed") else ")"
    return f"in {opening}{parameter.get('low', '-inf'):g}, {parameter.get('high', 'inf'):g}{closing}"


def argument_line(parameter: Entry) -> str:
    """A line of ``Args``: what it is, what it may be, its default."""
    words = allowed(parameter)
    return described(
        parameter["name"], f"{parameter['doc']} {words[0].upper()}{words[1:]}; {parameter['default']} by default."
    )


def described(name: str, text: str) -> str:
    """An argument in ``Args``, on lines that fit."""
    return (
        fill(f"{name}: {text}", 116, initial_indent=" " * 4, subsequent_indent=" " * 8, break_on_hyphens=False) + "\n"
    )


def listing(names: Iterable[str]) -> str:
    """The list of a module's public names."""
    return f"__all__ = {sorted(names)!r}\n\n"


def package(text: str, module: str, names: Sequence[str]) -> str:
    """The text of a package that imports these names from a module, and lists all it imports in ``__all__``.

    What else stands there is kept: only that import and the list are written.
    """
    imported = f"from {module} import {', '.join(sorted(names))}"
    tree = ast.parse(text)
    # An import `as` is not for the list.
    old = next(
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == module and not any(alias.asname for alias in node.names)
    )
    text = _replaced(text, old, imported)
    tree = ast.parse(text)
    listing = next(node for node in tree.body if isinstance(node, ast.Assign) and _is_all(node))
    before = set(ast.literal_eval(listing.value)) - {alias.name for alias in old.names}
    return _replaced(text, listing, f"__all__ = {sorted(before | set(names))!r}")


def _is_all(node: ast.Assign) -> bool:
    return isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"


def _replaced(text: str, node: ast.stmt, new: str) -> str:
    """The text with other lines in place of a statement."""
    lines = text.split("\n")
    lines[node.lineno - 1 : node.end_lineno] = [new]
    return "\n".join(lines)

"""Writes the table of rooms in `architecture.md` from the imports that grimp finds; with `--check` only compares.

grimp is the graph behind import-linter, which holds the contract in `pyproject.toml` that the levels come from.

python docs/rooms.py
"""

import ast
import tomllib
from pathlib import Path

import grimp
from parts import keep

HERE = Path(__file__).resolve().parent
PAGE = HERE / "architecture.md"
ROOT = HERE.parent
BEGIN = "<!-- rooms: written by docs/rooms.py -->\n"
END = "<!-- end of rooms -->"


def levels():
    """The rooms of the contract, the lowest level first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [[room.strip() for room in layer.split("|")] for layer in reversed(layers)]


def purpose(room):
    """The first line of what a room says of itself."""
    package = ROOT / "python" / "tilegrad" / room
    path = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n\n")[0].replace("\n", " ").rstrip(".:")


def arrows():
    """Which rooms each room imports from, imports inside functions included."""
    graph = grimp.build_graph("tilegrad", cache_dir=None)
    found = {room: set() for level in levels() for room in level}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            source, target = (name.split(".")[1:2] for name in (importer, imported))
            if source and target and source != target and source[0] in found and target[0] in found:
                found[source[0]].add(target[0])
    return found


def table():
    """One row per room, from the ground up."""
    found = arrows()
    order = [room for level in levels() for room in level]
    lines = ["| level | room | what it holds | imports from |", "|---:|---|---|---|"]
    for number, level in enumerate(levels(), start=1):
        for room in level:
            imports = ", ".join(f"`{name}`" for name in order if name in found[room])
            lines.append(f"| {number} | `{room}` | {purpose(room)} | {imports or 'no other room'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    keep("rooms", PAGE, BEGIN, END, table())

"""Writes `coverage.md`: every row of the catalogue with the tests that cover it; with `--check` only compares.

A test names its rows with `@pytest.mark.covers("A3: sigmoid", "conventions:selu")`: a row of `catalogue.toml` with what it says there,
or a name that users of other libraries look for.

python docs/coverage.py
"""

import ast
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "coverage.md"
TESTS = HERE.parent / "tests"
# Levels whose rows must be covered, for all sections and for those that ask for more.
REQUIRED = {"M"}
ALSO_EXPECTED = {
    "Losses",
    "Activations",
    "Gradient, learning rate, batches",
    "Optimizers and averages",
    "Backpropagation on a graph",
}
HEAD = """# Coverage

Every row of the catalogue with the tests that cover it. The levels are M (must have), E (expected by people who come from another
library) and B (beyond what other libraries offer). `docs/coverage.py` writes this page from the marks on the tests; a test fails when the
page is out of date or a required row has no test.
"""


def rows(decorators):
    """The arguments of the `covers` marks among decorators (or module-level marks)."""
    for node in decorators:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "covers":
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def module_marks(tree):
    """What stands in `pytestmark = ...`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "pytestmark" for target in node.targets):
            yield from node.value.elts if isinstance(node.value, ast.List) else [node.value]


def collect():
    """What a mark says to sorted list of `file::test`; a mark on a parameter set counts for its test."""
    found = defaultdict(set)
    for path in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shared = list(rows(module_marks(tree)))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                calls = [call for decorator in node.decorator_list for call in ast.walk(decorator)]
                for row in {*shared, *rows(calls)}:
                    found[row].add(f"{path.name}::{node.name}")
    return {row: sorted(tests) for row, tests in found.items()}


def catalogue():
    """Section to what a mark says of a row, `"A3: sigmoid"`, to (row, level, title)."""
    with (HERE / "catalogue.toml").open("rb") as file:
        sections = tomllib.load(file)
    return {
        section: {f"{row}: {title}": (row, level, title) for row, (level, title) in entries.items()}
        for section, entries in sections.items()
    }


def missing(found):
    """Required rows that no test covers."""
    return [
        row
        for section, entries in catalogue().items()
        for mark, (row, level, _) in entries.items()
        if (level in REQUIRED or (level == "E" and section in ALSO_EXPECTED)) and mark not in found
    ]


def unknown(found):
    """Marks that name no row, or say something else of it than the catalogue."""
    known = {mark for entries in catalogue().values() for mark in entries}
    return sorted(mark for mark in found if mark not in known and not mark.startswith("conventions:"))


def cell(tests, most=4):
    """A cell: the first tests, and how many more there are."""
    shown = "<br>".join(f"`{test}`" for test in tests[:most])
    return shown + (f"<br>and {len(tests) - most} more" if len(tests) > most else "")


def page(found):
    """The page as it should be."""
    parts = [HEAD]
    for section, entries in catalogue().items():
        parts.append(f"\n## {section}\n\n| row | level | what | tests |\n|---|---|---|---|\n")
        parts += [
            f"| {row} | {level} | {title} | {cell(found.get(mark, [])) or 'none yet'} |\n"
            for mark, (row, level, title) in entries.items()
        ]
    names = sorted(row.removeprefix("conventions:") for row in found if row.startswith("conventions:"))
    parts.append("\n## Names that users of other libraries look for\n\n| name | tests |\n|---|---|\n")
    parts += [f"| {name} | {cell(found['conventions:' + name], 2)} |\n" for name in names]
    return "".join(parts)


def main():
    """Writes or compares."""
    found = collect()
    if unknown(found):
        raise SystemExit(
            f'coverage: expected marks such as "A3: sigmoid", with the words of the catalogue, got {unknown(found)}'
        )
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(found), encoding="utf-8")
    elif missing(found):
        raise SystemExit(f"coverage: expected a test for every required row, got none for {', '.join(missing(found))}")
    elif page(found) != PAGE.read_text(encoding="utf-8"):
        raise SystemExit(
            "coverage: expected docs/coverage.md as the tests are marked, got another; run docs/coverage.py"
        )


if __name__ == "__main__":
    main()

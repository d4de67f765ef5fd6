"""The code in the documents is run: Python blocks of README and docs, docstring examples of the public modules."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tilegrad as tg
from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def importable(name):
    """Modules that need an optional package are tested only if it is installed."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in ("matplotlib", "tqdm", "sklearn"):
            return False
        raise
    return True


# Loading `__main__` runs the command.
NAMES = sorted({module.name for module in pkgutil.walk_packages(tg.__path__, "tilegrad.")} - {"tilegrad.__main__"})
# The examples of compositions are those of the functions that are written of them.
COMPOSITIONS = re.compile(r"tilegrad\.functional\.losses\.(?!functions$|counting$)")
MODULES = [
    "tilegrad",
    *(name for name in NAMES if "._" not in name and not COMPOSITIONS.match(name) and importable(name)),
]


def blocks(page):
    """The Python blocks of a page with the line each begins on; ```python no-run is prose."""
    text = page.read_text(encoding="utf-8")
    return [
        (text[: match.start()].count("\n") + 2, match[2]) for match in BLOCK.finditer(text) if "no-run" not in match[1]
    ]


def test_blocks_are_found():
    assert blocks(ROOT / "README.md"), "the README has no Python example"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_examples_of_a_page_run_in_order(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for line, code in blocks(page):
        # The line numbers of a traceback are those of the page.
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, tmp_path, monkeypatch):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    names = {"np": np, "tg": tg, "nn": tg.nn, "metrics": tg.metrics}
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    with np.printoptions(legacy=False):
        for example in finder.find(module, name, extraglobs=names):
            runner.run(example)
    assert runner.failures == 0, f"{runner.failures} examples of {name} fail (see the output above)"


def test_the_page_of_coverage_is_fresh():
    """Each mark of a test says what the catalogue says of its row, and the page lists the tests."""
    coverage = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "coverage.py")))
    found = coverage.collect()
    assert coverage.unknown(found) == []
    assert coverage.missing(found) == []
    assert coverage.page(found) == coverage.PAGE.read_text(encoding="utf-8"), "run docs/coverage.py"
    assert coverage.unknown({"A3: tanh": [], "A3": [], "A3: sigmoid": []}) == ["A3", "A3: tanh"]


def public_objects():
    """All public objects: what the packages list in ``__all__``."""
    seen = {}
    for part in ("", ".functional", ".nn", ".losses", ".optim", ".schedules", ".metrics", ".data"):
        name = f"tilegrad{part}"
        module = importlib.import_module(name)
        for key in module.__all__:
            value = getattr(module, key)
            if callable(value) and str(value.__module__).startswith("tilegrad"):
                seen.setdefault(id(value), (f"{name}.{key}", value))
    return dict(seen.values())


PUBLIC = public_objects()


def test_public_objects_are_found():
    found = set(PUBLIC)
    assert any(name.endswith(".Trainer") for name in found)
    assert any(name.endswith(".Dense") for name in found)
    assert any(name.endswith(".value_and_grad") for name in found)
    assert len(found) > 40


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_object_has_a_docstring_with_an_example(name):
    text = PUBLIC[name].__doc__
    assert text, f"{name} has no docstring"
    assert len(text.strip()) > 30, f"{name}: {text!r} says too little"
    # What is compiled is documented in the stub.
    assert ">>>" in text or PUBLIC[name].__module__ == "tilegrad._core", f"the docstring of {name} has no example"


@pytest.mark.parametrize("name", sorted(name for name, value in PUBLIC.items() if inspect.isclass(value)))
def test_every_public_method_has_a_docstring(name):
    for key, member in vars(PUBLIC[name]).items():
        if not key.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            assert member.__doc__, f"{name}.{key} has no docstring"


def short_docstrings(text):
    """Names of a module that are public and have a docstring of four words or fewer."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not re.match("_[^_]", node.name)
        if 0 < len((ast.get_docstring(node) or "").split()) <= 4
    ]


def test_short_docstrings_are_found():
    assert short_docstrings('def f():\n    """The share."""\n') == ["f"]
    assert short_docstrings('class A:\n    def __call__(self):\n        """How many there are."""\n') == ["__call__"]
    assert not short_docstrings('def _f():\n    """The share."""\n\ndef g():\n    """How many rows there are."""\n')


PACKAGE_FILES = sorted(Path(tg.__file__).parent.rglob("*.pyi")) + sorted(Path(tg.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_say_more_than_the_name(path):
    short = short_docstrings(path.read_text(encoding="utf-8"))
    assert not short, f"docstrings of four words or fewer: {', '.join(short)}"


def test_stub_and_module_agree():
    """Every name of the compiled module's stub exists, and every public name stands in the stub."""
    from tilegrad import _core

    stub = (Path(tg.__file__).parent / "_core.pyi").read_text(encoding="utf-8")
    declared = set(re.findall(r"^(?:def|class) (\w+)", stub, re.MULTILINE))
    declared = {name for name in declared if not name.startswith("_")}
    actual = {name for name in dir(_core) if not name.startswith("_")}
    assert declared == actual

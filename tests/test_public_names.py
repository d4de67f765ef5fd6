"""No public name gets lost, and type checkers know every one of them."""

import importlib
import json
import re
import subprocess
import sys

import pytest
import tilegrad as tg
from conftest import ROOT

NAMES = dict(
    line.split(": ")
    for line in (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def found(module):
    """A module that people reach by its name in the package."""
    if module == "tilegrad.plots":
        return tg.plots
    return importlib.import_module(module)


@pytest.mark.parametrize("module", NAMES)
def test_no_public_name_is_lost(module):
    missing = [name for name in NAMES[module].split() if not hasattr(found(module), name)]
    assert not missing, f"{module} has lost {missing}"


@pytest.mark.parametrize("module", [module for module in NAMES if module != "tilegrad.transform"])
def test_public_names_are_listed(module):
    """What is public is in ``__all__``, of which the reference is made."""
    missing = sorted(set(NAMES[module].split()) - set(found(module).__all__))
    assert not missing, f"{module}.__all__ lacks {missing}"


# ---- type checkers ------------------------------------------------------------------------------------------------------

# Rooms whose functions say what they take and give, with no `Any`; elsewhere a value may be whatever a user's function takes.
TYPED = ("functional", "losses", "nn", "optim", "schedules")
# An array's shape and element type are open.
OPEN = re.compile(r"tuple\[Any, \.\.\.\]|dtype\[Any\]|number\[Any\b|floating\[Any\b|Sequence\[Any\]")


def known_names():
    """Every public name as it is written behind `import tilegrad as tg`, by module."""
    for module, names in NAMES.items():
        for name in sorted(set(names.split()) | set(found(module).__all__)):
            yield f"tg.{name}" if module == "tilegrad" else f"{module.removeprefix('tilegrad.')}.{name}"


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """A file that asks for the type of each public name."""
    path = tmp_path_factory.mktemp("probe") / "probe.py"
    rooms = ", ".join(module.removeprefix("tilegrad.") for module in NAMES if module != "tilegrad")
    asked = "".join(f"reveal_type({name})\n" for name in known_names())
    path.write_text(f"import tilegrad as tg\nfrom tilegrad import {rooms}\n{asked}", encoding="utf-8")
    return path


def refused(types):
    """Names whose type is not known, and functions whose signature is open where it should not be."""

    def is_open(name, shown):
        room, _, own = name.rpartition(".")
        return room in TYPED and own.islower() and "Any" in OPEN.sub("", shown)

    return sorted(name for name, shown in types.items() if shown == "Any" or "Unknown" in shown or is_open(name, shown))


def test_what_is_not_known_is_refused():
    assert refused({"nn.Dense": "type[Dense]", "nn.A": "Any", "tg.jit": "(function: (...) -> Any) -> Any"}) == ["nn.A"]
    assert refused({"functional.f": "(x: Any) -> float", "tg.f": "(x: Unknown) -> float"}) == ["functional.f", "tg.f"]


@pytest.mark.slow
def test_mypy_knows_every_public_name(probe):
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(probe)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    shown = re.findall(r'Revealed type is "(.*)"$', result.stdout, re.MULTILINE)
    names = list(known_names())
    assert len(shown) == len(names), result.stdout[-2000:]
    assert refused(dict(zip(names, shown, strict=True))) == []


@pytest.mark.slow
def test_basedpyright_knows_every_public_name(probe):
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, str(probe)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=probe.parent)
    messages = [each["message"] for each in json.loads(result.stdout)["generalDiagnostics"]]
    shown = dict(
        match.groups()
        for message in messages
        if (match := re.match(r'Type of "([\w.]+)" is "(.*)"$', message, re.DOTALL))
    )
    assert sorted(shown) == sorted(known_names()), result.stdout[-2000:]
    assert refused(shown) == []

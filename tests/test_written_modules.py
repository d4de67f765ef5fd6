"""The modules that a script writes from the registry are as it would write them now."""

import importlib
import sys

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("write_modules")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def test_the_written_modules_are_fresh(script):
    stale = [path.relative_to(ROOT).as_posix() for path in script.stale()]
    assert not stale, f"{stale} are not what the registry says: run `make modules`"


def test_a_changed_module_is_found_stale(script, monkeypatch):
    """The test above can fail: an entry with another default changes its function and its layer."""
    path = script.PACKAGE / "functional/activations.py"
    text = path.read_text(encoding="utf-8")
    changed = script.Written({"functional/activations.py": text.replace("0.01", "0.02")}, {})
    monkeypatch.setattr(script, "KINDS", (lambda: changed,))
    assert [each.name for each in script.stale()] == ["activations.py"]


def test_written_modules_say_who_writes_them(script):
    for path in script.written():
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        assert first == script.HEAD or path.name == "__init__.py", path


def test_nothing_is_made_by_exec():
    for path in (ROOT / "python").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "exec(" not in text, path
        assert "globals().update" not in text, path

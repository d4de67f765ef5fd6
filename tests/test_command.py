"""The command: ``python -m tilegrad info`` and ``demo``, what import costs in modules, and what it must not pull in."""

import os
import subprocess
import sys

import pytest
import tilegrad as tg
from tilegrad import _core


def command(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tilegrad", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg", **environment},
    )


def test_info_says_what_the_machine_is():
    result = command("info")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    machine = _core.machine()
    for fact in (tg.__version__, machine["isa"]):
        assert fact in result.stdout
    for word in ("thread", "cache"):
        assert word in result.stdout.lower()


def test_info_follows_the_forced_instruction_set():
    result = command("info", TILEGRAD_ISA="baseline")
    assert "baseline" in result.stdout


@pytest.mark.slow
def test_demo_trains_and_reports(tmp_path):
    result = command("demo", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    text = result.stdout.lower()
    for word in ("accuracy", "numpy", "steps", "threads", _core.machine()["isa"]):
        assert word in text, f"{word!r} is not in the demo's report"


@pytest.mark.parametrize("arguments", [["bogus"], ["demo", "--bogus"]])
def test_wrong_usage_gets_an_error_message(arguments):
    result = command(*arguments)
    assert result.returncode not in (0, None)
    assert "Traceback" not in result.stderr
    assert "usage" in result.stderr.lower()


def test_help_lists_the_commands():
    result = command("--help")
    assert result.returncode == 0
    assert "demo" in result.stdout
    assert "info" in result.stdout


def test_import_pulls_in_numpy_only():
    """A fast import: nothing heavy, and none of the optional packages, comes with it."""
    code = "import sys, numpy; before = set(sys.modules); import tilegrad; print(*sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    heavy = {
        "matplotlib",
        "tqdm",
        "sklearn",
        "asyncio",
        "multiprocessing",
        "http",
        "email",
        "argparse",
        "unittest",
        "safetensors",
        "pandas",
    }
    assert not heavy & {name.partition(".")[0] for name in loaded}
    assert len({name for name in loaded if not name.startswith("tilegrad")}) < 15


def test_version_stands_in_one_place():
    from importlib.metadata import version

    assert tg.__version__ == _core.__version__ == version("tilegrad")

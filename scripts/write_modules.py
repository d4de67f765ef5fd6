"""Writes the modules of the package that say what the registry knows: a typed function or class for each entry.

``python scripts/write_modules.py`` writes what has changed; with ``--check`` it only names it. Each file of `written` makes
one kind; what it returns is put into the project's format. To add a kind, add its function to `KINDS`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from written import activations, losses, metrics, optimizers
from written.text import HEAD, Written, package

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "tilegrad"

KINDS: tuple[Callable[[], Written], ...] = (
    activations.written,
    losses.written,
    optimizers.written,
    metrics.written,
)


def ruff(*arguments: str, text: str) -> str:
    """A text after ruff worked on it."""
    command = [sys.executable, "-m", "ruff", *arguments, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, check=True).stdout


def formatted(path: str, text: str) -> str:
    """A module in the project's format."""
    name = ("--stdin-filename", str(PACKAGE / path))
    sorted_text = ruff("check", "--quiet", "--fix-only", "--select", "I,RUF022", *name, text=text)
    return ruff("format", "--quiet", *name, text=sorted_text)


def written() -> dict[Path, str]:
    """The text of every written module, and of the packages that offer their names, by path."""
    made: dict[str, str] = {}
    for kind in KINDS:
        modules, offered = kind()
        made |= modules
        for (name, module), names in offered.items():
            path = f"{name}/__init__.py"
            made[path] = package(made.get(path) or (PACKAGE / path).read_text(encoding="utf-8"), module, names)
    return {PACKAGE / path: formatted(path, text) for path, text in made.items()}


def stale() -> dict[Path, str]:
    """The modules that are not as they would be written now."""
    return {
        path: text for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: list[str]) -> int:
    """Writes, or only checks."""
    found = stale()
    for path, text in found.items():
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        print(f"{'stale' if '--check' in arguments else 'written'}: {path.relative_to(ROOT)}")
    return int("--check" in arguments and bool(found))


__all__ = ["HEAD", "main", "stale", "written"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

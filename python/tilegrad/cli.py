"""The ``tilegrad`` command: ``demo`` trains a small network on real data, ``info`` tells what the machine offers."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]


def _count(text: str) -> int:
    """A whole number of at least one, as an argument."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def _seed(text: str) -> int:
    """A whole number of at least zero, as an argument."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 2**63 - 1, got {text!r}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tilegrad", description="Fast CPU training of neural networks.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="train a small network on handwritten digits and show the result")
    demo.add_argument("--epochs", type=_count, default=30, help="passes over the training images (default 30)")
    demo.add_argument("--batch-size", type=_count, default=32, help="images a step (default 32)")
    demo.add_argument("--seed", type=_seed, default=0, help="same seed, same result (default 0)")
    demo.add_argument(
        "--threads", type=_count, default=None, help="threads a step may use (default: as the machine has)"
    )
    demo.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="folder for the picture (default demo-output)"
    )
    demo.add_argument(
        "--no-picture", "--no-plot", action="store_true", help="no picture, even where matplotlib is installed"
    )

    commands.add_parser("info", help="version, instruction set, threads, caches")
    return parser


def _size(size: int | None) -> str:
    if size is None:
        return "unknown"
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def info() -> str:
    """What ``tilegrad info`` prints: versions, processor, instruction sets, threads, caches."""
    import numpy as np

    from tilegrad import _core

    machine = _core.machine()
    others = ", ".join(name for name in machine["isas"] if name != machine["isa"])
    rows = {
        "tilegrad": _core.__version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": machine["cpu"] or "unknown",
        "instruction set": machine["isa"] + (f" (also here: {others}; TILEGRAD_ISA chooses)" if others else ""),
        "threads": f"{machine['threads']} of {machine['cpu_count']} (TILEGRAD_THREADS chooses)",
        "caches": ", ".join(f"{name.upper()} {_size(size)}" for name, size in machine["caches"].items()),  # type: ignore[arg-type]
    }
    return "\n".join(f"{name:<16} {value}" for name, value in rows.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status.

    Args:
        arguments: what stands behind ``tilegrad`` on the command line; ``None`` takes it from there.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "info":
            print(info())
        else:
            from tilegrad.demo import run

            run(
                epochs=options.epochs,
                batch_size=options.batch_size,
                seed=options.seed,
                threads=options.threads,
                picture=None if options.no_picture else options.output / "demo.png",
            )
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffer has nowhere to go.
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        print(f"tilegrad: {error}", file=sys.stderr)
        return 1
    return 0

"""The ``tilegrad`` command.

``demo`` trains a small network on real data, ``bench`` shows where the time of a training step goes, ``info`` tells what the
machine offers.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tilegrad import _core, bench, demo
from tilegrad.words.tables import aligned


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


# No layer is wider; a larger number is a slip of the hand.
_WIDEST = 10_000_000


def _layers(text: str) -> tuple[int, ...]:
    """Widths joined by hyphens, as an argument."""
    widths = [int(part) if part.isascii() and part.isdigit() else 0 for part in text.split("-")]
    if len(widths) < 2 or min(widths) < 1 or max(widths) > _WIDEST:
        raise argparse.ArgumentTypeError(
            f"expected two or more whole numbers from 1 to {_WIDEST} joined by hyphens, such as 784-128-10, got {text!r}"
        )
    return tuple(widths)


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

    _add_bench(commands.add_parser("bench", help="show where the time of a training step goes, operation by operation"))
    info = commands.add_parser("info", help="version, instruction set, threads, caches")
    info.add_argument(
        "--measure", action="store_true", help="measure what the machine can do, too: arithmetic, bandwidths"
    )
    return parser


def _add_bench(bench: argparse.ArgumentParser) -> None:
    bench.description = (
        "Trains a network of the given size on made-up data, and shows for each operation of a step how often it is called, "
        "how long it takes, the arithmetic and the memory traffic that it reaches, and the share of what this machine can do "
        "at most, which is measured first. docs/performance.md explains how to read it; trainer.profile(x, y) does the same "
        "for any model."
    )
    bench.add_argument(
        "--layers", type=_layers, default=(784, 128, 10), help="widths from input to output (default 784-128-10)"
    )
    bench.add_argument("--activation", default="relu", help="activation between the layers (default relu)")
    bench.add_argument("--batch-size", type=_count, default=32, help="samples a step (default 32)")
    bench.add_argument("--optimizer", default="adam", help="adam, adamw, sgd, ... (default adam)")
    bench.add_argument(
        "--loss", default="cross_entropy", help="cross_entropy, mean_squared_error, ... (default cross_entropy)"
    )
    bench.add_argument(
        "--threads", type=_count, default=None, help="threads a step may use (default: as the machine has)"
    )
    bench.add_argument(
        "--dtype", choices=("float32", "float64"), default="float32", help="what to compute in (default float32)"
    )
    bench.add_argument("--steps", type=_count, default=None, help="steps to time (default: about a second of them)")
    bench.add_argument("--json", action="store_true", help="print JSON instead of a table")


def _size(size: int | None) -> str:
    if size is None:
        return "unknown"
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def info(*, measure: bool = False) -> str:
    """What ``tilegrad info`` prints: versions, processor, instruction sets, threads, caches.

    Args:
        measure: Whether to measure what the machine can do, too, on one thread and on all; takes about a second.
    """
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
    if measure:
        rows |= _measured(machine["threads"])
    return "\n".join(aligned(rows.items()))


def _measured(threads: int) -> dict[str, str]:
    """Measured limits: multiply-adds on registers, and bytes a second of each cache and of memory."""
    rows = {}
    for count in sorted({1, threads}):
        limits = _core.measure_limits(count)
        peaks = ", ".join(f"{value / 1e9:.0f} GFLOP/s {dtype}" for dtype, value in limits["flops"].items())
        levels = ", ".join(f"{level['name']} {level['bandwidth'] / 1e9:.0f}" for level in limits["levels"])
        name = "one thread" if count == 1 else f"{limits['threads']} threads"
        divisions = ", ".join(f"{value / 1e9:.1f}e9/s {dtype}" for dtype, value in limits["divisions"].items())
        rows[name] = f"{peaks}; divisions or roots: {divisions}; GB/s: {levels}"
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status.

    Args:
        arguments: what stands behind ``tilegrad`` on the command line; ``None`` takes it from there.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "info":
            print(info(measure=options.measure))
        elif options.command == "bench":
            settings = {name: value for name, value in vars(options).items() if name not in ("command", "json")}
            bench.run(**settings, as_json=options.json)
        else:
            demo.run(
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
    except MemoryError as error:
        print(f"tilegrad: expected sizes that fit into memory, got: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"tilegrad: {error}", file=sys.stderr)
        return 1
    return 0

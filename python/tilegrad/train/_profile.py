"""Profiles: where the time of a training step goes, beside the least time that the machine would need, as a table."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tilegrad.words.tables import aligned

if TYPE_CHECKING:
    from tilegrad._core import _Limits

__all__ = ["Profile", "ProfileRow"]


@dataclass(frozen=True)
class ProfileRow:
    """What one operation takes in a training step.

    The least time of an operation is the largest of ``operations / peak``, ``divisions / rate`` and
    ``bytes / bandwidth``, with the peak of fused multiply-adds, the rate of divisions and roots, and the bandwidth of the
    smallest cache that holds all its operands, measured on this machine (the roofline of Williams, Waterman and
    Patterson, 2009).

    Args:
        operation: Name of the operation, or of those that fusion made one: ``"matmul + bias + relu"``.
        scope: The parameter that it updates, else the layer it belongs to; empty for the loss.
        result: Dtype and shape of what it computes.
        calls: Calls in a training step.
        seconds: Seconds in a training step, all calls together: the lower quartile over the steps that were timed, so
            that other programs disturb it little.
        operations: Floating-point operations in a training step, at least.
        bytes: Bytes read and written in a training step, at least.
        least_seconds: The least time for that on this machine.
        bound: What decides on the least time: ``"arithmetic"``, the ``"division"`` of an update, or the memory level ``"l1"``, ``"l2"``, ``"l3"`` or
            ``"memory"``.
    """

    operation: str
    scope: str
    result: str
    calls: int
    seconds: float
    operations: int
    bytes: int
    least_seconds: float
    bound: str

    @property
    def gflops(self) -> float:
        """Billions of floating-point operations a second; 0 where the clock saw no time pass."""
        return _rate(self.operations, self.seconds)

    @property
    def gbytes(self) -> float:
        """Gigabytes (1e9) a second, read and written counted alike; 0 where the clock saw no time pass."""
        return _rate(self.bytes, self.seconds)

    @property
    def share_of_limit(self) -> float:
        """Least time divided by time: 1 is as fast as the machine can. 0 where the clock saw no time pass."""
        return self.least_seconds / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """All fields and rates, for JSON."""
        rates = {"gflops": self.gflops, "gbytes": self.gbytes, "share_of_limit": self.share_of_limit}
        return asdict(self) | rates


@dataclass(frozen=True)
class Profile:
    """Where the time of a training step goes; ``print`` shows it as a table.

    Made by :meth:`tilegrad.Trainer.profile`.

    Args:
        rows: The operations of a step, the one that takes longest first.
        step_seconds: Seconds of a whole step whose operations were not timed one by one; a lower quartile, too.
        fit_seconds: Seconds of a step inside ``fit``, where the rows of each batch are drawn and gathered as well.
        batch_size: Samples in a step.
        steps: How many steps were timed.
        threads: How many threads a step could use.
        dtype: What the model computes in.
        isa: The instruction set in use.
        limits: What the machine can do, as :func:`tilegrad._core.measure_limits` gives it.
        clock_seconds: What reading the clock takes; it was taken off all times.
    """

    rows: tuple[ProfileRow, ...]
    step_seconds: float
    fit_seconds: float
    batch_size: int
    steps: int
    threads: int
    dtype: str
    isa: str
    limits: _Limits
    clock_seconds: float

    @property
    def operation_seconds(self) -> float:
        """Seconds in operations, in a step."""
        return sum(row.seconds for row in self.rows)

    @property
    def overhead_seconds(self) -> float:
        """Seconds of a step outside its operations: checks, and going from one call to the next."""
        return max(self.step_seconds - self.operation_seconds, 0.0)

    @property
    def operations(self) -> int:
        """Floating-point operations in a step, at least."""
        return sum(row.operations for row in self.rows)

    @property
    def bytes(self) -> int:
        """Bytes that the operations of a step read and write, at least."""
        return sum(row.bytes for row in self.rows)

    @property
    def least_seconds(self) -> float:
        """The sum of the least times of the operations."""
        return sum(row.least_seconds for row in self.rows)

    @property
    def samples_per_second(self) -> float:
        """Samples that steps like this one train on in a second."""
        return self.batch_size / self.step_seconds if self.step_seconds else 0.0

    @property
    def bound_by(self) -> dict[str, float]:
        """What the time of a step goes into, as shares that sum to 1.

        ``"arithmetic"`` and ``"memory traffic"`` are the least times of the operations that they decide on, ``"operations
        beyond that"`` is what the operations take on top, and ``"outside operations"`` the overhead.
        """
        arithmetic = sum(row.least_seconds for row in self.rows if row.bound in ("arithmetic", "division"))
        parts = {
            "arithmetic": arithmetic,
            "memory traffic": self.least_seconds - arithmetic,
            "operations beyond that": max(self.operation_seconds - self.least_seconds, 0.0),
            "outside operations": self.overhead_seconds,
        }
        total = sum(parts.values()) or 1.0
        return {name: seconds / total for name, seconds in parts.items()}

    def to_dict(self) -> dict[str, Any]:
        """Everything that was measured, for JSON: rows, totals, limits."""
        names = (
            *("step_seconds", "fit_seconds", "operation_seconds", "overhead_seconds", "clock_seconds", "least_seconds"),
            *("operations", "bytes", "samples_per_second", "batch_size", "steps", "threads", "dtype", "isa"),
        )
        return {
            **{name: getattr(self, name) for name in names},
            "bound_by": self.bound_by,
            "limits": self.limits,
            "rows": [row.to_dict() for row in self.rows],
        }

    def __str__(self) -> str:
        return "\n".join([*aligned(self._table(), right=_RIGHT), "", *self._notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = self._table()

        def line(cells: Sequence[str], tag: str) -> str:
            shown = (
                f'<{tag} style="text-align: {"right" if place in _RIGHT else "left"}">{html.escape(cell)}</{tag}>'
                for place, cell in enumerate(cells)
            )
            return f"<tr>{''.join(shown)}</tr>"

        body = "".join(line(row, "td") for row in rows)
        notes = "<br>".join(map(html.escape, self._notes()))
        return f"<table><thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table><p>{notes}</p>"

    def _table(self) -> list[tuple[str, ...]]:
        """Head, rows, and the totals."""
        unit, factor = ("us", 1e6) if self.step_seconds < 10e-3 else ("ms", 1e3)

        def shown(name: str, seconds: float, *more: str) -> tuple[str, ...]:
            share = seconds / self.step_seconds if self.step_seconds else 0.0
            return (name, *more[:3], f"{factor * seconds:.2f}", _percent(share), *more[3:])

        table: list[tuple[str, ...]] = [
            ("operation", "scope", "result", "calls", unit, "of step", "GFLOP/s", "GB/s", "of limit", "bound by")
        ]
        for row in self.rows:
            rates = (f"{row.gflops:.1f}", f"{row.gbytes:.1f}", _percent(row.share_of_limit), row.bound)
            table.append(shown(row.operation, row.seconds, row.scope, row.result, str(row.calls), *rates))
        seconds = self.operation_seconds
        totals = (f"{_rate(self.operations, seconds):.1f}", f"{_rate(self.bytes, seconds):.1f}")
        share = _percent(self.least_seconds / seconds if seconds else 0.0)
        calls = str(sum(row.calls for row in self.rows))
        table.append(shown("all operations", seconds, "", "", calls, *totals, share, ""))
        table.append(shown("outside operations", self.overhead_seconds, *("",) * 7))
        return table

    def _notes(self) -> list[str]:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        parts = ", ".join(f"{name} {_percent(share)}" for name, share in self.bound_by.items())
        return [
            f"A step takes {_time(self.step_seconds)}: {self.samples_per_second:,.0f} samples a second, "
            f"{_rate(self.operations, self.step_seconds):.1f} GFLOP/s. Inside fit, with drawing and gathering the rows: "
            f"{_time(self.fit_seconds)}.",
            f"Batch size {self.batch_size}, {self.dtype}, {self.isa}, {threads}; lower quartiles of {self.steps} steps.",
            f"Where its time goes: {parts}; it is bound by {self._bound()}.",
            describe_limits(self.limits, self.dtype),
        ]

    def _bound(self) -> str:
        """What the largest share of a step goes into."""
        name = max(self.bound_by.items(), key=lambda part: part[1])[0]
        return {
            "operations beyond that": "neither limit: its operations are too small, or too few threads share them",
            "outside operations": "what stands around its operations",
        }.get(name, name)


_RIGHT = range(3, 9)


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds / 1e9 if seconds else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _time(seconds: float) -> str:
    return f"{1e6 * seconds:.1f} us" if seconds < 1e-3 else f"{1e3 * seconds:.2f} ms"


def describe_limits(limits: _Limits, dtype: str) -> str:
    """The limits of the machine in a line."""
    levels = ", ".join(
        f"{level['name'].upper() if level['capacity'] else level['name']} {level['bandwidth'] / 1e9:.0f} GB/s"
        for level in limits["levels"]
    )
    threads = f"{limits['threads']} thread{'s' if limits['threads'] > 1 else ''}"
    peak, divisions = limits["flops"][dtype] / 1e9, limits["divisions"][dtype] / 1e9
    return f"Measured limits, {threads}, {dtype}: {peak:.0f} GFLOP/s, {divisions:.1f}e9 divisions or roots a second; {levels}."

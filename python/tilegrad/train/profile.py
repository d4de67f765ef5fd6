"""Profiles: where the time of a training step goes, beside the least time that the machine would need, as a table."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.train.session import Session
from tilegrad.train.steps import BatchPlans
from tilegrad.words.tables import aligned

if TYPE_CHECKING:
    from tilegrad._core import _Limits, _StepInfo


# Columns of the table whose cells stand at the right.
_RIGHT = range(3, 9)
# Batches that are taken in turn.
_BATCHES = 8
# Runs between two returns to the first weights: on one batch, weights would soon fit it, and gradients vanish.
_RUNS = 16
# Seconds that timing takes if the number of steps is left open, and the bounds of that number.
_SECONDS, _FEWEST, _MOST = 1.0, 5, 1000
# Seconds that a run over the batches takes, if there are so many, and how often it is run; the best counts.
_FIT_SECONDS, _FIT_RUNS = 0.2, 3
# Which of the times of an operation counts: whatever else runs on the machine only ever adds to them.
_QUANTILE = 0.25


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
        calls = sum(row.calls for row in self.rows)
        amounts = (self.operation_seconds, self.operations, self.bytes, self.least_seconds)
        for row in (*self.rows, ProfileRow("all operations", "", "", calls, *amounts, "")):
            rates = (f"{row.gflops:.1f}", f"{row.gbytes:.1f}", _percent(row.share_of_limit), row.bound)
            table.append(shown(row.operation, row.seconds, row.scope, row.result, str(row.calls), *rates))
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


def _least(info: _StepInfo, limits: _Limits, dtype: str) -> tuple[float, str]:
    """The least seconds of a call, and what decides on them."""
    fits = (level for level in limits["levels"] if level["capacity"] is None or info["footprint"] <= level["capacity"])
    level = next(fits)
    return max(
        (info["bytes"] / level["bandwidth"], level["name"]),
        (info["operations"] / limits["flops"][dtype], "arithmetic"),
        (info["divisions"] / limits["divisions"][dtype], "division"),
    )


def _rows(infos: list[_StepInfo], seconds: Array, limits: _Limits, dtype: str) -> tuple[ProfileRow, ...]:
    """The calls with the same operation, scope and result as one row, the longest first."""
    found: dict[tuple[str, str, str], ProfileRow] = {}
    for info, taken in zip(infos, seconds, strict=True):
        key = (info["operation"], info["scope"], info["result"])
        least, bound = _least(info, limits, dtype)
        old = found.get(key) or ProfileRow(*key, 0, 0.0, 0, 0, 0.0, bound)
        found[key] = ProfileRow(
            *key,
            old.calls + 1,
            old.seconds + float(taken),
            old.operations + info["operations"],
            old.bytes + info["bytes"],
            old.least_seconds + least,
            bound,
        )
    return tuple(sorted(found.values(), key=lambda row: -row.seconds))


class _Timer:
    """Times a plan on a state of its own, which goes back to where it began between a few runs."""

    def __init__(self, plans: BatchPlans, state: _core.State, batches: list[list[Array]], seed: int) -> None:
        self.plans, self.state, self.batches, self.seed = plans, state, batches, seed
        self.start = [(view, view.copy()) for view in (state.parameters, *state.slots.values())]
        self.first, self.done = state.step, 0
        self.steps: list[list[float]] = []
        self.whole: list[float] = []
        self.clock = 0.0

    def run(self, runs: int) -> None:
        """Times so many runs more, on the next batch."""
        self._restart()
        batch = self.batches[self.done % len(self.batches)]
        times = self.plans.step.plan.profile(batch, self.state, self.seed, runs)
        self.done += 1
        self.steps += times["steps"]
        self.whole += times["whole"]
        self.clock = times["clock"]

    def _restart(self) -> None:
        for view, values in self.start:
            view[...] = values
        self.state.step = self.first

    def in_fit(self, rows: Rows, size: int, most: int) -> float:
        """Seconds of a step in the loop of an epoch over the first rows; there are ``most`` batches of them."""
        count = max(min(most, int(_FIT_SECONDS / max(min(self.whole), 1e-7))), 1)
        seconds = []
        for _ in range(_FIT_RUNS):
            self._restart()
            started = time.perf_counter()
            self.plans.run_all(rows.take(slice(count * size)), self.state, shuffle=True, seed=self.seed)
            seconds.append((time.perf_counter() - started) / count)
        return min(seconds)

    def run_all(self, steps: int | None) -> None:
        """Times as many steps, or as many as fit into about a second, after some to warm up."""
        self.run(2)
        least = max(min(self.whole), 1e-7)
        # Each run is two steps: one as a whole, one operation by operation.
        count = steps or min(max(int(_SECONDS / (2 * least)), _FEWEST), _MOST)
        self.steps, self.whole = [], []
        while len(self.whole) < count:
            self.run(min(_RUNS, count - len(self.whole)))


def time_steps(session: Session, rows: Rows, size: int, steps: int | None) -> Profile:
    """Times a step that trains on batches of this size, from where the model is; nothing of it changes."""
    limits, most = _core.measure_limits(), len(rows) // size
    plans = session.steps.training_step(size, rows.form)
    batches = [rows.inputs(slice(batch * size, (batch + 1) * size)) for batch in range(min(most, _BATCHES))]
    timer = _Timer(plans, session.runner.copied_state(session.seed), batches, session.seed)
    timer.run_all(steps)
    seconds = np.quantile(np.array(timer.steps).reshape(len(timer.steps), -1), _QUANTILE, axis=0)
    return Profile(
        rows=_rows(plans.step.plan.step_info(), seconds, limits, rows.dtype),
        step_seconds=float(np.quantile(timer.whole, _QUANTILE)),
        fit_seconds=timer.in_fit(rows, size, most),
        batch_size=size,
        steps=len(timer.whole),
        threads=_core.threads(),
        dtype=rows.dtype,
        isa=_core.isa(),
        limits=limits,
        clock_seconds=timer.clock,
    )

"""Timing the operations of a training step, on a copy of weights and slots."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from tilegrad import _core
from tilegrad.run.runner import Runner
from tilegrad.tensor import Array
from tilegrad.train._profile import Profile, ProfileRow
from tilegrad.train._rows import Rows, run_rows

if TYPE_CHECKING:
    from tilegrad._core import _Limits, _StepInfo

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


def _least(info: _StepInfo, limits: _Limits, dtype: str) -> tuple[float, str]:
    """The least seconds of a call, and what decides on them."""
    fits = (each for each in limits["levels"] if each["capacity"] is None or info["footprint"] <= each["capacity"])
    level = next(fits)
    return max(
        (info["bytes"] / level["bandwidth"], level["name"]),
        (info["operations"] / limits["flops"][dtype], "arithmetic"),
        (info["divisions"] / limits["divisions"][dtype], "division"),
    )


def _rows(infos: list[_StepInfo], seconds: Array, limits: _Limits, dtype: str) -> tuple[ProfileRow, ...]:
    """The calls with the same operation, scope and result as one row, the longest first."""
    found: dict[tuple[str, str, str], ProfileRow] = {}
    for info, each in zip(infos, seconds, strict=True):
        key = (info["operation"], info["scope"], info["result"])
        least, bound = _least(info, limits, dtype)
        old = found.get(key) or ProfileRow(*key, 0, 0.0, 0, 0, 0.0, bound)
        found[key] = ProfileRow(
            *key,
            old.calls + 1,
            old.seconds + float(each),
            old.operations + info["operations"],
            old.bytes + info["bytes"],
            old.least_seconds + least,
            bound,
        )
    return tuple(sorted(found.values(), key=lambda row: -row.seconds))


class _Timer:
    """Times a plan on a state of its own, which goes back to where it began between a few runs."""

    def __init__(self, plan: _core.Plan, state: _core.State, batches: list[list[Array]], seed: int) -> None:
        self.plan, self.state, self.batches, self.seed = plan, state, batches, seed
        self.start = [(view, view.copy()) for view in (state.parameters, *state.slots.values())]
        self.first, self.done = state.step, 0
        self.steps: list[list[float]] = []
        self.whole: list[float] = []
        self.clock = 0.0

    def run(self, runs: int) -> None:
        """Times so many runs more, on the next batch."""
        self._restart()
        times = self.plan.profile(self.batches[self.done % len(self.batches)], self.state, self.seed, runs)
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
            sums = run_rows(self.state, (self.plan, None), rows.first(count * size), size, shuffle=True, seed=self.seed)
            seconds.append((time.perf_counter() - started) / count)
            if sums["interrupted"]:
                raise KeyboardInterrupt
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


def time_steps(plan: _core.Plan, runner: Runner, rows: Rows, *, size: int, seed: int, steps: int | None) -> Profile:
    """Times the plan of a step that trains on batches of this size, from where the model is; nothing of it changes."""
    limits, dtype = _core.measure_limits(), runner.dtype
    most = len(rows.x) // size
    batches = [rows.batch(batch * size, size, dtype) for batch in range(min(most, _BATCHES))]
    timer = _Timer(plan, runner.copied_state(seed), batches, seed)
    timer.run_all(steps)
    seconds = np.quantile(np.array(timer.steps).reshape(len(timer.steps), -1), _QUANTILE, axis=0)
    return Profile(
        rows=_rows(plan.step_info(), seconds, limits, dtype),
        step_seconds=float(np.quantile(timer.whole, _QUANTILE)),
        fit_seconds=timer.in_fit(rows, size, most),
        batch_size=size,
        steps=len(timer.whole),
        threads=_core.threads(),
        dtype=dtype,
        isa=_core.isa(),
        limits=limits,
        clock_seconds=timer.clock,
    )

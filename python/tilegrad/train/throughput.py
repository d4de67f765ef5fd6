"""How fast training is at several batch sizes, on a copy of weights and slots."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.rows import Rows
from tilegrad.train.session import Session
from tilegrad.words.checks import check_number

_ROUNDS = 3


class Throughput(NamedTuple):
    """Speeds of training by batch size.

    ``step_seconds`` are those of a step in the loop of :meth:`~tilegrad.Trainer.fit`; ``rows`` those of an epoch.

    Example:
        >>> from tilegrad.train import Throughput
        >>> print(Throughput((1, 32), (1e-5, 4e-5), 6400))
        batch size  steps an epoch  us a step  samples a second  seconds an epoch
                 1            6400       10.0           100,000             0.064
                32             200       40.0           800,000             0.008
    """

    batch_sizes: tuple[int, ...]
    step_seconds: tuple[float, ...]
    rows: int

    @property
    def samples_per_second(self) -> tuple[float, ...]:
        """Rows a second for each batch size."""
        return tuple(size / seconds for size, seconds in zip(self.batch_sizes, self.step_seconds, strict=True))

    @property
    def fastest(self) -> int:
        """The batch size with most samples a second; smaller ones learn more from each sample."""
        return max(zip(self.samples_per_second, self.batch_sizes, strict=True))[1]

    def __str__(self) -> str:
        lines = ["batch size  steps an epoch  us a step  samples a second  seconds an epoch"]
        for size, seconds, speed in zip(self.batch_sizes, self.step_seconds, self.samples_per_second, strict=True):
            steps = -(-self.rows // size)
            lines.append(f"{size:10}{steps:16}{seconds * 1e6:11.1f}{speed:18,.0f}{steps * seconds:18.3g}")
        return "\n".join(lines)


def measure_throughput(session: Session, rows: Rows, sizes: Sequence[int], seconds: float) -> Throughput:
    """Times the loop over the first rows for each size in turn; the least time of a step counts."""
    check_number("benchmark", "seconds", seconds, "(0, inf)")
    sizes = tuple(dict.fromkeys(check_batch_size("benchmark", size, len(rows)) for size in sizes))
    if not sizes:
        raise ValueError("benchmark: expected at least one number in `batch_sizes`, got none")
    best, counts = dict.fromkeys(sizes, math.inf), dict.fromkeys(sizes, 1)
    for turn in range(1 + _ROUNDS):
        for size in sizes:
            taken = _seconds_of_step(session, rows, size, counts[size])
            if turn == 0:
                # The first run warms up and tells how many steps fit into the time.
                counts[size] = max(min(len(rows) // size, int(seconds / taken)), 1)
            else:
                best[size] = min(best[size], taken)
    return Throughput(sizes, tuple(best.values()), len(rows))


def _seconds_of_step(session: Session, rows: Rows, size: int, count: int) -> float:
    plans = session.steps.training_step(size, rows.form)
    state = session.runner.copied_state(session.seed)
    part = rows.take(slice(count * size))
    started = time.perf_counter()
    plans.run_all(part, state, shuffle=True, seed=session.seed)
    return max((time.perf_counter() - started) / count, 1e-9)

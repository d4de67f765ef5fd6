"""The noise of gradients: how those of batches differ from that of all rows."""

from __future__ import annotations

import math
from typing import NamedTuple

from tilegrad import _core
from tilegrad.run.rows import Rows
from tilegrad.tensor import Tensor
from tilegrad.train.session import Session
from tilegrad.words.checks import check_count


class GradientNoise(NamedTuple):
    """Noise of the gradient; all three are estimates without bias, up to the ratio.

    ``squared_norm`` of the mean gradient, ``variance`` of the gradient of one row (summed over all weights), and ``scale``,
    their ratio: a batch size.

    Example:
        >>> from tilegrad.train import GradientNoise
        >>> GradientNoise(squared_norm=0.5, variance=50.0).scale
        100.0
    """

    squared_norm: float
    variance: float

    @property
    def scale(self) -> float:
        """``variance / squared_norm``; infinite where there is nothing but noise."""
        return self.variance / self.squared_norm if self.squared_norm > 0 else math.inf


def measure_noise(session: Session, rows: Rows, size: int, batches: int) -> GradientNoise:
    """Compares gradients of batches with that of all their rows."""
    function = "gradient_noise"
    size, batches = check_count(function, "batch_size", size, 1), check_count(function, "batches", batches, 2)
    batches = min(batches, len(rows) // size)
    if batches < 2:
        raise ValueError(f"{function}: expected rows for two batches of {size}, got {len(rows)}")
    part = rows.take(_core.permutation(len(rows), session.seed, 0)[: batches * size])
    squares = _squared_norms(session, part, size)
    whole = _squared_norms(session, part, len(part))
    # The gradient of all is the mean of those of the batches.
    between = max(squares - batches * whole, 0.0) / (batches - 1)
    return GradientNoise(whole - between / batches, between * size)


def _squared_norms(session: Session, rows: Rows, size: int) -> float:
    """The sum over batches of the squared norm of the gradient of the mean."""
    key = ("noise", size, rows.form, tuple(name for name, _, _ in session.runner.trained()))
    plan: _core.Plan = session.runner.kept(key, lambda: _compile(session, rows, size))
    sums = rows.run(plan, None, session.state(), batch_size=size, seed=session.seed)
    if sums["interrupted"]:
        raise KeyboardInterrupt
    factor = size * size if session.loss.is_sum else 1
    return float(sums["metrics"][0]) / factor


def _compile(session: Session, rows: Rows, size: int) -> _core.Plan:
    """Loss, its weight, and the squared norm of its gradient."""
    tracer, _, _, (value, weight) = session.steps.traced(size, rows.form, training=False)
    with tracer.active():
        gradients = [Tensor(tracer, gradient) for gradient in session.runner.gradients(tracer, value)]
        squares = [(gradient * gradient).sum() for gradient in gradients]
        total = sum(squares[1:], squares[0])
    return tracer.graph.compile([value.value, weight.value, total.value], training=False)

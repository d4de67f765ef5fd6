"""The noise of gradients: how those of batches differ from that of all rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tilegrad import _core
from tilegrad.tensor import Tensor
from tilegrad.train._rows import Rows, run_rows
from tilegrad.words.checks import check_count

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


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


def measure_noise(trainer: Trainer, rows: Rows, size: int, batches: int) -> GradientNoise:
    """Compares gradients of batches with that of all their rows."""
    function = "gradient_noise"
    size, batches = check_count(function, "batch_size", size, 1), check_count(function, "batches", batches, 2)
    batches = min(batches, len(rows.x) // size)
    if batches < 2:
        raise ValueError(f"{function}: expected rows for two batches of {size}, got {len(rows.x)}")
    part = rows.taken(_core.permutation(len(rows.x), trainer.seed, 0)[: batches * size])
    squares = _squared_norms(trainer, part, size)
    whole = _squared_norms(trainer, part, len(part.x))
    # The gradient of all is the mean of those of the batches.
    between = max(squares - batches * whole, 0.0) / (batches - 1)
    return GradientNoise(whole - between / batches, between * size)


def _squared_norms(trainer: Trainer, rows: Rows, size: int) -> float:
    """The sum over batches of the squared norm of the gradient of the mean."""
    key = ("noise", size, rows.form, trainer._runner.dtype)
    plan: _core.Plan = trainer._runner.kept(key, lambda: _plan(trainer, rows, size))
    state = trainer._runner.state(trainer.seed)
    sums = run_rows(state, (plan, None), rows, size, shuffle=False, seed=trainer.seed)
    if sums["interrupted"]:
        raise KeyboardInterrupt
    factor = size * size if trainer.loss.is_sum else 1
    return float(sums["metrics"][0]) / factor


def _plan(trainer: Trainer, rows: Rows, size: int) -> _core.Plan:
    tracer, output = trainer._runner.trace(size, rows.form.row_shape, training=False)
    target = tracer.input("targets", (size, *rows.form.target_shape), rows.form.target_dtype)
    with tracer.active():
        value, weight = trainer.loss.traced(output, target, {})
        trained = [tracer.parameter(parameter) for _, parameter, _ in trainer._runner.trained()]
        gradients = tracer.graph.gradients(value.value, [each.value for each in trained])
        squares = [(each * each).sum() for each in (Tensor(tracer, gradient) for gradient in gradients)]
        total = sum(squares[1:], squares[0])
    return tracer.graph.compile([value.value, weight.value, total.value], training=False)

"""The loss over all rows as a function of the weights, for optimizers that look at all of them at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tilegrad import _core
from tilegrad.optim.full_batch import FullBatch, LevenbergMarquardt, Objective
from tilegrad.tensor import Array
from tilegrad.train._rows import Rows

if TYPE_CHECKING:
    from tilegrad.run.model import Parameter
    from tilegrad.train.trainer import Trainer

# Losses that are sums or means of squares.
_SQUARES = ("mean_squared_error", "sum_squared_error")
# Bytes that derivatives of all residuals may take.
_MOST_BYTES = 2 << 30


def check_full_batch(trainer: Trainer, rows: int, size: int) -> None:
    """Refuses mini-batches, and losses that the optimizer is not made for."""
    optimizer, title = trainer.optimizer, type(trainer.optimizer).__name__
    if size < rows:
        raise ValueError(
            f"fit: expected `batch_size` to be 'full' with {title}, which compares losses over the same rows, got {size} "
            f"of {rows} rows; take Adam or SGD for mini-batches"
        )
    trained = trainer._runner.trained()
    bound = next((name for name, each, _ in trained if each.constraint or _shrinks(each)), None)
    if bound is not None:
        raise ValueError(
            f"fit: expected no constraint and no proximal penalty with {title}, got one of {bound!r}; SGD follows them"
        )
    least = isinstance(optimizer, LevenbergMarquardt)
    penalised = next((name for name, each, _ in trained if least and each.regularizer is not None), None)
    if penalised is not None:
        raise ValueError(f"fit: expected no regularizer with {title}, got one of {penalised!r}; LBFGS takes them")
    if least and trainer.loss.name not in _SQUARES:
        raise ValueError(
            f"fit: expected a squared error with LevenbergMarquardt, such as 'mean_squared_error', got {trainer.loss!r}; "
            "LBFGS takes any loss"
        )


def _shrinks(parameter: Parameter) -> bool:
    return parameter.regularizer is not None and parameter.regularizer.shrinkage > 0


def iterate(trainer: Trainer, rows: Rows) -> None:
    """One iteration of the optimizer: the weights move, and the training is told to stop where there is nothing to gain."""
    optimizer = trainer.optimizer
    assert isinstance(optimizer, FullBatch)
    objective = TrainingLoss(trainer, rows)
    start = objective.start()
    try:
        point, reason = optimizer.iterate(objective, start)
    except BaseException:
        objective.place(start)
        raise
    objective.place(point)
    objective.state.step += 1
    if reason is not None:
        trainer.stop(reason if reason == "not finite" else "tolerance")


class TrainingLoss(Objective):
    """The loss of a trainer's model, without dropout."""

    def __init__(self, trainer: Trainer, rows: Rows) -> None:
        self.trainer, self.rows = trainer, rows
        self.state = trainer._runner.state(trainer.seed)
        self.views = [self.state.view(name) for name, _, _ in trainer._runner.trained()]
        self.dtype = trainer._runner.dtype

    def start(self) -> Array:
        """The weights as they are."""
        return np.concatenate([view.reshape(-1).astype(np.float64) for view in self.views])

    def place(self, point: Array) -> None:
        """Puts a point into the weights."""
        first = 0
        for view in self.views:
            view[...] = point[first : first + view.size].reshape(view.shape)
            first += view.size

    def value(self, point: Array) -> tuple[float, Array]:
        self.place(point)
        value, *gradients = self._plan().run(self.rows.batch(0, len(self.rows.x), self.dtype), self.state)
        return float(value), np.concatenate([each.reshape(-1).astype(np.float64) for each in gradients])

    def _plan(self) -> _core.Plan:
        """Loss and gradients."""
        trainer, size, form = self.trainer, len(self.rows.x), self.rows.form

        def build() -> _core.Plan:
            tracer, _, _, (value, _) = trainer._steps.traced(size, form, training=False)
            parameters = [tracer.parameter(each).value for _, each, _ in trainer._runner.trained()]
            penalty = trainer._steps.penalty(tracer, size)
            if penalty is not None:
                with tracer.active():
                    value = value + penalty
            gradients = tracer.graph.gradients(value.value, parameters)
            return tracer.graph.compile([value.value, *gradients], training=False)

        names = tuple(name for name, _, _ in trainer._runner.trained())
        plan: _core.Plan = trainer._runner.kept(("objective", size, form, self.dtype, names), build)
        return plan

    def residuals(self, point: Array) -> tuple[Array, Array]:
        self.place(point)
        rows, count = len(self.rows.x), len(point)
        outputs = math.prod(self.trainer._runner.output_shape(self.rows.x.shape[1:]))
        width, of_row = outputs * (1 + count), np.dtype(self.dtype).itemsize
        if rows * width * of_row > _MOST_BYTES:
            raise ValueError(
                f"fit: expected a small problem for LevenbergMarquardt, got {rows} rows of {outputs} outputs by {count} "
                f"parameters, whose derivatives take {rows * width * of_row / 2**30:.1f} GiB; LBFGS needs none of them"
            )
        found = np.empty((rows, width), self.dtype)
        plan, x = self._derivatives(outputs), self.rows.x
        _core.run_batches(plan, None, self.state, x, batch_size=1, scale=self.rows.scale, out=found)
        targets = self.rows.batch(0, len(self.rows.x), self.dtype)[1].reshape(rows, outputs)
        values = found[:, :outputs].astype(np.float64) - targets
        derivatives = found[:, outputs:].astype(np.float64).reshape(rows, outputs, count)
        if self.rows.sample_weight is not None:
            share = np.sqrt(self.rows.sample_weight.astype(np.float64))
            values, derivatives = values * share[:, None], derivatives * share[:, None, None]
        return values.reshape(-1), derivatives.reshape(rows * outputs, count)

    def _derivatives(self, outputs: int) -> _core.Plan:
        """For one row: the outputs, and the derivatives of each by all weights."""
        runner, shape = self.trainer._runner, self.rows.x.shape[1:]

        def build() -> _core.Plan:
            tracer, output = runner.trace(1, shape, training=False)
            graph = tracer.graph
            parameters = [tracer.parameter(each).value for _, each, _ in runner.trained()]
            flat = graph.apply("reshape", [output.value], {"shape": [1, outputs]})
            parts = [flat]
            for index in range(outputs):
                one = graph.apply("slice", [flat], {"axis": 1, "start": index, "stop": index + 1})
                for gradient in graph.gradients(one, parameters):
                    size = math.prod(graph.shape(gradient))
                    parts.append(graph.apply("reshape", [gradient], {"shape": [1, size]}))
            return graph.compile([graph.apply("concatenate", parts, {"axis": 1})], training=False)

        names = tuple(name for name, _, _ in runner.trained())
        plan: _core.Plan = runner.kept(("derivatives", shape, self.dtype, names), build)
        return plan

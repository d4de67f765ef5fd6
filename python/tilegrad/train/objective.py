"""The loss over all rows as a function of the weights, for solvers, which look at all of them at once."""

from __future__ import annotations

import math

import numpy as np

from tilegrad import _core
from tilegrad.optim.solvers import Objective, Solver
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.train.session import Session

# Losses that are sums or means of squares.
_SQUARES = ("mean_squared_error", "sum_squared_error")
# Bytes that derivatives of all residuals may take.
_MOST_BYTES = 2 << 30


def check_solver(session: Session, solver: Solver, rows: int, size: int) -> None:
    """Refuses mini-batches, and losses that the solver is not made for."""
    title = type(solver).__name__
    if size < rows:
        raise ValueError(
            f"fit: expected `batch_size` to be 'full' with {title}, which compares losses over the same rows, got {size} "
            f"of {rows} rows; take Adam or SGD for mini-batches"
        )
    for name, parameter, _ in session.runner.trained():
        penalised = parameter.regularizer is not None
        if parameter.constraint or (penalised and parameter.regularizer.shrinkage > 0):
            raise ValueError(
                f"fit: expected no constraint and no proximal penalty with {title}, got one of {name!r}; SGD follows them"
            )
        if penalised and solver.least_squares:
            raise ValueError(f"fit: expected no regularizer with {title}, got one of {name!r}; LBFGS takes them")
    if solver.least_squares and session.loss.name not in _SQUARES:
        raise ValueError(
            f"fit: expected a squared error with {title}, such as 'mean_squared_error', got {session.loss!r}; "
            "LBFGS takes any loss"
        )


def iterate(session: Session, solver: Solver, rows: Rows) -> None:
    """One iteration of the solver: the weights move, and the training is told to stop where there is nothing to gain."""
    objective = TrainingLoss(session, rows)
    start = objective.start()
    try:
        point, reason = solver.iterate(objective, start)
    except BaseException:
        objective.place(start)
        raise
    objective.place(point)
    objective.state.step += 1
    if reason is not None:
        session.stop_reason = reason if reason == "not finite" else "tolerance"


class TrainingLoss(Objective):
    """The loss of a session's model, without dropout."""

    def __init__(self, session: Session, rows: Rows) -> None:
        self.session, self.runner, self.rows, self.state = session, session.runner, rows, session.state()
        self.names = tuple(name for name, _, _ in self.runner.trained())
        self.views = [self.state.view(name) for name in self.names]

    def start(self) -> Array:
        """The weights as they are."""
        return _joined(self.views)

    def place(self, point: Array) -> None:
        """Puts a point into the weights."""
        first = 0
        for view in self.views:
            view[...] = point[first : first + view.size].reshape(view.shape)
            first += view.size

    def rounded(self, point: Array) -> Array:
        """The point as the weights hold it."""
        return point.astype(self.rows.dtype).astype(np.float64)

    def value(self, point: Array) -> tuple[float, Array]:
        """The loss with its penalties at a point, and its gradient."""
        self.place(point)
        key = ("objective", len(self.rows), self.rows.form, self.names)
        plan: _core.Plan = self.runner.kept(key, self._compile)
        value, *gradients = plan.run(self.rows.inputs(), self.state)
        return float(value), _joined(gradients)

    def _compile(self) -> _core.Plan:
        steps, size = self.session.steps, len(self.rows)
        tracer, _, _, (value, _) = steps.traced(size, self.rows.form, training=False)
        with tracer.active():
            penalty = steps.penalty(tracer, size)
            value = value if penalty is None else value + penalty
        return tracer.graph.compile([value.value, *self.runner.gradients(tracer, value)], training=False)

    def residuals(self, point: Array) -> tuple[Array, Array]:
        """Outputs minus targets at a point, and their derivatives by all weights."""
        self.place(point)
        rows, count, row_shape = len(self.rows), len(point), self.rows.form.row_shape
        outputs = math.prod(self.runner.output_shape(row_shape))
        width = outputs * (1 + count)
        size = rows * width * np.dtype(self.rows.dtype).itemsize
        if size > _MOST_BYTES:
            raise ValueError(
                f"fit: expected a small problem for LevenbergMarquardt, got {rows} rows of {outputs} outputs by {count} "
                f"parameters, whose derivatives take {size / 2**30:.1f} GiB; LBFGS needs none of them"
            )
        found = np.empty((rows, width), self.rows.dtype)
        plan: _core.Plan = self.runner.kept(
            ("derivatives", row_shape, self.rows.dtype, self.names), lambda: self._compile_derivatives(outputs)
        )
        _core.run_batches(plan, None, self.state, self.rows.x, batch_size=1, scale=self.rows.scale, out=found)
        values = found[:, :outputs].astype(np.float64) - self.rows.inputs()[1].reshape(rows, outputs)
        derivatives = found[:, outputs:].astype(np.float64).reshape(rows, outputs, count)
        if self.rows.sample_weight is not None:
            share = np.sqrt(self.rows.sample_weight.astype(np.float64))
            values, derivatives = values * share[:, None], derivatives * share[:, None, None]
        return values.reshape(-1), derivatives.reshape(rows * outputs, count)

    def _compile_derivatives(self, outputs: int) -> _core.Plan:
        """For one row: the outputs, and the derivatives of each by all weights."""
        tracer, output = self.runner.trace(1, self.rows.form.row_shape, training=False)
        flat = output.reshape(1, outputs)
        parts = [flat.value]
        graph = tracer.graph
        parameters = [tracer.parameter(parameter).value for _, parameter, _ in self.runner.trained()]
        for index in range(outputs):
            one = graph.apply("slice", [flat.value], {"axis": 1, "start": index, "stop": index + 1})
            for gradient in graph.gradients(one, parameters):
                shape = [1, math.prod(graph.shape(gradient))]
                parts.append(graph.apply("reshape", [gradient], {"shape": shape}))
        return graph.compile([graph.apply("concatenate", parts, {"axis": 1})], training=False)


def _joined(arrays: list[Array]) -> Array:
    """Arrays as one vector in double precision."""
    return np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])

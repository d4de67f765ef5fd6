"""Numbers that are not finite: which step made them, in which node and rows, what helps, and back to the step before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.train.session import Session

# Bytes of weights and slots up to which an epoch begins with a copy of them.
_MOST_BYTES = 64 << 20
# Row numbers that an error message names.
_NAMED = 5

_CURES = {
    "log": "its argument is 0 or less: use a loss that takes logits, or keep the argument above 0",
    "log1p": "its argument is -1 or less: keep it above that",
    "divide": "its divisor is 0 or tiny: add a small number to it",
    "sqrt": "its argument is negative, or its slope at 0 has no bound: add a small number to the argument",
    "power": "its base is negative, or the result is too large: keep the base above 0",
    "exp": "its argument is too large: take the largest off first, or use a loss that takes logits",
}


class Node(NamedTuple):
    """The first value of a step that is not finite."""

    name: str
    operation: str
    numbers: Array
    is_gradient: bool


class Guard:
    """How an epoch began, so that what went wrong in it can be looked at, and taken back.

    ``rerun(limit)`` takes so many batches of the epoch from where the weights are, as they were taken before.
    """

    def __init__(self, session: Session, rows: Rows, size: int, batches: int, *, shuffle: bool) -> None:
        self.session, self.rows, self.size, self.batches, self.shuffle = session, rows, size, batches, shuffle
        self.state = session.state()
        self._arrays = [self.state.parameters, *self.state.slots.values()]
        fits = sum(array.nbytes for array in self._arrays) <= _MOST_BYTES
        self._copies = [np.empty_like(array) for array in self._arrays] if fits else None
        self._counts = self.state.step, self.state.tally

    def begin(self) -> None:
        """Notes how things are at the beginning of an epoch."""
        if self._copies is not None:
            for copy, array in zip(self._copies, self._arrays, strict=True):
                np.copyto(copy, array)
        self._counts = self.state.step, self.state.tally

    def error(self, fault: _core._Fault, rerun: Callable[[int], Any]) -> FloatingPointError:
        """The error about a batch; model and optimizer are as the step before it left them, where that can be."""
        session, batch = self.session, fault["batch"]
        if self._copies is not None and (fault["updated"] or not self._is_finite()):
            batch = self._last_good(batch, rerun)
        undone = self._is_finite()
        order = self._order()[batch * self.size : (batch + 1) * self.size]
        found = first_not_finite(session, self.rows, order) if undone else None
        place = f"in epoch {session.epoch + 1}, step {batch + 1} of {self.batches}"
        rows = _rows_of(found, order)
        learning_rate = float(session.optimizer.learning_rate)
        message = f"fit: expected finite numbers, got {self._what(found)} {place}{_say_rows(rows, order)}; "
        message += _cure(found, learning_rate)
        message += (
            "; model and optimizer are as the step before left them"
            if undone
            else "; weights of that step are in the model already: load the last checkpoint"
        )
        error = FloatingPointError(message)
        error.__dict__ |= {"history": session.history, "rows": rows, "node": found.name if found else None}
        return error

    def _what(self, found: Node | None) -> str:
        if found is None:
            return f"numbers that are not in the weights ({', '.join(self._bad_parameters()) or 'after the update'})"
        kind = "the gradient of the loss, first in " if found.is_gradient else ""
        bad = found.numbers[~np.isfinite(found.numbers)]
        return f"{bad.reshape(-1)[0]} in {kind}`{found.operation}` ({found.name or 'the loss'})"

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.state.parameters).all())

    def _bad_parameters(self) -> list[str]:
        return [name for name in self.state.names if not np.isfinite(self.state.view(name)).all()]

    def _order(self) -> Array:
        """Numbers of the rows in the order in which the epoch takes them."""
        count = len(self.rows)
        return _core.permutation(count, self.session.seed, self.session.epoch) if self.shuffle else np.arange(count)

    def _return_to(self, step: int, rerun: Callable[[int], Any]) -> bool:
        """Puts the state where so many steps of the epoch had left it; whether it is finite there."""
        assert self._copies is not None
        for copy, array in zip(self._copies, self._arrays, strict=True):
            np.copyto(array, copy)
        self.state.step, self.state.tally = self._counts
        if step:
            rerun(step)
        return self._is_finite()

    def _last_good(self, batch: int, rerun: Callable[[int], Any]) -> int:
        """The batch whose step made the weights what they are, found by halving; the state is put before that step."""
        good, bad = 0, batch + 1
        # Most often it is the last step.
        middle = batch
        while bad - good > 1:
            if self._return_to(middle, rerun):
                good = middle
            else:
                bad = middle
            middle = (good + bad) // 2
        self._return_to(good, rerun)
        return good


def first_not_finite(session: Session, rows: Rows, order: Array) -> Node | None:
    """Takes a step on these rows once more, node by node, without updates; the first value that is not finite."""
    runner, state = session.runner, session.state()
    tracer, _, _, (value, _) = session.steps.traced(len(order), rows.form, training=True)
    graph = tracer.graph
    forward = len(graph)
    runner.gradients(tracer, value)
    nodes = [node for node in graph.nodes() if node["kind"] == "operation" and node["id"] not in tracer.beside]
    plan = graph.compile([node["id"] for node in nodes], training=True, fuse=False)
    with np.errstate(all="ignore"):
        results = plan.run(rows.take(order).inputs(), state, session.seed, state.step)
    for node, numbers in zip(nodes, results, strict=True):
        if not np.isfinite(numbers).all():
            return Node(node["name"], node["operation"], numbers, node["id"] >= forward)
    return None


def _rows_of(found: Node | None, order: Array) -> list[int]:
    """Which rows of the data have a number that is not finite, where the value has a row for each."""
    if found is None or found.numbers.ndim == 0 or len(found.numbers) != len(order):
        return []
    bad = ~np.isfinite(found.numbers).reshape(len(order), -1).all(axis=1)
    return sorted(int(row) for row in order[bad])


def _say_rows(rows: list[int], order: Array) -> str:
    if rows:
        shown = ", ".join(map(str, rows[:_NAMED])) + (", ..." if len(rows) > _NAMED else "")
        return f", in {len(rows)} of {len(order)} rows of the batch (row{'s' * (len(rows) > 1)} {shown} of the data)"
    first = sorted(int(row) for row in order)[:_NAMED]
    return f" (a batch of rows {', '.join(map(str, first))}{', ...' if len(order) > _NAMED else ''} of the data)"


def _cure(found: Node | None, learning_rate: float) -> str:
    operation = found.operation.removesuffix("_backward") if found is not None else ""
    if operation in _CURES:
        return _CURES[operation]
    return (
        f"try a learning_rate ten times smaller than {learning_rate:g}, scale features and targets to about -1 to 1, or "
        "clip the gradients with `clip_global_norm=1.0`"
    )

"""Graphs, plans, states and epochs at the boundary of `tilegrad._core`."""

import gc
import threading

import numpy as np
import pytest
from boundary import DTYPES, anything, quietly, refused_or
from hypothesis import given
from hypothesis import strategies as st
from tilegrad import _core


def line(rows, *, update=None):
    """y = x w + b with a mean squared error: graph, values."""
    graph = _core.Graph()
    x = graph.input("features", (rows, 3), "float32")
    y = graph.input("targets", (rows, 1), "float32")
    w, b = graph.parameter("w", (3, 1), "float32"), graph.parameter("b", (1,), "float32")
    prediction = graph.apply("add", [graph.apply("matmul", [x, w]), b])
    loss = graph.apply("mean_squared_error", [prediction, y])
    outputs = [loss, graph.constant(np.array(rows, "f4"))]
    if update is not None:
        outputs += [graph.update(p, d, update) for p, d in zip([w, b], graph.gradients(loss, [w, b]), strict=True)]
    return graph, graph.compile(outputs)


def prediction(rows):
    """The plan of x w + b alone."""
    graph = _core.Graph()
    x = graph.input("features", (rows, 3), "float32")
    w, b = graph.parameter("w", (3, 1), "float32"), graph.parameter("b", (1,), "float32")
    return graph.compile([graph.apply("add", [graph.apply("matmul", [x, w]), b])])


@quietly
@given(st.text(max_size=6), st.lists(st.integers(), max_size=3), st.sampled_from(DTYPES))
def test_graphs_take_anything(name, numbers, dtype):
    graph = _core.Graph()
    refused_or(lambda _: None, lambda: graph.input(name, numbers, dtype))
    refused_or(lambda _: None, lambda: graph.parameter(name, [abs(n) % 9 for n in numbers], dtype))
    refused_or(lambda _: None, lambda: graph.apply(name, numbers))
    for operation in ("add", "matmul", "tanh", "cross_entropy", "reshape", "transpose", "sum", "dropout", "softmax"):
        refused_or(lambda _: None, lambda operation=operation: graph.apply(operation, numbers))
        refused_or(lambda _: None, lambda operation=operation: graph.apply(operation, [0], {name: numbers}))
        for key in ("axes", "axis", "shape", "rate"):
            refused_or(lambda _: None, lambda operation=operation, key=key: graph.apply(operation, [0], {key: numbers}))
    for number in numbers:
        for method in (graph.shape, graph.dtype, graph.name):
            refused_or(lambda _: None, lambda method=method, number=number: method(number))
        refused_or(lambda _: None, lambda number=number: graph.gradients(number, numbers))
    refused_or(lambda _: None, lambda: graph.compile(numbers))
    assert len(graph.nodes()) == len(graph)


@quietly
@given(st.lists(anything, max_size=3))
def test_plans_take_anything(inputs):
    graph, plan = line(2)
    state = _core.State(graph)
    refused_or(lambda outputs: None, lambda: plan.run(inputs, state))
    refused_or(lambda outputs: None, lambda: plan.run(inputs))


@quietly
@given(anything, anything, st.one_of(st.none(), anything), st.integers(-1, 5), st.one_of(st.none(), st.floats()))
def test_epochs_take_anything(features, targets, weight, batch_size, scale):
    (graph, plan), (_, last) = line(2), line(1)
    state = _core.State(graph)
    refused_or(
        lambda sums: None,
        lambda: _core.run_epoch(
            plan, last, state, features, targets, sample_weight=weight, batch_size=batch_size, scale=scale
        ),
    )
    refused_or(
        lambda _: None,
        lambda: _core.run_batches(
            prediction(2), prediction(1), state, features, batch_size=batch_size, scale=scale, out=targets
        ),
        features,
        targets,
    )


def test_an_epoch_of_every_dtype_and_layout():
    random = np.random.default_rng(0)
    plain = random.integers(0, 9, size=(7, 3))
    y = random.normal(size=(7, 1)).astype("f4")
    (graph, plan), (_, last) = line(2), line(1)
    state = _core.State(graph)
    state.parameters[...] = 0
    state.view("w")[...] = [[1], [2], [3]]
    state.view("b")[...] = 0.5
    expected = plain @ [[1], [2], [3]] + 0.5
    for dtype in ["f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]:
        wide = np.zeros((14, 6), dtype)
        wide[::-2, ::2] = plain
        for features in (plain.astype(dtype), np.asfortranarray(plain.astype(dtype)), wide[::-2, ::2]):
            sums = _core.run_epoch(plan, last, state, features, y, batch_size=2, shuffle=True, seed=1)
            assert (sums["batches"], sums["samples"], sums["loss_weight"]) == (4, 7, 7.0)
            assert sums["loss_sum"] == pytest.approx(((expected - y) ** 2).sum(), rel=1e-5)
            out = np.empty((7, 1), "f4")
            _core.run_batches(prediction(2), prediction(1), state, features, batch_size=2, out=out)
            np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_training_moves_the_state_and_counts_steps():
    optimizer = _core.Optimizer("sgd", {"learning_rate": 0.05})
    graph, plan = line(4, update=optimizer)
    state = _core.State(graph, optimizer)
    assert state.parameters.ctypes.data % 64 == 0
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 3)).astype("f4")
    y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 0.25).astype("f4")
    for epoch in range(40):
        _core.run_epoch(plan, None, state, x, y, batch_size=4, shuffle=True, seed=0, epoch=epoch)
    assert state.step == 40 * 16
    np.testing.assert_allclose(state.view("w").ravel(), [1, -2, 0.5], atol=1e-3)
    optimizer.set("learning_rate", 0.0)
    before = state.parameters.copy()
    _core.run_epoch(plan, None, state, x, y, batch_size=4)
    np.testing.assert_array_equal(state.parameters, before)


def test_views_keep_the_memory_alive():
    graph, _ = line(2)
    state = _core.State(graph)
    view, flat = state.view("w"), state.parameters
    view[...] = 3
    del state, graph
    gc.collect()
    assert view.sum() == 9
    assert flat.sum() == 9


def test_states_of_another_graph_are_refused():
    _, plan = line(2)
    other = _core.Graph()
    other.parameter("w", (3, 2), "float32")
    other.parameter("b", (1,), "float32")
    inputs = [np.zeros((2, 3), "f4"), np.zeros((2, 1), "f4")]
    with pytest.raises(ValueError, match="parameters of the plan"):
        plan.run(inputs, _core.State(other))
    with pytest.raises(ValueError, match="state"):
        plan.run(inputs)


def test_exceptions_of_a_report_end_the_epoch_after_a_whole_step():
    optimizer = _core.Optimizer("sgd", {"learning_rate": 0.01})
    graph, plan = line(2, update=optimizer)
    _, second = line(2)
    state = _core.State(graph, optimizer)
    x, y = np.ones((20, 3), "f4"), np.ones((20, 1), "f4")

    def fail(batches, loss):
        raise LookupError(batches)

    with pytest.raises(LookupError):
        _core.run_epoch(plan, None, state, x, y, batch_size=2, report=fail, interval=0.0)
    assert state.step == 1

    def interrupt(batches, loss):
        raise KeyboardInterrupt

    sums = _core.run_epoch(plan, None, state, x, y, batch_size=2, report=interrupt, interval=0.0)
    assert sums["interrupted"]
    assert sums["batches"] == 1

    def again(batches, loss):
        second.run([x[:2], y[:2]], state)

    with pytest.raises(RuntimeError, match="at work already"):
        _core.run_epoch(plan, None, state, x, y, batch_size=2, report=again, interval=0.0)
    assert state.step == 3


def test_threads_take_turns():
    optimizer = _core.Optimizer("sgd", {"learning_rate": 0.0})
    graph, plan = line(2, update=optimizer)
    state = _core.State(graph, optimizer)
    x, y = np.ones((200, 3), "f4"), np.ones((200, 1), "f4")
    threads = [
        threading.Thread(target=_core.run_epoch, args=(plan, None, state, x, y), kwargs={"batch_size": 2})
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.step == 400

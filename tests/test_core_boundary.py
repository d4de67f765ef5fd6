"""The boundary of `tilegrad._core`: whatever arrives, the answer is a result or one sentence, and never a panic.

A `ValueError` or a `TypeError` must have been raised before anything was changed; this is checked on every array given.
"""

import gc
import struct
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tilegrad import _core

ACTIVATIONS = [entry["name"] for entry in _core.registry()["activations"]]
OPTIMIZERS = [entry["name"] for entry in _core.registry()["optimizers"]]
DTYPES = ["float32", "float64", "float16", ">f4", ">f8", "int64", "uint8", "bool", "complex64", "object", "S3", "M8[s]"]
REFUSALS = (ValueError, TypeError)
quietly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)


@st.composite
def arrays(draw, shape=None):
    """An array of any dtype, layout and mood: strided, reversed, transposed, broadcast, unaligned, read-only."""
    shape = draw(shapes) if shape is None else shape
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    count = int(np.prod(shape, dtype=int))
    base = np.arange(count) % 5
    array = base.astype(dtype).reshape(shape)
    layout = draw(st.sampled_from(["plain", "fortran", "strided", "reversed", "broadcast", "unaligned", "read-only"]))
    if layout == "fortran":
        array = array.copy(order="F")
    elif layout == "strided" and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    elif layout == "reversed" and array.ndim:
        array = array[::-1]
    elif layout == "broadcast" and array.ndim:
        array = np.broadcast_to(array[:1], shape) if shape[0] else array
    elif layout == "unaligned" and dtype.kind in "fiu":
        buffer = np.zeros(array.nbytes + 1, "u1")
        moved = buffer[1:].view(dtype).reshape(shape) if count else array
        moved[...] = array
        array = moved
    elif layout == "read-only":
        array.flags.writeable = False
    return array


anything = st.one_of(
    arrays(),
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
    st.just(np.float32(1)),
)


def refused_or(result, call, *given):
    """Calls; on a refusal, checks the sentence and that no array was changed."""
    before = [array.copy() if isinstance(array, np.ndarray) else None for array in given]
    try:
        return result(call())
    except REFUSALS as error:
        sentence = str(error)
        for array, copy in zip(given, before, strict=True):
            if copy is not None:
                np.testing.assert_array_equal(array, copy)
    assert len(sentence) > 10
    return None


@quietly
@given(st.sampled_from(ACTIVATIONS), anything, st.one_of(st.none(), anything), st.booleans())
def test_activations_take_anything(name, x, out, in_place):
    activation = _core.Activation(name)
    out = x if in_place else out

    def check(y):
        assert isinstance(x, np.ndarray)
        assert y.shape == x.shape
        assert y.dtype == x.dtype
        assert out is None or y is out

    refused_or(check, lambda: activation(x, out), x, out)


@quietly
@given(st.data())
def test_equal_layouts_give_equal_bits(data):
    activation = _core.Activation(data.draw(st.sampled_from(ACTIVATIONS)))
    x = data.draw(arrays())
    if x.dtype not in (np.float32, np.float64) or not x.dtype.isnative:
        return
    plain = np.ascontiguousarray(x).reshape(x.shape)
    np.testing.assert_array_equal(activation(x), activation(plain))
    np.testing.assert_array_equal(activation.backward(x, x), activation.backward(plain, plain))
    out = data.draw(arrays(shape=x.shape))
    if out.dtype == x.dtype and out.flags.writeable:
        activation(x, out)
        np.testing.assert_array_equal(out, activation(plain))


@quietly
@given(st.sampled_from(ACTIVATIONS), anything, anything, st.one_of(st.none(), anything), st.integers(0, 3))
def test_backward_takes_anything(name, gradient, x, out, alias):
    activation = _core.Activation(name)
    out = [out, gradient, x, None][alias]
    refused_or(lambda y: None, lambda: activation.backward(gradient, x, out), gradient, x, out)


@quietly
@given(st.sampled_from(["softmax", "log_softmax"]), anything, anything, st.integers(0, 3))
def test_softmax_takes_anything(name, x, other, alias):
    function, backward = getattr(_core, name), getattr(_core, f"{name}_backward")
    out = [other, x, None, None][alias]
    refused_or(lambda y: None, lambda: function(x, out), x, out)
    refused_or(lambda y: None, lambda: backward(x, other, out), x, other, out)


@quietly
@given(anything)
def test_check_finite_takes_anything(x):
    def check(index):
        finite = np.isfinite(np.asarray(x)).ravel()
        assert index == (None if finite.all() else int(np.argmin(finite)))

    refused_or(check, lambda: _core.check_finite(x), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_check_finite_finds_the_first(dtype):
    x = np.zeros((70, 90), dtype)
    x[33, 7] = np.nan
    x[60, 2] = np.inf
    assert _core.check_finite(x) == 33 * 90 + 7
    assert _core.check_finite(x.T) == 2 * 70 + 60
    assert _core.check_finite(x[::2]) is not None
    assert _core.check_finite(x[:30]) is None


@quietly
@given(st.sampled_from(OPTIMIZERS), st.lists(anything, max_size=3), st.lists(anything, max_size=3), st.integers(0, 3))
def test_optimizers_take_anything(name, parameters, gradients, alias):
    optimizer = _core.Optimizer(name)
    if alias == 1 and parameters:
        parameters = [*parameters, parameters[0]]
    if alias == 2:
        gradients = parameters
    refused_or(lambda _: None, lambda: optimizer.step(parameters, gradients), *parameters, *gradients)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_refuse_what_overlaps(name):
    optimizer = _core.Optimizer(name)
    whole = np.ones(12, "f4")
    gradient = np.ones(6, "f4")
    for parameters, gradients in [
        ([whole, whole], [np.ones(12, "f4")] * 2),
        ([whole[:6], whole[5:11]], [gradient, gradient]),
        ([whole[:6]], [whole[:6]]),
        ([whole[:6]], [whole[3:9]]),
    ]:
        with pytest.raises(ValueError, match="share no memory"):
            optimizer.step(parameters, gradients)
    np.testing.assert_array_equal(whole, 1)
    optimizer.step([whole[:6], whole[6:]], [gradient, gradient])
    assert (whole < 1).all()
    assert optimizer.steps == 1
    with pytest.raises(ValueError, match="shape"):
        optimizer.step([whole[:5], whole[6:]], [gradient[:5], gradient])
    with pytest.raises(ValueError, match="parameters"):
        optimizer.step([whole[:6]], [gradient])
    assert optimizer.steps == 1


@quietly
@given(st.sampled_from(OPTIMIZERS), st.text(max_size=12), anything)
def test_settings_take_anything(name, parameter, value):
    known = [entry["name"] for entry in _core.registry()["optimizers"][OPTIMIZERS.index(name)]["parameters"]]
    for key in [parameter, *known]:
        refused_or(lambda _: None, lambda key=key: _core.Optimizer(name, {key: value}))
        refused_or(lambda _: None, lambda key=key: _core.Optimizer(name).set(key, value))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_state_resumes(name):
    random = np.random.default_rng(0)
    first, second = [random.normal(size=(3, 4)), random.normal(size=5)], None
    optimizer = _core.Optimizer(name)
    gradients = [[random.normal(size=(3, 4)), random.normal(size=5)] for _ in range(6)]
    for index, gradient in enumerate(gradients):
        if index == 3:
            second = [array.copy() for array in first]
            resumed = _core.Optimizer(name, optimizer.parameters)
            resumed.load_state(optimizer.state())
            resumed.steps = optimizer.steps
        optimizer.step(first, gradient)
        if second is not None:
            resumed.step(second, gradient)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="load_state"):
        optimizer.load_state({"no such slot": []})


def test_out_rules():
    activation = _core.Activation("tanh")
    x = np.linspace(-1, 1, 12, dtype="f4")
    with pytest.raises(ValueError, match="overlapping"):
        activation(x[:8], x[4:])
    matrix = np.zeros((4, 6), "f4")
    matrix[:, 0] = 1
    activation(matrix[:, 0], matrix[:, 1])
    np.testing.assert_allclose(matrix[:, 1], np.tanh(1), rtol=1e-6)
    with pytest.raises(ValueError, match="overlapping"):
        activation(matrix[:, 0:2], matrix[:, 1:3])
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        activation(x, x)
    with pytest.raises(TypeError, match="mask"):
        activation(np.ma.masked_array([1.0, 2.0], [True, False]))
    for order in "CF":
        cube = np.asarray(np.arange(24, dtype="f8").reshape(2, 3, 4), order=order)
        result = activation(cube)
        assert result.strides == cube.strides


def test_memory_mapped_arrays_are_arrays(tmp_path):
    x = np.memmap(tmp_path / "x", "f4", "w+", shape=(5, 3))
    x[...] = 1
    assert _core.Activation("relu")(x).sum() == 15


def test_aligned_zeros():
    for count in (0, 1, 1000):
        array = _core.aligned_zeros(count, "float64")
        assert array.shape == (count,)
        assert array.ctypes.data % 64 == 0
        assert not array.any()
        array[...] = 1
    for count in (-1, 2**62, 10**30):
        with pytest.raises(ValueError, match="count"):
            _core.aligned_zeros(count, "float32")
    with pytest.raises(TypeError, match="dtype"):
        _core.aligned_zeros(1, "float16")


def test_initialize():
    arguments = ((200, 50), "float32", 7, 3)
    for kind in ("uniform", "normal", "truncated_normal"):
        first = _core.initialize(kind, *arguments)
        np.testing.assert_array_equal(first, _core.initialize(kind, *arguments))
        assert (first != _core.initialize(kind, (200, 50), "float32", 7, 4)).any()
        np.testing.assert_array_equal(first.ravel()[:999], _core.initialize(kind, (999,), "float32", 7, 3))
    normal = _core.initialize("normal", (100_000,), "float64", 0, 0, mean=2.0, deviation=3.0)
    assert abs(normal.mean() - 2) < 0.05
    assert abs(normal.std() - 3) < 0.05
    uniform = _core.initialize("uniform", (100_000,), "float64", 0, 0, low=-2.0, high=1.0)
    assert uniform.min() >= -2
    assert uniform.max() < 1
    assert not _core.initialize("zeros", (3,), "float32", 0, 0).any()
    for kind, parameters in [
        ("uniform", {"low": 2.0}),
        ("uniform", {"high": float("nan")}),
        ("normal", {"deviation": -1.0}),
        ("zeros", {"low": 1.0}),
        ("xavier", {}),
    ]:
        with pytest.raises(ValueError, match="expected"):
            _core.initialize(kind, (2,), "float32", 0, 0, **parameters)
    with pytest.raises(ValueError, match="memory"):
        _core.initialize("zeros", (2**40, 2**40), "float32", 0, 0)
    with pytest.raises(ValueError, match="negative"):
        _core.initialize("zeros", (-1,), "float32", 0, 0)
    with pytest.raises(ValueError, match="whole number"):
        _core.initialize("zeros", (1,), "float32", -1, 0)


def test_permutation():
    order = _core.permutation(1000, 1, 2)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (order != _core.permutation(1000, 1, 3)).any()
    assert _core.permutation(0, 1, 2).shape == (0,)


# Files


@quietly
@given(
    st.dictionaries(st.text(max_size=8), arrays(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
)
def test_tensors_survive_a_file(tmp_path_factory, tensors, metadata):
    path = tmp_path_factory.mktemp("files") / "x.safetensors"

    def check(_):
        loaded, read = _core.load_tensors(path)
        assert read == metadata
        assert loaded.keys() == tensors.keys()
        for name, array in tensors.items():
            assert loaded[name].dtype == array.dtype
            np.testing.assert_array_equal(loaded[name], array)

    refused_or(check, lambda: _core.save_tensors(path, tensors, metadata))
    assert path.exists() or not list(path.parent.iterdir())


@quietly
@given(st.data())
def test_damaged_files_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("files") / "x.safetensors"
    _core.save_tensors(path, {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.ones(2)}, {"k": "v"})
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[:cut])
    refused_or(lambda _: None, lambda: _core.load_tensors(path))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}',
        b'{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}}',
        b'{"a":{"dtype":"F32","shape":[' + b"1," * 99 + b'0],"data_offsets":[0,0]}}',
        b"[" * 100_000,
    ],
)
def test_hostile_headers_are_refused(tmp_path, header):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match="load_tensors: expected a whole safetensors file"):
        _core.load_tensors(path)
    path.write_bytes(struct.pack("<Q", 2**63) + header)
    with pytest.raises(ValueError, match="load_tensors"):
        _core.load_tensors(path)


def test_files_are_replaced_whole(tmp_path):
    path = tmp_path / "x.safetensors"
    _core.save_tensors(str(path), {"a": np.ones(3)})
    path.chmod(0o640)
    _core.save_tensors(path, {"a": np.zeros(3)})
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with pytest.raises(FileNotFoundError):
        _core.save_tensors(tmp_path / "missing" / "x", {})
    with pytest.raises(FileNotFoundError):
        _core.load_tensors(tmp_path / "missing")
    with pytest.raises(OSError, match="directory"):
        _core.load_tensors(tmp_path)
    with pytest.raises(TypeError, match="a"):
        _core.save_tensors(path, {"a": [1.0]})
    assert not _core.load_tensors(path)[0]["a"].any()


# Graphs and plans


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


def test_machine_and_switches():
    machine = _core.machine()
    assert machine["isa"] in machine["isas"]
    isa, threads = _core.isa(), _core.threads()
    try:
        for name in machine["isas"]:
            _core.set_isa(name)
            assert _core.isa() == name
        with pytest.raises(ValueError, match="expected one of"):
            _core.set_isa("sse9")
        for count in (0, -1, 10**30):
            with pytest.raises(ValueError, match="count"):
                _core.set_threads(count)
        _core.set_threads(2)
        assert _core.threads() == 2
    finally:
        _core.set_isa(isa)
        _core.set_threads(threads)

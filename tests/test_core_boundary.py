"""The boundary of `tilegrad._core`: whatever arrives, the answer is a result or an error with a message, and never a panic.

A `ValueError` or a `TypeError` must have been raised before anything was changed; this is checked on every array given.
"""

import numpy as np
import pytest
from boundary import anything, arrays, quietly, refused_or
from hypothesis import assume, given
from hypothesis import strategies as st
from tilegrad import _core

ACTIVATIONS = [entry["name"] for entry in _core.registry()["activations"]]
OPTIMIZERS = [entry["name"] for entry in _core.registry()["optimizers"]]


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
    assume(x.dtype in (np.float32, np.float64) and x.dtype.isnative)
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_checked_in_any_layout(dtype):
    x = np.full((30, 40), 1 / 40, dtype)
    for same in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x.reshape(5, 6, 40), x[0], x[:, ::-1]):
        assert _core.check_distributions(same) is None
        assert _core.check_unit_interval(same) is None
    for wrong in (-1e-6, np.nan, np.inf, 1.1):
        bad = x.copy()
        bad[17, 3] = wrong
        assert _core.check_distributions(bad) == _core.check_distributions(np.asfortranarray(bad)) == 17
        assert _core.check_unit_interval(bad) == _core.check_unit_interval(np.asfortranarray(bad)) == 17 * 40 + 3
    assert _core.check_distributions(x[::2, :20]) == 0
    assert _core.check_distributions(x[0, ::2]) == 0
    assert _core.check_distributions(x[:, :0]) == 0
    assert _core.check_distributions(x[:0]) is None
    assert _core.check_unit_interval(x[:0]) is None
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.check_distributions(x.astype(int))

"""Public functions with anything for an argument: a result, or a ValueError or TypeError with a message; no panic."""

import warnings

import numpy as np
import pytest
from helpers import ACTIVATIONS, LOSSES, OPTIMIZERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tilegrad import _core, losses, nn, optim
from tilegrad import functional as F
from training import problem, small_network, trainer_for, weight_bytes

X, Y = problem(40)


def odd_arrays():
    """Arrays that nobody should pass: any dtype, empty, of high rank, locked, broadcast, byte-swapped, structured."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    plain = hnp.arrays(
        st.sampled_from(
            ["f4", "f8", "f2", "i1", "i4", "i8", "u1", "u8", "?", "c16", ">f4", ">f8", "U2", "S3", "M8[s]"]
        ),
        shapes,
    )

    def locked(array):
        array = array.copy()
        array.flags.writeable = False
        return array

    return st.one_of(
        plain,
        plain.map(locked),
        plain.map(lambda array: array[..., ::-1] if array.ndim else array),
        plain.map(lambda array: np.broadcast_to(array, (2, *array.shape))),
        plain.map(np.asfortranarray),
        st.builds(lambda n: np.empty(n, dtype=[("a", "f4"), ("b", "i4")]), st.integers(0, 3)),
        st.builds(lambda n: np.array([None] * n, dtype=object), st.integers(0, 3)),
        st.builds(lambda n: np.ndarray(n, "f4", bytes(4 * n + 1), 1), st.integers(0, 4)),
        st.builds(lambda n: np.ma.masked_array(np.ones(n), mask=True), st.integers(0, 3)),
        st.builds(lambda n: np.ones((n, n)).view(np.matrix) if n else np.ones(0), st.integers(0, 3)),
    )


def anything():
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.complex_numbers(),
        st.text(max_size=5),
        st.binary(max_size=5),
        st.just(float),
        st.just(...),
        st.just(np.float32),
        st.builds(object),
        st.just(iter([1.0])),
    )
    return st.one_of(
        odd_arrays(),
        scalars,
        st.lists(scalars, max_size=3),
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    )


def survives(call):
    """A result or one of the two kinds of error. A panic is a BaseException of another name and passes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except (ValueError, TypeError, OverflowError) as error:
            if len(str(error)) < 10 or "panicked" in str(error):
                raise AssertionError(f"no error message: {error!r}") from error
            return None


FUNCTIONS = [*ACTIVATIONS, "softmax", "log_softmax"]


@given(name=st.sampled_from(FUNCTIONS), x=anything(), out=st.one_of(st.none(), anything()))
def test_activations(name, x, out):
    survives(lambda: getattr(F, name)(x, out=out))


@given(name=st.sampled_from(FUNCTIONS), gradient=anything(), x=anything(), out=st.one_of(st.none(), anything()))
def test_activation_gradients(name, gradient, x, out):
    survives(lambda: getattr(F, f"{name}_backward")(gradient, x, out=out))


@given(name=st.sampled_from(FUNCTIONS), x=odd_arrays())
def test_the_same_array_everywhere(name, x):
    survives(lambda: getattr(F, name)(x, out=x))
    survives(lambda: getattr(F, f"{name}_backward")(x, x, out=x))


OPTIONS = ["reduction", "style", "sample_weight", "weight", "ignore_index", "normalization", "bogus"]


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=10)
@given(prediction=anything(), target=anything(), data=st.data())
def test_losses(name, prediction, target, data):
    known = [*OPTIONS, *(parameter["name"] for parameter in LOSSES[name]["parameters"])]
    keywords = data.draw(st.dictionaries(st.sampled_from(known), anything(), max_size=2))
    further = [data.draw(anything()) for each in LOSSES[name]["facts"].get("operands", ()) if not each["optional"]]
    survives(lambda: getattr(F, name)(prediction, target, *further, **keywords))


@given(name=st.sampled_from(list(OPTIMIZERS)), data=st.data())
def test_optimizers(name, data):
    keys = [parameter["name"] for parameter in OPTIMIZERS[name]["parameters"]] + ["bogus"]
    survives(lambda: _core.Optimizer(name, data.draw(st.dictionaries(st.sampled_from(keys), anything(), max_size=3))))
    optimizer = _core.Optimizer(name, {"learning_rate": 0.1})
    survives(
        lambda: optimizer.step(
            data.draw(st.lists(odd_arrays(), max_size=3)), data.draw(st.lists(odd_arrays(), max_size=3))
        )
    )
    survives(lambda: optimizer.step(data.draw(anything()), data.draw(anything())))
    survives(lambda: optimizer.load_state(data.draw(anything())))
    survives(lambda: optimizer.set(data.draw(st.sampled_from(keys)), data.draw(anything())))
    survives(lambda: setattr(optimizer, "steps", data.draw(anything())))
    weight = np.ones(3)
    survives(lambda: optimizer.step([weight], [weight]))


@given(
    kind=st.sampled_from(["zeros", "constant", "uniform", "normal", "truncated_normal", "bogus"]),
    shape=anything(),
    dtype=anything(),
    seed=anything(),
    keywords=st.dictionaries(
        st.sampled_from(["low", "high", "mean", "deviation", "value", "bogus"]), st.floats(), max_size=2
    ),
)
def test_initialize(kind, shape, dtype, seed, keywords):
    survives(lambda: _core.initialize(kind, shape, dtype, seed, 0, **keywords))
    survives(lambda: _core.initialize(kind, (2, 3), "float32", 0, 0, **keywords))


@given(a=anything(), b=anything())
def test_small_core_functions(a, b):
    before = _core.threads(), _core.isa()
    survives(lambda: _core.check_finite(a))
    survives(lambda: _core.set_isa(a))
    survives(lambda: _core.Activation(a, b))
    survives(lambda: _core.permutation(a, b, 0) if not isinstance(a, int) or a < 10**6 else None)
    survives(lambda: _core.aligned_zeros(a, b) if not isinstance(a, int) or a < 10**6 else None)
    survives(lambda: _core.load_tensors(a) if not isinstance(a, (str, bytes, int)) else None)
    assert (_core.threads(), _core.isa()) == before


OPERATIONS = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "negative",
    "exp",
    "log",
    "sqrt",
    "abs",
    "square",
    "matmul",
    "relu",
    "swish",
    "softmax",
    "log_softmax",
    "sum",
    "mean",
    "max",
    "reshape",
    "transpose",
    "broadcast_to",
    "dropout",
    "mean_squared_error",
    "cross_entropy",
    "amount_sum",
    "class_sum",
    "loss_weight",
    "bogus",
]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_graphs(data):
    """Operations on any values with any attributes: refused while building, or compiled, run and differentiated."""
    graph = _core.Graph()
    shape = st.lists(st.integers(0, 3), max_size=3)
    arrays = []
    values = []
    for index in range(2):
        dims = data.draw(shape)
        dtype = data.draw(st.sampled_from(["float32", "float64", "int32"]))
        values.append(graph.input(f"input{index}", dims, dtype))
        arrays.append(np.ones(dims, dtype))
    attributes = st.dictionaries(
        st.sampled_from(["axes", "axis", "keepdims", "shape", "rate", "stream", "beta", "reduction", "bogus"]),
        st.one_of(
            st.integers(-3, 5),
            st.floats(),
            st.booleans(),
            st.text(max_size=4),
            st.lists(st.integers(-2, 4), max_size=3),
        ),
        max_size=2,
    )
    for _ in range(data.draw(st.integers(1, 5))):
        operation = data.draw(st.sampled_from(OPERATIONS))
        inputs = data.draw(st.lists(st.sampled_from([*values, *values, 99, -1]), max_size=3))
        result = survives(
            lambda operation=operation, inputs=inputs: graph.apply(operation, inputs, data.draw(attributes))
        )
        if result is not None:
            values.append(result)
    outputs = [values[-1]]
    floats = [value for value in values[:2] if graph.dtype(value) != "int32"]
    if floats:
        outputs += survives(lambda: graph.gradients(values[-1], floats)) or []
    plan = survives(lambda: graph.compile(outputs))
    if plan is None:
        return
    results = survives(lambda: plan.run(arrays))
    if results is not None:
        assert [result.shape for result in results] == [graph.shape(value) for value in outputs]
    survives(lambda: plan.run(arrays[:1]))
    survives(lambda: plan.run([*arrays, np.ones(1)]))
    survives(lambda: plan.run([np.ones((7, 7)), *arrays[1:]]))
    survives(lambda: plan.run([data.draw(odd_arrays()) for _ in arrays]))


@given(data=st.data())
def test_training_survives_anything(data):
    model = small_network(hidden=5)
    trainer = trainer_for(model)
    before = weight_bytes(model)
    x, y = data.draw(st.sampled_from([(X, None), (None, Y), (None, None)]))
    keywords = st.dictionaries(
        st.sampled_from(
            [
                "batch_size",
                "validation_data",
                "validation_split",
                "class_weight",
                "sample_weight",
                "shuffle",
                "callbacks",
                "scale",
                "bogus",
            ]
        ),
        anything(),
        max_size=2,
    )
    x = data.draw(anything()) if x is None else x
    y = data.draw(anything()) if y is None else y
    result = survives(lambda: trainer.fit(x, y, epochs=1, progress=False, **data.draw(keywords)))
    if result is None:
        assert weight_bytes(model) == before
        assert trainer.step == 0
    survives(lambda: trainer.evaluate(data.draw(anything()), data.draw(anything())))
    survives(lambda: model.predict(data.draw(anything())))


@given(data=st.data())
def test_constructors_survive_anything(data):
    kind = data.draw(
        st.sampled_from(
            [nn.Dense, nn.Dropout, nn.Sequential, nn.ReLU, losses.CrossEntropy, optim.SGD, optim.Adam, optim.RMSprop]
        )
    )
    arguments = data.draw(
        st.lists(
            anything().filter(lambda value: not isinstance(value, int) or abs(value) < 1000 or abs(value) > 2**62),
            max_size=3,
        )
    )
    survives(lambda: kind(*arguments))


def test_the_net_would_catch_a_panic():
    class PanicException(BaseException):
        pass

    def panic():
        raise PanicException("panicked")

    with pytest.raises(PanicException):
        survives(panic)

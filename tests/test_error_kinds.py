"""The exception follows from what was wrong, never from words in its message: each kind is raised for its own reason."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tilegrad import _core, optim

HUGE = 1 << 50

# Those that this process may use; only Linux tells.
PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def graph_of(*types):
    """A graph with an input for each (shape, dtype)."""
    graph = _core.Graph()
    return graph, [graph.input(f"x{index}", shape, dtype) for index, (shape, dtype) in enumerate(types)]


def apply(name, attributes=None, /, *types):
    graph, inputs = graph_of(*types)
    return graph.apply(name, inputs, attributes)


def raised_by(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is the question
        call()
    return type(caught.value)


SINGLE, DOUBLE, LABELS = ((2,), "float32"), ((2,), "float64"), ((2,), "int32")

# What is wrong, and how to do it wrong.
KINDS = {
    "a shape that does not fit": (ValueError, lambda: apply("add", None, SINGLE, ((3,), "float32"))),
    "too few inputs": (ValueError, lambda: apply("add", None, SINGLE)),
    "a value out of range": (ValueError, lambda: apply("dropout", {"rate": 1.0}, SINGLE)),
    "a dtype that does not fit": (TypeError, lambda: apply("add", None, SINGLE, DOUBLE)),
    "a dtype without gradients": (TypeError, lambda: apply("relu", None, LABELS)),
    "labels of floats": (TypeError, lambda: apply("one_hot", {"classes": 3}, SINGLE)),
    "an operation nobody knows": (ValueError, lambda: apply("relus", None, SINGLE)),
    "an attribute nobody knows": (ValueError, lambda: apply("sum", {"dtype": "float32"}, SINGLE)),
    "a word nobody knows": (ValueError, lambda: apply("huber", {"reduction": "dtype"}, SINGLE, SINGLE)),
    "an optimizer nobody knows": (ValueError, lambda: _core.Optimizer("dtype")),
    "a setting nobody knows": (ValueError, lambda: _core.Optimizer("adam", {"dtype": 1.0})),
    "a setting of another kind": (ValueError, lambda: _core.Optimizer("adam", {"epsilon": "dtype"})),
    "an activation nobody knows": (ValueError, lambda: _core.Activation("dtype")),
    "more than can be addressed": (ValueError, lambda: apply("negative", None, ((HUGE, HUGE), "float32"))),
    "more than there is memory": (ValueError, lambda: a_plan_beyond_memory()),
    "no array": (TypeError, lambda: _core.check_finite("dtype")),
    "a file that is not there": (FileNotFoundError, lambda: _core.load_tensors("no such dtype")),
}


def a_plan_beyond_memory():
    graph, (column, row) = graph_of(((10**6, 1), "float32"), ((1, 10**6), "float32"))
    graph.compile([graph.apply("matmul", [column, row])])


@pytest.mark.parametrize(("error", "call"), KINDS.values(), ids=KINDS)
def test_each_kind_of_error_is_raised_for_its_own_reason(error, call):
    assert raised_by(call) is error


# ---- names of the user's -------------------------------------------------------------------------------------------


def a_vector(name):
    graph = _core.Graph()
    return graph, graph.parameter(name, (3,), "float32")


def the_same_name_again(name):
    graph, _ = a_vector(name)
    graph.parameter(name, (3,), "float32")


def the_gradient_of_a_vector(name):
    graph, vector = a_vector(name)
    graph.gradients(vector, [vector])


def a_second_update(name):
    graph, vector = a_vector(name)
    for _ in range(2):
        graph.update(vector, graph.input("gradient", (3,), "float32"), _core.Optimizer("sgd"))


def more_than_can_be_addressed(name):
    graph = _core.Graph()
    for index in range(40):
        graph.parameter(f"{name}.{index}", (1 << 29, 1 << 28), "float32")


def an_input_of_another_shape(name):
    graph = _core.Graph()
    plan = graph.compile([graph.apply("negative", [graph.input(name, (3,), "float32")])])
    plan.run([np.zeros(2, np.float32)])


def another_state(name):
    graph, vector = a_vector(name)
    other, _ = a_vector("another")
    graph.compile([graph.apply("negative", [vector])]).run([], state=_core.State(other))


@pytest.mark.parametrize("name", ["dtype_scale", "dtype"])
@pytest.mark.parametrize(
    "mistake",
    [
        the_same_name_again,
        the_gradient_of_a_vector,
        a_second_update,
        more_than_can_be_addressed,
        an_input_of_another_shape,
        another_state,
    ],
)
def test_a_parameter_may_be_called_dtype(mistake, name):
    with pytest.raises(ValueError, match=name):
        mistake(name)


@pytest.mark.parametrize(("dtype", "error"), [("float64", TypeError), ("float32", ValueError)])
def test_a_dtype_is_told_from_a_shape(dtype, error):
    """Where both could be wrong in one check, the dtype decides."""
    other = ((3,), dtype)
    for name, attributes, types in [
        ("add", None, [((2,), "float32"), other]),
        ("concatenate", None, [((2, 1), "float32"), ((3, 4), dtype)]),
        ("mean_squared_error", None, [((2,), "float32"), other]),
        ("amount_sum", None, [((2,), "float32"), other]),
        ("class_sum", {"weighted": True}, [((2, 2), "float32"), ((2,), "int32"), other]),
    ]:
        assert raised_by(lambda name=name, attributes=attributes, types=types: apply(name, attributes, *types)) is error
    graph, (x, gradient) = graph_of(SINGLE, other)
    parameter = graph.parameter("weight", (2,), "float32")
    assert raised_by(lambda: graph.update(parameter, gradient, _core.Optimizer("sgd"))) is error
    assert raised_by(lambda: graph.apply("custom", [x, x, x, gradient])) is error


# ---- what the system refuses ---------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are set as on Linux")
@pytest.mark.skipif(PROCESSORS < 2, reason="one processor needs no second thread")
def test_a_thread_that_cannot_be_started_is_no_mistake_of_the_user():
    """Stacks of a terabyte within 64 GB of addresses: the system starts no thread."""
    program = """
import resource
from tilegrad import _core
resource.setrlimit(resource.RLIMIT_AS, (1 << 36, 1 << 36))
try:
    _core.measure_limits()
except RuntimeError as error:
    print(error)
"""
    environment = {**os.environ, "RUST_MIN_STACK": str(1 << 40)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("measure_limits: expected to start"), done.stdout + done.stderr


# ---- messages ------------------------------------------------------------------------------------------------------


def test_messages_show_values_as_python_does():
    for settings, text in [
        ({"epsilon": "large"}, 'adam: expected `epsilon` to be a number, got "large"'),
        ({"epsilon_mode": 1.0}, "adam: expected `epsilon_mode` to be a word, got 1"),
    ]:
        with pytest.raises(ValueError, match=text):
            _core.Optimizer("adam", settings)
    with pytest.raises(ValueError, match=r"step: expected `gradients\[1\]` of shape \(2,\), as `parameters\[1\]`, got"):
        optim.SGD(learning_rate=0.1).step([np.zeros(3), np.zeros(2)], [np.zeros(3), np.zeros(4)])
    with pytest.raises(TypeError, match=r"step: expected `gradients\[1\]` of dtype float64, as `parameters\[1\]`, got"):
        optim.SGD(learning_rate=0.1).step([np.zeros(3), np.zeros(2)], [np.zeros(3), np.zeros(2, np.float32)])


class Raising:
    """Claims to be a number, and fails when it is converted."""

    def __float__(self):
        raise LookupError("no number today")


@pytest.mark.parametrize(
    "call",
    [
        lambda number: _core.Optimizer("sgd", {"learning_rate": number}),
        lambda number: apply("dropout", {"rate": number}, SINGLE),
        lambda number: _core.Activation("elu", [number]),
        lambda number: _core.initialize("normal", (2,), "float32", 0, 0, deviation=number),
    ],
    ids=["optimizer", "operation", "activation", "initializer"],
)
def test_numbers_are_told_from_what_is_none(call):
    """A number too large for a float is out of range, an object that is not a number has the wrong type, and any other
    exception is passed on."""
    for number in (10**400, -(10**400)):
        with pytest.raises(ValueError, match=f"got {'-' if number < 0 else ''}inf"):
            call(number)
    with pytest.raises(TypeError, match="got function"):
        call(raised_by)
    with pytest.raises(LookupError, match="no number today"):
        call(Raising())

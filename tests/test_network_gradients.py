"""Whole networks in float64: every gradient against differences, for every activation and loss."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import ACTIVATIONS, LOSSES, fourth_order_gradient
from hypothesis import given
from hypothesis import strategies as st
from loss_operands import operands
from tilegrad import functional as F

ROWS = 5


# What turns any number into what a loss takes.
ENDS = {
    "unit_interval": F.sigmoid,
    "distribution": F.softmax,
    "log_probabilities": F.log_softmax,
    "non_negative": F.softplus,
    "above_minus_one": F.softplus,
}


def parameters_for(generator, outputs):
    return [0.7 * generator.standard_normal(shape) for shape in [(4, 6), (6,), (6, outputs), (outputs,)]]


def network_loss(activation, loss, x, others):
    end = ENDS.get(LOSSES[loss]["facts"]["predictions"], F.identity)

    def value(w1, b1, w2, b2):
        hidden = getattr(F, activation)(x @ w1 + b1)
        return getattr(F, loss)(end(hidden @ w2 + b2), *others)

    return value


EVERY_ACTIVATION = [(activation, "cross_entropy") for activation in [*ACTIVATIONS, "softmax", "log_softmax"]]
EVERY_LOSS = [(activation, loss) for activation in ("tanh", "gelu") for loss in LOSSES]


@pytest.mark.covers("G1: gradients of any function, checked", "N3: gradients of every layer")
@pytest.mark.parametrize(("activation", "loss"), EVERY_ACTIVATION + EVERY_LOSS)
def test_every_activation_and_every_loss(activation, loss):
    generator = np.random.default_rng(11)
    x, (prediction, *others) = generator.standard_normal((ROWS, 4)), operands(loss, ROWS, 3, seed=1)
    parameters = parameters_for(generator, prediction.shape[1])
    function = network_loss(activation, loss, x, others)
    value, gradients = tg.value_and_grad(function)(*parameters)
    assert float(value) == pytest.approx(float(function(*parameters)), rel=1e-13)
    for index, gradient in enumerate(gradients):

        def along(moved, index=index):
            return function(*[moved if k == index else w for k, w in enumerate(parameters)])

        numeric = fourth_order_gradient(along, parameters[index], step=1e-4)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8, err_msg=f"parameter {index}")
        assert np.abs(gradient).max() > 1e-6, f"parameter {index} has no gradient at all"


ELEMENTWISE = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "right_divide": lambda a, b: 2.0 / b + 1.0 - a,
    "power": lambda a, b: a**3 + b**0.5,
    "negative": lambda a, b: -a * b,
    "reuse": lambda a, b: a * b + a * a - b / a,
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4), (3, 4)),
        ((3, 4), (4,)),
        ((3, 4), (3, 1)),
        ((3, 1), (1, 4)),
        ((2, 3, 4), (3, 1)),
        ((3, 4), ()),
        ((), (3,)),
    ],
)
def test_operators_with_broadcasting(name, left, right):
    generator = np.random.default_rng(2)
    a, b = 0.5 + generator.random(left), 0.5 + generator.random(right)
    shape = np.broadcast_shapes(left, right)
    factors = generator.standard_normal(shape)
    operator = ELEMENTWISE[name]

    def traced(a, b):
        return (operator(a, b) * factors).sum()

    value, gradients = tg.value_and_grad(traced)(a, b)
    np.testing.assert_allclose(value, (operator(a, b) * factors).sum(), rtol=1e-12)
    for index, gradient in enumerate(gradients):
        assert np.shape(gradient) == (left, right)[index]
        numeric = fourth_order_gradient(
            lambda moved, index=index: (operator(*((moved, b) if index == 0 else (a, moved))) * factors).sum(),
            (a, b)[index],
        )
        np.testing.assert_allclose(gradient, numeric, rtol=1e-7, atol=1e-9)


def reductions():
    return {
        "sum": lambda x: x.sum(),
        "sum over rows": lambda x: (x.sum(axis=0) ** 2).sum(),
        "sum over columns kept": lambda x: (x * x.sum(axis=1, keepdims=True)).sum(),
        "mean": lambda x: (x.mean(axis=0) ** 3).sum(),
        "mean of all": lambda x: x.mean() ** 2,
        "reshape": lambda x: (x.reshape(2, 6) ** 2).sum(axis=0).mean(),
        "transpose": lambda x: ((x.T @ x) ** 2).sum(),
        "product": lambda x: (x @ np.arange(8.0).reshape(4, 2)).sum(axis=1).mean(),
    }


@pytest.mark.parametrize("name", reductions())
def test_reductions_and_shapes(name):
    x = np.random.default_rng(5).standard_normal((3, 4))
    function = reductions()[name]
    value, (gradient,) = tg.value_and_grad(function)(x)
    np.testing.assert_allclose(value, function(x), rtol=1e-12)
    np.testing.assert_allclose(gradient, fourth_order_gradient(function, x), rtol=1e-7, atol=1e-8)


@given(rows=st.integers(1, 9), inner=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 99))
def test_products_of_any_shape(rows, inner, columns, seed):
    generator = np.random.default_rng(seed)
    a, b = generator.standard_normal((rows, inner)), generator.standard_normal((inner, columns))
    factors = generator.standard_normal((rows, columns))
    value, (da, db) = tg.value_and_grad(lambda a, b: ((a @ b) * factors).sum())(a, b)
    np.testing.assert_allclose(value, ((a @ b) * factors).sum(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(da, factors @ b.T, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(db, a.T @ factors, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_second_derivatives(name):
    """The gradient of a gradient, against differences of the gradient."""
    x = np.linspace(-3, 3, 12) + 0.013

    def slope_sum(x):
        _, (gradient,) = tg.value_and_grad(lambda z: (getattr(F, name)(z) * np.arange(12.0)).sum())(x)
        return gradient

    def twice(x):
        inner = tg.grad(lambda z: (getattr(F, name)(z) * np.arange(12.0)).sum())
        return (inner(x) ** 2).sum()

    numeric = fourth_order_gradient(lambda moved: (slope_sum(moved) ** 2).sum(), x)
    np.testing.assert_allclose(tg.grad(twice)(x), numeric, rtol=1e-6, atol=1e-7)


def test_gradients_keep_the_dtype_and_count_only_what_is_asked():
    x = np.ones((2, 3), np.float32)
    value, (gradient,) = tg.value_and_grad(lambda z: (z * z).sum())(x)
    assert gradient.dtype == np.float32
    assert float(value) == 6.0
    before = x.copy()
    tg.grad(lambda z: (z * 3.0).sum())(x)
    np.testing.assert_array_equal(x, before)


def test_a_function_that_is_no_scalar_is_refused():
    with pytest.raises(ValueError, match=r"scalar|expected"):
        tg.grad(lambda x: x * 2.0)(np.ones(3))
    with pytest.raises((TypeError, ValueError), match="expected"):
        tg.grad(lambda x: "text")(np.ones(3))

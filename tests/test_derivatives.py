"""Derivatives of any order: products with Jacobian and Hessian, differences, gradient checks of whatever there is."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import ACTIVATIONS
from tilegrad import _core, losses, nn, optim
from tilegrad import functional as F

RNG = np.random.default_rng(0)
MATRIX, VECTOR = RNG.standard_normal((4, 3)), RNG.standard_normal(3)


def curved(x):
    """A function whose Hessian is full and known: ``sum(exp(x)) + (sum x)^3``."""
    return np.exp(x).sum() + x.sum() ** 3


def curved_hessian(x):
    return np.diag(np.exp(x)) + 6 * x.sum()


def spread(x):
    """Several numbers from several: the Jacobian is ``cos``-like in no entry zero."""
    return F.tanh((x * MATRIX).sum(axis=1)) * x.sum()


def spread_jacobian(x):
    inner = np.tanh(MATRIX @ x)
    return (1 - inner**2)[:, None] * MATRIX * x.sum() + inner[:, None]


FUNCTIONS = (np.negative, np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.square, np.abs, np.sign, np.tanh)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions_of_numpy_become_operations(function):
    x = np.array([0.5, 1.5, 2.5])
    np.testing.assert_allclose(tg.jit(function)(x), function(x), rtol=1e-14)
    slope = tg.grad(lambda value: function(value).sum())(x)
    np.testing.assert_allclose(slope, (function(x + 1e-5) - function(x - 1e-5)) / 2e-5, rtol=1e-8)


def test_the_jacobian_is_the_one_by_hand():
    np.testing.assert_allclose(tg.jacobian(spread)(VECTOR), spread_jacobian(VECTOR), rtol=1e-12)


def test_products_are_rows_and_columns_of_the_jacobian():
    left, right = RNG.standard_normal(4), RNG.standard_normal(3)
    expected = spread_jacobian(VECTOR)
    value, passed = tg.vjp(spread)(VECTOR, left)
    np.testing.assert_allclose(value, np.tanh(MATRIX @ VECTOR) * VECTOR.sum(), rtol=1e-12)
    np.testing.assert_allclose(passed, left @ expected, rtol=1e-12)
    value, tangent = tg.jvp(spread)(VECTOR, right)
    np.testing.assert_allclose(tangent, expected @ right, rtol=1e-12)
    assert left @ tangent == pytest.approx(float(passed @ right), rel=1e-12)


def test_the_hessian_and_its_products():
    direction = RNG.standard_normal(3)
    np.testing.assert_allclose(tg.hessian(curved)(VECTOR), curved_hessian(VECTOR), rtol=1e-12)
    np.testing.assert_allclose(tg.hvp(curved)(VECTOR, direction), curved_hessian(VECTOR) @ direction, rtol=1e-12)
    assert tg.hessian(lambda x: x**3)(2.0) == pytest.approx(12.0)


def test_float32_stays_float32(dtype):
    x, direction = VECTOR.astype(dtype), np.ones(3, dtype)
    assert tg.hvp(curved)(x, direction).dtype == dtype
    assert tg.jvp(spread)(x, direction)[1].dtype == dtype
    assert tg.jacobian(spread)(x).dtype == dtype


def test_products_with_several_arguments_keep_their_form():
    def mixed(tree, scale):
        return (tree["a"] * tree["b"]).sum() * scale**2

    tree, scale = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])}, 5.0
    along = ({"a": np.array([1.0, 0.0]), "b": np.array([0.0, 0.0])}, 0.0)
    products, by_scale = tg.hvp(mixed)((tree, scale), along)
    np.testing.assert_allclose(products["a"], [0, 0])
    np.testing.assert_allclose(products["b"], [25, 0])
    assert by_scale == pytest.approx(2 * scale * 3.0)
    _, tangent = tg.jvp(mixed)((tree, scale), along)
    assert tangent == pytest.approx(75.0)


def test_labels_are_passed_over():
    logits, labels = RNG.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    value, (gradient, nothing) = tg.vjp(F.cross_entropy)((logits, labels), 1.0)
    assert nothing is None
    np.testing.assert_allclose(gradient, (F.softmax(logits) - np.eye(3)[labels]) / 4, rtol=1e-12)
    assert value == pytest.approx(float(F.cross_entropy(logits, labels)))


def test_the_hessian_of_cross_entropy():
    logits = RNG.standard_normal((1, 4))
    p = F.softmax(logits)[0]
    found = tg.hessian(lambda z: F.cross_entropy(z, np.array([2])))(logits).reshape(4, 4)
    np.testing.assert_allclose(found, np.diag(p) - np.outer(p, p), rtol=1e-12, atol=1e-15)


def test_a_jacobian_can_be_differentiated():
    def rows(x):
        return tg.jacobian(lambda v: v * v * v)(x).sum()

    np.testing.assert_allclose(tg.grad(rows)(VECTOR), 6 * VECTOR, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tg.vjp(spread)(VECTOR, np.ones(3)), r"vjp: expected `vector` of shape \(4,\), got \(3,\)"),
        (lambda: tg.jvp(spread)(VECTOR, np.ones(4)), r"jvp: expected `tangents` of shape \(3,\), got \(4,\)"),
        (lambda: tg.hvp(curved)(VECTOR, np.ones(4)), r"hvp: expected `vectors` of shape \(3,\), got \(4,\)"),
        (lambda: tg.hvp(spread)(VECTOR, VECTOR), r"hvp: expected the function to return a single number"),
        (lambda: tg.jacobian(spread, argnum=1)(VECTOR), r"jacobian: expected `argnum` from 0 to 0, got 1"),
        (lambda: tg.numeric_derivative(float, 1.0, order=3), r"expected `order` to be 2 or 4, got 3"),
        (lambda: tg.numeric_derivative(float, 1.0, step=np.nan), r"expected `step` to be a finite number above 0"),
        (lambda: tg.numeric_derivative(float, [1.0, 2.0]), r"use numeric_gradient"),
    ],
)
def test_what_does_not_fit_gets_an_error_message(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_function_is_said():
    for transform in (tg.vjp, tg.jvp, tg.hvp, tg.jacobian, tg.hessian, tg.trace, tg.jit):
        with pytest.raises(TypeError, match="expected a function, got int"):
            transform(3)
    with pytest.raises(TypeError, match="expected at least one float argument"):
        tg.vjp(lambda x: x)(np.array([1, 2]), np.ones(2))


# ---- differences ---------------------------------------------------------------------------------------------------


@pytest.mark.covers("G2: derivatives as limits")
@pytest.mark.parametrize("order", [2, 4])
def test_differences_of_a_paraboloid(order):
    gradient = tg.numeric_gradient(lambda x: x[0] ** 2 + x[1] ** 2, np.array([3, 4]), order=order)
    np.testing.assert_allclose(gradient, [6, 8], rtol=1e-9)


@pytest.mark.covers("G2: derivatives as limits")
def test_the_derivative_is_the_limit_of_the_difference_quotient():
    errors = [abs(tg.numeric_derivative(np.exp, 1.0, step=h, order=2) - np.e) for h in (0.1, 0.01, 0.001)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)
    assert errors[1] / errors[2] == pytest.approx(100, rel=0.01)
    errors = [abs(tg.numeric_derivative(np.exp, 1.0, step=h) - np.e) for h in (0.2, 0.02)]
    assert errors[0] / errors[1] == pytest.approx(1e4, rel=0.05)


def test_the_array_given_is_left_alone():
    x = np.array([1.0, 2.0])
    tg.numeric_gradient(lambda moved: moved.sum(), x)
    with pytest.raises(ZeroDivisionError):
        tg.numeric_gradient(lambda moved: 1 / 0, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


# ---- check_gradients -----------------------------------------------------------------------------------------------


@pytest.mark.covers("G1: gradients of any function, checked")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_and_its_slope_pass_the_check(name):
    x = np.array([-2.3, -0.7, 0.4, 1.9])
    assert tg.check_gradients(getattr(F, name), x) < 1e-8
    assert tg.check_gradients(tg.grad(lambda x: getattr(F, name)(x).sum()), x, step=1e-3) < 1e-7


@pytest.mark.covers("G1: gradients of any function, checked")
def test_losses_pass_the_check_as_objects_and_as_functions():
    prediction, target = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
    assert tg.check_gradients(losses.MeanSquaredError(), prediction, target) < 1e-8
    assert tg.check_gradients(F.cross_entropy, prediction, np.eye(3)[[0, 1, 2, 0]]) < 1e-8
    assert tg.check_gradients(losses.CrossEntropy(label_smoothing=0.1), prediction, np.array([0, 1, 2, 0])) < 1e-8


@pytest.mark.covers("G1: gradients of any function, checked", "B5: what arrives times the local derivative")
def test_layers_models_and_trainers_pass_the_check():
    model = nn.Sequential(nn.Dense(3, 4, "gelu"), nn.Dense(4, 2))
    x, labels = RNG.standard_normal((5, 3)), np.array([0, 1, 1, 0, 1])
    before = model.state_dict()
    assert tg.check_gradients(nn.Dense(3, 2, "sigmoid"), x) < 1e-8
    assert tg.check_gradients(model, x) < 1e-8
    assert tg.check_gradients(model, x, labels, loss="cross_entropy") < 1e-8
    assert tg.check_gradients(tg.Trainer(model, losses.CrossEntropy(), optim.SGD(0.1)), x, labels) < 1e-8
    after = model.state_dict()
    assert model.dtype == "float32"
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


@pytest.mark.covers("G1: gradients of any function, checked")
def test_a_kink_is_found_with_argument_and_index():
    with pytest.raises(ValueError, match=r"argument w at index \(1,\): the gradient is 0, differences give 0.5"):
        tg.check_gradients(lambda w: F.relu(w).sum(), np.array([1.0, 0.0]))
    model = nn.Sequential(nn.Dense(1, 1, dtype="float64"), nn.ReLU())
    model.load_state_dict({"0.weight": np.array([[1.0]]), "0.bias": np.array([0.0])})
    with pytest.raises(ValueError, match=r"argument 0.weight at index \(0, 0\)|argument 0.bias at index \(0,\)"):
        tg.check_gradients(model, np.array([[0.0]]))


def test_counts_of_arguments_are_said():
    model = nn.Dense(2, 1)
    with pytest.raises(TypeError, match="expected x for a model, got 2 arguments; give `loss=`"):
        tg.check_gradients(model, np.ones((1, 2)), np.ones((1, 1)))
    with pytest.raises(TypeError, match="expected prediction and target for a loss, got 1 arguments"):
        tg.check_gradients(losses.MeanSquaredError(), np.ones((1, 2)))
    with pytest.raises(TypeError, match="expected `loss` only beside a model"):
        tg.check_gradients(lambda x: x, 1.0, loss="mean_squared_error")


# ---- models as functions -------------------------------------------------------------------------------------------


def test_a_model_as_a_function_of_its_parameters():
    model = nn.Sequential(nn.Dense(3, 4, "tanh", dtype="float64"), nn.Dense(4, 1, dtype="float64"))
    x = RNG.standard_normal((6, 3))
    state = model.state_dict()
    call = tg.jit(lambda parameters, x: tg.functional_call(model, parameters, x))
    np.testing.assert_allclose(call(state, x), model.predict(x), rtol=1e-14)
    doubled = {name: 2 * value for name, value in state.items()}
    assert np.abs(call(doubled, x) - model.predict(x)).max() > 0.01

    def loss(parameters):
        return (tg.functional_call(model, parameters, x) ** 2).mean()

    direction = {name: RNG.standard_normal(value.shape) for name, value in state.items()}
    products = tg.hvp(loss)(state, direction)
    step = 1e-5
    moved = [tg.grad(loss)({name: state[name] + s * direction[name] for name in state}) for s in (step, -step)]
    for name in state:
        numeric = (moved[0][name] - moved[1][name]) / (2 * step)
        np.testing.assert_allclose(products[name], numeric, rtol=1e-6, atol=1e-8)


def test_parameters_of_another_model_are_refused():
    model = nn.Dense(2, 1)
    call = tg.jit(lambda parameters, x: tg.functional_call(model, parameters, x))
    x, state = np.ones((1, 2), np.float32), model.state_dict()
    with pytest.raises(ValueError, match="expected `parameters` with 'bias'"):
        call({"weight": state["weight"]}, x)
    with pytest.raises(ValueError, match="expected no 'other'"):
        call({**state, "other": x}, x)
    with pytest.raises(ValueError, match=r"expected 'weight' of shape \(2, 1\), got \(1, 2\)"):
        call({**state, "weight": x}, x)
    with pytest.raises(TypeError, match="wrap the function that calls it in"):
        tg.functional_call(model, state, x)


# ---- operations of one's own ---------------------------------------------------------------------------------------


def clipped():
    """The identity whose gradient is cut to [-1, 1]."""
    return tg.custom_gradient(
        lambda x: x * 1.0, lambda g, y, x: np.minimum(np.maximum(g, -1.0), 1.0), name="clip_gradient"
    )


def scaled_product():
    def forward(x, y):
        return F.tanh(x) * y

    def backward(g, z, x, y):
        return g * y * (1.0 - F.tanh(x) ** 2), g * F.tanh(x)

    return tg.define_operation("scaled", forward, backward, example=(np.array([0.3, -1.2]), np.array([2.0, 0.7])))


@pytest.mark.covers("B5: what arrives times the local derivative")
def test_an_operation_of_ones_own_is_differentiated_as_it_says(dtype):
    x = np.array([3.0, 0.1, -5.0], dtype)
    value, (gradient,) = tg.value_and_grad(lambda x: (clipped()(x) ** 2).sum())(x)
    assert value == pytest.approx(float((x * x).sum()))
    np.testing.assert_allclose(gradient, [1.0, 0.2, -1.0], rtol=1e-6)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(clipped()(x), x)


def squared(function):
    return lambda x, y: (function(x, y) ** 2).sum()


@pytest.mark.covers("B5: what arrives times the local derivative")
def test_an_operation_of_several_inputs_to_second_order():
    scaled, plain = scaled_product(), lambda x, y: F.tanh(x) * y
    x, y = np.array([0.3, -1.2, 0.8]), np.array([2.0, 0.7, -1.0])
    for found, expected in zip(tg.grad(squared(scaled))(x, y), tg.grad(squared(plain))(x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    found, expected = tg.hessian(squared(scaled))(x, y), tg.hessian(squared(plain))(x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    # An input that is used elsewhere too, and an operation in an operation.
    twice = tg.custom_gradient(lambda x: scaled(x, x), lambda g, z, x: 2.0 * g)
    np.testing.assert_allclose(tg.grad(lambda x: (twice(x) * x).sum())(x), 2 * x + np.tanh(x) * x, rtol=1e-12)


@pytest.mark.covers("B5: what arrives times the local derivative")
def test_a_wrong_gradient_is_found_when_the_operation_is_defined():
    with pytest.raises(ValueError, match=r"wrong: argument 0 at index \(0,\): the gradient is 3, differences give 6"):
        tg.define_operation("wrong", lambda x: x * x, lambda g, y, x: g * x, example=np.array([3.0]))


def test_an_operation_of_ones_own_trains():
    class Clipped(nn.Module):
        def __init__(self):
            self.inner = nn.Dense(3, 1)
            self.clip = clipped()

        def forward(self, x):
            return self.clip(self.inner(x))

    x = RNG.standard_normal((64, 3)).astype(np.float32)
    y = x @ np.array([[1.0], [-2.0], [0.5]], np.float32)
    trainer = tg.Trainer(Clipped(), losses.MeanSquaredError(), optim.SGD(0.1))
    history = trainer.fit(x, y, batch_size=16, epochs=30, progress=False)
    assert history["loss"][-1] < 1e-3 * history["loss"][0]


@pytest.mark.covers("B5: what arrives times the local derivative", "B11: drawings of graphs")
def test_an_operation_of_ones_own_is_one_node_of_a_graph():
    graph = tg.trace(lambda x, y: scaled_product()(x, y).sum())(np.array([0.5]), np.array([2.0]))
    assert list(graph.values) == ["x", "y", "scaled", "sum"]
    local = 2 * (1 - np.tanh(0.5) ** 2)
    assert f"g times the derivative of scaled by x = [{local:.4g}]" in graph.explain()
    np.testing.assert_allclose(graph.gradients["x"], [local])


def test_what_an_operation_passes_back_must_fit():
    with pytest.raises(TypeError, match="expected `backward` to return 1 gradients, got 2"):
        tg.grad(tg.custom_gradient(lambda x: x * 2.0, lambda g, y, x: (g, g), name="two"))(1.0)
    with pytest.raises(ValueError, match=r"for input 0, got \(\)"):
        tg.grad(lambda x: tg.custom_gradient(lambda x: x * 2.0, lambda g, y, x: g.sum())(x).sum())(np.ones(2))
    with pytest.raises(TypeError, match="expected `backward` to be a function, got int"):
        tg.custom_gradient(lambda x: x, 3)


def test_an_operation_may_return_its_input():
    passed = tg.custom_gradient(lambda x: x, lambda g, y, x: 3.0 * g)
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(passed(x), x)
    np.testing.assert_array_equal(tg.grad(lambda x: passed(x).sum())(x), [3, 3])
    np.testing.assert_array_equal(tg.jvp(passed)(x, np.ones(2))[1], [3, 3])


def test_the_core_refuses_nodes_that_are_no_operation():
    graph = _core.Graph()
    x, y, labels = graph.input("x", (2,), "float32"), graph.input("y", (3,), "float32"), graph.input("n", (2,), "int32")
    for inputs in ([], [x], [x, x], [x, x, x], [x, x, x, x, x]):
        with pytest.raises(ValueError, match="custom: expected a value, a placeholder"):
            graph.apply("custom", inputs)
    for inputs in ([x, y, x, x], [x, x, x, y]):
        with pytest.raises(ValueError, match=r"custom: expected `input \d` of shape"):
            graph.apply("custom", inputs)
    with pytest.raises(TypeError, match="custom: expected a value of float32 or float64"):
        graph.apply("custom", [labels, labels, x, x])

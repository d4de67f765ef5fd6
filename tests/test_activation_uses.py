"""Activations as people use them: golden numbers, second derivatives through the graph, layers, learned and gated ones."""

import math

import numpy as np
import pytest
import reference
import tilegrad as tg
from helpers import ACTIVATIONS, REGISTRY, fourth_order_gradient, kinks_of, settings_of
from tilegrad import functional as F
from tilegrad import nn

NAMES = list(ACTIVATIONS)
name_law = pytest.mark.parametrize("name", NAMES)

# (name, parameters, x, value, slope): exact numbers, to 50 digits with mpmath and rounded.
GOLDEN = [
    ("sigmoid", (), 5.0, 0.9933071490757153, 0.006648056670790155),
    ("sigmoid", (), 0.0, 0.5, 0.25),
    ("tanh", (), 2.0, 0.9640275800758169, 0.07065082485316447),
    ("relu", (), 3.0, 3.0, 1.0),
    ("leaky_relu", (), -3.0, -0.03, 0.01),
    ("leaky_relu", (0.3,), -3.0, -0.9, 0.3),
    ("elu", (), -1.0, -0.6321205588285577, 0.36787944117144233),
    ("elu", (2.0,), -2.0, -1.7293294335267746, 0.2706705664732254),
    ("celu", (2.0,), -2.0, -1.2642411176571153, 0.36787944117144233),
    ("celu", (), -1.0, -0.6321205588285577, 0.36787944117144233),
    ("selu", (), -1.0, -1.1113307378125628, 0.6467686030348140),
    ("selu", (), 2.0, 2.101401974710961, 1.0507009873554805),
    ("swish", (), 1.0, 0.7310585786300049, 0.9276705118714867),
    ("swish", (), -1.2784645427610738, -0.2784645427610738, 0.0),
    ("swish", (), 2.3993572805154676, 2.1996786402577335, 1.099839320128867),
    ("gelu", (), 0.5, 0.34573123063700656, 0.8674951246561629),
    ("gelu_tanh", (), 0.5, 0.34571400982514394, 0.8673699035346423),
    ("softplus", (), 0.0, math.log(2.0), 0.5),
    ("softsign", (), 3.0, 0.75, 0.0625),
    ("relu6", (), 7.0, 6.0, 0.0),
    ("relu6", (), 2.5, 2.5, 1.0),
    ("hard_sigmoid", (), 1.5, 0.75, 1 / 6),
    ("hard_swish", (), -1.5, -0.375, 0.0),
    ("hard_swish", (), 1.0, 2 / 3, 5 / 6),
    ("hard_tanh", (), 2.0, 1.0, 0.0),
    ("hard_tanh", (-2.0, 0.5), -1.5, -1.5, 1.0),
    ("mish", (), 1.0, 0.8650983882673103, 1.0490362200997922),
    ("mish", (), 0.0, 0.0, 0.6),
    ("log_sigmoid", (), -2.0, -2.1269280110429727, 0.8807970779778823),
    ("exponential", (), 1.0, math.e, math.e),
    ("threshold", (1.0, -5.0), 0.5, -5.0, 0.0),
    ("threshold", (1.0, -5.0), 1.5, 1.5, 1.0),
    ("soft_shrink", (), -2.0, -1.5, 1.0),
    ("hard_shrink", (), -2.0, -2.0, 1.0),
    ("tanh_shrink", (), 1.0, 0.2384058440442351, 0.5800256583859735),
    ("squared_relu", (), 3.0, 9.0, 6.0),
    ("squareplus", (), 0.0, 1.0, 0.5),
    ("squareplus", (), -1.5, 0.5, 0.2),
    ("identity", (), -4.0, -4.0, 1.0),
]


@pytest.mark.covers(
    "A3: sigmoid",
    "A5: saturation",
    "A8: tanh",
    "A9: relu",
    "A11: leaky relu",
    "A13: elu, selu, celu",
    "A15: swish, gelu, mish and the hard variants",
    "S10: MSLE, Poisson and gamma deviance",
)
@pytest.mark.parametrize(("name", "values", "x", "value", "slope"), GOLDEN)
def test_golden_numbers(name, values, x, value, slope):
    array = np.array([x])
    np.testing.assert_allclose(getattr(F, name)(array, *values)[0], value, rtol=1e-14)
    actual = getattr(F, f"{name}_backward")(np.ones(1), array, *values)[0]
    np.testing.assert_allclose(actual, slope, rtol=1e-14, atol=4e-16)


# Section 1 of the conventions, under the names that people bring with them.
UNION = {
    "sigmoid tanh relu leaky_relu prelu elu swish silu softmax log_softmax identity": "must",
    "selu celu gelu gelu_tanh softplus softsign relu6 hard_sigmoid hard_swish hard_silu hard_tanh mish log_sigmoid": "expected",
    "glu swiglu exp exponential softmin threshold soft_shrink hard_shrink tanh_shrink": "expected",
    "squareplus squared_relu": "beyond",
}
UNION_NAMES = [name for names in UNION for name in names.split()]
MARKS = [pytest.param(name, marks=pytest.mark.covers(f"conventions:{name}")) for name in UNION_NAMES]


@pytest.mark.parametrize("name", MARKS)
def test_every_activation_is_a_function_and_a_layer_by_name(name, dtype):
    x = np.linspace(-2, 2, 12).astype(dtype).reshape(2, 6)
    arguments = (0.25,) if name == "prelu" else ()
    expected = getattr(F, name)(x, *arguments)
    assert expected.dtype == dtype
    model = nn.Sequential(nn.Dense(6, 6, initializer=lambda shape, *_: np.eye(*shape)), name)
    np.testing.assert_allclose(model.astype(dtype.__name__).predict(x), expected, rtol=1e-6)
    traced = tg.jit(lambda value: getattr(F, name)(value, *arguments))(x)
    np.testing.assert_allclose(traced, expected, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@name_law
def test_second_derivative_equals_a_difference_of_the_slope(name):
    x = np.linspace(-4, 4, 41) + 0.013
    for kink in (0.0, *kinks_of(name, settings_of(name)[0])):
        x = x[np.abs(x - kink) > 1e-3]
    function = getattr(F, name)
    twice = tg.grad(lambda value: tg.grad(lambda inner: function(inner).sum())(value).sum())(x)
    backward = getattr(F, f"{name}_backward")
    step = 1e-4
    slopes = [backward(np.ones_like(x), x + offset * step) for offset in (-2, -1, 1, 2)]
    difference = (slopes[0] - 8 * slopes[1] + 8 * slopes[2] - slopes[3]) / (12 * step)
    np.testing.assert_allclose(twice, difference, rtol=1e-8, atol=1e-9)


@name_law
def test_second_derivative_is_a_number_at_the_infinities(name, dtype):
    x = np.array([-np.inf, -1e30, 1e30, np.inf], dtype)
    function = getattr(F, name)
    twice = tg.grad(lambda value: tg.grad(lambda inner: function(inner).sum())(value).sum())(x)
    assert not np.isnan(twice).any()


@name_law
def test_huge_numbers_do_not_overflow(name):
    """Only where the function itself is beyond the largest number."""
    x = np.array([-3e38, -5.7e37, -2e19, 2e19, 5.7e37, 3e38], np.float32)
    with np.errstate(over="ignore"):
        expected = getattr(reference, name)(x)[0].astype(np.float32)
    np.testing.assert_allclose(getattr(F, name)(x), expected, rtol=1e-6, atol=1e-30)


# ---- parameters ----------------------------------------------------------------------------------------------------

PARAMETERS = [(entry["name"], parameter) for entry in REGISTRY["activations"] for parameter in entry["parameters"]]


@pytest.mark.parametrize(
    ("name", "parameter"), PARAMETERS, ids=lambda each: each if isinstance(each, str) else each["name"]
)
def test_parameters_out_of_range_are_refused_everywhere(name, parameter):
    outside = [math.nan, math.inf, -math.inf]
    if math.isfinite(parameter["low"]):
        outside += [parameter["low"] - 1.0] + ([] if parameter["low_closed"] else [parameter["low"]])
    if math.isfinite(parameter["high"]):
        outside += [parameter["high"] * 2 + 1.0]
    layer = nn.named.NAMED[name]
    for value in outside:
        for make in (getattr(F, name), lambda x, **settings: layer(**settings)):
            with pytest.raises(ValueError, match=parameter["name"]):
                make(np.zeros(3), **{parameter["name"]: value})
    for value in ("a", None, [1.0]):
        with pytest.raises((TypeError, ValueError)):
            getattr(F, name)(np.zeros(3), **{parameter["name"]: value})


# ---- softmax: temperature, mask, axis ---------------------------------------------------------------------------------


@pytest.mark.covers("A16: softmax with axis, temperature and mask", "S4: softmax of (0.2, 0.8)")
def test_softmax_golden_numbers():
    np.testing.assert_allclose(F.softmax(np.array([0.9, 0.1])), [0.689974481128, 0.310025518872], rtol=1e-11)
    np.testing.assert_allclose(F.softmax(np.array([0.2, 0.8])), [0.354343693774, 0.645656306226], rtol=1e-11)
    z = np.array([1.3, -0.4])
    np.testing.assert_allclose(F.softmax(z)[0], F.sigmoid(z[0] - z[1]), rtol=1e-15)
    np.testing.assert_array_equal(F.softmax(np.array([1e4, -1e4])), [1.0, 0.0])


@pytest.mark.covers("A17: two softmax outputs are one sigmoid output")
def test_two_softmax_outputs_equal_one_sigmoid_output():
    z = np.linspace(-5, 5, 11)
    pair = F.softmax(np.stack([z, np.zeros_like(z)], axis=1))
    np.testing.assert_allclose(pair[:, 0], F.sigmoid(z), rtol=1e-15)


MASK = np.array([[True, False, True], [True, True, True]])


@pytest.mark.covers("A16: softmax with axis, temperature and mask")
@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_temperature_mask_and_axis_on_arrays_and_tensors(name, axis, dtype):
    x = np.array([[1.0, np.inf, -2.0], [0.5, 0.1, 3.0]], dtype)
    scaled = np.where(MASK, x, -np.inf).astype(np.float64) / 0.7
    with np.errstate(divide="ignore"):
        e = np.exp(scaled - scaled.max(axis, keepdims=True))
        expected = e / e.sum(axis, keepdims=True)
        expected = np.log(expected) if name == "log_softmax" else expected
    actual = getattr(F, name)(x, axis, temperature=0.7, mask=MASK)
    np.testing.assert_allclose(actual, expected, rtol=20 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)
    finite = np.where(np.isinf(x), dtype(4.0), x)
    traced = tg.jit(lambda value: getattr(F, name)(value, axis, temperature=0.7, mask=MASK))(finite)
    np.testing.assert_allclose(traced, expected, rtol=20 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@pytest.mark.covers("A16: softmax with axis, temperature and mask")
def test_gradient_with_temperature_and_mask():
    x, weights = np.array([[1.0, 4.0, -2.0], [0.5, 0.1, 3.0]]), np.arange(6.0).reshape(2, 3)

    def function(value):
        return (F.softmax(value, temperature=2.0, mask=MASK) * weights).sum()

    gradient = tg.grad(function)(x)
    np.testing.assert_allclose(gradient, fourth_order_gradient(function, x), rtol=1e-8, atol=1e-10)
    y = F.softmax(x, temperature=2.0, mask=MASK)
    np.testing.assert_allclose(F.softmax_backward(weights, y, temperature=2.0), gradient, rtol=1e-12, atol=1e-15)


def test_softmax_refuses_what_makes_no_sense():
    x = np.zeros((2, 3))
    for temperature in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"softmax: expected `temperature` .*above 0, got "):
            F.softmax(x, temperature=temperature)
    with pytest.raises(ValueError, match="Softmax: expected `temperature`"):
        nn.Softmax(temperature=0.0)
    with pytest.raises(TypeError, match="temperature"):
        F.softmax(x, temperature="warm")
    with pytest.raises(TypeError, match="softmax: expected `mask` of booleans, got dtype float64"):
        F.softmax(x, mask=np.ones(3))
    with pytest.raises(ValueError, match=r"mask` to broadcast to shape \(2, 3\), got shape \(4,\)"):
        F.softmax(x, mask=np.ones(4, bool))
    with pytest.raises(ValueError, match="leave something"):
        F.softmax(x, mask=np.array([[True, False, False], [False, False, False]]))


# ---- gated and learned --------------------------------------------------------------------------------------------


def test_gated_linear_units_are_their_formulas(dtype):
    x = np.linspace(-3, 3, 24).astype(dtype).reshape(2, 4, 3)
    a, b = x[:, :2], x[:, 2:]
    eps = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(F.glu(x, 1), a / (1 + np.exp(-b)), rtol=eps, atol=eps)
    np.testing.assert_allclose(F.swiglu(x, 1), a / (1 + np.exp(-a)) * b, rtol=eps, atol=eps)
    for function in (F.glu, F.swiglu):
        np.testing.assert_allclose(tg.jit(lambda value, f=function: f(value, 1))(x), function(x, 1), rtol=eps)
        with pytest.raises(ValueError, match="expected an even size along axis 2, got 3"):
            function(x, 2)
        with pytest.raises(ValueError, match="axis"):
            function(x, 3)


@pytest.mark.parametrize("name", ["glu", "swiglu", "softmin"])
def test_gradients_of_functions_along_an_axis(name):
    x = np.linspace(-2, 2, 12).reshape(3, 4)
    weights = np.random.default_rng(0).standard_normal(getattr(F, name)(x).shape)

    def function(value):
        return (getattr(F, name)(value) * weights).sum()

    np.testing.assert_allclose(tg.grad(function)(x), fourth_order_gradient(function, x), rtol=1e-8, atol=1e-9)


@pytest.mark.covers("A12: parametric relu")
@pytest.mark.parametrize("shape", [(1,), (3,)])
def test_prelu_learns_its_slope(shape, dtype):
    generator = np.random.default_rng(1)
    x, arriving = generator.standard_normal((2, 5, 3)).astype(dtype)
    slope = np.full(shape, 0.25, dtype)

    def function(value, slope):
        return (F.prelu(value, slope) * arriving).sum()

    to_x, to_slope = tg.grad(function, argnums=(0, 1))(x, slope)
    np.testing.assert_allclose(to_x, np.where(x > 0, 1, 0.25) * arriving, rtol=4 * np.finfo(dtype).eps)
    per_column = (np.minimum(x, 0) * arriving).sum(0)
    expected = per_column if shape == (3,) else [per_column.sum()]
    np.testing.assert_allclose(to_slope, expected, rtol=100 * np.finfo(dtype).eps)


@pytest.mark.covers("A12: parametric relu", "A18: the derivative at kinks")
def test_prelu_at_its_ends(dtype):
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(F.prelu(x, 0.0), [0.0, 0.0, 0.0, np.inf, np.nan])
    np.testing.assert_array_equal(F.prelu(x, 0.5), [-np.inf, 0.0, 0.0, np.inf, np.nan])
    slope = tg.grad(lambda value: F.prelu(value, 0.5).sum())(np.zeros(2, dtype))
    np.testing.assert_array_equal(slope, [0.5, 0.5])  # as in PyTorch
    with pytest.raises(ValueError, match=r"prelu: expected `slope` to broadcast to the shape \(5,\)"):
        F.prelu(x, np.ones(4))


def trained(layer, steps=300):
    """The parameters of a layer after it was fitted to 0.1 below zero and 1 above."""
    x = np.random.default_rng(2).uniform(-2, 2, (256, 2)).astype(np.float32)
    model = nn.Sequential(layer)
    trainer = tg.Trainer(model, loss="mean_squared_error", optimizer=tg.optim.SGD(0.3), seed=0)
    trainer.fit(x, np.where(x > 0, x, 0.1 * x), batch_size="full", epochs=steps, progress=False)
    return dict(model.named_parameters())


@pytest.mark.covers("A12: parametric relu")
def test_prelu_layer_finds_the_slope_of_its_data():
    np.testing.assert_allclose(np.asarray(trained(nn.PReLU())["0.slope"]), [0.1], rtol=1e-3)
    np.testing.assert_allclose(np.asarray(trained(nn.PReLU(0.5, channels=2))["0.slope"]), [0.1, 0.1], rtol=1e-3)


@pytest.mark.covers("A15: swish, gelu, mish and the hard variants")
def test_swish_layer_learns_beta():
    beta = float(np.asarray(trained(nn.Swish(learnable=True), 20)["0.beta"])[0])
    assert beta > 1.05, "steeper is nearer to the rectifier it is fitted to"
    assert nn.Swish(2.0).named_parameters() == []
    x = np.linspace(-2, 2, 6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(nn.Swish(0.7, learnable=True).predict(x), F.swish(x, 0.7), rtol=1e-6)


def test_what_an_activation_of_a_dense_layer_learns_belongs_to_the_layer():
    model = nn.Sequential(nn.Dense(3, 2, activation="prelu"), nn.Dense(2, 1, activation=nn.Swish(learnable=True)))
    names = [name for name, _ in model.named_parameters()]
    assert names == ["0.weight", "0.bias", "0.activation.slope", "1.weight", "1.bias", "1.activation.beta"]
    assert model.predict(np.zeros((4, 3), np.float32)).shape == (4, 1)
    assert model[0].weight.describe_initializer() == "He normal"
    assert nn.Dense(3, 2, activation="prelu", dtype="float64").dtype == "float64"


def test_layers_that_learn_refuse_bad_settings():
    for make, settings in ((nn.PReLU, {"init": math.nan}), (nn.PReLU, {"channels": 0}), (nn.Swish, {"beta": math.inf})):
        with pytest.raises(ValueError, match=next(iter(settings))):
            make(**settings)
    for make, settings in (
        (nn.PReLU, {"init": "a"}),
        (nn.PReLU, {"channels": 1.5}),
        (nn.Swish, {"learnable": 1}),
        (nn.Swish, {"beta": True}),
    ):
        with pytest.raises(TypeError, match=next(iter(settings))):
            make(**settings)

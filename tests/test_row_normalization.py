"""Normalisation of each row by itself: numbers, gradients of both orders, styles, and models that have it."""

import math

import numpy as np
import pytest
import reference
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import nn, optim
from training import problem, resumed, weight_bytes

X, Y = problem()
SHAPES = [
    ((1, 1), 1),
    ((5, 3), 1),
    ((7, 16), 1),
    ((4, 33), 1),
    ((3, 64), 1),
    ((2, 1000), 1),
    ((3, 4, 5), 1),
    ((3, 4, 5), 2),
]
FUNCTIONS = ["layer_norm", "rms_norm"]
LAYERS = {"layer_norm": nn.LayerNorm, "rms_norm": nn.RMSNorm}
# What a function and a layer of that name take beside x.
AFFINE = {"layer_norm": ("weight", "bias"), "rms_norm": ("weight",)}

every = pytest.mark.parametrize("name", FUNCTIONS)


def numbers(shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def operands(name, row, dtype=np.float64):
    return [numbers(row, 1 + place, dtype) for place, _ in enumerate(AFFINE[name])]


@every
@pytest.mark.parametrize(("shape", "axes"), SHAPES)
def test_rows_equal_the_reference(name, shape, axes, isa, dtype):
    far = 1000 if name == "layer_norm" else 0
    x = (numbers(shape, 3) * 2 + far).astype(dtype)
    affine = operands(name, shape[-axes:], dtype)
    tolerance = 4 * np.finfo(dtype).eps
    got = getattr(F, name)(x, shape[-axes:], epsilon=1e-5)
    expected = getattr(reference, name)(x, epsilon=1e-5, axes=axes)
    assert got.dtype == dtype
    assert np.all(np.abs(got - expected) <= tolerance * (1 + np.abs(expected)))
    got = getattr(F, name)(x, shape[-axes:], *affine, epsilon=1e-5)
    terms = np.abs(expected * affine[0])
    expected = getattr(reference, name)(x, *affine, epsilon=1e-5, axes=axes)
    assert np.all(np.abs(got - expected) <= 3 * tolerance * (1 + terms + np.abs(expected)))


def test_closed_forms():
    # Mean 2, variance 2/3; a row of two numbers becomes -1 and 1 but for epsilon.
    root = 1 / math.sqrt(2 / 3 + 1e-5)
    np.testing.assert_allclose(F.layer_norm(np.array([[1.0, 2.0, 3.0]])), [[-root, 0, root]], rtol=1e-15)
    # 3 and 4 have the mean square 12.5, zeros none.
    np.testing.assert_allclose(F.rms_norm(np.array([3.0, 4.0])), np.array([3, 4]) / math.sqrt(12.5), rtol=1e-15)
    np.testing.assert_array_equal(F.rms_norm(np.zeros((2, 3), np.float32)), np.zeros((2, 3), np.float32))
    np.testing.assert_allclose(F.layer_norm(np.array([3.0, 7.0]), epsilon=1e-12), [-1, 1], rtol=1e-12)
    np.testing.assert_array_equal(
        F.layer_norm(np.full((2, 5), 0.3), bias=np.arange(5.0)), np.tile(np.arange(5.0), (2, 1))
    )


@every
def test_a_row_does_not_depend_on_its_neighbours(name, isa, dtype):
    x = numbers((9, 70), 5, dtype)
    whole = getattr(F, name)(x)
    for row in range(9):
        np.testing.assert_array_equal(getattr(F, name)(x[row : row + 1]), whole[row : row + 1])
    x[3, 7] = np.nan
    assert np.isnan(getattr(F, name)(x)).any(axis=1).tolist() == [row == 3 for row in range(9)]


@every
@pytest.mark.parametrize("given", ["none", "weight", "all"])
@pytest.mark.parametrize(("shape", "axes"), [((4, 3), 1), ((2, 3, 2), 2)])
def test_gradients_of_both_orders_equal_differences(name, given, shape, axes):
    x, weights = numbers(shape, 1), numbers(shape, 2)
    affine = operands(name, shape[-axes:])[: {"none": 0, "weight": 1, "all": 2}[given]]

    def loss(x, *affine):
        return (getattr(F, name)(x, shape[-axes:], *affine, epsilon=0.1) ** 3 * weights).sum()

    assert tg.check_gradients(loss, x, *affine) < 1e-6
    for place in range(1 + len(affine)):
        slope = tg.grad(loss, argnums=place)
        assert tg.check_gradients(lambda *all_, slope=slope: (slope(*all_) ** 2).sum(), x, *affine) < 1e-5


def test_a_bias_without_a_weight():
    x, bias = numbers((4, 3)), numbers(3, 1)
    np.testing.assert_allclose(F.layer_norm(x, bias=bias), reference.layer_norm(x, 1.0, bias), rtol=1e-12)
    assert tg.check_gradients(lambda x, bias: (F.layer_norm(x, bias=bias) ** 3).sum(), x, bias) < 1e-6


@every
def test_gradients_in_single_precision_are_those_in_double(name):
    x, arriving = numbers((600, 40), 1), numbers((600, 40), 2)
    affine = operands(name, (40,))

    def slopes(dtype):
        arrays = [each.astype(dtype) for each in (x, *affine)]
        loss = lambda *given: (getattr(F, name)(given[0], None, *given[1:]) * arriving.astype(dtype)).sum()  # noqa: E731
        return tg.grad(loss, argnums=tuple(range(len(arrays))))(*arrays)

    for single, double in zip(slopes(np.float32), slopes(np.float64), strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-5 * np.abs(double).max())


@pytest.mark.parametrize(
    ("make", "dtype", "epsilon"),
    [
        (nn.LayerNorm, "float32", 1e-5),
        (lambda *a, **k: nn.LayerNorm(*a, style="torch", **k), "float64", 1e-5),
        (lambda *a, **k: nn.LayerNorm(*a, style="keras", **k), "float32", 1e-3),
        (nn.RMSNorm, "float32", 2**-23),
        (nn.RMSNorm, "float64", 2**-52),
        (lambda *a, **k: nn.RMSNorm(*a, style="keras", **k), "float32", 1e-6),
        (lambda *a, **k: nn.LayerNorm(*a, epsilon=0.5, style="keras", **k), "float32", 0.5),
    ],
)
def test_styles(make, dtype, epsilon):
    layer = make(2, dtype=dtype)
    assert layer.epsilon == epsilon
    # Numbers so small that epsilon decides: 1e-3 times the deviation that it adds.
    x = 1e-3 * math.sqrt(epsilon) * np.array([[-1.0, 1.0]])
    expected = getattr(reference, next(name for name, each in LAYERS.items() if each is type(layer)))(
        x, epsilon=epsilon
    )
    np.testing.assert_allclose(layer.predict(x.astype(dtype)), expected, rtol=1e-5)


@every
def test_parameters_and_flags(name):
    layer = LAYERS[name]((2, 3))
    assert [(key, each.shape) for key, each in layer.named_parameters()] == [(key, (2, 3)) for key in AFFINE[name]]
    assert not list(LAYERS[name](3, affine=False).named_parameters())
    np.testing.assert_array_equal(layer.weight.value, np.ones((2, 3)))
    x = numbers((5, 2, 3))
    np.testing.assert_allclose(
        LAYERS[name]((2, 3), dtype="float64").predict(x),
        getattr(F, name)(x, (2, 3), epsilon=LAYERS[name](1, dtype="float64").epsilon),
    )


def test_a_layer_without_its_bias():
    assert [name for name, _ in nn.LayerNorm(3, bias=False).named_parameters()] == ["weight"]


def network(name):
    return nn.Sequential(nn.Dense(12, 9), LAYERS[name](), nn.ReLU(), nn.Dense(9, 4))


@every
def test_it_trains_saves_and_goes_on_to_the_bit(name, tmp_path):
    def trainer():
        return tg.Trainer(network(name).initialize(3), "cross_entropy", optim.Adam(0.02), metrics=["accuracy"])

    second, history = resumed(trainer, X, Y, tmp_path)
    assert history["accuracy"][-1] > 0.9
    assert (second.model[1].weight.value != 1).all()
    second.model.save(tmp_path / "model.safetensors")
    other = network(name).load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(other.predict(X), second.model.predict(X))


@every
def test_bits_do_not_depend_on_threads(name, with_threads):
    x = numbers((700, 300), 5, np.float32)
    target, results = x[:, :40].copy(), []
    for threads in (1, 2, 3):
        with_threads(threads)
        model = nn.Sequential(nn.Dense(300, 200), LAYERS[name](), nn.ReLU(), nn.Dense(200, 40))
        tg.Trainer(model, "mean_squared_error", optim.Adam(0.01)).fit(
            x, target, batch_size=350, epochs=2, progress=False
        )
        results.append(weight_bytes(model))
    assert results[0] == results[1] == results[2]


@every
def test_it_is_shown_and_finds_its_features(name):
    model = network(name)
    assert f"{LAYERS[name].__name__}(9)" in str(tg.Trainer(model, "cross_entropy", "adam").summary())
    assert repr(LAYERS[name]((2, 3))) == f"{LAYERS[name].__name__}((2, 3))"
    # The activation behind it decides how the dense layer before it begins.
    assert model[0].weight.describe_initializer() == "He normal"


@every
@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda layer: layer(0), ValueError, "`normalized_shape` of at least 1"),
        (lambda layer: layer(()), ValueError, "`normalized_shape` of at least one axis"),
        (lambda layer: layer(2.0), TypeError, "`normalized_shape` to be a whole number"),
        (lambda layer: layer(2, epsilon=0), ValueError, "`epsilon` above 0"),
        (lambda layer: layer(2, epsilon="small"), TypeError, "`epsilon` to be a number"),
        (lambda layer: layer(2, style="tensorflow"), ValueError, "style"),
        (lambda layer: layer(2, affine=1), TypeError, "`affine` to be True or False"),
        (lambda layer: layer(2, dtype="float16"), TypeError, "dtype"),
        (lambda layer: nn.Sequential(nn.Dense(3, 4), layer(5)), ValueError, r"to take 4 features.*Dense"),
        (lambda layer: layer().predict(np.ones((2, 3))), ValueError, r"write nn\.\w+Norm\(3\)"),
        (lambda layer: layer(4).predict(np.ones((2, 3))), ValueError, r"of shape \(\.\.\., 4\) for \w+Norm\(4\), got"),
    ],
)
def test_wrong_arguments_of_layers_are_refused(name, act, error, words):
    with pytest.raises(error, match=words):
        act(LAYERS[name])


@every
@pytest.mark.parametrize(
    ("arguments", "settings", "error", "words"),
    [
        ((np.ones((2, 3)), 4), {}, ValueError, r"`x` of shape \(\.\.\., 4\), got \(2, 3\)"),
        ((np.ones((2, 3)), 3, np.ones(2)), {}, ValueError, r"`weight` of shape \(3,\), got \(2,\)"),
        ((np.ones(()),), {}, ValueError, r"`x` of shape \(\.\.\., features\), got \(\)"),
        ((np.ones((2, 3), int),), {}, TypeError, "float32 or float64"),
        ((np.ones((2, 3)),), {"epsilon": -1.0}, ValueError, "`epsilon` above 0"),
    ],
)
def test_wrong_arguments_of_functions_are_refused(name, arguments, settings, error, words):
    with pytest.raises(error, match=f"{name}: .*{words}"):
        getattr(F, name)(*arguments, **settings)


@every
def test_the_core_refuses_what_does_not_fit(name):
    graph = tg._core.Graph()
    x, row, labels = (
        graph.input("x", (4, 3), "float32"),
        graph.input("w", (3,), "float32"),
        graph.input("y", (4, 3), "int32"),
    )
    for inputs, settings, error, words in [
        ([], {}, ValueError, "got none"),
        ([x, row, row, row], {}, ValueError, "inputs, got 4"),
        ([labels], {}, TypeError, "`x` of dtype float32 or float64"),
        ([row], {"axes": 2}, ValueError, "numbers on its last 2 axes"),
        ([x, x], {}, ValueError, r"`weight` of shape \(3,\), got \(4, 3\)"),
        ([x], {"axes": 0}, ValueError, "`axes` of at least 1"),
        ([x], {"epsilon": 0.0}, ValueError, "`epsilon` above 0"),
    ]:
        with pytest.raises(error, match=f"{name}.*{words}"):
            graph.apply(name, inputs, settings)

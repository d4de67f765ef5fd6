"""Normalisation over a batch: its numbers, its running statistics, its gradients, and that no batch is too small."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import _core, nn, optim
from training import problem, resumed, weight_bytes

# The warning about them is tested in test_faults.py; a single step is enough to see how they move.
pytestmark = pytest.mark.filterwarnings("ignore:fit. the running statistics")

X, Y = problem()
BATCH = np.array([[0.0], [1.0], [2.0], [5.0]])


def network(dtype="float32", **settings):
    return nn.Sequential(
        nn.Dense(12, 9, bias=False, dtype=dtype),
        nn.BatchNorm(dtype=dtype, **settings),
        nn.ReLU(),
        nn.Dense(9, 4, dtype=dtype),
    )


def in_training(model, parameters, *inputs):
    """What the model does with a batch in training, as a function to trace."""
    inputs[0].tracer.training = True
    return tg.functional_call(model, parameters, *inputs)


def one_step(layer, x):
    """The layer after one training step on a batch, as the only layer of a model."""
    trainer = tg.Trainer(layer, "mean_squared_error", optim.SGD(0.1))
    trainer.fit(x, np.zeros_like(x), batch_size=len(x), epochs=1, shuffle=False, progress=False)
    return layer


@pytest.mark.covers("N1: batch normalisation")
@pytest.mark.parametrize("shape", [(4, 1), (33, 7), (256, 70), (5, 3, 4)])
def test_a_batch_has_mean_0_and_variance_1(shape, dtype):
    x = (np.random.default_rng(0).standard_normal(shape) * 3 + 50).astype(dtype)
    layer = nn.BatchNorm(shape[-1], epsilon=1e-12, dtype=np.dtype(dtype).name)
    state = {name: each.value for name, each in layer.named_parameters()}
    y = tg.jit(lambda x: in_training(layer, state, x))(x)
    axes = tuple(range(len(shape) - 1))
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(y.mean(axes), 0, atol=50 * tolerance)
    np.testing.assert_allclose(y.var(axes), 1, atol=50 * tolerance)


@pytest.mark.covers("N1: batch normalisation", "conventions:batch_norm")
@pytest.mark.parametrize(
    ("settings", "mean", "variance"),
    [
        ({"momentum": 1.0}, 2.0, 14 / 3),
        ({"momentum": 1.0, "running_variance": "biased"}, 2.0, 3.5),
        # PyTorch 2.13, Keras 3.15 and Flax on the batch 0, 1, 2, 5.
        ({}, 0.2, 1.3666666666666667),
        ({"style": "torch"}, 0.2, 1.3666666666666667),
        ({"style": "keras"}, 0.02, 1.025),
        ({"style": "flax"}, 0.02, 1.025),
        ({"style": "keras", "momentum_convention": "new"}, 0.02, 1.025),
        ({"momentum": 0.9, "momentum_convention": "old"}, 0.2, 1.3666666666666667),
    ],
)
def test_running_statistics(settings, mean, variance, dtype):
    layer = one_step(nn.BatchNorm(1, dtype=np.dtype(dtype).name, **settings), BATCH.astype(dtype))
    np.testing.assert_allclose(layer.running_mean.value, mean, rtol=1e-6)
    np.testing.assert_allclose(layer.running_variance.value, variance, rtol=1e-6)


def test_prediction_uses_the_running_statistics(dtype):
    layer = one_step(nn.BatchNorm(1, dtype=np.dtype(dtype).name), BATCH.astype(dtype))
    weight, bias = float(layer.weight.value[0]), float(layer.bias.value[0])
    normal = (BATCH - 0.2) / np.sqrt(1.3666666666666667 + 1e-5)
    np.testing.assert_allclose(layer.predict(BATCH.astype(dtype)), normal * weight + bias, rtol=1e-5)
    np.testing.assert_array_equal(layer.predict(BATCH.astype(dtype))[:1], layer.predict(BATCH[:1].astype(dtype)))


@pytest.mark.covers("N1: batch normalisation", "N3: gradients of every layer")
@pytest.mark.parametrize("affine", [True, False])
def test_gradients_through_a_network_equal_differences(affine):
    model = nn.Sequential(
        nn.Dense(3, 5, "tanh", dtype="float64"),
        nn.BatchNorm(affine=affine, dtype="float64"),
        nn.Dense(5, 2, "sigmoid", dtype="float64"),
        nn.BatchNorm(affine=affine, dtype="float64"),
    )
    parameters = {name: each.value for name, each in model.named_parameters()}
    x, target = np.random.default_rng(1).standard_normal((7, 3)), np.random.default_rng(2).standard_normal((7, 2))

    def loss(x, *values):
        return ((in_training(model, dict(zip(parameters, values, strict=True)), x) - target) ** 3).mean()

    assert tg.check_gradients(loss, x, *parameters.values()) < 1e-6


@pytest.mark.parametrize("affine", [True, False])
def test_second_derivatives_equal_differences(affine):
    layer = nn.BatchNorm(2, affine=affine, dtype="float64")
    parameters = {name: each.value for name, each in layer.named_parameters()}
    x, weights = np.random.default_rng(3).standard_normal((4, 2)), np.arange(1.0, 9.0).reshape(4, 2)

    def loss(x, *values):
        return (in_training(layer, dict(zip(parameters, values, strict=True)), x) ** 3 * weights).sum() / 9

    for place in range(1 + 2 * affine):
        slope = tg.grad(loss, argnums=place)
        assert tg.check_gradients(lambda *all_, slope=slope: (slope(*all_) ** 2).sum(), x, *parameters.values()) < 1e-6


@pytest.mark.covers("N1: batch normalisation")
@pytest.mark.parametrize("rows", [1, 33])
def test_a_batch_of_one_row_is_no_error_and_moves_nothing(rows, dtype):
    name = np.dtype(dtype).name
    model, expected = network(name), network(name)
    tg.Trainer(expected, "cross_entropy", "adam").fit(
        X[: rows - 1 or 1], Y[: rows - 1 or 1], batch_size=32, epochs=1, shuffle=False, progress=False
    )
    trainer = tg.Trainer(model, "cross_entropy", "adam")
    history = trainer.fit(X[:rows], Y[:rows], batch_size=32, epochs=1, shuffle=False, progress=False)
    assert np.isfinite(history["loss"]).all()
    np.testing.assert_array_equal(model[1].running_mean.value, expected[1].running_mean.value)
    np.testing.assert_array_equal(model[1].running_variance.value, expected[1].running_variance.value)
    if rows == 1:
        assert (model[1].running_mean.value == 0).all()


@pytest.mark.covers("N1: batch normalisation")
def test_it_trains_saves_and_goes_on_to_the_bit(tmp_path):
    def trainer():
        return tg.Trainer(network().initialize(3), "cross_entropy", optim.Adam(0.02), metrics=["accuracy"])

    second, history = resumed(trainer, X, Y, tmp_path)
    assert history["accuracy"][-1] > 0.9
    assert second.evaluate(X, Y)["accuracy"] > 0.9
    second.model.save(tmp_path / "model.safetensors")
    other = network().load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(other.predict(X), second.model.predict(X))


def test_bits_do_not_depend_on_threads(with_threads):
    x = np.random.default_rng(5).standard_normal((700, 300)).astype(np.float32)
    target, results = x[:, :40].copy(), []
    for threads in (1, 2, 3):
        with_threads(threads)
        model = nn.Sequential(nn.Dense(300, 200), nn.BatchNorm(), nn.ReLU(), nn.Dense(200, 40))
        tg.Trainer(model, "mean_squared_error", optim.Adam(0.01)).fit(
            x, target, batch_size=350, epochs=2, progress=False
        )
        results.append(weight_bytes(model))
    assert results[0] == results[1] == results[2]


def test_it_is_shown_and_finds_its_features():
    model = network()
    text = str(tg.Trainer(model, "cross_entropy", "adam").summary())
    assert "BatchNorm(9)" in text
    assert "(2 of 4 arrays not trained)" in text
    # The activation behind it decides how the dense layer before it begins.
    assert model[0].weight.describe_initializer() == "He normal"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.BatchNorm(0), ValueError, "features"),
        (lambda: nn.BatchNorm(2.0), TypeError, "features"),
        (lambda: nn.BatchNorm(2, momentum=1.5), ValueError, "momentum"),
        (lambda: nn.BatchNorm(2, epsilon=0), ValueError, "epsilon"),
        (lambda: nn.BatchNorm(2, epsilon=float("nan")), ValueError, "epsilon"),
        (lambda: nn.BatchNorm(2, style="tensorflow"), ValueError, "style"),
        (lambda: nn.BatchNorm(2, momentum_convention="mine"), ValueError, "new"),
        (lambda: nn.BatchNorm(2, running_variance="half"), ValueError, "unbiased"),
        (lambda: nn.BatchNorm(2, affine=1), TypeError, "affine"),
        (lambda: nn.Sequential(nn.Dense(3, 4), nn.BatchNorm(5)), ValueError, "BatchNorm"),
        (lambda: nn.BatchNorm().predict(np.ones((2, 3))), ValueError, r"nn.BatchNorm\(3\)"),
        (lambda: nn.BatchNorm(4).predict(np.ones((2, 3))), ValueError, "shape"),
    ],
)
def test_wrong_arguments_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_the_core_refuses_what_does_not_fit():
    graph = _core.Graph()
    x, weight = graph.input("x", (4, 3), "float32"), graph.parameter("w", (3,), "float32")
    moments = graph.apply("moments", [x])
    for inputs, settings, words in [
        ([x, moments], {"epsilon": 0.0}, "`epsilon` above 0"),
        ([x, moments, weight], {}, "2 or 4 inputs"),
        ([x, weight], {}, "`moments` of shape"),
        ([weight, moments], {}, r"\(rows, ..., features\)"),
    ]:
        with pytest.raises(ValueError, match=f"batch_norm.*{words}"):
            graph.apply("batch_norm", inputs, settings)
    for inputs, settings, words in [
        ([x, moments], {"share": 0.5}, "`parameter` of one axis"),
        ([graph.input("y", (3,), "float32"), moments], {"share": 0.5}, "to be a parameter, got y"),
        ([weight, x], {"share": 0.5}, "`moments` of shape"),
        ([weight, moments], {"row": 2, "share": 0.5}, "`row` 0 or 1"),
        ([weight, moments], {"share": 1.5}, "`share` from 0 to 1"),
        ([weight, moments], {"share": 0.5, "factor": float("nan")}, "`factor` above 0"),
    ]:
        with pytest.raises(ValueError, match=f"track.*{words}|running_mean.*{words}"):
            graph.apply("track", inputs, settings)


def test_the_gradient_counts_on_the_moments_of_its_own_input():
    graph = _core.Graph()
    x, y = graph.input("x", (4, 3), "float32"), graph.input("y", (4, 3), "float32")
    normal = graph.apply("batch_norm", [x, graph.apply("moments", [y])])
    with pytest.raises(
        ValueError, match="batch_norm: expected `moments` to be those of x for its gradient, got moments"
    ):
        graph.gradients(graph.apply("sum", [normal]), [x])

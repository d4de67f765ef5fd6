"""Diagnostics of what happens inside a model."""

import matplotlib
import numpy as np
import pytest
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import nn, optim

matplotlib.use("Agg")
GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((200, 16)).astype(np.float32)


def stack(activation, depth=10):
    layers = [each for _ in range(depth) for each in (nn.Dense(16, 16), activation())]
    return nn.Sequential(*layers, nn.Dense(16, 16))


def with_bias(activation, bias):
    model = nn.Sequential(nn.Dense(16, 8), activation(), nn.Dense(8, 1))
    model.load_state_dict({**model.state_dict(), "0.bias": np.full(8, bias, np.float32)})
    return model


@pytest.mark.covers("A1: pre-activations and activations of every layer", "B1: the forward pass")
def test_activations_are_those_of_the_plain_formula():
    model = nn.Sequential(
        nn.Dense(16, 8, dtype="float64"), nn.Tanh(), nn.Dense(8, 4, activation="relu", dtype="float64")
    )
    found = tg.diagnose.activations(model, X)
    values = {name: np.asarray(each) for name, each in model.named_parameters()}
    first = X.astype(float) @ values["0.weight"] + values["0.bias"]
    np.testing.assert_allclose(found["1"].before, first, rtol=1e-12)
    np.testing.assert_allclose(found["1"].after, np.tanh(first), rtol=1e-12)
    # Texts write W X + B with a sample in each column: the transpose of all of it.
    np.testing.assert_allclose(found["1"].before.T, values["0.weight"].T @ X.T + values["0.bias"][:, None], rtol=1e-12)
    assert set(found) == {"1", "2"}
    assert {name: pair.after.shape for name, pair in model.activations(X).items()} == {"1": (200, 8), "2": (200, 4)}


@pytest.mark.covers("A10: dead units, their causes and cures")
def test_a_bias_far_below_zero_kills_relu_and_no_leaky_unit():
    dead = tg.diagnose.dead_units(with_bias(nn.ReLU, -100.0), X)
    assert dead.layers[0].dead == 1.0
    for cure in ("Xavier", "learning rate", "Adagrad", "leaky_relu", "elu"):
        assert cure in dead.advice[0]
    leaky = tg.diagnose.dead_units(with_bias(nn.LeakyReLU, -100.0), X)
    assert leaky.layers[0].dead == 0.0
    assert not leaky.advice


@pytest.mark.covers("A10: dead units, their causes and cures")
def test_the_callback_warns_once():
    trainer = tg.Trainer(with_bias(nn.ReLU, -100.0), "mean_squared_error", optim.SGD(learning_rate=1e-4))
    callback = tg.diagnose.DeadUnits(X, threshold=0.9)
    with pytest.warns(UserWarning, match=r"100% of the relu units of layer 1 are dead after epoch 1") as caught:
        trainer.fit(X, X[:, :1], epochs=3, callbacks=callback, progress=False)
    assert len([each for each in caught if "dead" in str(each.message)]) == 1
    assert callback.found == {"1": 1.0}
    with pytest.raises(ValueError, match="threshold"):
        tg.diagnose.DeadUnits(X, threshold=0)


@pytest.mark.covers("A5: saturation")
def test_saturation_counts_inputs_beyond_four():
    model = with_bias(nn.Sigmoid, 0.0)
    before = tg.diagnose.activations(model, 3 * X)["1"].before
    layer = tg.diagnose.saturation(model, 3 * X).layers[0]
    assert layer.saturated == pytest.approx((np.abs(before) > 4).mean())
    assert tg.diagnose.saturation(with_bias(nn.ReLU, 0.0), X).layers[0].saturated is None
    assert "flat" in tg.diagnose.saturation(model, 100 * X).advice[0]


@pytest.mark.covers(
    "A4: the sigmoid's slope is 0.25 at most: gradients vanish with depth", "A19: gradients vanish with tanh, too"
)
def test_gradients_vanish_in_ten_layers_of_sigmoids_and_not_of_relus():
    sigmoid = tg.diagnose.gradient_flow(stack(nn.Sigmoid), X, X, "mean_squared_error")
    assert sigmoid.ratio < 1e-4
    assert "sigmoid in hidden layers" in sigmoid.advice[0]
    relu = tg.diagnose.gradient_flow(stack(nn.ReLU), X, X, "mean_squared_error")
    assert 0.1 < relu.ratio < 10
    assert not relu.advice
    assert len(relu.layers) == 11


@pytest.mark.covers("A6: inputs that are not centred on zero make steps zig-zag", "A9: relu")
def test_the_report_has_everything_and_changes_nothing():
    model = nn.Sequential(nn.Dense(16, 64), nn.Sigmoid(), nn.Dense(64, 32), nn.ReLU(), nn.Dense(32, 3))
    before = model.state_dict()
    report = tg.diagnose.report(model, X, np.arange(200) % 3, "cross_entropy")
    assert [layer.name for layer in report.layers] == ["0", "1", "2", "3", "4"]
    sigmoid, relu = report.layers[1], report.layers[3]
    assert sigmoid.mean == pytest.approx(0.5, abs=0.1), "not centred on zero"
    assert 0.2 < relu.zeros < 0.8
    assert report.layers[0].gradient > 0
    assert "sigmoid" in repr(report)
    assert report.to_dict()["layers"][3]["activation"] == "relu"
    after = model.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    ax = report.plot("gradient")
    assert ax.get_xlabel() == "layer"
    with pytest.raises(ValueError, match="figure"):
        report.plot("speed")


def test_a_module_of_ones_own_is_looked_into():
    class Own(nn.Module):
        def __init__(self):
            self.inner = nn.Dense(16, 4)
            self.last = nn.Dense(4, 2)

        def forward(self, x):
            return self.last(F.tanh(self.inner(x)) * F.sigmoid(self.inner(x)))

    found = tg.diagnose.activations(Own(), X)
    assert [pair.after.shape for pair in found.values()] == [(200, 4), (200, 4)]


def test_wrong_arguments_are_refused():
    model = with_bias(nn.ReLU, 0.0)
    with pytest.raises(ValueError, match="together"):
        tg.diagnose.report(model, X, loss="mean_squared_error")
    with pytest.raises(ValueError, match="4096 rows"):
        tg.diagnose.dead_units(model, np.zeros((5000, 16), np.float32))


def test_a_model_without_activations_has_a_report_that_can_be_shown():
    report = tg.diagnose.report(nn.Sequential(nn.Dense(2, 3), nn.Softmax()), np.ones((4, 2), np.float32))
    assert report.layers == ()
    assert "nothing was measured" in repr(report)

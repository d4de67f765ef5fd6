"""Dropout: its share and scale, the same mask forward and backward, none in prediction."""

import numpy as np
import pytest
from tilegrad import _core, losses, nn, optim
from training import fitted, problem, small_network, weight_bytes, weights


def graph_with_dropout(shape, rate, dtype="float64"):
    """A graph whose outputs are dropout(x) and the gradient of its sum weighted by ``x``."""
    graph = _core.Graph()
    x = graph.input("x", shape, dtype)
    dropped = graph.apply("dropout", [x], {"rate": rate, "stream": 0})
    total = graph.apply("sum", [graph.apply("multiply", [dropped, dropped])], {})
    (gradient,) = graph.gradients(total, [x])
    return graph.compile([dropped, gradient])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_scale(rate, isa):
    plan = graph_with_dropout((200, 500), rate)
    dropped, _ = plan.run([np.ones((200, 500))], seed=1, step=0)
    zero = dropped == 0
    # Five standard deviations of a binomial share.
    assert abs(zero.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / zero.size)
    np.testing.assert_allclose(dropped[~zero], 1 / (1 - rate), rtol=1e-12)
    # No row or column is special.
    assert abs(zero.mean(axis=0) - rate).max() < 6 * np.sqrt(rate * (1 - rate) / 200)
    assert abs(zero.mean(axis=1) - rate).max() < 6 * np.sqrt(rate * (1 - rate) / 500)


def test_backward_uses_the_mask_of_forward(isa):
    rate = 0.4
    plan = graph_with_dropout((30, 41), rate)
    x = 1 + np.random.default_rng(0).random((30, 41))
    for step in range(3):
        dropped, gradient = plan.run([x], seed=5, step=step)
        # d/dx of (m x)^2 is 2 m (m x), with m either 0 or 1 / (1 - rate).
        np.testing.assert_allclose(gradient, 2 * dropped / (1 - rate), rtol=1e-12)
        assert 0.2 < (gradient == 0).mean() < 0.6


def test_masks_differ_by_seed_and_step_and_repeat():
    plan = graph_with_dropout((16, 16), 0.5)
    x = np.ones((16, 16))
    masks = {key: plan.run([x], seed=key[0], step=key[1])[0].tobytes() for key in [(0, 0), (0, 1), (1, 0), (7, 9)]}
    assert len(set(masks.values())) == 4
    assert plan.run([x], seed=0, step=1)[0].tobytes() == masks[0, 1]


def test_two_layers_have_independent_masks():
    graph = _core.Graph()
    x = graph.input("x", (50, 60), "float32")
    outputs = [graph.apply("dropout", [x], {"rate": 0.5, "stream": stream}) for stream in (0, 1)]
    first, second = graph.compile(outputs).run([np.ones((50, 60), np.float32)])
    agree = ((first == 0) == (second == 0)).mean()
    assert abs(agree - 0.5) < 0.06


def test_the_same_mask_on_every_instruction_set(with_isa):
    plan = graph_with_dropout((33, 7), 0.3, "float32")
    masks = set()
    for isa in _core.machine()["isas"]:
        with_isa(isa)
        masks.add((plan.run([np.ones((33, 7), np.float32)], seed=3)[0] == 0).tobytes())
    assert len(masks) == 1


def test_prediction_and_evaluation_drop_nothing():
    x, y = problem()
    model = small_network(dropout=0.9)
    outputs = [model.predict(x) for _ in range(2)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    plain = small_network(dropout=0.0)
    for (_, ours), (_, theirs) in zip(plain.named_parameters(), model.named_parameters(), strict=True):
        np.asarray(ours)[...] = np.asarray(theirs)
    np.testing.assert_array_equal(plain.predict(x), outputs[0])
    trainer, _ = fitted(x, y, model=model, epochs=1)
    assert trainer.evaluate(x, y) == trainer.evaluate(x, y)


def test_training_does_drop():
    x, y = problem()
    seen = set()
    for rate in (0.0, 0.5):
        model = small_network(dropout=rate)
        generator = np.random.default_rng(0)
        for _, value in model.named_parameters():
            np.asarray(value)[...] = 0.3 * generator.standard_normal(value.shape)
        fitted(x, y, model=model, epochs=1)
        seen.add(weight_bytes(model))
    assert len(seen) == 2


@pytest.mark.filterwarnings("ignore:.*linear with nothing between")
def test_a_dropped_unit_gets_no_gradient():
    """With a batch of one row, the weights into a dropped unit must stay as they were."""
    model = nn.Sequential(nn.Dense(3, 400, dtype="float64"), nn.Dropout(0.5), nn.Dense(400, 1, dtype="float64"))
    before = weights(model)
    fitted(
        np.ones((1, 3)),
        np.full((1, 1), 50.0),
        model=model,
        loss=losses.MeanSquaredError(),
        optimizer=optim.SGD(learning_rate=0.01),
        epochs=1,
        metrics=(),
    )
    first = next(iter(before))
    moved = (weights(model)[first] != before[first]).any(axis=0)
    assert 0.4 < moved.mean() < 0.6


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match=r"`?rate`?"):
        nn.Dropout(rate)

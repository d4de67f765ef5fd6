"""Rows of the catalogue that do not belong to the tests of any family."""

import re

import numpy as np
import pytest
import tilegrad as tg
from conftest import ROOT
from tilegrad import functional as F
from tilegrad import losses, nn, optim
from tilegrad.data import digits


@pytest.mark.covers("A17: two softmax outputs are one sigmoid output")
def test_a17_two_softmax_outputs_are_one_sigmoid_output():
    generator = np.random.default_rng(0)
    x, weight, bias = (
        generator.standard_normal((50, 4)),
        generator.standard_normal((4, 2)),
        generator.standard_normal(2),
    )
    two = F.softmax(x @ weight + bias)[:, 1]
    one = F.sigmoid(x @ (weight[:, 1] - weight[:, 0]) + (bias[1] - bias[0]))
    np.testing.assert_allclose(two, one, rtol=1e-14)


@pytest.mark.covers("A7: what each activation costs")
def test_a7_the_cost_of_every_activation_is_published():
    """Times are measured, not asserted; the test asserts that every activation has one."""
    page = (ROOT / "benches" / "peers" / "RESULTS.md").read_text(encoding="utf-8").lower()
    for name in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "silu", "gelu", "gelu_tanh", "softplus"):
        assert re.search(rf"\b{name}\b", page), f"RESULTS.md has no row of {name}"


@pytest.mark.covers("G10: one sample a step", "O11: stochastic descent as a procedure")
def test_g10_one_sample_a_step_takes_as_many_steps_as_rows():
    x, y, _, _ = digits()
    trainer = tg.Trainer(nn.Sequential(nn.Dense(64, 10)), "cross_entropy", optim.SGD(learning_rate=0.05))
    history = trainer.fit(x[:300], y[:300], batch_size=1, epochs=3, progress=False)
    assert trainer.step == 900
    assert history["loss"][-1] < 0.5 * history["loss"][0]


@pytest.mark.covers("G13: steps an epoch")
def test_g13_steps_an_epoch():
    x, y = np.zeros((1000, 3), np.float32), np.zeros(1000, int)
    trainer = tg.Trainer(nn.Sequential(nn.Dense(3, 2)), "cross_entropy", "sgd")
    trainer.fit(x, y, batch_size=32, epochs=1, progress=False)
    assert trainer.step == 32


@pytest.mark.covers("O1: weighted averages")
def test_o1_a_weighted_average_tends_to_the_type_with_more_objects():
    """Two groups of rows with losses 0 and 1: the mean loss is the share of the second; weights shift it."""
    prediction, target = np.r_[np.zeros(9), 1.0], np.zeros(10)
    assert F.mean_squared_error(prediction, target) == pytest.approx(0.1)
    trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1, dtype="float64")), "mean_squared_error", "sgd")
    trainer.model.load_state_dict({"0.weight": np.ones((1, 1)), "0.bias": np.zeros(1)})
    weight = np.r_[np.ones(9), 9.0]
    assert trainer.evaluate(prediction[:, None], target, sample_weight=weight)["loss"] == pytest.approx(0.5)


@pytest.mark.covers("S3: the same logits taken for probabilities")
def test_s3_logits_wrongly_taken_for_probabilities():
    """What a loss of probabilities that renormalises silently makes of the worked example; ours refuses such rows."""
    logits, labels = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
    assert F.cross_entropy(np.log(logits), labels) == pytest.approx(0.164252033486, abs=1e-12)
    assert F.cross_entropy(logits, labels) == pytest.approx(0.404294308217, abs=1e-12)


@pytest.mark.covers("C6: warnings about contradictions")
def test_c6_contradictions_are_named():
    trainer = tg.Trainer(nn.Sequential(nn.Dense(4, 3), nn.Softmax()), losses.CrossEntropy(), "adam")
    with pytest.raises(ValueError, match=r"expected `model` to give logits .* ends in softmax"):
        trainer.fit(np.zeros((6, 4), np.float32), np.arange(6) % 3, epochs=1, progress=False)
    stacked = tg.Trainer(nn.Sequential(nn.Dense(4, 8), nn.Dense(8, 3)), losses.CrossEntropy(), "adam")
    with pytest.warns(UserWarning, match="put an activation between them"):
        stacked.fit(np.zeros((6, 4), np.float32), np.arange(6) % 3, epochs=1, progress=False)

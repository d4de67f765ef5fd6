"""Losses at work in a trainer: all by name, with weights, the user's own, those that own an angle, those that refuse."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import LOSSES
from loss_operands import of_domain
from tilegrad import functional as F
from tilegrad import losses, nn, optim
from training import problem, trainer_for

TRAINABLE = [
    name
    for name, entry in LOSSES.items()
    if all(each["optional"] or each["form"] == "vectors" for each in entry["facts"].get("operands", ()))
]
# What a model must end in to give what a loss takes.
ENDS = {
    "real": (),
    "unit_interval": (nn.Sigmoid,),
    "distribution": (nn.Softmax,),
    "log_probabilities": (nn.LogSoftmax,),
    "non_negative": (nn.Softplus,),
    "above_minus_one": (nn.Softplus,),
}
SETTINGS = {"progress": False, "batch_size": 20, "epochs": 30}


def case(name, rows=100):
    """A trainer, features and targets for a loss."""
    facts = LOSSES[name]["facts"]
    generator = np.random.default_rng(0)
    x = generator.standard_normal((rows, 6)).astype(np.float32)
    outputs = 4 if facts.get("halves") else 2
    last = nn.Dense(8, outputs, bias=not facts.get("last_layer"))
    model = nn.Sequential(nn.Dense(6, 8), nn.Tanh(), last, *(kind() for kind in ENDS[facts["predictions"]]))
    if facts["targets"] == "classes":
        y = (x[:, 0] > x[:, 1]).astype(int)
    else:
        noise = generator.standard_normal((rows, 2))
        pattern = x[:, :2] + 0.1 * noise
        y = {
            "sign": np.sign(pattern),
            "unit_interval": (pattern > 0).astype(float),
            "non_negative": np.abs(pattern),
        }.get(facts["targets"])
        if facts["targets"] == "above_minus_one":
            y = np.exp(pattern)
        if facts["targets"] == "distribution":
            y = of_domain("distribution", pattern.shape, np.float64, generator)
        y = (pattern if y is None else y).astype(np.float32)
    return tg.Trainer(model, loss=name, optimizer=optim.Adam(learning_rate=0.02), seed=1), x, y


@pytest.mark.filterwarnings("ignore:.*is a sum over the rows")
@pytest.mark.covers(
    "L1: every loss is a function on arrays and an objective for training, with a reduction",
    "L4: binary cross-entropy, exact far out",
    "L8: softmax and cross-entropy in one, with the worked example",
    "L20: focal loss",
    "L21: distillation with a temperature",
    "L22: large-margin softmax",
    "L24: robust and other regression losses",
)
@pytest.mark.parametrize("name", TRAINABLE)
def test_every_loss_trains_by_its_name(name):
    trainer, x, y = case(name)
    first = trainer.evaluate(x, y)["loss"]
    history = trainer.fit(x, y, **SETTINGS)
    after = trainer.evaluate(x, y)["loss"]
    assert np.isfinite(history["loss"]).all()
    assert after < first - 1e-3 * abs(first)
    # The value does not depend on how the rows are divided into batches, except for a sum and for rounding.
    np.testing.assert_allclose(trainer.evaluate(x, y, batch_size=7)["loss"], after, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", sorted(set(LOSSES) - set(TRAINABLE)))
def test_losses_of_more_than_two_operands_say_so(name):
    with pytest.raises(ValueError, match=f"{name}, which also compares"):
        tg.Trainer(nn.Dense(2, 2), loss=name, optimizer="sgd")


@pytest.mark.filterwarnings("ignore:.*is a sum over the rows")
@pytest.mark.covers("L19: class weights with both normalisations")
@pytest.mark.parametrize("name", TRAINABLE)
def test_rows_of_weight_zero_do_not_train(name):
    weight = np.array([1.0, 0.0, 2.0, 1.0] * 25, np.float32)
    results = []
    for kept in (slice(None), weight > 0):
        trainer, x, y = case(name)
        trainer.fit(
            x[kept], y[kept], sample_weight=weight[kept], batch_size="full", epochs=3, shuffle=False, progress=False
        )
        results.append(trainer.model.predict(x))
    np.testing.assert_allclose(results[0], results[1], rtol=2e-4, atol=2e-5)


@pytest.mark.covers("L25: a loss of one's own, its gradient checked", "M4: a gradient of another loss")
def test_a_pair_of_value_and_gradient_trains_like_the_loss_itself():
    x, y = problem(60)
    y = np.eye(3, dtype=np.float32)[y % 3]

    def squares(prediction, target):
        error = prediction - target
        return (error**2).mean(), 2 * error / error.size

    weights = []
    for loss in (losses.MeanSquaredError(), losses.Custom(squares)):
        trainer = trainer_for(nn.Sequential(nn.Dense(x.shape[1], 3)), loss, metrics=())
        history = trainer.fit(x, y, epochs=4, batch_size=16, progress=False)
        weights.append((trainer.model.predict(x), history["loss"]))
    np.testing.assert_allclose(weights[0][0], weights[1][0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(weights[0][1], weights[1][1], rtol=1e-5)


@pytest.mark.covers("L25: a loss of one's own, its gradient checked", "M4: a gradient of another loss")
def test_a_wrong_gradient_is_reported_at_the_first_use_and_changes_nothing():
    # The hand-written program's: the gradient of half the sum of squares, for a printed mean.
    def mistaken(prediction, target):
        return ((prediction - target) ** 2).mean(), prediction - target

    x, y = np.ones((4, 2), np.float32), np.arange(4, dtype=np.float32)
    trainer = tg.Trainer(nn.Dense(2, 1), losses.Custom(mistaken), "sgd")
    before = trainer.model.predict(x)
    with pytest.raises(
        ValueError, match=r"mistaken: at index \(\d, 0\) the gradient is .*, differences of the value give"
    ):
        trainer.fit(x, y, epochs=1, progress=False)
    np.testing.assert_array_equal(trainer.model.predict(x), before)
    trusted = tg.Trainer(nn.Dense(2, 1), losses.Custom(mistaken, check=False), "sgd")
    assert trusted.fit(x, y, epochs=1, progress=False).stop_reason == "epochs"


def test_what_a_pair_raises_or_returns_wrongly_comes_through():
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)

    def broken(prediction, target):
        raise KeyError("mine")

    for function, error, text in (
        (broken, KeyError, "mine"),
        (lambda p, t: 1.0, ValueError, "a loss and its gradient"),
        (lambda p, t: (1.0, np.zeros(3)), ValueError, "gradient of shape"),
        (lambda p, t: (np.zeros(2), p), ValueError, "single number"),
    ):
        trainer = tg.Trainer(nn.Dense(2, 1), losses.Custom(function), "sgd")
        with pytest.raises(error, match=text):
            trainer.fit(x, y, epochs=1, progress=False)
    with pytest.raises(TypeError, match="value_and_gradient"):
        losses.Custom(3)


def test_a_pair_has_a_gradient_but_no_second_one():
    pair = losses.Custom(lambda p, t: (float(((p - t) ** 2).sum()), 2 * (p - t)))
    x, t = np.array([1.0, 2.0]), np.array([0.5, 0.0])
    value, (gradient,) = tg.value_and_grad(lambda x: 3.0 * pair(x, t))(x)
    assert value == 3 * 4.25
    np.testing.assert_allclose(gradient, 6 * (x - t))
    with pytest.raises(ValueError, match="host_loss_backward"):
        tg.grad(lambda x: (tg.grad(lambda y: pair(y, t))(x) ** 2).sum())(x)


@pytest.mark.covers("L25: a loss of one's own, its gradient checked")
def test_a_function_of_tensors_is_differentiated_with_labels_or_numbers():
    x, y = problem(60)
    classes = int(y.max()) + 1
    results = []
    for loss in ("cross_entropy", lambda prediction, target: F.cross_entropy(prediction, target)):
        trainer = trainer_for(nn.Sequential(nn.Dense(x.shape[1], classes)), loss, metrics=())
        trainer.fit(x, y, epochs=2, batch_size=15, progress=False)
        results.append(trainer.model.predict(x))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5, atol=1e-6)


@pytest.mark.covers("L22: large-margin softmax")
def test_margins_belong_to_the_last_layers_weights():
    x, y = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    trainer = tg.Trainer(nn.Sequential(nn.Dense(2, 2)), losses.LargeMarginSoftmax(margin=2), "sgd")
    with pytest.raises(ValueError, match="bias=False"):
        trainer.fit(x, y, epochs=1, progress=False)
    model = nn.Sequential(nn.Dense(2, 3), nn.Dense(3, 2, bias=False))
    value = tg.Trainer(model, losses.LargeMarginSoftmax(margin=1), "sgd").evaluate(x, y)["loss"]
    assert value == pytest.approx(tg.Trainer(model, "cross_entropy", "sgd").evaluate(x, y)["loss"], rel=1e-5)
    assert tg.Trainer(model, losses.LargeMarginSoftmax(margin=3), "sgd").evaluate(x, y)["loss"] > value


@pytest.mark.covers(
    "L3: the loss, output and metric that belong to a task",
    "M2: raw outputs taken for probabilities",
    "M7: logarithms without a stable form",
)
def test_models_must_end_in_what_the_loss_takes():
    x, y = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    for layers, loss, instead in (
        ([nn.Dense(2, 2), nn.Softmax()], "focal_loss", "logits"),
        ([nn.Dense(2, 2)], "categorical_cross_entropy", "cross_entropy, or end it in a softmax"),
        ([nn.Dense(2, 2)], "nll_loss", "log_softmax"),
    ):
        with pytest.raises(ValueError, match=instead):
            tg.Trainer(nn.Sequential(*layers), loss, "sgd").fit(x, y, epochs=1, progress=False)
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits, or end it in a sigmoid"):
        tg.Trainer(nn.Dense(2, 1), "binary_cross_entropy", "sgd").fit(x, y, epochs=1, progress=False)


@pytest.mark.covers("L18: the 0-1 loss is a metric and refuses to train")
def test_the_zero_one_loss_refuses_to_train():
    for loss in ("zero_one", "zero_one_loss", F.zero_one_loss):
        with pytest.raises(ValueError, match=r"only counts.*cross_entropy.*hinge.*metric"):
            tg.Trainer(nn.Dense(2, 2), loss, "sgd")


@pytest.mark.covers(
    "M1: cross-entropy on regression targets",
    "M15: a sum without its axis",
    "M16: targets that would be broadcast",
    "M21: integers and floats mixed",
)
@pytest.mark.parametrize("name", TRAINABLE)
def test_targets_outside_the_domain_are_refused_and_nothing_changes(name):
    trainer, x, y = case(name)
    before = trainer.model.predict(x)
    wrong = {
        "classes": (7, "from 0 to 1"),
        "unit_interval": (1.5, "from 0 to 1"),
        "sign": (0.0, "of -1 and 1"),
        "non_negative": (-1.0, "from 0"),
        "above_minus_one": (-1.0, "greater than -1"),
        "distribution": (0.9, "distribution"),
        "real": (np.nan, "finite"),
    }
    number, words = wrong[trainer.loss.targets]
    bad = y.copy()
    bad[(3, *[0] * (y.ndim - 1))] = number
    with pytest.raises(ValueError, match=words):
        trainer.fit(x, bad, epochs=1, progress=False)
    with pytest.raises((ValueError, TypeError)):
        trainer.fit(x, np.zeros((100, 3, 2), y.dtype), epochs=1, progress=False)
    np.testing.assert_array_equal(trainer.model.predict(x), before)


def test_objects_check_their_settings():
    for make, text in (
        (lambda: losses.Huber(delta=-1), r"`delta` in \(0, inf\), got -1"),
        (lambda: losses.Pinball(quantile=float("nan")), "quantile"),
        (lambda: losses.CrossEntropy(weight=[1.0, -1.0]), "weight"),
        (lambda: losses.CrossEntropy(normalization="rows"), "normalization"),
        (lambda: losses.MeanSquaredError(reduction="none"), "reduction"),
        (lambda: losses.LargeMarginSoftmax(margin=5), "margin"),
        (lambda: losses.FocalLoss(alpha=[0.5, -1.0]), "alpha"),
    ):
        with pytest.raises(ValueError, match=text):
            make()
    with pytest.raises(TypeError, match="delta"):
        losses.Huber(delta="wide")
    assert losses.Huber(delta=2.0).delta == 2.0
    assert repr(losses.Huber(delta=2.0)) == "Huber(delta=2.0)"
    assert losses.MeanSquaredError(reduction="sum")(np.ones((2, 1)), np.zeros((2, 1))) == 2.0

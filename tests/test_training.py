"""Training: what fit, evaluate and predict promise about batches, epochs, shuffling, weights and history."""

import numpy as np
import pytest
import reference
import tilegrad as tg
from tilegrad import _core, losses, nn, optim
from tilegrad import functional as F
from training import fitted, problem, small_network, trainer_for, weight_bytes, weights

X, Y = problem()


def test_it_learns():
    trainer, history = fitted(X, Y, epochs=15)
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    assert trainer.evaluate(X, Y)["accuracy"] > 0.95
    assert (trainer.model.predict(X).argmax(axis=1) == Y).mean() > 0.95


@pytest.mark.covers(
    "O11: stochastic descent as a procedure", "G4: the update rule", "B2: the backward pass, without any network"
)
@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.SGD(learning_rate=0.05),
        lambda: optim.SGD(learning_rate=0.02, momentum=0.9, momentum_style="keras"),
        lambda: optim.RMSprop(learning_rate=3e-3),
        lambda: optim.Adagrad(learning_rate=0.05),
        lambda: optim.Adam(learning_rate=1e-2),
        lambda: optim.AdamW(learning_rate=1e-2),
    ],
)
def test_a_fit_is_the_hand_written_loop(make):
    """The compiled step, without shuffling, against the same step in plain float64 NumPy."""
    x, y = problem(64, 5, 3, dtype=np.float64)
    model = nn.Sequential(nn.Dense(5, 7, dtype="float64"), nn.Tanh(), nn.Dense(7, 3, dtype="float64"))
    ours = weights(model)
    names = list(ours)
    trainer = trainer_for(model, optimizer=make())
    history = trainer.fit(x, y, batch_size=20, epochs=3, shuffle=False, progress=False)
    rule, parameters = make(), [ours[name] for name in names]
    seen = []
    for _ in range(3):
        total = 0.0
        for start in range(0, 64, 20):
            rows, labels = x[start : start + 20], y[start : start + 20]
            w1, b1, w2, b2 = parameters
            hidden = np.tanh(rows @ w1 + b1)
            losses_, signal = reference.cross_entropy(hidden @ w2 + b2, labels)
            signal = signal / len(rows)
            back = (signal @ w2.T) * (1 - hidden * hidden)
            rule.step(parameters, [rows.T @ back, back.sum(axis=0), hidden.T @ signal, signal.sum(axis=0)])
            total += losses_.sum()
        seen.append(total / 64)
    np.testing.assert_allclose(history["loss"], seen, rtol=1e-11)
    for name, mine in zip(names, parameters, strict=True):
        np.testing.assert_allclose(weights(trainer.model)[name], mine, rtol=1e-9, atol=1e-11)


@pytest.mark.covers("G5: one backward pass updates everything that trains")
def test_every_parameter_changes():
    model = small_network()
    before = weights(model)
    fitted(X, Y, model=model, epochs=1)
    for name, value in weights(model).items():
        assert (value != before[name]).any(), name


def test_full_batches_take_one_step_an_epoch():
    trainer, _ = fitted(X, Y, batch_size="full", epochs=3)
    assert trainer.step == 3
    trainer, _ = fitted(X, Y, batch_size=50, epochs=3)
    assert trainer.step == 15


@pytest.mark.covers("G9: full-batch descent reaches the exact solution")
def test_linear_regression_reaches_the_normal_equation():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((50, 3))
    y = x @ np.array([[1.0], [-2.0], [0.5]]) + 3 + 0.1 * generator.standard_normal((50, 1))
    model = nn.Sequential(nn.Dense(3, 1, dtype="float64"))
    fitted(
        x,
        y,
        model=model,
        loss=losses.MeanSquaredError(),
        optimizer=optim.SGD(learning_rate=0.2),
        batch_size="full",
        epochs=400,
        metrics=(),
    )
    exact = np.linalg.lstsq(np.column_stack([x, np.ones(50)]), y, rcond=None)[0]
    learned = weights(model)
    np.testing.assert_allclose(learned[next(n for n in learned if n.endswith("weight"))], exact[:3], atol=1e-8)
    np.testing.assert_allclose(learned[next(n for n in learned if n.endswith("bias"))], exact[3], atol=1e-8)


# ---- shuffling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_a_permutation_holds_every_row_once(count):
    order = _core.permutation(count, 3, 1)
    assert sorted(order.tolist()) == list(range(count))
    np.testing.assert_array_equal(order, _core.permutation(count, 3, 1))
    if count == 1000:
        assert (order != _core.permutation(count, 3, 2)).mean() > 0.9
        assert (order != _core.permutation(count, 4, 1)).mean() > 0.9
        assert (order != np.arange(1000)).mean() > 0.9


def test_permutations_are_uniform():
    counts = np.zeros((5, 5))
    for epoch in range(4000):
        counts[np.arange(5), _core.permutation(5, 0, epoch)] += 1
    # 800 expected in each of the 25 places; five standard deviations are 127.
    assert np.abs(counts - 800).max() < 130


def test_an_epoch_takes_every_row_once():
    """A plain sum as the loss of a single weight: after one epoch at rate 1 it holds the sum over all rows."""
    rows = 2.0 ** np.arange(17).reshape(-1, 1)
    model = nn.Sequential(nn.Dense(1, 1, bias=False, dtype="float64"))
    for _, value in model.named_parameters():
        np.asarray(value)[...] = 0.0

    def minus_sum(prediction, target):
        return -(prediction + target).sum()

    fitted(
        rows,
        np.zeros((17, 1)),
        model=model,
        loss=minus_sum,
        optimizer=optim.SGD(learning_rate=1.0),
        batch_size=4,
        epochs=1,
        metrics=(),
    )
    assert float(next(iter(weights(model).values()))[0, 0]) == 2.0**17 - 1


def test_without_shuffling_the_seed_orders_nothing():
    plain = nn.Sequential(nn.Dense(12, 4))
    other = nn.Sequential(nn.Dense(12, 4))
    for (_, a), (_, b) in zip(plain.named_parameters(), other.named_parameters(), strict=True):
        np.asarray(b)[...] = np.asarray(a)
    trainer_for(plain, seed=1).fit(X, Y, epochs=1, shuffle=False, progress=False)
    trainer_for(other, seed=2).fit(X, Y, epochs=1, shuffle=False, progress=False)
    assert weight_bytes(plain) == weight_bytes(other)


def test_a_prediction_before_training_draws_the_first_values_by_the_seed():
    looked, other = (trainer_for(nn.Sequential(nn.Dense(12, 4)), seed=3) for _ in range(2))
    looked.predict(X)
    looked.score(X, Y)
    for trainer in (looked, other):
        trainer.fit(X, Y, epochs=1, progress=False)
    assert weight_bytes(looked.model) == weight_bytes(other.model)


# ---- weights of samples and classes --------------------------------------------------------------------------------


def test_sample_weight_zero_equals_removal():
    x, y = problem(64, dtype=np.float64)
    kept = np.arange(64) % 4 != 1
    settings = {"batch_size": "full", "epochs": 5, "shuffle": False, "optimizer": None}
    a, _ = fitted(x, y, model=_seeded(), sample_weight=kept.astype(float), **settings)
    b, _ = fitted(x[kept], y[kept], model=_seeded(), **settings)
    for name, value in weights(a.model).items():
        np.testing.assert_allclose(value, weights(b.model)[name], rtol=1e-9, atol=1e-11)


def _seeded():
    """The same network each time, without dropout."""
    model = small_network(dropout=0.0, dtype="float64")
    generator = np.random.default_rng(5)
    for _, value in model.named_parameters():
        np.asarray(value)[...] = 0.3 * generator.standard_normal(value.shape)
    return model


def test_class_weight_favours_its_class():
    # Labels that the features say nothing about: only the weights can decide.
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((200, 12)).astype(np.float32), generator.integers(0, 2, 200)
    light, _ = fitted(x, y, class_weight={0: 1.0, 1: 1.0}, epochs=5)
    heavy, _ = fitted(x, y, class_weight={0: 1.0, 1: 50.0}, epochs=5)
    assert (heavy.model.predict(x).argmax(1) == 1).mean() > (light.model.predict(x).argmax(1) == 1).mean()


# ---- validation, history, evaluation -------------------------------------------------------------------------------


def test_validation_leaves_the_training_alone():
    plain, history = fitted(X, Y)
    watched, with_validation = fitted(X, Y, validation_data=(X[:50], Y[:50]))
    assert weight_bytes(plain.model) == weight_bytes(watched.model)
    np.testing.assert_array_equal(history["loss"], with_validation["loss"])
    final = watched.evaluate(X[:50], Y[:50])
    assert with_validation["val_loss"][-1] == final["loss"]
    assert with_validation["val_accuracy"][-1] == final["accuracy"]


def test_validation_split_holds_rows_back():
    split, history = fitted(X, Y, validation_split=0.25)
    assert len(history["val_loss"]) == 2
    count = len(X) - round(0.25 * len(X))
    assert split.step in (2 * -(-count // 32), 2 * -(-(count - 1) // 32), 2 * -(-(count + 1) // 32))


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
def test_evaluation_is_the_plain_formula():
    trainer, _ = fitted(X, Y)
    logits = trainer.model.predict(X)
    report = trainer.evaluate(X, Y)
    np.testing.assert_allclose(report["loss"], reference.cross_entropy(logits, Y)[0].mean(), rtol=1e-5, atol=1e-7)
    assert report["accuracy"] == (logits.argmax(1) == Y).mean()
    before = weight_bytes(trainer.model)
    trainer.evaluate(X, Y)
    trainer.model.predict(X)
    assert weight_bytes(trainer.model) == before


@pytest.mark.covers("N5: weight matrix times input plus bias", "B1: the forward pass")
def test_prediction_is_the_plain_formula():
    model = small_network(dtype="float64")
    w = list(weights(model).values())
    x = X.astype(np.float64)
    hidden = np.maximum(x @ w[0] + w[1], 0)
    hidden = reference.gelu(hidden @ w[2] + w[3])[0]
    np.testing.assert_allclose(model.predict(x), hidden @ w[4] + w[5], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(model(x), model.predict(x), rtol=1e-12)


@pytest.mark.covers("G20: epochs and steps")
def test_history_counts_epochs():
    trainer, history = fitted(X, Y, epochs=3)
    assert len(history["loss"]) == len(history["accuracy"]) == 3
    again = trainer.fit(X, Y, epochs=2, progress=False)
    assert len(again["loss"]) in (2, 5)
    assert len(trainer.history["loss"]) == 5


def test_the_learning_rate_can_change_between_fits():
    trainer, _ = fitted(X, Y, epochs=1)
    trainer.optimizer.learning_rate = 1e-30
    before = weight_bytes(trainer.model)
    trainer.fit(X, Y, epochs=1, progress=False)
    assert weight_bytes(trainer.model) == before


def test_regression_takes_a_flat_target_by_rule():
    """(n,) goes with one output (n, 1), and is never broadcast to (n, n); the loss functions refuse it altogether."""
    x = X[:40].astype(np.float64)
    y = x[:, 0] - x[:, 1]
    seen = []
    for target in (y, y[:, None]):
        model = _seeded_regression()
        _, history = fitted(x, target, model=model, loss=losses.MeanSquaredError(), metrics=())
        seen.append((weight_bytes(model), history["loss"]))
    assert seen[0] == seen[1]
    assert seen[0][1][1] < seen[0][1][0]


def _seeded_regression():
    model = nn.Sequential(nn.Dense(12, 1, dtype="float64"))
    for _, value in model.named_parameters():
        np.asarray(value)[...] = 0.1
    return model


# ---- models of one's own -------------------------------------------------------------------------------------------


class Residual(nn.Module):
    """Adds its input to what a layer makes of it, twice with the same layer."""

    def __init__(self, width):
        super().__init__()
        self.inner = nn.Dense(width, width, dtype="float64")
        self.last = nn.Dense(width, 3, dtype="float64")

    def forward(self, x):
        x = x + F.tanh(self.inner(x))
        x = x + F.tanh(self.inner(x))
        return self.last(x)


def test_a_module_of_ones_own_trains_with_a_shared_layer():
    x, y = problem(90, 6, 3, dtype=np.float64)
    model = Residual(6)
    names = [name for name, _ in model.named_parameters()]
    assert names == ["inner.weight", "inner.bias", "last.weight", "last.bias"]
    w1, b1, w2, b2 = weights(model).values()
    hidden = x + np.tanh(x @ w1 + b1)
    hidden = hidden + np.tanh(hidden @ w1 + b1)
    np.testing.assert_allclose(model.predict(x), hidden @ w2 + b2, rtol=1e-12)
    trainer, history = fitted(x, y, model=model, epochs=20)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert trainer.evaluate(x, y)["accuracy"] > 0.9


def test_summary_and_plan_say_what_there_is():
    trainer, _ = fitted(X, Y)
    text = str(trainer.model.summary())
    total = sum(value.size for value in weights(trainer.model).values())
    assert f"{total:,}" in text or str(total) in text
    for name in ("Dense", "Dropout", "GELU"):
        assert name in text
    plan = str(trainer.plan.describe() if hasattr(trainer.plan, "describe") else trainer.plan)
    for part in ("matmul + bias + relu", "matmul + bias + gelu", "cross_entropy + gradient", "adam_update"):
        assert part in plan.lower(), part
    assert "bytes" in plan


def test_seeds_make_models_repeatable():
    tg_models = [weight_bytes(fitted(X, Y, epochs=1, seed=seed)[0].model) for seed in (4, 4, 5)]
    assert tg_models[0] == tg_models[1] != tg_models[2]
    assert tg.__version__

"""What ends a training, what it leaves behind, and the callbacks that come with the library."""

import json

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, nn, optim
from tilegrad.train import ConvergenceWarning, CSVLogger, EarlyStopping, JSONLogger, ModelCheckpoint, TrainingWarning
from training import fitted, problem, small_network, weight_bytes

X, Y = problem()
LINE = np.linspace(-1, 1, 40)[:, None]


def line_trainer(learning_rate=0.1, metrics=(), **settings):
    """A line through the origin of slope 3: the loss falls by the same factor at each step."""
    model = nn.Sequential(nn.Dense(1, 1, bias=False, dtype="float64", initializer="zeros"))
    optimizer = optim.SGD(learning_rate=learning_rate, **settings)
    return tg.Trainer(model, losses.MeanSquaredError(), optimizer, metrics=metrics)


def line_fit(trainer, epochs=100, **settings):
    settings = {"batch_size": "full", "progress": False, **settings}
    return trainer.fit(LINE, 3 * LINE, epochs=epochs, **settings)


# ---- reasons -------------------------------------------------------------------------------------------------------


@pytest.mark.covers(
    "G3: reasons to stop, recorded",
    "G22: the same seed gives the same bits",
    "M11: a convergence test that is not there",
)
def test_each_reason_to_stop_is_reached_and_recorded():
    reasons = {
        "epochs": {"epochs": 3},
        "target": {"target_loss": 0.5},
        "tolerance": {"tolerance": 1e-4},
        "patience": {"patience": 3, "min_delta": 1e-4},
        "time": {"max_time": 1e-9},
    }
    for reason, settings in reasons.items():
        trainer = line_trainer()
        history = line_fit(trainer, **{"epochs": 500, **settings})
        assert history.stop_reason == trainer.history.stop_reason == reason
        assert history.epochs < 500
        if reason == "target":
            assert history["loss"][-1] <= 0.5 < history["loss"][-2]
        if reason == "tolerance":
            change = np.abs(np.diff(history["loss"]))
            assert change[-1] <= 1e-4 < change[-2]
        if reason == "time":
            assert history.epochs == 1


@pytest.mark.covers("M11: a convergence test that is not there")
def test_epochs_that_run_out_before_the_tolerance_are_warned_of():
    with pytest.warns(
        ConvergenceWarning, match="3 epochs were not enough: loss still changed by more than 1e-09; give more epochs"
    ):
        history = line_fit(line_trainer(), epochs=3, tolerance=1e-9)
    assert history.stop_reason == "epochs"


@pytest.mark.covers(
    "G6: learning rates too small and too large; a finder; divergence", "M22: a learning rate ten times too large"
)
@pytest.mark.parametrize(
    ("rate", "outcome"), [(0.01, "slow"), (1.0, "one step"), (1.9, "oscillates"), (2.1, "diverges")]
)
def test_learning_rates_of_a_parabola(rate, outcome):
    """Loss w^2 / 2 about its minimum: a step multiplies the distance by 1 - rate."""
    x = np.full((4, 1), np.sqrt(0.5))
    model = nn.Sequential(nn.Dense(1, 1, bias=False, dtype="float64", initializer="zeros"))
    trainer = tg.Trainer(model, losses.MeanSquaredError(), optim.SGD(learning_rate=rate))
    settings = {"batch_size": "full", "progress": False, "epochs": 60, "divergence": 10.0}
    if outcome == "diverges":
        with pytest.warns(TrainingWarning, match="learning_rate ten times smaller"):
            history = trainer.fit(x, 2 * x, **settings)
        assert history.stop_reason == "diverged"
        assert history.epochs < 60
        return
    history = trainer.fit(x, 2 * x, **settings)
    assert history.stop_reason == "epochs"
    factor = history["loss"][1] / history["loss"][0]
    assert factor == pytest.approx((1 - rate) ** 2, abs=1e-9)


@pytest.mark.covers("G6: learning rates too small and too large; a finder; divergence")
def test_noise_near_zero_is_no_divergence():
    trainer = line_trainer(learning_rate=0.5)
    history = line_fit(trainer, epochs=200)
    assert history.stop_reason == "epochs"
    again = line_fit(trainer, epochs=5, divergence=None)
    assert again.stop_reason == "epochs"


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"tolerance": -1}, ValueError, "tolerance"),
        ({"tolerance": "small"}, TypeError, "tolerance"),
        ({"target_loss": np.nan}, ValueError, "target_loss"),
        ({"max_time": 0}, ValueError, "max_time"),
        ({"divergence": 1}, ValueError, "divergence"),
        ({"patience": -1}, ValueError, "patience"),
        ({"patience": 1.5}, TypeError, "patience"),
        ({"patience": 1, "min_delta": np.inf}, ValueError, "min_delta"),
        ({"tolerance": 1, "monitor": "acuracy"}, ValueError, "loss"),
        ({"patience": 1, "monitor": "val_loss"}, ValueError, "validation_data"),
        ({"record": "batch"}, ValueError, "epoch, step"),
        ({"validation_from": "start", "validation_split": 0.5}, ValueError, "stratified"),
        ({"validation_from": "stratified", "validation_split": 0.5}, ValueError, "class numbers"),
    ],
)
def test_wrong_arguments_change_nothing(settings, error, words):
    trainer = line_trainer()
    with pytest.raises(error, match=words):
        line_fit(trainer, **settings)
    assert trainer.step == 0
    assert trainer.history == {}


# ---- early stopping ------------------------------------------------------------------------------------------------


class Script(tg.metrics.WholeMetric):
    """A metric that says what it was told to say, epoch by epoch, and keeps the weights it saw."""

    name = "script"

    def __init__(self, values, greater_is_better=False):
        self._values, self._seen, self.greater_is_better = iter(values), [], greater_is_better

    def whole(self, predictions, target, weight):
        return next(self._values)


@pytest.mark.covers("conventions:early stopping", "V3: classification")
@pytest.mark.parametrize(("values", "greater"), [([5, 3, 4, 3, 6, 7], False), ([1, 3, 2, 3, 0, 0], True)])
def test_the_best_weights_come_back(values, greater):
    trainer = line_trainer(metrics=[Script(values, greater)])
    seen = []
    stopping = EarlyStopping("script", patience=3)
    watch = lambda trainer, epoch, metrics: seen.append(weight_bytes(trainer.model))  # noqa: E731
    history = line_fit(trainer, epochs=6, callbacks=[stopping, watch])
    assert history.stop_reason == "patience"
    assert (history.epochs, stopping.best, stopping.best_epoch) == (5, 3, 2)
    assert weight_bytes(trainer.model) == seen[1] != seen[4]


@pytest.mark.covers("conventions:early stopping")
def test_the_best_weights_come_back_also_when_the_epochs_run_out():
    trainer = line_trainer(metrics=[Script([1.0, 2.0, 3.0])])
    seen = []
    watch = lambda trainer, epoch, metrics: seen.append(weight_bytes(trainer.model))  # noqa: E731
    history = line_fit(trainer, epochs=3, callbacks=[watch, EarlyStopping("script", patience=10)])
    assert history.stop_reason == "epochs"
    assert weight_bytes(trainer.model) == seen[0]
    assert trainer.step == 3


def test_a_metric_that_is_never_finite_stops_in_time():
    trainer = line_trainer(metrics=[Script([np.nan] * 9)])
    history = line_fit(trainer, epochs=9, callbacks=EarlyStopping("script", patience=4))
    assert (history.stop_reason, history.epochs) == ("patience", 4)


@pytest.mark.covers("conventions:checkpoint")
def test_a_training_with_early_stopping_resumes_to_the_last_bit(tmp_path):
    def callbacks():
        saving = ModelCheckpoint(tmp_path / "run-{epoch}", every=1)
        # The order does not matter: what saves comes last.
        return [saving, EarlyStopping("val_loss", patience=2)]

    settings = {"validation_data": (X[:60], Y[:60]), "batch_size": 16}
    optimizer = optim.Adam(learning_rate=0.1)
    whole, history = fitted(X[60:], Y[60:], epochs=40, callbacks=callbacks(), optimizer=optimizer, **settings)
    assert history.stop_reason == "patience"
    best = int(np.argmin(history["val_loss"])) + 1
    # Resumed after the best epoch: the best weights and the count of epochs come from the file.
    model = small_network()
    trainer = tg.Trainer(model, losses.CrossEntropy(), optim.Adam(learning_rate=0.1), metrics=["accuracy"])
    trainer.load(tmp_path / f"run-{best + 1}")
    again = trainer.fit(
        X[60:], Y[60:], epochs=40, callbacks=EarlyStopping("val_loss", patience=2), progress=False, **settings
    )
    assert again.stop_reason == "patience"
    assert trainer.epoch == whole.epoch
    assert weight_bytes(trainer.model) == weight_bytes(whole.model)
    assert trainer.history["val_loss"] == whole.history["val_loss"]


@pytest.mark.covers("conventions:checkpoint")
def test_checkpoints_of_the_best_only(tmp_path):
    trainer = line_trainer(metrics=[Script([3.0, 1.0, 2.0, 0.5])])
    saving = ModelCheckpoint(tmp_path / "{epoch}-{script:.1f}", best_only=True, monitor="script")
    line_fit(trainer, epochs=4, callbacks=saving)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-3.0", "2-1.0", "4-0.5"]
    with pytest.raises(ValueError, match="monitor"):
        line_fit(trainer, callbacks=ModelCheckpoint(tmp_path / "x", best_only=True, monitor="val_loss"))
    with pytest.raises(ValueError, match="mode"):
        ModelCheckpoint(tmp_path, mode="least")
    with pytest.raises(ValueError, match="mode"):
        EarlyStopping(mode="least")


# ---- history and logs ----------------------------------------------------------------------------------------------


@pytest.mark.covers("G20: epochs and steps", "G13: steps an epoch", "M23: a loss printed too rarely")
def test_history_by_step_and_by_epoch():
    trainer, history = fitted(X, Y, epochs=3, batch_size=50, record="step")
    sizes = np.array([50, 50, 50, 50, 3])
    assert trainer.step == len(history.steps) == 15
    by_epoch = np.reshape(history.steps, (3, 5)) @ sizes / sizes.sum()
    np.testing.assert_allclose(by_epoch, history["loss"], rtol=1e-6)
    assert fitted(X, Y, epochs=3, batch_size=50)[1].steps == []
    np.testing.assert_array_equal(fitted(X, Y, epochs=3, batch_size=50)[1]["loss"], history["loss"])


@pytest.mark.covers("G13: steps an epoch")
@pytest.mark.parametrize(("drop_last", "steps"), [(False, 32), (True, 31)])
def test_batches_of_an_epoch(drop_last, steps):
    x = np.ones((1000, 1), np.float32)
    trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), losses.MeanSquaredError(), optim.SGD(learning_rate=1e-3))
    history = trainer.fit(x, x, batch_size=32, epochs=2, drop_last=drop_last, record="step", progress=False)
    assert trainer.step == len(history.steps) == 2 * steps
    # A batch larger than the data is all of it.
    assert (
        len(trainer.fit(x, x, batch_size=5000, epochs=1, drop_last=drop_last, record="step", progress=False).steps) == 1
    )


@pytest.mark.covers("V4: watching: history, progress, logs", "conventions:CSV/JSON log")
def test_history_as_csv_json_and_smoothed(tmp_path):
    _, history = fitted(X, Y, epochs=3, record="step")
    history.to_csv(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0].split(",") == ["epoch", *history]
    assert [float(line.split(",")[1]) for line in lines[1:]] == history["loss"]
    facts = json.loads(history.to_json(tmp_path / "history.json"))
    assert facts == json.loads((tmp_path / "history.json").read_text())
    assert facts["figures"]["loss"] == history["loss"]
    assert facts["steps"] == history.steps
    assert facts["stop_reason"] == "epochs"
    np.testing.assert_array_equal(history.smoothed(beta=0.0), history["loss"])
    assert len(history.smoothed("steps")) == len(history.steps)
    with pytest.raises(ValueError, match="did you mean 'loss'"):
        history.smoothed("los")


@pytest.mark.covers("V4: watching: history, progress, logs")
def test_loggers_write_while_the_training_goes_on_and_continue(tmp_path):
    paths = tmp_path / "log.csv", tmp_path / "log.jsonl"
    trainer = line_trainer(metrics=["mae"])
    for _ in range(2):
        line_fit(trainer, epochs=2, callbacks=[CSVLogger(paths[0]), JSONLogger(paths[1])])
    table = [line.split(",") for line in paths[0].read_text().splitlines()]
    assert [row[0] for row in table] == ["epoch", "1", "2", "3", "4"]
    assert [float(row[1]) for row in table[1:]] == trainer.history["loss"]
    records = [json.loads(line) for line in paths[1].read_text().splitlines()]
    assert [each["mae"] for each in records] == trainer.history["mae"]
    line_fit(line_trainer(), epochs=1, callbacks=CSVLogger(paths[0]))
    assert len(paths[0].read_text().splitlines()) == 2


@pytest.mark.covers(
    "V4: watching: history, progress, logs", "M10: full batches called stochastic", "M21: integers and floats mixed"
)
@pytest.mark.parametrize(
    ("size", "mode"),
    [("full", "full batch, 1 step"), (1, "single samples, 203 steps"), (32, "mini-batches of 32, 7 steps")],
)
def test_the_header_says_what_is_done(capsys, size, mode):
    trainer = tg.Trainer(small_network(), losses.CrossEntropy(), optim.Adam(learning_rate=1e-3))
    trainer.fit(X, Y, batch_size=size, epochs=1)
    header = capsys.readouterr().out.splitlines()[0]
    for words in (mode, "203 rows", "classes", "CrossEntropy()", "adam", "computing in float32", "as class numbers"):
        assert words in header, header


@pytest.mark.covers("V4: watching: history, progress, logs")
def test_quiet_is_quiet(capsys):
    fitted(X, Y, epochs=1)
    assert capsys.readouterr() == ("", "")


# ---- predictions ---------------------------------------------------------------------------------------------------


@pytest.mark.covers("V3: classification", "M20: nothing to judge by")
def test_predictions_in_the_terms_of_the_target():
    trainer, _ = fitted(X, Y, epochs=10)
    logits = trainer.model.predict(X)
    np.testing.assert_array_equal(trainer.predict(X), logits.argmax(axis=1))
    p = trainer.predict_proba(X)
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-5)
    assert trainer.score(X, Y) == pytest.approx(trainer.evaluate(X, Y)["accuracy"])
    binary = tg.Trainer(nn.Sequential(nn.Dense(12, 1)), "binary_cross_entropy_with_logits", "sgd", metrics=["accuracy"])
    target = (Y > 1).astype(np.float32)
    logit = binary.model.predict(X)[:, 0]
    np.testing.assert_array_equal(binary.predict(X), logit > 0)
    np.testing.assert_allclose(binary.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logit)), rtol=1e-5)
    assert binary.score(X, target) == pytest.approx(binary.evaluate(X, target)["accuracy"])


@pytest.mark.covers("V3: classification")
def test_predictions_follow_the_loss():
    x = X[:, :3]
    for loss, columns, y in (
        ("hinge", 1, np.sign(x[:, 0])),
        ("multiclass_hinge", 3, Y[: len(x)] % 3),
        ("nll_loss", 3, Y[: len(x)] % 3),
        ("gaussian_nll_loss", 2, x[:, :1] * 2),
        ("poisson", 1, np.abs(np.round(x[:, 0]))),
    ):
        last = [nn.LogSoftmax()] if loss == "nll_loss" else []
        amounts = loss in ("gaussian_nll_loss", "poisson")
        trainer = tg.Trainer(
            nn.Sequential(nn.Dense(3, columns), *last), loss, "sgd", metrics=["r2" if amounts else "accuracy"]
        )
        output, said = trainer.model.predict(x), trainer.predict(x)
        assert trainer.score(x, y) == pytest.approx(next(iter(list(trainer.evaluate(x, y).values())[1:])), rel=1e-5)
        if loss == "hinge":
            np.testing.assert_array_equal(said, np.where(output[:, 0] > 0, 1, -1))
        elif loss == "poisson":
            np.testing.assert_allclose(said, np.exp(output[:, 0]), rtol=1e-6)
        elif loss == "gaussian_nll_loss":
            np.testing.assert_array_equal(said, output[:, 0])
        else:
            np.testing.assert_array_equal(said, output.argmax(axis=1))
        if loss == "nll_loss":
            np.testing.assert_allclose(trainer.predict_proba(x), np.exp(output), rtol=1e-5)
        else:
            with pytest.raises(ValueError, match="probabilities"):
                trainer.predict_proba(x)


@pytest.mark.covers("V3: classification")
def test_predictions_of_amounts():
    trainer = line_trainer(metrics=["r2"])
    line_fit(trainer, epochs=5)
    np.testing.assert_array_equal(trainer.predict(LINE), trainer.model.predict(LINE)[:, 0])
    assert trainer.score(LINE, 3 * LINE) == pytest.approx(trainer.evaluate(LINE, 3 * LINE)["r2"])
    with pytest.raises(ValueError, match="cross_entropy"):
        trainer.predict_proba(LINE)


# ---- validation ----------------------------------------------------------------------------------------------------


@pytest.mark.covers("conventions:validation split")
@pytest.mark.parametrize("taken", ["end", "random", "stratified"])
def test_where_validation_rows_come_from(taken):
    """The sum of all weights is the loss of a row: both sides together are all rows, each once."""
    rows = 2.0 ** np.arange(20)[:, None]
    labels = np.arange(20) % 2
    model = nn.Sequential(nn.Dense(1, 2, dtype="float64"))
    counts = {}

    class Rows(tg.metrics.WholeMetric):
        name = "rows"

        def whole(self, predictions, target, weight):
            counts.setdefault(len(target), np.bincount(target, minlength=2))
            return float(len(target))

    trainer = tg.Trainer(model, losses.CrossEntropy(), optim.SGD(learning_rate=1e-9), metrics=[Rows()])
    labels[:4] = 1
    history = trainer.fit(rows, labels, epochs=1, validation_split=0.25, validation_from=taken, progress=False)
    assert (history["rows"], history["val_rows"]) == ([15.0], [5.0])
    assert counts[15].sum() + counts[5].sum() == 20
    if taken == "stratified":
        # 8 and 12 rows: a quarter of each.
        assert counts[5].tolist() == [2, 3]
    if taken == "end":
        assert counts[5].tolist() == np.bincount(labels[15:]).tolist()


# ---- looking over data and models ----------------------------------------------------------------------------------


@pytest.mark.covers("M12: collinear features")
def test_dependent_features_are_reported():
    x = np.array([[1.0, 2], [2, 3], [3, 4], [4, 5]])
    report = tg.check_data(x, np.array([2.0, 3, 4, 5]))
    assert (report.rank, report.is_full_rank) == (2, False)
    assert any("rank 2 of 3" in each for each in report.advice)
    assert "rank 2 of 3" in str(report)
    generator = np.random.default_rng(0)
    plain = generator.standard_normal((500, 6))
    assert tg.check_data(plain).is_full_rank
    assert tg.check_data(plain).advice == ()
    with_sum = np.column_stack([plain, plain @ np.arange(6.0) + 3])
    assert tg.check_data(with_sum).rank == 7
    broken = plain.copy()
    broken[3, 2], broken[:, 4] = np.nan, 7.0
    report = tg.check_data(broken, generator.integers(0, 2, 500) * (generator.random(500) < 0.02))
    assert (report.missing, report.constant) == (1, (4,))
    assert any("balance" in each for each in report.advice)
    for wrong, error in ((np.ones(3), ValueError), (["a"], TypeError), (np.ones((0, 2)), ValueError)):
        with pytest.raises(error, match="check_data"):
            tg.check_data(wrong)
    with pytest.raises(ValueError, match="each of 500 rows"):
        tg.check_data(plain, np.ones(3))


@pytest.mark.covers("M13: features of very different scales")
def test_features_of_different_scales_are_warned_of():
    scaled = X.copy()
    scaled[:, 3] *= 1e5
    with pytest.warns(TrainingWarning, match=r"columns \d+ and 3\).*scale them"):
        fitted(scaled, Y, epochs=1)
    assert any("columns" in each for each in tg.check_data(scaled).advice)
    # Pixels that are almost always 0 have small deviations and an ordinary range.
    pixels = np.zeros((300, 12), np.float32)
    pixels[:, 0] = np.random.default_rng(0).random(300)
    pixels[0, 1] = 1 / 255
    fitted(pixels, Y[np.arange(300) % len(Y)], epochs=1)


@pytest.mark.covers("A2: without activations a deep network is one matrix", "M19: a linear model called a network")
def test_linear_layers_with_nothing_between_them_are_warned_of_once():
    model = nn.Sequential(nn.Dense(12, 8), nn.Dropout(0.1), nn.Dense(8, 4))
    trainer = tg.Trainer(model, losses.CrossEntropy(), optim.SGD(learning_rate=0.1))
    with pytest.warns(TrainingWarning, match="layers 0 and 2 are linear"):
        trainer.fit(X, Y, epochs=1, progress=False)
    trainer.fit(X, Y, epochs=1, progress=False)
    assert "linear model" in str(trainer.summary())
    assert len(tg.check_model(model)) == 1


@pytest.mark.covers(
    "A2: without activations a deep network is one matrix",
    "A4: the sigmoid's slope is 0.25 at most: gradients vanish with depth",
)
def test_models_without_mistakes_have_none():
    assert tg.check_model(small_network()) == []
    assert tg.check_model(nn.Sequential(nn.Dense(3, 2))) == []
    advice = tg.check_model(nn.Sequential(nn.Dense(3, 4), nn.Sigmoid(), nn.Dense(4, 2)))
    assert len(advice) == 1
    assert "sigmoid in hidden layers" in advice[0]

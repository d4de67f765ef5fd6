"""Small inputs that other libraries' users reported as faults, and what is right for each; the numbers are those of the list."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, metrics, nn, optim, schedules

X = np.random.default_rng(0).standard_normal((20, 2))
Y = np.arange(20) % 2


def network(outputs=2):
    return nn.Sequential(nn.Dense(2, 4), nn.ReLU(), nn.Dense(4, outputs))


def trainer(loss="cross_entropy", optimizer="adam", outputs=2, **settings):
    return tg.Trainer(network(outputs), loss, optimizer, **settings)


def with_number(place, number):
    """The features with another number in one place."""
    changed = X.copy()
    changed[place] = number
    return changed


def refused(trained, error, call, *mentions):
    """The call raises this error, whose message mentions all that is to be named, and the training is as it was."""
    before = [array.tobytes() for array in trained.model.parameters()]
    with pytest.raises(error) as caught:
        call()
    for mention in mentions:
        assert mention in str(caught.value), f"{mention!r} is not in: {caught.value}"
    assert [array.tobytes() for array in trained.model.parameters()] == before
    assert (trained.step, trained.epoch, len(trained.history)) == (0, 0, 0)


# ---- K01: numbers that the dtype of the model cannot hold --------------------------------------------------------------


TOO_LARGE = with_number((3, 1), 1e300)


@pytest.mark.parametrize("action", ["predict", "evaluate", "fit", "find_learning_rate"])
def test_f01_f02_features_that_float32_cannot_hold_are_named_before_anything_runs(action):
    found = trainer(seed=1)
    found.model.initialize(1)
    calls = {
        "predict": lambda: found.predict(TOO_LARGE),
        "evaluate": lambda: found.evaluate(TOO_LARGE, Y),
        "fit": lambda: found.fit(TOO_LARGE, Y, epochs=1, progress=False),
        "find_learning_rate": lambda: found.find_learning_rate(TOO_LARGE, Y),
    }
    refused(
        found, ValueError, calls[action], f"{action}: expected `x`", "row 3, column 1", "1e+300", "float32", "float64"
    )


def test_f01_a_model_in_double_precision_takes_what_it_can_hold():
    model = network().astype("float64")
    assert np.isfinite(model.predict(TOO_LARGE)).all()
    with pytest.raises(ValueError, match=r"got -1e\+300 in row 3, column 1"):
        network().predict(-TOO_LARGE)


def test_f02_what_is_too_large_after_the_scale_is_named_too():
    integers = np.full((20, 2), 100)
    found = trainer()
    found.model.initialize(0)
    refused(found, ValueError, lambda: found.predict(integers, scale=1e37), "100", "scale of 1e+37", "row 0, column 0")
    for scale in (1e300, 1e-300):
        refused(found, ValueError, lambda scale=scale: found.predict(X, scale=scale), "`scale`", f"{scale}", "float32")
    assert np.isfinite(found.model.predict(integers, scale=1e36)).all()


def test_f02_targets_that_float32_cannot_hold_are_named():
    found = trainer("mean_squared_error", outputs=1)
    found.model.initialize(0)
    targets = np.where(np.arange(20) == 5, -1e39, X[:, 0])
    refused(
        found, ValueError, lambda: found.fit(X, targets, epochs=1, progress=False), "`y`", "-1e+39", "row 5", "float32"
    )


@pytest.mark.parametrize("weight", [1e39, 2e37, 1e-60])
def test_f02_weights_whose_sum_float32_cannot_hold_are_named(weight):
    found = trainer()
    found.model.initialize(0)
    given = {"sample_weight": np.full(20, weight), "class_weight": np.full(2, weight)}
    for name, value in given.items():
        if weight == 2e37 and name == "class_weight":
            continue
        call = {"epochs": 1, "progress": False, name: value}
        refused(found, ValueError, lambda call=call: found.fit(X, Y, **call), f"`{name}`", f"{weight}", "float32")


def test_f02_estimators_name_what_float32_cannot_hold():
    sklearn = pytest.importorskip("tilegrad.interop.sklearn")
    classifier = sklearn.NetworkClassifier((4,), epochs=1, random_state=0)
    with pytest.raises(ValueError, match=r"NetworkClassifier: .*`x`.*1e\+300 in row 3, column 1"):
        classifier.fit(TOO_LARGE, Y)
    with pytest.raises(ValueError, match=r"NetworkClassifier: .*`x`.*1e\+300 in row 3, column 1"):
        classifier.fit(X, Y).predict(TOO_LARGE)
    with pytest.raises(ValueError, match=r"NetworkRegressor: .*`y`.*1e\+300 in row 0"):
        sklearn.NetworkRegressor((4,), epochs=1).fit(X, np.full(20, 1e300))


# ---- K03: what is missing is called missing -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", [(20,), (20, 1)])
def test_f06_a_missing_label_is_named_as_missing(form):
    found = trainer()
    found.model.initialize(0)
    for rows, more in (([3], ""), ([3, 7, 9], " and 2 more")):
        labels = Y.astype(float)
        labels[rows] = np.nan
        labels = labels.reshape(form)
        refused(found, ValueError, lambda y=labels: found.evaluate(X, y), "label", "nan", f"row 3{more}")


def test_f06_amounts_with_gaps_are_no_labels():
    found = trainer()
    found.model.initialize(0)
    amounts = np.where(np.arange(20) == 3, np.nan, X[:, 0])
    refused(found, TypeError, lambda: found.fit(X, amounts, epochs=1, progress=False), "mean_squared_error")


# ---- K04: what is wrong with the validation is told of the validation ---------------------------------------------------


@pytest.mark.parametrize(
    ("given", "mentions"),
    [
        ((X[:1], np.array([2])), ("`validation_data[1]` of labels from 0 to 1", "2 in row 0")),
        ((X[:1, :1], Y[:1]), ("`validation_data[0]` of shape (rows, 2)",)),
        ((X, Y[:3]), ("`validation_data[1]` with one entry for each of the 20 rows",)),
        ((None, Y), ("`validation_data[0]` to be an array",)),
        ((TOO_LARGE, Y), ("`validation_data[0]` of numbers", "row 3, column 1")),
        ((X, Y.astype(float)), ("`validation_data[1]` of integer class numbers",)),
        ((X, np.where(Y == 1, np.nan, 0)), ("`validation_data[1]` with a label for each row", "row 1")),
        ((X, Y, -np.ones(20)), ("`validation_data[2]` of finite numbers from 0",)),
    ],
)
def test_f08_faults_of_the_validation_name_its_place(given, mentions):
    found = trainer()
    found.model.initialize(0)
    call = {"epochs": 1, "progress": False, "validation_data": given}
    refused(found, (ValueError, TypeError), lambda: found.fit(X, Y, **call), *mentions)


# ---- K24: what can be set takes effect or is refused ----------------------------------------------------------------------


PARTS = {"optimizer": optim.Adam(0.1), "loss": "focal_loss", "metrics": {}, "model": network(), "seed": 3, "epoch": 7}


@pytest.mark.parametrize("name", PARTS)
def test_f47_what_a_trainer_was_made_of_cannot_be_replaced(name):
    found = trainer(optimizer=optim.SGD(0.01), metrics=["accuracy"])
    with pytest.raises(
        AttributeError, match=rf"Trainer: expected `{name}` to stay as it is, got .*Trainer\(trainer.model"
    ):
        setattr(found, name, PARTS[name])
    with pytest.raises(TypeError):
        found.metrics["f1"] = found.metrics["accuracy"]
    with pytest.raises(AttributeError, match=r"expected `optimizer.learning_rate` to be set"):
        found.learning_rate = 0.1
    found.note = "one's own"
    again = trainer(optimizer=optim.SGD(0.01), metrics=["accuracy"])
    assert found.fit(X, Y, epochs=2, progress=False)["loss"] == again.fit(X, Y, epochs=2, progress=False)["loss"]


def test_f47_another_trainer_goes_on_from_the_same_weights():
    first = trainer(optimizer=optim.SGD(0.01))
    first.fit(X, Y, epochs=1, progress=False)
    loss = first.evaluate(X, Y)["loss"]
    second = tg.Trainer(first.model, "cross_entropy", optim.Adam(0.1))
    assert second.evaluate(X, Y)["loss"] == loss
    history = second.fit(X, Y, epochs=1, progress=False)
    assert (history["learning_rate"], second.evaluate(X, Y)["loss"] != loss) == ([0.1], True)


def test_f47_settings_of_a_loss_cannot_be_changed_and_those_of_an_optimizer_take_effect():
    loss = losses.CrossEntropy()
    for name in ("label_smoothing", "reduction", "ignore_index"):
        with pytest.raises(AttributeError, match=f"CrossEntropy: cannot change `{name}`"):
            setattr(loss, name, 0.5)
    found = trainer(optimizer=optim.SGD(0.01))
    found.fit(X, Y, epochs=1, progress=False)
    before = found.model.state_dict()
    found.optimizer.learning_rate = 0.0
    found.fit(X, Y, epochs=1, progress=False)
    assert all((before[name] == value).all() for name, value in found.model.state_dict().items())


# ---- K05: rows that the loss ignores ---------------------------------------------------------------------------------------


ALL_METRICS = ["accuracy", "f1", "balanced_accuracy", "log_loss", "cohen_kappa", "expected_calibration_error"]


def ignoring(ignored, *more, optimizer="adam"):
    """A trainer whose model says the class of a unit vector, and whose loss ignores a class."""
    model = nn.Sequential(nn.Dense(3, 3, bias=False))
    model.initialize(0)
    model.parameters()[0][...] = 3 * np.eye(3)
    loss = losses.CrossEntropy(ignore_index=ignored)
    return tg.Trainer(model, loss, optimizer, metrics=[*ALL_METRICS, *more])


def errors(y_true, y_pred, sample_weight=None):
    """The weight of the rows that are wrong."""
    return float(np.sum((y_true != y_pred) * (1 if sample_weight is None else sample_weight)))


def greatest(prediction, target):
    """A metric by rows that a trace adds up."""
    return prediction[:, 0]


@pytest.mark.parametrize("ignored", [2, -100])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [2, 5])
def test_f10_ignored_rows_have_no_place_in_any_metric(ignored, weighted, batch_size):
    rows = np.eye(3)[[0, 1, 2, 0, 1, 0, 1]]
    labels = np.array([0, 1, ignored, ignored, ignored, 1, 0])
    kept, weight = labels != ignored, np.arange(1.0, 8.0)
    found = ignoring(ignored, errors, metrics.custom(greatest))

    def seen(places):
        settings = {"sample_weight": weight[places]} if weighted else {}
        return found.evaluate(rows[places], labels[places], batch_size=batch_size, **settings)

    everything, only_kept = seen(np.arange(7)), seen(kept)
    assert everything == pytest.approx(only_kept, rel=1e-6)
    assert only_kept["accuracy"] == pytest.approx(3 / 16 if weighted else 0.5, rel=1e-6)
    assert found.score(rows, labels) == 0.5


@pytest.mark.parametrize("optimizer", ["adam", optim.AdamW(0.1, weight_decay=0.1), optim.SGD(0.1, momentum=0.9)])
def test_f09_where_all_rows_are_ignored_the_loss_is_zero_and_nothing_moves(optimizer):
    rows, labels = np.eye(3), np.array([0, 1, 2])
    found = ignoring(2, errors, optimizer=optimizer)
    found.fit(rows, labels, epochs=2, progress=False)
    before, steps = [array.tobytes() for array in found.model.parameters()], found.step
    with pytest.warns(tg.train.TrainingWarning, match="every label is 2, which .* ignores") as said:
        history = found.fit(rows, np.full(3, 2), epochs=2, batch_size=2, progress=False)
    assert len(said) == 1
    assert history["loss"] == [0.0, 0.0]
    assert np.isnan(history["accuracy"]).all()
    assert np.isnan(history["errors"]).all()
    assert [array.tobytes() for array in found.model.parameters()] == before
    assert found.step == steps
    with pytest.warns(tg.train.TrainingWarning, match="every label is 2"):
        seen = found.evaluate(rows, np.full(3, 2))
    assert seen["loss"] == 0.0
    assert all(np.isnan(value) for name, value in seen.items() if name != "loss")


# ---- K09 and K10: the direction of what is watched, and its name, are known before the first epoch --------------------------


class Script(metrics.WholeMetric):
    """A metric that says what it was told to say, epoch by epoch."""

    name = "script"

    def __init__(self, values, greater_is_better):
        self._values, self.greater_is_better = iter(values), greater_is_better

    def whole(self, predictions, target, weight):
        return next(self._values)


def watching(monitor, *given, wrapped=lambda plateau: plateau, **settings):
    """A trainer whose rate falls by a plateau of this metric."""
    plateau = schedules.Plateau(0.01, monitor=monitor, patience=1, **settings)
    return trainer(optimizer=optim.SGD(wrapped(plateau)), metrics=given)


@pytest.mark.parametrize(("greater", "mode"), [(True, None), (False, "max"), (None, "max")])
def test_f16_a_plateau_asks_the_metric_which_is_better(greater, mode):
    rising = Script([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], greater)
    history = watching("script", rising, mode=mode).fit(X, Y, epochs=6, progress=False)
    assert history["learning_rate"] == [0.01] * 6


@pytest.mark.parametrize(("greater", "mode"), [(False, None), (True, "min"), (None, "min")])
def test_f16_a_plateau_falls_where_the_metric_gets_worse(greater, mode):
    rising = Script([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], greater)
    history = watching("script", rising, mode=mode).fit(X, Y, epochs=6, progress=False)
    assert history["learning_rate"][0] == 0.01
    assert history["learning_rate"][-1] < 0.0011


def test_f16_every_metric_of_the_library_says_which_is_better():
    from tilegrad.metrics.choice import NAMED

    greater = {name: made().greater_is_better for name, made in NAMED.items()}
    assert set(greater.values()) == {True, False}
    for name, known in greater.items():
        is_error = any(
            word in name for word in ("error", "loss", "deviance", "brier", "hamming", "hinge", "pinball", "ece")
        )
        is_error |= name in ("mse", "rmse", "mae", "mape", "smape", "msle", "rmsle")
        assert known != (is_error and not name.startswith("d2")), name


def bias(y_true, y_pred):
    """A metric of which neither more nor less is better."""
    return float(np.mean(y_pred - y_true))


WATCHING = {
    "EarlyStopping": {"callbacks": tg.train.EarlyStopping("bias")},
    "ModelCheckpoint": {"callbacks": tg.train.ModelCheckpoint("never", best_only=True, monitor="bias")},
    "patience": {"patience": 2, "monitor": "bias"},
    "Plateau": {},
}


@pytest.mark.parametrize("watcher", WATCHING)
@pytest.mark.parametrize(
    "metric", [bias, metrics.custom(bias, whole=True), metrics.custom(lambda p, t: p, name="bias")]
)
def test_f16_a_metric_of_ones_own_must_state_its_direction_to_be_watched(watcher, metric):
    found = watching("bias", metric) if watcher == "Plateau" else trainer(metrics=[metric])
    found.model.initialize(0)
    call = {"epochs": 2, "progress": False} | WATCHING[watcher]
    refused(found, ValueError, lambda: found.fit(X, Y, **call), "`mode`", "'bias'", "greater_is_better")


def test_f16_functions_of_scikit_learn_say_by_their_names_which_is_better():
    scikit = pytest.importorskip("sklearn.metrics")
    found = metrics.metrics_for([scikit.accuracy_score, scikit.log_loss, bias, "fowlkes_mallows_score"])
    assert [metric.greater_is_better for metric in found.values()] == [True, False, None, True]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda plateau: plateau,
        lambda plateau: 0.5 * plateau,
        lambda plateau: schedules.Warmup(plateau, steps=100),
        lambda plateau: schedules.sequence([schedules.Constant(0.1), plateau], [50]),
    ],
)
@pytest.mark.parametrize("monitor", ["val_los", "val_loss", "acuracy", "seconds"])
def test_f17_a_plateau_with_a_misspelt_monitor_is_refused_before_the_first_epoch(wrapped, monitor):
    found = watching(monitor, "accuracy", wrapped=wrapped)
    found.model.initialize(0)
    call = {"epochs": 3, "progress": False}
    refused(
        found, ValueError, lambda: found.fit(X, Y, **call), "Plateau: expected `monitor`", monitor, "loss, accuracy"
    )


# ---- K14, K16 and K18: what a training should not go on about in silence -----------------------------------------------------


def normalized_fit(epochs, **settings):
    """A network with batch normalisation, trained with one update an epoch."""
    model = nn.Sequential(nn.Dense(2, 4), nn.BatchNorm(4, **settings), nn.ReLU(), nn.Dense(4, 2))
    found = tg.Trainer(model, "cross_entropy", "adam")
    return lambda: found.fit(X, Y, batch_size="full", epochs=epochs, progress=False)


@pytest.mark.parametrize(("settings", "needed"), [({"style": "keras"}, 300), ({}, 30), ({"momentum": 0.5}, 6)])
def test_f23_too_few_updates_for_running_statistics_are_warned_of(settings, needed):
    with pytest.warns(
        tg.train.TrainingWarning, match=rf"BatchNorm '1' follow {needed - 1} updates, and need about {needed}"
    ):
        normalized_fit(needed - 1, **settings)()
    normalized_fit(needed, **settings)()


@pytest.mark.parametrize("patience", [None, 30])
def test_f27_the_best_weights_come_back_from_numbers_that_are_not_finite(patience):
    rates = schedules.PiecewiseConstant([0.3, 1.5, 1e30], [10, 17])
    found = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", optim.SGD(rates), seed=0)
    seen = []

    def keep(trained, epoch, metrics):
        seen.append((metrics["loss"], [array.tobytes() for array in trained.model.parameters()]))

    column = X[:, :1]
    with pytest.raises(FloatingPointError) as caught:
        found.fit(
            column,
            3 * column,
            epochs=9,
            batch_size=4,
            progress=False,
            patience=patience,
            callbacks=keep,
            divergence=None,
        )
    weights = [array.tobytes() for array in found.model.parameters()]
    best = min(range(len(seen)), key=lambda epoch: seen[epoch][0])
    assert (weights == seen[best][1]) == (patience is not None)
    assert (f"the weights of the best epoch, {best + 1}, were brought back" in str(caught.value)) == (
        patience is not None
    )


def test_f30_classes_that_training_lacks_are_warned_of():
    labels = np.repeat(np.arange(5), 10)
    rows = np.eye(5)[labels]
    call = {"epochs": 1, "progress": False}

    def fit(y, loss="cross_entropy", **settings):
        found = tg.Trainer(nn.Sequential(nn.Dense(5, 1 if "binary" in loss else 5)), loss, "adam")
        return found.fit(rows, y, **call, **settings)

    said = r"class 4 is among the rows to evaluate on, and in none to train on; .*stratified"
    yes = (labels == 4).astype(float)
    for y in (labels, labels.astype(np.uint8), np.eye(5)[labels]):
        with pytest.warns(tg.train.TrainingWarning, match=said):
            fit(y, validation_split=0.2)
    with pytest.warns(tg.train.TrainingWarning, match="class 1 is among"):
        fit(yes, "binary_cross_entropy_with_logits", validation_split=0.2)
    with pytest.warns(tg.train.TrainingWarning, match="classes 3, 4 are among"):
        fit(np.minimum(labels, 2), validation_data=(rows, labels))
    fit(labels, validation_split=0.2, validation_from="stratified")
    fit(yes, "binary_cross_entropy_with_logits", validation_split=0.2, validation_from="random")


# ---- K25: forms that mean the same ----------------------------------------------------------------------------------------


def losses_of(x, y, loss="cross_entropy", outputs=2):
    """The losses of two epochs on data of some form."""
    return trainer(loss, outputs=outputs).fit(x, y, epochs=2, progress=False)["loss"]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_f48_the_byte_order_and_the_class_of_an_array_do_not_matter():
    plain = losses_of(X, Y)
    for x in (X.astype(">f8"), X.view(np.matrix)):
        assert losses_of(x, Y) == plain
    for labels in (Y.astype(">i8"), Y.astype(">u2")):
        assert losses_of(X, labels) == plain
    amounts = losses_of(X, X[:, 0], "mean_squared_error", 1)
    assert losses_of(X, X[:, 0].astype(">f8"), "mean_squared_error", 1) == amounts
    assert losses_of(X, X[:, :1].view(np.matrix), "mean_squared_error", 1) == amounts
    counts = (9 * X).astype(np.int16)
    assert losses_of(counts.astype(">i2"), Y) == losses_of(counts, Y)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u8", ">i4", "?"])
def test_f39_balanced_weights_take_integers_of_any_kind(dtype):
    rare = np.arange(20) % 5 == 0
    call = {"epochs": 2, "progress": False, "class_weight": "balanced"}
    plain = trainer().fit(X, rare.astype(np.int64), **call)["loss"]
    assert trainer().fit(X, rare.astype(dtype), **call)["loss"] == plain


def test_f39_balanced_weights_count_rows_of_shares_and_leave_ignored_ones_out():
    rare = (np.arange(20) % 5 == 0).astype(int)
    call = {"epochs": 1, "progress": False, "class_weight": "balanced"}
    by_hand = call | {"class_weight": [20 / (2 * 16), 20 / (2 * 4)]}
    rows = np.eye(2)[rare]
    assert trainer().fit(X, rows, **call)["loss"] == trainer().fit(X, rows, **by_hand)["loss"]
    gaps = np.where(np.arange(20) < 5, -100, rare)
    by_hand |= {"class_weight": [15 / (2 * 12), 15 / (2 * 3)]}
    loss = losses.CrossEntropy(ignore_index=-100)
    assert trainer(loss).fit(X, gaps, **call)["loss"] == trainer(loss).fit(X, gaps, **by_hand)["loss"]
    with pytest.raises(ValueError, match="\"balanced\", got 'equal'"):
        trainer().fit(X, rare, **call | {"class_weight": "equal"})

"""Metrics of one's own: a mean over rows in the compiled step, and a function of all rows at the end of an epoch."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, metrics, nn, optim


def trainer_of(kind, given, dtype="float64", columns=4):
    loss = {"classes": losses.CrossEntropy, "amounts": losses.MeanSquaredError}[kind]()
    model = nn.Sequential(nn.Dense(5, columns, dtype=dtype))
    return tg.Trainer(model, loss, optim.SGD(learning_rate=0.1), metrics=given)


@pytest.fixture(scope="module")
def scikit():
    return pytest.importorskip(
        "sklearn.metrics", reason='scikit-learn is not installed: pip install "tilegrad[sklearn]" to compare with it'
    )


def column_error(prediction, target):
    return abs(prediction - target)


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("columns", [1, 3])
def test_a_mean_over_rows_of_ones_own_is_the_metric_of_the_same_formula(columns, weighted):
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((61, 5)), generator.standard_normal((61, columns))
    weight = generator.uniform(0, 2, 61) if weighted else None
    trainer = trainer_of("amounts", [metrics.custom(column_error), "mean_absolute_error"], columns=columns)
    for size in (1, 7, 61):
        found = trainer.evaluate(x, y, batch_size=size, sample_weight=weight)
        assert found["column_error"] == pytest.approx(found["mean_absolute_error"], rel=1e-12)


def test_a_mean_over_rows_of_ones_own_gets_logits_and_labels():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((61, 5)), generator.integers(0, 4, 61)

    @metrics.custom
    def smoothed(prediction, target):
        return tg.functional.cross_entropy(prediction, target, label_smoothing=0.1, reduction="none")

    trainer = trainer_of("classes", [smoothed], dtype="float32")
    expected = tg.functional.cross_entropy(trainer.model.predict(x), y, label_smoothing=0.1)
    assert trainer.evaluate(x, y, batch_size=7)["smoothed"] == pytest.approx(float(expected), rel=1e-6)
    history = trainer.fit(x, y, epochs=2, validation_data=(x, y), progress=False)
    assert history["val_smoothed"][-1] < history["val_smoothed"][0]


def test_a_metric_of_all_rows_of_ones_own(scikit):
    generator = np.random.default_rng(0)
    x, y, weight = generator.standard_normal((61, 5)), generator.integers(0, 4, 61), generator.uniform(0, 2, 61)
    sure = metrics.custom(lambda y_true, y_score: y_score.max(axis=1).mean(), name="sure", whole=True)
    given = [sure, metrics.custom(scikit.accuracy_score, whole=True, greater_is_better=True), scikit.log_loss]
    trainer = trainer_of("classes", [*given, "accuracy"])
    found = trainer.evaluate(x, y, sample_weight=weight)
    probabilities = trainer.predict_proba(x)
    assert found["sure"] == pytest.approx(probabilities.max(axis=1).mean())
    assert found["accuracy_score"] == pytest.approx(found["accuracy"])
    # By the name of its second argument a function gets classes or probabilities, and weights if it takes them.
    assert found["log_loss"] == pytest.approx(scikit.log_loss(y, probabilities, sample_weight=weight))


def test_early_stopping_knows_which_way_a_metric_of_ones_own_goes():
    x, y = np.zeros((8, 5)), np.zeros(8)
    for greater, epochs in ((True, 10), (False, 3)):
        count = iter(range(100))
        rising = metrics.custom(
            lambda y_true, y_pred, count=count: next(count), name="rising", whole=True, greater_is_better=greater
        )
        trainer = trainer_of("amounts", [rising], columns=1)
        history = trainer.fit(x, y, epochs=10, patience=2, monitor="rising", progress=False)
        assert history.epochs == epochs


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda p, y: 1.0, TypeError, "a tensor, got float"),
        (lambda p, y: (p - y).sum(), ValueError, r"a value for each of 4 rows, got shape \(\)"),
        (lambda p, y: (p - y)[:2], ValueError, r"a value for each of 4 rows, got shape \(2, 1\)"),
    ],
)
def test_a_function_that_gives_no_value_for_each_row_is_refused(function, error, message):
    trainer = trainer_of("amounts", [metrics.custom(function, name="own")], columns=1)
    with pytest.raises(error, match=rf"^own: expected the function to return {message}"):
        trainer.evaluate(np.ones((4, 5)), np.arange(4.0))
    for wrong in (3, metrics.F1):
        with pytest.raises(TypeError, match="custom: expected `function` to be a function"):
            metrics.custom(wrong)


@pytest.mark.parametrize("value", [None, "a", 1j, np.ones(3), [1.0, 2.0], {}], ids=repr)
def test_what_a_function_of_all_rows_returns_must_be_a_number(value):
    trainer = trainer_of("amounts", [metrics.custom(lambda y_true, y_pred: value, name="own", whole=True)], columns=1)
    with pytest.raises(TypeError, match="own: expected the function to return a number, got"):
        trainer.evaluate(np.zeros((4, 5)), np.zeros(4))


@pytest.mark.parametrize("name", ["loss", "val_loss", "val_accuracy", "learning_rate", "seconds"])
def test_a_metric_does_not_take_the_name_of_another_value_of_the_history(name):
    with pytest.raises(ValueError, match=f"Trainer: expected `metrics` with names of their own, got '{name}'"):
        metrics.metrics_for([metrics.custom(lambda prediction, target: prediction - target, name=name)])


@pytest.mark.parametrize("setting", [{"name": 3}, {"name": ""}, {"greater_is_better": 1}, {"whole": "yes"}], ids=repr)
def test_settings_of_a_metric_of_ones_own_are_checked(setting):
    with pytest.raises(TypeError, match=f"custom: expected `{next(iter(setting))}` to be"):
        metrics.custom(lambda prediction, target: prediction - target, **setting)

"""Metrics: golden numbers, scikit-learn's values, and the same value for any division into batches."""

import inspect

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, metrics, nn, optim

Y = np.array([3.0, -0.5, 2.0, 7.0])
P = np.array([2.5, 0.0, 2.0, 8.0])
POSITIVE_Y, POSITIVE_P = np.array([3, 0.5, 2, 7.0]), np.array([2.5, 0.4, 2, 8.0])
CLASSES, SAID = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 0])


def random_amounts(rows=67, columns=1, positive=False, seed=0, dtype=np.float64):
    generator = np.random.default_rng(seed)
    y = generator.gamma(2.0, 1.0, (rows, columns)) if positive else generator.standard_normal((rows, columns))
    p = np.abs(y + 0.3 * generator.standard_normal((rows, columns))) + 0.05 if positive else y * 0.8 + 0.1
    p = p + 0.2 * generator.standard_normal((rows, columns)) * (not positive)
    return p.astype(dtype), y.astype(dtype), generator.uniform(0, 2, rows) * (generator.random(rows) > 0.1)


def random_classes(rows=83, classes=4, seed=0, dtype=np.float64):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, rows)
    scores = generator.standard_normal((rows, classes)) + 1.5 * np.eye(classes)[y]
    return scores.astype(dtype), y, generator.uniform(0, 2, rows) * (generator.random(rows) > 0.1)


# ---- golden numbers ------------------------------------------------------------------------------------------------


@pytest.mark.covers("V1: regression", "conventions:MSE", "conventions:RMSE", "conventions:MAE", "conventions:R²")
@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("mean_squared_error", {}, 0.375),
        ("root_mean_squared_error", {}, 0.6123724357),
        ("mean_absolute_error", {}, 0.5),
        ("median_absolute_error", {}, 0.5),
        ("max_error", {}, 1.0),
        ("r2", {}, 0.948608137),
        ("explained_variance", {}, 0.9571734475),
        ("mean_absolute_percentage_error", {}, 0.3273809524),
        ("adjusted_r2", {"predictors": 1}, 0.9229122055674519),
        ("d2_absolute", {}, 0.7647058824),
        ("symmetric_mean_absolute_percentage_error", {}, 0.5787878787878787),
        ("pearson", {}, 0.9848696184482703),
        ("mean_pinball_loss", {"alpha": 0.9}, 0.15),
    ],
)
def test_golden_numbers_of_amounts(name, settings, expected):
    decimals = len(str(expected).split(".")[1])
    assert getattr(metrics, name)(P, Y, **settings) == pytest.approx(expected, abs=max(0.6 * 10**-decimals, 2e-15))


@pytest.mark.covers("V1: regression", "S11: pinball loss")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean_squared_log_error", 0.00911587315517309),
        ("mean_poisson_deviance", 0.0619083488336552),
        ("mean_gamma_deviance", 0.026533142258179043),
    ],
)
def test_golden_numbers_of_positive_amounts(name, expected):
    assert getattr(metrics, name)(POSITIVE_P, POSITIVE_Y) == pytest.approx(expected, rel=1e-13)


@pytest.mark.covers(
    "V3: classification",
    "conventions:accuracy",
    "conventions:F1",
    "conventions:MCC",
    "conventions:kappa",
    "conventions:0-1",
)
def test_golden_numbers_of_classes():
    assert metrics.accuracy(SAID, CLASSES) == pytest.approx(0.6667, abs=5e-5)
    assert metrics.f1(SAID, CLASSES, average="macro") == pytest.approx(0.655556, abs=5e-7)
    assert metrics.matthews_correlation(SAID, CLASSES) == pytest.approx(0.522233, abs=5e-7)
    assert metrics.cohen_kappa(SAID, CLASSES) == pytest.approx(0.5, rel=1e-14)
    assert metrics.zero_one_loss(SAID, CLASSES) == pytest.approx(0.3333, abs=5e-5)


# ---- scikit-learn's values -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scikit():
    return pytest.importorskip(
        "sklearn.metrics", reason='scikit-learn is not installed: pip install "tilegrad[sklearn]" to compare with it'
    )


AMOUNTS = {
    "mean_squared_error": ("mean_squared_error", {}),
    "root_mean_squared_error": ("root_mean_squared_error", {}),
    "mean_absolute_error": ("mean_absolute_error", {}),
    "r2": ("r2_score", {}),
    "explained_variance": ("explained_variance_score", {}),
    "mean_absolute_percentage_error": ("mean_absolute_percentage_error", {}),
    "mean_pinball_loss": ("mean_pinball_loss", {"alpha": 0.3}),
    "median_absolute_error": ("median_absolute_error", {}),
    "d2_absolute": ("d2_absolute_error_score", {}),
    "d2_pinball": ("d2_pinball_score", {"alpha": 0.2}),
}
POSITIVE = {
    "mean_squared_log_error": ("mean_squared_log_error", {}),
    "root_mean_squared_log_error": ("root_mean_squared_log_error", {}),
    "mean_poisson_deviance": ("mean_poisson_deviance", {}),
    "mean_gamma_deviance": ("mean_gamma_deviance", {}),
    "mean_tweedie_deviance": ("mean_tweedie_deviance", {"power": 1.5}),
    "d2_tweedie": ("d2_tweedie_score", {"power": 1.5}),
}


@pytest.mark.covers(
    "V1: regression", "conventions:EV", "conventions:MAPE", "conventions:MSLE", "conventions:pinball", "conventions:D²"
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [*AMOUNTS, *POSITIVE])
def test_amounts_are_those_of_scikit_learn(scikit, name, weighted):
    theirs, settings = {**AMOUNTS, **POSITIVE}[name]
    columns = 3 if name in AMOUNTS else 1
    p, y, weight = random_amounts(columns=columns, positive=name in POSITIVE)
    extra = {"sample_weight": weight} if weighted else {}
    expected = getattr(scikit, theirs)(y.squeeze(), p.squeeze(), **settings, **extra)
    assert getattr(metrics, name)(p, y, **settings, **extra) == pytest.approx(expected, rel=1e-12)


@pytest.mark.covers("V1: regression", "conventions:deviances")
@pytest.mark.parametrize("power", [0, 1, 1.3, 2, 3, -1])
def test_deviances_of_each_power_are_those_of_scikit_learn(scikit, power):
    p, y, weight = random_amounts(positive=True)
    for ours, theirs in (("mean_tweedie_deviance",) * 2, ("d2_tweedie", "d2_tweedie_score")):
        expected = getattr(scikit, theirs)(y[:, 0], p[:, 0], power=power, sample_weight=weight)
        assert getattr(metrics, ours)(p, y, power=power, sample_weight=weight) == pytest.approx(expected, rel=1e-11)


@pytest.mark.covers("V1: regression")
@pytest.mark.parametrize("name", ["r2", "explained_variance", "d2_tweedie"])
def test_constant_targets_explain_all_or_nothing(scikit, name):
    y = np.full(5, 3.3)
    assert getattr(metrics, name)(y, y) == 1.0
    assert getattr(metrics, name)(y + np.arange(5), y) == 0.0


@pytest.mark.covers("V1: regression")
def test_concordance_is_lins_formula():
    p, y, _ = random_amounts()
    covariance = np.cov(p[:, 0], y[:, 0], bias=True)
    expected = 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (p.mean() - y.mean()) ** 2)
    assert metrics.concordance(p, y) == pytest.approx(expected, rel=1e-12)
    assert metrics.pearson(p, y) == pytest.approx(np.corrcoef(p[:, 0], y[:, 0])[0, 1], rel=1e-12)


BY_CLASS = {
    "accuracy": ("accuracy_score", {}),
    "zero_one_loss": ("zero_one_loss", {}),
    "balanced_accuracy": ("balanced_accuracy_score", {}),
    "matthews_correlation": ("matthews_corrcoef", {}),
    "cohen_kappa": ("cohen_kappa_score", {}),
    "hamming_loss": ("hamming_loss", {}),
}


@pytest.mark.covers(
    "V3: classification",
    "conventions:balanced accuracy",
    "conventions:hamming/jaccard",
    "conventions:sample weights in all",
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_classes_are_those_of_scikit_learn(scikit, classes, weighted):
    scores, y, weight = random_classes(classes=classes)
    said = scores.argmax(axis=1)
    extra = {"sample_weight": weight} if weighted else {}
    for name, (theirs, settings) in BY_CLASS.items():
        expected = getattr(scikit, theirs)(y, said, **settings, **extra)
        for prediction in (scores, said):
            assert getattr(metrics, name)(prediction, y, **extra) == pytest.approx(expected, rel=1e-12), name


@pytest.mark.covers("V3: classification", "conventions:precision", "conventions:recall", "conventions:F1")
@pytest.mark.parametrize("average", ["binary", "macro", "micro", "weighted"])
@pytest.mark.parametrize("seed", [0, 1])
def test_averages_are_those_of_scikit_learn(scikit, average, seed):
    classes = 2 if average == "binary" else 5
    # Few rows: some class is missing from the truth, or is never predicted.
    scores, y, weight = random_classes(rows=12, classes=classes, seed=seed)
    said = scores.argmax(axis=1)
    for name, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1"), ("f_beta", "fbeta"), ("jaccard",) * 2):
        settings = {"beta": 0.5} if name == "f_beta" else {}
        function = getattr(scikit, f"{theirs}_score")
        expected = function(y, said, average=average, zero_division=0, sample_weight=weight, **settings)
        ours = getattr(metrics, name)(scores, y, average=average, sample_weight=weight, **settings)
        assert ours == pytest.approx(expected, rel=1e-12), name


@pytest.mark.covers(
    "V3: classification",
    "conventions:log loss",
    "conventions:Brier",
    "conventions:top-k",
    "conventions:ROC-AUC",
    "conventions:PR-AUC",
)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_asks_how_sure_the_model_is(scikit, weighted):
    scores, y, weight = random_classes(classes=4)
    extra = {"sample_weight": weight} if weighted else {}
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    pairs = {
        "log_loss": scikit.log_loss(y, p, **extra),
        "brier_score": scikit.brier_score_loss(y, p, **extra),
        "top_k_accuracy": scikit.top_k_accuracy_score(y, p, k=2, **extra),
        "roc_auc": scikit.roc_auc_score(y, p, multi_class="ovr"),
        "average_precision": scikit.average_precision_score(np.eye(4)[y], p),
        "hinge_loss": scikit.hinge_loss(y, scores, **extra),
    }
    for name, expected in pairs.items():
        settings = {"k": 2} if name == "top_k_accuracy" else {}
        given = {} if name in ("roc_auc", "average_precision") else extra
        assert getattr(metrics, name)(scores, y, **settings, **given) == pytest.approx(expected, rel=1e-11), name
        if name != "hinge_loss":
            ours = getattr(metrics, name)(p, y, output="probabilities", **settings, **given)
            assert ours == pytest.approx(expected, rel=1e-11), name


@pytest.mark.covers("V3: classification")
@pytest.mark.parametrize("weighted", [False, True])
def test_a_single_column_is_yes_or_no(scikit, weighted):
    scores, y, weight = random_classes(classes=2)
    extra = {"sample_weight": weight} if weighted else {}
    logit = scores[:, 1] - scores[:, 0]
    p = 1 / (1 + np.exp(-logit))
    pairs = {
        "log_loss": scikit.log_loss(y, p, **extra),
        "brier_score": scikit.brier_score_loss(y, p, **extra),
        "roc_auc": scikit.roc_auc_score(y, p, **extra),
        "average_precision": scikit.average_precision_score(y, p, **extra),
        "f1": scikit.f1_score(y, logit > 0, **extra),
        "hinge_loss": scikit.hinge_loss(y, logit, **extra),
    }
    for name, expected in pairs.items():
        for target in (y, y.astype(float), y[:, None]):
            assert getattr(metrics, name)(logit, target, **extra) == pytest.approx(expected, rel=1e-11), name
        assert getattr(metrics, name)(logit[:, None], y, **extra) == pytest.approx(expected, rel=1e-11), name


@pytest.mark.covers("V3: classification")
def test_several_labels_at_once(scikit):
    generator = np.random.default_rng(2)
    y = generator.integers(0, 2, (60, 3))
    logits = generator.standard_normal((60, 3)) + y
    said = (logits > 0).astype(int)
    assert metrics.accuracy(logits, y) == pytest.approx(scikit.accuracy_score(y, said))
    assert metrics.hamming_loss(logits, y) == pytest.approx(scikit.hamming_loss(y, said))
    assert metrics.hamming_loss(said, y) == pytest.approx(scikit.hamming_loss(y, said))
    for average in ("macro", "micro", "weighted"):
        expected = scikit.f1_score(y, said, average=average)
        assert metrics.f1(logits, y, average=average) == pytest.approx(expected)
    assert metrics.roc_auc(logits, y) == pytest.approx(scikit.roc_auc_score(y, logits))


@pytest.mark.covers("V3: classification", "conventions:confusion matrix", "conventions:classification_report")
def test_tables_and_curves(scikit):
    scores, y, weight = random_classes(classes=3)
    said = scores.argmax(axis=1)
    np.testing.assert_array_equal(metrics.confusion_matrix(scores, y), scikit.confusion_matrix(y, said))
    for ours, theirs in (("true", "true"), ("prediction", "pred"), ("all", "all")):
        np.testing.assert_allclose(
            metrics.confusion_matrix(said, y, normalize=ours, sample_weight=weight),
            scikit.confusion_matrix(y, said, normalize=theirs, sample_weight=weight),
        )
    table = scikit.classification_report(y, said, output_dict=True)
    text = metrics.classification_report(scores, y, names=["a", "b", "c"])
    assert f"{table['macro avg']['f1-score']:.4f}" in text
    assert text.splitlines()[1].split()[1:4] == [
        f"{table['0'][key]:.4f}" for key in ("precision", "recall", "f1-score")
    ]
    binary, labels, _ = random_classes(classes=2)
    ours = metrics.roc_curve(binary, labels)
    theirs = scikit.roc_curve(labels, binary[:, 1] - binary[:, 0], drop_intermediate=False)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other)
    precision, recall, _ = metrics.precision_recall_curve(binary, labels)
    p, r, _ = scikit.precision_recall_curve(labels, binary[:, 1] - binary[:, 0])
    np.testing.assert_allclose(precision[::-1], p[-1 - len(precision) : -1])
    np.testing.assert_allclose(recall[::-1], r[-1 - len(recall) : -1])


@pytest.mark.covers("V3: classification")
def test_calibration_is_the_gap_between_sureness_and_truth():
    generator = np.random.default_rng(0)
    p = generator.uniform(0.5, 1, 20000)
    right = generator.random(20000) < p
    rows = np.stack([p, 1 - p], axis=1)
    assert metrics.expected_calibration_error(rows, (~right).astype(int), output="probabilities") < 0.02
    overconfident = np.stack([np.full(10, 0.95), np.full(10, 0.05)], axis=1)
    target = np.array([0] * 5 + [1] * 5)
    assert metrics.expected_calibration_error(overconfident, target, output="probabilities") == pytest.approx(0.45)
    sure, truth, rows = metrics.calibration_curve(overconfident, target, output="probabilities")
    np.testing.assert_allclose((sure, truth, rows), ([0.95], [0.5], [10]))


# ---- in a trainer --------------------------------------------------------------------------------------------------

LOSSES = {"classes": losses.CrossEntropy, "amounts": losses.MeanSquaredError}
SUMMED = [kind for kind in metrics.functions.NAMED.values() if not issubclass(kind, metrics.WholeMetric)]


def trainer_of(kind, given, dtype="float64", columns=4):
    model = nn.Sequential(nn.Dense(5, columns, dtype=dtype))
    return tg.Trainer(model, LOSSES[kind](), optim.SGD(learning_rate=0.1), metrics=given)


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["classes", "amounts"])
def test_evaluate_gives_the_metric_of_all_rows_whatever_the_batches(kind, weighted):
    names = [each.name for each in metrics.functions.NAMED.values() if each.kind == kind]
    generator = np.random.default_rng(0)
    x = generator.standard_normal((61, 5))
    if kind == "classes":
        y = generator.integers(0, 4, 61)
        trainer = trainer_of(kind, names)
    else:
        y = generator.gamma(2.0, 1.0, (61, 2))
        trainer = trainer_of(kind, names, columns=2)
        # Predictions above 0, so that every deviance exists.
        trainer.model[0].bias.value = np.array([9.0, 8.0])
    weight = generator.uniform(0.1, 2, 61) if weighted else None
    output = trainer.model.predict(x)
    whole = trainer.evaluate(x, y, batch_size="full", sample_weight=weight)
    for name in names:
        settings = {"predictors": 5} if name == "adjusted_r2" else {}
        expected = getattr(metrics, name)(output, y, sample_weight=weight, **settings)
        assert whole[name] == pytest.approx(expected, rel=1e-12), name
    for size in (1, 7, 60, 256):
        batched = trainer.evaluate(x, y, batch_size=size, sample_weight=weight)
        for name, value in whole.items():
            assert batched[name] == pytest.approx(value, rel=1e-10), (name, size)


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
def test_metrics_of_an_epoch_are_those_of_its_rows():
    """At a learning rate of next to nothing the weights stay, and training sees what evaluate sees."""
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((50, 5)), generator.integers(0, 4, 50)
    names = ["accuracy", "f1", "log_loss", "cohen_kappa", "roc_auc"]
    model = nn.Sequential(nn.Dense(5, 4, dtype="float64"))
    trainer = tg.Trainer(model, "cross_entropy", optim.SGD(learning_rate=1e-15), metrics=names)
    history = trainer.fit(x, y, batch_size=8, epochs=1, validation_data=(x[:20], y[:20]), progress=False)
    results = trainer.evaluate(x, y)
    assert list(results) == ["loss", *names]
    for name in results:
        assert history[name][0] == pytest.approx(results[name], rel=1e-9), name
        assert history[f"val_{name}"][0] == pytest.approx(trainer.evaluate(x[:20], y[:20])[name], rel=1e-9)


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
def test_single_precision_sums_do_not_lose_digits():
    """A million rows of the same error: sums in single precision would be off by percents."""
    y = np.full(1_000_000, 0.1, np.float32)
    assert metrics.mean_absolute_error(np.zeros_like(y), y) == pytest.approx(float(np.float32(0.1)), rel=1e-12)


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
def test_what_counts_not_at_all_is_as_if_it_were_not_there():
    scores, y, _ = random_classes()
    weight = np.r_[np.ones(40), np.zeros(len(y) - 40)]
    broken = scores.copy()
    broken[40:] = np.nan
    for kind in SUMMED:
        if kind.kind == "classes":
            function = getattr(metrics, kind.name)
            assert function(broken, y, sample_weight=weight) == pytest.approx(function(scores[:40], y[:40]), rel=1e-12)
    p, true, _ = random_amounts(rows=len(y), positive=True)
    p[40:] = np.nan
    for kind in SUMMED:
        if kind.kind == "amounts":
            function, extra = getattr(metrics, kind.name), {"predictors": 2} if "adjusted" in kind.name else {}
            expected = function(p[:40], true[:40], **extra)
            assert function(p, true, sample_weight=weight, **extra) == pytest.approx(expected, rel=1e-12), kind.name


@pytest.mark.covers("V3: classification")
def test_binary_losses_decide_by_their_own_threshold():
    x = np.array([[-2.0], [-0.1], [0.2], [3.0]])
    y = np.array([0, 1, 1, 1])
    for loss, layers in (("binary_cross_entropy_with_logits", []), ("binary_cross_entropy", [nn.Sigmoid()])):
        dense = nn.Dense(1, 1, dtype="float64")
        trainer = tg.Trainer(nn.Sequential(dense, *layers), loss, "sgd", metrics=["accuracy", "recall", "log_loss"])
        dense.weight.value, dense.bias.value = np.ones((1, 1)), np.zeros(1)
        results = trainer.evaluate(x, y.astype(float))
        assert results["accuracy"] == 0.75
        assert results["recall"] == pytest.approx(2 / 3)
        assert results["log_loss"] == pytest.approx(results["loss"], rel=1e-9)


@pytest.mark.covers("V3: classification")
def test_any_metric_of_scikit_learn_by_name_or_function(scikit):
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((60, 5)), generator.integers(0, 4, 60)
    names = ["roc_auc_ovr", "neg_log_loss", "fowlkes_mallows_score", "f1_macro", "d2_log_loss_score"]
    trainer = trainer_of("classes", [*names, scikit.matthews_corrcoef])
    weight = generator.uniform(0.5, 1, 60)
    results = trainer.evaluate(x, y, sample_weight=weight)
    logits = trainer.model.predict(x)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert results["neg_log_loss"] == pytest.approx(-scikit.log_loss(y, p, sample_weight=weight))
    plain = trainer.evaluate(x, y)
    assert plain["roc_auc_ovr"] == pytest.approx(scikit.roc_auc_score(y, p, multi_class="ovr"))
    assert plain["fowlkes_mallows_score"] == pytest.approx(scikit.fowlkes_mallows_score(y, p.argmax(axis=1)))
    assert plain["d2_log_loss_score"] == pytest.approx(scikit.d2_log_loss_score(y, p))
    assert plain["matthews_corrcoef"] == pytest.approx(scikit.matthews_corrcoef(y, p.argmax(axis=1)))
    amounts = trainer_of("amounts", ["neg_median_absolute_error", "max_error", "r2"], columns=1)
    results = amounts.evaluate(x, y.astype(float))
    expected = scikit.median_absolute_error(y, amounts.model.predict(x)[:, 0])
    assert results["neg_median_absolute_error"] == pytest.approx(-expected)


@pytest.mark.covers("V3: classification")
def test_counts_of_poisson_regression_are_judged_as_counts():
    model = nn.Sequential(nn.Dense(1, 1, dtype="float64"))
    trainer = tg.Trainer(model, losses.Poisson(), "sgd", metrics=["mae", "mean_poisson_deviance"])
    x, y = np.linspace(0, 1, 9)[:, None], np.arange(9.0)
    expected = np.exp(model.predict(x))[:, 0]
    assert trainer.evaluate(x, y)["mae"] == pytest.approx(np.abs(expected - y).mean())


# ---- wrong use -----------------------------------------------------------------------------------------------------


@pytest.mark.covers("V3: classification", "M1: cross-entropy on regression targets")
@pytest.mark.parametrize(
    ("kind", "metric", "words"),
    [
        ("classes", "mae", ["classes", "accuracy", "mean_absolute_error"]),
        ("classes", "r2", ["classes"]),
        ("amounts", "accuracy", ["amounts", "mae", "accuracy"]),
        ("amounts", "f1", ["amounts"]),
    ],
)
def test_metrics_know_what_they_go_with(kind, metric, words):
    trainer = trainer_of(kind, [metric], columns=4 if kind == "classes" else 1)
    x = np.ones((4, 5))
    y = np.arange(4) if kind == "classes" else np.arange(4.0)
    for work in (trainer.evaluate, lambda x, y: trainer.fit(x, y, epochs=1, progress=False)):
        with pytest.raises(ValueError, match="metrics") as caught:
            work(x, y)
        assert all(word in str(caught.value) for word in words), str(caught.value)
    assert trainer.step == 0


def test_unknown_metrics_are_refused_with_the_closest():
    with pytest.raises(ValueError, match=r"did you mean 'accuracy'\?"):
        trainer_of("classes", ["acuracy"])
    with pytest.raises(TypeError, match="write F1"):
        trainer_of("classes", [metrics.F1])
    with pytest.raises(ValueError, match="twice"):
        trainer_of("classes", ["f1", metrics.F1()])
    with pytest.raises(TypeError, match="names, objects or functions"):
        trainer_of("classes", [3])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: metrics.mean_squared_error(P, Y[:3]), ValueError, "shape"),
        (lambda: metrics.mean_squared_error(np.ones((4, 2)), np.ones(4)), ValueError, "shape"),
        (lambda: metrics.accuracy(SAID, CLASSES[:3]), ValueError, "class numbers"),
        (lambda: metrics.accuracy(np.ones((3, 2)), np.array([0, 1, 2])), ValueError, "labels from 0 to 1"),
        (lambda: metrics.accuracy(np.array([]), np.array([])), ValueError, "at least one row"),
        (lambda: metrics.log_loss(SAID, CLASSES), TypeError, "scores"),
        (lambda: metrics.f1(SAID, CLASSES, average="mean"), ValueError, "macro"),
        (lambda: metrics.f1(SAID, CLASSES, average="binary"), ValueError, "average"),
        (lambda: metrics.f_beta(SAID, CLASSES, beta=0), ValueError, "above 0"),
        (lambda: metrics.mean_pinball_loss(P, Y, alpha=1.5), ValueError, "alpha"),
        (lambda: metrics.mean_tweedie_deviance(P, Y, power=0.5), ValueError, "power"),
        (lambda: metrics.top_k_accuracy(np.ones((2, 3)), np.array([0, 1]), k=0), ValueError, "from 1"),
        (lambda: metrics.adjusted_r2(P, Y), ValueError, "predictors"),
        (lambda: metrics.accuracy(SAID, CLASSES, sample_weight=np.zeros(6)), ValueError, "sample_weight"),
        (lambda: metrics.mean_squared_error(["a"], [1.0]), TypeError, "numbers"),
        (lambda: metrics.acuracy, AttributeError, "accuracy"),
    ],
)
def test_wrong_arguments_have_their_error_message(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("name", sorted(metrics.functions.NAMED))
def test_a_class_and_its_function_take_the_same_settings(name):
    kind, function = metrics.functions.NAMED[name], getattr(metrics, name)
    settings = list(inspect.signature(kind).parameters)
    assert list(inspect.signature(function).parameters)[2:] == [*settings, "sample_weight", "output"]
    assert "Example:" in kind.__doc__
    assert eval(repr(kind()), vars(metrics)).settings() == kind().settings()

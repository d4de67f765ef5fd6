"""Suggestions for data, and races between optimizers."""

import matplotlib
import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, nn, optim

matplotlib.use("Agg")
GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((3000, 4)).astype(np.float32)
CASES = {
    # task: (targets, output, loss, metric)
    "regression": (X.sum(axis=1), "identity", "mean_squared_error", "r2"),
    "robust regression": (np.where(np.arange(3000) == 7, 1e3, X[:, 0]), "identity", "huber", "mae"),
    "counts": (GENERATOR.poisson(30, 3000) + 1, "exp", "poisson", "poisson_deviance"),
    "binary": ((X[:, 0] > 0).astype(int), "sigmoid", "binary_cross_entropy_with_logits", "accuracy"),
    "multiclass": ((X[:, 0] > 0).astype(int) + (X[:, 1] > 0), "softmax", "cross_entropy", "accuracy"),
    "multilabel": ((X > 0).astype(np.float32), "sigmoid", "binary_cross_entropy_with_logits", "accuracy"),
}


@pytest.mark.covers(
    "L3: the loss, output and metric that belong to a task",
    "C1: output, loss and metric by target",
    "A17: two softmax outputs are one sigmoid output",
    "O12: choosing a loss and an optimizer",
)
@pytest.mark.parametrize("task", CASES)
def test_each_kind_of_target_gets_its_loss_output_and_metric(task):
    y, output, loss, metric = CASES[task]
    suggestion = tg.suggest(X, y)
    assert (suggestion.task, suggestion.output, suggestion.loss, suggestion.metric) == (task, output, loss, metric)
    for name in ("loss", "output", "metric", "optimizer", "learning_rate", "batch_size", "initializer"):
        assert len(suggestion.reasons[name].split()) >= 4, f"no reason for {name}"
        assert suggestion.reasons[name] in repr(suggestion)


@pytest.mark.covers(
    "L3: the loss, output and metric that belong to a task",
    "C1: output, loss and metric by target",
    "O12: choosing a loss and an optimizer",
)
@pytest.mark.parametrize("task", CASES)
def test_what_is_suggested_trains(task):
    y = CASES[task][0]
    suggestion = tg.suggest(X, y)
    trainer = suggestion.trainer((8,))
    history = trainer.fit(X, y, batch_size=suggestion.batch_size, epochs=3, progress=False)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.covers("C1: output, loss and metric by target", "L3: the loss, output and metric that belong to a task")
def test_one_hot_rows_are_classes_and_a_task_can_be_given():
    y = np.eye(3)[np.arange(3000) % 3]
    assert tg.suggest(X, y).task == "multiclass"
    assert tg.suggest(X, (X[:, 0] > 0).astype(float), task="regression").loss == "mean_squared_error"


@pytest.mark.covers("C1: output, loss and metric by target", "L19: class weights with both normalisations")
def test_imbalance_asks_for_class_weights():
    rare = (np.arange(3000) % 20 == 0).astype(int)
    assert tg.suggest(X, rare).class_weight == "balanced"
    assert tg.suggest(X, np.arange(3000) % 2).class_weight is None


@pytest.mark.covers("C2: the optimizer", "O12: choosing a loss and an optimizer")
def test_the_optimizer_goes_by_size_and_sparsity():
    sums = X.sum(axis=1)
    assert tg.suggest(X, sums).optimizer == "adam"
    assert tg.suggest(X[:500], sums[:500]).optimizer == "lbfgs"
    sparse = X * (GENERATOR.random(X.shape) > 0.95)
    assert tg.suggest(sparse, sums).optimizer == "adagrad"


@pytest.mark.covers("C3: learning rate and batch size")
def test_rate_and_batch_size_come_with_the_way_to_measure_them():
    suggestion = tg.suggest(X, X[:, 0])
    assert suggestion.learning_rate == 1e-3
    assert suggestion.batch_size == 32
    assert "find_learning_rate" in suggestion.reasons["learning_rate"]


@pytest.mark.covers("C4: initialiser by activation")
def test_the_initialiser_is_the_one_that_layers_of_relu_draw():
    suggestion = tg.suggest(X, X[:, 0])
    assert suggestion.initializer == "he_normal"
    assert "He normal" in str(suggestion.trainer((8,)).model.summary())


@pytest.mark.covers("C5: scaling, and saying so when data are not scaled", "M13: features of very different scales")
def test_unscaled_data_are_noticed():
    spread = X * np.array([1, 1, 1, 1e5], np.float32)
    assert any("scale the features" in note for note in tg.suggest(spread, X[:, 0]).notes)
    assert any("scale the targets" in note for note in tg.suggest(X, 1e4 * X[:, 0]).notes)
    assert not tg.suggest(X, X[:, 0]).notes


def test_wrong_data_are_refused():
    with pytest.raises(ValueError, match="3000 rows"):
        tg.suggest(X, X[:10, 0])
    with pytest.raises(ValueError, match="row for each sample"):
        tg.suggest(X[:, 0], X[:, 0])
    with pytest.raises(TypeError, match="numbers"):
        tg.suggest(X, np.array(["a"] * 3000))
    with pytest.raises(ValueError, match="got nan in row 3"):
        tg.suggest(X, np.where(np.arange(3000) == 3, np.nan, 1.0))
    with pytest.raises(ValueError, match="regression"):
        tg.suggest(X, X[:, 0], task="regresion")


@pytest.mark.covers("O12: choosing a loss and an optimizer", "O10: steps to a target, by method")
def test_a_race_leaves_the_model_as_it_was_and_names_the_best():
    model = nn.Sequential(nn.Dense(4, 8), nn.ReLU(), nn.Dense(8, 1))
    model.initialize(3)
    before = model.state_dict()
    race = tg.compare_optimizers(
        model,
        losses.MeanSquaredError(),
        X,
        X.sum(axis=1),
        optimizers={"slow": optim.SGD(learning_rate=1e-6), "adam": "adam", "wild": optim.SGD(learning_rate=1e6)},
    )
    assert race.best == "adam"
    assert race.losses["wild"][-1] == float("inf")
    assert repr(race).splitlines()[1].startswith("adam")
    assert [each.get_label() for each in race.plot().get_lines()] == ["slow", "adam", "wild"]
    after = model.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    again = tg.compare_optimizers(model, "mean_squared_error", X, X.sum(axis=1), optimizers=["adam"])
    assert again.losses["adam"] == race.losses["adam"]

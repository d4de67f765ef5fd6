"""Twenty-three mistakes that one short, widely copied NumPy program makes: feed each, expect the named protection."""

import warnings

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import functional as F
from tilegrad import losses, nn, optim

# The program's data: two features, and targets that are their second column.
X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])
Y = np.array([2.0, 3.0, 4.0, 5.0])


def linear(outputs=1):
    return nn.Sequential(nn.Dense(2, outputs, dtype="float64"))


def trainer(loss="mean_squared_error", optimizer="adam", outputs=1, **settings):
    return tg.Trainer(linear(outputs), loss, optimizer, **settings)


@pytest.mark.covers("M1: cross-entropy on regression targets")
def test_01_cross_entropy_on_amounts_names_mean_squared_error():
    with pytest.raises(TypeError, match=r"cross_entropy: expected `target` of integer class.*mean_squared_error"):
        F.cross_entropy(X, Y)
    with pytest.raises((TypeError, ValueError), match="mean_squared_error"):
        trainer("cross_entropy", outputs=2).fit(X, Y, epochs=1, progress=False)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 2\.0"):
        F.binary_cross_entropy_with_logits(X[:, 0], Y)


@pytest.mark.covers("M2: raw outputs taken for probabilities")
def test_02_losses_take_logits_and_probability_forms_check_their_range():
    raw = np.array([1.7, -0.3])
    assert np.isfinite(F.binary_cross_entropy_with_logits(raw, np.array([1.0, 0.0])))
    with pytest.raises(ValueError, match=r"(?s)prediction.*0 to 1.*logits"):
        F.binary_cross_entropy(raw, np.array([1.0, 0.0]))


@pytest.mark.covers("M3: half of the binary cross-entropy")
def test_03_the_binary_form_is_complete():
    """Without its second half, a growing probability would lower the loss for ever."""
    target = np.array([0.0])
    found = [F.binary_cross_entropy_with_logits(np.array([z]), target) for z in (0.0, 5.0, 50.0)]
    assert found[0] < found[1] < found[2]


@pytest.mark.covers("M4: a gradient of another loss", "L25: a loss of one's own, its gradient checked")
def test_04_a_gradient_of_another_loss_is_reported():
    """The program's `prediction - target` belongs to half the summed square, not to the mean that it prints."""

    def value_and_gradient(prediction, target):
        return float(np.mean((prediction - target) ** 2)), prediction - target

    objective = trainer(losses.Custom(value_and_gradient))
    with pytest.raises(ValueError, match=r"(?s)gradient.*\[.*expected.*got|gradient"):
        objective.fit(X, Y, batch_size="full", epochs=1, progress=False)


@pytest.mark.covers("M5: sums where means are meant", "G14: sums and means of gradients")
def test_05_means_are_the_default_and_a_sum_says_what_it_does():
    assert losses.MeanSquaredError()(X[:, :1], Y[:, None]) == np.mean((X[:, 0] - Y) ** 2)
    with pytest.warns(UserWarning, match=r"is a sum over the rows of a batch"):
        trainer(losses.SumSquaredError()).fit(X, Y, epochs=1, progress=False)


@pytest.mark.covers(
    "M6: an optimizer that leaves parameters out", "G5: one backward pass updates everything that trains"
)
def test_06_the_optimizer_owns_every_parameter():
    one = trainer(optimizer=optim.Adam(learning_rate=0.01))
    before = one.model.state_dict()
    one.fit(X, Y, epochs=1, progress=False)
    after = one.model.state_dict()
    assert all((before[name] != after[name]).all() for name in before)
    assert "on all 2 parameter arrays" in str(one.summary())
    with pytest.raises(ValueError, match="bias"):
        trainer(optimizer=optim.Groups({"*.weight": optim.Adam()})).fit(X, Y, epochs=1, progress=False)


@pytest.mark.covers("M7: logarithms without a stable form", "L4: binary cross-entropy, exact far out")
def test_07_logarithms_are_taken_in_a_stable_form():
    assert F.binary_cross_entropy_with_logits(np.array([-200.0]), np.array([1.0])) == 200.0
    assert F.cross_entropy(np.array([[0.0, 1e4]]), np.array([0])) == 1e4


@pytest.mark.covers("M8: training on after NaN")
def test_08_training_stops_at_the_first_nan_and_says_where():
    one = trainer(optimizer=optim.SGD(learning_rate=1e200))
    with pytest.raises(FloatingPointError, match=r"(?s)learning_rate"):
        one.fit(X, Y, batch_size="full", epochs=100, progress=False)
    assert one.step < 10


@pytest.mark.covers("M9: no seed", "G22: the same seed gives the same bits")
def test_09_the_same_seed_gives_the_same_bits():
    runs = []
    for _ in range(2):
        one = trainer(seed=7)
        one.fit(X, Y, batch_size=2, epochs=3, progress=False)
        runs.append(one.model.state_dict())
    assert all((runs[0][name] == runs[1][name]).all() for name in runs[0])


@pytest.mark.covers("M10: full batches called stochastic")
def test_10_the_header_of_fit_says_which_descent_it_is(capsys):
    for size, words in ((4, "full batch"), (1, "single sample"), (2, "mini-batch")):
        trainer().fit(X, Y, batch_size=size, epochs=1)
        assert words in capsys.readouterr().out


@pytest.mark.covers("M11: a convergence test that is not there", "G3: reasons to stop, recorded")
def test_11_a_run_that_has_not_converged_says_so():
    with pytest.warns(tg.train.ConvergenceWarning, match=r"3 epochs were not enough"):
        history = trainer().fit(X, Y, epochs=3, tolerance=1e-9, progress=False)
    assert history.stop_reason == "epochs"


@pytest.mark.covers("M12: collinear features")
def test_12_collinear_features_are_reported():
    assert "rank" in str(tg.check_data(X, Y)).lower()


@pytest.mark.covers("M13: features of very different scales", "C5: scaling, and saying so when data are not scaled")
def test_13_features_of_very_different_scales_are_reported():
    spread = np.random.default_rng(0).standard_normal((50, 2)) * [1.0, 1e4]
    assert any("scale" in note for note in tg.suggest(spread, spread[:, 0]).notes)
    assert "scale" in str(tg.check_data(spread, spread[:, 0])).lower()


@pytest.mark.covers(
    "M14: weights drawn without regard to their fan-in", "C4: initialiser by activation", "N2: initialisers"
)
def test_14_weights_are_drawn_by_fan_in_and_activation():
    wide = nn.Sequential(nn.Dense(400, 300), nn.ReLU(), nn.Dense(300, 10))
    deviation = np.asarray(wide.named_parameters()[0][1]).std()
    assert deviation == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert "He normal" in str(wide.summary())


@pytest.mark.covers("M15: a sum without its axis")
def test_15_bias_gradients_are_summed_over_rows_only():
    weight, bias = np.ones((2, 3)), np.zeros(3)
    target = np.arange(12.0).reshape(4, 3)

    def loss(weight, bias):
        return F.sum_squared_error(X @ weight + bias, target)

    gradient = tg.grad(loss)(weight, bias)[1]
    np.testing.assert_allclose(gradient, 2 * (X @ weight + bias - target).sum(axis=0))


@pytest.mark.covers("M16: targets that would be broadcast")
def test_16_shapes_are_never_broadcast():
    prediction = np.zeros((4, 1))
    with pytest.raises(ValueError, match=r"expected `target` of shape \(4, 1\), got \(4,\); reshape"):
        F.mean_squared_error(prediction, Y)
    flat, column = trainer(), trainer()
    flat.fit(X, Y, epochs=1, progress=False)
    column.fit(X, Y[:, None], epochs=1, progress=False)
    assert flat.history["loss"] == column.history["loss"]


@pytest.mark.covers("M17: arrays changed behind one's back")
def test_17_arrays_of_the_caller_are_never_changed():
    one = trainer()
    x, y = X.copy(), Y.copy()
    given = {"0.weight": np.ones((2, 1)), "0.bias": np.zeros(1)}
    one.model.load_state_dict(given)
    one.fit(x, y, epochs=2, progress=False)
    assert (x == X).all()
    assert (y == Y).all()
    assert (given["0.weight"] == 1).all()


@pytest.mark.covers("M18: a step count that starts at 0", "O3: its bias correction")
def test_18_the_optimizer_counts_its_own_steps_from_one():
    optimizer, weight = optim.Adam(learning_rate=0.1), np.array([1.0])
    assert optimizer.steps == 0
    optimizer.step([weight], [np.array([2.0])])
    assert optimizer.steps == 1
    assert weight[0] == pytest.approx(0.9)
    assert optimizer.state_dict()["steps"] == 1


@pytest.mark.covers("M19: a linear model called a network")
def test_19_a_linear_model_is_called_one():
    assert "linear model" in str(linear().summary()).lower()
    bent = nn.Sequential(nn.Dense(2, 4), nn.ReLU(), nn.Dense(4, 1))
    assert "linear model" not in str(bent.summary()).lower()


@pytest.mark.covers(
    "M20: nothing to judge by", "V2: evaluate: loss and metrics, whatever the batch size", "V3: classification"
)
def test_20_there_is_something_to_judge_by():
    one = trainer(metrics=["mae"])
    history = one.fit(X, Y, epochs=2, validation_data=(X, Y), progress=False)
    assert {"loss", "mae", "val_loss", "val_mae"} <= set(history)
    assert set(one.evaluate(X, Y)) == {"loss", "mae"}
    assert one.model.predict(X).shape == (4, 1)


@pytest.mark.covers("M21: integers and floats mixed")
def test_21_integers_are_classes_and_floats_are_amounts():
    with pytest.raises(TypeError, match=r"floats for MeanSquaredError\(\).*which stands for classes"):
        trainer().fit(X, Y.astype(int), epochs=1, progress=False)
    with pytest.raises(TypeError, match=r"integer class numbers"):
        trainer("cross_entropy", outputs=2).fit(X, np.array([0.0, 1.0, 0.0, 1.0]), epochs=1, progress=False)


@pytest.mark.covers(
    "M22: a learning rate ten times too large", "G6: learning rates too small and too large; a finder; divergence"
)
def test_22_the_default_rate_is_the_usual_one_and_a_better_one_can_be_measured():
    assert optim.Adam().learning_rate == 1e-3
    generator = np.random.default_rng(0)
    x = generator.standard_normal((256, 2))
    found = trainer().find_learning_rate(x, x[:, 0] - x[:, 1])
    assert 1e-4 < found.suggestion < 10


@pytest.mark.covers("M23: a loss printed too rarely", "V4: watching: history, progress, logs", "G20: epochs and steps")
def test_23_the_history_keeps_every_epoch():
    history = trainer().fit(X, Y, epochs=25, progress=False)
    assert len(history["loss"]) == 25
    assert all(np.isfinite(history["loss"]))


def test_none_of_the_repaired_runs_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer().fit(X, Y, epochs=2, progress=False)

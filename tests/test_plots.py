"""Pictures by what is on their Axes, and the laws of the paths and tables that they show."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tilegrad as tg
from helpers import ACTIVATIONS, LOSSES
from tilegrad import explain, nn, optim
from tilegrad import functional as F
from tilegrad.explain import descent_paths
from tilegrad.explain.descent import SURFACES, zigzag_paths

P = tg.plots


def history():
    found = tg.History()
    for epoch in range(5):
        found.add({"loss": 1 / (epoch + 1), "val_loss": 2 / (epoch + 1), "accuracy": epoch / 5})
    return found


CALLS = {
    "activation": lambda ax: P.plot_activation("gelu", compare=["relu"], ax=ax),
    "loss": lambda ax: P.plot_loss("mean_squared_error", compare=["mean_absolute_error"], ax=ax),
    "cross_entropy": lambda ax: P.plot_loss("cross_entropy", ax=ax),
    "tangent": lambda ax: P.plot_tangent(lambda x: x * x, 1.0, ax=ax),
    "ewma": lambda ax: P.plot_ewma(np.arange(9.0), ax=ax),
    "schedule": lambda ax: P.plot_schedule({"a": lambda step: 0.1, "b": lambda step: 0.1 / (1 + step)}, 9, ax=ax),
    "gradient": lambda ax: P.plot_gradient(lambda x: (x * x).sum(), (3.0, 4.0), ax=ax),
    "rates": lambda ax: P.plot_learning_rate_effect(ax=ax),
    "zigzag": lambda ax: P.plot_zigzag(ax=ax),
    "paths": lambda ax: P.plot_descent_paths(["sgd", "momentum"], ax=ax),
    "history": lambda ax: P.plot_history(history(), ax=ax),
    "search": lambda ax: P.plot_learning_rate_search([1e-3, 1e-2, 1e-1], [3.0, 1.0, 9.0], 1e-2, ax=ax),
    "confusion": lambda ax: P.plot_confusion([[3, 1], [0, 2]], ax=ax),
    "histograms": lambda ax: P.plot_histograms(nn.Sequential(nn.Dense(3, 4), nn.Dense(4, 2)), ax=ax),
}


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", CALLS)
def test_a_picture_is_labelled_and_leaves_no_trace(name, ax):
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    assert CALLS[name](ax) is ax
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel() or name == "histograms"
    assert plt.get_fignums() == figures
    assert plt.gca() is ax or len(ax.figure.axes) > 1
    assert dict(matplotlib.rcParams) == settings
    ax.figure.canvas.draw()
    # What stands in a legend differs by more than its colour.
    drawn = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    looks = [(line.get_linestyle(), line.get_marker(), round(line.get_linewidth(), 1)) for line in drawn]
    dashes = [str(line._unscaled_dash_pattern) + str(look) for line, look in zip(drawn, looks, strict=True)]
    assert len(set(dashes)) == len(dashes)
    if len(drawn) > 1:
        assert {each.get_text() for each in ax.get_legend().get_texts()} >= {line.get_label() for line in drawn}


@pytest.mark.parametrize("name", ["activation", "paths", "confusion"])
def test_without_axes_there_is_a_new_figure(name):
    first, second = CALLS[name](None), CALLS[name](None)
    assert first.figure is not second.figure


# ---- curves --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("P1: activations with their derivatives")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_with_its_derivative(name, ax):
    lines = P.plot_activation(name, span=(-3, 3), ax=ax).get_lines()
    x = lines[0].get_xdata()
    assert [each.get_label() for each in lines[:2]] == [name, f"{name}'"]
    np.testing.assert_allclose(lines[0].get_ydata(), getattr(F, name)(x))
    np.testing.assert_allclose(lines[1].get_ydata(), getattr(F, f"{name}_backward")(np.ones_like(x), x), rtol=1e-12)


@pytest.mark.covers("P1: activations with their derivatives")
def test_an_activation_of_ones_own(ax):
    lines = P.plot_activation(lambda x: F.elu(x, 0.5), derivative=False, compare=["elu"], ax=ax).get_lines()
    assert lines[0].get_ydata()[0] == pytest.approx(0.5 * np.expm1(-6.0))
    assert ax.get_title() == "lambda and elu"
    with pytest.raises(ValueError, match="unknown activation 'rellu'"):
        P.plot_activation("rellu")
    with pytest.raises(ValueError, match="expected `span` of two finite numbers"):
        P.plot_activation("relu", span=(3, -3))


@pytest.mark.covers("L12: the curve of squared error with target 100", "P4: losses and their gradients")
def test_the_squared_error_with_target_a_hundred(ax):
    line = P.plot_loss("mean_squared_error", 100.0, (-10000.0, 10000.0), ax=ax).get_lines()[0]
    x, y = line.get_xdata(), line.get_ydata()
    assert (x[0], y[0]) == (-10000, 102_010_000)
    assert (x[-1], y[-1]) == (10000, 98_010_000)
    assert (x[y.argmin()], y.min()) == (100, 0)


@pytest.mark.covers("L13: the slope of squared error vanishes at the minimum", "P4: losses and their gradients")
def test_the_slope_of_the_squared_error_shrinks_with_the_error(ax):
    P.plot_loss("mean_squared_error", 100.0, (-10000.0, 10000.0), ax=ax)
    beside = next(each for each in ax.figure.axes if each is not ax)
    [line] = beside.get_lines()
    np.testing.assert_allclose(line.get_ydata(), 2 * (line.get_xdata() - 100), rtol=1e-12)
    assert line.get_ydata()[line.get_xdata() == 100] == [0]
    assert "mean_squared_error' (right)" in [each.get_text() for each in ax.get_legend().get_texts()]


@pytest.mark.covers("P4: losses and their gradients")
def test_squared_and_absolute_error_side_by_side(ax):
    lines = {each.get_label(): each for each in CALLS["loss"](ax).get_lines()}
    x = lines["mean_absolute_error"].get_xdata()
    np.testing.assert_allclose(lines["mean_absolute_error"].get_ydata(), np.abs(x))
    np.testing.assert_allclose(lines["mean_absolute_error'"].get_ydata(), np.sign(x))
    assert len(ax.figure.axes) == 1


POINT_LOSSES = [
    name for name, entry in LOSSES.items() if entry["facts"]["kind"] == "point" and not entry["facts"].get("operands")
]


@pytest.mark.covers("P4: losses and their gradients")
@pytest.mark.parametrize("name", POINT_LOSSES)
def test_every_loss_of_numbers_is_drawn_with_its_slope(name, ax):
    P.plot_loss(name, ax=ax)
    lines = [line for each in ax.figure.axes for line in each.get_lines() if len(line.get_xdata())]
    assert len(lines) == 2
    assert lines[0].get_label() == name
    assert all(np.isfinite(line.get_ydata()).all() for line in lines)


def test_a_loss_of_rows_is_not_drawn_over_a_number():
    with pytest.raises(ValueError, match="expected a loss that compares number with number, or cross_entropy"):
        P.plot_loss(lambda prediction, target: (prediction - target).mean())


@pytest.mark.covers("P5: the cross-entropy curve")
def test_cross_entropy_over_the_probability_of_the_true_class(ax):
    line = P.plot_loss("cross_entropy", ax=ax).get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), -np.log(line.get_xdata()), atol=1e-12)
    assert line.get_ydata()[-1] == 0
    with pytest.raises(ValueError, match="expected `span` of probabilities"):
        P.plot_loss("cross_entropy", span=(-1, 1))
    with pytest.raises(ValueError, match="expected cross_entropy alone"):
        P.plot_loss("cross_entropy", compare=["mean_squared_error"])


@pytest.mark.covers("P6: gradient arrows and tangents")
def test_the_tangent_and_the_difference_quotient(ax):
    lines = P.plot_tangent(lambda x: x**3, 1.0, step=0.5, ax=ax).get_lines()
    assert [each.get_label() for each in lines[:3]] == ["function", "tangent, slope 3", "secant, slope 4.75"]
    with pytest.raises(ValueError, match="expected `step` to be a finite number other than 0"):
        P.plot_tangent(lambda x: x, 1.0, step=0.0)


@pytest.mark.covers("P10: moving averages")
def test_the_moving_averages(ax):
    lines = P.plot_ewma(np.arange(1.0, 6.0), [0.9], bias_correction=False, ax=ax).get_lines()
    np.testing.assert_allclose(lines[1].get_ydata(), [0.1, 0.29, 0.561, 0.9049, 1.31441])
    assert lines[1].get_label() == "beta 0.9, about 10 steps"
    with pytest.raises(ValueError, match="expected `series` of one axis"):
        P.plot_ewma(3.0)


@pytest.mark.covers("P14: training curves, learning-rate finder, confusion matrix, histograms")
def test_training_curves_searches_confusions_and_distributions(ax):
    lines = P.plot_history(history(), metric="loss", ax=ax).get_lines()
    np.testing.assert_allclose(lines[1].get_ydata(), 2 / np.arange(1, 6))
    assert ax.get_yscale() == "log"
    with pytest.raises(ValueError, match="expected `metric` to be one of loss, val_loss, accuracy, got 'f1'"):
        P.plot_history(history(), metric="f1")
    ax.clear()
    P.plot_learning_rate_search([1e-3, 1e-2], [1.0, np.inf], 5e-3, ax=ax)
    assert ax.get_lines()[1].get_label() == "suggestion 0.005"
    with pytest.raises(ValueError, match="expected `rates` above 0"):
        P.plot_learning_rate_search([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"expected `losses` of shape \(2,\)"):
        P.plot_learning_rate_search([0.1, 1.0], [1.0])
    ax.clear()
    shown = [each.get_text() for each in P.plot_confusion([[3, 1], [0, 0]], normalize=True, ax=ax).texts]
    assert shown == ["0.75", "0.25", "0.00", "0.00"]
    for wrong in ([[1, 2]], [[-1, 0], [0, 1]]):
        with pytest.raises(ValueError, match="plot_confusion: expected `matrix`"):
            P.plot_confusion(wrong)
    with pytest.raises(ValueError, match="expected `labels` for 2 classes, got 1"):
        P.plot_confusion([[1, 0], [0, 1]], ["a"])
    ax.clear()
    P.plot_histograms({"a": [1.0, np.nan, 2.0], "b": []}, ax=ax)
    assert [each.get_text() for each in ax.texts] == ["mean 1.5, std 0.5, 1 not finite", "no finite number"]
    with pytest.raises(ValueError, match="at least one finite number"):
        P.plot_histograms({"a": [np.nan]})


# ---- descent -------------------------------------------------------------------------------------------------------


@pytest.mark.covers("P6: gradient arrows and tangents")
def test_the_gradient_on_a_paraboloid(ax):
    assert P.plot_gradient(lambda x: x[0] ** 2 + x[1] ** 2, (3, 4), ax=ax).get_title() == "Gradient (6, 8) at (3, 4)"
    P.plot_gradient(lambda x: x[0] ** 2 + x[1] ** 2, (0, 0), ax=ax)
    with pytest.raises(ValueError, match="expected `at` of two finite numbers"):
        P.plot_gradient(lambda x: x.sum(), (1, 2, 3))


@pytest.mark.covers(
    "P7: small and large learning rates", "G6: learning rates too small and too large; a finder; divergence"
)
def test_the_effect_of_the_learning_rate(ax):
    rates = [0.01, 1.0, 1.9, 2.1]
    lines = P.plot_learning_rate_effect(rates, steps=10, ax=ax).get_lines()
    for rate, line in zip(rates, lines, strict=False):
        np.testing.assert_allclose(line.get_ydata(), (1 - rate) ** np.arange(11), atol=1e-12)
    labels = ["0.01: slow", "1: settles", "1.9: oscillates", "2.1: diverges"]
    assert [line.get_label() for line in lines[:4]] == labels


@pytest.mark.covers(
    "G12: paths of the three, compared", "P9: paths of full-batch, single-sample and mini-batch descent"
)
@pytest.mark.parametrize("seed", range(5))
def test_single_rows_make_the_roughest_path_and_all_rows_the_smoothest(seed):
    paths = descent_paths(["bgd", "mbgd", "sgd"], "regression", seed=seed)
    turning = {name: path.turning for name, path in paths.items()}
    assert turning["sgd"] > turning["mbgd"] > 3 * turning["bgd"]
    assert paths["bgd"].values[-1] < 0.2 * paths["bgd"].values[0]
    assert (np.diff(paths["bgd"].values) < 0).all()
    assert paths["sgd"].values[-1] < paths["sgd"].values[0]


@pytest.mark.covers("O5: momentum damps oscillation across a valley", "P8: oscillation across a valley")
def test_momentum_damps_the_oscillation_across_the_valley():
    """At equal progress along the valley, momentum travels less across it, and needs fewer steps."""
    paths = descent_paths(["sgd", "momentum"], "ravine", steps=200)
    ends = {name: path.until(lambda point: abs(point[0]) < 0.9) for name, path in paths.items()}
    assert abs(ends["sgd"].points[-1, 0]) < 0.9
    assert abs(ends["momentum"].points[-1, 0]) < 0.9
    assert ends["momentum"].travel[1] < ends["sgd"].travel[1]
    assert len(ends["momentum"].points) < len(ends["sgd"].points)


@pytest.mark.covers("O5: momentum damps oscillation across a valley")
def test_a_high_rate_oscillates_and_a_higher_one_diverges():
    def path(rate):
        return descent_paths(["sgd"], "ravine", learning_rate=rate, steps=40)["sgd"]

    low, high, too_high = path(0.01), path(0.06), path(0.07)
    assert low.travel[1] == pytest.approx(abs(low.points[0, 1]), rel=1e-3)
    assert high.travel[1] > 3 * low.travel[1]
    assert abs(low.points[-1, 0]) > abs(high.points[-1, 0])
    assert too_high.values[-1] > too_high.values[0]


@pytest.mark.covers("P8: oscillation across a valley", "P9: paths of full-batch, single-sample and mini-batch descent")
@pytest.mark.parametrize("surface", SURFACES)
def test_every_method_comes_down_on_every_surface(surface):
    for name, path in descent_paths(list(SURFACES[surface].rates), surface).items():
        assert path.values[-1] < 0.5 * path.values[0], name
        assert path.points.shape == (SURFACES[surface].steps + 1, 2)


def test_the_paths_are_those_of_our_optimizers(ax):
    path = descent_paths({"mine": optim.SGD(0.1)}, lambda w: (w * w).sum(), start=(1.0, -2.0), steps=3)["mine"]
    np.testing.assert_allclose(path.points[:, 0], 0.8 ** np.arange(4), rtol=1e-12)
    assert path.turning == pytest.approx(0, abs=1e-6)
    assert path.length == pytest.approx((1 - 0.8**3) * np.sqrt(5))
    lines = P.plot_descent_paths(["sgd"], "bowl", steps=5, ax=ax).get_lines()
    expected = descent_paths(["sgd"], "bowl", steps=5)["sgd"].points
    np.testing.assert_array_equal(lines[0].get_xydata(), expected)


def test_what_a_descent_needs_is_said():
    with pytest.raises(ValueError, match="unknown surface 'ravin'"):
        descent_paths(surface="ravin")
    with pytest.raises(ValueError, match="unknown method 'adm'"):
        descent_paths(["adm"])
    with pytest.raises(ValueError, match="expected a surface with data for 'bgd', got ravine"):
        descent_paths(["bgd"], "ravine")
    with pytest.raises(ValueError, match="expected `start` for a surface of your own"):
        descent_paths(["sgd"], lambda w: w.sum())
    with pytest.raises(ValueError, match="expected `steps` of at least 1, got 0"):
        descent_paths(steps=0)
    for wrong in (True, 2.5):
        with pytest.raises(TypeError, match="expected `steps` to be a whole number"):
            descent_paths(steps=wrong)
    with pytest.raises(ValueError, match="expected `start` of two finite numbers"):
        descent_paths(start=(np.nan, 1.0))
    with pytest.raises(ValueError, match="expected at least one of `methods`"):
        P.plot_descent_paths([])


@pytest.mark.covers("P2: the zig-zag", "A6: inputs that are not centred on zero make steps zig-zag")
@pytest.mark.parametrize("seed", range(3))
def test_inputs_of_one_sign_move_all_weights_in_one_direction(seed):
    paths = zigzag_paths(seed=seed)
    moves = np.diff(paths["all positive"].points, axis=0)
    assert (moves[:, 0] * moves[:, 1] >= 0).all()
    free = np.diff(paths["centred"].points, axis=0)
    assert (free[:, 0] * free[:, 1] < 0).any()
    assert paths["centred"].values[-1] < paths["all positive"].values[-1]


# ---- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.covers("P13: cross-entropy as a table", "L6: one sample with p = 0.9 loses -ln 0.9")
def test_the_table_of_cross_entropy():
    p = [[0.1, 0.2, 0.7], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]]
    table = explain.cross_entropy(p, "CBA", "ABC")
    assert str(table) == str(explain.cross_entropy(p, ["C", "B", "A"], "ABC"))
    rows = [line.split() for line in table.splitlines()]
    assert [row[1] for row in rows[1:4]] == ["C", "B", "A"]
    np.testing.assert_allclose([float(row[-1]) for row in rows[1:4]], -np.log([0.7, 0.6, 0.3]), rtol=1e-5)
    assert float(rows[4][1]) == pytest.approx(-np.log([0.7, 0.6, 0.3]).mean(), rel=1e-5)
    one_hot = explain.cross_entropy([[0.9, 0.1]], [[1, 0]])
    assert "0.105361" in one_hot
    assert str(explain.cross_entropy([0.1], [0])) == str(one_hot)
    assert "inf" in explain.cross_entropy([[1.0, 0.0]], [1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5, 0.6]], [0]), "sum 1 in each row"),
        (([[1.5, -0.5]], [0]), "sum 1 in each row"),
        (([[0.5, 0.5]], [2]), "expected `y` of 0, 1, got 2 in row 0"),
        (([[0.5, 0.5]], ["C"], "AB"), "expected `y` of A, B, got 'C' in row 0"),
        (([[0.5, 0.5]], [0, 1]), r"expected `y` of shape \(1,\)"),
        (([[0.5, 0.5]], [[1, 1]]), "one-hot rows"),
        (([[0.5, 0.5]], [0], "ABC"), "expected `classes` for 2 columns, got 3"),
    ],
)
def test_the_table_refuses_what_is_no_case(arguments, message):
    with pytest.raises(ValueError, match=message):
        explain.cross_entropy(*arguments)


@pytest.mark.covers("P3: the collapse of a linear network", "A2: without activations a deep network is one matrix")
def test_layers_without_activations_are_one_layer():
    model = nn.Sequential(nn.Dense(5, 7), nn.Dropout(0.5), nn.Dense(7, 6, bias=False), nn.Dense(6, 3))
    for _, parameter in model.named_parameters():
        parameter.value = np.random.default_rng(1).standard_normal(parameter.shape)
    model.astype("float64")
    collapse = explain.linear_collapse(model)
    x = np.random.default_rng(2).standard_normal((10, 5))
    np.testing.assert_allclose(collapse(x), model.predict(x), rtol=1e-10)
    assert "3 layers with 105 numbers do what one with 18 does" in collapse.explain()
    assert "W1 @ W2 @ W3" in collapse.draw()
    with pytest.raises(ValueError, match=r"got ReLU\(\) at place 1"):
        explain.linear_collapse(nn.Sequential(nn.Dense(2, 2), nn.ReLU(), nn.Dense(2, 2)))
    with pytest.raises(ValueError, match="dense layers without activations"):
        explain.linear_collapse(nn.Dense(2, 2, "tanh"))


def test_pictures_are_loaded_when_asked_for():
    assert "plots" in dir(tg)
    assert tg.explain.Trace.__name__ == "Trace"
    with pytest.raises(AttributeError, match="has no attribute 'plot'"):
        _ = tg.plot

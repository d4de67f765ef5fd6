"""The experiments run in their small versions, and even these show the effect."""

import importlib
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest
from conftest import ROOT

FOLDER = ROOT / "examples" / "experiments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("common", "write_page"))


@pytest.fixture(scope="module", autouse=True)
def importable():
    """The scripts import each other as scripts do: from their own folder."""
    sys.path.insert(0, str(FOLDER))
    matplotlib.use("Agg")
    before = set(sys.modules)
    yield
    sys.path.remove(str(FOLDER))
    # Other tests have modules of the same plain names.
    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="module")
def results(importable):
    """Each experiment's small version, run once."""
    kept = {}

    def result(name):
        if name not in kept:
            kept[name] = importlib.import_module(name).run(quick=True)
        return kept[name]

    return result


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_gives_a_table_a_finding_and_a_picture(name, results, tmp_path):
    result = results(name)
    assert all(len(row) == len(result.header) for row in result.rows)
    assert result.finding.endswith(".")
    axes = importlib.import_module(name).draw(result)
    assert axes.get_title()
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert importlib.import_module("common").save(axes, tmp_path, name).stat().st_size > 10_000
    plt.close(axes.figure)


def test_the_report_lists_every_experiment_and_the_page_has_them(importable):
    listed = importlib.import_module("write_page").EXPERIMENTS
    assert sorted(listed) == NAMES
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    for name, claim in listed.items():
        assert f"\n## {claim}\n" in page, f"docs/experiments.md has no section of {name}; run write_page.py"
        assert (ROOT / "docs" / "pictures" / f"{name}.png").exists()


@pytest.mark.covers(
    "X1: sigmoid gradients vanish within five layers",
    "A4: the sigmoid's slope is 0.25 at most: gradients vanish with depth",
    "A19: gradients vanish with tanh, too",
)
def test_gradients_of_the_sigmoid_vanish_with_depth(results):
    ratios = results("vanishing_gradients").data["ratios"]
    assert ratios["sigmoid"][-1] < 1e-4
    assert ratios["relu"][-1] > 0.1


@pytest.mark.covers("X2: relu learns faster than sigmoid", "A9: relu")
def test_relu_needs_no_more_epochs_than_sigmoid_on_digits(results):
    found = results("relu_speed").data["digits"]
    assert found["relu"] < found["sigmoid"]


@pytest.mark.covers("X3: relu makes zeros")
def test_half_of_the_activations_are_zero_at_the_start(results):
    assert all(0.35 < share < 0.65 for share in results("relu_zeros").data["before"])


@pytest.mark.covers("X4: large learning rates kill relu units; cures", "A10: dead units, their causes and cures")
def test_large_rates_kill_units_and_leaky_ones_never_die(results):
    shares = results("dead_units").data["shares"]
    assert shares["SGD, He"][0] < 0.1
    assert all(share == 0 or share != share for share in shares["SGD, He, leaky relu"])
    assert any(share > 0.1 for case in shares if "leaky" not in case for share in shares[case])


@pytest.mark.covers(
    "X5: leaky relu and elu are not always better", "A14: no rectifier is always better: a table with intervals"
)
def test_rectifiers_are_compared_with_intervals(results):
    for found in results("rectifiers").data.values():
        assert all(half > 0 for _, half in found.values())


@pytest.mark.covers("X6: swish against relu")
def test_swish_is_compared_with_relu(results):
    assert {"relu", "swish"} <= set(results("swish").header)


@pytest.mark.covers(
    "X7: activations centred on zero learn faster", "A6: inputs that are not centred on zero make steps zig-zag"
)
def test_a_centred_sigmoid_is_ahead(results):
    losses = results("centred_activations").data
    assert losses["2 sigmoid - 1"][-1] < losses["sigmoid"][-1]


@pytest.mark.covers("X8: mini-batches ease the zig-zag")
def test_larger_batches_turn_less(results):
    for turns in results("zigzag").data.values():
        assert turns[-1] < turns[-2] < turns[0]


@pytest.mark.covers("X9: the three descents' paths", "G11: mini-batches", "G12: paths of the three, compared")
def test_single_samples_turn_more_than_mini_batches_and_these_more_than_full_ones(results):
    full, mini, single = (row[2] for row in results("descent_paths").rows)
    assert single > mini > full


@pytest.mark.covers(
    "X10: absolute error with a fixed rate does not settle",
    "L16: absolute error does not settle with a fixed learning rate",
)
def test_the_absolute_error_swings_and_the_others_settle(results):
    absolute, squared, decayed = (path[-1] for path in results("absolute_error").data.values())
    assert abs(absolute) == pytest.approx(0.05, abs=1e-12)
    assert abs(squared) < 1e-5
    assert abs(decayed) < 0.02


@pytest.mark.covers("X11: squared error and outliers", "L15: an outlier pulls the mean, not the median")
def test_an_outlier_moves_the_line_of_squared_error_only(results):
    found = results("outliers").data["found"]
    shift = {loss: abs(moved[0] - clean[0]) for loss, (clean, moved) in found.items()}
    assert shift["mean_absolute_error"] < 0.05 * shift["mean_squared_error"]


@pytest.mark.covers("X12: momentum, RMSprop and Adam speed up", "O10: steps to a target, by method")
def test_momentum_needs_fewer_steps_on_the_ravine(results):
    steps = {row[0]: row[1] for row in results("acceleration").rows}
    assert isinstance(steps["momentum"], int)
    assert steps["Nesterov"] < steps["momentum"]


@pytest.mark.covers("X13: bias correction matters early", "O8: Adam's first step has the size of the learning rate")
def test_without_bias_correction_the_first_steps_are_too_large(results):
    sizes = results("bias_correction").data
    assert sizes["without"][0] / sizes["with"][0] == pytest.approx(10**0.5, rel=1e-9)


@pytest.mark.covers(
    "X14: what the batch size does", "G17: samples a second by batch size", "G19: small and large batches, measured"
)
def test_larger_batches_make_fewer_updates_and_a_smoother_start(results):
    rows = results("batch_sizes").rows
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert rows[0][4] < rows[-1][4]


@pytest.mark.covers("X15: the cost of backpropagation grows with the neurons", "B9: what the backward pass costs")
def test_the_backward_pass_was_timed_at_every_shape(results):
    assert all(row[5] > 0 for row in results("backward_cost").rows)

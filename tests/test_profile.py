"""Profiles: `trainer.profile`, the command `tilegrad bench`, and the limits of the machine they are measured against."""

import json
import math
import re
from itertools import pairwise

import numpy as np
import pytest
import tilegrad as tg
from boundary import anything, quietly, refused_or
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from test_command import command
from tilegrad import _core, nn, optim
from tilegrad.bench import run
from tilegrad.run.rows import Form
from tilegrad.train import Profile, ProfileRow

FORM = Form("float32", (4,), (), "int32", False, False)


def trainer(*widths, dtype="float32", optimizer="adam", seed=3):
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Dense(inputs, outputs, dtype=dtype), nn.ReLU()]
    return tg.Trainer(nn.Sequential(*layers[:-1]), "cross_entropy", optimizer, seed=seed)


def data(rows, features, classes):
    generator = np.random.default_rng(1)
    return generator.standard_normal((rows, features)).astype("f4"), generator.integers(0, classes, rows)


def only(profile, **facts):
    found = [row for row in profile.rows if all(getattr(row, name) == value for name, value in facts.items())]
    assert len(found) == 1, f"{len(found)} rows with {facts} in\n{profile}"
    return found[0]


def test_operations_are_those_counted_by_hand():
    profile = trainer(784, 128, 10).profile(*data(64, 784, 10), batch_size=32, steps=3)
    first = only(profile, operation="matmul + bias + relu")
    assert first.operations == 2 * 32 * 784 * 128 + 2 * 32 * 128
    assert first.bytes == 4 * (32 * 784 + 784 * 128 + 128 + 32 * 128)
    assert (first.result, first.calls) == ("float32(32, 128)", 1)
    second = only(profile, operation="matmul + bias")
    assert second.operations == 2 * 32 * 128 * 10 + 32 * 10
    products = 2 * (2 * 32 * (784 * 128 + 128 * 10)) + 2 * 32 * 128 * 10
    weights = 784 * 128 + 128 + 128 * 10 + 10
    # Weight and two slots, two operations each; what is left are biases, slopes and the loss.
    assert 0 < profile.operations - products - 6 * weights < 20 * 32 * 138


def test_each_parameter_is_updated_in_a_row_of_its_own():
    profile = trainer(6, 5, 4).profile(*data(8, 6, 4), batch_size=8, steps=2)
    updated = {row.scope for row in profile.rows if "adam" in row.operation}
    assert updated == {"0.weight", "0.bias", "2.weight", "2.bias"}


@pytest.mark.parametrize("steps", [1, 5, 40])
def test_as_many_steps_as_asked_for(steps):
    assert trainer(4, 3).profile(*data(8, 4, 3), batch_size=4, steps=steps).steps == steps


def test_without_a_number_steps_are_timed_for_a_while():
    assert 5 <= trainer(4, 3).profile(*data(8, 4, 3), batch_size=4).steps <= 1000


def test_totals_are_sums_of_rows():
    profile = trainer(30, 20, 10).profile(*data(64, 30, 10), steps=4)
    assert isinstance(profile, Profile)
    assert all(isinstance(row, ProfileRow) for row in profile.rows)
    assert profile.operations == sum(row.operations for row in profile.rows)
    assert profile.bytes == sum(row.bytes for row in profile.rows)
    assert profile.operation_seconds == sum(row.seconds for row in profile.rows)
    assert profile.overhead_seconds == max(profile.step_seconds - profile.operation_seconds, 0)
    assert sum(profile.bound_by.values()) == pytest.approx(1)
    assert list(profile.rows) == sorted(profile.rows, key=lambda row: -row.seconds)
    assert sum(row.calls for row in profile.rows) > 5
    assert profile.samples_per_second == pytest.approx(32 / profile.step_seconds)
    assert profile.fit_seconds > 0


def test_rates_are_work_by_time():
    row = ProfileRow("matmul", "0", "float32(1, 1)", 2, 1e-3, 4_000_000, 6_000_000, 5e-4, "arithmetic")
    assert row.gflops == pytest.approx(4)
    assert row.gbytes == pytest.approx(6)
    assert row.share_of_limit == pytest.approx(0.5)
    assert ProfileRow("copy", "", "", 1, 0.0, 0, 0, 0.0, "l1").to_dict()["share_of_limit"] == 0


def test_equal_calls_share_a_row():
    class Twice(nn.Module):
        def __init__(self):
            self.inner = nn.Dense(4, 4)

        def forward(self, x):
            return self.inner(self.inner(x))

    model = Twice()
    profile = tg.Trainer(model, "mean_squared_error", "sgd").profile(np.ones((8, 4)), np.ones((8, 4)), steps=2)
    row = only(profile, operation="matmul + bias")
    assert (row.scope, row.calls) == ("inner", 2)
    assert row.operations == 2 * (2 * 8 * 4 * 4 + 8 * 4)


def state_of(each):
    runner = each._session.runner
    slots = {} if runner._state is None else {name: view.copy() for name, view in runner._state.slots.items()}
    return each.model.state_dict(), slots, each.step, each.epoch, dict(each.history)


def assert_same_bits(one, two):
    assert one[0].keys() == two[0].keys()
    assert one[1].keys() == two[1].keys()
    for part in (0, 1):
        for name in one[part]:
            assert one[part][name].tobytes() == two[part][name].tobytes(), name
    assert one[2:] == two[2:]


def with_dropout(seed=0):
    model = nn.Sequential(nn.Dense(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Dense(16, 3))
    return tg.Trainer(model, "cross_entropy", optim.Adam(learning_rate=0.01), metrics=["accuracy"], seed=seed)


def test_a_profile_changes_nothing():
    x, y = data(40, 6, 3)
    one, two = with_dropout(), with_dropout()
    for each in (one, two):
        each.fit(x, y, batch_size=16, epochs=2, progress=False)
    before, plan = state_of(one), one.plan
    one.profile(x, y, batch_size=16, steps=20, sample_weight=np.linspace(1, 2, 40))
    assert_same_bits(state_of(one), before)
    assert one.plan is plan
    for each in (one, two):
        each.fit(x, y, batch_size=16, epochs=2, progress=False)
    assert_same_bits(state_of(one)[:4], state_of(two)[:4])
    assert one.history["loss"] == two.history["loss"]


def test_a_profile_of_a_fresh_model_gives_it_no_weights():
    x, y = data(40, 6, 3)
    one, two = with_dropout(), with_dropout()
    one.profile(x, y, batch_size=8, steps=3)
    assert not any(parameter.is_initialized for _, parameter in one.model._parameters())
    histories = [each.fit(x, y, batch_size=8, epochs=2, progress=False) for each in (one, two)]
    assert histories[0]["loss"] == histories[1]["loss"]
    assert_same_bits(state_of(one)[:4], state_of(two)[:4])


def test_a_profile_trains_from_the_weights_as_they_are():
    """What is timed is the network at hand: its copy begins with the model's numbers and the optimizer's slots."""
    x, y = data(40, 6, 3)
    each = with_dropout()
    each.fit(x, y, epochs=1, progress=False)
    copy = each._session.runner.copied_state(each.seed)
    own = each._session.runner.state(each.seed)
    assert copy.step == own.step > 0
    assert copy.parameters.tobytes() == own.parameters.tobytes()
    assert all(copy.slots[name].tobytes() == values.tobytes() for name, values in own.slots.items())


def test_integer_images_weights_and_both_dtypes_can_be_profiled(dtype):
    x = np.random.default_rng(0).integers(0, 256, (30, 5), np.uint8)
    each = trainer(5, 4, 3, dtype=np.dtype(dtype).name)
    profile = each.profile(x, np.arange(30) % 3, batch_size=10, steps=2, scale=1 / 255, class_weight={0: 2.0})
    assert profile.dtype == np.dtype(dtype).name
    assert only(profile, operation="matmul + bias").result == f"{profile.dtype}(10, 3)"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "profile: expected `batch_size` of at least 1, got 0"),
        ({"steps": 0}, ValueError, "profile: expected `steps` of at least 1, got 0"),
        ({"steps": 2.5}, TypeError, "profile: expected `steps` to be a whole number, got 2.5"),
        ({"sample_weight": [1.0]}, ValueError, r"profile: expected `sample_weight` of shape \(8,\), got \(1,\)"),
    ],
)
def test_wrong_arguments_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        trainer(4, 3).profile(*data(8, 4, 3), **settings)


def test_a_profile_prints_as_a_table():
    profile = trainer(20, 8, 3).profile(*data(64, 20, 3), steps=3)
    lines = str(profile).splitlines()
    head = lines[0].split("  ")
    for word in ("operation", "scope", "calls", "GFLOP/s", "GB/s", "of limit", "bound by"):
        assert word in [cell.strip() for cell in head]
    assert len({line.index("float32(") for line in lines if "float32(" in line and "Batch" not in line}) <= 2
    for part in ("matmul + bias + relu", "all operations", "outside operations", "samples a second", "limits"):
        assert part in str(profile)
    assert repr(profile) == str(profile)


def test_a_profile_shows_as_html_with_everything_escaped():
    row = ProfileRow("<b>", "0", "float32(1,)", 1, 1e-6, 10, 10, 1e-7, "l1")
    each = {"float32": 1e9, "float64": 1e9}
    limits = {"threads": 1, "flops": each, "divisions": each, "levels": []}
    text = Profile((row,), 1e-6, 2e-6, 1, 1, 1, "float32", "avx2", limits, 0.0)._repr_html_()
    assert text.startswith("<table>")
    assert "&lt;b&gt;" in text
    assert "<b>" not in text


def test_a_profile_goes_into_json():
    profile = trainer(20, 8, 3).profile(*data(64, 20, 3), steps=3)
    read = json.loads(json.dumps(profile.to_dict()))
    assert [row["operation"] for row in read["rows"]] == [row.operation for row in profile.rows]
    assert read["step_seconds"] == profile.step_seconds
    assert read["limits"]["threads"] >= 1


def test_the_least_time_is_the_larger_of_two():
    """A product is bound by arithmetic, a long update by the memory its operands lie in."""
    profile = trainer(300, 200, 10).profile(*data(200, 300, 10), batch_size=200, steps=2)
    limits = profile.limits
    row = only(profile, operation="matmul + bias + relu")
    assert row.bound == "arithmetic"
    assert row.least_seconds == pytest.approx(row.operations / limits["flops"]["float32"])
    for row in profile.rows:
        if row.bound not in ("arithmetic", "division") and row.calls == 1:
            bandwidth = next(level["bandwidth"] for level in limits["levels"] if level["name"] == row.bound)
            assert row.least_seconds == pytest.approx(row.bytes / bandwidth)


def test_limits_are_measured():
    for threads in (1, None):
        limits = _core.measure_limits(threads)
        assert 1 <= limits["threads"] <= _core.threads()
        assert set(limits["flops"]) == {"float32", "float64"}
        assert limits["levels"][-1]["name"] == "memory"
        assert limits["levels"][-1]["capacity"] is None
        capacities = [level["capacity"] for level in limits["levels"][:-1]]
        assert capacities == sorted(capacities)
        assert set(limits["divisions"]) == {"float32", "float64"}
        rates = [
            *limits["flops"].values(),
            *limits["divisions"].values(),
            *(level["bandwidth"] for level in limits["levels"]),
        ]
        assert all(math.isfinite(rate) and rate > 0 for rate in rates)


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_limits_of_no_thread_are_refused(threads):
    with pytest.raises(ValueError, match=f"measure_limits: expected `threads` of 1 to 1024, got {threads}"):
        _core.measure_limits(threads)


def test_plans_refuse_what_they_cannot_profile():
    each = trainer(4, 3)
    x, y = data(8, 4, 3)
    each.fit(x, y, batch_size=8, epochs=1, progress=False)
    state = each._session.runner.copied_state(0)
    for runs in (0, -1, 10**9):
        with pytest.raises(ValueError, match="profile: expected `runs` of 1 to 100000"):
            each.plan.profile([x, y.astype("i4")], state, 0, runs)
    with pytest.raises(ValueError, match="profile: expected 2 inputs, got 0"):
        each.plan.profile([], state)
    with pytest.raises(TypeError, match="profile: expected `features`"):
        each.plan.profile([x.astype("f8"), y.astype("i4")], state)


@quietly
@given(st.lists(anything, max_size=3), anything, anything, anything)
def test_plans_profile_anything_or_say_why_not(inputs, state, seed, runs):
    plan = trainer(4, 3)._session.steps.training_step(2, FORM).step.plan
    refused_or(lambda _: None, lambda: plan.profile(inputs, state, seed, runs))
    refused_or(lambda _: None, lambda: _core.measure_limits(runs if isinstance(runs, str) else -1))


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_bench_takes_every_kind_of_loss(loss, optimizer, capsys):
    profile = run(layers=(6, 5, 4), batch_size=8, loss=loss, optimizer=optimizer, activation="tanh", steps=2)
    assert {row.scope for row in profile.rows if optimizer in row.operation} == {
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    }
    assert f"6-5-4 with tanh, {loss}, {optimizer}, batches of 8" in capsys.readouterr().out


def test_bench_refuses_a_single_layer():
    with pytest.raises(ValueError, match="bench: expected `layers` of at least two widths"):
        run(layers=(6,))


def test_the_command_shows_a_table(with_threads):
    result = command("bench", "--layers", "12-8-3", "--batch-size", "16", "--threads", "1", "--steps", "3")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for part in (
        "12-8-3",
        "GFLOP/s",
        "matmul + bias + relu",
        "adam",
        "samples a second",
        "1 thread",
        "Measured limits",
    ):
        assert part in result.stdout


def test_the_command_gives_json():
    result = command("bench", "--layers", "5-3", "--steps", "2", "--dtype", "float64", "--optimizer", "sgd", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["network"] == {
        "layers": [5, 3],
        "activation": "relu",
        "optimizer": "sgd",
        "loss": "cross_entropy",
    }
    assert document["profile"]["dtype"] == "float64"
    assert document["machine"]["isa"] == document["profile"]["isa"]
    assert document["profile"]["rows"]


def test_the_documented_output_is_that_of_the_command():
    """Operations, scopes and results of the example in the docs are those of today; its times are of one machine."""
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    arguments = re.search(r"^    tilegrad (bench .*)$", page, re.MULTILINE)[1].split()
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1].splitlines()
    result = command(*arguments, "--steps", "2", "--json")
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)["profile"]["rows"]
    for row in rows:
        cells = (row[name] for name in ("operation", "scope", "result", "calls"))
        pattern = r"\s+".join(re.escape(str(cell)) for cell in cells if cell != "") + r"\s"
        assert any(re.match(pattern, line) for line in shown), f"{pattern!r} is not in docs/performance.md"
    first, last = (next(i for i, line in enumerate(shown) if line.startswith(name)) for name in ("operation ", "all "))
    assert last - first - 1 == len(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--layers", "784-0-10"], "joined by hyphens, such as 784-128-10, got '784-0-10'"),
        (["--layers", "784"], "joined by hyphens, such as 784-128-10, got '784'"),
        (["--layers", "784-ten"], "got '784-ten'"),
        (["--layers", "4-99999999999"], "from 1 to 10000000"),
        (["--activation", "rleu"], "unknown activation 'rleu' (did you mean 'relu'?)"),
        (["--loss", "crossentropy"], "did you mean 'cross_entropy'?"),
        (["--optimizer", "adma"], "did you mean 'adam'?"),
        (["--batch-size", "0"], "expected a whole number of at least 1, got '0'"),
        (["--threads", "0"], "expected a whole number of at least 1, got '0'"),
        (["--steps", "none"], "expected a whole number of at least 1, got 'none'"),
        (["--dtype", "float16"], "float32"),
    ],
)
def test_the_command_refuses_with_an_error_message(arguments, message):
    result = command("bench", *arguments)
    assert result.returncode in (1, 2)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_info_measures_on_demand():
    result = command("info", "--measure", TILEGRAD_THREADS="2")
    assert result.returncode == 0, result.stderr
    assert "one thread" in result.stdout
    assert "GFLOP/s" in result.stdout
    assert "GFLOP/s" not in command("info").stdout


def test_a_scale_leaves_the_data_alone():
    """Found once: features that needed no conversion were scaled where they lie."""
    x, y = data(8, 4, 3)
    before = x.copy()
    trainer(4, 3).profile(x, y, batch_size=4, steps=2, scale=0.5)
    assert x.tobytes() == before.tobytes()

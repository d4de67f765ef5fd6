"""Batches: full, single, in between; sums and means; counts of steps; sizes by rule and by measuring; noise; rates."""

import subprocess
import sys

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, nn, optim, schedules
from training import problem, trainer_for, weight_bytes

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((120, 5))
Y = X @ RANDOM.standard_normal(5) + 0.1 * RANDOM.standard_normal(120) + 1.0


def linear(optimizer, loss="mean_squared_error", dtype="float64"):
    return tg.Trainer(nn.Dense(5, 1, dtype=dtype), loss, optimizer)


def line_of(trainer):
    return np.append(trainer.model.weight.value, trainer.model.bias.value)


@pytest.mark.covers("G9: full-batch descent reaches the exact solution", "G4: the update rule")
def test_full_batches_reach_the_normal_equation():
    trainer = linear(optim.SGD(0.3))
    history = trainer.fit(X, Y, batch_size="full", epochs=200, progress=False)
    assert trainer.step == 200
    design = np.c_[X, np.ones(120)]
    np.testing.assert_allclose(line_of(trainer), np.linalg.lstsq(design, Y)[0], atol=1e-8)
    assert np.diff(history["loss"]).max() < 1e-12, "the loss of full batches only falls"


@pytest.mark.covers("G4: the update rule", "G10: one sample a step")
def test_single_samples_equal_the_rule_by_hand():
    trainer = linear(optim.SGD(0.01))
    trainer.model.initialize()
    weight, bias = trainer.model.weight.value[:, 0].copy(), 0.0
    trainer.fit(X, Y, batch_size=1, epochs=2, shuffle=False, progress=False)
    for row, target in [*zip(X, Y, strict=True)] * 2:
        slope = 2 * (row @ weight + bias - target)
        weight, bias = weight - 0.01 * slope * row, bias - 0.01 * slope
    np.testing.assert_allclose(line_of(trainer), [*weight, bias], rtol=1e-10)
    assert trainer.step == 240


@pytest.mark.covers("G10: one sample a step", "G11: mini-batches", "G20: epochs and steps")
def test_an_epoch_of_single_samples_calls_python_no_more_than_one_of_full_batches():
    """No per-step cost in Python: the calls of functions do not grow with the number of steps."""

    def calls(batch_size):
        trainer = linear(optim.Adam(schedules.Cosine(0.01)))
        trainer.fit(X, Y, batch_size=batch_size, epochs=1, progress=False)
        count = 0

        def tracer(frame, event, argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(tracer)
        trainer.fit(X, Y, batch_size=batch_size, epochs=1, progress=False)
        sys.setprofile(None)
        return count

    assert calls(1) < calls("full") + 100


@pytest.mark.covers("G13: steps an epoch", "G20: epochs and steps")
@pytest.mark.parametrize(("rows", "size", "kept", "dropped"), [(1000, 32, 32, 31), (96, 32, 3, 3), (5, 32, 1, 1)])
def test_steps_of_an_epoch(rows, size, kept, dropped):
    x, y = np.ones((rows, 5)), np.ones(rows)
    for drop_last, steps in ((False, kept), (True, dropped)):
        trainer = linear(optim.SGD(0.01))
        history = trainer.fit(x, y, batch_size=size, epochs=3, drop_last=drop_last, progress=False)
        assert (trainer.step, trainer.epoch, history.epochs) == (3 * steps, 3, 3)
        assert len(history["loss"]) == len(history["learning_rate"]) == 3


@pytest.mark.covers("G13: steps an epoch")
def test_the_rows_left_out_are_others_at_each_shuffle():
    """One row in nine is left out; after some epochs every row has had its turn."""
    x, y = np.eye(9), np.ones(9)
    trainer = tg.Trainer(
        nn.Dense(9, 1, bias=False, initializer="zeros", dtype="float64"), "mean_squared_error", optim.SGD(0.1)
    )
    touched = []
    for _ in range(2):
        trainer.fit(x, y, batch_size=4, epochs=1, drop_last=True, progress=False)
        touched.append((trainer.model.weight.value != 0).sum())
    assert touched[0] == 8
    trainer.fit(x, y, batch_size=4, epochs=10, drop_last=True, progress=False)
    assert (trainer.model.weight.value != 0).all()
    still = tg.Trainer(
        nn.Dense(9, 1, bias=False, initializer="zeros", dtype="float64"), "mean_squared_error", optim.SGD(0.1)
    )
    still.fit(x, y, batch_size=4, epochs=5, drop_last=True, shuffle=False, progress=False)
    np.testing.assert_array_equal(np.flatnonzero(still.model.weight.value == 0), [8])
    with pytest.raises(TypeError, match="fit: expected `drop_last` to be True or False, got 1"):
        still.fit(x, y, epochs=1, drop_last=1)


@pytest.mark.filterwarnings("ignore:.*is a sum over the rows")
@pytest.mark.covers("G14: sums and means of gradients")
@pytest.mark.parametrize("size", [120, 30, 7])
def test_the_sum_of_gradients_is_the_batch_size_times_their_mean(size):
    """The same trajectory when the learning rate is divided by the batch size."""
    rows = 120 // size * size
    by_mean = linear(optim.SGD(0.1, momentum=0.9))
    by_sum = linear(optim.SGD(0.1 / size, momentum=0.9), losses.SumSquaredError())
    for trainer in (by_mean, by_sum):
        trainer.fit(X[:rows], Y[:rows], batch_size=size, epochs=5, progress=False)
    np.testing.assert_allclose(line_of(by_mean), line_of(by_sum), rtol=1e-9)


@pytest.mark.covers("G15: the rule for batch sizes")
def test_the_batch_size_rule():
    assert tg.suggest_batch_size(20_000) == 20_000
    assert tg.suggest_batch_size(20_001) == 128
    assert tg.suggest_batch_size(1) == 1
    sizes = {tg.suggest_batch_size(rows, features) for rows in (20_001, 10**5, 10**7) for features in (1, 10**3, 10**6)}
    assert sizes <= {4, 8, 16, 32, 64, 128, 256, 512}
    assert {4, 512} <= sizes
    assert tg.suggest_batch_size(10**6, 1000, cache=1 << 18) == 32
    trainer = linear(optim.SGD(0.01))
    trainer.fit(X, Y, batch_size="size-rule", epochs=2, progress=False)
    assert trainer.step == 2
    with pytest.raises(ValueError, match='fit: expected `batch_size` to be a number, "full", "auto" or "size-rule"'):
        trainer.fit(X, Y, batch_size="rule", epochs=1)
    for wrong in ((0,), (30_000, 0), (30_000, 4, -1)):
        with pytest.raises(ValueError, match="suggest_batch_size: expected"):
            tg.suggest_batch_size(*wrong)


@pytest.mark.covers("G16: how noisy a batch's gradient is")
@pytest.mark.parametrize(("noise", "distance"), [(1.0, 0.5), (3.0, 1.0), (0.2, 2.0)])
def test_the_noise_of_gradients_on_data_whose_noise_is_known(noise, distance):
    """Least squares with normal features: at distance D from the truth the scale is (d + 1) + noise² d / D²."""
    random, width = np.random.default_rng(1), 10
    x = random.standard_normal((8192, width))
    truth = random.standard_normal(width)
    y = x @ truth + noise * random.standard_normal(8192)
    direction = random.standard_normal(width)
    layer = nn.Dense(width, 1, bias=False, dtype="float64")
    layer.weight.value = (truth + distance * direction / np.linalg.norm(direction))[:, None]
    trainer = tg.Trainer(layer, "mean_squared_error", "sgd")
    found = trainer.gradient_noise(x, y, batch_size=16, batches=512)
    expected = (width + 1) + noise**2 * width / distance**2
    assert abs(found.scale / expected - 1) < 0.2
    assert abs(found.squared_norm / (4 * distance**2) - 1) < 0.2
    by_sum = tg.Trainer(layer, losses.SumSquaredError(), "sgd").gradient_noise(x, y, batch_size=16)
    assert abs(by_sum.scale / expected - 1) < 0.4
    assert trainer.step == 0
    with pytest.raises(ValueError, match="gradient_noise: expected rows for two batches of 8192, got 8192"):
        trainer.gradient_noise(x, y, batch_size=8192)


@pytest.mark.covers("G17: samples a second by batch size")
def test_the_throughput_of_batch_sizes():
    x, y = problem(rows=600)
    trainer = trainer_for(nn.Sequential(nn.Dense(12, 32), nn.ReLU(), nn.Dropout(0.5), nn.Dense(32, 4)))
    trainer.fit(x, y, epochs=1, progress=False)
    before = weight_bytes(trainer.model), trainer.step, trainer.optimizer.parameters
    speed = trainer.benchmark(x, y, batch_sizes=[1, 64, 10_000], seconds=0.01)
    assert (weight_bytes(trainer.model), trainer.step, trainer.optimizer.parameters) == before
    assert speed.batch_sizes == (1, 64, 600)
    # Single samples pay the whole cost of a step each: many times fewer samples a second.
    assert speed.samples_per_second[1] > speed.samples_per_second[0]
    assert speed.fastest in (64, 600)
    lines = str(speed).splitlines()
    assert len(lines) == 4
    assert lines[1].split()[:2] == ["1", "600"]
    with pytest.raises(ValueError, match="benchmark: expected at least one number in `batch_sizes`"):
        trainer.benchmark(x, y, batch_sizes=[])
    with pytest.raises(ValueError, match="benchmark: expected `seconds`"):
        trainer.benchmark(x, y, seconds=0)


MEMORY = """
import numpy as np, tilegrad as tg
from tilegrad import nn

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

x, y = np.zeros((4096, 60), np.float32), np.zeros(4096, np.float32)
small = tg.Trainer(nn.Sequential(nn.Dense(60, 8), nn.ReLU(), nn.Dense(8, 1)), "mean_squared_error", "adam")
small.fit(x, y, batch_size=4096, epochs=1, progress=False)
trainer = tg.Trainer(nn.Sequential(nn.Dense(60, 6000), nn.ReLU(), nn.Dense(6000, 1)), "mean_squared_error", "adam")
before = resident()
trainer.fit(x, y, batch_size=4096, epochs=1, progress=False)
print(resident() - before, trainer.memory(x, y, batch_size=4096).total)
"""


@pytest.mark.covers("G18: the memory of a training, estimated")
def test_the_memory_of_a_training_is_known_before():
    if not sys.platform.startswith("linux"):
        pytest.skip("the resident memory is read from /proc")
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, timeout=60)
    measured, estimated = map(int, done.stdout.split())
    assert measured > 50e6
    assert abs(estimated / measured - 1) < 0.1


@pytest.mark.covers("G18: the memory of a training, estimated")
def test_the_memory_of_predictions_and_few_updates():
    model = nn.Sequential(nn.Dense(10, 20), nn.ReLU(), nn.Dense(20, 1))
    assert model.memory(64).intermediate > model.memory(1).intermediate > 0
    assert model.memory(1).optimizer == 0
    assert "parameters" in str(model.memory())
    with pytest.raises(ValueError, match="memory: expected `input_shape`"):
        nn.ReLU().memory()
    x, y = np.zeros((1500, 5)), np.zeros(1500)
    trainer = linear(optim.SGD(0.01))
    with pytest.warns(UserWarning, match="batch_size=1000 leaves 6 updates in 3 epochs of 1500 rows"):
        trainer.fit(x, y, batch_size=1000, epochs=3, progress=False)


@pytest.mark.covers("G6: learning rates too small and too large; a finder; divergence", "conventions:LR finder")
@pytest.mark.parametrize(
    "rule", [optim.SGD(0.5), optim.Adam(), optim.Groups({"*.bias": optim.SGD(0.1), "*": optim.Adam()})]
)
def test_the_search_for_a_learning_rate_changes_nothing(rule):
    x, y = problem(rows=300)
    trainer = trainer_for(nn.Sequential(nn.Dense(12, 16), nn.Tanh(), nn.Dropout(0.2), nn.Dense(16, 4)), optimizer=rule)
    trainer.fit(x, y, epochs=1, progress=False)
    before = weight_bytes(trainer.model), trainer.step, trainer.optimizer.parameters, dict(trainer.history)
    slots = {name: slot.copy() for name, slot in trainer._session.runner.state().slots.items()}
    search = trainer.find_learning_rate(x, y)
    assert (weight_bytes(trainer.model), trainer.step, trainer.optimizer.parameters, dict(trainer.history)) == before
    for name, slot in trainer._session.runner.state().slots.items():
        np.testing.assert_array_equal(slot, slots[name])
    assert search.rates[0] == 1e-7
    assert search.rates[-1] <= 10 * (1 + 1e-12)
    assert len(search.rates) == len(search.losses) == len(search.smoothed) <= 100
    assert 1e-4 < search.suggestion < 2
    again = trainer.find_learning_rate(x, y)
    np.testing.assert_array_equal(search.losses, again.losses)
    assert "suggestion=" in repr(search)


@pytest.mark.covers("G6: learning rates too small and too large; a finder; divergence")
def test_the_search_ends_where_the_loss_is_four_times_its_best():
    trainer = linear(optim.SGD())
    search = trainer.find_learning_rate(X, Y, batch_size="full", smoothing=0.0)
    assert search.losses[-1] > 4 * search.losses.min()
    assert (search.losses[:-1] <= 4 * np.minimum.accumulate(search.losses[:-1])).all()
    # A rate above 2 / (largest curvature) diverges; the suggestion stays below it.
    design = np.c_[X, np.ones(120)]
    assert search.suggestion < 2 / np.linalg.eigvalsh(2 * design.T @ design / 120).max()
    assert search.rates[-1] > search.suggestion
    ax = pytest.importorskip("matplotlib").use("Agg") or search.plot()
    assert ax.get_xscale() == "log"


@pytest.mark.covers("G6: learning rates too small and too large; a finder; divergence")
def test_rates_too_small_right_and_too_large_on_a_parabola():
    """f = w² / 2: rate 0.01 is slow, 1 is there in a step, 1.9 goes to and fro, 2.1 diverges."""

    def walk(rate, steps=20):
        weight, path = np.array([1.0]), [1.0]
        optimizer = optim.SGD(rate)
        for _ in range(steps):
            optimizer.step([weight], [weight.copy()])
            path.append(float(weight[0]))
        return np.array(path)

    assert walk(0.01)[-1] > 0.8
    assert walk(1.0)[1] == 0
    swings = walk(1.9)
    assert (np.sign(swings[1:]) != np.sign(swings[:-1])).all()
    assert abs(swings[-1]) < 0.2
    assert abs(walk(2.1)[-1]) > 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 0.0}, "find_learning_rate: expected `start` above 0, got 0"),
        ({"end": 1e-9}, "find_learning_rate: expected `end` above `start`"),
        ({"steps": 2}, "find_learning_rate: expected `steps` of at least 5, got 2"),
        ({"stop_factor": 1.0}, "find_learning_rate: expected `stop_factor` above 1, got 1"),
        ({"smoothing": 1.0}, r"find_learning_rate: expected `smoothing` in \[0, 1\), got 1.0"),
        ({"start": 1e30, "end": 1e31}, "find_learning_rate: expected a finite loss from `start` on"),
    ],
)
def test_wrong_searches_are_refused(settings, message):
    trainer = linear(optim.SGD(0.25))
    with pytest.raises(ValueError, match=message):
        trainer.find_learning_rate(X, Y, **settings)
    assert trainer.optimizer.learning_rate == 0.25


@pytest.mark.covers("G19: small and large batches, measured", "G16: how noisy a batch's gradient is")
def test_the_loss_of_larger_batches_is_smoother():
    """At one rate and one number of steps, the loss of single steps varies less with larger batches."""
    x, y = problem(rows=512)

    def spread(size):
        trainer = trainer_for(nn.Sequential(nn.Dense(12, 4)), optimizer=optim.SGD(1e-6))
        return np.std([trainer.fit(x[i : i + size], y[i : i + size], batch_size=size, epochs=1, progress=False)["loss"]
                       for i in range(0, 512 - size + 1, size)])  # fmt: skip

    assert spread(4) > spread(16) > spread(64)

"""The result depends on inputs and seed only: not on threads, instruction set, layout or storage of the data."""

import subprocess
import sys

import numpy as np
import pytest
from helpers import same_bits
from tilegrad import _core, losses, nn, optim
from training import fitted, problem, small_network, weight_bytes

FUSED = [name for name in _core.machine()["isas"] if name != "baseline"]
X, Y = problem()


def trained_bytes(x=X, y=Y, **settings):
    trainer, history = fitted(x, y, **settings)
    return weight_bytes(trainer.model), np.array(history["loss"]).tobytes()


def test_the_comparison_can_fail():
    """Another seed, another batch size, one more number in the data: each changes the bytes."""
    plain = trained_bytes()
    assert plain == trained_bytes()
    assert plain != trained_bytes(seed=1)
    assert plain != trained_bytes(batch_size=31)
    moved = X.copy()
    moved[100, 3] += 0.01
    assert plain != trained_bytes(moved)


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.SGD(learning_rate=0.05, momentum=0.9, nesterov=True),
        lambda: optim.RMSprop(learning_rate=1e-3),
        lambda: optim.Adagrad(learning_rate=1e-2),
        lambda: optim.Adam(learning_rate=1e-2),
        lambda: optim.AdamW(learning_rate=1e-2, weight_decay=0.1),
    ],
)
def test_threads_change_no_bit(make, with_threads):
    seen = set()
    for count in (1, 2, 3):
        with_threads(count)
        seen.add(trained_bytes(optimizer=make()))
    assert len(seen) == 1


def test_threads_change_no_bit_of_a_wide_network(with_threads):
    """Wide enough that the work really is spread."""
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((700, 300)).astype(np.float32), generator.integers(0, 10, 700)
    seen = set()
    for count in (1, 2, 3):
        with_threads(count)
        model = nn.Sequential(
            nn.Dense(300, 411), nn.Tanh(), nn.Dropout(0.5), nn.Dense(411, 257), nn.ReLU(), nn.Dense(257, 10)
        )
        seen.add(trained_bytes(x, y, model=model, batch_size=300, epochs=2))
    assert len(seen) == 1


@pytest.mark.skipif(len(FUSED) < 2, reason="this machine has fewer than two instruction sets with fused multiply-add")
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_instruction_sets_change_no_bit(precision, with_isa):
    x, y = problem(dtype=precision)
    seen = set()
    for isa in FUSED:
        with_isa(isa)
        seen.add(trained_bytes(x, y, model=small_network(dtype=precision)))
    assert len(seen) == 1


def test_the_baseline_agrees_to_rounding(with_isa):
    """Without fused multiply-add the last bits differ, no more."""
    results = []
    for isa in ("baseline", _core.machine()["isas"][-1]):
        with_isa(isa)
        trainer, history = fitted(*problem(dtype="float64"), model=small_network(dtype="float64"))
        results.append((trainer.model.predict(problem(dtype="float64")[0]), history["loss"]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-11)


def test_the_environment_forces_an_instruction_set():
    for isa in _core.machine()["isas"]:
        code = "from tilegrad import _core; print(_core.isa())"
        result = subprocess.run(
            [sys.executable, "-c", code], env={"TILEGRAD_ISA": isa}, capture_output=True, text=True, check=True
        )
        assert result.stdout.strip() == isa
    result = subprocess.run(
        [sys.executable, "-c", "import tilegrad"],
        env={"TILEGRAD_ISA": "abacus"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "abacus" in result.stderr
    assert "baseline" in result.stderr
    assert "panicked" not in result.stderr


# ---- how the data lie in memory ------------------------------------------------------------------------------------


def layouts():
    wide = np.zeros((2 * len(X), 3 * X.shape[1]), X.dtype)
    wide[::2, ::3] = X
    backwards = np.ascontiguousarray(X[::-1, ::-1])
    return {"strided": wide[::2, ::3], "fortran": np.asfortranarray(X), "reversed": backwards[::-1, ::-1]}


@pytest.mark.parametrize("layout", ["strided", "fortran", "reversed"])
def test_layout_of_the_features_changes_no_bit(layout):
    x = layouts()[layout]
    np.testing.assert_array_equal(x, X)
    assert not x.flags.c_contiguous
    assert trained_bytes(x) == trained_bytes()


def test_layout_of_the_labels_changes_no_bit():
    assert trained_bytes(y=np.repeat(Y, 2)[::2]) == trained_bytes()
    for width in (np.uint8, np.int16, np.int32, np.uint64):
        assert trained_bytes(y=Y.astype(width)) == trained_bytes()


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_memory_map_changes_no_bit(tmp_path, order):
    path = tmp_path / "features.npy"
    np.save(path, np.asarray(X, order=order))
    mapped = np.load(path, mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert trained_bytes(mapped) == trained_bytes()


def test_bytes_with_a_scale_equal_the_floats():
    generator = np.random.default_rng(3)
    raw = generator.integers(0, 256, (203, 12), dtype=np.uint8)
    labels = (raw[:, 0] > 127).astype(np.int64)
    scaled = raw.astype(np.float32) * np.float32(1 / 255)
    assert trained_bytes(raw, labels, scale=1 / 255) == trained_bytes(scaled, labels)
    trainer, _ = fitted(raw, labels, scale=1 / 255)
    same, _ = fitted(scaled, labels)
    assert trainer.evaluate(raw, labels, scale=1 / 255) == same.evaluate(scaled, labels)
    assert same_bits(trainer.model.predict(raw, scale=1 / 255), same.model.predict(scaled))


def test_bytes_one_by_one_are_scaled_like_floats():
    """Every byte there is, through a network that returns its input."""
    model = nn.Sequential(nn.Dense(1, 1))
    for name, value in model.named_parameters():
        np.asarray(value)[...] = 1.0 if name.endswith("weight") else 0.0
    raw = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    assert same_bits(model.predict(raw, scale=1 / 255), raw.astype(np.float32) * np.float32(1 / 255))


# ---- batches -------------------------------------------------------------------------------------------------------


@pytest.mark.covers("V2: evaluate: loss and metrics, whatever the batch size")
@pytest.mark.parametrize("loss", [losses.CrossEntropy(), losses.CrossEntropy(label_smoothing=0.1)])
def test_evaluation_does_not_depend_on_the_batch_size(loss):
    trainer, _ = fitted(X, Y, loss=loss)
    reports = [trainer.evaluate(X, Y, batch_size=size) for size in (1, 7, 32, 203, 1000)]
    for report in reports[1:]:
        assert report["accuracy"] == reports[0]["accuracy"]
        np.testing.assert_allclose(report["loss"], reports[0]["loss"], rtol=1e-6)


def test_prediction_does_not_depend_on_the_batch_size():
    trainer, _ = fitted(X, Y)
    whole = trainer.model.predict(X, batch_size=len(X))
    for size in (1, 7, 64, 1000):
        assert same_bits(trainer.model.predict(X, batch_size=size), whole), size

"""Weights files: every bit returns, a training goes on as if never stopped, damaged and hostile files are refused."""

import copy
import json
import os
import pickle
import struct

import numpy as np
import pytest
import tilegrad as tg
from helpers import same_bits
from hypothesis import given
from hypothesis import strategies as st
from tilegrad import _core, nn, optim
from training import fitted, problem, small_network, trainer_for, weight_bytes, weights

X, Y = problem()
DTYPES = ["f4", "f8", "i4", "i8", "u1"]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_weights_return_bit_for_bit(tmp_path, precision):
    path = tmp_path / "model.safetensors"
    model = small_network(dtype=precision)
    name, value = next(iter(model.named_parameters()))
    special = np.array([0.0, -0.0, np.finfo(precision).smallest_subnormal, np.finfo(precision).max, -1e-30])
    np.asarray(value).reshape(-1)[:5] = special
    model.save(path)
    other = small_network(dtype=precision).initialize(7)
    assert weight_bytes(other) != weight_bytes(model)
    other.load(path)
    assert weight_bytes(other) == weight_bytes(model)
    assert same_bits(weights(other)[name].reshape(-1)[:5], special.astype(precision))


def test_the_file_is_plain_safetensors(tmp_path):
    path = tmp_path / "model.safetensors"
    model = small_network()
    model.save(path)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    assert set(header) == set(weights(model))
    for name, value in weights(model).items():
        begin, end = header[name]["data_offsets"]
        assert header[name]["dtype"] == "F32"
        assert header[name]["shape"] == list(value.shape)
        assert raw[8 + length + begin : 8 + length + end] == value.tobytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.SGD(learning_rate=0.02, momentum=0.9),
        lambda: optim.RMSprop(learning_rate=1e-3),
        lambda: optim.Adagrad(learning_rate=1e-2),
        lambda: optim.Adam(learning_rate=1e-2),
        lambda: optim.AdamW(learning_rate=1e-2),
    ],
)
def test_a_training_goes_on_as_if_never_stopped(tmp_path, make):
    through, history = fitted(X, Y, optimizer=make(), epochs=5, seed=2)
    first, _ = fitted(X, Y, optimizer=make(), epochs=2, seed=2)
    path = tmp_path / "trainer.safetensors"
    first.save(path)
    second = trainer_for(small_network(12, 4).initialize(9), optimizer=make(), seed=2)
    second.load(path)
    assert second.step == first.step
    rest = second.fit(X, Y, batch_size=32, epochs=3, progress=False)
    assert weight_bytes(second.model) == weight_bytes(through.model)
    np.testing.assert_array_equal(rest["loss"][-3:], history["loss"][-3:])


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.safetensors"
    model = small_network()
    model.save(path)
    before = path.read_bytes()
    with pytest.raises((ValueError, TypeError, OSError)):
        _core.save_tensors(str(path), {"a": np.array([object()])})
    assert path.read_bytes() == before
    with pytest.raises(OSError, match="directory"):
        model.save(tmp_path / "missing" / "model.safetensors")
    assert os.listdir(tmp_path) == ["model.safetensors"], "a temporary file was left behind"


@given(
    tensors=st.dictionaries(
        st.text(min_size=1, max_size=12).filter(lambda name: name != "__metadata__" and name.isprintable()),
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3)),
        max_size=4,
    )
)
def test_any_arrays_return(tmp_path_factory, tensors):
    path = str(tmp_path_factory.mktemp("arrays") / "file.safetensors")
    generator = np.random.default_rng(0)
    written = {name: np.array(100 * generator.random(shape), dtype) for name, (dtype, shape) in tensors.items()}
    _core.save_tensors(path, written, {"note": "ü"})
    read, metadata = _core.load_tensors(path)
    assert metadata["note"] == "ü"
    assert set(read) == set(written)
    for name, value in written.items():
        assert read[name].dtype == value.dtype
        assert read[name].shape == value.shape
        np.testing.assert_array_equal(read[name], value)


# ---- damaged and hostile files -------------------------------------------------------------------------------------


def a_file(header, payload=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + payload


def entry(shape=(2,), offsets=(0, 8), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE = {
    "empty": b"",
    "seven bytes": b"\x01\x00\x00\x00\x00\x00\x00",
    "no header": struct.pack("<Q", 10),
    "huge header": a_file(b"{}", length=2**63),
    "largest header": a_file(b"{}", length=2**64 - 1),
    "header beyond the file": a_file(b"{}", length=1000),
    "no json": a_file(b"not json at all"),
    "not an object": a_file(b"[1, 2, 3]"),
    "not text": a_file(b"\xff\xfe\xfd\xfc"),
    "deep nesting": a_file(b"[" * 100_000),
    "deep objects": a_file(b'{"a":' * 50_000),
    "data beyond the file": a_file({"w": entry((1000,), (0, 4000))}, b"\0" * 8),
    "offsets backwards": a_file({"w": entry((2,), (8, 0))}, b"\0" * 8),
    "offsets do not fit the shape": a_file({"w": entry((3,), (0, 8))}, b"\0" * 8),
    "overflowing shape": a_file({"w": entry((2**62, 2**62), (0, 8))}, b"\0" * 8),
    "overflowing bytes": a_file({"w": entry((2**62,), (0, 8))}, b"\0" * 8),
    "negative shape": a_file({"w": entry((-2,), (0, 8))}, b"\0" * 8),
    "negative offset": a_file({"w": entry((2,), (-8, 0))}, b"\0" * 8),
    "fractional shape": a_file({"w": entry((2.5,), (0, 8))}, b"\0" * 8),
    "unknown dtype": a_file({"w": entry(dtype="F33")}, b"\0" * 8),
    "no dtype": a_file({"w": {"shape": [2], "data_offsets": [0, 8]}}, b"\0" * 8),
    "overlapping data": a_file({"v": entry((2,), (0, 8)), "w": entry((2,), (4, 12))}, b"\0" * 12),
    "metadata is no text": a_file({"__metadata__": {"a": 3}, "w": entry()}, b"\0" * 8),
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94.",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_and_nothing_changes(tmp_path, kind):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(HOSTILE[kind])
    with pytest.raises(ValueError, match=r"bad\.safetensors|load"):
        _core.load_tensors(str(path))
    model = nn.Sequential(nn.Dense(2, 2))
    before = weight_bytes(model)
    with pytest.raises(ValueError, match=r"expected|load|bad\.safetensors"):
        model.load(path)
    assert weight_bytes(model) == before


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "whole.safetensors"
    model = nn.Sequential(nn.Dense(3, 2))
    model.save(path)
    raw = path.read_bytes()
    cut = tmp_path / "cut.safetensors"
    before = weight_bytes(model)
    for length in [*range(0, len(raw), 7), len(raw) - 1]:
        cut.write_bytes(raw[:length])
        with pytest.raises(ValueError, match=r"cut|load"):
            model.load(cut)
    cut.write_bytes(raw + b"\0")
    with pytest.raises(ValueError, match=r"cut|load"):
        model.load(cut)
    assert weight_bytes(model) == before


@given(data=st.data())
def test_flipped_bytes_never_panic(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("flip") / "flip.safetensors"
    raw = bytearray(a_file({"w": entry(), "b": entry((1,), (8, 12))}, b"\0" * 12))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw))
    try:
        tensors, _ = _core.load_tensors(str(path))
    except (ValueError, TypeError):
        return
    assert all(isinstance(value, np.ndarray) for value in tensors.values())


def test_a_file_of_another_model_is_refused_whole(tmp_path):
    path = tmp_path / "other.safetensors"
    nn.Sequential(nn.Dense(3, 5), nn.Dense(5, 2)).save(path)
    for model in (nn.Sequential(nn.Dense(3, 5), nn.Dense(5, 3)), nn.Sequential(nn.Dense(3, 5)), small_network()):
        before = weight_bytes(model)
        with pytest.raises(ValueError, match="expected"):
            model.load(path)
        assert weight_bytes(model) == before
    precise = nn.Sequential(nn.Dense(3, 5, dtype="float64"), nn.Dense(5, 2, dtype="float64"))
    before = weight_bytes(precise)
    with pytest.raises((TypeError, ValueError), match="expected"):
        precise.load(path)
    assert weight_bytes(precise) == before


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        small_network().load(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
@pytest.mark.parametrize("layer", [nn.BatchNorm, nn.LayerNorm, nn.RMSNorm, nn.ReLU], ids=lambda layer: layer.__name__)
@pytest.mark.filterwarnings("ignore:fit. the running statistics")
def test_a_model_that_was_used_can_be_copied(layer, copied):
    """The copy predicts the same bits, has values of its own and is trained on by itself, as the first one is."""
    model = nn.Sequential(nn.Dense(12, 8), layer(), nn.Dense(8, 4))
    trainer = tg.Trainer(model, "cross_entropy", "adam", seed=1)
    trainer.fit(X, Y, epochs=1, progress=False)
    other = copied(model)
    assert np.array_equal(other.predict(X), model.predict(X))
    before = model.predict(X).copy()
    tg.Trainer(other, "cross_entropy", "adam", seed=1).fit(X, Y, epochs=1, progress=False)
    assert np.array_equal(model.predict(X), before)
    assert not np.array_equal(other.predict(X), before)
    trainer.fit(X, Y, epochs=1, progress=False)
    assert not np.array_equal(model.predict(X), before)

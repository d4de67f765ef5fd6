"""Weights files at the boundary of `tilegrad._core`: written whole, read with suspicion."""

import struct
import sys

import numpy as np
import pytest
from boundary import arrays, quietly, refused_or
from hypothesis import given
from hypothesis import strategies as st
from tilegrad import _core


@quietly
@given(
    st.dictionaries(st.text(max_size=8), arrays(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
)
def test_tensors_survive_a_file(tmp_path_factory, tensors, metadata):
    path = tmp_path_factory.mktemp("files") / "x.safetensors"

    def check(_):
        loaded, read = _core.load_tensors(path)
        assert read == metadata
        assert loaded.keys() == tensors.keys()
        for name, array in tensors.items():
            assert loaded[name].dtype == array.dtype
            np.testing.assert_array_equal(loaded[name], array)

    refused_or(check, lambda: _core.save_tensors(path, tensors, metadata))
    assert path.exists() or not list(path.parent.iterdir())


@quietly
@given(st.data())
def test_damaged_files_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("files") / "x.safetensors"
    _core.save_tensors(path, {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.ones(2)}, {"k": "v"})
    content = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[:cut])
    refused_or(lambda _: None, lambda: _core.load_tensors(path))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}',
        b'{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}}',
        b'{"a":{"dtype":"F32","shape":[' + b"1," * 99 + b'0],"data_offsets":[0,0]}}',
        b"[" * 100_000,
    ],
)
def test_hostile_headers_are_refused(tmp_path, header):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match="load_tensors: expected a whole safetensors file"):
        _core.load_tensors(path)
    path.write_bytes(struct.pack("<Q", 2**63) + header)
    with pytest.raises(ValueError, match="load_tensors"):
        _core.load_tensors(path)


def test_files_are_replaced_whole(tmp_path):
    path = tmp_path / "x.safetensors"
    _core.save_tensors(str(path), {"a": np.ones(3)})
    path.chmod(0o640)
    _core.save_tensors(path, {"a": np.zeros(3)})
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with pytest.raises(FileNotFoundError):
        _core.save_tensors(tmp_path / "missing" / "x", {})
    with pytest.raises(FileNotFoundError):
        _core.load_tensors(tmp_path / "missing")
    with pytest.raises(OSError, match="directory"):
        _core.load_tensors(tmp_path)
    with pytest.raises(TypeError, match="a"):
        _core.save_tensors(path, {"a": [1.0]})
    assert not _core.load_tensors(path)[0]["a"].any()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_are_followed(tmp_path):
    """A link to a file keeps being one, one to nothing makes way, and a circle of links is an error."""
    file, link, dangling = (tmp_path / name for name in ("file", "link", "dangling"))
    link.symlink_to(file)
    dangling.symlink_to(tmp_path / "nothing")
    for path in (file, link, dangling):
        _core.save_tensors(path, {path.name: np.zeros(1)})
    assert link.is_symlink()
    assert list(_core.load_tensors(file)[0]) == ["link"]
    assert list(_core.load_tensors(dangling)[0]) == ["dangling"]
    round_about = tmp_path / "round"
    round_about.symlink_to(round_about)
    with pytest.raises(OSError, match="round"):
        _core.save_tensors(round_about, {"a": np.zeros(1)})
    assert round_about.is_symlink()

"""The matrix product of arrays: chains in float64 arithmetic, layouts, where the result goes, and what is refused."""

import numpy as np
import pytest
from helpers import same_bits
from hypothesis import given
from hypothesis import strategies as st
from tilegrad import _core

SIZES = [(1, 784, 128), (1, 128, 10), (16, 4, 16), (32, 64, 2), (64, 128, 10), (33, 70, 95), (130, 300, 140), (3, 0, 2)]


def operands(rows, depth, columns, dtype=np.float32):
    generator = np.random.default_rng(rows + depth + columns)
    make = generator.standard_normal
    return make((rows, depth)).astype(dtype), make((depth, columns)).astype(dtype)


def bound(a, b):
    """What rounding can amount to: half a unit for each step of the chain, of the sum of magnitudes."""
    return (a.shape[1] + 1) * np.finfo(a.dtype).eps * (np.abs(a) @ np.abs(b)) + np.finfo(a.dtype).tiny


@pytest.mark.parametrize("size", SIZES)
def test_value_equals_the_reference(size, isa, dtype):
    a, b = operands(*size, dtype=dtype)
    expected = a.astype(np.longdouble) @ b.astype(np.longdouble)
    actual = _core.matmul(a, b)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    assert np.all(np.abs(actual - expected) <= bound(a, b))


@pytest.mark.parametrize("size", SIZES)
def test_bits_do_not_depend_on_the_layout(size, dtype):
    a, b = operands(*size, dtype=dtype)
    expected = _core.matmul(a, b)
    turned_a, turned_b = np.asfortranarray(a), np.asfortranarray(b)
    wide = np.zeros((b.shape[0], 2 * b.shape[1]), dtype)
    wide[:, ::2] = b
    assert same_bits(_core.matmul(turned_a, b), expected)
    assert same_bits(_core.matmul(a, turned_b), expected)
    assert same_bits(_core.matmul(turned_a, turned_b), expected)
    assert same_bits(_core.matmul(a, wide[:, ::2]), expected)


@given(st.tuples(*[st.integers(0, 20)] * 3), st.booleans())
def test_result_goes_into_a_given_array(size, double):
    a, b = operands(*size, dtype=np.float64 if double else np.float32)
    out = np.full((size[0], size[2]), np.nan, a.dtype)
    assert _core.matmul(a, b, out) is out
    assert same_bits(out, _core.matmul(a, b))


def test_what_does_not_fit_is_refused():
    a, b = operands(4, 3, 3)
    with pytest.raises(ValueError, match="expected `b` with 4 rows to match the columns of `a`, got 3"):
        _core.matmul(a.T, b)
    with pytest.raises(ValueError, match="expected `a` to be a matrix, got an array with 1 axes"):
        _core.matmul(a[0], b)
    with pytest.raises(TypeError, match="expected `b` of dtype float32, got float64"):
        _core.matmul(a, b.astype(np.float64))
    with pytest.raises(TypeError, match="expected `out` of dtype float32, got float64"):
        _core.matmul(a, b, np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"expected `out` of shape \(4, 3\), got \[3, 4\]"):
        _core.matmul(a, b, np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match="expected `out` to share no memory with `a`"):
        _core.matmul(a, b, a)
    with pytest.raises(ValueError, match="expected `out` in C order"):
        _core.matmul(a, b, np.zeros((3, 4), np.float32).T)
    frozen = np.zeros((4, 3), np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="expected `out` to be writable"):
        _core.matmul(a, b, frozen)

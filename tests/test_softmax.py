"""Softmax and its logarithm over the last axis: reference, invariance, extremes, gradients, layouts."""

import numpy as np
import pytest
import reference
from helpers import fourth_order_gradient, same_bits, ulp_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, arrays, logits_and_labels, moderate
from tilegrad import _core
from tilegrad import functional as F

SIZES = [(1, 1), (1, 2), (5, 3), (7, 10), (3, 16), (2, 17), (4, 33), (2, 257), (3, 1000)]
ROWS = ["softmax", "log_softmax"]
both = pytest.mark.parametrize("name", ROWS)


@both
@pytest.mark.parametrize("size", SIZES)
def test_value_equals_the_reference(name, size, isa, dtype):
    x, _ = logits_and_labels(*size, dtype=dtype, scale=8.0)
    actual = getattr(_core, name)(x)
    expected = getattr(reference, name)(x)
    assert actual.dtype == dtype
    if name == "softmax":
        # The difference to the largest number is rounded, and exp makes of that half a unit for each e-fold.
        fall = x.max(axis=-1, keepdims=True) - x
        assert np.all(ulp_error(actual, expected) <= 4 + fall)
    else:
        np.testing.assert_allclose(actual, expected, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)


@both
@pytest.mark.parametrize("size", SIZES)
def test_backward_equals_the_reference(name, size, isa, dtype):
    x, _ = logits_and_labels(*size, dtype=dtype)
    gradient, _ = logits_and_labels(*size, dtype=dtype, seed=1)
    y = getattr(_core, name)(x)
    actual = getattr(_core, f"{name}_backward")(gradient, y)
    expected = getattr(reference, f"{name}_backward")(gradient, y)
    scale = np.abs(gradient).sum(axis=-1, keepdims=True)
    assert np.all(np.abs(actual - expected) <= 8 * np.finfo(dtype).eps * scale)


@both
def test_backward_is_the_derivative(name):
    x, _ = logits_and_labels(3, 5)
    weights, _ = logits_and_labels(3, 5, seed=2)
    numeric = fourth_order_gradient(lambda moved: (weights * getattr(F, name)(moved)).sum(), x)
    np.testing.assert_allclose(
        getattr(_core, f"{name}_backward")(weights, getattr(F, name)(x)), numeric, rtol=1e-8, atol=1e-9
    )


@given(st.data())
def test_rows_sum_to_one_and_stay_in_range(data):
    dtype = data.draw(st.sampled_from(FLOATS))
    x = data.draw(arrays(dtype=dtype, shape=(data.draw(st.integers(0, 4)), data.draw(st.integers(1, 40))), finite=True))
    y = F.softmax(x)
    assert y.shape == x.shape
    assert np.all((y >= 0) & (y <= 1))
    np.testing.assert_allclose(y.sum(axis=-1), 1.0, rtol=64 * np.finfo(dtype).eps)
    logs = F.log_softmax(x)
    assert not np.isnan(logs).any()
    assert np.all(logs <= 0)


@given(st.data())
def test_order_of_columns_only_permutes(data):
    x = data.draw(arrays(dtype=np.float64, shape=(2, 9), elements=moderate(np.float64)))
    order = data.draw(st.permutations(range(9)))
    np.testing.assert_allclose(F.softmax(x[:, order]), F.softmax(x)[:, order], rtol=1e-14)


@both
def test_adding_a_constant_changes_nothing(name, isa, dtype):
    # Multiples of 1/8 stay exact after a shift of a million, so any difference is the kernel's.
    x = np.round(logits_and_labels(6, 10)[0] * 8).astype(dtype) / 8
    for shift in (1e6, -1e6):
        assert same_bits(getattr(_core, name)(x + dtype(shift)), getattr(_core, name)(x))


def test_extremes(isa, dtype):
    x = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4], [0, -np.inf, 0], [np.nan, 0, 0]], dtype)
    y = _core.softmax(x)
    np.testing.assert_array_equal(y[[0, 2]], np.array([[1, 0, 0], [0.5, 0, 0.5]], dtype))
    np.testing.assert_allclose(y[1], 1 / 3, rtol=np.finfo(dtype).eps)
    assert np.isnan(y[3]).all()
    logs = _core.log_softmax(x)
    np.testing.assert_allclose(logs[0], [0, -1e4, -2e4], rtol=1e-6)
    assert logs[2, 1] == -np.inf
    assert np.isnan(logs[3]).all()


@both
def test_a_row_alone_gives_the_bits_it_gives_in_a_batch(name, isa, dtype):
    for columns in (1, 3, 10, 16, 17, 100):
        x, _ = logits_and_labels(9, columns, dtype=dtype)
        whole = getattr(_core, name)(x)
        for row in range(9):
            assert same_bits(getattr(_core, name)(x[row : row + 1])[0], whole[row])
            assert same_bits(getattr(_core, name)(x[row]), whole[row])


@both
def test_fused_instruction_sets_agree_bit_for_bit(name, with_isa, dtype):
    for columns in (1, 2, 10, 31, 100):
        x, _ = logits_and_labels(20, columns, dtype=dtype)
        results = []
        for isa in (isa for isa in _core.machine()["isas"] if isa != "baseline"):
            with_isa(isa)
            results.append(getattr(_core, name)(x))
        assert all(same_bits(result, results[0]) for result in results)


@both
def test_out_in_place_and_layout(name, dtype):
    x, _ = logits_and_labels(6, 11, dtype=dtype)
    function = getattr(_core, name)
    plain = function(x)
    out = np.empty_like(x)
    assert function(x, out=out) is out
    assert same_bits(out, plain)
    own = x.copy()
    function(own, out=own)
    assert same_bits(own, plain)
    assert same_bits(function(np.asfortranarray(x)), plain)
    wide = np.zeros((6, 22), dtype)
    wide[:, ::2] = x
    assert same_bits(function(wide[:, ::2]), plain)
    assert same_bits(function(x.reshape(2, 3, 11)), plain.reshape(2, 3, 11))


def test_two_columns_are_a_sigmoid():
    x, _ = logits_and_labels(50, 2)
    np.testing.assert_allclose(F.softmax(x)[:, 0], F.sigmoid(x[:, 0] - x[:, 1]), rtol=1e-13)

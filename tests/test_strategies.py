"""The generators keep what they promise: a generator that is constant by mistake would make other tests empty."""

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from strategies import FLOATS, arrays, blobs, dtypes, logits_and_labels, moderate, numbers, sample, shapes, strided


def reaches(strategy, condition):
    try:
        find(strategy, condition)
    except NoSuchExample:
        return False
    return True


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("negative", lambda x: x < 0),
        ("positive", lambda x: x > 0),
        ("zero", lambda x: x == 0),
        ("negative zero", lambda x: x == 0 and np.signbit(x)),
        ("huge", lambda x: 1e30 < abs(x) < np.inf),
        ("infinite", np.isinf),
        ("not a number", np.isnan),
        ("a fraction", lambda x: x != np.floor(x)),
    ],
)
def test_numbers_reach_every_kind(dtype, kind, condition):
    assert reaches(numbers(dtype), condition), f"numbers({dtype.__name__}) never gives {kind}"


@pytest.mark.parametrize("dtype", FLOATS)
def test_numbers_reach_subnormals(dtype):
    tiny = float(np.finfo(dtype).tiny)
    assert reaches(numbers(dtype), lambda x: 0 < abs(x) < tiny)


@given(st.data())
def test_finite_numbers_are_finite(data):
    dtype = data.draw(dtypes())
    assert np.isfinite(dtype(data.draw(numbers(dtype, finite=True))))


@given(st.data())
def test_moderate_numbers_stay_within_the_limit(data):
    assert abs(data.draw(moderate(np.float32, limit=4.0))) <= 4.0


@pytest.mark.parametrize(
    "condition",
    [lambda s: s == (), lambda s: 0 in s, lambda s: 1 in s, lambda s: len(s) == 3, lambda s: len(s) == 1 and s[0] > 4],
    ids=["scalar", "empty", "one", "rank three", "longer"],
)
def test_shapes_reach_the_ends(condition):
    assert reaches(shapes(), condition)


def test_arrays_are_not_constant():
    assert reaches(arrays(shape=(4,)), lambda a: len(np.unique(a[np.isfinite(a)])) == 4)
    assert reaches(arrays(), lambda a: a.dtype == np.float64)
    assert reaches(arrays(), lambda a: a.dtype == np.float32)


@given(strided())
def test_strided_pairs_hold_the_same_numbers(pair):
    view, plain = pair
    assert not view.flags.c_contiguous or view.size <= 1
    assert plain.flags.c_contiguous
    np.testing.assert_array_equal(view, plain)


@pytest.mark.parametrize(
    "condition",
    [
        lambda p: p[0].strides[-1] > p[0].itemsize and not p[0].flags.f_contiguous,
        lambda p: p[0].strides[0] < 0,
        lambda p: p[0].ndim > 1 and p[0].flags.f_contiguous,
    ],
    ids=["steps", "reversed", "fortran"],
)
def test_strided_pairs_reach_every_layout(condition):
    assert reaches(strided(), condition)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_fixed_sample_is_dense_on_both_sides_of_zero(dtype):
    x = sample(dtype)
    facts = np.finfo(dtype)
    assert x.dtype == dtype
    assert not np.isnan(x).any()
    assert len(np.unique(x)) > 80_000
    assert (x == np.inf).any()
    assert (x == -np.inf).any()
    assert (x == facts.max).any()
    for low, high in [(-facts.max, -100), (-100, -1), (-1, -facts.tiny), (facts.tiny, 1), (1, 100), (100, facts.max)]:
        assert ((x > low) & (x < high)).sum() > 500
    assert ((x != 0) & (np.abs(x) < facts.tiny)).sum() > 20
    np.testing.assert_array_equal(x, sample(dtype))


def test_batches_are_reproducible_and_vary():
    logits, labels = logits_and_labels(64, 5)
    again, _ = logits_and_labels(64, 5)
    assert set(labels) == set(range(5))
    assert logits.std() > 1
    np.testing.assert_array_equal(logits, again)
    features, classes = blobs(60, 4, 3)
    assert features.dtype == np.float32
    assert np.bincount(classes).tolist() == [20, 20, 20]
    assert (np.diff(classes) != 0).any()
    centres = [features[classes == k].mean(axis=0) for k in range(3)]
    assert np.linalg.norm(centres[0] - centres[1]) > 1

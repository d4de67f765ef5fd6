"""Laws of every loss in the registry: reference, gradient, reductions, weights, invariance, refusals."""

import numpy as np
import pytest
import reference
import tilegrad as tg
from helpers import LOSSES, fourth_order_gradient, same_bits
from hypothesis import given
from hypothesis import strategies as st
from strategies import logits_and_labels
from tilegrad import _core, losses
from tilegrad import functional as F

NAMES = list(LOSSES)
ROW_LOSSES = [name for name in NAMES if name == "cross_entropy"]
name_law = pytest.mark.parametrize("name", NAMES)


def batch(name, rows=13, columns=5, dtype=np.float64, seed=0):
    """A prediction and a valid target for the loss."""
    prediction, labels = logits_and_labels(rows, columns, dtype, seed)
    if name in ROW_LOSSES:
        return prediction, labels
    if name.startswith("binary"):
        return prediction, np.random.default_rng(seed).random((rows, columns)).astype(dtype)
    return prediction, logits_and_labels(rows, columns, dtype, seed + 1)[0]


def perfect(name, dtype):
    """A prediction that matches its target exactly, and the target."""
    if name in ROW_LOSSES:
        labels = np.array([0, 2, 1])
        return np.where(np.eye(3)[labels] == 1, 1e3, -1e3).astype(dtype), labels
    if name.startswith("binary"):
        target = np.array([[0.0, 1.0], [1.0, 0.0]], dtype)
        return (2e3 * target - 1e3).astype(dtype), target
    prediction, _ = logits_and_labels(4, 3, dtype)
    return prediction, prediction.copy()


def tolerance(dtype):
    return 1e-12 if dtype == np.float64 else 1e-6


@name_law
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (13, 5), (64, 10), (3, 100), (257, 2)])
def test_each_loss_equals_the_reference(name, shape, isa, dtype):
    prediction, target = batch(name, *shape, dtype=dtype)
    each = getattr(F, name)(prediction, target, reduction="none")
    expected, _ = getattr(reference, name)(prediction, target)
    assert each.dtype == dtype
    assert each.shape == expected.shape
    np.testing.assert_allclose(each, expected, rtol=tolerance(dtype), atol=tolerance(dtype))


@name_law
def test_sum_and_mean_equal_the_reference(name, isa, dtype):
    prediction, target = batch(name, 400, 7, dtype=dtype)
    expected, _ = getattr(reference, name)(prediction, target)
    total = getattr(F, name)(prediction, target, reduction="sum")
    mean = getattr(F, name)(prediction, target, reduction="mean")
    assert np.ndim(total) == 0
    assert np.ndim(mean) == 0
    np.testing.assert_allclose(total, expected.sum(), rtol=tolerance(dtype))
    np.testing.assert_allclose(mean, expected.mean(), rtol=tolerance(dtype))
    np.testing.assert_allclose(mean, total / expected.size, rtol=tolerance(dtype))


@name_law
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradient_equals_the_reference(name, reduction, isa, dtype):
    prediction, target = batch(name, 37, 6, dtype=dtype)
    losses_, gradient = getattr(reference, name)(prediction, target)
    count = losses_.size if reduction == "mean" else 1

    def loss(prediction):
        return getattr(F, name)(prediction, target, reduction=reduction)

    value, (actual,) = tg.value_and_grad(loss)(prediction)
    assert actual.dtype == dtype
    np.testing.assert_allclose(value, losses_.sum() / count, rtol=tolerance(dtype))
    np.testing.assert_allclose(actual, gradient / count, rtol=tolerance(dtype), atol=tolerance(dtype) / count)


@name_law
def test_gradient_equals_fourth_order_differences(name, isa):
    prediction, target = batch(name, 4, 3)
    # Away from the kink of the absolute error by more than the four steps.
    prediction = prediction + 0.01
    _, gradient = tg.value_and_grad(getattr(F, name), argnums=0)(prediction, target)
    numeric = fourth_order_gradient(lambda moved: getattr(F, name)(moved, target), prediction)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-8, atol=1e-10)


@name_law
def test_a_perfect_prediction(name, isa, dtype):
    prediction, target = perfect(name, dtype)
    value, gradient = tg.value_and_grad(getattr(F, name), argnums=0)(prediction, target)
    assert float(value) == 0.0
    np.testing.assert_array_equal(gradient, 0.0)
    # One wrong number is seen.
    worse = prediction.copy()
    worse[0, 0] = 7 - worse[0, 0]
    assert float(getattr(F, name)(worse, target)) > 0


@name_law
@given(st.integers(0, 10**6))
def test_losses_are_finite_and_not_negative(name, seed):
    prediction, target = batch(name, 6, 4, seed=seed)
    each = getattr(F, name)(1e3 * prediction, target, reduction="none")
    assert np.isfinite(each).all()
    assert (each >= 0).all()


@name_law
def test_order_of_samples_is_irrelevant(name, dtype):
    prediction, target = batch(name, 500, 4, dtype=dtype)
    order = np.random.default_rng(1).permutation(500)
    value = float(getattr(F, name)(prediction, target))
    np.testing.assert_allclose(float(getattr(F, name)(prediction[order], target[order])), value, rtol=tolerance(dtype))
    each = getattr(F, name)(prediction, target, reduction="none")
    np.testing.assert_array_equal(getattr(F, name)(prediction[order], target[order], reduction="none"), each[order])


@name_law
def test_layout_is_irrelevant(name, dtype):
    prediction, target = batch(name, 24, 6, dtype=dtype)
    each = getattr(F, name)(prediction, target, reduction="none")
    wide = np.zeros((48, 12), dtype)
    wide[::2, ::2] = prediction
    np.testing.assert_array_equal(getattr(F, name)(wide[::2, ::2], target, reduction="none"), each)
    fortran = np.asfortranarray(target) if target.ndim == 2 else np.repeat(target, 2)[::2]
    np.testing.assert_array_equal(getattr(F, name)(np.asfortranarray(prediction), fortran, reduction="none"), each)


@name_law
def test_fused_instruction_sets_agree_bit_for_bit(name, with_isa, dtype):
    prediction, target = batch(name, 333, 7, dtype=dtype)
    seen = []
    for isa in (isa for isa in _core.machine()["isas"] if isa != "baseline"):
        with_isa(isa)
        value, gradient = tg.value_and_grad(getattr(F, name), argnums=0)(prediction, target)
        seen.append((np.asarray(value), gradient, getattr(F, name)(prediction, target, reduction="none")))
    for result in seen:
        assert all(same_bits(a, b) for a, b in zip(result, seen[0], strict=True))


@name_law
def test_class_function_and_name_are_one_thing(name):
    prediction, target = batch(name)
    value = getattr(F, name)(prediction, target)
    types = {key.lower(): kind for key, kind in vars(losses).items() if isinstance(kind, type)}
    assert float(types[name.replace("_", "")]()(prediction, target)) == float(value)


# ---- cross-entropy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("columns", [1, 2, 10, 33])
def test_class_numbers_equal_one_hot_rows(smoothing, columns, isa, dtype):
    logits, labels = logits_and_labels(40, columns, dtype)
    rows = np.eye(columns, dtype=dtype)[labels]
    by_class = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    by_row = F.cross_entropy(logits, rows, label_smoothing=smoothing, reduction="none")
    expected, _ = reference.cross_entropy(logits, labels, smoothing)
    np.testing.assert_allclose(by_class, by_row, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).eps)
    np.testing.assert_allclose(by_class, expected, rtol=tolerance(dtype), atol=tolerance(dtype))


def test_soft_targets_and_their_gradient(isa, dtype):
    logits, _ = logits_and_labels(30, 6, dtype)
    soft = reference.softmax(logits_and_labels(30, 6, seed=5)[0]).astype(dtype)
    expected, gradient = reference.cross_entropy(logits, soft)
    value, (actual,) = tg.value_and_grad(lambda z: F.cross_entropy(z, soft))(logits)
    np.testing.assert_allclose(value, expected.mean(), rtol=tolerance(dtype))
    np.testing.assert_allclose(actual, gradient / 30, rtol=tolerance(dtype), atol=tolerance(dtype))


@pytest.mark.parametrize("width", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_labels_of_any_integer_width(width):
    logits, labels = logits_and_labels(20, 5)
    assert F.cross_entropy(logits, labels.astype(width)) == F.cross_entropy(logits, labels)


@pytest.mark.parametrize("shift", [1e6, -1e6])
def test_a_constant_added_to_a_row_changes_no_bit(shift, isa, dtype):
    logits = np.round(logits_and_labels(12, 10)[0] * 8).astype(dtype) / 8
    labels = np.arange(12) % 10
    before = tg.value_and_grad(lambda z: F.cross_entropy(z, labels))(logits)
    after = tg.value_and_grad(lambda z: F.cross_entropy(z, labels))(logits + dtype(shift))
    assert float(after[0]) == float(before[0])
    np.testing.assert_array_equal(after[1][0], before[1][0])


def test_class_weights_under_both_normalizations(isa):
    logits, labels = logits_and_labels(31, 4)
    weight = np.array([1.0, 3.0, 0.5, 2.0])
    each, gradient = reference.cross_entropy(logits, labels, weight=weight)
    for normalization, count in (("weights", weight[labels].sum()), ("samples", 31)):

        def loss(z, normalization=normalization):
            return F.cross_entropy(z, labels, weight=weight, normalization=normalization)

        value, (actual,) = tg.value_and_grad(loss)(logits)
        np.testing.assert_allclose(value, each.sum() / count, rtol=1e-12)
        np.testing.assert_allclose(actual, gradient / count, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(F.cross_entropy(logits, labels, weight=weight, reduction="none"), each, rtol=1e-12)


def test_a_class_of_weight_zero_is_removed(isa):
    logits, labels = logits_and_labels(31, 4)
    weight = np.array([1.0, 0.0, 1.0, 1.0])
    kept = labels != 1
    np.testing.assert_allclose(
        F.cross_entropy(logits, labels, weight=weight), F.cross_entropy(logits[kept], labels[kept]), rtol=1e-13
    )


def test_an_ignored_class_is_removed(isa):
    logits, labels = logits_and_labels(31, 4)
    marked = np.where(labels == 2, -100, labels)
    kept = labels != 2

    def loss(z):
        return F.cross_entropy(z, marked, ignore_index=-100)

    value, (gradient,) = tg.value_and_grad(loss)(logits)
    np.testing.assert_allclose(value, F.cross_entropy(logits[kept], labels[kept]), rtol=1e-13)
    np.testing.assert_array_equal(gradient[~kept], 0.0)
    assert (np.abs(gradient[kept]).sum(axis=1) > 0).all()


def test_the_gradient_row_sums_to_zero(isa):
    logits, labels = logits_and_labels(31, 9)
    _, (gradient,) = tg.value_and_grad(lambda z: F.cross_entropy(z, labels))(logits)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-16)


@pytest.mark.parametrize("logit", [200.0, -200.0, 700.0, -700.0, 1e4])
def test_binary_cross_entropy_stays_exact_far_out(logit, isa, dtype):
    wrong = np.array([[0.0 if logit > 0 else 1.0]], dtype)
    assert float(F.binary_cross_entropy_with_logits(np.array([[logit]], dtype), wrong)) == abs(logit)
    right = 1 - wrong
    assert float(F.binary_cross_entropy_with_logits(np.array([[logit]], dtype), right)) == pytest.approx(
        np.exp(-abs(logit)), rel=1e-5, abs=1e-37
    )


@pytest.mark.parametrize("logit", [200.0, 700.0, 1e4])
def test_cross_entropy_stays_exact_far_out(logit, isa, dtype):
    assert float(F.cross_entropy(np.array([[logit, 0.0]], dtype), np.array([1]))) == logit
    assert float(F.cross_entropy(np.array([[logit, 0.0]], dtype), np.array([0]))) < 1e-80


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "binary_cross_entropy_with_logits"])
def test_point_losses_have_a_slope_toward_the_target(name):
    prediction, target = batch(name, 4, 3)
    prediction, target = prediction + 0.01, np.clip(target, 0.01, 0.99)
    loss = getattr(F, name)
    # Inside a function of one's own the target is an argument like any other.
    _, (_, slope) = tg.value_and_grad(lambda x, t: loss(x, t))(prediction, target)
    numeric = fourth_order_gradient(lambda moved: loss(prediction, moved), target)
    np.testing.assert_allclose(slope, numeric, rtol=1e-8, atol=1e-10)

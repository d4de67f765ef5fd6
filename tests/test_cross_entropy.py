"""Cross-entropy in all its forms: classes and distributions, smoothing, class weights, ignored classes, far out."""

import numpy as np
import pytest
import reference
import tilegrad as tg
from strategies import logits_and_labels
from tilegrad import functional as F


def tolerance(dtype):
    return 1e-12 if dtype == np.float64 else 1e-6


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


@pytest.mark.covers("conventions:one-hot", "conventions:soft)")
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


@pytest.mark.covers("L19: class weights with both normalisations", "conventions:weighted CE")
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

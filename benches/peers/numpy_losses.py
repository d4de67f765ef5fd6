"""Losses with their gradients in NumPy: `function(prediction, target) -> (mean, gradient)`."""

import numpy as np
import work


def softmax_parts(logits):
    """Logits minus the largest of their row, the logarithm of the row's sum, and the probabilities."""
    shifted = logits - logits.max(1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(1, keepdims=True)
    odds /= total
    return shifted, np.log(total[:, 0]), odds


def ce(logits, labels):
    rows = np.arange(len(labels))
    shifted, logarithm, odds = softmax_parts(logits)
    value = np.mean(logarithm - shifted[rows, labels])
    odds[rows, labels] -= 1
    odds /= len(labels)
    return value, odds


def ce_soft(logits, target):
    shifted, logarithm, odds = softmax_parts(logits)
    value = np.mean(logarithm * target.sum(1) - np.einsum("ij,ij->i", target, shifted))
    odds -= target
    odds /= len(target)
    return value, odds


def ce_smooth(logits, labels):
    full = np.full(logits.shape, work.LABEL_SMOOTHING / logits.shape[1], np.float32)
    full[np.arange(len(labels)), labels] += 1 - work.LABEL_SMOOTHING
    return ce_soft(logits, full)


def ce_weight(logits, labels, weights):
    rows = np.arange(len(labels))
    shifted, logarithm, odds = softmax_parts(logits)
    chosen = weights[labels]
    chosen = chosen / chosen.sum()
    value = np.sum(chosen * (logarithm - shifted[rows, labels]))
    odds[rows, labels] -= 1
    odds *= chosen[:, None]
    return value, odds


def bce_logits(logits, target):
    tail = np.exp(-np.abs(logits))
    value = np.mean(np.maximum(logits, 0) - logits * target + np.log1p(tail))
    slope = np.where(logits >= 0, 1, tail)
    slope /= 1 + tail
    slope -= target
    slope /= logits.size
    return value, slope


def mse(prediction, target):
    difference = prediction - target
    value = np.mean(difference * difference)
    difference *= 2 / prediction.size
    return value, difference


def l1(prediction, target):
    difference = prediction - target
    return np.mean(np.abs(difference)), np.sign(difference) / np.float32(prediction.size)

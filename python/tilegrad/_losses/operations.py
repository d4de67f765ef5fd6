"""Operations on tensors that compositions are written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.tensor import Tensor, unary

# Probabilities below this count as this, so that no logarithm and no slope is infinite.
SMALLEST = 1e-37


def log_softmax(x: Any) -> Tensor:
    """Logarithm of the softmax over the last axis."""
    return unary("log_softmax", x, {"axis": -1})


def softmax(x: Any) -> Tensor:
    """Softmax over the last axis."""
    return unary("softmax", x, {"axis": -1})


def relu(x: Any) -> Tensor:
    """The positive part."""
    return unary("relu", x)


def log_of(probability: Any) -> Any:
    """Logarithm of a probability that may be zero."""
    return np.log(np.maximum(probability, SMALLEST))


def cross_entropies(logits: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of each row of logits with a row of shares."""
    attributes = {"reduction": "none", "class_weight": False, "sample_weight": False}
    return logits.tracer.apply("cross_entropy", [logits, shares], attributes)


def dot(x: Any, y: Any) -> Any:
    """The product of each row with a row."""
    return (x * y).sum(axis=-1)


def norm(x: Any, least: float) -> Any:
    """Length of each row, at least so much."""
    return np.sqrt(np.maximum(dot(x, x), least * least))

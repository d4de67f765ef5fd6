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
    """The positive part of each number: ``max(x, 0)``."""
    return unary("relu", x)


def log_of(probability: Any) -> Any:
    """Logarithm of a probability that may be zero."""
    return np.log(np.maximum(probability, SMALLEST))


def cross_entropies(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each row of logits with a class or a row of shares."""
    attributes = {"reduction": "none", "class_weight": False, "sample_weight": False}
    return logits.tracer.apply("cross_entropy", [logits, target], attributes)


def one_hot(target: Tensor, classes: int, dtype: str, ignored: int | None = None) -> Tensor:
    """Classes as one-hot rows, all zero for the ignored one; distributions as they are."""
    if target.dtype != "int32":
        return target
    attributes: dict[str, Any] = {"classes": classes, "dtype": dtype}
    if ignored is not None:
        attributes["ignore_index"] = ignored
    return target.tracer.apply("one_hot", [target], attributes)


def dot(x: Any, y: Any) -> Any:
    """The product of each row with a row."""
    return (x * y).sum(axis=-1)


def norm(x: Any, least: float) -> Any:
    """Length of each row, at least so much."""
    return np.sqrt(np.maximum(dot(x, x), least * least))

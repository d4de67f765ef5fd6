"""Metrics on arrays: the same sums and the same result as in a trainer."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from tilegrad.metrics.base import Key, Metric, Predictions, Reading, Summed, Summing, WholeMetric, parted
from tilegrad.tensor import Array, Tracer
from tilegrad.words.checks import check_array, check_choice
from tilegrad.words.labels import check_range, to_int32

Output: TypeAlias = Literal["logits", "probabilities", "scores"]
OUTPUTS = get_args(Output)


def value_of(metric: Metric, prediction: Any, target: Any, sample_weight: Any = None, output: str = "logits") -> float:
    """The metric of arrays, from predictions and what is true."""
    if metric.kind == "amounts":
        predicted, true = _amounts(
            metric.name, _numbers(metric.name, "prediction", prediction), _numbers(metric.name, "target", target)
        )
        reading = Reading("amounts", "scores", "identity", False, 1 if predicted.ndim == 1 else predicted.shape[1])
    else:
        predicted, true, found = checked(metric.name, prediction, target, output)
        if found is None:
            return _of_classes(metric, predicted, true, _weight(metric.name, sample_weight, len(predicted)))
        reading = found
    weight = _weight(metric.name, sample_weight, len(predicted))
    metric.check(reading)
    if isinstance(metric, WholeMetric):
        return metric.whole(Predictions(predicted, reading, reading.columns), true, weight)
    return metric.value(_sums(metric, predicted, true, weight, reading), reading)


def checked(function: str, prediction: Any, target: Any, output: str) -> tuple[Array, Array, Reading | None]:
    """Predictions of classes, what is true, and how to read them; ``None`` where classes were decided already."""
    check_choice(function, "output", output, OUTPUTS)
    predicted, true = _numbers(function, "prediction", prediction), _numbers(function, "target", target)
    if predicted.dtype.kind not in "iub" or predicted.ndim != 1:
        return _scores(function, predicted, true, output)
    if true.shape != predicted.shape or true.dtype.kind not in "iub":
        raise ValueError(
            f"{function}: expected `target` of class numbers of shape {predicted.shape}, got {true.shape} of {true.dtype}"
        )
    if min(predicted.min(), true.min()) < 0:
        raise ValueError(f"{function}: expected classes from 0, got {min(predicted.min(), true.min())}")
    return predicted.astype(np.int64), true.astype(np.int64), None


def _numbers(function: str, name: str, value: Any) -> Array:
    array = check_array(function, name, value)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{function}: expected `{name}` with at least one row, got shape {array.shape}")
    return array


def _weight(function: str, weight: Any, rows: int) -> Array | None:
    if weight is None:
        return None
    array = check_array(function, "sample_weight", weight).astype(np.float64)
    if array.shape != (rows,):
        raise ValueError(f"{function}: expected `sample_weight` of shape ({rows},), got {array.shape}")
    if not np.isfinite(array).all() or array.min() < 0 or not array.any():
        raise ValueError(f"{function}: expected `sample_weight` of finite numbers from 0, not all of them 0")
    return array


def _amounts(function: str, predicted: Array, true: Array) -> tuple[Array, Array]:
    """Amounts of one shape, where (rows,) and (rows, 1) are the same, in double precision if one of them has it."""
    if {predicted.shape, true.shape} == {(len(predicted),), (len(predicted), 1)}:
        predicted, true = predicted.reshape(-1), true.reshape(-1)
    if predicted.shape != true.shape:
        raise ValueError(f"{function}: expected `target` of shape {predicted.shape}, got {true.shape}")
    single = predicted.dtype == np.float32 and true.dtype == np.float32
    dtype = np.float32 if single else np.float64
    return np.ascontiguousarray(predicted, dtype), np.ascontiguousarray(true, dtype)


def _scores(function: str, predicted: Array, true: Array, output: str) -> tuple[Array, Array, Reading]:
    """Scores and what is true of them; integers in the form of the scores are several labels at once."""
    if predicted.ndim > 2:
        raise ValueError(f"{function}: expected `prediction` of shape (rows, classes), got {predicted.shape}")
    rows, columns = len(predicted), 1 if predicted.ndim == 1 else predicted.shape[1]
    same = predicted.shape == true.shape
    labels = columns > 1 and same and true.dtype.kind in "iub"
    if predicted.dtype.kind in "iub":
        predicted, output = 2.0 * predicted - 1, "logits"
    dtype = np.float32 if predicted.dtype == np.float32 else np.float64
    predicted = np.ascontiguousarray(predicted, dtype)
    reading = Reading("classes", output, "identity", labels, columns)
    if labels or (same and true.dtype.kind == "f"):
        return predicted, np.ascontiguousarray(true, dtype), reading
    if true.size != rows or len(true) != rows or (true.dtype.kind == "f" and columns > 1):
        raise ValueError(
            f"{function}: expected `target` of class numbers of shape ({rows},), got {true.shape} of {true.dtype}"
        )
    if true.dtype.kind == "f":
        return predicted.reshape(-1), np.ascontiguousarray(true.reshape(-1), dtype), reading
    check_range(function, true, max(columns, 2))
    return predicted, to_int32(function, true.reshape(-1).astype(np.int64, copy=False)), reading


def _of_classes(metric: Metric, predicted: Array, true: Array, weight: Array | None) -> float:
    """The metric of classes that were decided already."""
    terms = {"hits", "weight", "counts", "mistakes"}
    if not isinstance(metric, Summed) or not terms.issuperset(metric.terms):
        raise TypeError(
            f"{metric.name}: expected `prediction` of scores (floats), got classes, dtype {predicted.dtype}"
        )
    classes = max(int(predicted.max()), int(true.max()), 1) + 1
    right = predicted == true
    weight = np.ones(len(true)) if weight is None else weight

    def total(rows: Array, which: Array) -> Array:
        return np.bincount(rows[which], weight[which], classes)

    every = np.ones(len(true), bool)
    known: dict[str, Array] = {
        "hits": weight[right].sum(keepdims=True),
        "mistakes": weight[~right].sum(keepdims=True),
        "weight": weight.sum(keepdims=True),
        "counts": np.concatenate([total(true, right), total(predicted, every), total(true, every)]),
    }
    reading = Reading("classes", "scores", "identity", False, classes)
    metric.check(reading)
    return metric.value({key: known[key[1]] for key in metric.needs()}, reading)


def _sums(metric: Metric, predicted: Array, true: Array, weight: Array | None, reading: Reading) -> dict[Key, Array]:
    """The sums of a batch that is everything."""
    tracer = Tracer()
    arrays = [predicted, true] + ([] if weight is None else [weight.astype(predicted.dtype)])
    names = ("prediction", "target", "sample_weight")
    inputs = [tracer.input(name, array.shape, array.dtype.name) for name, array in zip(names, arrays, strict=False)]
    with tracer.active():
        summing = Summing(inputs[0], inputs[1], inputs[2] if weight is not None else None, reading)
        metric.request(summing)
    plan = tracer.graph.compile([tensor.value for tensor in summing.tensors()])
    results = [np.asarray(result, np.float64).reshape(-1) for result in plan.run(arrays)]
    return parted(np.concatenate(results), summing.layout())

"""Looking at every layer of a model on given rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tilegrad.explain.diagnose.report import SATURATED, Layer, Report, advice_on, ratio_of
from tilegrad.explain.graph import Computation
from tilegrad.explain.look import trace
from tilegrad.functional.elementwise import with_parameters
from tilegrad.nn.module import Module
from tilegrad.tensor import Array
from tilegrad.words.operations import SATURATING, activation_names
from tilegrad.words.registry import entries

# Rows are looked at all at once, with every value kept: so many at most.
MOST_ROWS = 4096


class Applied(NamedTuple):
    """An activation in a graph: the name of its layer, its node, and the arrays that go in and come out."""

    layer: str
    node: Any
    before: Array
    after: Array


def graph_of_rows(function: str, model: Module, x: Any, y: Any = None, loss: Any = None) -> Computation:
    """Every value of the model on these rows."""
    if (y is None) != (loss is None):
        raise ValueError(f"{function}: expected `y` and `loss` together, got only one of them")
    rows = np.asarray(x, model.dtype)
    if not 1 <= len(rows) <= MOST_ROWS:
        raise ValueError(f"{function}: expected `x` of 1 to {MOST_ROWS} rows, got {len(rows)}; take a sample of them")
    if loss is None:
        return trace(model)(rows).computation
    targets = np.asarray(y)
    if targets.dtype.kind == "f":
        targets = targets.astype(model.dtype)[:, None] if targets.ndim == 1 else targets.astype(model.dtype)
    return trace(model, loss=loss)(rows, targets).computation


def applied(graph: Computation) -> list[Applied]:
    """Every activation of the graph, in the order of the forward pass."""
    found: list[Applied] = []
    counts: dict[str, int] = {}
    for place in graph.order:
        node = graph.nodes[place]
        if node["kind"] == "operation" and node["operation"] in activation_names():
            scope = node["scope"] or node["operation"]
            counts[scope] = counts.get(scope, 0) + 1
            name = scope if counts[scope] == 1 else f"{scope}.{counts[scope]}"
            found.append(Applied(name, node, graph.values[node["inputs"][0]], graph.values[place]))
    return found


def _dead(each: Applied) -> float:
    parameters = entries("activations")[each.node["operation"]]["parameters"]
    attributes = each.node["attributes"]
    settings = tuple(float(attributes.get(parameter["name"], parameter["default"])) for parameter in parameters)
    backward = with_parameters(each.node["operation"], settings).backward
    slopes = backward(np.ones_like(each.before), np.ascontiguousarray(each.before))
    return float((slopes.reshape(-1, slopes.shape[-1]) == 0).all(axis=0).mean())


def _saturated(each: Applied) -> float | None:
    bounds = entries("activations")[each.node["operation"]]["facts"]["bounds"]
    return float((np.abs(each.before) > SATURATED).mean()) if all(map(math.isfinite, bounds)) else None


_MEASURES: dict[str, Callable[[Applied], float | None]] = {
    "dead": _dead,
    "saturated": _saturated,
    "zeros": lambda each: float((each.after == 0).mean()),
    "mean": lambda each: float(each.after.mean()),
    "deviation": lambda each: float(each.after.std()),
}
EVERYTHING = (*_MEASURES, "gradient")


def report_on(graph: Computation, model: Module, wanted: tuple[str, ...]) -> Report:
    """A report with these measurements."""
    found = applied(graph)
    own = [name for name in wanted if name in _MEASURES]
    layers = [
        Layer(use.layer, use.node["operation"], **{name: _MEASURES[name](use) for name in own})
        for use in (found if own else ())
    ]
    if "gradient" in wanted:
        scopes = dict.fromkeys(graph.nodes[place]["scope"] for place in graph.order)
        order = {name: place for place, name in enumerate(scopes)}
        layers = sorted([*_gradients(graph, model), *layers], key=lambda layer: order.get(layer.name, len(order)))
    flat = sorted({use.node["operation"] for use in found}.intersection(SATURATING))
    return Report(tuple(layers), advice_on(layers, flat), ratio_of(layers))


def _gradients(graph: Computation, model: Module) -> list[Layer]:
    """A layer for every parameter matrix."""
    found, gradients = [], graph.by_argument()
    for name, parameter in model._parameters():
        if len(parameter.shape) >= 2 and name in gradients:
            layer, _, own = name.rpartition(".")
            square = np.square(np.asarray(gradients[name], np.float64)).mean()
            found.append(Layer(layer or own, gradient=float(np.sqrt(square))))
    return found

"""A traced function with its numbers: what flows forward, and what flows back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array, Tensor, Tracer

__all__ = ["Trace"]

if TYPE_CHECKING:
    from tilegrad._core import _Node


class Text(str):
    """A text that shows itself with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Trace:
    """The graph of a function of numbers or arrays, evaluated once. ``tg.trace`` makes it.

    Example:
        >>> import tilegrad as tg
        >>> def pay(price, count, tax):
        ...     return price * count * tax
        >>> picture = tg.trace(pay)(10.0, 2.0, 1.1)
        >>> picture.value, picture.gradients["price"]
        (22.0, 2.2)
    """

    def __init__(self, tracer: Tracer, tensors: Sequence[Tensor], result: Tensor, arrays: list[Array]) -> None:
        self._nodes: list[_Node] = tracer.graph.nodes()
        self._result = result.value
        used = _ancestors(self._nodes, result.value)
        self._order = [node["id"] for node in self._nodes if node["id"] in used or node["kind"] == "input"]
        floats = [place for place in self._order if tracer.graph.dtype(place) != "int32" and place in used]
        gradients = tracer.graph.gradients(result.value, floats)
        plan = tracer.graph.compile([*self._order, *gradients])
        found = plan.run(arrays)
        self._values = dict(zip(self._order, found, strict=False))
        self._gradients = dict(zip(floats, found[len(self._order) :], strict=True))
        self._labels = _labels(self._nodes)

    @property
    def value(self) -> float:
        """What the function returns."""
        return float(self._values[self._result])

    @property
    def gradients(self) -> dict[str, Any]:
        """The gradient of each argument, by name."""
        inputs = (node for node in self._nodes if node["kind"] == "input" and node["id"] in self._gradients)
        return {node["name"]: _plain(self._gradients[node["id"]]) for node in inputs}

    def explain(self) -> Text:
        """Backpropagation node by node, as text.

        The first part lists every node with its value and the gradient that arrives at it: by how much the result
        changes per change of the node. The second goes backwards: at each node, what arrives is multiplied by the local
        derivative and passed on.

        Example:
            >>> import tilegrad as tg
            >>> tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0).explain()
            forward                value  arriving gradient
              x                    3      2
              y                    2      7
              add = x + y          5      2
              multiply = add * y   10     1
            backward
              multiply -> add      1 * 2 = 2
              multiply -> y        1 * 5 = 5
              add -> x             2 * 1 = 2
              add -> y             2 * 1 = 2
        """
        rows = [("forward", "value", "arriving gradient")]
        for place in self._order:
            gradient = None if self._nodes[place]["kind"] == "constant" else self._gradients.get(place)
            arriving = "" if gradient is None else _number(gradient)
            rows.append((f"  {self._formula(place)}", _number(self._values[place]), arriving))
        back = [(f"  {edge}", text) for edge, text in self._edges()]
        first = max(len(row[0]) for row in [*rows, *back])
        second = max(len(row[1]) for row in rows)
        lines = [f"{a.ljust(first)}  {b.ljust(second)}  {c}".rstrip() for a, b, c in rows]
        lines += ["backward", *(f"{edge.ljust(first)}  {text}" for edge, text in back)]
        return Text("\n".join(lines))

    def _formula(self, place: int) -> str:
        node, label = self._nodes[place], self._labels[place]
        if node["kind"] != "operation":
            return label
        names = [self._labels[each] for each in node["inputs"]]
        sign = _SIGNS.get(node["operation"])
        if sign is not None and len(names) == 2:
            return f"{label} = {names[0]} {sign} {names[1]}"
        return f"{label} = {node['operation']}({', '.join(names)})"

    def _edges(self) -> list[tuple[str, str]]:
        """Every edge backwards: what arrives, the local derivative, and what is passed on."""
        edges = []
        for place in reversed(self._order):
            node = self._nodes[place]
            if node["kind"] != "operation" or place not in self._gradients:
                continue
            signals = _signals(node, self._nodes, self._values, self._gradients[place])
            for source, (local, signal) in zip(node["inputs"], signals, strict=True):
                if signal is None or self._nodes[source]["kind"] == "constant":
                    continue
                edge = f"{self._labels[place]} -> {self._labels[source]}"
                if local is None:
                    edges.append((edge, f"passes on {_number(signal)}"))
                else:
                    edges.append((edge, f"{_number(self._gradients[place])} * {_number(local)} = {_number(signal)}"))
        return edges

    def __repr__(self) -> str:
        return f"Trace of {len(self._order)} nodes, value {self.value:.6g}; explain() goes through it"


_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@"}


def _ancestors(nodes: Sequence[_Node], result: int) -> set[int]:
    used, waiting = set(), [result]
    while waiting:
        place = waiting.pop()
        if place not in used:
            used.add(place)
            waiting += nodes[place]["inputs"]
    return used


def _labels(nodes: Sequence[_Node]) -> dict[int, str]:
    """A name for each node: arguments as they are called, operations numbered where there are several of a kind."""
    counts: dict[str, int] = {}
    labels: dict[int, str] = {}
    for node in nodes:
        if node["kind"] == "constant":
            labels[node["id"]] = "constant"
            continue
        name = node["name"]
        counts[name] = counts.get(name, 0) + 1
        labels[node["id"]] = name if counts[name] == 1 else f"{name}_{counts[name]}"
    return labels


def _signals(
    node: _Node, nodes: Sequence[_Node], values: dict[int, Array], arriving: Array
) -> list[tuple[Array | None, Array | None]]:
    """For each input of a node its local derivative (for single numbers) and what is passed to it."""
    graph = _core.Graph()
    sources = [
        graph.input(f"x{place}", nodes[each]["shape"], nodes[each]["dtype"])
        for place, each in enumerate(node["inputs"])
    ]
    seed = graph.input("arriving", node["shape"], node["dtype"])
    output = graph.apply(node["operation"], sources, node["attributes"])
    product = (
        graph.apply("sum", [graph.apply("multiply", [output, seed])])
        if node["shape"]
        else graph.apply("multiply", [output, seed])
    )
    wanted = [place for place, each in enumerate(node["inputs"]) if nodes[each]["dtype"] != "int32"]
    plan = graph.compile(graph.gradients(product, [sources[place] for place in wanted]))
    inputs = [values[each] for each in node["inputs"]]
    passed = dict(zip(wanted, plan.run([*inputs, arriving]), strict=True))
    are_numbers = not node["shape"] and not any(nodes[each]["shape"] for each in node["inputs"])
    local = dict(zip(wanted, plan.run([*inputs, np.ones_like(arriving)]), strict=True)) if are_numbers else {}
    return [(local.get(place), passed.get(place)) for place in range(len(sources))]


def _plain(array: Array) -> Any:
    return float(array) if array.ndim == 0 else array


def _number(array: Array) -> str:
    """A number or a small array in short, a large one by its shape and size."""
    if array.ndim == 0:
        return f"{float(array):.6g}"
    if array.size <= 6:
        return np.array2string(array, precision=4, separator=", ").replace("\n", "")
    return f"shape {array.shape}, norm {float(np.linalg.norm(array)):.4g}"

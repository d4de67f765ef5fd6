"""A traced function with its numbers: what flows forward, and what flows back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.explain.rules import rule
from tilegrad.explain.text import Text, is_short, number
from tilegrad.tensor import Array, Tensor, Tracer
from tilegrad.transform import vjp
from tilegrad.words.operations import is_elementwise
from tilegrad.words.tables import aligned

__all__ = ["Computation"]

if TYPE_CHECKING:
    from tilegrad._core import _Node


class Signal(NamedTuple):
    """What a node passes back to one of its inputs."""

    node: int
    source: int
    arriving: Array
    # The local derivative, where it has the form of numbers: for elementwise operations and single results.
    local: Array | None
    passed: Array
    rule: str


class Computation:
    """The graph of a function of numbers or arrays, evaluated once: nodes, values, gradients, and both in words."""

    def __init__(
        self,
        tracer: Tracer,
        tensors: Sequence[Tensor],
        result: Tensor,
        arrays: list[Array],
        title: str = "function",
    ) -> None:
        self.title = title
        self._nodes: list[_Node] = tracer.graph.nodes()
        self._custom = tracer.custom
        for place, (name, _) in tracer.custom.items():
            # Shown as one node that reads its sources; how it is computed inside is left out.
            node, sources = self._nodes[place], (len(self._nodes[place]["inputs"]) - 2) // 2
            node["operation"], node["inputs"] = name, node["inputs"][2 : 2 + sources]
            node["name"] = node["name"].removesuffix(".custom")
        self._result = result.value
        used = _ancestors(self._nodes, result.value)
        self._order = [node["id"] for node in self._nodes if node["id"] in used or node["kind"] == "input"]
        floats = [place for place in self._order if tracer.graph.dtype(place) != "int32" and place in used]
        scalar = (result.sum() if result.shape else result).value
        gradients = tracer.graph.gradients(scalar, floats)
        plan = tracer.graph.compile([*self._order, *gradients])
        found = plan.run(arrays)
        self._values = dict(zip(self._order, found, strict=False))
        self._gradients = dict(zip(floats, found[len(self._order) :], strict=True))
        self._labels = _labels(self._nodes)

    @property
    def value(self) -> Any:
        """What the function returns, as plain numbers or arrays."""
        return _plain(self._values[self._result])

    @property
    def values(self) -> dict[str, Any]:
        """The value of each node, by its label, in the order of the forward pass."""
        return {self._labels[place]: _plain(self._values[place]) for place in self._order if self._is_named(place)}

    @property
    def gradients(self) -> dict[str, Any]:
        """The gradient of each argument, by name."""
        inputs = (node for node in self._nodes if node["kind"] == "input" and node["id"] in self._gradients)
        return {node["name"]: _plain(self._gradients[node["id"]]) for node in inputs}

    @property
    def arriving(self) -> dict[str, Any]:
        """The gradient that arrives at each node, by its label."""
        named = (place for place in self._order if self._is_named(place) and place in self._gradients)
        return {self._labels[place]: _plain(self._gradients[place]) for place in named}

    @property
    def steps(self) -> int:
        """Of how many steps the backward pass consists: one for each operation that passes something on."""
        return len(self.walk)

    @cached_property
    def walk(self) -> list[list[Signal]]:
        """The backward pass: for each operation, from the last to the first, what it passes to its inputs."""
        steps = []
        for place in reversed(self._order):
            node = self._nodes[place]
            if node["kind"] != "operation" or place not in self._gradients:
                continue
            if place in self._custom:
                signals = self._custom_signals(node)
            else:
                signals = _signals(node, self._nodes, self._values, self._gradients[place])
            names = [self._labels[each] for each in node["inputs"]]
            sent = [
                Signal(
                    *(place, source, self._gradients[place], local, passed),
                    _rule(node, position, names, self._labels[place], passed),
                )
                for position, (source, (local, passed)) in enumerate(zip(node["inputs"], signals, strict=True))
                if passed is not None and self._nodes[source]["kind"] != "constant"
            ]
            if sent:
                steps.append(sent)
        return steps

    def _custom_signals(self, node: _Node) -> list[tuple[Array | None, Array | None]]:
        """As :func:`_signals`, for an operation of the user."""
        inputs = tuple(self._values[each] for each in node["inputs"])
        _, passed = vjp(self._custom[node["id"]][1])(inputs, self._gradients[node["id"]])
        return [(None, np.asarray(each)) for each in passed]

    def explain(self) -> Text:
        """Backpropagation node by node, as text.

        The first part lists every node with its value and the gradient that arrives at it: by how much the result
        changes per change of the node. The second goes backwards: at each node, what arrives is multiplied by the local
        derivative and passed on. Where the local derivative is a matrix of its own (a product of matrices, a softmax),
        the rule stands in its place, with ``g`` for what arrives.

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
        return self._explained(hidden=False)

    def _explained(self, *, hidden: bool) -> Text:
        rows: list[tuple[str, ...]] = [("forward", "value", "arriving gradient")]
        for place in self._order:
            rows.append((f"  {self._formula(place)}", number(self._values[place]), self._arriving_text(place, hidden)))
        if not hidden:
            signals = [signal for step in self.walk for signal in step]
            rows += [("backward",), *((f"  {self._edge(signal)}", self._signal_text(signal)) for signal in signals)]
        return Text("\n".join(aligned(rows)))

    def to_text(self) -> Text:
        """The graph as a tree, the result first, each node with its value and the gradient that arrives.

        Example:
            >>> import tilegrad as tg
            >>> tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0).to_text()
            multiply = 10, gradient 1
            ├─ add = 5, gradient 2
            │  ├─ x = 3, gradient 2
            │  └─ y = 2, gradient 7
            └─ y, as above
        """
        lines: list[str] = []
        shown: set[int] = set()

        def visit(place: int, lead: str, below: str) -> None:
            node = self._nodes[place]
            if place in shown and node["kind"] != "constant":
                lines.append(f"{lead}{self._labels[place]}, as above")
                return
            shown.add(place)
            gradient = self._arriving_text(place, hidden=False)
            lines.append(
                f"{lead}{self._labels[place]} = {number(self._values[place])}"
                + (f", gradient {gradient}" if gradient else "")
            )
            for position, source in enumerate(node["inputs"]):
                last = position == len(node["inputs"]) - 1
                visit(source, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))

        visit(self._result, "", "")
        return Text("\n".join(lines))

    def _is_named(self, place: int) -> bool:
        return self._nodes[place]["kind"] != "constant"

    def _arriving_text(self, place: int, hidden: bool) -> str:
        gradient = self._gradients.get(place) if self._is_named(place) else None
        return "" if gradient is None else "?" if hidden and place != self._result else number(gradient)

    def _formula(self, place: int) -> str:
        node, label = self._nodes[place], self._labels[place]
        if node["kind"] != "operation":
            return label
        names = [self._labels[each] for each in node["inputs"]]
        sign = SIGNS.get(node["operation"])
        if sign is not None and len(names) == 2:
            return f"{label} = {names[0]} {sign} {names[1]}"
        return f"{label} = {node['operation']}({', '.join(names)})"

    def _edge(self, signal: Signal, arrow: str = "->") -> str:
        return f"{self._labels[signal.node]} {arrow} {self._labels[signal.source]}"

    def _signal_text(self, signal: Signal) -> str:
        """What arrives, the local derivative, and what is passed on."""
        if signal.local is None or not (is_short(signal.arriving) and is_short(signal.passed)):
            return f"{signal.rule} = {number(signal.passed)}"
        return f"{number(signal.arriving)} * {number(signal.local)} = {number(signal.passed)}"

    def __repr__(self) -> str:
        shown = f"{self.value:.6g}" if isinstance(self.value, float) else f"of shape {self.value.shape}"
        return f"Trace of {len(self._order)} nodes, value {shown}; explain() goes through it, draw() shows it"


SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "matmul": "@"}


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
            value = node["attributes"].get("value")
            labels[node["id"]] = "constant" if value is None else f"{value:.6g}"
            continue
        name = node["name"]
        counts[name] = counts.get(name, 0) + 1
        labels[node["id"]] = name if counts[name] == 1 else f"{name}_{counts[name]}"
    return labels


def _signals(
    node: _Node, nodes: Sequence[_Node], values: dict[int, Array], arriving: Array
) -> list[tuple[Array | None, Array | None]]:
    """For each input of a node its local derivative, where that has the form of numbers, and what is passed to it."""
    graph = _core.Graph()
    sources = [
        graph.input(f"x{place}", nodes[each]["shape"], nodes[each]["dtype"])
        for place, each in enumerate(node["inputs"])
    ]
    seed = graph.input("arriving", node["shape"], node["dtype"])
    output = graph.apply(node["operation"], sources, node["attributes"])
    product = graph.apply("multiply", [output, seed])
    if node["shape"]:
        product = graph.apply("sum", [product])
    floats = [place for place, each in enumerate(node["inputs"]) if nodes[each]["dtype"] != "int32"]
    wanted = [place for place in floats if nodes[node["inputs"][place]]["kind"] != "constant"]
    plan = graph.compile(graph.gradients(product, [sources[place] for place in wanted]))
    inputs = [values[each] for each in node["inputs"]]
    passed = dict(zip(wanted, plan.run([*inputs, arriving]), strict=True))
    ones = dict(zip(wanted, plan.run([*inputs, np.ones_like(arriving)]), strict=True))
    numberwise = is_elementwise(node["operation"])
    local = {
        place: found
        for place, found in ones.items()
        if not node["shape"] or (numberwise and found.shape == tuple(node["shape"]))
    }
    return [(local.get(place), passed.get(place)) for place in range(len(sources))]


def _rule(node: _Node, position: int, names: list[str], label: str, passed: Array) -> str:
    """The rule of the operation, and that what was spread by broadcasting is gathered again."""
    plain = rule(node["operation"], position, names, label)
    spread = is_elementwise(node["operation"]) and passed.shape != tuple(node["shape"])
    return f"sum of {plain} over what was repeated" if spread else plain


def _plain(array: Array) -> Any:
    return float(array) if array.ndim == 0 else array

"""A traced function with its numbers: what flows forward, and what flows back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """The graph of a function of numbers or arrays, evaluated once.

    Its nodes are known by their numbers: ``order`` has those that count, ``values`` and ``gradients`` their arrays.
    """

    def __init__(
        self,
        tracer: Tracer,
        tensors: Sequence[Tensor],
        result: Tensor,
        arrays: list[Array],
        title: str = "function",
    ) -> None:
        self.title = title
        self.nodes: list[_Node] = tracer.graph.nodes()
        self.custom = tracer.custom
        for place, (name, _) in tracer.custom.items():
            # Shown as one node that reads its sources; how it is computed inside is left out.
            node, sources = self.nodes[place], (len(self.nodes[place]["inputs"]) - 2) // 2
            node["operation"], node["inputs"] = name, node["inputs"][2 : 2 + sources]
            node["name"] = node["name"].removesuffix(".custom")
        self.result = result.value
        used = _ancestors(self.nodes, result.value)
        self.order = [node["id"] for node in self.nodes if node["id"] in used or node["kind"] == "input"]
        floats = [place for place in self.order if tracer.graph.dtype(place) != "int32" and place in used]
        scalar = (result.sum() if result.shape else result).value
        gradients = tracer.graph.gradients(scalar, floats)
        plan = tracer.graph.compile([*self.order, *gradients])
        found = plan.run(arrays)
        self.values = dict(zip(self.order, found, strict=False))
        self.gradients = dict(zip(floats, found[len(self.order) :], strict=True))
        self.labels = _labels(self.nodes)

    def labelled(self, numbers: Mapping[int, Array]) -> dict[str, Any]:
        """Values or gradients by the labels of their nodes, in the order of the forward pass."""
        named = (place for place in self.order if self.is_named(place) and place in numbers)
        return {self.labels[place]: plain(numbers[place]) for place in named}

    def by_argument(self) -> dict[str, Array]:
        """The gradient of each argument, by name."""
        inputs = (node for node in self.nodes if node["kind"] == "input" and node["id"] in self.gradients)
        return {node["name"]: self.gradients[node["id"]] for node in inputs}

    @cached_property
    def walk(self) -> list[list[Signal]]:
        """The backward pass: for each operation, from the last to the first, what it passes to its inputs."""
        steps = []
        for place in reversed(self.order):
            node = self.nodes[place]
            if node["kind"] != "operation" or place not in self.gradients:
                continue
            if place in self.custom:
                signals = self._custom_signals(node)
            else:
                signals = _signals(node, self.nodes, self.values, self.gradients[place])
            names = [self.labels[operand] for operand in node["inputs"]]
            sent = [
                Signal(
                    *(place, source, self.gradients[place], local, passed),
                    _rule(node, position, names, self.labels[place], passed),
                )
                for position, (source, (local, passed)) in enumerate(zip(node["inputs"], signals, strict=True))
                if passed is not None and self.nodes[source]["kind"] != "constant"
            ]
            if sent:
                steps.append(sent)
        return steps

    def _custom_signals(self, node: _Node) -> list[tuple[Array | None, Array | None]]:
        """As :func:`_signals`, for an operation of the user."""
        inputs = tuple(self.values[operand] for operand in node["inputs"])
        _, passed = vjp(self.custom[node["id"]][1])(inputs, self.gradients[node["id"]])
        return [(None, np.asarray(gradient)) for gradient in passed]

    def explained(self, *, hidden: bool) -> Text:
        """Backpropagation as a table; ``hidden`` leaves out what the quiz asks for."""
        rows: list[tuple[str, ...]] = [("forward", "value", "arriving gradient")]
        for place in self.order:
            rows.append((f"  {self.formula(place)}", number(self.values[place]), self.arriving_text(place, hidden)))
        if not hidden:
            signals = [signal for step in self.walk for signal in step]
            rows += [("backward",), *((f"  {self.edge(signal)}", self.signal_text(signal)) for signal in signals)]
        return Text("\n".join(aligned(rows)))

    def tree(self) -> Text:
        """The graph as a tree, the result first."""
        lines: list[str] = []
        shown: set[int] = set()

        def visit(place: int, lead: str, below: str) -> None:
            node = self.nodes[place]
            if place in shown and node["kind"] != "constant":
                lines.append(f"{lead}{self.labels[place]}, as above")
                return
            shown.add(place)
            gradient = self.arriving_text(place, hidden=False)
            lines.append(
                f"{lead}{self.labels[place]} = {number(self.values[place])}"
                + (f", gradient {gradient}" if gradient else "")
            )
            for position, source in enumerate(node["inputs"]):
                last = position == len(node["inputs"]) - 1
                visit(source, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))

        visit(self.result, "", "")
        return Text("\n".join(lines))

    def is_named(self, place: int) -> bool:
        """Whether a node is not a constant, so that a gradient may arrive there."""
        return self.nodes[place]["kind"] != "constant"

    def arriving_text(self, place: int, hidden: bool) -> str:
        """The gradient that arrives at a node, or a question mark where it is hidden."""
        gradient = self.gradients.get(place) if self.is_named(place) else None
        return "" if gradient is None else "?" if hidden and place != self.result else number(gradient)

    def formula(self, place: int) -> str:
        """A node and how it is computed: ``sum = a + b``."""
        node, label = self.nodes[place], self.labels[place]
        if node["kind"] != "operation":
            return label
        names = [self.labels[operand] for operand in node["inputs"]]
        sign = SIGNS.get(node["operation"])
        if sign is not None and len(names) == 2:
            return f"{label} = {names[0]} {sign} {names[1]}"
        return f"{label} = {node['operation']}({', '.join(names)})"

    def edge(self, signal: Signal, arrow: str = "->") -> str:
        """From where to where a signal goes."""
        return f"{self.labels[signal.node]} {arrow} {self.labels[signal.source]}"

    def signal_text(self, signal: Signal) -> str:
        """What arrives, the local derivative, and what is passed on."""
        if signal.local is None or not (is_short(signal.arriving) and is_short(signal.passed)):
            return f"{signal.rule} = {number(signal.passed)}"
        return f"{number(signal.arriving)} * {number(signal.local)} = {number(signal.passed)}"


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
    inputs = [values[operand] for operand in node["inputs"]]
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


def plain(array: Array) -> Any:
    """A number by itself as a float, any other array as it is."""
    return float(array) if array.ndim == 0 else array

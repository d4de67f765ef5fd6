"""A model as a picture of its units and connections, with numbers where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tilegrad.explain.graph import Computation
from tilegrad.explain.layout import Box
from tilegrad.explain.look import trace
from tilegrad.explain.svg import BLUE, INK, SMALL, Picture, document, text, width_of
from tilegrad.nn.module import Module
from tilegrad.nn.parameter import Parameter
from tilegrad.nn.traits import Units
from tilegrad.tensor import Array
from tilegrad.words.operations import PRODUCTS, is_elementwise

_RADIUS, _MARGIN = 20.0, 24.0
# Connections that may carry their weights between two columns; with more, the numbers would lie on each other.
_MOST_NUMBERS = 16
_MOST_UNITS = 8
# Where along its connection a weight may stand; the first place that is free is taken.
_PLACES = (0.28, 0.36, 0.64, 0.72, 0.2, 0.8, 0.5)

_Point: TypeAlias = tuple[float, float]


class _Column(NamedTuple):
    """The units of a layer: which are shown, and what is known of them; pairs are numbers and their gradients."""

    title: str
    shown: list[int | None]
    units: tuple[Array | None, Array | None]
    weight: tuple[Array | None, Array | None] = (None, None)
    bias: tuple[Array | None, Array | None] = (None, None)


def draw_network(model: Module, x: Any, target: Any, loss: Any, *, values: bool, grads: bool) -> Picture:
    """The picture of a network of dense layers, one circle a unit, as ``Module.draw`` gives it."""
    layers = _layers(model)
    if not layers:
        raise ValueError(
            f"draw: expected `model` with dense layers, got {model.describe()}; tg.trace(model)(x).draw() shows any graph"
        )
    if (target is None) != (loss is None):
        raise ValueError("draw: expected `target` and `loss` together, got one of them")
    graph = None if x is None else _graph_of_row(model, x, target, loss)
    if graph is None and grads:
        raise ValueError("draw: expected `x` to show gradients for, got None")
    columns = list(_columns(layers, graph, values, grads))
    return _picture(model, columns, values, None if graph is None or loss is None else graph.values[graph.result])


class _Layer(NamedTuple):
    """A dense layer: its name, the activation that follows, if that is known, and its units."""

    name: str
    following: str | None
    units: Units


def _layers(model: Module) -> list[_Layer]:
    found = []
    for name, module in model.named_modules():
        units = module.traits().units
        if units is not None and units.are_full:
            found.append(_Layer(name, module.following or units.weight.following, units))
    return found


def _graph_of_row(model: Module, x: Any, target: Any, loss: Any) -> Computation:
    row = np.atleast_2d(np.asarray(x))
    if len(row) != 1:
        raise ValueError(f"draw: expected `x` to be one row, got shape {np.shape(x)}; draw(x[:1]) shows the first")
    if loss is None:
        return trace(model)(row).computation
    rows = np.asarray(target)
    # A class number is one label for the row, a vector of amounts is the row itself.
    target = rows.reshape(1) if rows.ndim == 0 else rows if rows.ndim == 2 else rows[None]
    return trace(model, loss=loss)(row, target).computation


def _columns(layers: list[_Layer], graph: Computation | None, values: bool, grads: bool) -> Iterator[_Column]:
    """The input and then the units of each dense layer."""
    outputs: list[int | None] = [None] * (len(layers) + 1)
    forward, backward, gradients = {}, {}, {}
    if graph is not None:
        outputs = _places(graph, [layer.name for layer in layers])
        forward, backward = graph.values if values else {}, graph.gradients if grads else {}
        gradients = graph.by_argument() if grads else {}

    def units(place: int | None) -> tuple[Array | None, Array | None]:
        found = (None if place is None else numbers.get(place) for numbers in (forward, backward))
        value, gradient = (None if array is None else array.reshape(-1) for array in found)
        return value, gradient

    def own(layer: _Layer, name: str, parameter: Parameter | None) -> tuple[Array | None, Array | None]:
        value = parameter.value if values and parameter is not None else None
        return value, gradients.get(f"{layer.name}.{name}" if layer.name else name)

    yield _Column("x", _shown(layers[0].units.weight.shape[0]), units(outputs[0]))
    for layer, place in zip(layers, outputs[1:], strict=True):
        title = "output" if layer is layers[-1] else f"layer {layer.name}"
        title += f", {layer.following}" if layer.following else ""
        weight, bias, _ = layer.units
        shown = _shown(weight.shape[1])
        yield _Column(title, shown, units(place), own(layer, "weight", weight), own(layer, "bias", bias))


def _places(graph: Computation, names: list[str]) -> list[int | None]:
    """The node of the model's input, and of what each dense layer gives, its activation included."""
    by_name = {node["name"]: node["id"] for node in graph.nodes if node["kind"] == "input"}
    readers: dict[int, list[int]] = {}
    for place in graph.order:
        for source in graph.nodes[place]["inputs"]:
            readers.setdefault(source, []).append(place)
    outputs = [by_name.get("x")]
    for name in names:
        place = by_name.get(f"{name}.weight" if name else "weight", -1)
        while len(readers.get(place, ())) == 1:
            following = graph.nodes[readers[place][0]]
            operations = [source for source in following["inputs"] if graph.nodes[source]["kind"] == "operation"]
            # The product with the weight; then the bias, and what is done to each unit alone.
            if graph.nodes[place]["kind"] == "input":
                belongs = following["operation"] in PRODUCTS
            else:
                belongs = following["operation"] == "softmax" or is_elementwise(following["operation"])
            if not belongs or len(operations) > 1:
                break
            place = following["id"]
        outputs.append(place if place >= 0 else None)
    return outputs


def _shown(units: int) -> list[int | None]:
    """Which units are drawn; ``None`` stands for those left out."""
    if units <= _MOST_UNITS:
        return list(range(units))
    return [*range(_MOST_UNITS - 2), None, units - 1]


class _Labels:
    """Numbers on white ground, so that lines do not run through them; they keep clear of each other."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._boxes: list[Box] = []

    def add(self, spots: Sequence[_Point], content: str, size: float = SMALL, *, back: bool = False) -> None:
        """Writes at the first of the spots that is free, or at the first if none is; ``back`` marks a gradient."""
        width = width_of(content, size)
        boxes = [Box(x - width / 2 - 1, y - 7, width + 2, 14) for x, y in spots]
        box = next((box for box in boxes if not any(box.overlaps(other) for other in self._boxes)), boxes[0])
        self._boxes.append(box)
        style = f' font-style="italic" fill="{BLUE}"' if back else ""
        frame = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:g}"'
        self.parts.append(
            f'<rect {frame} fill="white" opacity="0.85"/>{text(*box.centre, content, size=size, style=style)}'
        )


def _picture(model: Module, columns: list[_Column], values: bool, loss: Any) -> Picture:
    grads = any(column.units[1] is not None for column in columns)
    down, across = (118.0 if grads else 92.0, 270.0) if values or grads else (52.0, 130.0)
    height = max(len(column.shown) for column in columns) * down + 30
    places: list[list[_Point]] = []
    for place, column in enumerate(columns):
        x, top = _MARGIN + 70 + place * across, 30 + (height - 30 - len(column.shown) * down) / 2
        places.append([(x, top + (row + 0.45) * down) for row in range(len(column.shown))])
    labels = _Labels()
    circles = [part for pair in zip(places, columns, strict=True) for part in _units(*pair, labels)]
    lines = []
    for (before, former), (after, column) in pairwise(zip(places, columns, strict=True)):
        lines += _connections(before, after, former, column, labels)
    parts = [*lines, *circles, *labels.parts]
    for points, column in zip(places, columns, strict=True):
        left_out = f" ({_count(column)})" if None in column.shown else ""
        parts.append(text(points[0][0], 16, column.title + left_out, size=12))
    if loss is not None:
        parts.append(text(_MARGIN, height + 18, f"loss {float(loss):.6g}", anchor="start"))
    described = (
        f"Columns of {' - '.join(str(_count(column)) for column in columns)} units from left to right. Values stand above "
        "the units, gradients below them; beside a weight or bias its gradient stands after a stroke."
    )
    width = 2 * _MARGIN + 140 + (len(columns) - 1) * across
    return document(width, height + (36 if loss is not None else 6), model.describe(), described, parts)


def _count(column: _Column) -> int:
    return (column.shown[-1] or 0) + 1


def _short(value: Any) -> str:
    # Adding zero makes zero of minus zero.
    return f"{float(value) + 0.0:.4g}"


def _with_gradient(pair: tuple[Array | None, Array | None], place: Any) -> str:
    """A number, and its gradient after a stroke if it is known."""
    return " | ".join(_short(array[place]) for array in pair if array is not None)


def _units(points: list[_Point], column: _Column, labels: _Labels) -> list[str]:
    """Circles; the values above, gradients and biases below."""
    parts = []
    values, gradients = column.units
    for (x, y), unit in zip(points, column.shown, strict=True):
        if unit is None:
            parts.append(text(x, y, "⋮", size=20))
            continue
        look = f'r="{_RADIUS:g}" fill="white" stroke="{INK}" stroke-width="1.4"'
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" {look}/>', text(x, y, str(unit + 1), size=12)]
        below = y + _RADIUS + 9
        if values is not None:
            labels.add([(x, y - _RADIUS - 9)], _short(values[unit]))
        if gradients is not None:
            labels.add([(x, below)], f"grad {_short(gradients[unit])}", back=True)
            below += 15
        if column.bias[0] is not None:
            labels.add([(x, below)], f"b {_with_gradient(column.bias, unit)}", 10.5)
    return parts


def _connections(
    before: list[_Point], after: list[_Point], former: _Column, column: _Column, labels: _Labels
) -> list[str]:
    """Lines between two columns; the weights stand on them where there are few."""
    lines = []
    numbered = column.weight[0] is not None and len(former.shown) * len(column.shown) <= _MOST_NUMBERS
    for ((x, y), source), ((u, v), unit) in product(
        zip(before, former.shown, strict=True), zip(after, column.shown, strict=True)
    ):
        if source is None or unit is None:
            continue
        left, right = x + _RADIUS, u - _RADIUS
        lines.append(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{v:.1f}" stroke="#8a8a8a"/>')
        if numbered:
            spots = [(left + share * (right - left), y + share * (v - y)) for share in _PLACES]
            labels.add(spots, _with_gradient(column.weight, (source, unit)), 10.5)
    return lines

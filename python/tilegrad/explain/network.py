"""A model as a picture of its units and connections, with numbers where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tilegrad.explain.layout import Box
from tilegrad.explain.look import Trace, trace
from tilegrad.explain.svg import BLUE, INK, SMALL, Picture, document, text, width_of
from tilegrad.nn.module import Module
from tilegrad.nn.traits import Units
from tilegrad.tensor import Array
from tilegrad.words.operations import PRODUCTS, is_elementwise

__all__ = ["draw_network"]

_RADIUS, _MARGIN = 20.0, 24.0
# Connections that may carry their weights between two columns; with more, the numbers would lie on each other.
_MOST_NUMBERS = 16
_MOST_UNITS = 8
# Where along its connection a weight may stand; the first place that is free is taken.
_PLACES = (0.28, 0.36, 0.64, 0.72, 0.2, 0.8, 0.5)


class _Column(NamedTuple):
    """The units of a layer: which are shown, and their numbers as far as they are known."""

    title: str
    units: int
    shown: list[int | None]
    values: Array | None
    gradients: Array | None
    weight: Array | None = None
    weight_gradient: Array | None = None
    bias: Array | None = None
    bias_gradient: Array | None = None


def draw_network(model: Module, x: Any, target: Any, loss: Any, *, values: bool, grads: bool) -> Picture:
    """The picture of ``Module.draw``."""
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
    return _picture(model, columns, values, None if graph is None or loss is None else graph.value)


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


def _graph_of_row(model: Module, x: Any, target: Any, loss: Any) -> Trace:
    row = np.atleast_2d(np.asarray(x))
    if len(row) != 1:
        raise ValueError(f"draw: expected `x` to be one row, got shape {np.shape(x)}; draw(x[:1]) shows the first")
    if loss is None:
        return trace(model)(row)
    rows = np.asarray(target)
    # A class number is one label for the row, a vector of amounts is the row itself.
    return trace(model, loss=loss)(row, rows.reshape(1) if rows.ndim == 0 else rows if rows.ndim == 2 else rows[None])


def _columns(layers: list[_Layer], graph: Trace | None, values: bool, grads: bool) -> Iterator[_Column]:
    """The input and then the units of each dense layer."""
    inputs, outputs = (
        (None, [None] * len(layers)) if graph is None else _places(graph, [layer.name for layer in layers])
    )

    def at(place: Any, numbers: dict[int, Array], wanted: bool) -> Array | None:
        return numbers[place].reshape(-1) if wanted and place is not None and place in numbers else None

    forward, backward = (graph._values, graph._gradients) if graph is not None else ({}, {})
    first = layers[0].units.weight.shape[0]
    yield _Column("x", first, _shown(first), at(inputs, forward, values), at(inputs, backward, grads))
    found = {} if graph is None else graph.gradients
    for layer, place in zip(layers, outputs, strict=True):
        weight, bias, _ = layer.units
        prefix, count = f"{layer.name}." if layer.name else "", weight.shape[1]
        title = "output" if layer is layers[-1] else f"layer {layer.name}"
        yield _Column(
            *(f"{title}, {layer.following}" if layer.following else title, count, _shown(count)),
            *(at(place, forward, values), at(place, backward, grads)),
            *(weight.value if values else None, found.get(f"{prefix}weight") if grads else None),
            *(None if bias is None or not values else bias.value, found.get(f"{prefix}bias") if grads else None),
        )


def _places(graph: Trace, names: list[str]) -> tuple[int | None, list[int | None]]:
    """The node of the model's input, and of what each dense layer gives, its activation included."""
    by_name = {node["name"]: node["id"] for node in graph._nodes if node["kind"] == "input"}
    readers: dict[int, list[int]] = {}
    for place in graph._order:
        for source in graph._nodes[place]["inputs"]:
            readers.setdefault(source, []).append(place)
    outputs: list[int | None] = []
    for name in names:
        place = by_name.get(f"{name}.weight" if name else "weight", -1)
        while len(readers.get(place, ())) == 1:
            following = graph._nodes[readers[place][0]]
            alone = sum(graph._nodes[each]["kind"] == "operation" for each in following["inputs"]) <= 1
            operation, is_weight = following["operation"], graph._nodes[place]["kind"] == "input"
            # The product with the weight; then the bias, and what is done to each unit alone.
            if not (
                operation in PRODUCTS if is_weight else alone and (operation == "softmax" or is_elementwise(operation))
            ):
                break
            place = following["id"]
        outputs.append(place if place >= 0 else None)
    return by_name.get("x"), outputs


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

    def add(
        self, spots: Sequence[tuple[float, float]], content: str, size: float = SMALL, *, back: bool = False
    ) -> None:
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
    grads = any(column.gradients is not None for column in columns)
    step = (118.0 if grads else 92.0, 270.0) if values or grads else (52.0, 130.0)
    height = max(len(column.shown) for column in columns) * step[0] + 30
    places: list[list[tuple[float, float]]] = []
    for across, column in enumerate(columns):
        top = 30 + (height - 30 - len(column.shown) * step[0]) / 2
        x = _MARGIN + 70 + across * step[1]
        places.append([(x, top + (row + 0.45) * step[0]) for row in range(len(column.shown))])
    circles, labels = [], _Labels()
    for spots, column in zip(places, columns, strict=True):
        circles += _units(spots, column, labels)
    lines = []
    for (before, former), (after, column) in pairwise(zip(places, columns, strict=True)):
        lines += _connections(before, after, former, column, labels)
    parts = [*lines, *circles, *labels.parts]
    parts += [text(spots[0][0], 16, _heading(column), size=12) for spots, column in zip(places, columns, strict=True)]
    if loss is not None:
        parts.append(text(_MARGIN, height + 18, f"loss {float(loss):.6g}", anchor="start"))
    width = 2 * _MARGIN + 140 + (len(columns) - 1) * step[1]
    sizes = " - ".join(str(column.units) for column in columns)
    described = (
        f"Columns of {sizes} units from left to right. Values stand above the units, gradients below them; beside "
    )
    described += "a weight or bias its gradient stands after a stroke."
    return document(width, height + (36 if loss is not None else 6), model.describe(), described, parts)


def _heading(column: _Column) -> str:
    return f"{column.title} ({column.units})" if None in column.shown else column.title


def _short(value: Any) -> str:
    # Adding zero makes zero of minus zero.
    return f"{float(value) + 0.0:.4g}"


def _units(spots: list[tuple[float, float]], column: _Column, labels: _Labels) -> list[str]:
    """Circles; the values above, gradients and biases below."""
    parts = []
    for (x, y), unit in zip(spots, column.shown, strict=True):
        if unit is None:
            parts.append(text(x, y, "⋮", size=20))
            continue
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS:g}" fill="white" stroke="{INK}" stroke-width="1.4"/>'
        )
        parts.append(text(x, y, str(unit + 1), size=12))
        below = y + _RADIUS + 9
        if column.values is not None:
            labels.add([(x, y - _RADIUS - 9)], _short(column.values[unit]))
        if column.gradients is not None:
            labels.add([(x, below)], f"grad {_short(column.gradients[unit])}", back=True)
            below += 15
        if column.bias is not None:
            labels.add([(x, below)], f"b {_with_gradient(column.bias[unit], column.bias_gradient, unit)}", 10.5)
    return parts


def _with_gradient(value: Any, gradient: Array | None, place: Any) -> str:
    return _short(value) if gradient is None else f"{_short(value)} | {_short(gradient[place])}"


def _connections(
    before: list[tuple[float, float]],
    after: list[tuple[float, float]],
    former: _Column,
    column: _Column,
    labels: _Labels,
) -> list[str]:
    """Lines between two columns; the weights stand on them where there are few."""
    lines = []
    few = len(former.shown) * len(column.shown) <= _MOST_NUMBERS
    for (x, y), source in zip(before, former.shown, strict=True):
        for (u, v), unit in zip(after, column.shown, strict=True):
            if source is None or unit is None:
                continue
            left, right = x + _RADIUS, u - _RADIUS
            lines.append(f'<line x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{v:.1f}" stroke="#8a8a8a"/>')
            if column.weight is not None and few:
                spots = [(left + share * (right - left), y + share * (v - y)) for share in _PLACES]
                content = _with_gradient(column.weight[source, unit], column.weight_gradient, (source, unit))
                labels.add(spots, content, 10.5)
    return lines

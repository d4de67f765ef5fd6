"""Graphs as pictures, and as text for Graphviz.

Told apart without colour: arguments have round corners, constants a dashed frame, the result a double one; values stand
above a node, gradients below it in italics after ``grad``; what a step passes back is a thick dashed arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tilegrad.explain.graph import SIGNS, Computation
from tilegrad.explain.layout import Box, layered
from tilegrad.explain.svg import BLUE, INK, SMALL, Picture, document, text, width_of
from tilegrad.explain.text import number

_FRAME, _LINE, _MARGIN = 28.0, 16.0, 16.0


def _edges(graph: Computation) -> list[tuple[int, int]]:
    return [(source, place) for place in graph.order for source in graph.nodes[place]["inputs"]]


def _title(graph: Computation, place: int) -> str:
    """What stands in the box: a name, or an operation with its sign."""
    label, node = graph.labels[place], graph.nodes[place]
    sign = SIGNS.get(node["operation"]) if node["kind"] == "operation" else None
    return f"{label} {sign}" if sign else label


def _frame_width(graph: Computation, place: int) -> float:
    return max(width_of(_title(graph, place)) + 20, 44.0)


def _size(graph: Computation, place: int) -> tuple[float, float]:
    """Width and height of a node, with room for the value above and the gradient below."""
    lines = (number(graph.values[place]), f"grad {graph.arriving_text(place, False)}")
    return max(_frame_width(graph, place), *(width_of(line, SMALL) for line in lines)), _FRAME + 2 * _LINE


def _frame(graph: Computation, place: int, box: Box) -> Box:
    """The part of a node's place that its name stands in."""
    width, (middle, centre) = _frame_width(graph, place), box.centre
    return Box(middle - width / 2, centre - _FRAME / 2, width, _FRAME)


def draw(graph: Computation, step: int | None = None, *, hidden: bool = False) -> Picture:
    """The graph with its numbers; with ``step`` only what so many steps of the backward pass made known."""
    layout = layered({place: _size(graph, place) for place in graph.order}, _edges(graph))
    known = {place: line for place in graph.order if (line := graph.arriving_text(place, hidden))}
    caption: list[str] = []
    if step is not None:
        known, caption = _known(graph, step)
    signals = graph.walk[step - 1] if step else []
    boxes = {place: box._replace(x=box.x + _MARGIN, y=box.y + _MARGIN) for place, box in layout.boxes.items()}
    frames = {place: _frame(graph, place, box) for place, box in boxes.items()}
    passing = {(signal.source, signal.node) for signal in signals}
    parts = []
    for route, (source, end) in zip(layout.routes, _edges(graph), strict=True):
        between = ((x + _MARGIN, y + _MARGIN) for x, y in route)
        parts.append(_route([frames[source].ends[1], *between, frames[end].ends[0]], (source, end) in passing))
    for place, box in boxes.items():
        now = any(signal.node == place for signal in signals)
        parts += _node(graph, place, box, frames[place], known.get(place, ""), now)
    top = layout.height + 2 * _MARGIN
    parts += [text(_MARGIN, top + 18 * row, line, size=12, anchor="start") for row, line in enumerate(caption)]
    width = max([layout.width, *(width_of(line, 12) for line in caption)]) + 2 * _MARGIN
    what = f"step {step} of {len(graph.walk)} of the backward pass" if step is not None else "values and gradients"
    described = (
        f"{len(boxes)} nodes from the arguments on the left to the result on the right; the value stands above each node, "
        f"the gradient that arrives below it. {graph.explained(hidden=hidden) if step is None else ''}"
    )
    return document(width, top + 18 * len(caption), f"Graph of {graph.title}: {what}", described, parts)


def _known(graph: Computation, step: int) -> tuple[dict[int, str], list[str]]:
    """The sums of what has arrived so far, and what the last step did, in words."""
    sums = {graph.result: graph.gradients[graph.result]}
    for signals in graph.walk[:step]:
        for signal in signals:
            sums[signal.source] = sums.get(signal.source, 0) + signal.passed
    texts = {place: number(total) for place, total in sums.items()}
    if step == 0:
        return texts, [f"step 0 of {len(graph.walk)}: forward; the gradient of the result by itself is 1"]
    last = graph.walk[step - 1]
    lines = [f"{graph.edge(signal, 'to')}: {graph.signal_text(signal)}" for signal in last]
    return texts, [f"step {step} of {len(graph.walk)}: backward through {_title(graph, last[0].node)}", *lines]


def _node(graph: Computation, place: int, box: Box, frame: Box, gradient: str, now: bool) -> list[str]:
    """A box with its name, the value above and the gradient below."""
    kind, (middle, centre) = graph.nodes[place]["kind"], box.centre
    title, value, (left, top, width, _) = _title(graph, place), number(graph.values[place]), frame
    look = f'fill="{"#f0f0f0" if kind == "operation" else "white"}" stroke="{INK}" stroke-width="{3 if now else 1.2}"'
    look += f' rx="{12 if kind == "input" else 2}"' + (' stroke-dasharray="4 3"' if kind == "constant" else "")
    parts = [f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_FRAME:g}" {look}/>']
    if place == graph.result:
        inner = f'x="{left + 3:.1f}" y="{top + 3:.1f}" width="{width - 6:.1f}"'
        parts.append(f'<rect {inner} height="{_FRAME - 6:g}" fill="none" stroke="{INK}" stroke-width="0.8"/>')
    parts.append(text(middle, centre, title))
    if kind != "constant" or title != value:
        parts.append(text(middle, box.y + _LINE / 2, value, size=SMALL))
    if gradient:
        style = f' font-style="italic" fill="{BLUE}"'
        parts.append(text(middle, box.y + box.height - _LINE / 2, f"grad {gradient}", size=SMALL, style=style))
    return parts


def _route(points: Sequence[tuple[float, float]], passing: bool) -> str:
    """An edge as a smooth line; one that a step passes something back along is thick, dashed and points back."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (u, v) in pairwise(points):
        middle = (x + u) / 2
        path += f" C{middle:.1f} {y:.1f} {middle:.1f} {v:.1f} {u:.1f} {v:.1f}"
    look = 'stroke="#555555" stroke-width="1.2" marker-end="url(#forward)"'
    if passing:
        look = f'stroke="{BLUE}" stroke-width="2.6" stroke-dasharray="7 4" marker-start="url(#back)"'
    return f'<path d="{path}" fill="none" {look}/>'


def dot(graph: Computation) -> str:
    """The graph in the language of Graphviz."""

    def quoted(content: str) -> str:
        return '"' + content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    lines = [f"digraph {quoted(graph.title)} {{", "  rankdir=LR;", '  node [shape=box, fontname="monospace"];']
    shapes = {"input": ", style=rounded", "constant": ", style=dashed"}
    for place in graph.order:
        gradient = graph.arriving_text(place, hidden=False)
        label = f"{_title(graph, place)}\nvalue {number(graph.values[place])}"
        label += f"\ngrad {gradient}" if gradient else ""
        extra = shapes.get(graph.nodes[place]["kind"], "")
        extra += ", peripheries=2" if place == graph.result else ""
        lines.append(f"  n{place} [label={quoted(label)}{extra}];")
    lines += [f"  n{source} -> n{end};" for source, end in _edges(graph)]
    return "\n".join([*lines, "}"])

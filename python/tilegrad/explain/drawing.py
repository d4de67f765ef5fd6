"""Graphs as SVG pictures and as text for Graphviz, written by hand: nothing needs to be installed.

Told apart without colour: arguments have round corners, constants a dashed frame, the result a double one; values stand
above a node, gradients below it in italics after ``grad``; what a step passes back is a thick dashed arrow.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tilegrad.explain.graph import SIGNS, Computation, number
from tilegrad.explain.layout import Box, Layout, layered

if TYPE_CHECKING:
    import os

__all__ = ["Picture"]

# Width of a letter of the monospaced font, as a share of its size.
LETTER = 0.61
SIZE, SMALL = 13, 11.5
_FRAME, _LINE, _MARGIN = 28.0, 16.0, 16.0
BLUE, INK = "#0060a8", "#1a1a1a"


class Picture(str):
    """An SVG text that a notebook shows as a picture.

    Example:
        >>> import tilegrad as tg
        >>> picture = tg.trace(lambda x: x * x)(3.0).draw()
        >>> picture.save("square.svg")
    """

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the text into a file, which should end in ``.svg``."""
        Path(path).write_text(self, encoding="utf-8")

    def __repr__(self) -> str:
        return f"Picture of {len(self)} characters of SVG; save(path) writes it"


def text(x: float, y: float, content: str, *, size: float = SIZE, anchor: str = "middle", style: str = "") -> str:
    """A line of text; ``y`` is its middle."""
    place = f'x="{x:.1f}" y="{y + 0.35 * size:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
    return f"<text {place}{style}>{escape(content)}</text>"


def document(width: float, height: float, title: str, description: str, parts: Sequence[str]) -> Picture:
    """A whole SVG text of these parts, with what it shows said for those who do not see it."""
    body = "\n".join(parts)
    # Several pictures in one page must not share the names of their parts.
    mark = f"tg{zlib.crc32((title + body).encode()):08x}"
    arrows = "".join(
        f'<marker id="{mark}-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{side}" markerHeight="{side}" '
        f'orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="{colour}"/></marker>'
        for name, colour, side in (("forward", "#555555", 7), ("back", BLUE, 5))
    )
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{mark}-title {mark}-desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.1f} {height:.1f}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" fill="{INK}">\n'
        f'<title id="{mark}-title">{escape(title)}</title>\n<desc id="{mark}-desc">{escape(description)}</desc>\n'
        f'<defs>{arrows}</defs>\n<rect width="100%" height="100%" fill="white"/>\n'
        f"{body.replace('url(#', f'url(#{mark}-')}\n</svg>\n"
    )


def width_of(content: str, size: float = SIZE) -> float:
    """How wide a line of text is."""
    return len(content) * LETTER * size


def layout_of(trace: Computation) -> Layout:
    """The place of each node, with room for the value above and the gradient below."""
    sizes = {}
    for place in trace._order:
        lines = (number(trace._values[place]), f"grad {trace._arriving_text(place, False)}")
        widest = max(width_of(_title(trace, place)) + 20, *(width_of(line, SMALL) for line in lines))
        sizes[place] = (max(widest, 44.0), _FRAME + 2 * _LINE)
    return layered(sizes, _edges(trace))


def _edges(trace: Computation) -> list[tuple[int, int]]:
    return [(source, place) for place in trace._order for source in trace._nodes[place]["inputs"]]


def _title(trace: Computation, place: int) -> str:
    """What stands in the box: a name, or an operation with its sign."""
    label, node = trace._labels[place], trace._nodes[place]
    sign = SIGNS.get(node["operation"]) if node["kind"] == "operation" else None
    return f"{label} {sign}" if sign else label


def draw(trace: Computation, step: int | None = None, *, hidden: bool = False) -> Picture:
    """The graph with its numbers; with ``step`` only what so many steps of the backward pass made known."""
    layout, walk = layout_of(trace), trace.walk
    shown = walk if step is None else walk[:step]
    known = {place: line for place in trace._order if (line := trace._arriving_text(place, hidden))}
    caption: list[str] = []
    if step is not None:
        known, caption = _known(trace, step)
    active = {(signal.source, signal.node) for signal in shown[-1]} if step else set()
    frames = {place: _frame(trace, place, box) for place, box in layout.boxes.items()}
    parts = []
    for route, (source, end) in zip(layout.routes, _edges(trace), strict=True):
        left, right = frames[source], frames[end]
        ends = [(left.x + left.width, left.centre[1]), *route, (right.x, right.centre[1])]
        parts.append(_route(ends, (source, end) in active))
    for place, box in layout.boxes.items():
        now = bool(step) and place == shown[-1][0].node
        parts += _node(trace, place, _moved(box), known.get(place, ""), now)
    top = layout.height + 2 * _MARGIN
    parts += [text(_MARGIN, top + 18 * row, line, size=12, anchor="start") for row, line in enumerate(caption)]
    widest = max([layout.width, *(width_of(line, 12) for line in caption)])
    height = top + 18 * len(caption)
    what = f"step {step} of {trace.steps} of the backward pass" if step is not None else "values and gradients"
    return document(
        *(widest + 2 * _MARGIN, height, f"Graph of {trace.title}: {what}"),
        f"{len(layout.boxes)} nodes from the arguments on the left to the result on the right; the value stands above "
        f"each node, the gradient that arrives below it. {trace._explained(hidden=hidden) if step is None else ''}",
        parts,
    )


def _known(trace: Computation, step: int) -> tuple[dict[int, str], list[str]]:
    """The sums of what has arrived so far, and what the last step did, in words."""
    sums = {trace._result: trace._gradients[trace._result]}
    for signals in trace.walk[:step]:
        for signal in signals:
            sums[signal.source] = sums.get(signal.source, 0) + signal.passed
    texts = {place: number(total) for place, total in sums.items()}
    if step == 0:
        return texts, [f"step 0 of {trace.steps}: forward; the gradient of the result by itself is 1"]
    lines = [f"{trace._edge(signal, 'to')}: {trace._signal_text(signal)}" for signal in trace.walk[step - 1]]
    return texts, [
        f"step {step} of {trace.steps}: backward through {_title(trace, trace.walk[step - 1][0].node)}",
        *lines,
    ]


def _frame(trace: Computation, place: int, box: Box) -> Box:
    """The part of a node's place that its name stands in."""
    width, (middle, centre) = max(width_of(_title(trace, place)) + 20, 44.0), box.centre
    return Box(middle - width / 2, centre - _FRAME / 2, width, _FRAME)


def _moved(box: Box) -> Box:
    return box._replace(x=box.x + _MARGIN, y=box.y + _MARGIN)


def _node(trace: Computation, place: int, box: Box, gradient: str, now: bool) -> list[str]:
    """A box with its name, the value above and the gradient below."""
    kind, (middle, centre) = trace._nodes[place]["kind"], box.centre
    title, (left, top, width, _) = _title(trace, place), _frame(trace, place, box)
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_FRAME:g}"'
    fill = "#f0f0f0" if kind == "operation" else "white"
    look = f'fill="{fill}" stroke="{INK}" stroke-width="{3 if now else 1.2}" rx="{12 if kind == "input" else 2}"'
    if kind == "constant":
        look += ' stroke-dasharray="4 3"'
    parts = [f"<rect {frame} {look}/>"]
    if place == trace._result:
        inner = f'x="{left + 3:.1f}" y="{top + 3:.1f}" width="{width - 6:.1f}"'
        parts.append(f'<rect {inner} height="{_FRAME - 6:g}" fill="none" stroke="{INK}" stroke-width="0.8"/>')
    parts.append(text(middle, centre, title))
    if kind != "constant" or title != number(trace._values[place]):
        parts.append(text(middle, box.y + _LINE / 2, number(trace._values[place]), size=SMALL))
    if gradient:
        style = f' font-style="italic" fill="{BLUE}"'
        parts.append(text(middle, box.y + box.height - _LINE / 2, f"grad {gradient}", size=SMALL, style=style))
    return parts


def _route(route: Sequence[tuple[float, float]], active: bool) -> str:
    """An edge as a smooth line; one that a step passes something back along is thick, dashed and points back."""
    points = [(x + _MARGIN, y + _MARGIN) for x, y in route]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (u, v) in pairwise(points):
        middle = (x + u) / 2
        path += f" C{middle:.1f} {y:.1f} {middle:.1f} {v:.1f} {u:.1f} {v:.1f}"
    look = 'stroke="#555555" stroke-width="1.2" marker-end="url(#forward)"'
    if active:
        look = f'stroke="{BLUE}" stroke-width="2.6" stroke-dasharray="7 4" marker-start="url(#back)"'
    return f'<path d="{path}" fill="none" {look}/>'


def dot(trace: Computation) -> str:
    """The graph in the language of Graphviz."""

    def quoted(content: str) -> str:
        return '"' + content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    lines = [f"digraph {quoted(trace.title)} {{", "  rankdir=LR;", '  node [shape=box, fontname="monospace"];']
    shapes = {"input": ", style=rounded", "constant": ", style=dashed"}
    for place in trace._order:
        gradient = trace._arriving_text(place, hidden=False)
        label = f"{_title(trace, place)}\nvalue {number(trace._values[place])}"
        label += f"\ngrad {gradient}" if gradient else ""
        extra = shapes.get(trace._nodes[place]["kind"], "")
        extra += ", peripheries=2" if place == trace._result else ""
        lines.append(f"  n{place} [label={quoted(label)}{extra}];")
    lines += [f"  n{source} -> n{end};" for source, end in _edges(trace)]
    return "\n".join([*lines, "}"])

"""Where the boxes of a drawing stand: layers from left to right, few crossings, straight lines where there is room.

The method is Sugiyama's (Sugiyama, Tagawa and Toda, 1981): layers by the longest path, long edges cut by points that
take part in all that follows, orders by the means of the neighbours, and places near the neighbours' mean that keep the
order and the distances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Box", "Layout", "layered"]

_SWEEPS = 12


class Box(NamedTuple):
    """A rectangle by its left upper corner and size; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def overlaps(self, other: Box) -> bool:
        """Whether they share more than a line."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


class Layout(NamedTuple):
    """Boxes by node, the points of each edge from the right of its source to the left of its end, and the whole size."""

    boxes: dict[int, Box]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def layered(
    sizes: Mapping[int, tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    *,
    gap: tuple[float, float] = (44.0, 14.0),
) -> Layout:
    """Places boxes so that every edge goes from left to right.

    Args:
        sizes: Width and height of each node. A node must come after those that lead to it.
        edges: Pairs of nodes, source first; the same pair may come several times.
        gap: Least distance of layers, and of boxes within one.

    Returns:
        The layout; no two boxes overlap.

    Example:
        >>> from tilegrad.explain.layout import layered
        >>> layout = layered({0: (40, 20), 1: (40, 20), 2: (40, 20)}, [(0, 2), (1, 2)])
        >>> layout.boxes[0].x < layout.boxes[2].x, layout.boxes[0].overlaps(layout.boxes[1])
        (True, False)
    """
    layer = _layers(sizes, edges)
    sizes, chains = dict(sizes), []
    for source, end in edges:
        # Points of no size where an edge passes a layer.
        passing = range(layer[source] + 1, layer[end])
        points = [-len(sizes) - place - 1 for place in range(len(passing))]
        for point, column in zip(points, passing, strict=True):
            sizes[point], layer[point] = (0.0, 12.0), column
        chains.append([source, *points, end])
    links = sorted({link for chain in chains for link in pairwise(chain)})
    columns: list[list[int]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in sizes:
        columns[layer[node]].append(node)
    columns = _ordered(columns, links)
    heights = {node: size[1] for node, size in sizes.items()}
    middles = _placed(columns, links, heights, gap[1])
    return _finished(columns, chains, sizes, middles, gap[0])


def _layers(sizes: Mapping[int, object], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """By the longest path; what nothing leads to stands just before its first reader."""
    layer = dict.fromkeys(sizes, 0)
    for node in sizes:
        layer[node] = max((layer[source] + 1 for source, end in edges if end == node), default=0)
    ends = {end for _, end in edges}
    for node in sizes:
        readers = [layer[end] for source, end in edges if source == node]
        if node not in ends and readers:
            layer[node] = min(readers) - 1
    return layer


def _neighbours(links: Sequence[tuple[int, int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for source, end in links:
        before.setdefault(end, []).append(source)
        after.setdefault(source, []).append(end)
    return before, after


def crossings(columns: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    """How often links between neighbouring columns cross."""
    place = {node: row for column in columns for row, node in enumerate(column)}
    column_of = {node: index for index, column in enumerate(columns) for node in column}
    count = 0
    for index in range(len(columns) - 1):
        spans = [(place[a], place[b]) for a, b in links if column_of[a] == index]
        count += sum((a - c) * (b - d) < 0 for position, (a, b) in enumerate(spans) for c, d in spans[position + 1 :])
    return count


def _ordered(columns: list[list[int]], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Sorts each column by the mean place of its neighbours, forth and back, and keeps the order that crosses least."""
    before, after = _neighbours(links)
    best, fewest = [list(column) for column in columns], crossings(columns, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        neighbours = before if sweep % 2 == 0 else after
        order = range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1)
        place = {node: float(row) for column in columns for row, node in enumerate(column)}
        for index in order:
            means = {
                node: sum(place[each] for each in neighbours[node]) / len(neighbours[node])
                if node in neighbours
                else place[node]
                for node in columns[index]
            }
            columns[index] = sorted(columns[index], key=means.__getitem__)
            place |= {node: float(row) for row, node in enumerate(columns[index])}
        count = crossings(columns, links)
        if count < fewest:
            best, fewest = [list(column) for column in columns], count
    return best


def _placed(
    columns: Sequence[Sequence[int]], links: Sequence[tuple[int, int]], heights: Mapping[int, float], gap: float
) -> dict[int, float]:
    """The middle of each node, near the mean of its neighbours."""
    middles: dict[int, float] = {}
    for column in columns:
        middles |= _spaced(column, dict.fromkeys(column, 0.0), heights, gap)
    before, after = _neighbours(links)
    for sweep in range(_SWEEPS):
        for index in range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1):
            wanted = {}
            for node in columns[index]:
                near = [*before.get(node, ()), *after.get(node, ())]
                wanted[node] = sum(middles[each] for each in near) / len(near) if near else middles[node]
            middles |= _spaced(columns[index], wanted, heights, gap)
    return middles


def _spaced(
    column: Sequence[int], wanted: Mapping[int, float], heights: Mapping[int, float], gap: float
) -> dict[int, float]:
    """The places nearest to those wanted, by least squares, that keep order and distances.

    Each group of nodes that touch stands where the mean of its wishes is; groups that would overlap become one.
    """
    groups: list[tuple[float, list[int]]] = []
    offsets: dict[int, float] = {}
    offset = 0.0
    for above, node in zip([None, *column], column, strict=False):
        if above is not None:
            offset += (heights[above] + heights[node]) / 2 + gap
        offsets[node] = offset
        groups.append((wanted[node] - offset, [node]))
        while len(groups) > 1 and groups[-1][0] < groups[-2][0]:
            (last, lower), (first, upper) = groups.pop(), groups.pop()
            total = first * len(upper) + last * len(lower)
            groups.append((total / (len(upper) + len(lower)), upper + lower))
    return {node: start + offsets[node] for start, group in groups for node in group}


def _finished(
    columns: Sequence[Sequence[int]],
    chains: Sequence[Sequence[int]],
    sizes: Mapping[int, tuple[float, float]],
    middles: Mapping[int, float],
    gap: float,
) -> Layout:
    """Boxes and routes from columns and middles, moved so that all begins at zero."""
    top = min((middles[node] - sizes[node][1] / 2 for node in middles), default=0.0)
    bottom = max((middles[node] + sizes[node][1] / 2 for node in middles), default=0.0)
    places: dict[int, Box] = {}
    left = 0.0
    for column in columns:
        width = max(sizes[node][0] for node in column)
        for node in column:
            # A passing edge crosses its column on a level line, clear of the boxes above and below.
            own, height = sizes[node] if node >= 0 else (width, sizes[node][1])
            places[node] = Box(left + (width - own) / 2, middles[node] - height / 2 - top, own, height)
        left += width + gap
    routes = []
    for chain in chains:
        route = []
        for position, node in enumerate(chain):
            box = places[node]
            middle = box.y + box.height / 2
            if position > 0:
                route.append((box.x, middle))
            if position < len(chain) - 1:
                route.append((box.x + box.width, middle))
        routes.append(route)
    boxes = {node: box for node, box in places.items() if node >= 0}
    return Layout(boxes, routes, max(left - gap, 0.0), bottom - top)

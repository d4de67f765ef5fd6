"""Where the boxes of a drawing stand: layers from left to right, few crossings, straight lines where there is room.

The method is Sugiyama's (Sugiyama, Tagawa and Toda, 1981): layers by the longest path, long edges cut by points that
take part in all that follows, orders by the means of the neighbours, and places near the neighbours' mean that keep the
order and the distances. Graphviz, from the text of ``to_dot``, does more; this needs nothing to be installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

_SWEEPS = 12


class Box(NamedTuple):
    """A rectangle by its left upper corner and size; y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, across and down."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where edges arrive and leave: the middles of the left and right sides."""
        return (self.x, self.centre[1]), (self.x + self.width, self.centre[1])

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
    column_of = _column_of(sizes, edges)
    sizes, chains = dict(sizes), []
    for source, end in edges:
        # Points of no width where an edge passes a column.
        points = [-len(sizes) - place - 1 for place in range(column_of[end] - column_of[source] - 1)]
        sizes |= dict.fromkeys(points, (0.0, 12.0))
        column_of |= {point: column_of[source] + 1 + place for place, point in enumerate(points)}
        chains.append([source, *points, end])
    links = sorted({link for chain in chains for link in pairwise(chain)})
    columns: list[list[int]] = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    for node in sizes:
        columns[column_of[node]].append(node)
    columns = _ordered(columns, links)
    heights = {node: size[1] for node, size in sizes.items()}
    return _finished(columns, chains, sizes, _placed(columns, links, heights, gap[1]), gap[0])


def _column_of(sizes: Mapping[int, object], edges: Sequence[tuple[int, int]]) -> dict[int, int]:
    """By the longest path; what nothing leads to stands just before its first reader."""
    before, after = _neighbours(edges)
    column: dict[int, int] = {}
    for node in sizes:
        column[node] = max((column[source] + 1 for source in before.get(node, ())), default=0)
    first = {node: min(column[end] for end in ends) - 1 for node, ends in after.items() if node not in before}
    return column | first


def _neighbours(links: Sequence[tuple[int, int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """What leads to each node, and what it leads to."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for source, end in links:
        before.setdefault(end, []).append(source)
        after.setdefault(source, []).append(end)
    return before, after


def _mean(places: Mapping[int, float], node: int, near: Sequence[int]) -> float:
    """The mean place of a node's neighbours, or its own where it has none."""
    return sum(places[neighbour] for neighbour in near) / len(near) if near else places[node]


def _rows(columns: Sequence[Sequence[int]]) -> dict[int, float]:
    return {node: float(row) for column in columns for row, node in enumerate(column)}


def crossings(columns: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    """How often links between neighbouring columns cross."""
    row = _rows(columns)
    column_of = {node: index for index, column in enumerate(columns) for node in column}
    spans: list[list[tuple[float, float]]] = [[] for _ in columns]
    for source, end in links:
        spans[column_of[source]].append((row[source], row[end]))
    return sum((a - c) * (b - d) < 0 for group in spans for (a, b), (c, d) in combinations(group, 2))


def _ordered(columns: list[list[int]], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Sorts each column by the mean place of its neighbours, forth and back, and keeps the order that crosses least."""
    sides = _neighbours(links)
    best, fewest = columns, crossings(columns, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        near, row = sides[sweep % 2], _rows(columns)
        columns = [list(column) for column in columns]
        for column in columns if sweep % 2 == 0 else reversed(columns):
            means = {node: _mean(row, node, near.get(node, ())) for node in column}
            column.sort(key=means.__getitem__)
            row |= _rows([column])
        count = crossings(columns, links)
        if count < fewest:
            best, fewest = columns, count
    return best


def _placed(
    columns: Sequence[Sequence[int]], links: Sequence[tuple[int, int]], heights: Mapping[int, float], gap: float
) -> dict[int, float]:
    """The middle of each node, near the mean of its neighbours."""
    before, after = _neighbours(links)
    middles: dict[int, float] = {}
    for column in columns:
        middles |= _spaced(column, dict.fromkeys(column, 0.0), heights, gap)
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {node: _mean(middles, node, [*before.get(node, ()), *after.get(node, ())]) for node in column}
            middles |= _spaced(column, wanted, heights, gap)
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
    top = min((middle - sizes[node][1] / 2 for node, middle in middles.items()), default=0.0)
    bottom = max((middle + sizes[node][1] / 2 for node, middle in middles.items()), default=0.0)
    places: dict[int, Box] = {}
    left = 0.0
    for column in columns:
        width = max(sizes[node][0] for node in column)
        for node in column:
            # A passing edge crosses its column on a level line, clear of the boxes above and below.
            own, height = sizes[node] if node >= 0 else (width, sizes[node][1])
            places[node] = Box(left + (width - own) / 2, middles[node] - height / 2 - top, own, height)
        left += width + gap
    routes = [[point for node in chain for point in places[node].ends][1:-1] for chain in chains]
    boxes = {node: box for node, box in places.items() if node >= 0}
    return Layout(boxes, routes, max(left - gap, 0.0), bottom - top)

"""Small tables: cross-entropy case by case, and a network without activations that is one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilegrad.explain.svg import INK, Picture, document, text, width_of
from tilegrad.explain.text import Text
from tilegrad.nn.module import Module
from tilegrad.nn.sequential import in_a_row
from tilegrad.nn.traits import Units
from tilegrad.tensor import Array
from tilegrad.words.tables import aligned

_SHOWN = 20


def cross_entropy(p: Any, y: Any, classes: Sequence[str] | None = None) -> Text:
    """Cross-entropy of probabilities as a table: the truth, the probabilities, ``-log p`` of the true class, the mean.

    Args:
        p: Probabilities of shape (rows, classes); or (rows,), the probability of class 1 of two.
        y: The true class of each row: numbers from 0, names out of ``classes``, or one-hot rows.
        classes: What the classes are called; their numbers by default.

    Returns:
        The table, which prints itself. Logarithms are natural.

    Raises:
        ValueError: If a row is not a distribution, a class does not exist, or the shapes do not fit.

    Example:
        >>> from tilegrad import explain
        >>> explain.cross_entropy([[0.1, 0.2, 0.7], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]], ["C", "B", "A"], "ABC")
        row   y  p(A)  p(B)  p(C)  -log p
        0     C  0.1   0.2   0.7   0.356675
        1     B  0.1   0.6   0.3   0.510826
        2     A  0.3   0.4   0.3   1.20397
        mean                       0.690491
    """
    probabilities = np.asarray(p, np.float64)
    if probabilities.ndim == 1:
        probabilities = np.stack([1 - probabilities, probabilities], axis=1)
    if probabilities.ndim != 2 or not probabilities.size:
        raise ValueError(f"cross_entropy: expected `p` of shape (rows, classes), got {np.shape(p)}")
    rows, count = probabilities.shape
    wrong = np.flatnonzero((probabilities < 0).any(axis=1) | ~(np.abs(probabilities.sum(axis=1) - 1) < 1e-6))
    if wrong.size:
        got = probabilities[wrong[0]].tolist()
        raise ValueError(f"cross_entropy: expected `p` from 0 with sum 1 in each row, got {got} in row {wrong[0]}")
    names = [str(name) for name in (range(count) if classes is None else classes)]
    if len(names) != count:
        raise ValueError(f"cross_entropy: expected `classes` for {count} columns, got {len(names)}")
    truth = _true_classes(y, names, rows)
    with np.errstate(divide="ignore"):
        # Adding zero makes zero of minus zero.
        losses = -np.log(probabilities[np.arange(rows), truth]) + 0.0
    lines = [["row", "y", *(f"p({name})" for name in names), "-log p"]]
    for row in range(rows):
        cells = [f"{probability:.4g}" for probability in probabilities[row]]
        lines.append([str(row), names[truth[row]], *cells, f"{losses[row]:.6g}"])
    lines.append(["mean", *[""] * (count + 1), f"{losses.mean():.6g}"])
    return Text("\n".join(aligned(lines)))


def _true_classes(y: Any, names: list[str], rows: int) -> list[int]:
    """The number of each row's class."""
    given = np.asarray(list(y) if isinstance(y, str) else y)
    if given.ndim == 2 and given.dtype.kind in "fiub":
        if given.shape != (rows, len(names)) or not (np.sort(given, axis=1)[:, -1] == 1).all() or given.sum() != rows:
            raise ValueError(
                f"cross_entropy: expected `y` of one-hot rows of shape ({rows}, {len(names)}), got other rows"
            )
        return [int(label) for label in given.argmax(axis=1)]
    if given.shape != (rows,):
        raise ValueError(f"cross_entropy: expected `y` of shape ({rows},), got {given.shape}")
    found = []
    for row, each in enumerate(given.tolist()):
        if each in names:
            found.append(names.index(each))
        elif isinstance(each, int) and 0 <= each < len(names):
            found.append(each)
        else:
            raise ValueError(f"cross_entropy: expected `y` of {', '.join(names)}, got {each!r} in row {row}")
    return found


class Collapse:
    """Dense layers without activations, and the one layer that does the same. :func:`linear_collapse` makes it.

    Example:
        >>> from tilegrad import explain, nn
        >>> collapse = explain.linear_collapse(nn.Sequential(nn.Dense(3, 8), nn.Dense(8, 2)))
        >>> collapse.weight.shape, collapse.bias.shape
        ((3, 2), (2,))
    """

    def __init__(self, layers: Sequence[Units]) -> None:
        self._sizes = [layers[0].weight.shape[0], *(layer.weight.shape[1] for layer in layers)]
        self._counts = sum(
            array.value.size for layer in layers for array in (layer.weight, layer.bias) if array is not None
        )
        self.weight, self.bias = np.eye(self._sizes[0]), np.zeros(self._sizes[0])
        for layer in layers:
            matrix = np.asarray(layer.weight.value, np.float64)
            self.weight, self.bias = self.weight @ matrix, self.bias @ matrix
            if layer.bias is not None:
                self.bias = self.bias + np.asarray(layer.bias.value, np.float64)

    def __call__(self, x: Any) -> Array:
        """What the one layer makes of rows."""
        return np.asarray(np.asarray(x, np.float64) @ self.weight + self.bias)

    def explain(self) -> Text:
        """The algebra that makes one layer of all, as text."""
        return Text("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        first, last, depth = self._sizes[0], self._sizes[-1], len(self._sizes) - 1
        inner = "x"
        for place in range(1, depth + 1):
            inner = f"({inner} @ W{place} + b{place})" if place < depth else f"{inner} @ W{place} + b{place}"
        product = " @ ".join(f"W{place}" for place in range(1, depth + 1))
        biases = [
            " @ ".join([f"b{place}", *(f"W{k}" for k in range(place + 1, depth + 1))]) for place in range(1, depth + 1)
        ]
        return [
            f"{inner} = x @ W + b",
            f"W = {product}, of shape ({first}, {last})",
            f"b = {' + '.join(biases)}, of shape ({last},)",
            f"{depth} layers with {self._counts} numbers do what one with {self.weight.size + self.bias.size} does; "
            "an activation between them would change that",
        ]

    def draw(self) -> Picture:
        """The layers and the one layer as an SVG picture."""
        count, first, last = len(self._sizes), self._sizes[0], self._sizes[-1]
        parts, end = _chain(24.0, self._sizes, [f"W{place}, b{place}" for place in range(1, count)], max(self._sizes))
        parts.append(text(end + 40, _MIDDLE, "=", size=24))
        one, end = _chain(end + 72, [first, last], ["W, b"], max(self._sizes))
        lines = self._lines()
        parts += [*one, *(text(24, 150 + 18 * row, line, size=11.5, anchor="start") for row, line in enumerate(lines))]
        width = max(end + 48, 48 + max(width_of(line, 11.5) for line in lines))
        title = "A network without activations is one layer"
        return document(width, 150 + 18 * len(lines), title, " ".join(lines), parts)

    def _repr_svg_(self) -> str:
        return str(self.draw())

    def __repr__(self) -> str:
        return str(self.explain())


_MIDDLE = 60.0


def _chain(left: float, sizes: Sequence[int], names: Sequence[str], largest: int) -> tuple[list[str], float]:
    """Bars of these sizes with named arrows between them, and where the last bar begins."""
    parts = []
    for place, size in enumerate(sizes):
        x, height = left + 92 * place, 24 + 66 * size / largest
        frame = f'x="{x:.1f}" y="{_MIDDLE - height / 2:.1f}" width="18" height="{height:.1f}"'
        parts += [f'<rect {frame} fill="#e8e8e8" stroke="{INK}"/>', text(x + 9, 122, str(size), size=11)]
        if place < len(names):
            path = f'd="M{x + 22:.1f} {_MIDDLE:.1f} L{x + 88:.1f} {_MIDDLE:.1f}"'
            parts.append(f'<path {path} fill="none" stroke="#555555" stroke-width="1.4" marker-end="url(#forward)"/>')
            parts.append(text(x + 55, _MIDDLE - 14, names[place], size=11))
    return parts, left + 92 * (len(sizes) - 1)


def linear_collapse(model: Module) -> Collapse:
    """Shows that dense layers without activations between them are one layer: ``x @ W + b``.

    Args:
        model: A :class:`tilegrad.nn.Sequential` of dense layers; dropout and flattening do not count.

    Returns:
        The one layer, with its algebra as text (``explain()``) and as a picture (``draw()``, shown in notebooks).

    Raises:
        ValueError: If there is an activation or another layer between them; it is named.

    Example:
        >>> from tilegrad import explain, nn
        >>> explain.linear_collapse(nn.Sequential(nn.Dense(3, 8), nn.Dense(8, 2)))
        (x @ W1 + b1) @ W2 + b2 = x @ W + b
        W = W1 @ W2, of shape (3, 2)
        b = b1 @ W2 + b2, of shape (2,)
        2 layers with 50 numbers do what one with 8 does; an activation between them would change that
    """
    layers: list[Units] = []
    for place, layer in enumerate(in_a_row(model)):
        traits = layer.traits()
        if traits.keeps_numbers:
            continue
        if traits.units is None or not (traits.units.are_full and traits.is_linear):
            raise ValueError(
                f"linear_collapse: expected `model` of dense layers without activations, got {layer.describe()} at place "
                f"{place}; that is what keeps it from being one layer"
            )
        layers.append(traits.units)
    if not layers:
        raise ValueError(f"linear_collapse: expected `model` with dense layers, got {model.describe()}")
    model.initialize()
    return Collapse(layers)

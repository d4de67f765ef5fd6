"""What a training leaves behind: its curves, the search for a rate, confusions, distributions by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.charts.style import HATCHES, INK, begin, finish, line
from tilegrad.nn.module import Module

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_confusion(
    matrix: Any, labels: Sequence[str] | None = None, *, normalize: bool = False, ax: Axes | None = None
) -> Axes:
    """Draws a confusion matrix: a row for each true class, a column for each predicted one.

    Args:
        matrix: Counts of shape (classes, classes), rows for the truth.
        labels: What the classes are called; their numbers by default.
        normalize: Whether to show the share of each row instead of counts.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If the matrix is not square, has numbers below zero, or there are not as many labels as classes.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> [text.get_text() for text in tg.plots.plot_confusion([[3, 1], [0, 2]], ["cat", "dog"]).texts]
        ['3', '1', '0', '2']
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"plot_confusion: expected `matrix` of shape (classes, classes), got {counts.shape}")
    if not (counts >= 0).all():
        raise ValueError(f"plot_confusion: expected `matrix` of counts from 0, got {counts.min()}")
    classes = len(counts)
    names = [str(name) for name in (range(classes) if labels is None else labels)]
    if len(names) != classes:
        raise ValueError(f"plot_confusion: expected `labels` for {classes} classes, got {len(names)}")
    sums = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(sums == 0, 1, sums)
    ax = begin(ax, size=(max(4.2, 0.55 * classes + 2), max(3.8, 0.5 * classes + 1.6)))
    ax.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        shown = f"{shares[row, column]:.2f}" if normalize else f"{counts[row, column]:g}"
        colour = "white" if shares[row, column] > 0.5 else INK
        ax.text(column, row, shown, ha="center", va="center", color=colour, fontsize=9 if classes <= 12 else 6)
    ax.set_xticks(range(classes), names, rotation=45 if max(map(len, names)) > 4 else 0)
    ax.set_yticks(range(classes), names)
    finish(ax, "Confusion matrix" + (", shares of each row" if normalize else ""), "predicted", "true", legend=False)
    ax.grid(visible=False)
    return ax


def plot_histograms(
    values: Module | Mapping[str, Any], *, bins: int = 60, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draws how numbers are distributed in each layer, one above the other, the first layer on top.

    Args:
        values: Arrays by name (weights, activations, gradients); or a model, for its parameters.
        bins: How many bins.
        title: Title of the picture.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on. All rows share the horizontal axis; each is as high as its fullest bin. Numbers that are not
        finite are left out and counted at the right.

    Raises:
        ValueError: If there is nothing to draw.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_histograms(tg.nn.Dense(3, 2))
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['weight', 'bias']
    """
    named = dict(values.named_parameters()) if isinstance(values, Module) else dict(values)
    arrays = {name: np.asarray(each, np.float64).reshape(-1) for name, each in named.items()}
    finite = {name: each[np.isfinite(each)] for name, each in arrays.items()}
    if not any(part.size for part in finite.values()):
        raise ValueError("plot_histograms: expected `values` with at least one finite number, got none")
    low, high = (
        min(part.min() for part in finite.values() if part.size),
        max(part.max() for part in finite.values() if part.size),
    )
    edges = np.linspace(low, high, bins + 1) if low < high else np.linspace(low - 0.5, high + 0.5, bins + 1)
    ax = begin(ax, size=(6.4, max(2.4, 0.7 * len(arrays) + 1.2)))
    for row, (name, each) in enumerate(finite.items()):
        counts, _ = np.histogram(each, edges)
        base = len(arrays) - 1 - row
        colour = line(row)["color"]
        look = {
            "facecolor": "white" if row % 2 else "#d0d0d0",
            "edgecolor": colour,
            "hatch": HATCHES[row % len(HATCHES)],
        }
        ax.stairs(base + 0.9 * counts / max(counts.max(), 1), edges, baseline=base, fill=True, linewidth=1.2, **look)
        lost = arrays[name].size - each.size
        spread = f"mean {each.mean():.2g}, std {each.std():.2g}" if each.size else "no finite number"
        spread += f", {lost} not finite" if lost else ""
        ax.text(
            high,
            base + 0.95,
            spread,
            ha="right",
            va="top",
            fontsize=8,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
        )
    ax.set_yticks([len(arrays) - 1 - row for row in range(len(arrays))], list(arrays))
    ax.set_ylim(-0.1, len(arrays))
    return finish(ax, title or "Distribution of numbers by layer", "value", "", legend=False)

"""Pictures with Matplotlib in one style: readable in black and white, each function returns its Axes.

Needs the extra ``plot``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tilegrad.train import History

__all__ = ["plot_history"]

# Told apart by dash and marker as well as by colour, so that print and colour-blind readers lose nothing.
_LINES: tuple[dict[str, Any], ...] = (
    {"color": "#0072b2", "linestyle": "-"},
    {"color": "#d55e00", "linestyle": "--"},
    {"color": "#009e73", "linestyle": "-."},
    {"color": "#cc79a7", "linestyle": ":"},
)


def plot_history(history: History, *, metric: str = "loss", title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draws a quantity of the training by epoch, and its validation where there is one.

    Args:
        history: what ``fit`` returned.
        metric: which quantity; a loss is drawn on a logarithmic axis where all its values are positive.
        title: title of the picture; the name of the quantity if not given.
        ax: where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: if the history has no such quantity.
    """
    names = [name for name in (metric, f"val_{metric}") if name in history]
    if not names:
        raise ValueError(f"plot_history: expected `metric` to be one of {', '.join(history)}, got {metric!r}")
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for name, line in zip(names, _LINES, strict=False):
        epochs = range(1, len(history[name]) + 1)
        ax.plot(
            epochs, history[name], label="validation" if name.startswith("val_") else "training", linewidth=1.8, **line
        )
    if metric == "loss" and all(value > 0 for name in names for value in history[name]):
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric)
    ax.set_title(title or f"{metric.capitalize()} by epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3, which="both", linewidth=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax

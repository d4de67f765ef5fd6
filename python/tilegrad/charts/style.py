"""The house style: what lines look like, and how a picture is begun and ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The colours of Okabe and Ito (2008), which stay apart for the colour-blind; dashes and markers do without colour.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9")
_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo", "++")
INK, GUIDE = "#1a1a1a", "#777777"


def line(place: int, *, markers: int = 0) -> dict[str, Any]:
    """How the line of this number looks; with ``markers`` it carries about so many of them."""
    look: dict[str, Any] = {"color": _COLOURS[place % len(_COLOURS)], "linestyle": _DASHES[place % len(_DASHES)]}
    if markers:
        look |= {"marker": _MARKERS[place % len(_MARKERS)], "markersize": 4.5, "markevery": markers}
    return {**look, "linewidth": 1.8}


def begin(ax: Axes | None, *, size: tuple[float, float] = (6.4, 4.0)) -> Axes:
    """The Axes to draw on: those given, or those of a new figure."""
    if ax is not None:
        return ax
    # Only a new figure needs pyplot, which keeps it until it is shown or closed.
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'plot: expected Matplotlib, got {error}; pip install "tilegrad[plot]"') from None

    return plt.subplots(figsize=size, layout="constrained")[1]


def finish(ax: Axes, title: str, across: str, up: str, *, legend: bool = True) -> Axes:
    """Title, labels, a faint grid and a legend; returns the Axes."""
    ax.set_title(title)
    ax.set_xlabel(across)
    ax.set_ylabel(up)
    ax.grid(alpha=0.3, which="major", linewidth=0.5)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if legend and ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize="small")
    return ax


def listed(names: list[str]) -> str:
    """Names as a list in words: `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

"""Line charts: curves of a training, schedules, a search for a learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.charts.style import begin, finish, line

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_history(
    history: Mapping[str, Sequence[float]], *, metric: str = "loss", title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draws a quantity of the training by epoch, and its validation where there is one.

    Args:
        history: What ``fit`` returned.
        metric: Which quantity; a loss is drawn on a logarithmic axis where all its values are positive.
        title: Title of the picture; the name of the quantity if not given.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If the history has no such quantity.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> history = tg.History()
        >>> history.add({"loss": 0.5, "val_loss": 0.6})
        >>> [line.get_label() for line in tg.plots.plot_history(history).get_lines()]
        ['training', 'validation']
    """
    names = [name for name in (metric, f"val_{metric}") if name in history]
    if not names:
        raise ValueError(f"plot_history: expected `metric` to be one of {', '.join(history)}, got {metric!r}")
    ax = begin(ax)
    from matplotlib.ticker import MaxNLocator

    for place, name in enumerate(names):
        epochs = range(1, len(history[name]) + 1)
        # A single epoch has no line to see.
        look = line(place, markers=max(len(history[name]) // 10, 1))
        ax.plot(epochs, history[name], label="validation" if name.startswith("val_") else "training", **look)
    if metric == "loss" and all(value > 0 for name in names for value in history[name]):
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return finish(ax, title or f"{metric.capitalize()} by epoch", "epoch", metric)


def plot_learning_rate_search(
    rates: Any, losses: Any, suggestion: float | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draws the loss of a learning-rate search over the rate, with the rate that it suggests.

    Args:
        rates: Learning rates tried, each above zero.
        losses: The loss at each.
        suggestion: The rate to mark, if there is one.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If there are not as many losses as rates, or a rate is not above zero.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> tg.plots.plot_learning_rate_search([1e-3, 1e-2, 1e-1], [2.0, 1.0, 4.0], 1e-2).get_xscale()
        'log'
    """
    tried, found = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    if tried.ndim != 1 or tried.shape != found.shape or not tried.size:
        raise ValueError(
            f"plot_learning_rate_search: expected `losses` of shape {tried.shape}, one for each rate, got {found.shape}"
        )
    if not (tried > 0).all():
        raise ValueError(f"plot_learning_rate_search: expected `rates` above 0, got {tried.min()}")
    ax = begin(ax)
    ax.plot(tried, found, label="loss", **line(0))
    ax.set_xscale("log")
    finite = found[np.isfinite(found)]
    if finite.size:
        # What shot up at the end would flatten the rest.
        low, high = finite.min(), min(finite.max(), finite.min() + 2.5 * (finite[0] - finite.min() or 1.0))
        high = high if high > low else low + 1.0
        ax.set_ylim(low - 0.08 * (high - low), high + 0.05 * (high - low))
    if suggestion is not None:
        ax.axvline(suggestion, label=f"suggestion {suggestion:.2g}", **{**line(1), "linewidth": 1.4})
    return finish(ax, "Learning-rate search", "learning rate", "loss")


def plot_schedule(
    schedule: Callable[[int], float] | Mapping[str, Callable[[int], float]],
    steps: int,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draws what schedules give by step.

    Args:
        schedule: A function of the step, which counts from 0; or several by name.
        steps: How many steps.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If there is not at least one step.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_schedule(lambda step: 0.1 / (1 + step), 3)
        >>> ax.get_lines()[0].get_ydata().round(3)
        array([0.1  , 0.05 , 0.033])
    """
    if steps < 1:
        raise ValueError(f"plot_schedule: expected `steps` of at least 1, got {steps}")
    named = dict(schedule) if isinstance(schedule, Mapping) else {_schedule_name(schedule): schedule}
    ax = begin(ax)
    for place, (name, each) in enumerate(named.items()):
        values = [float(each(step)) for step in range(steps)]
        ax.plot(range(steps), values, label=name, **line(place), drawstyle="steps-post" if steps < 50 else "default")
    return finish(ax, "Learning rate by step", "step", "learning rate", legend=len(named) > 1)


def _schedule_name(schedule: Callable[[int], float]) -> str:
    return getattr(schedule, "__name__", type(schedule).__name__)

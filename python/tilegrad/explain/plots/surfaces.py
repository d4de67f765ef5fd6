"""Surfaces of two weights from above: gradients, and the paths of descent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import optim
from tilegrad.charts.style import GUIDE, INK, begin, finish, line
from tilegrad.explain.descent import Path, Surface, descent_paths, surface_for, zigzag_paths
from tilegrad.optim import Optimizer
from tilegrad.tensor import Array
from tilegrad.transform import jit, value_and_grad

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _contours(ax: Axes, value: Callable[[Array], float], window: tuple[float, float, float, float]) -> None:
    """Lines of equal height in grey, close together in the valley: equal steps of the fourth root."""
    left, right, bottom, top = window
    x, y = np.linspace(left, right, 90), np.linspace(bottom, top, 90)
    heights = np.array([[value(np.array([a, b])) for a in x] for b in y])
    low = np.nanmin(heights)
    roots = (heights - low) ** 0.25
    ax.contour(x, y, roots, levels=14, colors="#b0b0b0", linewidths=0.7)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)


def plot_gradient(
    function: Callable[..., Any],
    at: tuple[float, float],
    *,
    window: tuple[float, float, float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws a function of two numbers from above, and its gradient at a place with the way down.

    Args:
        function: Takes an array of two numbers and returns a number.
        at: The place.
        window: What to show: left, right, bottom, top; enough around place and origin by default.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on. The arrows are shortened to a quarter of the window; the title has the numbers.

    Raises:
        ValueError: If the place is not two finite numbers.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> tg.plots.plot_gradient(lambda x: x[0] ** 2 + x[1] ** 2, (3.0, 4.0)).get_title()
        'Gradient (6, 8) at (3, 4)'
    """
    place = np.asarray(at, np.float64)
    if place.shape != (2,) or not np.isfinite(place).all():
        raise ValueError(f"plot_gradient: expected `at` of two finite numbers, got {at}")
    _, (gradient,) = value_and_grad(function)(place)
    if window is None:
        size = max(1.5, *(1.8 * np.abs(place)))
        window = (-size, size, -size, size)
    ax = begin(ax, size=(5.4, 5.0))
    value = jit(function)
    _contours(ax, lambda point: float(value(point)), window)
    length = np.linalg.norm(gradient)
    unit = gradient / length * 0.25 * (window[1] - window[0]) if length else gradient
    for place_of, (sign, label) in enumerate(((1, "gradient: steepest way up"), (-1, "against it: the way down"))):
        look = line(place_of)
        ax.annotate(
            "",
            xy=tuple(place + sign * unit),
            xytext=(place[0], place[1]),
            arrowprops={"arrowstyle": "-|>", "color": look["color"], "linestyle": look["linestyle"], "linewidth": 2},
        )
        ax.plot([], [], label=label, **look)
    ax.plot(*place, "o", color=INK, markersize=6)
    ax.set_aspect("equal")
    title = f"Gradient ({gradient[0]:.4g}, {gradient[1]:.4g}) at ({place[0]:.4g}, {place[1]:.4g})"
    return finish(ax, title, "first number", "second number")


def plot_learning_rate_effect(
    rates: Sequence[float] = (0.05, 0.5, 1.9, 2.1), *, steps: int = 20, ax: Axes | None = None
) -> Axes:
    """Draws plain descent on ``w**2 / 2`` from 1 with several learning rates: slow, good, oscillating, diverging.

    Each step multiplies the weight by ``1 - rate``: below 2 it comes to rest, above 2 it grows without end.

    Args:
        rates: Learning rates, each above zero.
        steps: How many steps.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If there is no step, or a rate is out of range.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_learning_rate_effect([1.0], steps=2)
        >>> ax.get_lines()[0].get_ydata()
        array([1., 0., 0.])
    """
    from matplotlib.ticker import MaxNLocator

    start = (1.0, 0.0)
    runs = [
        descent_paths({"sgd": optim.SGD(rate)}, lambda w: 0.5 * (w[0] ** 2 + w[1] ** 2), steps=steps, start=start)
        for rate in rates
    ]
    ax = begin(ax)
    for place, (rate, run) in enumerate(zip(rates, runs, strict=True)):
        weights = run["sgd"].points[:, 0]
        ax.plot(range(steps + 1), weights, label=f"{rate:g}: {_verdict(weights)}", **line(place, markers=1))
    ax.axhline(0, color=GUIDE, linewidth=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return finish(ax, "Learning rates on a parabola", "step", "weight (best is 0)")


def _verdict(weights: Array) -> str:
    """What became of a weight that began at 1."""
    if abs(weights[-1]) > abs(weights[0]):
        return "diverges"
    if len(weights) > 1 and weights[1] * weights[0] < 0:
        return "oscillates"
    return "slow" if abs(weights[-1]) > 0.1 * abs(weights[0]) else "settles"


def plot_descent_paths(
    methods: Sequence[str] | Mapping[str, Optimizer] = ("sgd", "momentum", "rmsprop", "adam"),
    surface: str | Surface | Callable[..., Any] = "ravine",
    *,
    steps: int | None = None,
    learning_rate: float | None = None,
    start: tuple[float, float] | None = None,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draws the paths that optimizers take over a surface, seen from above.

    The arguments are those of :func:`tilegrad.explain.descent_paths`, which returns the same paths with their measures.

    Returns:
        The Axes drawn on. The legend has each path's turning in degrees a step, and its last loss.

    Raises:
        ValueError: As there.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_descent_paths(["sgd", "momentum"], "ravine", steps=20)
        >>> ax.get_title()
        'Descent on ravine, 20 steps'
    """
    if not methods:
        raise ValueError("plot_descent_paths: expected at least one of `methods`, got none")
    paths = descent_paths(methods, surface, steps=steps, learning_rate=learning_rate, start=start, seed=seed)
    ground = surface_for("plot_descent_paths", surface, start)
    steps = len(next(iter(paths.values())).points) - 1
    value = jit(ground.function)
    ax = begin(ax, size=(7.0, 4.6))
    _contours(ax, lambda point: float(value(point, ground.data)), ground.window)
    _paths(ax, paths, steps)
    if ground.minimum is not None:
        ax.plot(*ground.minimum, "*", color=INK, markersize=12, label="minimum")
    return finish(ax, f"Descent on {ground.name}, {steps} steps", "first weight", "second weight")


def _paths(ax: Axes, paths: Mapping[str, Path], steps: int) -> None:
    for place, (name, path) in enumerate(paths.items()):
        degrees = np.degrees(path.turning) / max(steps - 1, 1)
        look = {**line(place, markers=max(steps // 15, 1)), "linewidth": 1.3}
        label = f"{name}: turns {degrees:.0f}° a step, loss {path.values[-1]:.2g}"
        ax.plot(path.points[:, 0], path.points[:, 1], label=label, **look)
    first = next(iter(paths.values())).points[0]
    ax.plot(*first, "o", color=INK, markersize=8, markerfacecolor="white", label="start")


def plot_zigzag(*, steps: int = 30, seed: int = 0, ax: Axes | None = None) -> Axes:
    """Draws why inputs that are all positive (the outputs of a sigmoid) make descent slow: the zig-zag.

    All weights of a neuron then get gradients of one sign in each step, so both grow or both fall; the way from
    (-1, 1) to (1, -1) needs one to grow and one to fall. With centred inputs there is no such tie.

    Args:
        steps: How many steps, one row each.
        seed: Which rows, in which order.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If there is no step.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> len(tg.plots.plot_zigzag(steps=10).get_lines()) >= 3
        True
    """
    paths = zigzag_paths(steps=steps, seed=seed)
    ax = begin(ax, size=(5.6, 5.0))
    _paths(ax, paths, steps)
    ax.plot(1.0, -1.0, "*", color=INK, markersize=12, label="best weights")
    ax.axhline(0, color=GUIDE, linewidth=0.6)
    ax.axvline(0, color=GUIDE, linewidth=0.6)
    return finish(ax, "Zig-zag by inputs of one sign", "first weight", "second weight")

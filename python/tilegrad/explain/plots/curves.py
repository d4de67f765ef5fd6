"""Curves: activations and losses with their derivatives, tangents, moving averages, schedules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import functional
from tilegrad.charts.style import GUIDE, begin, finish, line, listed
from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.losses import CrossEntropy, Loss, loss_for
from tilegrad.nn.named import NAMED
from tilegrad.tensor import Array
from tilegrad.transform import grad, jit
from tilegrad.words.names import lookup

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_POINTS = 601
# Where a derivative would be a flat line beside its loss, it gets an axis of its own.
_FAR_APART = 20.0


def _span(function: str, span: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(end) for end in span)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"{function}: expected `span` of two finite numbers, the smaller first, got {span}")
    return low, high


def _activation(given: str | Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    if callable(given):
        return getattr(given, "__name__", type(given).__name__).strip("<>"), given
    lookup("plot_activation", "activation", given, NAMED)
    return given, getattr(functional, given)


def plot_activation(
    activation: str | Callable[..., Any],
    *,
    derivative: bool = True,
    compare: Sequence[str | Callable[..., Any]] = (),
    span: tuple[float, float] = (-6.0, 6.0),
    ax: Axes | None = None,
) -> Axes:
    """Draws an activation and its derivative, beside others if asked for.

    Args:
        activation: Name of an activation, or a function of a tensor, such as ``lambda x: F.elu(x, 0.5)``.
        derivative: Whether to draw derivatives too, as thin lines.
        compare: Further activations.
        span: From where to where.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If a name is unknown, or the span is none.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> [line.get_label() for line in tg.plots.plot_activation("sigmoid").get_lines()[:2]]
        ['sigmoid', "sigmoid'"]
    """
    x = np.linspace(*_span("plot_activation", span), _POINTS)
    chosen = [_activation(name) for name in (activation, *compare)]
    ax = begin(ax)
    for place, (name, function) in enumerate(chosen):
        look = line(place)
        ax.plot(x, jit(function)(x), label=name, **look)
        if derivative:
            slope = grad(lambda x, function=function: function(x).sum())(x)
            ax.plot(x, slope, label=f"{name}'", **{**look, "linewidth": 0.9}, marker=".", markevery=25, markersize=5)
    ax.axhline(0, color=GUIDE, linewidth=0.6)
    ax.axvline(0, color=GUIDE, linewidth=0.6)
    names = [name for name, _ in chosen]
    title = listed(names)
    if derivative:
        title += " and its derivative" if len(names) == 1 else " and their derivatives"
        title = f"{', '.join(names)} and their derivatives" if len(names) > 1 else title
    return finish(ax, title, "input", "output")


def _drawable(given: Any) -> Loss:
    """The loss of a name, if it compares number with number; or cross-entropy."""
    loss = loss_for(given)
    entry = next((entry for entry in loss_entries() if entry["name"] == loss.name), None)
    if not isinstance(loss, CrossEntropy) and (entry is None or entry["facts"].get("kind") != "point"):
        raise ValueError(
            f"plot_loss: expected a loss that compares number with number, or cross_entropy, got {loss.name}"
        )
    return loss


def _default_span(losses: Sequence[Loss], target: float) -> tuple[float, float]:
    """Three to both sides of the target, within what a prediction may be."""
    lows = {"unit_interval": 0.01, "non_negative": 0.01, "above_minus_one": -0.99}
    domains = [getattr(loss, "predictions", "real") for loss in losses]
    low = max([target - 3.0, *(lows[domain] for domain in domains if domain in lows)])
    return low, 0.99 if "unit_interval" in domains else target + 3.0


def _loss_curve(loss: Loss, target: float, x: Array) -> Array:
    """The loss of each prediction alone; for cross-entropy a prediction is the probability of the true class."""
    if isinstance(loss, CrossEntropy):
        logits = np.log(np.stack([x, 1 - x], axis=1))
        return np.asarray(functional.cross_entropy(logits, np.zeros(len(x), np.int64), reduction="none"))
    targets = np.full_like(x, target)
    return np.asarray(getattr(functional, loss.name)(x, targets, **loss.settings(), reduction="none"))


def _loss_slope(loss: Loss, target: float, x: Array) -> Array:
    if isinstance(loss, CrossEntropy):
        return -1 / x
    function = getattr(functional, loss.name)
    return np.asarray(
        grad(lambda z: function(z, np.full(z.shape, target), **loss.settings(), reduction="sum"))(x), np.float64
    )


def plot_loss(
    loss: Any,
    target: float | None = None,
    span: tuple[float, float] | None = None,
    *,
    derivative: bool = True,
    compare: Sequence[Any] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draws a loss over the prediction, with its derivative.

    The derivative gets an axis of its own on the right where it would be a flat line beside the loss.

    Args:
        loss: A loss object or its name, of those that compare number with number; or cross-entropy, which is drawn over
            the probability of the true class: ``-log p``.
        target: What the prediction is compared with; 1 for losses of probabilities and logits, else 0.
        span: From where to where the prediction runs; three to both sides of the target by default.
        derivative: Whether to draw derivatives too.
        compare: Further losses.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If a name is unknown, or the span is none.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_loss("mean_squared_error", 100.0, (-10000.0, 10000.0))
        >>> ax.get_lines()[0].get_ydata()[[0, -1]]
        array([1.0201e+08, 9.8010e+07])
    """
    chosen = [_drawable(name) for name in (loss, *compare)]
    rows = isinstance(chosen[0], CrossEntropy)
    if any(isinstance(loss, CrossEntropy) != rows for loss in chosen):
        raise ValueError("plot_loss: expected cross_entropy alone, which is drawn over a probability, got other losses")
    if target is None:
        target = 0.0 if chosen[0].targets == "real" else 1.0
    if span is None:
        span = (0.01, 1.0) if rows else _default_span(chosen, target)
    low, high = _span("plot_loss", span)
    if rows and not (low > 0 and high <= 1):
        raise ValueError(f"plot_loss: expected `span` of probabilities above 0 and up to 1, got {span}")
    # The target is one of the points, so that the minimum is drawn.
    x = np.unique(np.append(np.linspace(low, high, _POINTS), target if low < target < high else low))
    ax = begin(ax)
    with np.errstate(divide="ignore"):
        curves = [_loss_curve(loss, target, x) for loss in chosen]
        slopes = [_loss_slope(loss, target, x) for loss in chosen] if derivative else []
    sizes = [max(np.abs(curve[np.isfinite(curve)]).max() for curve in group) for group in (curves, slopes) if group]
    apart = derivative and not 1 / _FAR_APART < sizes[1] / (sizes[0] or 1.0) < _FAR_APART
    beside = ax.twinx() if apart else ax
    for place, (each, curve) in enumerate(zip(chosen, curves, strict=True)):
        ax.plot(x, curve, label=each.name, **line(place))
    for place, (each, slope) in enumerate(zip(chosen, slopes, strict=False)):
        look = {**line(place), "linewidth": 0.9}
        drawn = beside.plot(x, slope, label=f"{each.name}'", marker=".", markevery=25, markersize=5, **look)
        if apart:
            # In the one legend as well.
            ax.plot([], [], label=f"{each.name}' (right)", marker=".", markersize=5, **look)
            drawn[0].set_label("_")
    if apart:
        beside.set_ylabel("derivative")
        beside.spines["top"].set_visible(False)
    what = "with its derivative" if derivative and len(chosen) == 1 else "with derivatives" if derivative else ""
    where = "probability of the true class" if rows else f"prediction (target {target:g})"
    finish(ax, f"{listed([shown.name for shown in chosen])} {what}".strip(), where, "loss")
    if apart:
        # In the middle at the right no curve of an axis of its own has been met.
        ax.legend(loc="center right" if rows else "upper center", frameon=False, fontsize="small")
    return ax


def plot_tangent(
    function: Callable[..., Any],
    x: float,
    *,
    step: float | None = None,
    span: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws a function of one number, its tangent, and the secant whose slope is the difference quotient.

    Args:
        function: Takes a number and returns a number.
        x: Where the tangent touches.
        step: Distance to the second point of the secant; a quarter of the span's half by default.
        span: From where to where; two to both sides by default.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If the span is none, or the step is zero.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_tangent(lambda x: x * x, 1.0, step=0.5)
        >>> [line.get_label() for line in ax.get_lines()][1:3]
        ['tangent, slope 2', 'secant, slope 2.5']
    """
    low, high = _span("plot_tangent", (x - 2.0, x + 2.0) if span is None else span)
    width = (high - low) / 8 if step is None else float(step)
    if width == 0 or not np.isfinite(width):
        raise ValueError(f"plot_tangent: expected `step` to be a finite number other than 0, got {step}")
    value, slope = jit(function), grad(function)
    points = np.linspace(low, high, 201)
    here, there, rise = value(float(x)), value(float(x) + width), slope(float(x))
    quotient = (there - here) / width
    ax = begin(ax)
    curve = np.array([value(float(point)) for point in points])
    ax.plot(points, curve, label="function", **line(0))
    ax.plot(points, here + rise * (points - x), label=f"tangent, slope {rise:.4g}", **line(1))
    ax.plot(points, here + quotient * (points - x), label=f"secant, slope {quotient:.4g}", **line(2))
    ax.plot([x, x + width], [here, there], "o", color="black", markersize=5)
    margin = 0.2 * (np.nanmax(curve) - np.nanmin(curve) or 1.0)
    ax.set_ylim(np.nanmin(curve) - margin, np.nanmax(curve) + margin)
    return finish(ax, f"Tangent at {x:g}; the secant's step is {width:g}", "x", "value")


def plot_ewma(
    series: Any,
    betas: Sequence[float] = (0.5, 0.9, 0.98),
    *,
    bias_correction: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draws numbers in time order and their exponentially weighted moving averages.

    Args:
        series: Numbers in time order.
        betas: Weights of the past, each in [0, 1).
        bias_correction: Whether the averages are corrected for their start at zero.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.

    Raises:
        ValueError: If a weight is not in [0, 1), or the series is not a row of numbers.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import tilegrad as tg
        >>> ax = tg.plots.plot_ewma([1.0, 2.0, 3.0], [0.9], bias_correction=False)
        >>> ax.get_lines()[1].get_ydata().round(3)
        array([0.1  , 0.29 , 0.561])
    """
    values = np.asarray(series, np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"plot_ewma: expected `series` of one axis and at least one number, got shape {values.shape}")
    averages = [functional.ewma(values, beta, bias_correction) for beta in betas]
    times = np.arange(1, len(values) + 1)
    ax = begin(ax)
    ax.plot(times, values, ".", color="#999999", markersize=4, label="series")
    for place, (beta, average) in enumerate(zip(betas, averages, strict=True)):
        ax.plot(times, average, label=f"beta {beta:g}, about {1 / (1 - beta):.0f} steps", **line(place))
    corrected = "with" if bias_correction else "without"
    return finish(ax, f"Moving averages {corrected} bias correction", "step", "value")

"""Descent on surfaces of two weights: the paths that optimizers take, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tilegrad import optim
from tilegrad.optim import Optimizer
from tilegrad.tensor import Array
from tilegrad.transform import jit, value_and_grad
from tilegrad.words.checks import check_count
from tilegrad.words.names import lookup


class Surface(NamedTuple):
    """A loss of two weights.

    ``function(weights, rows)`` is the loss at an array of two numbers; ``rows`` are the rows of ``data`` that take part,
    or ``None`` where there is no data. ``window`` is what to draw: left, right, bottom, top.
    """

    name: str
    function: Callable[..., Any]
    start: tuple[float, float]
    minimum: tuple[float, float] | None
    window: tuple[float, float, float, float]
    rates: Mapping[str, float]
    data: Array | None = None
    # How many steps show what there is to see.
    steps: int = 60


class Path(NamedTuple):
    """Where an optimizer went: ``points`` of shape (steps + 1, 2), and the loss at each."""

    points: Array
    values: Array

    @property
    def length(self) -> float:
        """Length of the whole path."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())

    @property
    def travel(self) -> Array:
        """How far it went along each axis, back and forth added."""
        return np.asarray(np.abs(np.diff(self.points, axis=0)).sum(axis=0))

    @property
    def turning(self) -> float:
        """Sum of the angles between each step and the next, in radians: how rough the path is."""
        moves = np.diff(self.points, axis=0)
        sizes = np.linalg.norm(moves, axis=1)
        moves = moves[sizes > 1e-12 * (sizes.max(initial=0.0) or 1.0)]
        angles = np.arctan2(moves[:, 1], moves[:, 0])
        return float(np.abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi).sum())

    def until(self, reached: Callable[[Array], bool]) -> Path:
        """The path up to the first point for which this holds; all of it if there is none."""
        end = next((place for place, point in enumerate(self.points) if reached(point)), len(self.points) - 1)
        return Path(self.points[: end + 1], self.values[: end + 1])


def _regression_data() -> Array:
    """Points about the line ``1 + 2 x``, with columns input and target."""
    generator = np.random.default_rng(7)
    x = generator.uniform(-1.0, 2.0, 200)
    return np.stack([x, 1.0 + 2.0 * x + 0.6 * generator.standard_normal(200)], axis=1)


def _ravine(w: Any, _: Any) -> Any:
    return 0.5 * (w[0] ** 2 + 30.0 * w[1] ** 2)


def _bowl(w: Any, _: Any) -> Any:
    return 0.5 * (w[0] ** 2 + w[1] ** 2)


def _rosenbrock(w: Any, _: Any) -> Any:
    return (1.0 - w[0]) ** 2 + 100.0 * (w[1] - w[0] ** 2) ** 2


def _regression(w: Any, rows: Any) -> Any:
    return ((w[0] * rows[:, 0] + w[1] - rows[:, 1]) ** 2).mean()


def _best_line(data: Array) -> tuple[float, float]:
    slope, offset = np.polyfit(data[:, 0], data[:, 1], 1)
    return float(slope), float(offset)


_DATA = _regression_data()
_ADAPTIVE = {"rmsprop": 0.15, "adam": 0.4, "adagrad": 1.5}

# A narrow valley, a round one, a bent one, and the loss of a line through 200 points.
SURFACES: dict[str, Surface] = {
    "ravine": Surface(
        *("ravine", _ravine, (-9.0, 1.6), (0.0, 0.0), (-10.5, 3.0, -2.2, 2.2)),
        {"sgd": 0.06, "momentum": 0.02, "nesterov": 0.02, **_ADAPTIVE},
    ),
    "bowl": Surface(
        *("bowl", _bowl, (-3.0, 2.5), (0.0, 0.0), (-4.0, 2.0, -2.5, 3.5)),
        {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, **_ADAPTIVE},
    ),
    "rosenbrock": Surface(
        *("rosenbrock", _rosenbrock, (-1.2, 1.0), (1.0, 1.0), (-1.8, 1.8, -0.6, 2.4)),
        {"sgd": 0.0015, "momentum": 0.0008, "nesterov": 0.0008, "rmsprop": 0.02, "adam": 0.1, "adagrad": 0.4},
        steps=600,
    ),
    "regression": Surface(
        *("regression", _regression, (-1.5, 3.5), _best_line(_DATA), (-2.0, 4.0, -1.0, 4.2)),
        {"bgd": 0.08, "mbgd": 0.08, "sgd": 0.08, "momentum": 0.03, "nesterov": 0.03, **_ADAPTIVE},
        _DATA,
    ),
}

_METHODS: dict[str, Callable[[float], Optimizer]] = {
    "bgd": optim.SGD,
    "mbgd": optim.SGD,
    "sgd": optim.SGD,
    "momentum": lambda rate: optim.SGD(rate, momentum=0.8),
    "nesterov": lambda rate: optim.SGD(rate, momentum=0.8, nesterov=True),
    "rmsprop": lambda rate: optim.RMSprop(rate, decay=0.9),
    "adam": optim.Adam,
    "adagrad": optim.Adagrad,
}
# Rows that a step looks at; the other methods look at all.
_BATCHES = {"mbgd": 16, "sgd": 1}


def surface_for(function: str, surface: str | Surface | Callable[..., Any], start: Any) -> Surface:
    """The surface of a name, or one around a function of an array of two numbers."""
    if isinstance(surface, Surface):
        return surface
    if isinstance(surface, str):
        return lookup(function, "surface", surface, SURFACES)
    if start is None:
        raise ValueError(f"{function}: expected `start` for a surface of your own, got None")
    x, y = (float(value) for value in start)
    size = max(1.0, 1.5 * abs(x), 1.5 * abs(y))
    title = getattr(surface, "__name__", "surface").strip("<>")
    own = surface
    return Surface(title, lambda w, _: own(w), (x, y), None, (-size, size, -size, size), {})


def descent_paths(
    methods: Sequence[str] | Mapping[str, Optimizer] = ("sgd", "momentum", "rmsprop", "adam"),
    surface: str | Surface | Callable[..., Any] = "ravine",
    *,
    steps: int | None = None,
    learning_rate: float | None = None,
    start: tuple[float, float] | None = None,
    seed: int = 0,
) -> dict[str, Path]:
    """The paths that optimizers take over a surface, step by step with ``optimizer.step``.

    Args:
        methods: Names out of ``"bgd"``, ``"mbgd"``, ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"rmsprop"``,
            ``"adam"`` and ``"adagrad"``; or optimizers by a name of yours. Where the surface has data, ``"sgd"`` looks
            at one row in each step, ``"mbgd"`` at sixteen and the others at all; elsewhere ``"sgd"`` is plain descent.
        surface: ``"ravine"``, ``"bowl"``, ``"rosenbrock"``, ``"regression"`` (a line through 200 points); a
            :class:`Surface`; or a function of an array of two numbers.
        steps: How many steps; 60 by default, 600 for ``"rosenbrock"``.
        learning_rate: For the methods given by name; by default one that suits surface and method.
        start: Where to begin; the surface's own place by default.
        seed: Which rows are looked at.

    Returns:
        A :class:`Path` for each method, with its ``turning``, ``length`` and ``travel``.

    Raises:
        ValueError: If a name is unknown, a method needs data that the surface does not have, or there is no step.

    Example:
        >>> from tilegrad.explain import descent_paths
        >>> paths = descent_paths(["bgd", "mbgd", "sgd"], "regression")
        >>> paths["sgd"].turning > paths["mbgd"].turning > paths["bgd"].turning
        True
    """
    ground = surface_for("descent_paths", surface, start)
    steps = ground.steps if steps is None else check_count("descent_paths", "steps", steps)
    first = np.asarray(ground.start if start is None else start, np.float64)
    if first.shape != (2,) or not np.isfinite(first).all():
        raise ValueError(f"descent_paths: expected `start` of two finite numbers, got {start}")
    named = methods if isinstance(methods, Mapping) else dict(_optimizers(methods, ground, learning_rate))
    value, slope = jit(ground.function), value_and_grad(ground.function, argnums=0)
    paths = {}
    for name, optimizer in named.items():
        batches = _batches(ground.data, _BATCHES.get(name), seed)
        weights = first.copy()
        points, values = [weights.copy()], [float(value(weights, ground.data))]
        for _ in range(steps):
            _, gradient = slope(weights, next(batches))
            optimizer.step([weights], [gradient])
            points.append(weights.copy())
            values.append(float(value(weights, ground.data)))
        paths[name] = Path(np.array(points), np.array(values))
    return paths


def _optimizers(methods: Sequence[str], ground: Surface, rate: float | None) -> Iterator[tuple[str, Optimizer]]:
    for name in methods:
        make = lookup("descent_paths", "method", name, _METHODS)
        if name in ("bgd", "mbgd") and ground.data is None:
            raise ValueError(
                f"descent_paths: expected a surface with data for {name!r}, got {ground.name}; "
                'take "regression", or "sgd" for plain descent'
            )
        yield name, make(ground.rates.get(name, 0.01) if rate is None else rate)


def _batches(data: Array | None, size: int | None, seed: int) -> Iterator[Array | None]:
    """The rows of each step: all, or some in a new order in each pass."""
    generator = np.random.default_rng(seed)
    while True:
        if data is None or size is None:
            yield data
            continue
        order = generator.permutation(len(data))
        for begin in range(0, len(order) - size + 1, size):
            yield data[order[begin : begin + size]]


def _neuron(w: Any, rows: Any) -> Any:
    return 0.5 * (((rows[:, :2] * w).sum(axis=1) - rows[:, 2]) ** 2).mean()


def zigzag_paths(*, steps: int = 30, seed: int = 0) -> dict[str, Path]:
    """Descent of one linear neuron, row by row: from inputs that are all positive, and from the same inputs centred.

    With positive inputs all weights of a neuron get gradients of one sign, so that a way that needs one weight to grow
    and the other to fall can only be gone in zig-zag.

    Args:
        steps: How many steps, one row each.
        seed: Which rows, in which order.

    Raises:
        ValueError: If there is no step.

    Example:
        >>> from tilegrad.explain.descent import zigzag_paths
        >>> moves = np.diff(zigzag_paths()["all positive"].points, axis=0)
        >>> bool((moves[:, 0] * moves[:, 1] >= 0).all())
        True
    """
    inputs = np.random.default_rng(seed).uniform(0.2, 1.0, (200, 2))
    paths = {}
    for name, x in (("all positive", inputs), ("centred", 0.6 * (inputs - inputs.mean(axis=0)) / inputs.std(axis=0))):
        rows = np.column_stack([x, x @ np.array([1.0, -1.0])])
        place = ((-1.0, 1.0), (1.0, -1.0), (-1.5, 1.5, -1.5, 1.5))
        paths[name] = descent_paths(
            ["sgd"], Surface("neuron", _neuron, *place, {"sgd": 0.9}, rows), steps=steps, seed=seed
        )["sgd"]
    return paths

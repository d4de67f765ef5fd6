"""Diagnostics: what goes on inside a model on given rows, layer by layer, with advice. Nothing of the model changes.

Example:
    >>> import numpy as np, tilegrad as tg
    >>> from tilegrad import nn
    >>> model = nn.Sequential(nn.Dense(4, 8), nn.ReLU(), nn.Dense(8, 2))
    >>> model.load_state_dict({**model.state_dict(), "0.bias": np.full(8, -100, np.float32)})
    >>> report = tg.diagnose.dead_units(model, np.zeros((16, 4), np.float32))
    >>> report.layers[0].dead
    1.0
"""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tilegrad.charts.style import begin, finish, line
from tilegrad.explain.graph import Text
from tilegrad.explain.look import Trace, trace
from tilegrad.functional.activations import with_parameters
from tilegrad.nn.module import Module
from tilegrad.tensor import Array
from tilegrad.train import Trainer
from tilegrad.train.callbacks import Callback
from tilegrad.words.checks import check_number
from tilegrad.words.registry import registry
from tilegrad.words.tables import aligned

__all__ = ["DeadUnits", "Layer", "Report", "activations", "dead_units", "gradient_flow", "report", "saturation"]

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Beyond this input a sigmoid has less than 2 % of its slope left.
SATURATED = 4.0
# Shares and ratios from which advice is given.
MANY_DEAD = 0.1
MANY_SATURATED = 0.25
VANISHING = 1e-3
# Rows are looked at all at once, with every value kept: so many at most.
MOST_ROWS = 4096

CURES_OF_DEATH = (
    "cures: first values by He or Xavier, a smaller learning rate, an optimizer that adapts it (Adam, Adagrad), "
    "leaky_relu or elu"
)
CURES_OF_VANISHING = (
    "cures: relu or a relative with He's first values, batch normalisation, fewer layers, connections that skip layers"
)


class Activations(NamedTuple):
    """What an activation takes and gives: arrays with a row for each row of data."""

    before: Array
    after: Array


@dataclass(frozen=True)
class Layer:
    """Figures of a layer; ``None`` where it has none.

    Attributes:
        name: Its name in the model.
        activation: The activation that follows.
        dead: Share of units whose slope is 0 on every row.
        saturated: Share of inputs beyond ±4, for activations that flatten out on both sides.
        zeros: Share of outputs that are exactly 0.
        mean: Mean of the outputs.
        deviation: Standard deviation of the outputs.
        gradient: Root mean square of the gradient of the layer's weights.
    """

    name: str
    activation: str | None = None
    dead: float | None = None
    saturated: float | None = None
    zeros: float | None = None
    mean: float | None = None
    deviation: float | None = None
    gradient: float | None = None


@dataclass(frozen=True)
class Report:
    """Layers with their figures, and advice; ``print`` shows a table.

    Attributes:
        layers: A :class:`Layer` for each, in the order of the forward pass.
        advice: Sentences; none if nothing stands out.
        ratio: Gradient of the first layer over that of the last, where gradients were asked for.
    """

    layers: tuple[Layer, ...]
    advice: tuple[str, ...]
    ratio: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers and strings."""
        return {"layers": [asdict(layer) for layer in self.layers], "advice": list(self.advice), "ratio": self.ratio}

    def plot(self, figure: str = "gradient", *, ax: Axes | None = None) -> Axes:
        """Draws a figure by layer; needs the extra ``plot``.

        Args:
            figure: ``"gradient"``, ``"dead"``, ``"saturated"``, ``"zeros"``, ``"mean"`` or ``"deviation"``.
            ax: Where to draw; a new figure if not given.

        Raises:
            ValueError: If no layer has this figure.
        """
        known = [layer for layer in self.layers if getattr(layer, figure, None) is not None]
        if not known:
            raise ValueError(f"plot: expected `figure` that the report has, got {figure!r}")
        ax = begin(ax)
        ax.plot([layer.name for layer in known], [getattr(layer, figure) for layer in known], **line(0, markers=1))
        if figure == "gradient":
            ax.set_yscale("log")
        return finish(ax, f"{figure.capitalize()} by layer", "layer", figure, legend=False)

    def __repr__(self) -> Text:
        names = [
            name for name in asdict(self.layers[0]) if any(getattr(each, name) is not None for each in self.layers)
        ]
        rows = [names, *([_cell(getattr(layer, name)) for name in names] for layer in self.layers)]
        lines = aligned(rows)
        if self.ratio is not None:
            lines.append(f"gradient of the first layer / of the last: {self.ratio:.3g}")
        return Text("\n".join([*lines, *(f"advice: {each}" for each in self.advice)]))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"


def activations(model: Module, x: Any) -> dict[str, Activations]:
    """What goes into each activation of a model and what comes out, by the name of its layer.

    With the weights of shape (in, out) and a row for each sample, ``before`` is ``x @ weight + bias``; texts that write
    ``Z = W X + B`` keep a sample in each column, the transpose of all of it.

    Args:
        model: Any module.
        x: Rows of features, 4,096 at most.

    Returns:
        A dict of pairs ``(before, after)``.

    Raises:
        ValueError: If the shape does not fit the model, or there are too many rows.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(2, 3), nn.Tanh(), nn.Dense(3, 1))
        >>> [(name, pair.before.shape) for name, pair in tg.diagnose.activations(model, np.ones((5, 2))).items()]
        [('1', (5, 3))]
    """
    graph = _traced("activations", model, x)
    found: dict[str, Activations] = {}
    for name, _, place, source in _places(graph):
        found[name] = Activations(graph._values[source], graph._values[place])
    return found


def dead_units(model: Module, x: Any) -> Report:
    """Units whose activation has slope 0 on every row: they pass no gradient back and will not come to life again.

    A layer of ``relu`` with a bias far below zero is dead; one of ``leaky_relu`` never is. Causes are bad first values
    (rare) and learning rates that are too large.

    Args:
        model: Any module.
        x: Rows of features, 4,096 at most; take rows that look like the data.

    Raises:
        ValueError: If the shape does not fit the model, or there are too many rows.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(2, 50), nn.ReLU(), nn.Dense(50, 1))
        >>> tg.diagnose.dead_units(model, np.random.default_rng(0).standard_normal((200, 2))).layers[0].dead
        0.0
    """
    graph = _traced("dead_units", model, x)
    layers = tuple(Layer(name, kind, dead=_dead(graph, place, source)) for name, kind, place, source in _places(graph))
    return Report(layers, tuple(_advice_on_death(layers)))


def saturation(model: Module, x: Any) -> Report:
    """Share of inputs beyond ±4 for sigmoids, tanh and their like, where less than 2 % of the slope is left.

    Arguments and errors are those of :func:`dead_units`.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(1, 1, dtype="float64"), nn.Sigmoid())
        >>> model.load_state_dict({"0.weight": np.array([[10.0]]), "0.bias": np.zeros(1)})
        >>> tg.diagnose.saturation(model, np.array([[0.1], [1.0]])).layers[0].saturated
        0.5
    """
    graph = _traced("saturation", model, x)
    layers = tuple(
        Layer(name, kind, saturated=_saturated(graph, kind, source)) for name, kind, _, source in _places(graph)
    )
    return Report(layers, tuple(_advice_on_saturation(layers)))


def gradient_flow(model: Module, x: Any, y: Any, loss: Any) -> Report:
    """Size of the gradient of each layer's weights on a batch, and the ratio of the first to the last.

    The slope of a sigmoid is 0.25 at most, so each layer of sigmoids leaves a quarter of what arrives, or less: after five
    layers less than a thousandth.

    Args:
        model: Any module.
        x: Rows of features, 4,096 at most.
        y: Their targets.
        loss: As for :class:`tilegrad.Trainer`.

    Raises:
        ValueError: If shapes do not fit, or there are too many rows.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> layers = [each for _ in range(10) for each in (nn.Dense(16, 16), nn.Sigmoid())]
        >>> x = np.random.default_rng(0).standard_normal((64, 16)).astype(np.float32)
        >>> flow = tg.diagnose.gradient_flow(nn.Sequential(*layers, nn.Dense(16, 16)), x, x, "mean_squared_error")
        >>> flow.ratio < 1e-4, "sigmoid" in flow.advice[0]
        (True, True)
    """
    graph = _traced("gradient_flow", model, x, y, loss)
    layers = tuple(_gradients(graph, model))
    return Report(layers, tuple(_advice_on_flow(graph, layers)), _ratio(layers))


def report(model: Module, x: Any, y: Any = None, loss: Any = None) -> Report:
    """All figures of all layers at once: dead and saturated units, zeros, means, and gradients where a loss is given.

    Args:
        model: Any module.
        x: Rows of features, 4,096 at most.
        y: Their targets, together with ``loss``.
        loss: As for :class:`tilegrad.Trainer`.

    Raises:
        ValueError: If shapes do not fit, there are too many rows, or only one of ``y`` and ``loss`` is given.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(3, 8), nn.ReLU(), nn.Dense(8, 2))
        >>> x = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
        >>> [layer.name for layer in tg.diagnose.report(model, x, np.arange(100) % 2, "cross_entropy").layers]
        ['0', '1', '2']
    """
    graph = _traced("report", model, x, y, loss)
    hidden = [_figures(graph, *each) for each in _places(graph)]
    if loss is None:
        return Report(tuple(hidden), (*_advice_on_death(hidden), *_advice_on_saturation(hidden)))
    weighted = _gradients(graph, model)
    order = {name: place for place, name in enumerate(_scopes(graph))}
    layers = tuple(sorted([*weighted, *hidden], key=lambda layer: order.get(layer.name, len(order))))
    advice = (*_advice_on_death(hidden), *_advice_on_saturation(hidden), *_advice_on_flow(graph, weighted))
    return Report(layers, advice, _ratio(weighted))


class DeadUnits(Callback):
    """Warns after an epoch in which a layer has more dead units than a share, once for each layer.

    Args:
        x: Rows to judge by, 4,096 at most.
        threshold: Share of dead units in a layer from which to warn.

    Raises:
        ValueError: If the threshold is not in (0, 1].

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> x = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
        >>> callback = tg.diagnose.DeadUnits(x, threshold=0.5)
        >>> model = tg.nn.Sequential(tg.nn.Dense(3, 8), tg.nn.ReLU(), tg.nn.Dense(8, 1))
        >>> trainer = tg.Trainer(model, "mean_squared_error", "adam")
        >>> history = trainer.fit(x, x[:, 0], epochs=2, callbacks=callback, progress=False)
        >>> callback.found
        {}
    """

    def __init__(self, x: Any, threshold: float = 0.5) -> None:
        self.x, self.threshold = x, check_number("DeadUnits", "threshold", threshold, "(0, 1]")
        self.found: dict[str, float] = {}

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Looks at the model."""
        for layer in dead_units(trainer.model, self.x).layers:
            if layer.dead is not None and layer.dead >= self.threshold and layer.name not in self.found:
                self.found[layer.name] = layer.dead
                warnings.warn(
                    f"fit: {layer.dead:.0%} of the {layer.activation} units of layer {layer.name} are dead after epoch "
                    f"{epoch}; {CURES_OF_DEATH}",
                    UserWarning,
                    stacklevel=2,
                )


def _traced(function: str, model: Module, x: Any, y: Any = None, loss: Any = None) -> Trace:
    """Every value of the model on these rows."""
    if (y is None) != (loss is None):
        raise ValueError(f"{function}: expected `y` and `loss` together, got only one of them")
    rows = np.asarray(x, model.dtype)
    if not 1 <= len(rows) <= MOST_ROWS:
        raise ValueError(f"{function}: expected `x` of 1 to {MOST_ROWS} rows, got {len(rows)}; take a sample of them")
    if loss is None:
        return trace(model)(rows)
    targets = np.asarray(y)
    if targets.ndim == 1 and targets.dtype.kind == "f":
        targets = targets[:, None]
    return trace(model, loss=loss)(rows, targets.astype(model.dtype) if targets.dtype.kind == "f" else targets)


def _places(graph: Trace) -> list[tuple[str, str, int, int]]:
    """Every activation of the graph: name of its layer, its own name, its node and the node that it reads."""
    names = {entry["name"] for entry in registry()["activations"]} - {"identity"}
    found: list[tuple[str, str, int, int]] = []
    counts: dict[str, int] = {}
    for place in graph._order:
        node = graph._nodes[place]
        if node["kind"] == "operation" and node["operation"] in names:
            scope = node["scope"] or node["operation"]
            counts[scope] = counts.get(scope, 0) + 1
            name = scope if counts[scope] == 1 else f"{scope}.{counts[scope]}"
            found.append((name, node["operation"], place, node["inputs"][0]))
    return found


def _entry(kind: str) -> Any:
    return next(entry for entry in registry()["activations"] if entry["name"] == kind)


def _dead(graph: Trace, place: int, source: int) -> float:
    node, before = graph._nodes[place], graph._values[source]
    parameters = _entry(node["operation"])["parameters"]
    settings = tuple(float(node["attributes"].get(each["name"], each["default"])) for each in parameters)
    slopes = with_parameters(node["operation"], settings).backward(np.ones_like(before), np.ascontiguousarray(before))
    return float((slopes.reshape(-1, slopes.shape[-1]) == 0).all(axis=0).mean())


def _saturated(graph: Trace, kind: str, source: int) -> float | None:
    if not all(math.isfinite(bound) for bound in _entry(kind)["facts"]["bounds"]):
        return None
    return float((np.abs(graph._values[source]) > SATURATED).mean())


def _figures(graph: Trace, name: str, kind: str, place: int, source: int) -> Layer:
    after = graph._values[place]
    return Layer(
        name,
        kind,
        dead=_dead(graph, place, source),
        saturated=_saturated(graph, kind, source),
        zeros=float((after == 0).mean()),
        mean=float(after.mean()),
        deviation=float(after.std()),
    )


def _scopes(graph: Trace) -> list[str]:
    """Names of layers in the order of the forward pass."""
    return list(dict.fromkeys(graph._nodes[place]["scope"] for place in graph._order))


def _gradients(graph: Trace, model: Module) -> list[Layer]:
    """A layer for every parameter matrix, in the order of the forward pass."""
    order = {name: place for place, name in enumerate(_scopes(graph))}
    found = []
    for name, parameter in model._parameters():
        if len(parameter.shape) >= 2 and name in graph.gradients:
            layer, _, own = name.rpartition(".")
            square = np.square(np.asarray(graph.gradients[name], np.float64)).mean()
            found.append(Layer(layer or own, gradient=float(np.sqrt(square))))
    return sorted(found, key=lambda layer: order.get(layer.name, len(order)))


def _ratio(layers: Any) -> float | None:
    sizes = [layer.gradient for layer in layers]
    return sizes[0] / sizes[-1] if len(sizes) > 1 and sizes[-1] else None


def _advice_on_death(layers: Any) -> list[str]:
    bad = [layer for layer in layers if layer.dead is not None and layer.dead > MANY_DEAD]
    return [f"{layer.dead:.0%} of the units of layer {layer.name} are dead; {CURES_OF_DEATH}" for layer in bad]


def _advice_on_saturation(layers: Any) -> list[str]:
    bad = [layer for layer in layers if layer.saturated is not None and layer.saturated > MANY_SATURATED]
    return [
        f"{layer.saturated:.0%} of the inputs of layer {layer.name} ({layer.activation}) are beyond ±{SATURATED:g}, where it "
        "is flat; cures: smaller first values, scaled features, batch normalisation, relu or a relative"
        for layer in bad
    ]


def _advice_on_flow(graph: Trace, layers: Any) -> list[str]:
    ratio = _ratio(layers)
    flat = sorted({kind for _, kind, _, _ in _places(graph) if kind in ("sigmoid", "tanh", "hard_sigmoid", "softsign")})
    if ratio is not None and ratio < VANISHING:
        cause = f", with {' and '.join(flat)} in hidden layers" if flat else ""
        return [
            f"gradients vanish on the way back: {ratio:.2g} of the last layer's reaches the first{cause}; {CURES_OF_VANISHING}"
        ]
    if ratio is not None and ratio > 1 / VANISHING:
        return [
            f"gradients explode on the way back: the first layer's is {ratio:.2g} times the last's; cures: smaller first "
            "values, batch normalisation, clip_global_norm"
        ]
    return []

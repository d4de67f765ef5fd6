"""What diagnostics found: numbers by layer, and advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tilegrad.charts.style import begin, finish, line
from tilegrad.explain.text import Text
from tilegrad.words.tables import aligned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Beyond this input a sigmoid has less than 2 % of its slope left.
SATURATED = 4.0
# Shares and ratios from which advice is given.
_MANY_DEAD = 0.1
_MANY_SATURATED = 0.25
_VANISHING = 1e-3

CURES_OF_DEATH = (
    "cures: first values by He or Xavier, a smaller learning rate, an optimizer that adapts it (Adam, Adagrad), "
    "leaky_relu or elu"
)


@dataclass(frozen=True)
class Layer:
    """What was measured of a layer; ``None`` where nothing was.

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
    """Layers with what was measured of them, and advice; ``print`` shows a table.

    Attributes:
        layers: A :class:`Layer` for each, in the order of the forward pass.
        advice: What to do about what stands out, a text for each finding.
        ratio: Gradient of the first layer over that of the last, where gradients were asked for.
    """

    layers: tuple[Layer, ...]
    advice: tuple[str, ...]
    ratio: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers and strings."""
        return {"layers": [asdict(layer) for layer in self.layers], "advice": list(self.advice), "ratio": self.ratio}

    def plot(self, figure: str = "gradient", *, ax: Axes | None = None) -> Axes:
        """Draws one measurement by layer; needs the extra ``plot``.

        Args:
            figure: ``"gradient"``, ``"dead"``, ``"saturated"``, ``"zeros"``, ``"mean"`` or ``"deviation"``.
            ax: Where to draw; a new figure if not given.

        Raises:
            ValueError: If it was measured of no layer.
        """
        known = [layer for layer in self.layers if getattr(layer, figure, None) is not None]
        if not known:
            raise ValueError(f"plot: expected `figure` of something in the report, got {figure!r}")
        ax = begin(ax)
        ax.plot([layer.name for layer in known], [getattr(layer, figure) for layer in known], **line(0, markers=1))
        if figure == "gradient":
            ax.set_yscale("log")
        return finish(ax, f"{figure.capitalize()} by layer", "layer", figure, legend=False)

    def __repr__(self) -> Text:
        found = [asdict(layer) for layer in self.layers]
        if not found:
            return Text("nothing was measured: the model has no such layer")
        names = [name for name in found[0] if any(layer[name] is not None for layer in found)]
        lines = aligned([names, *([_cell(layer[name]) for name in names] for layer in found)])
        if self.ratio is not None:
            lines.append(f"gradient of the first layer / of the last: {self.ratio:.3g}")
        return Text("\n".join([*lines, *(f"advice: {advice}" for advice in self.advice)]))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"


def ratio_of(layers: Sequence[Layer]) -> float | None:
    """Gradient of the first layer over that of the last, among those that have one."""
    sizes = [layer.gradient for layer in layers if layer.gradient is not None]
    return sizes[0] / sizes[-1] if len(sizes) > 1 and sizes[-1] else None


def advice_on(layers: Sequence[Layer], flat: Sequence[str]) -> tuple[str, ...]:
    """What to do about dead and saturated units and about gradients; ``flat`` are activations that make those vanish."""
    dead = [
        f"{layer.dead:.0%} of the units of layer {layer.name} are dead; {CURES_OF_DEATH}"
        for layer in layers
        if (layer.dead or 0) > _MANY_DEAD
    ]
    saturated = [
        f"{layer.saturated:.0%} of the inputs of layer {layer.name} ({layer.activation}) are beyond ±{SATURATED:g}, where it "
        "is flat; cures: smaller first values, scaled features, batch normalisation, relu or a relative"
        for layer in layers
        if (layer.saturated or 0) > _MANY_SATURATED
    ]
    return (*dead, *saturated, *_advice_on_flow(ratio_of(layers), flat))


def _advice_on_flow(ratio: float | None, flat: Sequence[str]) -> list[str]:
    if ratio is not None and ratio < _VANISHING:
        cause = f", with {' and '.join(flat)} in hidden layers" if flat else ""
        return [
            f"gradients vanish on the way back: {ratio:.2g} of the last layer's reaches the first{cause}; cures: relu or a "
            "relative with He's first values, batch normalisation, fewer layers, connections that skip layers"
        ]
    if ratio is not None and ratio > 1 / _VANISHING:
        return [
            f"gradients explode on the way back: the first layer's is {ratio:.2g} times the last's; cures: smaller first "
            "values, batch normalisation, clip_global_norm"
        ]
    return []

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

import warnings
from typing import Any, NamedTuple

from tilegrad.explain.diagnose.measure import EVERYTHING, applied, graph_of_rows, report_on
from tilegrad.explain.diagnose.report import CURES_OF_DEATH, Layer, Report
from tilegrad.nn.module import Module
from tilegrad.tensor import Array
from tilegrad.train import Trainer
from tilegrad.train.callbacks import Callback
from tilegrad.words.checks import check_number

__all__ = ["DeadUnits", "Layer", "Report", "activations", "dead_units", "gradient_flow", "report", "saturation"]


class Activations(NamedTuple):
    """What an activation takes and gives: arrays with a row for each row of data."""

    before: Array
    after: Array


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
    graph = graph_of_rows("activations", model, x)
    return {use.layer: Activations(use.before, use.after) for use in applied(graph)}


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
    return report_on(graph_of_rows("dead_units", model, x), model, ("dead",))


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
    return report_on(graph_of_rows("saturation", model, x), model, ("saturated",))


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
        >>> layers = [layer for _ in range(10) for layer in (nn.Dense(16, 16), nn.Sigmoid())]
        >>> x = np.random.default_rng(0).standard_normal((64, 16)).astype(np.float32)
        >>> flow = tg.diagnose.gradient_flow(nn.Sequential(*layers, nn.Dense(16, 16)), x, x, "mean_squared_error")
        >>> flow.ratio < 1e-4, "sigmoid" in flow.advice[0]
        (True, True)
    """
    return report_on(graph_of_rows("gradient_flow", model, x, y, loss), model, ("gradient",))


def report(model: Module, x: Any, y: Any = None, loss: Any = None) -> Report:
    """Everything about all layers at once: dead and saturated units, zeros, means, and gradients where a loss is given.

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
    graph = graph_of_rows("report", model, x, y, loss)
    return report_on(graph, model, EVERYTHING if loss is not None else EVERYTHING[:-1])


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

    def epoch_end(self, trainer: Trainer, epoch: int, metrics: dict[str, float]) -> None:
        """Warns of layers that have become dead."""
        for layer in dead_units(trainer.model, self.x).layers:
            if layer.dead is not None and layer.dead >= self.threshold and layer.name not in self.found:
                self.found[layer.name] = layer.dead
                warnings.warn(
                    f"fit: {layer.dead:.0%} of the {layer.activation} units of layer {layer.name} are dead after epoch "
                    f"{epoch}; {CURES_OF_DEATH}",
                    UserWarning,
                    stacklevel=2,
                )

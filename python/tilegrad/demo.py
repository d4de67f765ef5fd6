"""The demonstration: a small network learns handwritten digits, beside the same training step in plain NumPy."""

from __future__ import annotations

import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilegrad import _core, nn, optim
from tilegrad._machine import set_threads
from tilegrad.charts import plot_history
from tilegrad.data import digits
from tilegrad.explain.terminal import curve
from tilegrad.losses import CrossEntropy
from tilegrad.train import History, Trainer
from tilegrad.words.tables import aligned

_WIDTHS = (64, 64, 32, 10)
_LEARNING_RATE = 1e-3
_Float = NDArray[np.float32]


class NumpyNetwork:
    """The network of the demonstration and its training step as one writes them with NumPy: the yardstick.

    Whole-array operations, the gradient by hand, Adam over all parameters in place, in float32.

    Args:
        layers: weight and bias of each dense layer; ReLU stands between them.
    """

    def __init__(self, layers: list[tuple[_Float, _Float]]) -> None:
        self.layers = [(weight.copy(), bias.copy()) for weight, bias in layers]
        self.first_moments = [np.zeros_like(parameter) for layer in self.layers for parameter in layer]
        self.second_moments = [np.zeros_like(parameter) for layer in self.layers for parameter in layer]
        self.steps = 0

    def step(self, x: _Float, labels: NDArray[np.int64]) -> float:
        """One step of Adam on the mean cross-entropy of a batch; returns that loss, as it was before the step."""
        outputs = [x]
        for weight, bias in self.layers[:-1]:
            outputs.append(np.maximum(outputs[-1] @ weight + bias, 0))
        weight, bias = self.layers[-1]
        logits = outputs[-1] @ weight + bias
        logits -= logits.max(axis=1, keepdims=True)
        gradient = np.exp(logits)
        total = gradient.sum(axis=1, keepdims=True)
        rows = np.arange(len(x))
        loss = float(np.mean(np.log(total[:, 0]) - logits[rows, labels]))
        gradient /= total
        gradient[rows, labels] -= 1
        gradient /= np.float32(len(x))
        gradients: list[_Float] = []
        for (weight, _), output in zip(reversed(self.layers), reversed(outputs), strict=True):
            gradients += [gradient.sum(axis=0), output.T @ gradient]
            if output is not x:
                gradient = (gradient @ weight.T) * (output > 0)
        self._update(gradients[::-1])
        return loss

    def _update(self, gradients: list[_Float]) -> None:
        self.steps += 1
        rate = np.float32(_LEARNING_RATE / (1 - 0.9**self.steps))
        correction = np.float32(1 / np.sqrt(1 - 0.999**self.steps))
        parameters = [parameter for layer in self.layers for parameter in layer]
        moments = zip(self.first_moments, self.second_moments, strict=True)
        for parameter, gradient, (first, second) in zip(parameters, gradients, moments, strict=True):
            first *= np.float32(0.9)
            first += np.float32(0.1) * gradient
            second *= np.float32(0.999)
            second += np.float32(0.001) * np.square(gradient)
            parameter -= rate * first / (np.sqrt(second) * correction + np.float32(1e-8))


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(_WIDTHS):
        layers += [nn.Dense(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _numpy_seconds(
    layers: list[tuple[_Float, _Float]], x: _Float, y: NDArray[np.int64], batch_size: int, seed: int
) -> float:
    """Seconds of an epoch in NumPy, shuffling and gathering included; the median of three, after one to warm up."""
    network, generator = NumpyNetwork(layers), np.random.default_rng(seed)
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        order = generator.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            network.step(x[rows], y[rows])
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def _rule(width: int, ascii_only: bool) -> str:
    return ("-" if ascii_only else "─") * width


def _ascii_only() -> bool:
    """Whether the output cannot show more than ASCII."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "─│⠿".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _table(rows: dict[str, str], ascii_only: bool) -> str:
    lines = aligned(rows.items(), indent="  ")
    rule = _rule(max(map(len, lines)) + 2, ascii_only)
    return "\n".join([rule, *lines, rule])


def _save_picture(history: History, path: Path) -> str:
    """Draws the loss curve into a file; says where, or what is missing for it."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "For the loss curve as a picture: pip install tilegrad[plot]"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = plot_history(history, title="Handwritten digits: loss by epoch").get_figure()
    if isinstance(figure, Figure):
        figure.savefig(path, dpi=150)
    return f"The loss curve as a picture: {path}"


def run(
    *, epochs: int = 30, batch_size: int = 32, seed: int = 0, threads: int | None = None, picture: Path | None = None
) -> dict[str, Any]:
    """Trains the network, prints what came out, and returns it.

    Args:
        epochs: passes over the training images.
        batch_size: images a step.
        seed: of the initial weights and of the order of the images; the same seed gives the same bits.
        threads: how many threads a step may use; ``None`` leaves it as it is.
        picture: file for the loss curve; ``None`` makes none.

    Returns:
        ``accuracy`` and ``loss`` on the held-out images, ``seconds``, ``steps``, ``steps_per_second``, and ``numpy_ratio``:
        the time of the step in NumPy divided by ours.

    Raises:
        ValueError: if a number is out of its range.
    """
    if threads is not None:
        set_threads(threads)
    ascii_only = _ascii_only()
    arrow = "->" if ascii_only else "→"
    x, y, x_held_out, y_held_out = digits()
    print(
        f"tilegrad {_core.__version__}: handwritten digits, {len(x):,} images to learn from, {len(x_held_out)} held out"
    )
    print(
        f"network {f' {arrow} '.join(map(str, _WIDTHS))} with ReLU, Adam at {_LEARNING_RATE}, batches of {batch_size}\n"
    )

    model = _network()
    trainer = Trainer(model, CrossEntropy(), optim.Adam(learning_rate=_LEARNING_RATE), metrics=["accuracy"], seed=seed)
    begin = time.perf_counter()
    history = trainer.fit(x, y, batch_size=batch_size, epochs=epochs, validation_data=(x_held_out, y_held_out))
    seconds = time.perf_counter() - begin
    if history.stop_reason == "interrupted":
        raise KeyboardInterrupt
    result = trainer.evaluate(x_held_out, y_held_out, batch_size=256)

    start = _network()
    start.initialize(seed)
    layers = [
        (layer.weight.value, layer.bias.value)
        for layer in start
        if isinstance(layer, nn.Dense) and layer.bias is not None
    ]
    steps = -(-len(x) // batch_size) * len(history["loss"])
    ours = statistics.median(history["seconds"])
    ratio = _numpy_seconds(layers, x, y, batch_size, seed) / ours
    machine, each = _core.machine(), -(-len(x) // batch_size)
    rows = {
        "accuracy, held out": f"{100 * result['accuracy']:.1f} %",
        "loss, held out": f"{result['loss']:.4f}",
        "time": f"{seconds:.2f} s for {epochs} epochs, {steps:,} steps, with validation",
        "steps a second": f"{each / ours:,.0f}",
        "instruction set": machine["isa"],
        "threads": f"{machine['threads']}",
        "one step": f"{1e6 * ours / each:.1f} us",
        "the same in NumPy": f"{1e6 * ratio * ours / each:.1f} us, {ratio:.1f} times as long",
    }
    print("\n" + _table(rows, ascii_only) + "\n")
    losses = {"training": history["loss"], "held out": history["val_loss"]}
    print("loss by epoch (logarithmic): training and held out")
    print(curve(losses, logarithmic=True, ascii_only=ascii_only) + "\n")
    if picture is not None:
        print(_save_picture(history, picture))
    return {
        "accuracy": result["accuracy"],
        "loss": result["loss"],
        "seconds": seconds,
        "steps": steps,
        "steps_per_second": each / ours,
        "numpy_ratio": ratio,
    }

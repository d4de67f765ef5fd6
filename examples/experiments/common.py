"""Shared by the experiments: the command line, small networks, tables and pictures.

Each experiment is a script with `run(quick)`, which returns a `Result`, and `draw(result)`, which returns Axes.
"""

import argparse
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tilegrad import nn
from tilegrad.data import digits


@dataclass
class Result:
    """A table, the finding in words, and the numbers the picture is drawn from."""

    header: tuple
    rows: list
    finding: str
    data: dict = field(default_factory=dict)

    def table(self):
        """The table as Markdown."""
        cells = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join(f"| {' | '.join(map(shown, row))} |" for row in cells)


def shown(value):
    """The text of a cell; floats have four significant digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main(run, draw, script):
    """The command line of an experiment: prints its table and finding, and saves its picture."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a small version that takes a second or two")
    parser.add_argument("--output", type=Path, help="directory for the picture")
    options = parser.parse_args()
    result = run(options.quick)
    print(result.table(), "", result.finding, sep="\n")
    if options.output is not None:
        print("picture:", save(draw(result), options.output, Path(script).stem))


def save(axes, directory, name):
    """Saves the figure the Axes belong to; returns the path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.png"
    axes.figure.savefig(path, dpi=110)
    return path


def lines(count):
    """Line styles that can be told apart in black and white."""
    colors = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000")
    dashes, markers = ("-", "--", "-.", ":"), "osd^vx"
    return [
        {
            "color": colors[k % 6],
            "linestyle": dashes[k % 4],
            "marker": markers[k % 6],
            "markersize": 4,
            "linewidth": 1.6,
        }
        for k in range(count)
    ]


def axes(title, xlabel, ylabel):
    """New Axes with title and labels."""
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3, linewidth=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def network(activation, widths, initializer=None):
    """Dense layers of the given widths with an activation in between."""
    layers = []
    for before, after in itertools.pairwise(widths[:-1]):
        layers += [
            nn.Dense(before, after, activation=activation, **({"initializer": initializer} if initializer else {}))
        ]
    return nn.Sequential(*layers, nn.Dense(widths[-2], widths[-1]))


def two_tasks(quick):
    """A classification and a regression task with standardised data: `{name: (x, y, loss, outputs)}`."""
    x, y, _, _ = digits()
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)).astype(np.float32)
    z = np.random.default_rng(7).uniform(-2, 2, (400 if quick else 2000, 2)).astype(np.float32)
    surface = (np.sin(2 * z[:, 0]) * np.cos(z[:, 1]))[:, None].astype(np.float32)
    rows = 300 if quick else len(x)
    return {
        "digits": (x[:rows], y[:rows], "cross_entropy", 10),
        "surface": (z, surface, "mean_squared_error", 1),
    }


def epochs_to(target, trainer, x, y, most):
    """Epochs until the training loss is at most the target; `most` + 1 if it never is."""
    history = trainer.fit(
        x,
        y,
        epochs=most,
        progress=False,
        callbacks=lambda trainer, epoch, metrics: metrics["loss"] <= target and trainer.stop("target reached"),
    )
    reached = [place for place, loss in enumerate(history["loss"], 1) if loss <= target]
    return reached[0] if reached else most + 1

"""Claim: relu makes about half of all activations zero. Measured: the share of zeros by layer, before and after training.

python examples/experiments/relu_zeros.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main, network, two_tasks
from tilegrad import optim

LAYERS = 4


def shares(model, x):
    """Share of zeros in each hidden layer."""
    return [layer.zeros for layer in tg.diagnose.report(model, x).layers]


def run(quick):
    """Before and after training on digits."""
    x, y, loss, outputs = two_tasks(quick)["digits"]
    model = network("relu", (x.shape[1], *[64] * LAYERS, outputs))
    before = shares(model, x)
    tg.Trainer(model, loss, optim.Adam(learning_rate=1e-3)).fit(x, y, epochs=2 if quick else 30, progress=False)
    after = shares(model, x)
    finding = (
        f"Before training {np.mean(before):.0%} of the activations are zero ({min(before):.0%} to {max(before):.0%} by layer); after training "
        f"{np.mean(after):.0%} ({min(after):.0%} to {max(after):.0%}). The claim holds at the start; training changes it."
    )
    rows = [("before training", *before), ("after training", *after)]
    header = ("share of zeros", *(f"layer {k}" for k in range(1, LAYERS + 1)))
    return Result(header, rows, finding, {"before": before, "after": after})


def draw(result):
    """Shares by layer."""
    ax = axes("Zeros that relu makes", "layer", "share of zeros")
    for name, line in zip(("before", "after"), lines(2), strict=True):
        ax.plot(range(1, LAYERS + 1), result.data[name], label=f"{name} training", **line)
    ax.set(ylim=(0, 1), xticks=range(1, LAYERS + 1))
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

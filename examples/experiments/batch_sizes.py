"""Claims about the batch size: time of an epoch, smoothness of the loss, number of updates. Measured: a table over 4 to 512.

python examples/experiments/batch_sizes.py --output DIR
"""

import time
import warnings

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main, network, two_tasks
from tilegrad import optim


def run(quick):
    """The same number of epochs for each batch size, at the same learning rate."""
    x, y, loss, outputs = two_tasks(quick)["digits"]
    sizes, epochs = ((4, 32, 256), 3) if quick else ((4, 8, 16, 32, 64, 128, 256, 512), 20)
    cut = 3 * len(x) // 4
    rows, curves = [], {}
    for size in sizes:
        trainer = tg.Trainer(network("relu", (x.shape[1], 64, outputs)), loss, optim.Adam(learning_rate=1e-3))
        started = time.perf_counter()
        with warnings.catch_warnings():
            # The warning that large batches leave few updates is what the table shows.
            warnings.simplefilter("ignore", UserWarning)
            history = trainer.fit(x[:cut], y[:cut], batch_size=size, epochs=epochs, progress=False)
        seconds = (time.perf_counter() - started) / epochs
        curves[size] = history["loss"]
        held_out = trainer.evaluate(x[cut:], y[cut:])["loss"]
        rows.append((size, -(-cut // size) * epochs, 1e3 * seconds, cut / seconds, history["loss"][-1], held_out))
    fastest, slowest = rows[-1], rows[0]
    best = min(rows, key=lambda row: row[5])
    finding = (
        f"An epoch with batches of {fastest[0]} takes {fastest[2] / slowest[2]:.2f} times as long as one with batches of {slowest[0]}, but "
        f"batches of {slowest[0]} make {slowest[1] // fastest[1]} times as many updates, and the training loss ends at {slowest[4]:.2g} "
        f"instead of {fastest[4]:.2g}. The best held-out loss comes with {best[0]} rows per step."
    )
    header = ("rows per step", "updates", "ms per epoch", "samples per second", "training loss", "held-out loss")
    return Result(header, rows, finding, curves)


def draw(result):
    """Training loss by epoch."""
    ax = axes("Batch size and training loss", "epoch", "training loss")
    chosen = list(result.data.items())[::2]
    for (size, losses), line in zip(chosen, lines(len(chosen)), strict=True):
        ax.semilogy(range(1, len(losses) + 1), np.array(losses), label=f"{size} rows", **{**line, "marker": ""})
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: squared error is pulled by outliers, absolute error is not. Measured: a fitted line with and without one outlier.

python examples/experiments/outliers.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main
from tilegrad import nn, optim

LOSSES = ("mean_squared_error", "mean_absolute_error", "huber")


def fit(loss, x, y):
    """Slope and intercept of the line that minimises the loss."""
    model = nn.Sequential(nn.Dense(1, 1, dtype="float64"))
    trainer = tg.Trainer(model, loss, optim.Adam(learning_rate=0.1))
    for rate in (0.1, 0.01, 0.001):
        trainer.optimizer.learning_rate = rate
        trainer.fit(x, y, batch_size="full", epochs=400, progress=False)
    weight, bias = (np.asarray(parameter).item() for _, parameter in model.named_parameters())
    return weight, bias


def run(quick):
    """Thirty points on the line 2 x + 1 with a little noise; then one of them moved far up."""
    generator = np.random.default_rng(0)
    x = np.linspace(-1, 1, 30)[:, None]
    y = 2 * x + 1 + 0.05 * generator.standard_normal(x.shape)
    spoiled = y.copy()
    spoiled[-1] = 20.0
    found = {loss: (fit(loss, x, y), fit(loss, x, spoiled)) for loss in LOSSES}
    rows = [(loss, *clean, *moved) for loss, (clean, moved) in found.items()]
    shift = {loss: abs(moved[0] - clean[0]) for loss, (clean, moved) in found.items()}
    finding = (
        f"One outlier in thirty points moves the slope by {shift['mean_squared_error']:.2f} with squared error, by "
        f"{shift['mean_absolute_error']:.3f} with absolute error and by {shift['huber']:.2f} with the Huber loss. The claim holds."
    )
    header = ("loss", "slope", "intercept", "slope with outlier", "intercept with outlier")
    return Result(header, rows, finding, {"x": x, "y": spoiled, "found": found})


def draw(result):
    """The points and the three lines."""
    ax = axes("One outlier", "x", "y")
    x = result.data["x"]
    ax.plot(x, result.data["y"], "ko", markersize=3, label="data")
    for (loss, (_, (slope, intercept))), line in zip(result.data["found"].items(), lines(3), strict=True):
        ax.plot(x, slope * x + intercept, label=loss, **{**line, "marker": ""})
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

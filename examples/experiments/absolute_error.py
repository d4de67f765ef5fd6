"""Claim: with a fixed learning rate the absolute error does not settle. Measured: |w| and w^2 from 1.05 with rate 0.1, and a decaying rate.

python examples/experiments/absolute_error.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main
from tilegrad import functional as F
from tilegrad import optim

TARGET = np.zeros(1)


def descend(loss, steps, rate):
    """The weight after every step; `rate` is a function of the step, which counts from 0."""
    slope, weight, optimizer = tg.grad(loss), np.array([1.05]), optim.SGD(learning_rate=rate(0))
    path = [float(weight[0])]
    for step in range(steps):
        optimizer.learning_rate = rate(step)
        optimizer.step([weight], [slope(weight, TARGET)])
        path.append(float(weight[0]))
    return path


def run(quick):
    """The three descents."""
    steps = 60 if quick else 200
    paths = {
        "absolute error, fixed rate": descend(F.mean_absolute_error, steps, lambda step: 0.1),
        "squared error, fixed rate": descend(F.mean_squared_error, steps, lambda step: 0.1),
        "absolute error, rate / step": descend(F.mean_absolute_error, steps, lambda step: 0.4 / (1 + step)),
    }
    rows = [(name, path[-2], path[-1]) for name, path in paths.items()]
    swing, settled, decayed = (abs(row[2]) for row in rows)
    finding = (
        f"With a fixed rate the absolute error swings between ±{swing:.3g} for ever, while the squared error reaches {settled:.1g}; "
        f"with a decaying rate the absolute error comes down to {decayed:.1g}. The claim holds."
    )
    return Result(("descent", "last but one", "last"), rows, finding, paths)


def draw(result):
    """The weight by step."""
    ax = axes("A fixed rate does not suit the absolute error", "step", "weight (the optimum is 0)")
    for (name, path), line in zip(result.data.items(), lines(3), strict=True):
        ax.plot(path[:60], label=name, **{**line, "marker": ""})
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: momentum, RMSprop and Adam speed up descent. Measured: steps to a target on a ravine, on Rosenbrock's function and on a network.

python examples/experiments/acceleration.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, epochs_to, main, network, two_tasks
from tilegrad import optim

METHODS = {
    "SGD": lambda rate: optim.SGD(learning_rate=rate),
    "momentum": lambda rate: optim.SGD(learning_rate=rate, momentum=0.9),
    "Nesterov": lambda rate: optim.SGD(learning_rate=rate, momentum=0.9, nesterov=True),
    "RMSprop": lambda rate: optim.RMSprop(learning_rate=rate),
    "Adagrad": lambda rate: optim.Adagrad(learning_rate=rate),
    "Adam": lambda rate: optim.Adam(learning_rate=rate),
}
# Three rates per decade: every method gets the one that suits it best.
RATES = tuple(float(f"{rate:.1g}") for rate in 10.0 ** np.arange(-4, 0.4, 1 / 3))


def ravine(w):
    """A valley a hundred times as steep across as along."""
    return 0.5 * (w[0] ** 2 + 100 * w[1] ** 2)


def rosenbrock(w):
    """Rosenbrock's bent valley; least at (1, 1)."""
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def steps_to(function, start, target, optimizer, most):
    """Steps until the value is at most the target; `most` + 1 if it never is."""
    both, weight = tg.value_and_grad(function), np.array(start)
    for step in range(most + 1):
        value, (slope,) = both(weight)
        if not np.isfinite(value) or value > 1e6:
            return most + 1
        if value <= target:
            return step
        optimizer.step([weight], [slope])
    return most + 1


def run(quick):
    """Each method at its best rate."""
    most, rates = (300, RATES[3:12:2]) if quick else (10_000, RATES)
    x, y, loss, outputs = two_tasks(quick)["digits"]
    epochs = 5 if quick else 40

    def network_steps(make, rate):
        trainer = tg.Trainer(network("relu", (x.shape[1], 64, outputs)), loss, make(rate))
        try:
            reached = epochs_to(0.1, trainer, x, y, epochs)
        except FloatingPointError:
            reached = epochs + 1
        return reached * -(-len(x) // 32)

    rows = []
    for name, make in METHODS.items():
        cells = [
            min(steps_to(ravine, (10.0, 1.0), 1e-3, make(rate), most) for rate in rates),
            min(steps_to(rosenbrock, (-1.2, 1.0), 1e-3, make(rate), most) for rate in rates),
            min(network_steps(make, rate) for rate in (rates if quick else rates[::2])),
        ]
        limits = (most, most, epochs * -(-len(x) // 32))
        rows.append(
            (name, *(cell if cell <= limit else f"not in {limit}" for cell, limit in zip(cells, limits, strict=True)))
        )
    finding = (
        "Steps for each method at its best learning rate: the ranking changes from problem to problem, and no method is certain to find a "
        "global minimum. A method that is faster on the ravine need not be faster elsewhere."
    )
    return Result(("method", "ravine", "Rosenbrock", "network on digits"), rows, finding)


def draw(result):
    """Bars for every problem on a logarithmic axis; a method that never reached the target has no bar."""
    ax = axes("Steps to a target", "method", "steps")
    for place, (hatch, color) in enumerate((("", "#0072b2"), ("//", "#d55e00"), ("..", "#009e73"))):
        heights = [row[place + 1] if isinstance(row[place + 1], int) else 0 for row in result.rows]
        spots = np.arange(len(heights)) + (place - 1) * 0.27
        ax.bar(spots, heights, 0.27, label=result.header[place + 1], hatch=hatch, color=color, edgecolor="black")
    ax.set_yscale("log")
    ax.set_xticks(range(len(result.rows)), [row[0] for row in result.rows])
    ax.legend(frameon=False, fontsize=8)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

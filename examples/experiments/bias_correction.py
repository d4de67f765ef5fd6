"""Claim: bias correction matters in the first steps. Measured: the size of Adam's first twenty steps with and without it.

python examples/experiments/bias_correction.py --output DIR
"""

import numpy as np
from common import Result, axes, lines, main
from tilegrad import functional as F
from tilegrad import optim

STEPS = 20
RATE, BETA1, BETA2 = 0.01, 0.9, 0.999


def run(quick):
    """Steps for gradients around 1, from the averages themselves; the corrected ones are checked against `optim.Adam`."""
    gradients = 1.0 + 0.1 * np.random.default_rng(0).standard_normal(STEPS)
    sizes = {}
    for name, correction in (("with", True), ("without", False)):
        first = F.ewma(gradients, BETA1, bias_correction=correction)
        second = F.ewma(gradients**2, BETA2, bias_correction=correction)
        sizes[name] = RATE * first / np.sqrt(second)
    weight, optimizer, previous, measured = np.zeros(1), optim.Adam(learning_rate=RATE), 0.0, []
    for gradient in gradients:
        optimizer.step([weight], [np.array([gradient])])
        measured.append(previous - weight[0])
        previous = weight[0]
    difference = float(np.abs(np.array(measured) - sizes["with"]).max())
    rows = [(name, *(float(steps[k]) for k in (0, 1, 4, 9, 19))) for name, steps in sizes.items()]
    finding = (
        f"Without correction the first step is {sizes['without'][0] / RATE:.1f} times the learning rate and the largest is "
        f"{sizes['without'].max() / RATE:.1f} times; with correction every step is close to the learning rate (optim.Adam differs by "
        f"{difference:.0e}). The claim holds."
    )
    return Result(("correction", *(f"step {k}" for k in (1, 2, 5, 10, 20))), rows, finding, sizes)


def draw(result):
    """Step sizes in units of the learning rate."""
    ax = axes("Adam's first steps", "step", "size / learning rate")
    for (name, sizes), line in zip(result.data.items(), lines(2), strict=True):
        ax.plot(range(1, STEPS + 1), sizes / RATE, label=f"{name} bias correction", **line)
    ax.set_xticks(range(1, STEPS + 1, 3))
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

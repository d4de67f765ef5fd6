"""Claim: the cost of backpropagation grows with the number of neurons. Measured: time of value and gradient over value, by width and depth.

python examples/experiments/backward_cost.py --output DIR
"""

import time

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main
from tilegrad import functional as F

ROWS = 64


def loss(weights, x):
    """Mean square of a network's output."""
    for weight in weights:
        x = F.relu(x @ weight)
    return (x * x).mean()


def seconds(function, *arguments, repeats):
    """The shortest of several calls: other work on the machine can only add time."""
    function(*arguments)
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        function(*arguments)
        found.append(time.perf_counter() - started)
    return min(found)


def run(quick):
    """Widths at depth 4, and depths at width 128."""
    shapes = [(64, 4), (128, 4)] if quick else [(64, 4), (128, 4), (256, 4), (512, 4), (128, 2), (128, 8), (128, 16)]
    repeats = 20 if quick else 200
    generator, rows = np.random.default_rng(0), []
    forward, both = tg.jit(loss), tg.value_and_grad(loss, argnums=0)
    for width, depth in shapes:
        weights = [(generator.standard_normal((width, width)) / width**0.5).astype(np.float32) for _ in range(depth)]
        x = generator.standard_normal((ROWS, width)).astype(np.float32)
        alone = seconds(forward, weights, x, repeats=repeats)
        together = seconds(both, weights, x, repeats=repeats)
        rows.append((width, depth, width * depth, 1e6 * alone, 1e6 * together, together / alone - 1))
    ratios = [row[5] for row in rows]
    finding = (
        f"The backward pass costs {min(ratios):.1f} to {max(ratios):.1f} times the forward pass, whatever the width and depth. Its cost grows "
        "with the number of weights: in proportion to the neurons when layers are added, to their square when layers are widened."
    )
    header = ("width", "depth", "neurons", "forward, us", "both, us", "backward / forward")
    return Result(header, rows, finding)


def draw(result):
    """Times by neurons."""
    ax = axes("What the backward pass costs", "weights", "microseconds")
    rows = sorted(result.rows, key=lambda row: row[0] ** 2 * row[1])
    weights = [width * width * depth for width, depth, *_ in rows]
    for (name, place), line in zip((("forward", 3), ("forward and backward", 4)), lines(2), strict=True):
        ax.loglog(weights, [row[place] for row in rows], label=name, **line)
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: full-batch descent is steady, single-sample descent jagged, mini-batches lie between. Measured: how much the paths turn.

python examples/experiments/descent_paths.py --output DIR
"""

import numpy as np
from common import Result, axes, lines, main
from tilegrad import optim

ROWS = 64
SIZES = {"full batch": ROWS, "mini-batch of 8": 8, "single sample": 1}


def data(offset=0.0, noise=0.3):
    """Two features around `offset` and a linear target with noise."""
    generator = np.random.default_rng(3)
    x = generator.standard_normal((ROWS, 2)) + offset
    return x, x @ np.array([1.0, -1.0]) + noise * generator.standard_normal(ROWS)


def path(x, y, batch_size, rate, epochs, seed=0):
    """Weights after every step of gradient descent on the mean squared error, from (3, 2)."""
    generator, weight = np.random.default_rng(seed), np.array([3.0, 2.0])
    optimizer, points = optim.SGD(learning_rate=rate), [weight.copy()]
    for _ in range(epochs):
        order = generator.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            optimizer.step([weight], [2 * x[rows].T @ (x[rows] @ weight - y[rows]) / len(rows)])
            points.append(weight.copy())
    return np.array(points)


def turning(points):
    """Mean angle in degrees between a step and the next: 0 is straight, 180 back and forth."""
    steps = np.diff(points, axis=0)
    before, after = steps[:-1], steps[1:]
    cosine = (before * after).sum(axis=1) / (np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1) + 1e-300)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean())


def run(quick):
    """The three paths with as many steps each."""
    x, y = data()
    steps = 64 if quick else 256
    paths = {name: path(x, y, size, 0.05, max(steps * size // ROWS, 1)) for name, size in SIZES.items()}
    rows = [
        (name, SIZES[name], turning(points), float(np.linalg.norm(points[-1] - [1, -1])))
        for name, points in paths.items()
    ]
    finding = (
        "Mean turn from one step to the next: "
        + ", ".join(f"{row[0]} {row[2]:.0f} degrees" for row in rows)
        + ". The claim holds."
    )
    return Result(
        ("method", "rows per step", "mean turn, degrees", "distance at the end"), rows, finding, {"paths": paths}
    )


def draw(result):
    """The paths over the contours of the loss."""
    x, y = data()
    ax = axes("Paths of three descents", "first weight", "second weight")
    first, second = np.meshgrid(np.linspace(-0.5, 3.5, 80), np.linspace(-2, 2.5, 80))
    height = np.mean((x[:, 0, None, None] * first + x[:, 1, None, None] * second - y[:, None, None]) ** 2, axis=0)
    ax.contour(first, second, height, levels=12, colors="0.75", linewidths=0.7)
    for (name, points), line in zip(result.data["paths"].items(), lines(3), strict=True):
        ax.plot(*points.T, label=name, **{**line, "marker": "", "linewidth": 1.1})
    ax.plot(1, -1, "k*", markersize=10, label="true weights")
    ax.legend(fontsize=8, framealpha=0.9)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: inputs that are all positive make the path zig-zag, and mini-batches ease it. Measured: how much paths turn, by batch size.

python examples/experiments/zigzag.py --output DIR
"""

from common import Result, axes, lines, main
from descent_paths import ROWS, data, path, turning

SIZES = (1, 2, 4, 8, 16, 32, 64)


def run(quick):
    """Turning by batch size for centred and for positive inputs, with as many steps each."""
    steps = 64
    turns = {}
    for name, offset in (("centred inputs", 0.0), ("positive inputs", 3.0)):
        x, y = data(offset, noise=0.0)
        # A third of what the steepest direction allows, so that both are comparable.
        rate = 0.3 / float((x**2).sum(axis=1).mean())
        turns[name] = [turning(path(x, y, size, rate, max(steps * size // ROWS, 1))) for size in SIZES]
    rows = [(name, *values) for name, values in turns.items()]
    positive = turns["positive inputs"]
    finding = (
        f"With positive inputs a single-sample path turns by {positive[0]:.0f} degrees a step, with batches of {SIZES[-3]} by "
        f"{positive[-3]:.0f}, with all rows by {positive[-1]:.0f}; centred inputs turn by {turns['centred inputs'][0]:.0f}, "
        f"{turns['centred inputs'][-3]:.0f} and {turns['centred inputs'][-1]:.0f}."
    )
    return Result(("mean turn, degrees", *(f"{size} rows" for size in SIZES)), rows, finding, turns)


def draw(result):
    """Turning by batch size."""
    ax = axes("Turns of the path", "rows a step", "mean turn, degrees")
    for (name, values), line in zip(result.data.items(), lines(2), strict=True):
        ax.semilogx(SIZES, values, base=2, label=name, **line)
    ax.set_xticks(SIZES, SIZES)
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: inputs that are all positive make the path zig-zag, and mini-batches ease it. Measured: how much paths turn, by batch size.

python examples/experiments/zigzag.py --output DIR
"""

from common import Result, axes, lines, main
from descent_paths import ROWS, data, path, turning

SIZES = (1, 2, 4, 8, 16, 32, 64)


def run(quick):
    """Turning by batch size for centred and for positive inputs, with the same number of steps."""
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
        f"With positive inputs the path turns by {positive[0]:.0f} degrees per step with single samples, by {positive[-3]:.0f} with "
        f"batches of {SIZES[-3]} and by {positive[-1]:.0f} with all rows; with centred inputs it turns by "
        f"{turns['centred inputs'][0]:.0f}, {turns['centred inputs'][-3]:.0f} and {turns['centred inputs'][-1]:.0f}."
    )
    return Result(("mean turn, degrees", *(f"{size} rows" for size in SIZES)), rows, finding, turns)


def draw(result):
    """Turning by batch size."""
    ax = axes("Turns of the path", "rows per step", "mean turn, degrees")
    for (name, values), line in zip(result.data.items(), lines(2), strict=True):
        ax.semilogx(SIZES, values, base=2, label=name, **line)
    ax.set_xticks(SIZES, SIZES)
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

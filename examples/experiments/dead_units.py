"""Claim: large learning rates kill relu units; Xavier's start, Adagrad and leaky relu cure it. Measured: dead units by learning rate.

A unit is dead when its input is at or below zero for every row of the data; a leaky unit never is, because its slope there is not zero.

python examples/experiments/dead_units.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, lines, main, network, two_tasks
from tilegrad import nn, optim

CASES = {
    "SGD, weights of spread 1": ("relu", nn.initializers.Normal(deviation=1.0), optim.SGD),
    "SGD, He": ("relu", "he_normal", optim.SGD),
    "SGD, Xavier": ("relu", "xavier_normal", optim.SGD),
    "Adagrad, He": ("relu", "he_normal", optim.Adagrad),
    "SGD, He, leaky relu": ("leaky_relu", "he_normal", optim.SGD),
}


def dead_share(case, rate, x, y, outputs, epochs, seed):
    """Share of hidden units whose slope is zero on every row after training."""
    activation, initializer, optimizer = CASES[case]
    model = network(activation, (x.shape[1], 64, 64, outputs), initializer)
    trainer = tg.Trainer(model, "cross_entropy", optimizer(learning_rate=rate), seed=seed)
    try:
        trainer.fit(x, y, epochs=epochs, progress=False)
    except FloatingPointError:
        return float("nan")
    found = tg.diagnose.dead_units(model, x)
    return float(np.mean([layer.dead for layer in found.layers]))


def run(quick):
    """Mean over seeds for each case and rate; a run whose loss became infinite counts as NaN."""
    x, y, _, outputs = two_tasks(quick)["digits"]
    rates = (0.01, 1.0) if quick else (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    epochs, seeds = (1, range(1)) if quick else (10, range(3))
    data = {
        case: [
            float(np.mean([dead_share(case, rate, x, y, outputs, epochs, seed) for seed in seeds])) for rate in rates
        ]
        for case in CASES
    }
    worst = {
        case: max((share for share in shares if share == share), default=float("nan")) for case, shares in data.items()
    }
    cured = [case for case, share in worst.items() if share < 0.05]
    finding = (
        "Largest share of dead units at any rate: "
        + "; ".join(f"{case}: {share:.0%}" for case, share in worst.items())
        + f". A smaller rate always helps; apart from that, only this keeps nearly all units alive: {', '.join(cured) or 'nothing'}."
    )
    rows = [(case, *shares) for case, shares in data.items()]
    return Result(
        ("dead units", *(f"rate {rate:g}" for rate in rates)), rows, finding, {"rates": rates, "shares": data}
    )


def draw(result):
    """Dead share by learning rate."""
    ax = axes("Dead units after training", "learning rate", "share of dead units")
    for (case, shares), line in zip(result.data["shares"].items(), lines(len(CASES)), strict=True):
        ax.semilogx(result.data["rates"], shares, label=case, **line)
    ax.set_ylim(-0.02, 1.02)
    ax.legend(frameon=False, fontsize=8)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

"""Claim: leaky relu and elu are always better than relu. Measured: held-out loss with intervals over seeds, on two tasks.

python examples/experiments/rectifiers.py --output DIR
"""

import numpy as np
import tilegrad as tg
from common import Result, axes, main, network, two_tasks
from tilegrad import optim

ACTIVATIONS = ("relu", "leaky_relu", "elu", "swish", "gelu")


def held_out(task, activation, seed, epochs):
    """Held-out loss after training on three quarters of the rows."""
    x, y, loss, outputs = task
    cut = 3 * len(x) // 4
    model = network(activation, (x.shape[1], 64, 64, outputs))
    trainer = tg.Trainer(model, loss, optim.Adam(learning_rate=2e-3), seed=seed)
    trainer.fit(x[:cut], y[:cut], epochs=epochs, progress=False)
    return trainer.evaluate(x[cut:], y[cut:])["loss"]


def compare(names, quick):
    """Mean and half of the 95 % interval of the held-out loss over seeds: `{task: {name: (mean, half)}}`."""
    seeds, epochs = (range(3), 3) if quick else (range(12), 25)
    found = {}
    for title, task in two_tasks(quick).items():
        for name in names:
            losses = np.array([held_out(task, name, seed, epochs) for seed in seeds])
            found.setdefault(title, {})[name] = (
                float(losses.mean()),
                float(1.96 * losses.std(ddof=1) / len(losses) ** 0.5),
            )
    return found


def result_of(found, names, claim):
    """The table, and which of the others differ from relu by more than their intervals."""
    rows = [(task, *(f"{mean:.4f} ± {half:.4f}" for mean, half in results.values())) for task, results in found.items()]
    verdicts = []
    for task, results in found.items():
        mean, half = results["relu"]
        better = [name for name in names[1:] if results[name][0] + results[name][1] < mean - half]
        worse = [name for name in names[1:] if results[name][0] - results[name][1] > mean + half]
        verdicts.append(
            f"On {task}, clearly better than relu: {', '.join(better) or 'none'}; clearly worse: {', '.join(worse) or 'none'}."
        )
    return Result(("held-out loss", *names), rows, f"{claim} {' '.join(verdicts)}", found)


def run(quick):
    """All rectifiers."""
    return result_of(compare(ACTIVATIONS, quick), ACTIVATIONS, "No activation wins everywhere.")


def draw(result):
    """Means with their intervals, relative to relu."""
    ax = axes("Held-out loss compared with relu", "activation", "loss / loss of relu")
    names = result.header[1:]
    for shift, marker, color, (task, found) in zip(
        (-0.1, 0.1), "os", ("#0072b2", "#d55e00"), result.data.items(), strict=True
    ):
        unit = found["relu"][0]
        means, halves = (np.array([found[name][k] / unit for name in names]) for k in (0, 1))
        ax.errorbar(np.arange(len(names)) + shift, means, halves, fmt=marker, color=color, capsize=4, label=task)
    ax.axhline(1.0, color="black", linewidth=0.8, linestyle=":")
    ax.set_xticks(range(len(names)), names)
    ax.legend(frameon=False)
    return ax


if __name__ == "__main__":
    main(run, draw, __file__)

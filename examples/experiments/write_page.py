"""Runs every experiment and writes the findings, with pictures, to `docs/experiments.md`.

python examples/experiments/write_page.py                 (a few minutes)
python examples/experiments/write_page.py zigzag swish    (only these; the other sections stay as they are)
"""

import importlib
import re
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from common import save

DOCS = Path(__file__).resolve().parents[2] / "docs"
# In the order of the catalogue.
EXPERIMENTS = {
    "vanishing_gradients": "Sigmoid gradients vanish within about five layers",
    "relu_speed": "Relu learns several times faster than sigmoid",
    "relu_zeros": "Relu makes about half of all activations zero",
    "dead_units": "Large learning rates kill relu units",
    "rectifiers": "Leaky relu and elu are always better than relu",
    "swish": "Swish is at least as good as relu",
    "centred_activations": "Activations centred on zero learn faster",
    "zigzag": "Mini-batches ease the zig-zag",
    "descent_paths": "Full batches go straight, single samples zig-zag",
    "absolute_error": "The absolute error does not settle with a fixed learning rate",
    "outliers": "Squared error is pulled by outliers",
    "acceleration": "Momentum, RMSprop and Adam speed up descent",
    "bias_correction": "Bias correction matters in the first steps",
    "batch_sizes": "Larger batches: faster epochs, fewer updates",
    "backward_cost": "The cost of backpropagation grows with the neurons",
}
HEAD = """# Experiments

Claims that textbooks and courses repeat, each tested by a script in `examples/experiments`. The findings are what came out, including
where a claim fails. `python examples/experiments/write_page.py` runs all experiments again and writes this page; apart from times, the
numbers are the same bits on every machine with fused multiply-add.
"""
SECTION = re.compile(r"\n## .*?(?=\n## |\Z)", re.DOTALL)


def section(name, claim):
    """Runs one experiment; returns its section of the page."""
    module = importlib.import_module(name)
    started = time.perf_counter()
    result = module.run(quick=False)
    ax = module.draw(result)
    save(ax, DOCS / "pictures", name)
    plt.close(ax.figure)
    print(f"{name}: {time.perf_counter() - started:.0f} s. {result.finding}", flush=True)
    script = f"`examples/experiments/{name}.py`"
    return f"\n## {claim}\n\n{result.finding}\n\n{result.table()}\n\n![{claim}](pictures/{name}.png)\n\n{script}\n"


def main():
    """Writes the page."""
    page = DOCS / "experiments.md"
    old = SECTION.findall(page.read_text(encoding="utf-8")) if page.exists() else []
    kept = {name: part for name in EXPERIMENTS for part in old if f"/{name}.py`" in part}
    chosen = sys.argv[1:] or list(EXPERIMENTS)
    parts = [section(name, claim) if name in chosen else kept.get(name, "") for name, claim in EXPERIMENTS.items()]
    page.write_text(HEAD + "".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Times a fresh interpreter that imports tilegrad or a peer, and adds up what each has installed.

    python benches/peers/imports.py --python torch=/path/to/python --python jax=/path/to/python

The second column is the time beyond that of `import numpy` in the same interpreter, taken in turns. The files are read
from the cache of the disk.
"""

import json
import statistics
import subprocess

import harness

STATEMENTS = {
    "tilegrad": "import tilegrad",
    "numpy": "import numpy",
    "torch": "import torch",
    "jax": "import jax, optax",
    "sklearn": "import sklearn.neural_network",
}
PACKAGES = {"sklearn": "scikit-learn"}
# Adds up a package and everything it requires, by the lists of files that the installer wrote.
CLOSURE = """
import json, re, sys
from importlib.metadata import PackageNotFoundError, distribution
seen = {}
def visit(name):
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return
    seen[key] = sum(path.locate().stat().st_size for path in found.files or () if path.locate().exists())
    for line in found.requires or ():
        if "extra ==" not in line:
            visit(re.match(r"[A-Za-z0-9._-]+", line)[0])
visit(sys.argv[1])
own = re.sub(r"[-_.]+", "-", sys.argv[1]).lower()
print(json.dumps([seen.get(own, 0), sum(seen.values())]))
"""


def seconds(interpreter, statement, clock, prepare="pass"):
    """Time that a statement takes in a fresh process."""
    now = f"time.{'process_time' if clock == 'processor' else 'perf_counter'}()"
    program = f"import time; {prepare}; start = {now}; {statement}; print({now} - start)"
    result = subprocess.run([interpreter, "-c", program], check=True, capture_output=True, text=True)
    return float(result.stdout.splitlines()[-1])


def tables(options):
    """The table of this script."""
    interpreters = harness.interpreters(options)
    usable, notes = {}, []
    for peer, interpreter in interpreters.items():
        try:
            seconds(interpreter, STATEMENTS[peer], options.clock)
            usable[peer] = interpreter
        except (subprocess.CalledProcessError, OSError):
            notes.append(f"- {peer} left out: its interpreter cannot import it")
    taken, beyond = {peer: [] for peer in usable}, {peer: [] for peer in usable}
    for _ in range(max(options.blocks, 5)):
        for peer, interpreter in usable.items():
            taken[peer].append(seconds(interpreter, STATEMENTS[peer], options.clock))
            beyond[peer].append(seconds(interpreter, STATEMENTS[peer], options.clock, "import numpy"))
    lines = [f"### Import in a fresh process ({options.clock} seconds), and size", ""]
    lines.append("| package | seconds | beyond NumPy | installed MB | with its requirements, MB |")
    lines.append("|---|---:|---:|---:|---:|")
    for peer, interpreter in usable.items():
        command = [interpreter, "-c", CLOSURE, PACKAGES.get(peer, peer)]
        own, closure = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        times = [f"{statistics.median(values):.3f}" for values in (taken[peer], beyond[peer])]
        # An editable installation holds a link only.
        sizes = (f"{own / 1e6:.1f}", f"{closure / 1e6:.1f}") if own > 1e5 else ("linked", "linked")
        cells = (*times, *sizes)
        lines.append(f"| {peer} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *notes])


def main():
    options = harness.parser(__doc__.splitlines()[0]).parse_args()
    print(tables(options))


if __name__ == "__main__":
    main()

"""Times a fresh interpreter that imports tilegrad or a peer, and adds up what each has installed.

    python benches/peers/imports.py --python torch=/path/to/python --python jax=/path/to/python

NumPy's own import is part of every time, and has a line to compare with. The files are read from the disk's cache.
"""

import json
import statistics
import subprocess
import time

import harness

STATEMENTS = {
    "tilegrad": "import numpy, tilegrad",
    "numpy": "import numpy",
    "torch": "import numpy, torch",
    "jax": "import numpy, jax, optax",
    "sklearn": "import numpy, sklearn.neural_network",
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


def seconds(interpreter, statement):
    """Time of a whole process that runs one statement."""
    start = time.perf_counter()
    subprocess.run([interpreter, "-c", statement], check=True, capture_output=True)
    return time.perf_counter() - start


def tables(options):
    """The table of this script."""
    interpreters = harness.interpreters(options)
    usable, notes = {}, []
    for peer, interpreter in interpreters.items():
        try:
            seconds(interpreter, STATEMENTS[peer])
            usable[peer] = interpreter
        except (subprocess.CalledProcessError, OSError):
            notes.append(f"- {peer} left out: its interpreter cannot import it")
    taken = {peer: [] for peer in usable}
    for _ in range(max(options.blocks, 5)):
        for peer, interpreter in usable.items():
            taken[peer].append(seconds(interpreter, STATEMENTS[peer]))
    lines = [
        "### Import in a fresh process, and size",
        "",
        "| package | seconds | installed MB | with its requirements, MB |",
    ]
    lines.append("|---|---:|---:|---:|")
    for peer, interpreter in usable.items():
        command = [interpreter, "-c", CLOSURE, PACKAGES.get(peer, peer)]
        own, closure = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        cells = (f"{statistics.median(taken[peer]):.3f}", f"{own / 1e6:.1f}", f"{closure / 1e6:.1f}")
        lines.append(f"| {peer} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *notes])


def main():
    options = harness.parser(__doc__.splitlines()[0]).parse_args()
    print(tables(options))


if __name__ == "__main__":
    main()

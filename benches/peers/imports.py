"""Times a fresh interpreter that imports tilegrad or a peer, and one that trains; measures the memory of both, and sizes on disk.

    python -m benches.peers.imports --python torch=/path/to/python --python jax=/path/to/python

The files are already in the disk cache. Training is three steps of the smallest network, including whatever the peer
compiles or loads for it. "Beyond NumPy" is the time of the import after `import numpy` in the same process.
"""

import json
import statistics
import subprocess
import sys
import time

import harness

STATEMENTS = {
    "tilegrad": "import tilegrad",
    "numpy": "import numpy",
    "torch": "import torch",
    "jax": "import jax, optax",
    "sklearn": "import sklearn.neural_network",
}
VARIANTS = {"tilegrad": "tilegrad-fit", "torch": "torch-fused"}
# Preparing takes two steps, whose losses are compared; the block takes one more.
TRAIN = """
import sys
sys.path.insert(0, {folder!r})
import peer_{peer} as peer
peer.start({threads})
run, _ = peer.make("train_step", {variant!r}, {{"name": "mlp 4-16-3 bs16"}})
run(1)
"""
# The peak memory of the process, in MB; on Linux, getrusage of the child includes the peak of its parent.
PEAK = """
try:
    with open("/proc/self/status") as file:
        print(next(int(line.split()[1]) * 1024 / 1e6 for line in file if line.startswith("VmHWM")))
except OSError:
    print("nan")
"""
PACKAGES = {"sklearn": "scikit-learn"}
# Adds up the sizes of a package and everything it requires, from the lists of files that the installer wrote.
CLOSURE = """
import json, re, sys
from importlib.util import find_spec
from pathlib import Path
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
    files = [path.locate() for path in found.files or ()]
    if name == sys.argv[1] and sum(path.stat().st_size for path in files if path.exists()) < 1e5:
        # An editable installation lists only a link: its folder counts, without the files that Python caches there.
        folders = find_spec(name).submodule_search_locations
        files = [path for folder in folders for path in Path(folder).rglob("*") if path.suffix != ".pyc"]
    seen[key] = sum(path.stat().st_size for path in files if path.is_file())
    for line in found.requires or ():
        if "extra ==" not in line:
            visit(re.match(r"[A-Za-z0-9._-]+", line)[0])
visit(sys.argv[1])
own = re.sub(r"[-_.]+", "-", sys.argv[1]).lower()
print(json.dumps([seen.get(own, 0), sum(seen.values())]))
"""


def run(options, interpreter, program):
    """Runs a program in a fresh process on the session's cores; returns its last output and the total seconds."""
    pinned = f"import os; hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {harness.cores(options)})\n"
    begin = time.perf_counter()
    result = subprocess.run([interpreter, "-c", pinned + program], check=True, capture_output=True, text=True)
    return float(result.stdout.splitlines()[-1]), time.perf_counter() - begin


def timed(statement, before="pass"):
    """A program that prints the seconds a statement takes."""
    return f"import time; {before}; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"


def measured(options, peer, interpreter):
    """One round: seconds of the import, beyond NumPy, of a process that imports, and of one that trains; memory of both."""
    statement = STATEMENTS[peer]
    inside, _ = run(options, interpreter, timed(statement))
    beyond, _ = run(options, interpreter, timed(statement, "import numpy"))
    memory, whole = run(options, interpreter, statement + PEAK)
    variant = VARIANTS.get(peer, peer)
    train = TRAIN.format(folder=str(harness.HERE), peer=peer, threads=options.threads, variant=variant)
    memory_training, training = run(options, interpreter, train + PEAK)
    return inside, beyond, whole, training, memory, memory_training


def size(peer, interpreter):
    """Megabytes on disk of a package, without and with its requirements."""
    command = [interpreter, "-c", CLOSURE, PACKAGES.get(peer, peer)]
    own, closure = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return f"{own / 1e6:.1f}", f"{closure / 1e6:.1f}"


HEADERS = (
    *("import, s", "beyond NumPy, s", "process that imports, s", "process that trains, s"),
    *("memory after import, MB", "memory after training, MB", "installed, MB", "with its requirements, MB"),
)


def tables(session):
    """The table of this script."""
    options = session.options
    usable = [peer for peer in session.peers if harness.wanted(options, f"import {peer}")]
    rounds = {peer: [] for peer in usable}
    for _ in range(options.blocks):
        for peer in usable:
            rounds[peer].append(measured(options, peer, session.peers[peer].interpreter))
    if not usable:
        return ""
    lines = ["### Fresh processes, medians", "", f"| | {' | '.join(HEADERS)} |", "|---|" + "---:|" * len(HEADERS)]
    for peer, taken in rounds.items():
        medians = [statistics.median(column) for column in zip(*taken, strict=True)]
        cells = [f"{value:.2f}" for value in medians[:4]] + [f"{value:.0f}" for value in medians[4:]]
        cells += size(peer, session.peers[peer].interpreter)
        print(f"import {peer}: {medians[0]:.3f} s, with training {medians[3]:.3f} s", file=sys.stderr)
        lines.append(f"| {peer} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    harness.main(__doc__, tables)

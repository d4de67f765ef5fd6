"""Starts one worker per peer, times them in turns, and writes one table.

Blocks of at least ``--seconds`` are taken interleaved (A B C A B C ...); a block in which the worker waited for a core
is taken again; a case's figure is the median of its blocks. Compare figures of one run only.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("tilegrad", "numpy", "torch", "jax", "sklearn")
# A block in which more than this share of the time went to other programs is taken again, at most so often.
MOST_WAITED = 0.02
RETAKES = 6
AGREEMENT = 2e-4


def parser(description):
    """The options every script here has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument(
        "--python", action="append", default=[], metavar="PEER=PATH", help="interpreter that has this peer"
    )
    options.add_argument("--peers", default=",".join(PEERS), help="which peers, separated by commas")
    options.add_argument("--threads", type=int, default=1, help="threads and cores of every worker")
    options.add_argument("--cores", help="cores to pin to, e.g. 0,1 (default: the last ones)")
    options.add_argument("--blocks", type=int, default=5, help="blocks per figure")
    options.add_argument("--seconds", type=float, default=0.02, help="least length of a block")
    clock = "what is timed: the wall's clock, or on a machine in use (one thread only) the processor time of the worker"
    options.add_argument("--clock", choices=("wall", "processor"), default="wall", help=clock)
    options.add_argument("--only", default="", help="only cases whose name contains this text")
    options.add_argument("--compile", action="store_true", help="torch.compile as well (minutes of compiling)")
    options.add_argument("--large", action="store_true", help="the large cases as well")
    options.add_argument("--verbose", action="store_true", help="show what the workers print, and warnings")
    return options


def interpreters(options):
    """The interpreter of each peer: the option, else TILEGRAD_BENCH_PYTHON_<PEER>, else this one."""
    named = dict(entry.split("=", 1) for entry in options.python)
    unknown = set(named) - set(PEERS)
    if unknown:
        raise SystemExit(f"--python: expected one of {', '.join(PEERS)}, got {', '.join(sorted(unknown))}")
    return {
        peer: named.get(peer) or os.environ.get(f"TILEGRAD_BENCH_PYTHON_{peer.upper()}") or sys.executable
        for peer in options.peers.split(",")
    }


def cores(options):
    """The cores that workers are bound to."""
    if options.cores:
        chosen = [int(core) for core in options.cores.split(",")]
    elif hasattr(os, "sched_getaffinity"):
        chosen = sorted(os.sched_getaffinity(0))[-options.threads :]
    else:
        chosen = list(range(options.threads))
    if len(chosen) < options.threads:
        raise SystemExit(f"--threads: expected at most {len(chosen)}, the cores there are, got {options.threads}")
    return chosen


class Peer:
    """A worker process and the conversation with it."""

    def __init__(self, name, interpreter, options):
        self.name = name
        self.process = subprocess.Popen(
            [
                interpreter,
                str(HERE / "worker.py"),
                name,
                str(options.threads),
                ",".join(map(str, cores(options))),
                options.clock,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if options.verbose else subprocess.DEVNULL,
            text=True,
        )

    def ask(self, **order):
        """One order, one answer; a worker that died answers with an error."""
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": f"the worker ended with code {self.process.wait()}"}

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Session:
    """All workers of one run."""

    def __init__(self, options):
        self.options = options
        self.notes = []
        self.disturbed = {}
        self.peers = {}
        self.versions = {}
        for name, interpreter in interpreters(options).items():
            peer = Peer(name, interpreter, options)
            answer = peer.ask(order="versions")
            if "error" in answer:
                self.notes.append(f"{name} left out: {answer['error']}")
                continue
            self.peers[name] = peer
            self.versions[name] = answer["versions"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer in self.peers.values():
            peer.close()

    def measure(self, suite, label, case, same=True):
        """Seconds per call of every variant of one case: ``{column: seconds}``."""
        prepared = []
        checks = {}
        for peer in self.peers.values():
            answer = peer.ask(
                order="prepare",
                suite=suite,
                case=case,
                seconds=self.options.seconds,
                options={"compile": self.options.compile},
            )
            if "error" in answer:
                answer = {"checks": {}, "left_out": {peer.name: answer["error"]}}
            for variant, reason in answer["left_out"].items():
                self.notes.append(f"{label}: {variant} left out: {reason.splitlines()[0][:160]}")
            for variant, check in answer["checks"].items():
                prepared.append((peer, variant))
                checks[variant] = check
        if same:
            self.compare(label, checks)
        taken = {variant: [] for _, variant in prepared}
        for _ in range(self.options.blocks):
            for peer, variant in prepared:
                taken[variant].append(self.block(peer, variant))
        for peer in self.peers.values():
            peer.ask(order="release")
        result = {}
        for variant, blocks in taken.items():
            result[variant] = statistics.median(seconds for seconds, _ in blocks)
            if statistics.median(waited for _, waited in blocks) > MOST_WAITED:
                self.disturbed.setdefault(label, []).append(variant)
        print(
            f"{label}: " + ", ".join(f"{name} {1e6 * value:.4g} us" for name, value in result.items()), file=sys.stderr
        )
        return result

    def block(self, peer, variant):
        """A block that had its core to itself, or the least disturbed of those tried."""
        best = None
        for _ in range(RETAKES):
            answer = peer.ask(order="block", variant=variant)
            if "error" in answer:
                raise SystemExit(f"{variant}: expected a timed block, got {answer['error']}")
            if best is None or answer["waited"] < best[1]:
                best = (answer["seconds"], answer["waited"])
            if best[1] <= MOST_WAITED:
                break
        return best

    def compare(self, label, checks):
        """Notes every variant whose numbers differ from those most others have."""
        usable = {name: check for name, check in checks.items() if check is not None}
        if len(usable) < 2:
            return
        middle = [statistics.median(column) for column in zip(*usable.values(), strict=True)]
        for name, check in usable.items():
            for got, expected in zip(check, middle, strict=True):
                if not abs(got - expected) <= AGREEMENT * max(abs(expected), 1e-6):
                    self.notes.append(f"{label}: {name} computed {got:.7g} where the others have {expected:.7g}")
                    break

    def columns(self, table):
        """Names of the variants that occur, in the order of the peers."""
        found = {}
        for row in table.values():
            found |= dict.fromkeys(row)
        order = list(PEERS)
        return sorted(
            found, key=lambda name: (order.index(name.split("-")[0].replace("optax", "jax")), list(found).index(name))
        )


def machine():
    """What the figures were taken on, in one line."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def number(value):
    """Three significant digits, thousands separated."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def markdown(title, session, table, more_is_better=False):
    """A table with one row a case and one column a variant; the last column is tilegrad against the best peer."""
    names = session.columns(table)
    lines = [f"### {title}", "", f"| case | {' | '.join(names)} | tilegrad against the best peer |"]
    lines.append("|---|" + "---:|" * (len(names) + 1))
    for case, row in table.items():
        if not row:
            continue
        pick = max if more_is_better else min
        best = pick(row.values())
        cells = [f"**{number(row[name])}**" if row.get(name) == best else number(row.get(name)) for name in names]
        own = [value for name, value in row.items() if name.startswith("tilegrad")]
        others = [value for name, value in row.items() if not name.startswith("tilegrad")]
        ratio = ""
        if own and others:
            factor = pick(own) / pick(others) if more_is_better else pick(others) / pick(own)
            ratio = f"{factor:.2f} times as fast"
        lines.append(f"| {case} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(lines)


def footer(session):
    """Machine, versions, command and whatever has to be said about single figures."""
    options = session.options
    clock = "pinned, processor time" if options.clock == "processor" else "pinned"
    threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
    lines = [
        "",
        f"{threads}, {clock}; medians of {options.blocks} interleaved "
        f"blocks of at least {1000 * options.seconds:.0f} ms. {machine()}. "
        + ", ".join(text for versions in session.versions.values() for text in versions)
        + ".",
    ]
    lines += [f"- {note}" for note in session.notes]
    if session.disturbed:
        cases = "; ".join(f"{label}: {', '.join(variants)}" for label, variants in session.disturbed.items())
        lines.append(f"- Other programs took part of the core in most blocks, so the time is an upper bound: {cases}")
    return "\n".join(lines)


def main(description, tables):
    """A single script: measures its tables and prints them."""
    options = parser(description.splitlines()[0]).parse_args()
    with Session(options) as session:
        print(tables(session))
        print(footer(session))

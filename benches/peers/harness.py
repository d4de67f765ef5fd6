"""Starts one worker per peer, times them in turns, and makes the tables of one run.

Blocks of at least ``--seconds`` are interleaved (A B C A B C ...); a block in which the worker waited for a core
is measured again; the result of a case is the median of its blocks. Compare results of one run only.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import report

HERE = Path(__file__).resolve().parent
PEERS = ("tilegrad", "numpy", "torch", "jax", "sklearn")
# A block in which more than this share of the time went to other programs is measured again, at most this many times.
MOST_WAITED = 0.02
RETAKES = 6
# A block of this many seconds or more is measured again at most once.
LONG = 0.5
# Every result is the median of at least this many blocks, however long they are.
FEWEST_BLOCKS = 3
AGREEMENT = 2e-4

# The scripts call it as ``harness.markdown``.
markdown = report.markdown
number = report.number


def parser(description):
    """The options that all scripts share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument(
        "--python", action="append", default=[], metavar="PEER=PATH", help="interpreter that has this peer"
    )
    options.add_argument("--peers", default=",".join(PEERS), help="which peers, separated by commas")
    options.add_argument("--threads", type=int, default=1, help="threads and cores of every worker")
    options.add_argument("--cores", help="cores to pin to, e.g. 0,1 (default: the last ones)")
    options.add_argument(
        "--quick", action="store_true", help="a rough look: shorter blocks, no large cases, no compiling"
    )
    options.add_argument("--blocks", type=int, help="blocks per result (5; quick 3)")
    options.add_argument("--seconds", type=float, help="minimum length of a block (0.02; quick 0.005)")
    options.add_argument("--most", type=float, default=20.0, help="seconds after which a case takes no further blocks")
    clock = "what is timed: the wall's clock, or on a machine in use (one thread only) the processor time of the worker"
    options.add_argument("--clock", choices=("wall", "processor"), default="wall", help=clock)
    options.add_argument(
        "--only", default="", help="only cases whose name contains one of these texts, separated by commas"
    )
    options.add_argument("--output", type=Path, help="file in which the sections of these families are replaced")
    options.add_argument("--publish", action="store_true", help="write RESULTS.md in this folder and the README's rows")
    options.add_argument("--verbose", action="store_true", help="show what the workers print, and warnings")
    return options


def parsed(options, arguments=None):
    """The options with their defaults, which depend on one another."""
    found = options.parse_args(arguments)
    if found.threads < 1:
        raise SystemExit(f"--threads: expected 1 or more, got {found.threads}")
    found.blocks = found.blocks or (3 if found.quick else 5)
    found.seconds = found.seconds or (0.005 if found.quick else 0.02)
    return found


def wanted(options, label):
    """Whether ``--only`` selects this case; without it every case is selected."""
    return any(part in label for part in options.only.split(","))


def interpreters(options):
    """The interpreter for each peer: from the option, else from TILEGRAD_BENCH_PYTHON_<PEER>, else this one."""
    named = dict(entry.split("=", 1) for entry in options.python)
    unknown = set(named) - set(PEERS)
    if unknown:
        raise SystemExit(f"--python: expected one of {', '.join(PEERS)}, got {', '.join(sorted(unknown))}")
    return {
        peer: named.get(peer) or os.environ.get(f"TILEGRAD_BENCH_PYTHON_{peer.upper()}") or sys.executable
        for peer in options.peers.split(",")
    }


def cores(options):
    """The cores that workers are pinned to."""
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
        self.interpreter = interpreter
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
        """Sends one order and returns the answer; for a worker that died, the answer is an error."""
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": f"the worker ended with code {self.process.wait()}"}

    def close(self):
        # If the worker died, the last order is still in the pipe.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(timeout=30)


def missing(name, error):
    """The note about a peer that does not start, and how to make it start."""
    return (
        f"{name} left out ({error.splitlines()[0][:120]}): name a Python that has it with "
        f"`--python {name}=/path/to/python` or in TILEGRAD_BENCH_PYTHON_{name.upper()}"
    )


class Session:
    """All workers of one run."""

    def __init__(self, options):
        self.options = options
        self.notes = []
        self.disturbed = {}
        self.started = time.time()
        self.peers = {}
        self.versions = {}
        for name, interpreter in interpreters(options).items():
            peer = Peer(name, interpreter, options)
            answer = peer.ask(order="versions")
            if "error" in answer:
                self.notes.append(missing(name, answer["error"]))
                peer.close()
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
        taken = self.rounds(self.prepare(suite, label, case, same))
        self.release()
        return self.medians(label, taken)

    def prepare(self, suite, label, case, same=True):
        """Prepares a case in all workers, and compares what they computed: ``[(peer, variant), ...]``."""
        prepared = []
        checks = {}
        for peer in self.peers.values():
            answer = peer.ask(
                order="prepare",
                suite=suite,
                case=case,
                seconds=self.options.seconds,
                options={"compile": not self.options.quick},
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
        return prepared

    def release(self):
        """Tells the workers to free the memory of a case."""
        for peer in self.peers.values():
            peer.ask(order="release")

    def rounds(self, prepared):
        """Interleaved blocks of all variants: as many as asked for, fewer where they are long."""
        taken = {variant: [] for _, variant in prepared}
        begin = time.monotonic()
        for count in range(self.options.blocks):
            if count >= FEWEST_BLOCKS and time.monotonic() - begin > self.options.most:
                break
            for peer, variant in prepared:
                # A variant that failed once is left out of the results.
                if variant in taken:
                    block = self.block(peer, variant)
                    if block:
                        taken[variant].append(block)
                    else:
                        del taken[variant]
        return taken

    def medians(self, label, taken):
        """The result of every variant; notes those that other programs disturbed."""
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
        """A block that had its core to itself, or the least disturbed of the attempts; None if the worker failed."""
        best = None
        for attempt in range(RETAKES):
            begin = time.monotonic()
            answer = peer.ask(order="block", variant=variant)
            if "error" in answer:
                self.notes.append(f"{variant} left out of a case: {answer['error'].splitlines()[0][:160]}")
                return None
            if best is None or answer["waited"] < best[1]:
                best = (answer["seconds"], answer["waited"])
            if best[1] <= MOST_WAITED or (attempt and time.monotonic() - begin > LONG):
                break
        return best

    def compare(self, label, checks):
        """Notes every variant whose numbers differ from those of most others."""
        usable = {name: check for name, check in checks.items() if check is not None}
        if len(usable) < 2:
            return
        middle = [statistics.median(column) for column in zip(*usable.values(), strict=True)]
        for name, check in usable.items():
            for got, expected in zip(check, middle, strict=True):
                if not abs(got - expected) <= AGREEMENT * max(abs(expected), 1e-6):
                    self.notes.append(f"{label}: {name} computed {got:.7g} where the others have {expected:.7g}")
                    break


def footer(session):
    """Machine, versions, date, command, and notes on individual results."""
    options = session.options
    clock = "pinned, processor time" if options.clock == "processor" else "pinned"
    versions = ", ".join(text for versions in session.versions.values() for text in versions)
    lines = [
        "",
        f"{report.threads(options.threads)}, {clock}; medians of {options.blocks} interleaved blocks of at least "
        f"{1000 * options.seconds:.0f} ms ({FEWEST_BLOCKS} where they are long). {report.machine()}. {versions}. "
        f"{time.strftime('%Y-%m-%d', time.gmtime(session.started))}, {time.time() - session.started:.0f} s: "
        f"`{report.command(sys.argv)}`",
    ]
    lines += [f"- {note}" for note in session.notes]
    if session.disturbed:
        cases = "; ".join(f"{label}: {', '.join(variants)}" for label, variants in session.disturbed.items())
        lines.append(f"- Threads waited for a core in most blocks, so the time is an upper bound: {cases}")
    return "\n".join(lines)


def section(options, tables):
    """What one script measured, with its footer; empty if ``--only`` left no case."""
    with Session(options) as session:
        text = tables(session)
        return text + "\n" + footer(session) if text else ""


def destination(options):
    """The file to write to, if any."""
    return report.RESULTS if options.publish else options.output


def main(description, tables):
    """The command line of a single script: measures its tables, and prints them or writes them to a file."""
    options = parsed(parser(description.splitlines()[0]))
    text = section(options, tables)
    if not text:
        raise SystemExit(
            f"nothing to measure: no case with {report.threads(options.threads)} has {options.only!r} in its name"
        )
    print(text)
    if destination(options):
        family = Path(sys.argv[0]).stem
        report.put(destination(options), {(options.threads, family): text})
    if options.publish:
        report.write_readme()

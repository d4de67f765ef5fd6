"""One peer in a process of its own: takes orders as lines of JSON on its input, answers each with one line.

``python worker.py PEER THREADS CORES CLOCK`` with CORES as ``0,1``. Orders: ``versions``, ``prepare`` (a suite and a
case), ``block`` (one timed block of a prepared variant), ``release``.
"""

import gc
import importlib
import json
import os
import sys
import time
import traceback


def pin(threads, cores):
    """Binds this process to its cores before any library starts threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["TILEGRAD_THREADS"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"


def delay():
    """Seconds that the calling thread stood in line for a core so far; 0 where the system does not say."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) * 1e-9
    except OSError:
        return 0.0


def timed(run, calls, one_core, clock):
    """Seconds a call took, seconds in all, and the share of them spent waiting for a core.

    With the clock ``processor`` the seconds are those the process computed, whoever else used the core meanwhile.
    A run that can only do more than it was asked for (whole epochs) returns how many calls it made.
    """
    gc.disable()
    waited, processor, start = delay(), time.process_time(), time.perf_counter()
    made = run(calls) or calls
    seconds = time.perf_counter() - start
    processor, waited = time.process_time() - processor, delay() - waited
    gc.enable()
    # On one core, threads of the process itself take turns; what the whole process did not get is what others took.
    lost = seconds - processor if one_core else waited
    if clock == "processor":
        return processor / made, seconds, 0.0
    return seconds / made, seconds, max(0.0, lost / seconds)


class Worker:
    """Holds the prepared variants of one case."""

    def __init__(self, peer, threads, cores, clock):
        self.module = importlib.import_module(f"peer_{peer}")
        self.threads = threads
        self.one_core = len(cores) == 1
        self.clock = clock
        self.runs = {}
        self.calls = {}
        self.module.start(threads)

    def versions(self, _order):
        return {"versions": self.module.versions()}

    def prepare(self, order):
        """Makes every variant the peer has of the case; answers with their check numbers, or why one is left out."""
        self.runs, self.calls = {}, {}
        answers, left_out = {}, {}
        for variant in self.module.variants(order["suite"], order["case"], order["options"]):
            try:
                run, check = self.module.make(order["suite"], variant, order["case"])
                self.runs[variant] = run
                answers[variant] = check
                self.calls[variant] = self.calibrate(run, order["seconds"])
            except Exception as problem:
                traceback.print_exc()
                left_out[variant] = f"{type(problem).__name__}: {problem}"
                self.runs.pop(variant, None)
                answers.pop(variant, None)
        return {"checks": answers, "left_out": left_out}

    def calibrate(self, run, least):
        """How many calls fill a block of ``least`` seconds."""
        calls = 1
        run(1)
        while True:
            _, seconds, _ = timed(run, calls, self.one_core, self.clock)
            if seconds >= least:
                return calls
            calls = max(calls + 1, min(calls * 10, int(calls * least / seconds * 1.2)))

    def block(self, order):
        variant = order["variant"]
        seconds, _, waited = timed(self.runs[variant], self.calls[variant], self.one_core, self.clock)
        return {"seconds": seconds, "waited": waited}

    def release(self, _order):
        self.runs, self.calls = {}, {}
        gc.collect()
        return {}


def main():
    """Answers orders until the input ends. Whatever else a library prints goes to the error output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer, threads, cores = sys.argv[1], int(sys.argv[2]), [int(core) for core in sys.argv[3].split(",")]
    clock = sys.argv[4]
    pin(threads, cores)
    worker = None
    for line in sys.stdin:
        order = json.loads(line)
        try:
            worker = worker or Worker(peer, threads, cores, clock)
            answer = getattr(worker, order["order"])(order)
        except Exception as problem:
            traceback.print_exc()
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

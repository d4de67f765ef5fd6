"""One peer in its own process: reads orders as lines of JSON from its input, and answers each with one line.

``python worker.py PEER THREADS CORES CLOCK`` with CORES as ``0,1``. Orders: ``versions``, ``prepare`` (a suite and a
case), ``block`` (one timed block of a prepared variant), ``release``, ``variants``, ``memory``.
"""

import gc
import glob
import importlib
import json
import os
import sys
import time
import traceback


def pin(threads, cores):
    """Pins this process to its cores before any library starts threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["TILEGRAD_THREADS"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"


def delays():
    """Seconds that each thread of this process has waited for a core so far; empty where the system does not say."""
    found = {}
    for path in glob.glob("/proc/self/task/*/schedstat"):
        try:
            with open(path) as file:
                found[path] = int(file.read().split()[1]) * 1e-9
        except OSError:
            # The thread has ended since it was listed.
            continue
    return found


def memory():
    """Megabytes that this process holds in memory, and the most it has held since ``forget_peak``."""
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return [int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM")]


def forget_peak():
    """Starts to measure the peak memory from now on."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def timed(run, calls, one_core, clock):
    """Seconds per call, seconds in total, and the share of them spent waiting for a core.

    With the clock ``processor`` the seconds are those the process computed, whoever else used the core meanwhile.
    A run that can only do more than it was asked for (whole epochs) returns how many calls it made.
    """
    gc.disable()
    before = {} if one_core else delays()
    processor, start = time.process_time(), time.perf_counter()
    made = run(calls) or calls
    seconds = time.perf_counter() - start
    processor = time.process_time() - processor
    after = {} if one_core else delays()
    gc.enable()
    if clock == "processor":
        return processor / made, seconds, 0.0
    # On one core, threads of the process itself take turns; what the whole process did not get is what others took.
    # On several, a step is as late as the thread that waited longest.
    lost = seconds - processor if one_core else max((after[path] - before.get(path, 0.0) for path in after), default=0)
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

    def variants(self, order):
        """The variants in which the peer can run a case."""
        return {"variants": self.module.variants(order["suite"], order["case"], order["options"])}

    def prepare(self, order):
        """Prepares all variants of the case, or the one named; answers with their check numbers, or why one is left out."""
        self.runs, self.calls = {}, {}
        answers, left_out = {}, {}
        names = [order["variant"]] if "variant" in order else self.variants(order)["variants"]
        for variant in names:
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
        """How many calls fill a block of ``least`` seconds; with 0 no call is made to find out, so that the first one is timed."""
        calls = 1
        while least:
            _, seconds, _ = timed(run, calls, self.one_core, self.clock)
            if seconds >= least:
                break
            calls = max(calls + 1, min(calls * 10, int(calls * least / seconds * 1.2)))
        return calls

    def memory(self, order):
        """Memory held and its peak; on request, starts to measure the peak from now on."""
        now, peak = memory()
        if order.get("forget"):
            forget_peak()
        return {"now": now, "peak": peak}

    def block(self, order):
        variant = order["variant"]
        seconds, _, waited = timed(self.runs[variant], self.calls[variant], self.one_core, self.clock)
        return {"seconds": seconds, "waited": waited}

    def release(self, _order):
        """Frees the memory of the case."""
        self.runs, self.calls = {}, {}
        gc.collect()
        return {}


def main():
    """Answers orders until the input ends. Anything a library prints goes to standard error."""
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

"""Times a training step with two threads while another process keeps one of the two cores busy.

    python -m benches.peers.disturbed --threads 2 --python torch=/path/to/python --python jax=/path/to/python

Blocks are interleaved, undisturbed ones first; next to the busy process no block is measured again, since waiting is what is measured.
With one thread, no thread waits for another, so there is no such table.
"""

import contextlib
import statistics
import subprocess
import sys

import epoch
import harness

NAME = "mlp 784-128-10 bs32"
BUSY = "import os\nhasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, [{core}])\nwhile True:\n    pass\n"


@contextlib.contextmanager
def busy(core):
    """Keeps a process computing on a core until the block ends."""
    process = subprocess.Popen([sys.executable, "-c", BUSY.format(core=core)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def beside(session, prepared):
    """Median seconds of every variant beside a busy process on the last core."""
    taken = {variant: [] for _, variant in prepared}
    with busy(harness.cores(session.options)[-1]):
        for _ in range(harness.FEWEST_BLOCKS):
            for peer, variant in prepared:
                taken[variant].append(peer.ask(order="block", variant=variant)["seconds"])
    return {variant: statistics.median(blocks) for variant, blocks in taken.items()}


def tables(session):
    """The tables of this script."""
    if session.options.threads < 2 or not harness.wanted(session.options, NAME):
        return ""
    label = f"{NAME}, disturbed"
    prepared = session.prepare("train_step", label, {"name": NAME})
    quiet = session.medians(label, session.rounds(prepared))
    slowed = beside(session, [(peer, variant) for peer, variant in prepared if variant in quiet])
    session.release()
    print(f"{label}: " + ", ".join(f"{name} {1e6 * value:.4g} us" for name, value in slowed.items()), file=sys.stderr)
    times = {
        f"{NAME}, quiet": {name: 1e6 * value for name, value in quiet.items()},
        f"{NAME}, beside a busy process": {name: 1e6 * value for name, value in slowed.items()},
    }
    factors = {"beside a busy process": {name: slowed[name] / quiet[name] for name in quiet}}
    return "\n\n".join(
        [
            harness.markdown("Training step, microseconds (less is better)", session, times),
            epoch.plain("Times as long as undisturbed", factors, ".1f"),
        ]
    )


if __name__ == "__main__":
    harness.main(__doc__, tables)

"""Times epochs in tilegrad and its peers: 60,000 rows, network 784-128-10, batches of 128, Adam, shuffled.

    python -m benches.peers.epoch --python torch=/path/to/python --python jax=/path/to/python

Every variant runs in a process of its own, so that its first epoch really is the first (with whatever is compiled then) and its
memory is its own. A block is one epoch.
"""

import statistics

import harness

CASE = {"rows": 60_000, "widths": [784, 128, 10], "batch": 128}
NAME = "784-128-10, 60,000 rows"
# Features in float32 and labels in int64, given to every peer.
DATA = CASE["rows"] * (4 * CASE["widths"][0] + 8) / 1e6


ORDER = {"suite": "epoch", "case": CASE, "options": {"compile": False}}
# A process has only one first epoch, so every first epoch gets its own process; their median counts.
FIRSTS = 3


def fresh(session, peer, variant):
    """Starts a process and runs its first epoch; returns the process, the seconds, and the memory after the imports."""
    worker = harness.Peer(peer.name, peer.interpreter, session.options)
    imported = worker.ask(order="memory").get("now")
    answer = worker.ask(order="prepare", variant=variant, seconds=0, **ORDER)
    problem = answer.get("error") or answer["left_out"].get(variant)
    if problem:
        session.notes.append(f"epoch: {variant} left out: {problem}")
        worker.close()
        return None
    worker.ask(order="memory", forget=True)
    return worker, worker.ask(order="block", variant=variant)["seconds"], imported


def prepared(session):
    """One process per variant that holds the data and the network: ``{variant: (process, first seconds, memory)}``."""
    found = {}
    for peer in session.peers.values():
        for variant in peer.ask(order="variants", **ORDER)["variants"]:
            started = fresh(session, peer, variant)
            if started is None:
                continue
            worker, first, imported = started
            firsts = [first]
            for _ in range(0 if session.options.quick else FIRSTS - 1):
                other, seconds, _ = fresh(session, peer, variant)
                other.close()
                firsts.append(seconds)
            found[variant] = (worker, statistics.median(firsts), imported)
    return found


def memory(session, workers):
    """Megabytes: after the imports, the maximum during the epochs, and the maximum without imports and data."""
    table = {}
    for variant, (worker, _, imported) in workers.items():
        peak = worker.ask(order="memory").get("peak")
        if imported is None or peak is None:
            session.notes.append(f"epoch: the memory of {variant} is known on Linux only")
            continue
        table[variant] = (imported, peak, peak - imported - DATA)
    return table


def turned(table, names):
    """Rows to columns: ``{variant: (a, b)}`` to ``{first name: {variant: a}, ...}``."""
    return {name: {variant: cells[index] for variant, cells in table.items()} for index, name in enumerate(names)}


def tables(session):
    """The tables of this script."""
    if not harness.wanted(session.options, "epoch"):
        return ""
    workers = prepared(session)
    taken = session.rounds([(worker, variant) for variant, (worker, _, _) in workers.items()])
    steady = session.medians("epoch", taken)
    held = memory(session, workers)
    for worker, _, _ in workers.values():
        worker.close()
    first = {variant: seconds for variant, (_, seconds, _) in workers.items()}
    times = {
        NAME: steady,
        "its first epoch": first,
    }
    beyond = {variant: (1000 * (first[variant] - steady[variant]),) for variant in steady}
    return "\n\n".join(
        [
            harness.markdown("One epoch, seconds (less is better)", session, times),
            plain("First epoch beyond a steady one, milliseconds", turned(beyond, [NAME])),
            plain(
                f"Memory, MB, of which the data take {DATA:.0f}",
                turned(held, ["after the imports", "at most", "at most, less imports and data"]),
            ),
        ]
    )


def plain(title, table, form=",.0f"):
    """A table without factors, for numbers that are not times of the same work."""
    names = list(dict.fromkeys(name for row in table.values() for name in row))
    lines = [f"### {title}", "", f"| | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for case, row in table.items():
        lines.append(f"| {case} | {' | '.join(format(row[name], form) for name in names)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    harness.main(__doc__, tables)

"""Times whole training steps (forward, loss, backward, update) of multilayer perceptrons in tilegrad and its peers.

    python -m benches.peers.train_step --python torch=/path/to/python --python jax=/path/to/python

All libraries start from the same weights, and the losses of the first two steps are compared. ``tilegrad-call`` runs one compiled
step per call from Python; ``tilegrad-fit`` is the time of ``fit``, which also shuffles and gathers the rows of every batch, divided
by the number of steps. The peers run on a single batch that is already in place.
"""

import harness
import work

# A step takes most of a second in every peer.
NOT_QUICK = ("mlp 4096-4096-4096 bs512",)


def tables(session):
    """The table of this script."""
    table = {}
    for name in work.NETWORKS:
        if harness.wanted(session.options, name) and not (session.options.quick and name in NOT_QUICK):
            row = session.measure("train_step", name, {"name": name})
            table[name] = {column: 1e6 * seconds for column, seconds in row.items()}
    return harness.markdown("Training step, microseconds (less is better)", session, table) if table else ""


if __name__ == "__main__":
    harness.main(__doc__, tables)

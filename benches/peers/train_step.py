"""Times whole training steps (forward, loss, backward, Adam) of multilayer perceptrons in tilegrad and its peers.

    python benches/peers/train_step.py --python torch=/path/to/python --python jax=/path/to/python

All start from the same weights, and the losses of the first two steps are compared. ``tilegrad`` is ``fit``, whose
loop shuffles and gathers the rows of every batch, divided by its steps; ``tilegrad-call`` runs one compiled step by one
call from Python. The peers run on one batch that stays where it is.
"""

import harness
import work


def tables(session):
    """The table of this script."""
    table = {}
    for name in work.NETWORKS:
        if session.options.only in name and (session.options.large or name not in work.LARGE_NETWORKS):
            row = session.measure("train_step", name, {"name": name})
            table[name] = {column: 1e6 * seconds for column, seconds in row.items()}
    return harness.markdown("Training step with Adam, microseconds (less is better)", session, table)


if __name__ == "__main__":
    harness.main(__doc__, tables)

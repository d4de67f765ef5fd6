"""Times a whole epoch in tilegrad and its peers: 60,000 rows, network 784-128-10, batches of 128, Adam, shuffled.

    python benches/peers/epoch.py --python torch=/path/to/python --python jax=/path/to/python

A block is one epoch at least; compilation and the first epoch come before it.
"""

import harness

CASE = {"rows": 60_000, "widths": [784, 128, 10], "batch": 128}


def tables(session):
    """The table of this script."""
    row = session.measure("epoch", "epoch", CASE, same=False)
    return harness.markdown("One epoch, seconds (less is better)", session, {"784-128-10, 60,000 rows": row})


if __name__ == "__main__":
    harness.main(__doc__, tables)

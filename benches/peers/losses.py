"""Times loss and gradient together, in tilegrad and its peers.

    python -m benches.peers.losses --python torch=/path/to/python --python jax=/path/to/python

The values and the norms of the gradients are compared.
"""

import harness
import work

SHAPES = ((64, 10), (1024, 10), (1024, 1000), (8192, 100))


def tables(session):
    """The table of this script."""
    table = {}
    for shape in SHAPES:
        for name in work.LOSSES:
            label = f"{name} {shape[0]}x{shape[1]}"
            if harness.wanted(session.options, label):
                row = session.measure("losses", label, {"name": name, "shape": shape})
                table[label] = {column: 1e6 * seconds for column, seconds in row.items()}
    return harness.markdown("Loss and gradient, microseconds (less is better)", session, table) if table else ""


if __name__ == "__main__":
    harness.main(__doc__, tables)

"""Times the matrix products of dense layers in tilegrad, NumPy and PyTorch, each into a given output array.

    python -m benches.peers.matmul --python torch=/path/to/python --python numpy=/path/to/python

A layer ``batch x in x out`` stands for three products: forward = x w, weights = x^T dy, inputs = dy w^T.
"""

import math

import harness

LAYERS = (
    (1, 128, 10),
    (1, 784, 128),
    (16, 4, 16),
    (16, 16, 3),
    (32, 30, 64),
    (32, 64, 64),
    (32, 64, 2),
    (64, 64, 128),
    (64, 128, 10),
    (32, 784, 128),
    (128, 128, 10),
    (128, 784, 128),
    (128, 784, 512),
    (128, 512, 256),
    (256, 1024, 1024),
)
LARGE = ((512, 4096, 4096),)
KINDS = ("forward", "weights", "inputs")


def products(session, dtype):
    """GFLOP/s of every product."""
    table = {}
    for layer in LAYERS if session.options.quick else LAYERS + LARGE:
        for kind in KINDS:
            label = f"{kind} {'x'.join(map(str, layer))}"
            if harness.wanted(session.options, f"{dtype} {label}"):
                row = session.measure("matmul", f"{dtype} {label}", {"kind": kind, "layer": layer, "dtype": dtype})
                operations = 2e-9 * math.prod(layer)
                table[label] = {column: operations / seconds for column, seconds in row.items()}
    return table


def tables(session):
    """The tables of this script."""
    found = [(dtype, products(session, dtype)) for dtype in ("float32", "float64")]
    title = "Matrix products, {}, GFLOP/s (more is better)".format
    return "\n\n".join(harness.markdown(title(dtype), session, table, True) for dtype, table in found if table)


if __name__ == "__main__":
    harness.main(__doc__, tables)

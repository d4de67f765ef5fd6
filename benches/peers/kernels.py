"""Times activations and row softmax in tilegrad and its peers, one call after the other into a given output array.

    python benches/peers/kernels.py --python torch=/path/to/python --python jax=/path/to/python

JAX has no output argument and allocates its results.
"""

import harness
import work

COUNTS = (10_000, 1_000_000, 10_000_000)
ROWS = ((64, 10), (10_000, 10), (1_000_000, 10), (64, 1000), (1000, 1000), (10_000, 1000))


def throughput(session, label, name, shape):
    """Gigabytes read and written a second: 8 bytes an element."""
    count = 1
    for extent in shape:
        count *= extent
    row = session.measure("kernels", label, {"name": name, "shape": shape})
    return {column: 8 * count / seconds / 1e9 for column, seconds in row.items()}


def tables(session):
    """The tables of this script."""
    only = session.options.only
    parts = []
    if "call" in only or not only:
        table = {}
        for name in work.ACTIVATIONS:
            row = session.measure("kernels", f"call {name}", {"name": name, "shape": [16]})
            table[name] = {column: 1e9 * seconds for column, seconds in row.items()}
        parts.append(harness.markdown("One call with 16 elements, nanoseconds (less is better)", session, table))
    for count in COUNTS:
        table = {}
        for name in work.ACTIVATIONS:
            label = f"{name} {count}"
            if only in label:
                table[name] = throughput(session, label, name, [count])
        if table:
            parts.append(
                harness.markdown(f"Activations, {count:,} elements, GB/s (more is better)", session, table, True)
            )
    table = {}
    for name in ("softmax", "log_softmax"):
        for shape in ROWS:
            label = f"{name} {shape[0]}x{shape[1]}"
            if only in label:
                table[label] = throughput(session, label, name, shape)
    if table:
        parts.append(harness.markdown("Softmax of rows, GB/s (more is better)", session, table, True))
    return "\n\n".join(parts)


if __name__ == "__main__":
    harness.main(__doc__, tables)

"""Times activations, softmax of rows and their gradients in tilegrad and its peers, one call after the other.

    python -m benches.peers.kernels --python torch=/path/to/python --python jax=/path/to/python

Results go into a given array. Gradients are computed from what a training step keeps: in the peers, the output for sigmoid, tanh, exp and
the softmax functions, otherwise the input; in tilegrad, the output wherever the registry says that the slope is computed from it.
"""

import math

import harness
import work

COUNTS = (10_000, 1_000_000, 10_000_000)
BACKWARD_COUNTS = (1_000_000, 10_000_000)
NOT_QUICK = 10_000_000
ROWS = ((64, 10), (10_000, 10), (1000, 100), (64, 1000), (1000, 1000), (32, 32_000))


def throughput(session, label, name, shape, backward=False):
    """Gigabytes read and written per second: 8 bytes per element, 12 with an upstream gradient."""
    row = session.measure("kernels", label, {"name": name, "shape": shape, "backward": backward})
    traffic = (12 if backward else 8) * math.prod(shape)
    return {column: traffic / seconds / 1e9 for column, seconds in row.items()}


def calls(session):
    """The fixed cost of a call."""
    table = {}
    for name in work.ACTIVATIONS:
        if harness.wanted(session.options, f"call {name}"):
            row = session.measure("kernels", f"call {name}", {"name": name, "shape": [16]})
            table[name] = {column: 1e9 * seconds for column, seconds in row.items()}
    return table


def activations(session, count, backward=False):
    """Throughput over ``count`` numbers."""
    table = {}
    for name in work.ACTIVATIONS:
        label = f"{name}{' backward' if backward else ''} {count}"
        if harness.wanted(session.options, label):
            table[name] = throughput(session, label, name, [count], backward)
    return table


def softmaxes(session, backward=False):
    """Throughput over rows of 10 to 32,000 columns."""
    table = {}
    for name in ("softmax", "log_softmax"):
        for shape in ROWS:
            label = f"{name}{' backward' if backward else ''} {shape[0]}x{shape[1]}"
            if harness.wanted(session.options, label):
                table[label] = throughput(session, label, name, shape, backward)
    return table


def tables(session):
    """The tables of this script."""
    largest = NOT_QUICK if session.options.quick else math.inf
    found = [("One call with 16 elements, nanoseconds (less is better)", calls(session), False)]
    for count in (count for count in COUNTS if count < largest):
        found.append((f"Activations, {count:,} elements, GB/s (more is better)", activations(session, count), True))
    for count in (count for count in BACKWARD_COUNTS if count < largest):
        title = f"Gradients of activations, {count:,} elements, GB/s (more is better)"
        found.append((title, activations(session, count, True), True))
    found.append(("Softmax of rows, GB/s (more is better)", softmaxes(session), True))
    found.append(("Gradients of softmax of rows, GB/s (more is better)", softmaxes(session, True), True))
    return "\n\n".join(harness.markdown(title, session, table, more) for title, table, more in found if table)


if __name__ == "__main__":
    harness.main(__doc__, tables)

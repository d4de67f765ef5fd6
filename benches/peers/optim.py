"""Times the update of an optimizer with given gradients, in tilegrad and its peers.

    python -m benches.peers.optim --python torch=/path/to/python --python jax=/path/to/python

The minimum traffic is that of reading and writing weight, gradient and slots once in float32. The sums of the parameters
after three updates are compared.
"""

import harness
import work

SIZES = ((10_000, 6), (1_000_000, 6), (25_000_000, 160))


def tables(session):
    """The tables of this script."""
    parts = []
    for count, tensors in SIZES[:2] if session.options.quick else SIZES:
        times, rates = {}, {}
        for name in work.OPTIMIZERS:
            label = f"{name} {count}"
            if not harness.wanted(session.options, label):
                continue
            row = session.measure("optim", label, {"name": name, "count": count, "tensors": tensors})
            traffic = 4 * count * work.OPTIMIZER_TRAFFIC[name]
            times[name] = {column: 1e6 * seconds for column, seconds in row.items()}
            rates[name] = {column: traffic / seconds / 1e9 for column, seconds in row.items()}
        size = f"{count:,} parameters in {tensors} arrays"
        if times:
            parts.append(harness.markdown(f"Optimizer step, {size}, microseconds (less is better)", session, times))
            title = f"Optimizer step, {size}, GB/s of least traffic (more is better)"
            parts.append(harness.markdown(title, session, rates, True))
    return "\n\n".join(parts)


if __name__ == "__main__":
    harness.main(__doc__, tables)

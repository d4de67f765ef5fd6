"""Claim: replacing relu by swish helps. Measured: held-out loss with intervals over seeds, on two tasks.

python examples/experiments/swish.py --output DIR
"""

from common import main
from rectifiers import compare, draw, result_of

NAMES = ("relu", "swish", "mish")


def run(quick):
    """Relu beside its smooth relatives."""
    return result_of(compare(NAMES, quick), NAMES, "It depends on the task.")


if __name__ == "__main__":
    main(run, draw, __file__)

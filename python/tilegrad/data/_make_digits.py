"""Makes ``digits.npz`` from scikit-learn's copy of the set: ``python -m tilegrad.data._make_digits digits.npz``."""

import sys

import numpy as np


def main() -> None:
    """Writes the images and labels as small integers into the file named on the command line."""
    from sklearn.datasets import load_digits

    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tilegrad.data._make_digits FILE.npz")
    images, labels = load_digits(return_X_y=True)
    np.savez_compressed(sys.argv[1], images=images.astype(np.uint8), labels=labels.astype(np.uint8))


if __name__ == "__main__":
    main()

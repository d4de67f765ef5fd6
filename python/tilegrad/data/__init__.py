"""The data set that the package carries, for the demonstration, the documentation and the tests."""

from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["digits", "digits_raw"]

HELD_OUT_EVERY = 5


def digits_raw() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All 1,797 handwritten digits as they are stored.

    Returns:
        ``images`` of shape (1797, 64), integers from 0 (white) to 16 (black), one 8 x 8 image a row; ``labels`` of
        shape (1797,), the digits 0 to 9.

    Example:
        >>> from tilegrad.data import digits_raw
        >>> images, labels = digits_raw()
        >>> images.shape, images.dtype.name, int(images.max()), labels[:5].tolist()
        ((1797, 64), 'uint8', 16, [0, 1, 2, 3, 4])
    """
    with files(__name__).joinpath("digits.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return stored["images"], stored["labels"].astype(np.int64)


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """The handwritten digits, pixels scaled to 0..1, divided into a part for training and a held-out part.

    Of each class every fifth image is held out, so both parts hold all classes in the same proportions.
    The images are the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998; UCI
    Machine Learning Repository, CC BY 4.0).

    Returns:
        ``x_train`` (1442, 64), ``y_train`` (1442,), ``x_test`` (355, 64), ``y_test`` (355,): features float32, labels
        int64.

    Example:
        >>> from tilegrad.data import digits
        >>> x_train, y_train, x_test, y_test = digits()
        >>> x_train.shape, x_test.shape, float(x_train.max())
        ((1442, 64), (355, 64), 1.0)
    """
    images, labels = digits_raw()
    held_out = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        of_class: NDArray[Any] = np.flatnonzero(labels == label)
        held_out[of_class[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]] = True
    features = images.astype(np.float32) / np.float32(16)
    return features[~held_out], labels[~held_out], features[held_out], labels[held_out]

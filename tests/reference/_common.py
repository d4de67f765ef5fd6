"""What the formulas share."""

import math

import numpy as np

# NumPy has no error function; the standard library's is correct to the last digits.
erfc = np.vectorize(math.erfc, otypes=[np.float64])


def quiet(function):
    """Infinities are legitimate arguments here: no warnings about them."""

    def call(*arguments, **parameters):
        with np.errstate(all="ignore"):
            return function(*arguments, **parameters)

    call.__name__ = function.__name__
    call.__module__ = function.__module__
    call.__wrapped__ = function
    return call


def float64(x):
    return np.asarray(x, dtype=np.float64)

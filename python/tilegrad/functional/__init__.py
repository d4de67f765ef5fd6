"""Activations, losses and a few more functions, for NumPy arrays and traced tensors alike.

An activation is ``F.name(x)``, its backward pass ``F.name_backward(gradient, x)``; both write into ``out`` if it is
given, which may be the input itself. A loss is ``F.name(prediction, target)``. ``help(F.leaky_relu)`` tells parameters and
ranges, ``dir(F)`` lists all.

Example:
    >>> import numpy as np
    >>> from tilegrad import functional as F
    >>> F.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    >>> F.softmax(np.array([[0.9, 0.1]])).round(6)
    array([[0.689974, 0.310026]])
    >>> float(F.cross_entropy(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])))  # doctest: +ELLIPSIS
    0.40429430821...
"""

from tilegrad.functional import activations
from tilegrad.functional.activations import *
from tilegrad.functional.averages import ewma
from tilegrad.functional.dropping import dropout
from tilegrad.functional.gated import glu, prelu, swiglu
from tilegrad.functional.losses import functions
from tilegrad.functional.losses.counting import entropy, zero_one_loss
from tilegrad.functional.losses.functions import *
from tilegrad.functional.normalization import layer_norm, rms_norm
from tilegrad.functional.softmaxes import log_softmax, log_softmax_backward, softmax, softmax_backward, softmin
from tilegrad.words.names import missing

__all__ = [
    "dropout",
    "entropy",
    "ewma",
    "glu",
    "layer_norm",
    "log_softmax",
    "log_softmax_backward",
    "prelu",
    "rms_norm",
    "softmax",
    "softmax_backward",
    "softmin",
    "swiglu",
    "zero_one_loss",
]
__all__ += functions.__all__
__all__ += activations.__all__


__getattr__ = missing("tilegrad.functional", "function", __all__)

"""Losses as objects, for a trainer: the functions of ``tilegrad.functional`` with their settings.

A trainer takes an object, ``losses.CrossEntropy(label_smoothing=0.1)``, a name, ``"cross_entropy"``, or a function of
(prediction, target), which is differentiated. Called on arrays, an object gives the number that the function gives.

Example:
    >>> import numpy as np
    >>> from tilegrad import losses
    >>> losses.MeanSquaredError()(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
    2.0
"""

from tilegrad.losses import classes
from tilegrad.losses.base import Loss
from tilegrad.losses.choice import FunctionLoss as FunctionLoss
from tilegrad.losses.choice import loss_for as loss_for
from tilegrad.losses.classes import *
from tilegrad.losses.classes import NAMED as NAMED
from tilegrad.losses.custom import Custom
from tilegrad.words.names import missing

__all__ = ["Custom", "Loss"]
__all__ += classes.__all__


__getattr__ = missing("tilegrad.losses", "loss", __all__)

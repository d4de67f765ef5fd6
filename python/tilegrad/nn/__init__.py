"""Layers, containers and initialisers.

Every activation of the registry is a layer here under the field's spelling: ``nn.ReLU``, ``nn.LeakyReLU``, ``nn.GELU``,
and a name that layers and containers take: ``nn.Dense(784, 128, activation="relu")``.

Example:
    >>> from tilegrad import nn
    >>> nn.Sequential(nn.Dense(2, 8), nn.LeakyReLU(0.1), nn.Dense(8, 1))
    Sequential(Dense(2, 8), LeakyReLU(negative_slope=0.1), Dense(8, 1))
"""

from tilegrad.nn import activations
from tilegrad.nn.activation import GELU, Activation
from tilegrad.nn.activations import *
from tilegrad.nn.constraints import Constraint, MaxNorm, NonNegative, UnitNorm
from tilegrad.nn.gated import GLU, PReLU, SwiGLU, Swish
from tilegrad.nn.initializers import (
    Constant,
    HeNormal,
    HeUniform,
    IdentityMatrix,
    Initializer,
    LecunNormal,
    LecunUniform,
    Normal,
    Ones,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
    XavierNormal,
    XavierUniform,
    Zeros,
    gain,
)
from tilegrad.nn.layers import Dense, Dropout, Flatten
from tilegrad.nn.lsuv import lsuv
from tilegrad.nn.module import Module
from tilegrad.nn.normalization import BatchNorm, LayerNorm, RMSNorm
from tilegrad.nn.parameter import Parameter
from tilegrad.nn.regularizers import L1, L2, ElasticNet, Regularizer
from tilegrad.nn.sequential import Sequential
from tilegrad.nn.softmaxes import LogSoftmax, Softmax, Softmin
from tilegrad.nn.traits import Traits, Units
from tilegrad.words.names import missing

__all__ = [
    "GELU",
    "GLU",
    "L1",
    "L2",
    "Activation",
    "BatchNorm",
    "Constant",
    "Constraint",
    "Dense",
    "Dropout",
    "ElasticNet",
    "Flatten",
    "HeNormal",
    "HeUniform",
    "IdentityMatrix",
    "Initializer",
    "LayerNorm",
    "LecunNormal",
    "LecunUniform",
    "LogSoftmax",
    "MaxNorm",
    "Module",
    "NonNegative",
    "Normal",
    "Ones",
    "Orthogonal",
    "PReLU",
    "Parameter",
    "RMSNorm",
    "Regularizer",
    "Sequential",
    "Softmax",
    "Softmin",
    "Sparse",
    "SwiGLU",
    "Swish",
    "Traits",
    "TruncatedNormal",
    "Uniform",
    "UnitNorm",
    "Units",
    "VarianceScaling",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
    "gain",
    "lsuv",
]
__all__ += activations.__all__


__getattr__ = missing(
    "tilegrad.nn",
    "layer",
    __all__,
    elsewhere={"Linear": "nn.Dense(in_features, out_features), with weights of shape (in, out)"},
)

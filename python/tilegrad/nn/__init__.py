"""Layers, containers and initialisers.

Every activation of the registry is a layer here under the field's spelling: ``nn.ReLU``, ``nn.LeakyReLU``, ``nn.GELU``,
and a name that layers and containers take: ``nn.Dense(784, 128, activation="relu")``.

Example:
    >>> from tilegrad import nn
    >>> nn.Sequential(nn.Dense(2, 8), nn.LeakyReLU(0.1), nn.Dense(8, 1))
    Sequential(Dense(2, 8), LeakyReLU(negative_slope=0.1), Dense(8, 1))
"""

from typing import Any

from tilegrad._names import hint
from tilegrad.nn.activations import CLASSES as _CLASSES
from tilegrad.nn.activations import GELU, Activation, LogSoftmax, Softmax, Softmin
from tilegrad.nn.gated import GLU, PReLU, SwiGLU, Swish
from tilegrad.nn.initializers import (
    Constant,
    HeNormal,
    HeUniform,
    Initializer,
    Normal,
    Uniform,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from tilegrad.nn.layers import Dense, Dropout, Flatten, Sequential
from tilegrad.nn.module import Module
from tilegrad.nn.normalization import BatchNorm
from tilegrad.nn.parameter import Parameter

__all__ = [
    "GELU",
    "GLU",
    "Activation",
    "BatchNorm",
    "Constant",
    "Dense",
    "Dropout",
    "Flatten",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LogSoftmax",
    "Module",
    "Normal",
    "PReLU",
    "Parameter",
    "Sequential",
    "Softmax",
    "Softmin",
    "SwiGLU",
    "Swish",
    "Uniform",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
]

globals().update(_CLASSES)
__all__ += sorted(set(_CLASSES) - set(__all__))


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'tilegrad.nn' has no attribute {name!r}")
    if name == "Linear":
        raise AttributeError(
            "nn: unknown layer 'Linear'; it is nn.Dense(in_features, out_features), with weights of shape (in, out)"
        )
    raise AttributeError(f"nn: unknown layer {name!r}{hint(name, __all__)}; dir(tilegrad.nn) lists them")

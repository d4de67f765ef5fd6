"""Layers by the names that layers and containers take: ``nn.Dense(784, 128, activation="relu")``."""

from __future__ import annotations

from tilegrad.nn import activations
from tilegrad.nn.activation import GELU
from tilegrad.nn.gated import GLU, PReLU, SwiGLU, Swish
from tilegrad.nn.module import Module
from tilegrad.nn.softmaxes import LogSoftmax, Softmax, Softmin

NAMED: dict[str, type[Module]] = {
    **activations.NAMED,
    "gelu": GELU,
    "swish": Swish,
    "prelu": PReLU,
    "glu": GLU,
    "swiglu": SwiGLU,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "softmin": Softmin,
}

"""Which initialiser: by name, by the activation that follows, or as another library has it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tilegrad.nn.initializers.plain import (
    IdentityMatrix,
    Initializer,
    Normal,
    Ones,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Zeros,
)
from tilegrad.nn.initializers.scaled import (
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    XavierNormal,
    XavierUniform,
)
from tilegrad.words.names import lookup
from tilegrad.words.registry import entries, registry

_GAINS = {"tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 0.75}


def gain(activation: str, negative_slope: float = 0.01) -> float:
    """What an initialiser's deviation is multiplied by for an activation, as PyTorch's ``calculate_gain``.

    5/3 for tanh, the root of 2 for relu and of ``2 / (1 + negative_slope²)`` for leaky_relu, 3/4 for selu, 1 for all others.

    Args:
        activation: Name of an activation.
        negative_slope: For leaky_relu.

    Raises:
        ValueError: If there is no activation of this name.

    Example:
        >>> from tilegrad import nn
        >>> nn.gain("tanh"), nn.gain("sigmoid")
        (1.6666666666666667, 1.0)
        >>> str(nn.Orthogonal(gain=nn.gain("relu")))
        'orthogonal x 1.41421'
    """
    names = {
        "identity": "identity",
        "selu": "selu",
        **{name: entry["name"] for name, entry in entries("activations").items()},
    }
    name = lookup("gain", "activation", activation, names)
    return math.sqrt(2 / (1 + negative_slope * negative_slope)) if name == "leaky_relu" else _GAINS.get(name, 1.0)


def chosen_for(activation: str | None) -> Initializer:
    """The initialiser for a dense weight, by the activation that follows it.

    LeCun for SELU, He for activations without an upper bound (ReLU and its relatives, which halve the variance), Xavier for
    bounded ones (tanh, sigmoid) and where none follows.
    """
    entry = next((entry for entry in registry()["activations"] if entry["name"] == activation), None)
    if entry is None or entry["name"] == "identity":
        return XavierUniform()
    if entry["name"] == "selu":
        return LecunNormal()
    return HeNormal() if math.isinf(entry["facts"]["bounds"][1]) else XavierUniform()


def _torch(inputs: int, outputs: int, activation: str | None) -> tuple[Initializer, Initializer]:
    limit = 1 / math.sqrt(inputs)
    return Uniform(-limit, limit), Uniform(-limit, limit)


def _keras(inputs: int, outputs: int, activation: str | None) -> tuple[Initializer, Initializer]:
    return XavierUniform(), Zeros()


def _flax(inputs: int, outputs: int, activation: str | None) -> tuple[Initializer, Initializer]:
    return VarianceScaling(1.0, "fan_in", "truncated_normal"), Zeros()


def _sklearn(inputs: int, outputs: int, activation: str | None) -> tuple[Initializer, Initializer]:
    limit = math.sqrt((2 if activation == "sigmoid" else 6) / (inputs + outputs))
    return Uniform(-limit, limit), Uniform(-limit, limit)


# How the peers' dense layers begin: weight and bias from numbers of inputs and outputs, and the activation.
STYLES: dict[str, Callable[[int, int, str | None], tuple[Initializer, Initializer]]] = {
    "torch": _torch,
    "keras": _keras,
    "flax": _flax,
    "sklearn": _sklearn,
}

NAMED: dict[str, Callable[[], Any]] = {
    "zeros": Zeros,
    "ones": Ones,
    "normal": Normal,
    "uniform": Uniform,
    "truncated_normal": TruncatedNormal,
    "orthogonal": Orthogonal,
    "identity": IdentityMatrix,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
    "glorot_normal": XavierNormal,
    "glorot_uniform": XavierUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "kaiming_normal": HeNormal,
    "kaiming_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
}

"""How the first values of parameters are drawn.

Every initialiser draws from a Philox stream that belongs to the seed and to the parameter's place in the model: the
same seed gives the same bits on every machine. For a dense weight of shape (in, out), "fan in" is in and "fan out" is
out.
"""

from tilegrad.nn.initializers.choice import NAMED, STYLES, chosen_for, gain
from tilegrad.nn.initializers.plain import (
    Constant,
    IdentityMatrix,
    Initializer,
    Normal,
    Ones,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
    Zeros,
    fans,
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

__all__ = [
    "NAMED",
    "STYLES",
    "Constant",
    "HeNormal",
    "HeUniform",
    "IdentityMatrix",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Ones",
    "Orthogonal",
    "Sparse",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
    "chosen_for",
    "fans",
    "gain",
]

# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""Activation layers: the functions of `tilegrad.functional` as modules."""

from __future__ import annotations

from tilegrad.nn.activation import Activation

__all__ = [
    "CELU",
    "ELU",
    "SELU",
    "Exponential",
    "GELUTanh",
    "HardShrink",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "SoftShrink",
    "Softplus",
    "Softsign",
    "SquaredReLU",
    "Squareplus",
    "Tanh",
    "TanhShrink",
    "Threshold",
]


class Identity(Activation):
    """The identity: `identity(x) = x`, slope 1.

    The layer of `tilegrad.functional.identity`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Identity())
        Sequential(Dense(4, 2), Identity())
    """

    function = "identity"


class ReLU(Activation):
    """Rectified linear unit: `relu(x) = max(0, x)`.

    The layer of `tilegrad.functional.relu`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.ReLU())
        Sequential(Dense(4, 2), ReLU())
    """

    function = "relu"


class LeakyReLU(Activation):
    """Leaky rectified linear unit: `leaky_relu(x) = x` where `x > 0`, else `negative_slope x`.

    The layer of `tilegrad.functional.leaky_relu`, which has the details.

    Args:
        negative_slope: Slope where `x` is negative. In [0, inf); 0.01 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.LeakyReLU())
        Sequential(Dense(4, 2), LeakyReLU())
    """

    function = "leaky_relu"

    def __init__(
        self,
        negative_slope: float = 0.01,
    ) -> None:
        self._set(negative_slope=negative_slope)


class ReLU6(Activation):
    """Rectified linear unit with a ceiling: `relu6(x) = min(max(0, x), 6)`.

    The layer of `tilegrad.functional.relu6`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.ReLU6())
        Sequential(Dense(4, 2), ReLU6())
    """

    function = "relu6"


class HardTanh(Activation):
    """Linear between two limits: `hard_tanh(x) = min(max(minimum, x), maximum)`.

    The layer of `tilegrad.functional.hard_tanh`, which has the details.

    Args:
        minimum: Lower level. In (-inf, 0]; -1.0 by default.
        maximum: Upper level. In [0, inf); 1.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.HardTanh())
        Sequential(Dense(4, 2), HardTanh())
    """

    function = "hard_tanh"

    def __init__(
        self,
        minimum: float = -1.0,
        maximum: float = 1.0,
    ) -> None:
        self._set(minimum=minimum, maximum=maximum)


class Threshold(Activation):
    """The input where it is above a threshold, else a fixed value: `threshold(x) = x` where `x > threshold`, else `value`.

    The layer of `tilegrad.functional.threshold`, which has the details.

    Args:
        threshold: Where the identity begins. In (-inf, inf); 0.0 by default.
        value: Value at and below the threshold. In (-inf, inf); 0.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Threshold())
        Sequential(Dense(4, 2), Threshold())
    """

    function = "threshold"

    def __init__(
        self,
        threshold: float = 0.0,
        value: float = 0.0,
    ) -> None:
        self._set(threshold=threshold, value=value)


class SquaredReLU(Activation):
    """Square of the rectified linear unit: `squared_relu(x) = max(0, x)^2`.

    The layer of `tilegrad.functional.squared_relu`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.SquaredReLU())
        Sequential(Dense(4, 2), SquaredReLU())
    """

    function = "squared_relu"


class ELU(Activation):
    """Exponential linear unit: `elu(x) = x` where `x > 0`, else `alpha (exp(x) - 1)`.

    The layer of `tilegrad.functional.elu`, which has the details.

    Args:
        alpha: Depth of the negative side: `elu(-inf) = -alpha`. In [0, inf); 1.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.ELU())
        Sequential(Dense(4, 2), ELU())
    """

    function = "elu"

    def __init__(
        self,
        alpha: float = 1.0,
    ) -> None:
        self._set(alpha=alpha)


class SELU(Activation):
    """Scaled exponential linear unit: `selu(x) = s x` where `x > 0`, else `s a (exp(x) - 1)`, with `s = 1.0507009873554805` and `a = 1.6732632423543773`.

    The layer of `tilegrad.functional.selu`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.SELU())
        Sequential(Dense(4, 2), SELU())
    """

    function = "selu"


class CELU(Activation):
    """Exponential linear unit with a continuous slope: `celu(x) = x` where `x > 0`, else `alpha (exp(x / alpha) - 1)`.

    The layer of `tilegrad.functional.celu`, which has the details.

    Args:
        alpha: Depth of the negative side, and the scale on which it is reached. In (0, inf); 1.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.CELU())
        Sequential(Dense(4, 2), CELU())
    """

    function = "celu"

    def __init__(
        self,
        alpha: float = 1.0,
    ) -> None:
        self._set(alpha=alpha)


class Exponential(Activation):
    """Exponential: `exponential(x) = exp(x)`.

    The layer of `tilegrad.functional.exponential`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Exponential())
        Sequential(Dense(4, 2), Exponential())
    """

    function = "exponential"


class Sigmoid(Activation):
    """Logistic function: `sigmoid(x) = 1 / (1 + exp(-x))`.

    The layer of `tilegrad.functional.sigmoid`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Sigmoid())
        Sequential(Dense(4, 2), Sigmoid())
    """

    function = "sigmoid"


class Tanh(Activation):
    """Hyperbolic tangent: `tanh(x) = (exp(2x) - 1) / (exp(2x) + 1)`.

    The layer of `tilegrad.functional.tanh`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Tanh())
        Sequential(Dense(4, 2), Tanh())
    """

    function = "tanh"


class HardSigmoid(Activation):
    """Piecewise linear version of the sigmoid: `hard_sigmoid(x) = min(max(0, x + 3), 6) / 6`.

    The layer of `tilegrad.functional.hard_sigmoid`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.HardSigmoid())
        Sequential(Dense(4, 2), HardSigmoid())
    """

    function = "hard_sigmoid"


class Softsign(Activation):
    """Sigmoid without an exponential: `softsign(x) = x / (1 + |x|)`.

    The layer of `tilegrad.functional.softsign`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Softsign())
        Sequential(Dense(4, 2), Softsign())
    """

    function = "softsign"


class SiLU(Activation):
    """Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.

    The layer of `tilegrad.functional.silu`, which has the details.

    Args:
        beta: Steepness of the gate. In (-inf, inf); 1.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.SiLU())
        Sequential(Dense(4, 2), SiLU())
    """

    function = "swish"

    def __init__(
        self,
        beta: float = 1.0,
    ) -> None:
        self._set(beta=beta)


class GELUTanh(Activation):
    """Gaussian error linear unit, tanh approximation: `gelu_tanh(x) = x (1 + tanh(u)) / 2`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`.

    The layer of `tilegrad.functional.gelu_tanh`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.GELUTanh())
        Sequential(Dense(4, 2), GELUTanh())
    """

    function = "gelu_tanh"


class HardSwish(Activation):
    """Piecewise version of swish: `hard_swish(x) = x min(max(0, x + 3), 6) / 6`.

    The layer of `tilegrad.functional.hard_swish`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.HardSwish())
        Sequential(Dense(4, 2), HardSwish())
    """

    function = "hard_swish"


class Mish(Activation):
    """Self-gated by a smooth rectifier: `mish(x) = x tanh(ln(1 + exp(x)))`.

    The layer of `tilegrad.functional.mish`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Mish())
        Sequential(Dense(4, 2), Mish())
    """

    function = "mish"


class Softplus(Activation):
    """Smooth rectifier: `softplus(x) = ln(1 + exp(beta x)) / beta`.

    The layer of `tilegrad.functional.softplus`, which has the details.

    Args:
        beta: Steepness; the larger, the nearer to `relu`. In (0, inf); 1.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Softplus())
        Sequential(Dense(4, 2), Softplus())
    """

    function = "softplus"

    def __init__(
        self,
        beta: float = 1.0,
    ) -> None:
        self._set(beta=beta)


class LogSigmoid(Activation):
    """Logarithm of the logistic function: `log_sigmoid(x) = -ln(1 + exp(-x))`.

    The layer of `tilegrad.functional.log_sigmoid`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.LogSigmoid())
        Sequential(Dense(4, 2), LogSigmoid())
    """

    function = "log_sigmoid"


class Squareplus(Activation):
    """Smooth rectifier without an exponential: `squareplus(x) = (x + sqrt(x^2 + smoothness)) / 2`.

    The layer of `tilegrad.functional.squareplus`, which has the details.

    Args:
        smoothness: Added to the square: the smaller, the nearer to `relu`. In [0, 1e+36]; 4.0 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Squareplus())
        Sequential(Dense(4, 2), Squareplus())
    """

    function = "squareplus"

    def __init__(
        self,
        smoothness: float = 4.0,
    ) -> None:
        self._set(smoothness=smoothness)


class SoftShrink(Activation):
    """Shrinks towards zero by a fixed amount: `soft_shrink(x) = sign(x) max(|x| - threshold, 0)`.

    The layer of `tilegrad.functional.soft_shrink`, which has the details.

    Args:
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.SoftShrink())
        Sequential(Dense(4, 2), SoftShrink())
    """

    function = "soft_shrink"

    def __init__(
        self,
        threshold: float = 0.5,
    ) -> None:
        self._set(threshold=threshold)


class HardShrink(Activation):
    """Sets small numbers to zero: `hard_shrink(x) = x` where `|x| > threshold`, else 0.

    The layer of `tilegrad.functional.hard_shrink`, which has the details.

    Args:
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.HardShrink())
        Sequential(Dense(4, 2), HardShrink())
    """

    function = "hard_shrink"

    def __init__(
        self,
        threshold: float = 0.5,
    ) -> None:
        self._set(threshold=threshold)


class TanhShrink(Activation):
    """Difference from the hyperbolic tangent: `tanh_shrink(x) = x - tanh(x)`.

    The layer of `tilegrad.functional.tanh_shrink`, which has the details.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.TanhShrink())
        Sequential(Dense(4, 2), TanhShrink())
    """

    function = "tanh_shrink"


# The classes by the names of the registry.
NAMED: dict[str, type[Activation]] = {
    "identity": Identity,
    "linear": Identity,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "relu6": ReLU6,
    "hard_tanh": HardTanh,
    "threshold": Threshold,
    "squared_relu": SquaredReLU,
    "elu": ELU,
    "selu": SELU,
    "celu": CELU,
    "exponential": Exponential,
    "exp": Exponential,
    "sigmoid": Sigmoid,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "hard_sigmoid": HardSigmoid,
    "softsign": Softsign,
    "gelu_tanh": GELUTanh,
    "hard_swish": HardSwish,
    "hard_silu": HardSwish,
    "mish": Mish,
    "softplus": Softplus,
    "log_sigmoid": LogSigmoid,
    "squareplus": Squareplus,
    "soft_shrink": SoftShrink,
    "hard_shrink": HardShrink,
    "tanh_shrink": TanhShrink,
    "silu": SiLU,
}

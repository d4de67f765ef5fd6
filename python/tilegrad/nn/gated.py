"""Activation layers that learn, and those that take two operands: PReLU, Swish, GLU, SwiGLU."""

from __future__ import annotations

from typing import Any

from tilegrad import functional
from tilegrad.nn.activation import Activation
from tilegrad.nn.initializers import Constant
from tilegrad.nn.module import Module
from tilegrad.nn.parameter import Parameter
from tilegrad.words.checks import check_count, check_flag, check_number


class PReLU(Activation):
    """Rectified linear unit whose slope below zero is learned: ``x`` where ``x > 0``, else ``slope * x``.

    The gradient with respect to the slope is ``sum(min(x, 0) * g)``. (He, Zhang, Ren and Sun, 2015.)

    Args:
        init: The slope at the start; 0.25 as in the paper and PyTorch (Keras starts at 0).
        channels: How many slopes there are: ``None`` for one that all share, else the size of the input's last axis.

    Raises:
        ValueError: If ``init`` is not finite or ``channels`` is below 1.
        TypeError: If ``init`` is not a number or ``channels`` no whole number.

    Example:
        >>> from tilegrad import nn
        >>> nn.PReLU().predict(np.array([[-4.0, 2.0]], np.float32))
        array([[-1.,  2.]], dtype=float32)
        >>> [(name, parameter.shape) for name, parameter in nn.PReLU(channels=3).named_parameters()]
        [('slope', (3,))]
    """

    def __init__(self, init: float = 0.25, *, channels: int | None = None) -> None:
        self._init = check_number("PReLU", "init", init)
        if channels is not None:
            channels = check_count("PReLU", "channels", channels, kind="a whole number or None")
        self._channels = channels
        self.slope = Parameter((channels or 1,), Constant(self._init))

    @property
    def following(self) -> str | None:
        """A leaky rectifier, for the initialiser of the layer before it."""
        return "leaky_relu"

    def forward(self, x: Any) -> Any:
        """``x`` above zero, ``slope * x`` below."""
        return functional.prelu(x, self.slope)

    def describe(self) -> str:
        """The layer with the settings that differ from the defaults."""
        settings = [f"init={self._init:g}"] if self._init != 0.25 else []
        settings += [f"channels={self._channels}"] if self._channels is not None else []
        return f"PReLU({', '.join(settings)})"


class Swish(Activation):
    """Sigmoid linear unit with a steepness that can be learned: ``x * sigmoid(beta * x)``.

    (Ramachandran, Zoph and Le, 2017.) With a fixed ``beta`` it is the layer of `tilegrad.functional.swish`.

    Args:
        beta: Steepness of the gate, at the start if it is learned.
        learnable: Whether ``beta`` is a parameter, one for the whole layer.

    Raises:
        ValueError: If ``beta`` is not finite.
        TypeError: If ``beta`` is not a number, or ``learnable`` not True or False.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 2), nn.Swish())
        Sequential(Dense(4, 2), Swish())
        >>> [name for name, _ in nn.Swish(learnable=True).named_parameters()]
        ['beta']
    """

    function = "swish"

    def __init__(self, beta: float = 1.0, *, learnable: bool = False) -> None:
        self._settings = {"beta": check_number("Swish", "beta", beta)}
        self._learnable = check_flag("Swish", "learnable", learnable)
        if learnable:
            self.beta = Parameter((1,), Constant(self._settings["beta"]))

    def forward(self, x: Any) -> Any:
        """``x * sigmoid(beta * x)``."""
        if not self._learnable:
            return super().forward(x)
        return x * functional.sigmoid(self.beta * x)

    def describe(self) -> str:
        """The layer with the settings that differ from the defaults."""
        beta = self._settings["beta"]
        settings = [f"beta={beta:g}"] if beta != 1.0 else []
        return f"Swish({', '.join([*settings, *(['learnable=True'] if self._learnable else [])])})"


class GLU(Module):
    """Gated linear unit over the halves of an axis: ``a * sigmoid(b)``; the output has half the size.

    (Dauphin, Fan, Auli and Grangier, 2016.)

    Args:
        axis: Axis that is halved.

    Example:
        >>> from tilegrad import nn
        >>> nn.Sequential(nn.Dense(4, 6), nn.GLU(), nn.Dense(3, 1)).predict(np.zeros((2, 4), np.float32)).shape
        (2, 1)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """``a * sigmoid(b)`` of the halves ``a`` and ``b``."""
        return functional.glu(x, self.axis)


class SwiGLU(GLU):
    """Gated linear unit with a swish gate over the halves of an axis: ``silu(a) * b`` (Shazeer, 2020).

    Args:
        axis: Axis that is halved.

    Example:
        >>> from tilegrad import nn
        >>> nn.SwiGLU().predict(np.array([[0.0, 1.0]], np.float32))
        array([[0.]], dtype=float32)
    """

    def forward(self, x: Any) -> Any:
        """``silu(a) * b`` of the halves ``a`` and ``b``."""
        return functional.swiglu(x, self.axis)

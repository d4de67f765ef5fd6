"""Softmax layers."""

from __future__ import annotations

from typing import Any

from tilegrad import functional
from tilegrad.nn.module import Module
from tilegrad.nn.traits import Traits
from tilegrad.words.checks import check_number


class Softmax(Module):
    """Softmax over an axis: numbers from 0 to 1 that add up to 1.

    Not before a cross-entropy loss, which takes logits and applies it itself.

    Args:
        axis: Axis whose numbers become parts of one.
        temperature: What the input is divided by, positive: above 1 the parts become more alike.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:
        >>> from tilegrad import nn
        >>> nn.Softmax().predict(np.zeros((1, 4), np.float32))
        array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int = -1, *, temperature: float = 1.0) -> None:
        self.axis = axis
        self.temperature = check_number(type(self).__name__, "temperature", temperature, "(0, inf)")

    def forward(self, x: Any) -> Any:
        """The softmax of the input."""
        return functional.softmax(x, self.axis, temperature=self.temperature)

    def traits(self) -> Traits:
        """It keeps all features of its input."""
        return Traits(keeps_features=True)


class LogSoftmax(Softmax):
    """Logarithm of the softmax over an axis.

    Args:
        axis: Axis whose numbers become parts of one.
        temperature: What the input is divided by, positive.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:
        >>> from tilegrad import nn
        >>> nn.LogSoftmax().predict(np.array([[0.0, 1000.0]], np.float32))
        array([[-1000.,     0.]], dtype=float32)
    """

    def forward(self, x: Any) -> Any:
        """The logarithm of the softmax of the input."""
        return functional.log_softmax(x, self.axis, temperature=self.temperature)


class Softmin(Module):
    """Softmax of the negative over an axis: the largest part to the smallest number.

    Args:
        axis: Axis whose numbers become parts of one.

    Example:
        >>> from tilegrad import nn
        >>> nn.Softmin().predict(np.array([[0.0, 1000.0]], np.float32))
        array([[1., 0.]], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """The softmin of the input."""
        return functional.softmin(x, self.axis)

    def traits(self) -> Traits:
        """It keeps all features of its input."""
        return Traits(keeps_features=True)

"""Regularisers: penalties on the size of parameters.

A penalty is added to the loss once per batch, and training minimises their sum. The metric ``loss`` in the history and from
``evaluate`` leaves it out, so that runs with different strengths can be compared; the history has the metric ``penalty``
beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tilegrad.words.checks import check_flag, check_number
from tilegrad.words.declared import Value
from tilegrad.words.names import lookup

# What the strength is multiplied by, and whether the penalty is divided by the number of rows of the batch.
_STYLES = {"keras": (1.0, False), "torch": (0.5, False), "sklearn": (0.5, True)}


class Regularizer(ABC):
    """A penalty on a parameter: the argument ``regularizer`` of layers, and an attribute of every parameter.

    For a penalty of your own, subclass it and write ``penalty`` with tensors.

    Example:
        >>> from tilegrad import nn
        >>> layer = nn.Dense(8, 4, regularizer=nn.L2(1e-4))
        >>> layer.bias.regularizer = nn.L1(1e-5)
        >>> class Ring(nn.Regularizer):
        ...     def penalty(self, parameter, rows):
        ...         return 0.1 * ((parameter * parameter).sum() - 1.0) ** 2
        >>> layer.weight.regularizer = Ring()
    """

    @abstractmethod
    def penalty(self, parameter: Any, rows: int) -> Any:
        """The penalty as a tensor of one number, or ``None``; ``rows`` is the number of rows in the batch."""

    @property
    def shrinkage(self) -> float:
        """How far each update moves every number toward zero, divided by the learning rate."""
        return 0.0


class L1(Value, Regularizer):
    """``strength * sum |w|``, which makes weights small and many of them zero (Tibshirani, 1996).

    Its gradient brings weights close to zero, where they then oscillate. With ``proximal=True`` each update is followed by
    ``w = sign(w) max(|w| - learning_rate * strength, 0)`` instead, which makes them exactly zero (ISTA, as in Daubechies et
    al., 2004). With plain gradient descent both have the same minimum; with adaptive optimizers, which scale the gradient
    but not this step, they do not.

    Args:
        strength: 0.01 is Keras' default.
        proximal: Whether to take the proximal step in place of the gradient.

    Raises:
        ValueError: If the strength is negative or not finite.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn, optim
        >>> x = np.random.default_rng(0).standard_normal((200, 5))
        >>> layer = nn.Dense(5, 1, regularizer=nn.L1(0.1, proximal=True), dtype="float64")
        >>> trainer = tg.Trainer(layer, "mean_squared_error", optim.SGD(0.1))
        >>> history = trainer.fit(x, x @ [2.0, 0, 0, 0, -1.0], batch_size="full", epochs=100, progress=False)
        >>> int((layer.weight.value == 0).sum())
        3
    """

    strength: float = 0.01
    proximal: bool = False

    def _check(self) -> None:
        check_number("L1", "strength", self.strength, "[0, inf)")
        check_flag("L1", "proximal", self.proximal)

    def penalty(self, parameter: Any, rows: int) -> Any:
        """``strength * sum |w|``, or nothing if the proximal step is taken."""
        return None if self.proximal else self.strength * abs(parameter).sum()

    @property
    def shrinkage(self) -> float:
        """The strength, if the proximal step is taken."""
        return float(self.strength) if self.proximal else 0.0


class L2(Value, Regularizer):
    """``strength * sum w²``: small weights rather than large ones (Hoerl and Kennard, 1970).

    Styles: ``"keras"`` (default) as it stands; ``"torch"`` half of it, whose gradient is that of ``weight_decay=strength`` in
    SGD and coupled Adam; ``"sklearn"`` half of it divided by the rows of the batch, as ``MLPClassifier(alpha=strength)``,
    so that its effect depends on the batch size.

    Args:
        strength: 0.01 is Keras' default, 1e-4 scikit-learn's.
        style: Whose factor.

    Raises:
        ValueError: If the strength is negative or not finite, or the style unknown.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(8, 4, regularizer=nn.L2(1e-4, style="sklearn")).weight.regularizer
        L2(strength=0.0001, style='sklearn')
    """

    strength: float = 0.01
    style: str = "keras"

    def _check(self) -> None:
        check_number("L2", "strength", self.strength, "[0, inf)")
        lookup("L2", "style", self.style, _STYLES)

    def penalty(self, parameter: Any, rows: int) -> Any:
        """``strength * sum w²``, times the factor of the style."""
        factor, by_rows = _STYLES[self.style]
        return self.strength * factor / (rows if by_rows else 1) * (parameter * parameter).sum()


class ElasticNet(Value, Regularizer):
    """``l1 * sum |w| + l2 * sum w²`` (Zou and Hastie, 2005); Keras' ``L1L2``.

    Args:
        l1: Strength of the first part.
        l2: Strength of the second part.
        proximal: Whether the first part is a proximal step, as in :class:`L1`.

    Raises:
        ValueError: If a strength is negative or not finite.

    Example:
        >>> from tilegrad import nn
        >>> nn.Dense(8, 4, regularizer=nn.ElasticNet(l1=1e-4, l2=1e-3)).weight.regularizer
        ElasticNet(l1=0.0001, l2=0.001, proximal=False)
    """

    l1: float = 0.01
    l2: float = 0.01
    proximal: bool = False

    def _check(self) -> None:
        check_number("ElasticNet", "l1", self.l1, "[0, inf)")
        check_number("ElasticNet", "l2", self.l2, "[0, inf)")
        check_flag("ElasticNet", "proximal", self.proximal)

    def penalty(self, parameter: Any, rows: int) -> Any:
        """``l1 * sum |w| + l2 * sum w²``; without the first part if that is a proximal step."""
        squares = self.l2 * (parameter * parameter).sum()
        return squares if self.proximal else squares + self.l1 * abs(parameter).sum()

    @property
    def shrinkage(self) -> float:
        """The strength of the first part, if its proximal step is taken."""
        return float(self.l1) if self.proximal else 0.0


def check_regularizer(function: str, regularizer: Any) -> Regularizer | None:
    """The regulariser, if it is one or none."""
    if regularizer is None or isinstance(regularizer, Regularizer):
        return regularizer
    hint = "; create it, with parentheses" if isinstance(regularizer, type) else ""
    raise TypeError(f"{function}: expected `regularizer` such as nn.L2(1e-4), or None, got {regularizer!r}{hint}")

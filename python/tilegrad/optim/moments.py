"""Adam and its kin: momentum, divided by the root of a running mean of squares."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import Optimizer


class Adam(Optimizer):
    r"""Momentum and a running root mean square, both corrected for their start at zero (Kingma and Ba, 2015).

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g²``,
    ``w = w - learning_rate * m̂ / (sqrt(v̂) + epsilon)`` with ``m̂ = m / (1 - beta1^t)`` and ``v̂ = v / (1 -
    beta2^t)``. For weight decay take :class:`AdamW`.

    Args:
        learning_rate: Size of a step: about how far each weight moves.
        betas: Shares of ``m`` and ``v`` that are kept.
        epsilon: Keeps the divisor from zero; 1e-8 as in the paper and PyTorch, Keras takes 1e-7.
        epsilon_mode: ``"outside"`` the root (paper, PyTorch), ``"inside"`` it, or ``"hat"``: outside, before the
            correction of ``v`` (Keras, scikit-learn).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adam(learning_rate=0.1, epsilon=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.909091])
    """

    name: ClassVar[str] = "adam"
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_mode: str = "outside"


class AdamW(Adam):
    r"""Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    As :class:`Adam`, but the weights shrink on their own: ``w = w - learning_rate * weight_decay * w`` beside each
    step.

    Args:
        learning_rate: Size of a step.
        betas: Shares of ``m`` and ``v`` that are kept.
        epsilon: Keeps the divisor from zero.
        epsilon_mode: As in :class:`Adam`.
        weight_decay: Share of each weight that a step takes away, times the learning rate; 0.01 as in PyTorch (Keras
            0.004, optax 1e-4).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.AdamW(learning_rate=0.1, weight_decay=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.89])
    """

    name: ClassVar[str] = "adamw"
    weight_decay: float = 0.01

"""Rules that divide each step by gathered squares of the gradient: RMSprop, Adagrad."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import Optimizer


class RMSprop(Optimizer):
    r"""Divides by a running root mean square of the gradient (Tieleman and Hinton, 2012).

    ``s = decay * s + (1 - decay) * g²``, ``w = w - learning_rate * g / sqrt(s + epsilon)``.

    Args:
        learning_rate: Size of a step.
        decay: Share of ``s`` that is kept; Keras and optax take 0.9 as we do, PyTorch 0.99.
        epsilon: Keeps the divisor from zero.
        epsilon_mode: ``"inside"`` the root (Keras, optax) or ``"outside"`` (PyTorch).
        weight_decay: Adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.RMSprop(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.683772])
    """

    name: ClassVar[str] = "rmsprop"
    learning_rate: float = 1e-3
    decay: float = 0.9
    epsilon: float = 1e-8
    epsilon_mode: str = "inside"
    weight_decay: float = 0.0


class Adagrad(Optimizer):
    r"""Divides by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer, 2011).

    ``s = s + g²``, ``w = w - learning_rate * g / (sqrt(s) + epsilon)``. Follows PyTorch; Keras and optax start ``s`` at
    0.1.

    Args:
        learning_rate: Size of a step.
        initial_accumulator: Where ``s`` starts.
        epsilon: Keeps the divisor from zero.
        epsilon_mode: ``"outside"`` the root (PyTorch) or ``"inside"`` (Keras, optax).
        weight_decay: Adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adagrad(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.9])
    """

    name: ClassVar[str] = "adagrad"
    learning_rate: float = 0.01
    initial_accumulator: float = 0.0
    epsilon: float = 1e-10
    epsilon_mode: str = "outside"
    weight_decay: float = 0.0

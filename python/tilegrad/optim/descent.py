"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import Optimizer


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if asked for.

    Without momentum ``w = w - learning_rate * g``. With it, a speed ``v`` (from zero) is kept:

    * ``"heavy-ball"`` (PyTorch): ``v = momentum * v + g``, ``w = w - learning_rate * v``
    * ``"ema"`` (textbooks): ``v = momentum * v + (1 - momentum) * g``, ``w = w - learning_rate * v``
    * ``"keras"`` (Keras, scikit-learn): ``v = momentum * v - learning_rate * g``, ``w = w + v``; a changed learning
      rate leaves the speed as it was.

    Args:
        learning_rate: Size of a step. Keras' default is 0.01 as well, PyTorch's 0.001.
        momentum: Share of the speed that is kept, in [0, 1).
        momentum_style: Which of the three forms.
        nesterov: Looks ahead along the speed (Nesterov, 1983).
        weight_decay: Adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.SGD(learning_rate=0.1).step([w], [w.copy()])
        >>> w
        array([0.9])
    """

    name: ClassVar[str] = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.0
    momentum_style: str = "heavy-ball"
    nesterov: bool = False
    weight_decay: float = 0.0

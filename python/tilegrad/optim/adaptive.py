"""Rules that divide each step by gathered squares of the gradient: RMSprop, Adagrad, Adadelta."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import DECOUPLED, Optimizer, Styles


class RMSprop(Optimizer):
    r"""Divides by a running root mean square of the gradient (Tieleman and Hinton, 2012).

    ``s = decay * s + (1 - decay) * g²``, ``w = w - learning_rate * g / sqrt(s + epsilon)``, without bias correction: the
    first step is ``1 / sqrt(1 - decay)`` times the learning rate.

    Args:
        learning_rate: Size of a step; PyTorch takes 0.01.
        decay: Share of ``s`` that is kept; Keras and optax take 0.9 as we do, PyTorch 0.99.
        epsilon: Keeps the divisor from zero; Keras takes 1e-7.
        epsilon_mode: ``"inside"`` the root (Keras, optax) or ``"outside"`` (PyTorch).
        weight_decay: How strongly weights are pulled towards zero.
        centered: Takes the square of a running mean of the gradient from ``s``, so that the deviation divides (Graves,
            2013).
        momentum: Share of a speed that is kept, which the divided gradient drives; 0 is none.
        momentum_style: How it drives it, as in :class:`SGD`: ``"heavy-ball"`` (PyTorch), ``"ema"``, or ``"keras"`` (Keras,
            optax).
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras).

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
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"learning_rate": 0.01, "decay": 0.99, "epsilon_mode": "outside"},
        "keras": {"epsilon": 1e-7, "momentum_style": "keras", **DECOUPLED},
        "optax": {"momentum_style": "keras"},
    }
    learning_rate: float = 1e-3
    decay: float = 0.9
    epsilon: float = 1e-8
    epsilon_mode: str = "inside"
    weight_decay: float = 0.0
    centered: bool = False
    momentum: float = 0.0
    momentum_style: str = "heavy-ball"
    weight_decay_style: str = "coupled"


class Adagrad(Optimizer):
    r"""Divides by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer, 2011).

    ``s = s + g²``, ``w = w - learning_rate * g / (sqrt(s) + epsilon)``. Follows PyTorch; Keras and optax start ``s`` at
    0.1, with epsilon 1e-7 inside.

    Args:
        learning_rate: Size of a step; Keras takes 0.001.
        initial_accumulator: Where ``s`` starts.
        epsilon: Keeps the divisor from zero.
        epsilon_mode: ``"outside"`` the root (PyTorch) or ``"inside"`` (Keras, optax).
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adagrad(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.9])
    """

    name: ClassVar[str] = "adagrad"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {
            "learning_rate": 1e-3, "initial_accumulator": 0.1, "epsilon": 1e-7, "epsilon_mode": "inside", **DECOUPLED,
        },
        "optax": {"initial_accumulator": 0.1, "epsilon": 1e-7, "epsilon_mode": "inside"},
    }  # fmt: skip
    learning_rate: float = 0.01
    initial_accumulator: float = 0.0
    epsilon: float = 1e-10
    epsilon_mode: str = "outside"
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"


class Adadelta(Optimizer):
    r"""Steps as large as steps lately were, relative to how large gradients lately were (Zeiler, 2012).

    ``s = decay * s + (1 - decay) * g²``, ``d = sqrt(u + epsilon) / sqrt(s + epsilon) * g``,
    ``u = decay * u + (1 - decay) * d²``, ``w = w - learning_rate * d``; both averages start at zero, so the first steps are
    about ``sqrt(epsilon)``.

    Args:
        learning_rate: Factor of a step; 1 as in the paper, which has none, and in PyTorch. Keras takes 0.001.
        decay: Share of both averages that is kept; 0.95 as in the paper and Keras, PyTorch and optax take 0.9.
        epsilon: Gets the first steps going; 1e-6 as in the paper, PyTorch and optax, Keras takes 1e-7.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch, optax), ``"decoupled"``
            shrinks the weight itself by ``learning_rate * weight_decay`` (Keras).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adadelta().step([w], [w.copy()])
        >>> w.round(6)
        array([0.995528])
    """

    name: ClassVar[str] = "adadelta"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"decay": 0.9},
        "keras": {"learning_rate": 1e-3, "epsilon": 1e-7, **DECOUPLED},
        "optax": {"decay": 0.9},
    }
    learning_rate: float = 1.0
    decay: float = 0.95
    epsilon: float = 1e-6
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"

"""Relatives of Adam that divide by something else than squared gradients: Adamax, AdaBelief, Adan."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import DECOUPLED, Optimizer, Styles


class Adamax(Optimizer):
    r"""Adam that divides by the largest gradient lately (Kingma and Ba, 2015, section 7).

    ``m = beta1 * m + (1 - beta1) * g``, ``u = max(beta2 * u, |g| + epsilon)``,
    ``w = w - learning_rate / (1 - beta1^t) * m / u``. It squares nothing, so it takes gradients of any size.

    Args:
        learning_rate: Size of a step; 0.002 as in the paper and PyTorch, Keras takes 0.001.
        betas: What ``m`` keeps, and what ``u`` keeps of itself.
        epsilon: Keeps the divisor from zero; Keras takes 1e-7.
        epsilon_mode: ``"inside"`` the maximum (PyTorch, optax), or ``"outside"``: ``m / (u + epsilon)`` (Keras).
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adamax(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.9])
    """

    name: ClassVar[str] = "adamax"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"learning_rate": 1e-3, "epsilon": 1e-7, "epsilon_mode": "outside", **DECOUPLED},
        "optax": DECOUPLED,
    }
    learning_rate: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_mode: str = "inside"
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"


class AdaBelief(Optimizer):
    r"""Adam that strides where gradients agree: it divides by how far they are from their mean (Zhuang et al., 2020).

    ``m = beta1 * m + (1 - beta1) * g``, ``s = beta2 * s + (1 - beta2) * (g - m)² + epsilon``, both corrected for their start
    at zero; ``w = w - learning_rate * m̂ / (sqrt(ŝ) + epsilon)``.

    Args:
        learning_rate: Size of a step.
        betas: Shares of ``m`` and ``s`` that are kept.
        epsilon: Keeps ``s`` and the divisor from zero; 1e-16 as in optax.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"decoupled"`` shrinks the weight itself by ``learning_rate * weight_decay``, ``"coupled"``
            adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.AdaBelief(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.888889])
    """

    name: ClassVar[str] = "adabelief"
    styles: ClassVar[Styles] = {"paper": {"epsilon": 1e-8}, "optax": {}}
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-16
    weight_decay: float = 0.0
    weight_decay_style: str = "decoupled"


class Adan(Optimizer):
    r"""Adam with a momentum of its own for how gradients change from step to step (Xie et al., 2022).

    With ``d = g - previous g`` (0 at first): ``m = beta1 * m + (1 - beta1) * g``, ``n = beta2 * n + (1 - beta2) * d``,
    ``s = beta3 * s + (1 - beta3) * (g + beta2 * d)²``, corrected for their start at zero;
    ``w = w - learning_rate * (m̂ + beta2 * n̂) / (sqrt(ŝ) + epsilon)``. This is the authors' code; optax has
    ``1 - beta2`` before ``d`` and ``n̂``. Four arrays are kept beside each weight.

    Args:
        learning_rate: Size of a step.
        betas: Shares of ``m``, ``n`` and ``s`` that are kept.
        epsilon: Keeps the divisor from zero.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"decoupled"`` shrinks the weight itself by ``learning_rate * weight_decay``, ``"coupled"``
            adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Adan(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.9])
    """

    name: ClassVar[str] = "adan"
    styles: ClassVar[Styles] = {"paper": {}}
    learning_rate: float = 1e-3
    betas: tuple[float, float, float] = (0.98, 0.92, 0.99)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    weight_decay_style: str = "decoupled"

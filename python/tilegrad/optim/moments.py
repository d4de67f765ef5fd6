"""Adam and its kin: momentum, divided by the root of a running mean of squares."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import DECOUPLED, Optimizer, Styles


class Adam(Optimizer):
    r"""Momentum and a running root mean square, both corrected for their start at zero (Kingma and Ba, 2015).

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g²``,
    ``w = w - learning_rate * m̂ / (sqrt(v̂) + epsilon)`` with ``m̂ = m / (1 - beta1^t)`` and ``v̂ = v / (1 -
    beta2^t)``. The first step is the learning rate, whatever the gradient's scale. For decoupled decay take
    :class:`AdamW`.

    Args:
        learning_rate: Size of a step: about how far each weight moves.
        betas: Shares of ``m`` and ``v`` that are kept.
        epsilon: Keeps the divisor from zero; 1e-8 as in the paper and PyTorch, Keras takes 1e-7.
        epsilon_mode: ``"outside"`` the root (paper, PyTorch, optax), ``"inside"`` it, or ``"hat"``: outside, before the
            correction of ``v`` (Keras, scikit-learn).
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras).
        amsgrad: The largest ``v`` so far stands for ``v`` (AMSGrad: Reddi, Kale and Kumar, 2018).
        amsgrad_mode: The largest before bias correction, ``"raw"`` (PyTorch, Keras), or after it, ``"corrected"`` (optax).

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
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"epsilon": 1e-7, "epsilon_mode": "hat", **DECOUPLED},
        "optax": {"amsgrad_mode": "corrected", **DECOUPLED},
        "sklearn": {"epsilon_mode": "hat"},
    }
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_mode: str = "outside"
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"
    amsgrad: bool = False
    amsgrad_mode: str = "raw"


class AdamW(Optimizer):
    r"""Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    As :class:`Adam`, but the weights shrink on their own: ``w = w - learning_rate * weight_decay * w`` beside each
    step. (The paper's decay is that product without the learning rate.)

    Args:
        learning_rate: Size of a step.
        betas: Shares of ``m`` and ``v`` that are kept.
        epsilon: Keeps the divisor from zero; Keras takes 1e-7.
        epsilon_mode: As in :class:`Adam`.
        weight_decay: Share of each weight that a step takes away, times the learning rate; 0.01 as in PyTorch (Keras
            0.004, optax 1e-4).
        amsgrad: As in :class:`Adam`.
        amsgrad_mode: As in :class:`Adam`.

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
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"epsilon": 1e-7, "epsilon_mode": "hat", "weight_decay": 0.004},
        "optax": {"weight_decay": 1e-4, "amsgrad_mode": "corrected"},
    }
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_mode: str = "outside"
    weight_decay: float = 0.01
    amsgrad: bool = False
    amsgrad_mode: str = "raw"


class NAdam(Optimizer):
    r"""Adam that looks a step ahead along its momentum, which is warmed up (Dozat, 2016).

    With ``m`` and ``v̂`` of :class:`Adam`, ``p(t) = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay))`` and
    ``P(t) = p(1) ... p(t)``: ``w = w - learning_rate * m̂ / (sqrt(v̂) + epsilon)`` with
    ``m̂ = p(t+1) * m / (1 - P(t+1)) + (1 - p(t)) * g / (1 - P(t))``.

    Args:
        learning_rate: Size of a step; 0.002 as in PyTorch, Keras takes 0.001.
        betas: Shares of ``m`` and ``v`` that are kept; the first is the momentum at last.
        epsilon: Keeps the divisor from zero; Keras takes 1e-7.
        momentum_decay: How fast the momentum rises from half of it; 0.004 as in the paper and PyTorch, Keras takes 1, and
            optax has a constant momentum, which any large number gives.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras, optax).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.NAdam(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.894355])
    """

    name: ClassVar[str] = "nadam"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"learning_rate": 1e-3, "epsilon": 1e-7, "momentum_decay": 1.0, **DECOUPLED},
        # 0.96 to the power of this is nothing beside one.
        "optax": {"momentum_decay": 1e4, **DECOUPLED},
    }
    learning_rate: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"


class RAdam(Optimizer):
    r"""Adam whose first steps are momentum alone, until the second moment can be relied on (Liu et al., 2020).

    With ``m̂`` and ``v̂`` of :class:`Adam`, ``r = 2 / (1 - beta2) - 1`` and ``q = r - 2 t beta2^t / (1 - beta2^t)``: once
    ``q`` is above ``rectify_above``, ``w = w - learning_rate * f * m̂ / (sqrt(v̂) + epsilon)`` with
    ``f² = (q - 4) (q - 2) r / ((r - 4) (r - 2) q)``; before, ``w = w - learning_rate * m̂``.

    Args:
        learning_rate: Size of a step.
        betas: Shares of ``m`` and ``v`` that are kept.
        epsilon: Keeps the divisor from zero.
        epsilon_mode: As in :class:`Adam`: ``"outside"`` (optax), ``"inside"``, ``"hat"`` (PyTorch).
        rectify_above: How many gradients ``v`` must stand for; 5 as in PyTorch and optax, 4 in the paper.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay``.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.RAdam(learning_rate=0.1).step([w], [w.copy()])
        >>> w.round(6)
        array([0.9])
    """

    name: ClassVar[str] = "radam"
    styles: ClassVar[Styles] = {
        "paper": {"rectify_above": 4.0},
        "torch": {"epsilon_mode": "hat"},
        "optax": DECOUPLED,
    }
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    epsilon_mode: str = "outside"
    rectify_above: float = 5.0
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"


class ScheduleFreeAdamW(Optimizer):
    r"""AdamW that needs no schedule, since it evaluates with the average of its steps (Defazio et al., 2024).

    ``z`` takes the steps, ``x`` is their average, and gradients are taken at ``y = (1 - beta1) * z + beta1 * x``, which is
    the weight that is trained. ``z = z - r * (g / (sqrt(v̂) + epsilon) + weight_decay * y)``, ``x = (1 - c) * x + c * z``
    with ``r`` the learning rate, warmed up, and ``v̂`` of :class:`Adam`; without warm-up ``c = 1 / t``.
    :meth:`Optimizer.evaluation_weights` gives ``x``; a trainer evaluates and predicts with it.

    Args:
        learning_rate: Size of a step; 0.0025 as in the authors' code, Keras and optax.
        betas: Share of the average in the point where gradients are taken, above 0, and share of ``v`` that is kept.
        epsilon: Keeps the divisor from zero.
        weight_decay: How strongly weights are pulled towards zero.
        warmup_steps: Steps until the learning rate is reached. (optax' own warm-up is one step behind.)
        averaging: With warm-up, points count by the square of it, ``"weighted"`` (authors, optax), or all alike,
            ``"uniform"`` (Keras). A learning rate that is changed later does not change how they count.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w, optimizer = np.array([1.0]), optim.ScheduleFreeAdamW(learning_rate=0.1)
        >>> for _ in range(2):
        ...     optimizer.step([w], [w.copy()])
        >>> w.round(6), optimizer.evaluation_weights([w])[0].round(6)
        (array([0.847965]), array([0.852696]))
    """

    name: ClassVar[str] = "schedule_free_adamw"
    styles: ClassVar[Styles] = {"paper": {}, "keras": {"averaging": "uniform"}, "optax": {}}
    learning_rate: float = 0.0025
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    warmup_steps: float = 0.0
    averaging: str = "weighted"

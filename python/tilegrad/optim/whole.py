"""Rules that look at a whole tensor: steps as long as the weights, factored moments, orthogonal steps."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import Optimizer, Styles


class LAMB(Optimizer):
    r"""Adam's direction, with each tensor's step as long as its weights say (You et al., 2019): for large batches.

    ``r = m̂ / (sqrt(v̂) + epsilon) + weight_decay * w`` with the moments of :class:`Adam`, then
    ``w = w - learning_rate * |w| / |r| * r`` with the norms of the whole tensor; 1 for their ratio where one is zero.

    Args:
        learning_rate: Share of its length that a tensor moves in a step.
        betas: Shares of the moments that are kept.
        epsilon: Keeps the divisor from zero; 1e-6 as in the paper and optax.
        weight_decay: Share of the weight that is added to the direction.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([3.0, 4.0])
        >>> optim.LAMB(learning_rate=0.1).step([w], [np.array([1.0, 1.0])])
        >>> w.round(6)
        array([2.646447, 3.646447])
    """

    name: ClassVar[str] = "lamb"
    styles: ClassVar[Styles] = {"paper": {}, "optax": {}, "keras": {"epsilon": 1e-7}}
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-6
    weight_decay: float = 0.0


class LARS(Optimizer):
    r"""Descent with momentum, each tensor's gradient brought to a share of the length of its weights (You et al., 2017).

    With ``d = g + weight_decay * w``: ``v = momentum * v + learning_rate * trust * |w| / |d| * d``, ``w = w - v``, with the
    norms of the whole tensor. Follows optax; the paper divides by ``|g| + weight_decay * |w|``. Biases are usually left to
    another rule: see :class:`Groups`.

    Args:
        learning_rate: Size of a step, of the share that ``trust`` allows.
        momentum: Share of the velocity that is kept.
        trust: Share of its length that a tensor moves at rate 1.
        weight_decay: Adds ``weight_decay * w`` to the gradient.
        nesterov: Looks ahead along the velocity.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([3.0, 4.0])
        >>> optim.LARS(learning_rate=1.0, trust=0.1).step([w], [np.array([0.0, 8.0])])
        >>> w.round(6)
        array([3. , 3.5])
    """

    name: ClassVar[str] = "lars"
    styles: ClassVar[Styles] = {"paper": {}, "optax": {}}
    learning_rate: float = 1.0
    momentum: float = 0.9
    trust: float = 1e-3
    weight_decay: float = 0.0
    nesterov: bool = False


class Adafactor(Optimizer):
    r"""Divides by a second moment that a matrix keeps for rows and columns only (Shazeer and Stern, 2018).

    With ``d = t^decay_exponent``, ``R`` and ``C`` move by ``d`` towards the mean square of the gradient in each row and
    column, and ``s = R C / mean(R)``; a vector keeps ``s`` itself. ``u = g / sqrt(s)`` is divided by
    ``max(1, rms(u) / clip_threshold)``, and ``w = w - max(smallest_scale, rms(w)) * min(learning_rate, 1 / sqrt(t)) * u``.
    Follows PyTorch; all axes but the last count as rows.

    Args:
        learning_rate: Largest step, relative to the size of the weights.
        decay_exponent: From -1 to below 0; how fast the share of a new gradient falls.
        epsilon: Smallest root of the second moment; PyTorch has the epsilon of the dtype.
        smallest_scale: Smallest size of the weights that a step is relative to.
        clip_threshold: Root mean square of ``u`` from which on it is scaled down.
        weight_decay: Share of each weight that a step takes away, times the learning rate.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.ones((2, 2))
        >>> optim.Adafactor(learning_rate=0.1).step([w], [np.array([[1.0, 1.0], [4.0, 4.0]])])
        >>> w.round(6)
        array([[0.9, 0.9],
               [0.9, 0.9]])
    """

    name: ClassVar[str] = "adafactor"
    styles: ClassVar[Styles] = {"torch": {}, "paper": {}}
    learning_rate: float = 0.01
    decay_exponent: float = -0.8
    epsilon: float = 1e-15
    smallest_scale: float = 1e-3
    clip_threshold: float = 1.0
    weight_decay: float = 0.0


class Muon(Optimizer):
    r"""Matrices move along their momentum with all singular values brought near one (Jordan et al., 2024).

    ``m = momentum * m + (1 - momentum) * g``; the step's direction, ``m`` or the next one with ``nesterov``, goes
    ``iterations`` times through ``X = 3.4445 X - 4.775 (X Xᵀ) X + 2.0315 (X Xᵀ)² X`` and moves the weight by
    ``learning_rate`` times its adjustment. Vectors take the step of :class:`AdamW` with the same rate and decay, as in Keras
    and optax; PyTorch leaves them to another optimizer. All axes but the last count as rows.

    Args:
        learning_rate: Size of a step: about how far each singular value moves.
        momentum: Share of a matrix' momentum that is kept.
        weight_decay: Share of each weight that a step takes away, times the learning rate; 0.1 as in PyTorch.
        epsilon: Smallest norm that a matrix is divided by.
        iterations: How often singular values are brought nearer one.
        betas: Shares of the moments of vectors that are kept.
        nesterov: Looks one step ahead.
        adjustment: ``"original"``, ``sqrt(max(1, outputs / inputs))``, or ``"match-adamw"``, ``0.2 sqrt(max(inputs,
            outputs))`` (Liu et al., 2025). Dense weights are (inputs, outputs).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.zeros((2, 2))
        >>> optim.Muon(learning_rate=0.1).step([w], [np.diag([5.0, 4.0])])
        >>> bool((np.abs(np.diag(w) + 0.1) < 0.05).all())
        True
    """

    name: ClassVar[str] = "muon"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "optax": {"weight_decay": 0.0, "epsilon": 1e-8},
    }
    learning_rate: float = 1e-3
    momentum: float = 0.95
    weight_decay: float = 0.1
    epsilon: float = 1e-7
    iterations: float = 5.0
    betas: tuple[float, float] = (0.9, 0.999)
    nesterov: bool = True
    adjustment: str = "original"

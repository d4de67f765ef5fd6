"""Gradient descent: plain, with momentum, averaged, and by signs alone."""

from __future__ import annotations

from typing import ClassVar

from tilegrad.optim.base import DECOUPLED, Optimizer, Styles


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if asked for.

    Without momentum ``w = w - learning_rate * g``. With it, a speed ``v`` (from zero) is kept:

    * ``"heavy-ball"`` (PyTorch): ``v = momentum * v + g``, ``w = w - learning_rate * v``
    * ``"ema"`` (textbooks): ``v = momentum * v + (1 - momentum) * g``, ``w = w - learning_rate * v``
    * ``"keras"`` (Keras, scikit-learn): ``v = momentum * v - learning_rate * g``, ``w = w + v``; a changed learning
      rate leaves the speed as it was.

    Args:
        learning_rate: Size of a step. Keras' default is 0.01 as well, PyTorch's and scikit-learn's 0.001.
        momentum: Share of the speed that is kept, in [0, 1); scikit-learn takes 0.9.
        momentum_style: Which of the three forms.
        nesterov: Looks ahead along the speed (Nesterov, 1983); scikit-learn does.
        weight_decay: How strongly weights are pulled towards zero.
        weight_decay_style: ``"coupled"`` adds ``weight_decay * w`` to the gradient (PyTorch), ``"decoupled"`` shrinks the
            weight itself by ``learning_rate * weight_decay`` (Keras). scikit-learn's ``alpha`` is coupled, divided by the
            rows of a batch, and leaves biases alone.

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
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"learning_rate": 1e-3},
        "keras": {"momentum_style": "keras", **DECOUPLED},
        "optax": {},
        "sklearn": {"learning_rate": 1e-3, "momentum": 0.9, "momentum_style": "keras", "nesterov": True},
    }
    learning_rate: float = 0.01
    momentum: float = 0.0
    momentum_style: str = "heavy-ball"
    nesterov: bool = False
    weight_decay: float = 0.0
    weight_decay_style: str = "coupled"


class ASGD(Optimizer):
    r"""Gradient descent with falling steps, evaluated with the average of its weights (Polyak and Juditsky, 1992).

    In step ``t``, with ``r = learning_rate / (1 + shrink * learning_rate * (t - 1))^power``:
    ``w = (1 - shrink * r) * w - r * g``; the average is that of all weights after ``average_from`` steps, until then the
    weight itself. :meth:`Optimizer.evaluation_weights` gives it; a trainer evaluates and predicts with it.

    Args:
        learning_rate: Size of the first step.
        shrink: How fast steps fall and weights shrink, PyTorch's ``lambd``; the paper does not shrink weights: 0.
        power: How steeply steps fall, PyTorch's ``alpha``.
        average_from: Steps before averaging begins, PyTorch's ``t0``; the paper's is 0.
        weight_decay: Adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w, optimizer = np.array([1.0]), optim.ASGD(learning_rate=0.5, style="paper")
        >>> for _ in range(3):
        ...     optimizer.step([w], [w.copy()])
        >>> w, optimizer.evaluation_weights([w])[0]
        (array([0.125]), array([0.1875]))
    """

    name: ClassVar[str] = "asgd"
    styles: ClassVar[Styles] = {"paper": {"shrink": 0.0, "average_from": 0.0}, "torch": {}}
    learning_rate: float = 0.01
    shrink: float = 1e-4
    power: float = 0.75
    average_from: float = 1e6
    weight_decay: float = 0.0


class Lion(Optimizer):
    r"""Moves every weight by the same step, against the sign of a momentum (Chen et al., 2023).

    ``w = w - learning_rate * sign(beta1 * m + (1 - beta1) * g)``, then ``m = beta2 * m + (1 - beta2) * g``, from zero. Take
    a learning rate three to ten times smaller than for Adam, and a decay as many times larger.

    Args:
        learning_rate: How far each weight moves; 1e-4 as in the paper, Keras takes 1e-3.
        betas: Share of the momentum in the step, and what the momentum keeps.
        weight_decay: How strongly weights are pulled towards zero; optax takes 1e-3.
        weight_decay_style: ``"decoupled"`` shrinks the weight itself by ``learning_rate * weight_decay`` (paper),
            ``"coupled"`` adds ``weight_decay * w`` to the gradient.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w = np.array([1.0])
        >>> optim.Lion(learning_rate=0.1).step([w], [w.copy()])
        >>> w
        array([0.9])
    """

    name: ClassVar[str] = "lion"
    styles: ClassVar[Styles] = {"paper": {}, "keras": {"learning_rate": 1e-3}, "optax": {"weight_decay": 1e-3}}
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    weight_decay_style: str = "decoupled"


class Rprop(Optimizer):
    r"""Gives each weight a step size of its own, by signs alone (Riedmiller and Braun, 1993). For full batches.

    A size grows by ``increase`` while the sign of the gradient stays, and falls by ``decrease`` when it changes; then the
    weight rests for a step. ``w = w - size * sign(g)``. This is the form of Igel and Hüsken (2000), as in PyTorch; optax takes each
    step one call later.

    Args:
        learning_rate: Size of the first step; it counts before that only. PyTorch starts at 0.01, the paper at 0.0125.
        decrease: Factor after a change of sign.
        increase: Factor while the sign stays.
        smallest_step: Smallest size.
        largest_step: Largest size.

    Raises:
        ValueError: If a hyperparameter is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> w, optimizer = np.array([1.0]), optim.Rprop(learning_rate=0.1)
        >>> for _ in range(2):
        ...     optimizer.step([w], [w.copy()])
        >>> w
        array([0.78])
    """

    name: ClassVar[str] = "rprop"
    styles: ClassVar[Styles] = {"paper": {"learning_rate": 0.0125, "smallest_step": 0.0}, "torch": {}}
    learning_rate: float = 0.01
    decrease: float = 0.5
    increase: float = 1.2
    smallest_step: float = 1e-6
    largest_step: float = 50.0

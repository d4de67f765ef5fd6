# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""The rules that turn a gradient into a step."""

from __future__ import annotations

from typing import ClassVar, Literal

from tilegrad.optim._arguments import Number, number
from tilegrad.optim.base import Optimizer, Styles

__all__ = [
    "ASGD",
    "LAMB",
    "LARS",
    "SGD",
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Lion",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked for (Robbins and Monro, 1951; Polyak, 1964).

    Without momentum, `weight = weight - learning_rate * gradient`. With momentum `m`, the gradient `g` enters a
    velocity `v`, which starts at zero:

    - `"heavy-ball"` (PyTorch, optax): `v = m v + g`, `weight = weight - learning_rate * v`
    - `"ema"` (textbooks): `v = m v + (1 - m) g`, `weight = weight - learning_rate * v`
    - `"keras"` (Keras, scikit-learn): `v = m v - learning_rate * g`, `weight = weight + v`; a changed learning
      rate leaves the velocity as it was.

    With `nesterov` the weight moves not by `v` but by the next velocity under the same gradient, such as `m v + g`;
    it needs a momentum above 0 (Nesterov, 1983, in the form of Sutskever et al., 2013). Slot: `velocity`
    with momentum.

    Args:
        learning_rate: Size of a step. The default is that of Keras; PyTorch and scikit-learn use 0.001. In [0, inf).
        momentum: Share of the velocity that is kept; 0 is plain descent, scikit-learn uses 0.9. In [0, 1).
        momentum_style: How the gradient enters the velocity. "heavy-ball": `v = m v + g; w = w - r v` (PyTorch, optax).
            "ema": `v = m v + (1 - m) g; w = w - r v`: an exponential moving average, as textbooks write it. "keras": `v
            = m v - r g; w = w + v` (Keras, scikit-learn): an old speed survives a change of the learning rate.
        nesterov: Whether to look one step ahead along the velocity; scikit-learn does.
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. scikit-learn's `alpha` is coupled, divided by the
            number of rows in the batch, and does not affect biases. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.SGD(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.8]
    """

    name: ClassVar[str] = "sgd"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"learning_rate": 0.001},
        "keras": {"momentum_style": "keras", "weight_decay_style": "decoupled"},
        "optax": {},
        "sklearn": {"learning_rate": 0.001, "momentum": 0.9, "momentum_style": "keras", "nesterov": True},
    }
    learning_rate: Number = number(default=0.01)
    momentum: Number = number(default=0.0)
    momentum_style: Literal["heavy-ball", "ema", "keras"] = "heavy-ball"
    nesterov: bool = False
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class ASGD(Optimizer):
    """Gradient descent with decreasing steps, evaluated with the average of its weights (Polyak and Juditsky, 1992).

    In step `t`, with `r = learning_rate / (1 + shrink * learning_rate * (t - 1))^power` (Xu, 2011): `weight = (1
    - shrink * r) * weight - r * gradient`, and `average = average + (weight - average) / max(1, t - 1 -
    average_from)`: until `average_from` steps the average is the weight itself. The average is the weight to
    evaluate with. The defaults are PyTorch's. Slot: `mean_weight`.

    Args:
        learning_rate: Size of the first step. In [0, inf).
        shrink: How fast steps decrease and weights shrink, PyTorch's `lambd`; the paper does not shrink weights: 0. In
            [0, inf).
        power: How steeply steps decrease, PyTorch's `alpha`. In [0, inf).
        average_from: Steps before averaging begins, PyTorch's `t0`; 0 in the paper. In [0, inf).
        weight_decay: Added to the gradient, times the weight (an L2 penalty). In [0, inf).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.ASGD(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.89999, -1.79998]
    """

    name: ClassVar[str] = "asgd"
    styles: ClassVar[Styles] = {"paper": {"shrink": 0.0, "average_from": 0.0}, "torch": {}}
    learning_rate: Number = number(default=0.01)
    shrink: Number = number(default=0.0001)
    power: Number = number(default=0.75)
    average_from: Number = number(default=1000000.0)
    weight_decay: Number = number(default=0.0)


class RMSprop(Optimizer):
    """Divides by a running root mean square of the gradient (Tieleman and Hinton, 2012, lecture 6e).

    `s = decay * s + (1 - decay) * gradient^2`, `weight = weight - learning_rate * gradient / sqrt(s + epsilon)`,
    from zero and without bias correction: the first step is `1 / sqrt(1 - decay)` times the learning rate. With
    `momentum` the divided gradients drive a velocity, as in :class:`SGD`. Slots: `mean_square`, `mean_gradient` if
    centred, `velocity` with momentum.

    Args:
        learning_rate: Size of a step; PyTorch uses 0.01. In [0, inf).
        decay: Share of `s` that is kept; 0.9 as in Keras and optax, PyTorch uses 0.99. In [0, 1).
        epsilon: Keeps the divisor away from zero; Keras uses 1e-7. In [1e-30, inf).
        epsilon_mode: Where epsilon is added: inside the root (Keras, optax) or outside it (PyTorch). "outside": `g /
            (sqrt(s) + epsilon)`, `s` after bias correction where there is one. "inside": `g / sqrt(s + epsilon)`, `s`
            after bias correction where there is one.
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        centered: Whether to subtract the square of a running mean of the gradient from `s`, so as to divide by the
            standard deviation (Graves, 2013).
        momentum: Share of the velocity that is kept, which the divided gradient drives; 0 means no velocity. In [0, 1).
        momentum_style: How the divided gradient enters the velocity, as in `sgd`; PyTorch uses `"heavy-ball"`, Keras
            and optax `"keras"`. "heavy-ball": `v = m v + g; w = w - r v` (PyTorch, optax). "ema": `v = m v + (1 - m) g;
            w = w - r v`: an exponential moving average, as textbooks write it. "keras": `v = m v - r g; w = w + v`
            (Keras, scikit-learn): an old speed survives a change of the learning rate.
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.RMSprop(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.683772, -1.683772]
    """

    name: ClassVar[str] = "rmsprop"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"learning_rate": 0.01, "decay": 0.99, "epsilon_mode": "outside"},
        "keras": {"epsilon": 1e-07, "momentum_style": "keras", "weight_decay_style": "decoupled"},
        "optax": {"momentum_style": "keras"},
    }
    learning_rate: Number = number(default=0.001)
    decay: Number = number(default=0.9)
    epsilon: Number = number(default=1e-08)
    epsilon_mode: Literal["outside", "inside"] = "inside"
    weight_decay: Number = number(default=0.0)
    centered: bool = False
    momentum: Number = number(default=0.0)
    momentum_style: Literal["heavy-ball", "ema", "keras"] = "heavy-ball"
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer, 2011).

    `s = s + gradient^2`, `weight = weight - learning_rate * gradient / (sqrt(s) + epsilon)`. Follows PyTorch;
    Keras and optax start `s` at 0.1, with epsilon 1e-7 inside the root. Slot: `sum_of_squares`.

    Args:
        learning_rate: Size of a step; Keras uses 0.001. In [0, inf).
        initial_accumulator: Initial value of `s`. In [0, inf).
        epsilon: Keeps the divisor away from zero. In [1e-30, inf).
        epsilon_mode: Where epsilon is added: outside the root (PyTorch) or inside it (Keras, optax). "outside": `g /
            (sqrt(s) + epsilon)`, `s` after bias correction where there is one. "inside": `g / sqrt(s + epsilon)`, `s`
            after bias correction where there is one.
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adagrad(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "adagrad"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {
            "learning_rate": 0.001,
            "initial_accumulator": 0.1,
            "epsilon": 1e-07,
            "epsilon_mode": "inside",
            "weight_decay_style": "decoupled",
        },
        "optax": {"initial_accumulator": 0.1, "epsilon": 1e-07, "epsilon_mode": "inside"},
    }
    learning_rate: Number = number(default=0.01)
    initial_accumulator: Number = number(default=0.0)
    epsilon: Number = number(default=1e-10)
    epsilon_mode: Literal["outside", "inside"] = "outside"
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class Adadelta(Optimizer):
    """Takes steps the size of recent steps, relative to the size of recent gradients (Zeiler, 2012).

    `s = decay * s + (1 - decay) * gradient^2`, `d = sqrt(u + epsilon) / sqrt(s + epsilon) * gradient`, `u = decay
    * u + (1 - decay) * d^2`, `weight = weight - learning_rate * d`; both averages start at zero, so the first
    steps are about `sqrt(epsilon)`. Slots: `mean_square` (`s`), `mean_square_step` (`u`).

    Args:
        learning_rate: Factor of a step; 1 as in PyTorch and in the paper, which has no such factor. Keras uses 0.001.
            In [0, inf).
        decay: Share of both averages that is kept; 0.95 as in the paper and Keras, PyTorch and optax use 0.9. In [0,
            1).
        epsilon: Gets the first steps going; 1e-6 as in the paper, PyTorch and optax, Keras uses 1e-7. In [1e-30, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero; optax does as PyTorch does. "coupled": The gradient has
            `weight_decay * weight` added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The
            weight is first multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW
            anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adadelta(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.999553, -1.999553]
    """

    name: ClassVar[str] = "adadelta"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {"decay": 0.9},
        "keras": {"learning_rate": 0.001, "epsilon": 1e-07, "weight_decay_style": "decoupled"},
        "optax": {"decay": 0.9},
    }
    learning_rate: Number = number(default=1.0)
    decay: Number = number(default=0.95)
    epsilon: Number = number(default=1e-06)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class Adam(Optimizer):
    """Momentum and a running root mean square, both corrected for starting at zero (Kingma and Ba, 2015).

    `m = beta1 * m + (1 - beta1) * gradient` and `v = beta2 * v + (1 - beta2) * gradient^2`; in step `t`, `mc = m
    / (1 - beta1^t)` and `vc = v / (1 - beta2^t)`; `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)`.
    The first step equals the learning rate, whatever the scale of the gradient. For decoupled decay use :class:`AdamW`.
    Slots: `first_moment`, `second_moment`, `largest_second_moment` with `amsgrad`.

    Args:
        learning_rate: Size of a step: about how far each weight moves. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the mean of squares `v` that
            is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero; 1e-8 as in the paper and PyTorch, Keras uses 1e-7. In [1e-30, inf).
        epsilon_mode: Where epsilon is added: outside the root (paper, PyTorch, optax), inside it, or outside before the
            correction of `v` (Keras, scikit-learn). "outside": `g / (sqrt(s) + epsilon)`, `s` after bias correction
            where there is one. "inside": `g / sqrt(s + epsilon)`, `s` after bias correction where there is one. "hat":
            `g / (sqrt(s) + epsilon)` with `s` *before* bias correction, corrected afterwards (Kingma and Ba's second
            form; Keras, scikit-learn).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).
        amsgrad: Whether to use the largest `v` so far instead of `v` (AMSGrad: Reddi, Kale and Kumar, 2018).
        amsgrad_mode: Which `v` is the largest so far. "raw": The one before bias correction, which is corrected
            afterwards (PyTorch, Keras). "corrected": The one after bias correction (optax).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adam(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "adam"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"epsilon": 1e-07, "epsilon_mode": "hat", "weight_decay_style": "decoupled"},
        "optax": {"amsgrad_mode": "corrected", "weight_decay_style": "decoupled"},
        "sklearn": {"epsilon_mode": "hat"},
    }
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    epsilon_mode: Literal["outside", "inside", "hat"] = "outside"
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"
    amsgrad: bool = False
    amsgrad_mode: Literal["raw", "corrected"] = "raw"


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    `weight = (1 - learning_rate * weight_decay) * weight`, then the step of :class:`Adam`, whose averages do not include
    the decay. (In the paper, the decay is that product without the learning rate.) Slots: those of :class:`Adam`.

    Args:
        learning_rate: Size of a step. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the mean of squares `v` that
            is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero; Keras uses 1e-7. In [1e-30, inf).
        epsilon_mode: Where epsilon is added, as in `adam`. "outside": `g / (sqrt(s) + epsilon)`, `s` after bias
            correction where there is one. "inside": `g / sqrt(s + epsilon)`, `s` after bias correction where there is
            one. "hat": `g / (sqrt(s) + epsilon)` with `s` *before* bias correction, corrected afterwards (Kingma and
            Ba's second form; Keras, scikit-learn).
        weight_decay: Share of each weight that a step removes, times the learning rate; 0.01 as in PyTorch (Keras
            0.004, optax 1e-4). In [0, inf).
        amsgrad: Whether to use the largest `v` so far instead of `v` (AMSGrad: Reddi, Kale and Kumar, 2018).
        amsgrad_mode: Which `v` is the largest so far. "raw": The one before bias correction, which is corrected
            afterwards (PyTorch, Keras). "corrected": The one after bias correction (optax).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.AdamW(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.899, -1.898]
    """

    name: ClassVar[str] = "adamw"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"epsilon": 1e-07, "epsilon_mode": "hat", "weight_decay": 0.004},
        "optax": {"weight_decay": 0.0001, "amsgrad_mode": "corrected"},
    }
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    epsilon_mode: Literal["outside", "inside", "hat"] = "outside"
    weight_decay: Number = number(default=0.01)
    amsgrad: bool = False
    amsgrad_mode: Literal["raw", "corrected"] = "raw"


class NAdam(Optimizer):
    """Adam that looks one step ahead along its momentum, which is warmed up (Dozat, 2016).

    With `m` and `vc` of :class:`Adam`, `p(t) = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay))` and `P(t) = p(1) ...
    p(t)`: `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)` with `mc = p(t+1) * m / (1 - P(t+1)) + (1
    - p(t)) * gradient / (1 - P(t))`. Slots: `first_moment`, `second_moment`.

    Args:
        learning_rate: Size of a step; 0.002 as in PyTorch, Keras uses 0.001. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept, and the final momentum. `beta2`: Share of the
            mean of squares `v` that is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero; Keras uses 1e-7. In [1e-30, inf).
        momentum_decay: How fast the momentum rises from half its final value; 0.004 as in the paper and PyTorch, Keras
            uses 1, and optax has a constant momentum, which any large number gives. In [0, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero; optax does as Keras does. "coupled": The gradient has
            `weight_decay * weight` added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The
            weight is first multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW
            anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.NAdam(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.894355, -1.894355]
    """

    name: ClassVar[str] = "nadam"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {"learning_rate": 0.001, "epsilon": 1e-07, "momentum_decay": 1.0, "weight_decay_style": "decoupled"},
        "optax": {"momentum_decay": 10000.0, "weight_decay_style": "decoupled"},
    }
    learning_rate: Number = number(default=0.002)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    momentum_decay: Number = number(default=0.004)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class RAdam(Optimizer):
    """Adam whose first steps use only momentum, until the second moment is reliable (Liu et al., 2020).

    With `mc` and `vc` of :class:`Adam`, `r = 2 / (1 - beta2) - 1` and `q = r - 2 t beta2^t / (1 - beta2^t)`: once `q` is
    above `rectify_above`, `weight = weight - learning_rate * f * mc / (sqrt(vc) + epsilon)` with `f^2 = (q - 4)
    (q - 2) r / ((r - 4) (r - 2) q)`; before, `weight = weight - learning_rate * mc`. Slots: `first_moment`,
    `second_moment`.

    Args:
        learning_rate: Size of a step. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the mean of squares `v` that
            is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero. In [1e-30, inf).
        epsilon_mode: Where epsilon is added, as in `adam`; PyTorch uses `"hat"`. "outside": `g / (sqrt(s) + epsilon)`,
            `s` after bias correction where there is one. "inside": `g / sqrt(s + epsilon)`, `s` after bias correction
            where there is one. "hat": `g / (sqrt(s) + epsilon)` with `s` *before* bias correction, corrected afterwards
            (Kingma and Ba's second form; Keras, scikit-learn).
        rectify_above: How many gradients `v` must represent before it is used; 5 as in PyTorch and optax, 4 in the
            paper. In [4, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.RAdam(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.8]
    """

    name: ClassVar[str] = "radam"
    styles: ClassVar[Styles] = {
        "paper": {"rectify_above": 4.0},
        "torch": {"epsilon_mode": "hat"},
        "optax": {"weight_decay_style": "decoupled"},
    }
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    epsilon_mode: Literal["outside", "inside", "hat"] = "outside"
    rectify_above: Number = number(default=5.0)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class Adamax(Optimizer):
    """Adam that divides by the largest recent gradient (Kingma and Ba, 2015, section 7).

    `m = beta1 * m + (1 - beta1) * gradient`, `u = max(beta2 * u, |gradient| + epsilon)`, `weight = weight -
    learning_rate / (1 - beta1^t) * m / u`. It squares nothing, so it accepts gradients of any size. Slots, from
    zero: `first_moment`, `largest`.

    Args:
        learning_rate: Size of a step; 0.002 as in the paper and PyTorch, Keras uses 0.001. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the largest gradient `u` that
            is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero; Keras uses 1e-7. In [1e-30, inf).
        epsilon_mode: Whether epsilon is added to the gradient, inside the maximum (PyTorch, optax), or to the divisor,
            `m / (u + epsilon)` (Keras). "inside": `max(u, |g| + epsilon)` (PyTorch, optax). "outside": `max(u, |g|) +
            epsilon` (Keras).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adamax(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "adamax"
    styles: ClassVar[Styles] = {
        "paper": {},
        "torch": {},
        "keras": {
            "learning_rate": 0.001,
            "epsilon": 1e-07,
            "epsilon_mode": "outside",
            "weight_decay_style": "decoupled",
        },
        "optax": {"weight_decay_style": "decoupled"},
    }
    learning_rate: Number = number(default=0.002)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    epsilon_mode: Literal["inside", "outside"] = "inside"
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "coupled"


class AdaBelief(Optimizer):
    """Adam with large steps where gradients agree, since it divides by their spread (Zhuang et al., 2020).

    `m = beta1 * m + (1 - beta1) * gradient`, `s = beta2 * s + (1 - beta2) * (gradient - m)^2 + epsilon`, both
    corrected for starting at zero as in :class:`Adam`; `weight = weight - learning_rate * mc / (sqrt(sc) + epsilon)`.
    Follows optax. Slots: `first_moment`, `spread`.

    Args:
        learning_rate: Size of a step. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the spread `s` that is kept.
            Each in [0, 1).
        epsilon: Keeps the spread and the divisor away from zero; 1e-16 as in optax. In [1e-30, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.AdaBelief(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.888889, -1.888889]
    """

    name: ClassVar[str] = "adabelief"
    styles: ClassVar[Styles] = {"paper": {"epsilon": 1e-08}, "optax": {}}
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-16)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "decoupled"


class Adan(Optimizer):
    """Adam with a separate momentum for how gradients change from step to step (Xie et al., 2022).

    With `d = gradient - previous gradient` (0 in the first step): `m = beta1 * m + (1 - beta1) * gradient`, `n =
    beta2 * n + (1 - beta2) * d`, `s = beta3 * s + (1 - beta3) * (gradient + beta2 * d)^2`, all corrected for
    their start at zero; `weight = weight - learning_rate * (mc + beta2 * nc) / (sqrt(sc) + epsilon)`. This is the
    authors' code; optax has `1 - beta2` before `d` and `nc`, and the decay of the paper divides the weight by `1
    + learning_rate * weight_decay`, where ours multiplies it. Four arrays are kept beside each weight:
    `first_moment`, `mean_difference`, `second_moment`, `previous_gradient`.

    Args:
        learning_rate: Size of a step. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the mean of differences `n`
            that is kept. `beta3`: Share of the mean of squares `s` that is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero. In [1e-30, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        weight_decay_style: How weights are pulled towards zero. "coupled": The gradient has `weight_decay * weight`
            added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The weight is first
            multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adan(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "adan"
    styles: ClassVar[Styles] = {"paper": {}}
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float, float] = (0.98, 0.92, 0.99)
    epsilon: Number = number(default=1e-08)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "decoupled"


class Lion(Optimizer):
    """Moves every weight by the same distance, against the sign of a momentum (Chen et al., 2023).

    `weight = weight - learning_rate * sign(beta1 * m + (1 - beta1) * gradient)`, then `m = beta2 * m + (1 -
    beta2) * gradient`, from zero. Use a learning rate three to ten times smaller than for Adam, and a decay
    larger by the same factor. Slot: `first_moment`.

    Args:
        learning_rate: How far each weight moves; 1e-4 as in the paper, Keras uses 1e-3. In [0, inf).
        betas: `beta1`: Share of the momentum in the step. `beta2`: Share of the momentum that is kept. Each in [0, 1).
        weight_decay: How strongly weights are pulled towards zero; optax uses 1e-3. In [0, inf).
        weight_decay_style: How weights are pulled towards zero; decoupled in the paper. "coupled": The gradient has
            `weight_decay * weight` added to it, an L2 penalty, which the rule then scales (PyTorch). "decoupled": The
            weight is first multiplied by `1 - learning_rate * weight_decay`, apart from the rule (Keras; AdamW
            anywhere).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Lion(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "lion"
    styles: ClassVar[Styles] = {"paper": {}, "keras": {"learning_rate": 0.001}, "optax": {"weight_decay": 0.001}}
    learning_rate: Number = number(default=0.0001)
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: Number = number(default=0.0)
    weight_decay_style: Literal["coupled", "decoupled"] = "decoupled"


class Rprop(Optimizer):
    """Gives each weight its own step size, using only signs (Riedmiller and Braun, 1993). For full batches.

    The size of a step is that of the last one times `increase` if the gradient has the sign it had, times
    `decrease` if it has the other one, always from `smallest_step` to `largest_step`; `weight = weight - size *
    sign(gradient)`. Where the sign changed the weight rests for a step, and the next one counts as without a
    gradient before it. This is the form of Igel and Hüsken (2000), as in PyTorch; optax takes each step one call
    later. Slots: `previous_gradient`, `step_size`.

    Args:
        learning_rate: Size of the first step; has no effect later. PyTorch starts at 0.01, the paper at 0.0125. In [0,
            inf).
        decrease: Factor of a step's size after a change of sign. In (0, 1).
        increase: Factor of a step's size while the sign stays. In (1, inf).
        smallest_step: Smallest size of a step. In [0, inf).
        largest_step: Largest size of a step. In [0, inf).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Rprop(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "rprop"
    styles: ClassVar[Styles] = {"paper": {"learning_rate": 0.0125, "smallest_step": 0.0}, "torch": {}}
    learning_rate: Number = number(default=0.01)
    decrease: Number = number(default=0.5)
    increase: Number = number(default=1.2)
    smallest_step: Number = number(default=1e-06)
    largest_step: Number = number(default=50.0)


class ScheduleFreeAdamW(Optimizer):
    """AdamW that needs no schedule, because it evaluates with the average of its iterates (Defazio et al., 2024).

    Three points: `z` takes the steps, `x` is their average, and gradients are taken at `y = (1 - beta1) * z +
    beta1 * x`, which is the weight that is trained. In step `t`, with `r = learning_rate * min(1, t /
    warmup_steps)` and `vc = v / (1 - beta2^t)`, `v` as in :class:`Adam`: `z = z - r * (gradient / (sqrt(vc) + epsilon) +
    weight_decay * y)`, `x = (1 - c) * x + c * z`; without warm-up `c = 1 / t`. The weight to evaluate with is `x
    = (y - (1 - beta1) * z) / beta1`. Slots: `base` (`z`, which starts at the weight), `second_moment`.

    Args:
        learning_rate: Size of a step; 0.0025 as in the authors' code, Keras and optax. In [0, inf).
        betas: `beta1`: Share of the average in the point at which gradients are computed. `beta2`: Share of the mean of
            squares `v` that is kept. Each in (0, 1).
        epsilon: Keeps the divisor away from zero. In [1e-30, inf).
        weight_decay: How strongly weights are pulled towards zero. In [0, inf).
        warmup_steps: Steps until the learning rate is reached. (optax's own warm-up is one step behind.) In [0, inf).
        averaging: How points are weighted in the average during warm-up. Changing the learning rate later does not
            change their weights. "weighted": By the square of the warm-up's factor (the authors, optax). "uniform": All
            alike (Keras).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.ScheduleFreeAdamW(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9, -1.9]
    """

    name: ClassVar[str] = "schedule_free_adamw"
    styles: ClassVar[Styles] = {"paper": {}, "keras": {"averaging": "uniform"}, "optax": {}}
    learning_rate: Number = number(default=0.0025)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-08)
    weight_decay: Number = number(default=0.0)
    warmup_steps: Number = number(default=0.0)
    averaging: Literal["weighted", "uniform"] = "weighted"


class LAMB(Optimizer):
    """Adam's direction, with the step of each tensor proportional to the norm of its weights (You et al., 2019): for large batches.

    `r = mc / (sqrt(vc) + epsilon) + weight_decay * weight` with the moments of :class:`Adam`, then `weight = weight -
    learning_rate * |weight| / |r| * r`, with the norms of the whole tensor, and 1 for their ratio where one is
    zero. Without a bound of the norm of the weight, as optax and PyTorch's users have it. Slots, from zero:
    `first_moment`, `second_moment`.

    Args:
        learning_rate: Share of its norm by which a tensor moves in a step. In [0, inf).
        betas: `beta1`: Share of the mean of gradients `m` that is kept. `beta2`: Share of the mean of squares `v` that
            is kept. Each in [0, 1).
        epsilon: Keeps the divisor away from zero; 1e-6 as in the paper and optax. In [1e-30, inf).
        weight_decay: Share of the weight that is added to the direction. In [0, inf).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.LAMB(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.841886, -1.841886]
    """

    name: ClassVar[str] = "lamb"
    styles: ClassVar[Styles] = {"paper": {}, "optax": {}, "keras": {"epsilon": 1e-07}}
    learning_rate: Number = number(default=0.001)
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: Number = number(default=1e-06)
    weight_decay: Number = number(default=0.0)


class LARS(Optimizer):
    """Descent with momentum, with each tensor's gradient scaled to a share of the norm of its weights (You et al., 2017).

    With `d = gradient + weight_decay * weight`: `v = momentum * v + learning_rate * trust * |weight| / |d| * d`,
    with the norms of the whole tensor and 1 for their ratio times `trust` where one is zero; `weight = weight -
    v`, with `nesterov` the next velocity under the same gradient. Follows optax; the paper divides by `|gradient|
    + weight_decay * |weight|`. Biases are usually left to another rule (`Groups`). Slot, from zero: `velocity`.

    Args:
        learning_rate: Size of a step, relative to the share that `trust` allows. In [0, inf).
        momentum: Share of the velocity that is kept. In [0, 1).
        trust: Share of its norm by which a tensor moves at a learning rate of 1. In [0, inf).
        weight_decay: Added to the gradient, times the weight. In [0, inf).
        nesterov: Whether to look one step ahead along the velocity.

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.LARS(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.9999, -1.9998]
    """

    name: ClassVar[str] = "lars"
    styles: ClassVar[Styles] = {"paper": {}, "optax": {}}
    learning_rate: Number = number(default=1.0)
    momentum: Number = number(default=0.9)
    trust: Number = number(default=0.001)
    weight_decay: Number = number(default=0.0)
    nesterov: bool = False


class Adafactor(Optimizer):
    """Divides by a second moment that is kept only per row and column of a matrix (Shazeer and Stern, 2018).

    In step `t`, with `d = t^decay_exponent` the share of the new: a matrix keeps `R = (1 - d) R + d
    mean(gradient^2)` of each row and `C` of each column, and `s = R C / mean(R)`; a vector keeps `s` of each
    number. Then `u = gradient / sqrt(max(s, epsilon^2))`, divided by `max(1, rms(u) / clip_threshold)`, and
    `weight = (1 - learning_rate * weight_decay) * weight - max(smallest_scale, rms(weight)) * min(learning_rate,
    1 / sqrt(t)) * u`, with `rms` the root of the mean square of the tensor. All axes but the last count as rows.
    Follows PyTorch. Slot, from zero: `second_moment`, of which a matrix uses one number for each row, then one
    for each column.

    Args:
        learning_rate: Largest step, relative to the size of the weights. In [0, inf).
        decay_exponent: How fast the share of a new gradient falls; from -1 to below 0. In [-1, 0).
        epsilon: Smallest root of the second moment; PyTorch uses the machine epsilon of the dtype. In [1e-30, inf).
        smallest_scale: Smallest size of the weights that a step is relative to. In [0, inf).
        clip_threshold: Root mean square of `u` above which it is scaled down. In (0, inf).
        weight_decay: Share of each weight that a step removes, times the learning rate. In [0, inf).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Adafactor(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.841886, -1.841886]
    """

    name: ClassVar[str] = "adafactor"
    styles: ClassVar[Styles] = {"torch": {}, "paper": {}}
    learning_rate: Number = number(default=0.01)
    decay_exponent: Number = number(default=-0.8)
    epsilon: Number = number(default=1e-15)
    smallest_scale: Number = number(default=0.001)
    clip_threshold: Number = number(default=1.0)
    weight_decay: Number = number(default=0.0)


class Muon(Optimizer):
    """Moves matrices along their momentum, with all singular values brought close to one (Jordan et al., 2024).

    A matrix keeps `m = momentum * m + (1 - momentum) * gradient` and takes `u = m`, with `nesterov` `u = momentum
    * m + (1 - momentum) * gradient`. `X = u / max(|u|, epsilon)` then goes `iterations` times through `X = 3.4445
    X - 4.775 (X X') X + 2.0315 (X X')^2 X` (Newton and Schulz), and `weight = (1 - learning_rate * weight_decay)
    * weight - learning_rate * adjustment * X`. All axes but the last count as rows. Vectors take the step of
    :class:`AdamW` with the same rate and decay, with `beta1`, `beta2` and epsilon 1e-8, as in Keras and optax; PyTorch
    leaves them to another optimizer. Dense weights are (inputs, outputs) here, so the adjustment is that of
    PyTorch's transposed ones. Slots, from zero: `first_moment`; `second_moment`, which matrices do not use.

    Args:
        learning_rate: Size of a step: about how far each singular value moves. In [0, inf).
        momentum: Share of a matrix's momentum that is kept. In [0, 1).
        weight_decay: Share of each weight that a step removes, times the learning rate; 0.1 as in PyTorch. In [0, inf).
        epsilon: Smallest norm that a matrix is divided by. In [1e-30, inf).
        iterations: How many iterations bring the singular values closer to one; rounded down to a whole number. In [1,
            99].
        betas: `beta1`: Share of a vector's mean of gradients that is kept. `beta2`: Share of a vector's mean of squares
            that is kept. Each in [0, 1).
        nesterov: Whether a matrix looks one step ahead.
        adjustment: How the step of a matrix depends on its shape (Liu et al., 2025). "original": `sqrt(max(1, columns /
            rows))` (the author; PyTorch and optax for the same layer). "match-adamw": `0.2 sqrt(max(rows, columns))`:
            as long as a step of AdamW usually is (Liu et al., 2025).

    Raises:
        ValueError: If a hyperparameter is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import optim
        >>> weight = np.array([1.0, -2.0])
        >>> optim.Muon(learning_rate=0.1).step([weight], [weight.copy()])
        >>> weight.round(6).tolist()
        [0.89, -1.88]
    """

    name: ClassVar[str] = "muon"
    styles: ClassVar[Styles] = {"paper": {}, "torch": {}, "optax": {"weight_decay": 0.0, "epsilon": 1e-08}}
    learning_rate: Number = number(default=0.001)
    momentum: Number = number(default=0.95)
    weight_decay: Number = number(default=0.1)
    epsilon: Number = number(default=1e-07)
    iterations: Number = number(default=5.0)
    betas: tuple[float, float] = (0.9, 0.999)
    nesterov: bool = True
    adjustment: Literal["original", "match-adamw"] = "original"


# The classes by the names of the registry.
NAMED: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "asgd": ASGD,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "radam": RAdam,
    "adamax": Adamax,
    "adabelief": AdaBelief,
    "adan": Adan,
    "lion": Lion,
    "rprop": Rprop,
    "schedule_free_adamw": ScheduleFreeAdamW,
    "lamb": LAMB,
    "lars": LARS,
    "adafactor": Adafactor,
    "muon": Muon,
}

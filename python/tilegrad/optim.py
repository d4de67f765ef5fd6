"""Optimizers: rules that turn a gradient into a step.

A trainer takes an object or a name. Used alone, ``step`` updates NumPy arrays in place:

Example:
    >>> import numpy as np
    >>> from tilegrad import optim
    >>> weight = np.array([1.0])
    >>> optimizer = optim.SGD(learning_rate=0.1, momentum=0.9)
    >>> for _ in range(3):
    ...     optimizer.step([weight], [weight.copy()])
    >>> weight
    array([0.486])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad._names import hint, lookup
from tilegrad.tensor import Array

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class Optimizer:
    """What all optimizers share.

    Hyperparameters are attributes: ``optimizer.learning_rate = 1e-4`` holds from the next step, also in a trainer.

    Example:
        >>> from tilegrad import optim
        >>> optimizer = optim.Adam()
        >>> optimizer.learning_rate = 1e-4
        >>> optimizer
        Adam(learning_rate=0.0001, beta1=0.9, beta2=0.999, epsilon=1e-08, epsilon_mode='outside')
    """

    name = ""

    def __init__(self, **parameters: Any) -> None:
        self._core = _core.Optimizer(self.name, parameters)

    def __getattr__(self, name: str) -> Any:
        core = self.__dict__.get("_core")
        if core is not None and name in core.parameters:
            return core.parameters[name]
        known = list(core.parameters) if core is not None else []
        raise AttributeError(
            f"{type(self).__name__}: unknown hyperparameter {name!r}{hint(name, known)}; there are {', '.join(known)}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        if name not in self.parameters:
            getattr(self, name)  # raises for an unknown name
            raise AttributeError(f"{type(self).__name__}: {name!r} cannot be set")
        self._core.set(name, _setting(value))

    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """All hyperparameters by name."""
        return self._core.parameters

    @property
    def steps(self) -> int:
        """How many steps it took on arrays; a trainer counts its own."""
        return self._core.steps

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Updates arrays in place by their gradients.

        The first call decides number, shapes and dtypes; slots such as momentum are kept in the optimizer.

        Args:
            parameters: Writable float32 or float64 arrays that do not overlap.
            gradients: An array of the same shape and dtype for each.

        Raises:
            ValueError: If numbers or shapes differ, an array is read-only, or arrays overlap; nothing is changed then.
            TypeError: If a dtype differs, or something is no array.
        """
        self._core.step(parameters, gradients)

    def state_dict(self) -> dict[str, Any]:
        """Copies of everything that a later step depends on: hyperparameters, step count and slots."""
        return {"name": self.name, "parameters": self.parameters, "steps": self.steps, "slots": self._core.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes what :meth:`state_dict` gave; the next step is then the same to the last bit.

        Raises:
            ValueError: If the state is of another optimizer, or does not fit.
        """
        if state.get("name") != self.name:
            raise ValueError(f"load_state_dict: expected `state` of {self.name}, got {state.get('name')!r}")
        # A trial first, so that a state that does not fit changes nothing.
        _core.Optimizer(self.name, dict(state["parameters"]))
        if state["slots"]:
            self._core.load_state(state["slots"])
        for name, value in state["parameters"].items():
            self._core.set(name, value)
        self._core.steps = state["steps"]

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.parameters.items() if value is not False and value != 0.0]
        return f"{type(self).__name__}({', '.join(shown)})"


def _setting(value: Any) -> Any:
    """NumPy numbers as Python numbers."""
    return value.item() if isinstance(value, np.generic) else value


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

    name = "sgd"

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        momentum_style: str = "heavy-ball",
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            momentum=momentum,
            momentum_style=momentum_style,
            nesterov=nesterov,
            weight_decay=weight_decay,
        )


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

    name = "rmsprop"

    def __init__(
        self,
        learning_rate: float = 1e-3,
        decay: float = 0.9,
        epsilon: float = 1e-8,
        epsilon_mode: str = "inside",
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            decay=decay,
            epsilon=epsilon,
            epsilon_mode=epsilon_mode,
            weight_decay=weight_decay,
        )


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

    name = "adagrad"

    def __init__(
        self,
        learning_rate: float = 0.01,
        initial_accumulator: float = 0.0,
        epsilon: float = 1e-10,
        epsilon_mode: str = "outside",
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            initial_accumulator=initial_accumulator,
            epsilon=epsilon,
            epsilon_mode=epsilon_mode,
            weight_decay=weight_decay,
        )


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

    name = "adam"

    def __init__(
        self,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        epsilon_mode: str = "outside",
    ) -> None:
        beta1, beta2 = _pair("Adam", betas)
        super().__init__(
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            epsilon_mode=epsilon_mode,
        )

    @property
    def betas(self) -> tuple[float, float]:
        """Both shares."""
        return float(self.beta1), float(self.beta2)


class AdamW(Optimizer):
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

    name = "adamw"

    def __init__(
        self,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        epsilon_mode: str = "outside",
        weight_decay: float = 0.01,
    ) -> None:
        beta1, beta2 = _pair("AdamW", betas)
        super().__init__(
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            epsilon_mode=epsilon_mode,
            weight_decay=weight_decay,
        )

    @property
    def betas(self) -> tuple[float, float]:
        """Both shares."""
        return float(self.beta1), float(self.beta2)


def _pair(function: str, betas: Any) -> tuple[float, float]:
    values = tuple(betas) if isinstance(betas, Sequence | np.ndarray) else (betas,)
    if len(values) != 2:
        raise ValueError(f"{function}: expected `betas` to be two numbers, got {betas!r}")
    return float(values[0]), float(values[1])


NAMED: dict[str, type[Optimizer]] = {kind.name: kind for kind in (SGD, RMSprop, Adagrad, Adam, AdamW)}


def optimizer_for(optimizer: Any) -> Optimizer:
    """The optimizer for an object or a name."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        title = optimizer.__name__
        raise TypeError(
            f"Trainer: expected `optimizer` to be an object, got the class {title}; write {title}(learning_rate=...)"
        )
    return lookup("Trainer", "optimizer", optimizer, NAMED)()

"""What activation layers share, and GELU, whose approximation is a choice."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any, Literal

from tilegrad import functional
from tilegrad.functional.elementwise import with_parameters
from tilegrad.nn.module import Module
from tilegrad.nn.traits import Traits
from tilegrad.words.checks import check_choice, is_number


class Activation(Module):
    """A layer that applies a function to each number; the activation layers are made from it.

    Example:
        >>> from tilegrad import nn
        >>> isinstance(nn.ReLU(), nn.Activation)
        True
    """

    # Name of the activation in the registry.
    function: str | None = None
    _settings: Mapping[str, float] = MappingProxyType({})

    def _set(self, **settings: float) -> None:
        """Keeps the hyperparameters, which are checked against their ranges."""
        assert self.function is not None
        for name, value in settings.items():
            if not is_number(value):
                raise TypeError(f"{self.function}: expected `{name}` to be a number, got {value!r}")
        self._settings = {name: float(value) for name, value in settings.items()}
        with_parameters(self.function, tuple(self._settings.values()))

    @property
    def following(self) -> str | None:
        """Name of the activation in the registry."""
        return self.function

    def traits(self) -> Traits:
        """It acts on each number by itself, so that all features stay."""
        unchanged = self.following == "identity"
        return Traits(keeps_features=True, keeps_numbers=unchanged, is_linear=unchanged)

    def forward(self, x: Any) -> Any:
        """The function of the input."""
        assert self.function is not None
        return getattr(functional, self.function)(x, *self._settings.values())

    def describe(self) -> str:
        """The layer with the settings that differ from the defaults."""
        usual = signature(type(self)).parameters
        changed = [f"{name}={value:g}" for name, value in self._settings.items() if value != usual[name].default]
        return f"{type(self).__name__}({', '.join(changed)})"


class GELU(Activation):
    """Gaussian error linear unit.

    ``x * Phi(x)`` with the normal distribution function ``Phi`` (Hendrycks and Gimpel, 2016).

    Args:
        approximate: ``"none"`` for the exact function (the default, as in PyTorch and Keras), ``"tanh"`` for the
            approximation that JAX uses by default.

    Raises:
        ValueError: If the approximation is unknown.

    Example:
        >>> from tilegrad import nn
        >>> nn.GELU(approximate="tanh").predict(np.array([[1.0]], np.float32)).round(4)
        array([[0.8412]], dtype=float32)
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        check_choice("GELU", "approximate", approximate, ("none", "tanh"))
        self.function = "gelu" if approximate == "none" else "gelu_tanh"

    def describe(self) -> str:
        """The layer with its settings."""
        return "GELU()" if self.function == "gelu" else 'GELU(approximate="tanh")'

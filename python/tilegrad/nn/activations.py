"""Activation layers, made from the registry of the compiled core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilegrad import functional
from tilegrad.functional.activations import parameter_lines, with_parameters
from tilegrad.nn.module import Module
from tilegrad.nn.traits import Traits
from tilegrad.words.checks import check_choice, check_number
from tilegrad.words.names import class_name, summary_line
from tilegrad.words.registry import registry

__all__ = ["GELU", "Activation", "LogSoftmax", "Softmax", "Softmin"]

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# The field's spelling, where it is not the name with capitals.
_SPELLING = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "gelu_tanh": "GELUTanh",
    "selu": "SELU",
    "celu": "CELU",
    "relu6": "ReLU6",
    "squared_relu": "SquaredReLU",
}


class Activation(Module):
    """A layer that applies a function to each number; the activation layers are made from it.

    Example:
        >>> from tilegrad import nn
        >>> isinstance(nn.ReLU(), nn.Activation)
        True
    """

    _entry: _Entry | None = None
    _settings: dict[str, float]

    @property
    def following(self) -> str | None:
        """Name of the activation in the registry."""
        return self._entry["name"] if self._entry is not None else None

    def traits(self) -> Traits:
        """Each number by itself."""
        unchanged = self.following == "identity"
        return Traits(keeps_features=True, keeps_numbers=unchanged, is_linear=unchanged)

    def forward(self, x: Any) -> Any:
        """The function of the input."""
        assert self._entry is not None
        return getattr(functional, self._entry["name"])(x, *self._settings.values())

    def describe(self) -> str:
        """The layer with the settings that differ from the defaults."""
        assert self._entry is not None
        defaults = {parameter["name"]: parameter["default"] for parameter in self._entry["parameters"]}
        changed = [f"{name}={value:g}" for name, value in self._settings.items() if value != defaults[name]]
        return f"{type(self).__name__}({', '.join(changed)})"


_TEMPLATE = """
def __init__(self, {parameters}):
    settings = dict({values})
    check({entry!r}, tuple(map(float, settings.values())))
    self._settings = {{name: float(value) for name, value in settings.items()}}
"""


def _make(entry: _Entry, name: str) -> type[Activation]:
    names = [parameter["name"] for parameter in entry["parameters"]]
    parameters = ", ".join(f"{parameter['name']}={parameter['default']!r}" for parameter in entry["parameters"])
    code = _TEMPLATE.format(parameters=parameters, values=", ".join(f"{n}={n}" for n in names), entry=entry["name"])
    known: dict[str, Any] = {"check": with_parameters, "__name__": "tilegrad.nn"}
    exec(compile(code, f"<{name} of the registry>", "exec"), known)
    title = _SPELLING.get(name, class_name(name))
    lines = parameter_lines(entry)
    doc = f"{summary_line(entry['doc'])}\n\nThe layer of `tilegrad.functional.{name}`, which has the details.\n"
    doc += f"\nArgs:\n{lines}" if lines else ""
    doc += f"\nExample:\n    >>> from tilegrad import nn\n    >>> nn.Sequential(nn.Dense(4, 2), nn.{title}())\n"
    doc += f"    Sequential(Dense(4, 2), {title}())\n"
    body = {"__init__": known["__init__"], "__doc__": doc, "__module__": "tilegrad.nn", "_entry": entry}
    return type(title, (Activation,), body)


def _make_all() -> tuple[dict[str, type[Activation]], dict[str, type[Module]]]:
    """Classes by class name, and by registry name and alias."""
    classes: dict[str, type[Activation]] = {}
    named: dict[str, type[Module]] = {}
    for entry in registry()["activations"]:
        for name in (entry["name"], *entry["aliases"]):
            made = _make(entry, name)
            named[name] = made
            # Other aliases are for strings: `nn.Linear` would be taken for a layer with weights.
            if name == entry["name"] or name in _SPELLING:
                classes[made.__name__] = made
    return classes, named


CLASSES, NAMED = _make_all()


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

    def __init__(self, approximate: str = "none") -> None:
        check_choice("GELU", "approximate", approximate, ("none", "tanh"))
        self._settings = {}
        self._approximate = approximate
        name = "gelu" if approximate == "none" else "gelu_tanh"
        self._entry = next(entry for entry in registry()["activations"] if entry["name"] == name)

    def describe(self) -> str:
        """The layer with its settings."""
        return "GELU()" if self._approximate == "none" else 'GELU(approximate="tanh")'


class Softmax(Module):
    """Softmax over an axis: numbers from 0 to 1 that add up to 1.

    Not before a cross-entropy loss, which takes logits and applies it itself.

    Args:
        axis: Axis whose numbers become parts of one.
        temperature: What the input is divided by, positive: above 1 the parts become more alike.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:
        >>> from tilegrad import nn
        >>> nn.Softmax().predict(np.zeros((1, 4), np.float32))
        array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int = -1, *, temperature: float = 1.0) -> None:
        self.axis = axis
        self.temperature = check_number(type(self).__name__, "temperature", temperature, "(0, inf)")

    def forward(self, x: Any) -> Any:
        """The softmax of the input."""
        return functional.softmax(x, self.axis, temperature=self.temperature)

    def traits(self) -> Traits:
        """The shape stays."""
        return Traits(keeps_features=True)


class LogSoftmax(Softmax):
    """Logarithm of the softmax over an axis.

    Args:
        axis: Axis whose numbers become parts of one.
        temperature: What the input is divided by, positive.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:
        >>> from tilegrad import nn
        >>> nn.LogSoftmax().predict(np.array([[0.0, 1000.0]], np.float32))
        array([[-1000.,     0.]], dtype=float32)
    """

    def forward(self, x: Any) -> Any:
        """The logarithm of the softmax of the input."""
        return functional.log_softmax(x, self.axis, temperature=self.temperature)


class Softmin(Module):
    """Softmax of the negative over an axis: the largest part to the smallest number.

    Args:
        axis: Axis whose numbers become parts of one.

    Example:
        >>> from tilegrad import nn
        >>> nn.Softmin().predict(np.array([[0.0, 1000.0]], np.float32))
        array([[1., 0.]], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """The softmin of the input."""
        return functional.softmin(x, self.axis)

    def traits(self) -> Traits:
        """The shape stays."""
        return Traits(keeps_features=True)


CLASSES["GELU"] = NAMED["gelu"] = GELU
NAMED |= {"softmax": Softmax, "log_softmax": LogSoftmax, "softmin": Softmin}

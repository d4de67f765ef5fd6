"""Losses as objects, for a trainer: the functions of ``tilegrad.functional`` with their settings.

A trainer takes an object, ``losses.CrossEntropy(label_smoothing=0.1)``, or a name, ``"cross_entropy"``. Called on
arrays, an object gives the number that the function gives.

Example:
    >>> import numpy as np
    >>> from tilegrad import losses
    >>> losses.MeanSquaredError()(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
    2.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import functional
from tilegrad._losses import NORMALIZATIONS, check_choice, default_reduction, point_inputs, row_inputs
from tilegrad._names import class_name, hint, lookup, registry, summary_line
from tilegrad.tensor import Tensor, Traceable

if TYPE_CHECKING:
    from tilegrad._core import _Entry

__all__ = ["CrossEntropy", "Loss"]


def _equal(value: Any, other: Any) -> bool:
    """Whether two settings are the same; arrays are compared whole."""
    return bool(np.array_equal(value, other)) if isinstance(value, np.ndarray) else bool(value == other)


class Loss:
    """What a trainer makes small. Most losses are made from the registry; see the classes of this module.

    Example:
        >>> from tilegrad import losses
        >>> losses.loss_for("mean_absolute_error")
        MeanAbsoluteError()
    """

    name = "loss"
    # What a target is: "classes", "unit_interval" or "real".
    targets = "real"
    takes_class_weight = False
    # Whether an epoch's figure is a plain sum over batches (no mean).
    is_sum = False

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss of arrays, or of traced tensors."""
        return getattr(functional, self.name)(prediction, target, **self.settings())

    def settings(self) -> dict[str, Any]:
        """The settings that the function takes."""
        return {}

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and the weight it has in the mean over batches.

        ``weights`` may hold ``"sample"`` (one number per row) and ``"class"``.
        """
        tracer = prediction.tracer
        inputs, attributes = self._inputs(prediction, target, weights)
        attributes = {name: value for name, value in attributes.items() if value is not None}
        value = tracer.apply(self.name, inputs, attributes)
        if self.is_sum:
            return value, tracer.constant(1.0, prediction.dtype)
        return value, tracer.apply("loss_weight", inputs, {**attributes, "loss": self.name})

    def _inputs(
        self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]
    ) -> tuple[list[Tensor], dict[str, Any]]:
        """What the operation of this loss is applied to, and its attributes."""
        entry = next(entry for entry in registry()["losses"] if entry["name"] == self.name)
        inputs = point_inputs(entry, prediction, target, weights.get("sample"))
        return inputs, {**self.settings(), "sample_weight": "sample" in weights}

    def __repr__(self) -> str:
        ordinary = type(self)().settings()
        changed = {name: value for name, value in self.settings().items() if value is not ordinary[name]}
        shown = [f"{name}={value!r}" for name, value in changed.items() if not _equal(value, ordinary[name])]
        return f"{type(self).__name__}({', '.join(shown)})"


def _settings(loss: Any) -> dict[str, Any]:
    """The settings that the function takes."""
    return dict(loss._settings)


_TEMPLATE = """
def __init__(self, {parameters}):
    self._settings = dict({values})
"""


def _make(entry: _Entry) -> type[Loss]:
    parameters = [each for each in entry["parameters"] if each["name"] != "reduction"]
    code = _TEMPLATE.format(
        parameters=", ".join(f"{each['name']}={each['default']!r}" for each in parameters),
        values=", ".join(f"{each['name']}={each['name']}" for each in parameters),
    )
    known: dict[str, Any] = {"__name__": __name__}
    exec(compile(code, f"<{entry['name']} of the registry>", "exec"), known)
    title = class_name(entry["name"])
    function = f"tilegrad.functional.{entry['name']}"
    doc = f"{summary_line(entry['doc'])}\n\nThe object of `{function}`, which has the details.\n\n"
    doc += f"Example:\n    >>> from tilegrad import losses\n    >>> losses.{title}()\n    {title}()\n"
    body = {
        "__init__": known["__init__"],
        "__doc__": doc,
        "__module__": __name__,
        "name": entry["name"],
        "targets": entry["facts"].get("targets", "real"),
        "is_sum": default_reduction(entry) == "sum",
        "settings": _settings,
    }
    return type(title, (Loss,), body)


class CrossEntropy(Loss):
    """Cross-entropy of the softmax of logits with classes or distributions.

    Args:
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the ``"weights"`` (as PyTorch does) or the number of
            ``"samples"`` (as Keras does).
        label_smoothing: Share of each target spread evenly over all classes, in [0, 1].
        ignore_index: Class number whose rows do not count.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import losses
        >>> losses.CrossEntropy()(np.array([[0.0, 0.0]]), np.array([1]))  # doctest: +ELLIPSIS
        0.69314718...
    """

    name = "cross_entropy"
    targets = "classes"
    takes_class_weight = True

    def __init__(
        self,
        weight: Any = None,
        normalization: str = "weights",
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
    ) -> None:
        check_choice("CrossEntropy", "normalization", normalization, NORMALIZATIONS)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"CrossEntropy: expected `label_smoothing` in [0, 1], got {label_smoothing}")
        self.weight = None if weight is None else np.asarray(weight, np.float64)
        self.normalization, self.label_smoothing, self.ignore_index = (
            normalization,
            float(label_smoothing),
            ignore_index,
        )

    def settings(self) -> dict[str, Any]:
        """The settings that the function takes."""
        return {
            "weight": self.weight,
            "normalization": self.normalization,
            "label_smoothing": self.label_smoothing,
            "ignore_index": self.ignore_index,
        }

    def _inputs(
        self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]
    ) -> tuple[list[Tensor], dict[str, Any]]:
        settings = {name: value for name, value in self.settings().items() if name != "weight"}
        return row_inputs(prediction, target, weights.get("class", self.weight), settings, weights.get("sample"))


class FunctionLoss(Loss):
    """A function of (prediction, target) as a loss; it is taken for a mean over the batch.

    Example:
        >>> from tilegrad import losses
        >>> losses.loss_for(lambda prediction, target: ((prediction - target) ** 2).mean()).name
        '<lambda>'
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The function's value."""
        return self.function(prediction, target)

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and its number of rows."""
        if weights:
            raise ValueError(
                f"fit: expected `sample_weight` and `class_weight` to be None for the function {self.name}, got weights"
            )
        value: Any = self.function(prediction, target)
        if not isinstance(value, Traceable) or value.shape != ():
            got = value.shape if isinstance(value, Traceable) else type(value).__name__
            raise ValueError(f"{self.name}: expected `loss` to return a single number, got {got}; end it with .mean()")
        return value._tensor(), prediction.tracer.constant(float(prediction.shape[0]), prediction.dtype)

    def __repr__(self) -> str:
        return self.name


_CLASSES = {entry["name"]: _make(entry) for entry in registry()["losses"] if entry["name"] != CrossEntropy.name}
globals().update({kind.__name__: kind for kind in _CLASSES.values()})
__all__ += [kind.__name__ for kind in _CLASSES.values()]
NAMED: dict[str, type[Loss]] = {**_CLASSES, CrossEntropy.name: CrossEntropy}

_COUNTING = ("zero_one", "zero_one_loss", "accuracy", "error_rate", "f1")


def loss_for(loss: Any) -> Loss:
    """The loss object for an object, a name or a function of (prediction, target)."""
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(
            f"Trainer: expected `loss` to be an object, got the class {loss.__name__}; write {loss.__name__}()"
        )
    if loss in _COUNTING if isinstance(loss, str) else False:
        raise ValueError(
            f"Trainer: expected `loss` to have a gradient, got {loss!r}, which only counts; train with cross_entropy "
            f"and pass it as a metric"
        )
    if isinstance(loss, str):
        return lookup("Trainer", "loss", loss, NAMED)()
    for name, kind in NAMED.items():
        if loss is getattr(functional, name, None):
            return kind()
    if callable(loss):
        return FunctionLoss(loss)
    raise TypeError(f"Trainer: expected `loss` to be a loss, a name or a function, got {type(loss).__name__}")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'tilegrad.losses' has no attribute {name!r}")
    raise AttributeError(f"losses: unknown loss {name!r}{hint(name, __all__)}; there are {', '.join(__all__)}")

"""Losses as objects, for a trainer: the functions of ``tilegrad.functional`` with their settings.

A trainer takes an object, ``losses.CrossEntropy(label_smoothing=0.1)``, a name, ``"cross_entropy"``, or a function of
(prediction, target), which is differentiated. Called on arrays, an object gives the number that the function gives.

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
from tilegrad.functional.losses import checks
from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.functional.losses.counting import COUNTING, no_gradient
from tilegrad.functional.losses.entries import default_reduction, domain_of, is_of_classes, operands_of
from tilegrad.functional.losses.functions import check_options, parameters_of, resolve, signature_parts
from tilegrad.functional.losses.traced import Options, Traced, trace
from tilegrad.losses.base import Loss
from tilegrad.losses.custom import Custom
from tilegrad.tensor import Tensor, Traceable
from tilegrad.words.checks import check_choice
from tilegrad.words.names import class_name, hint, lookup, summary_line

if TYPE_CHECKING:
    from tilegrad._core import _Entry

__all__ = ["Custom", "Loss"]


class _EntryLoss(Loss):
    """A loss that has an entry."""

    entry: Any

    def _set(self, settings: dict[str, Any], options: Options, reduction: str, style: str | None) -> None:
        name, entry = type(self).__name__, self.entry
        settings, options = resolve(entry, settings, options, style)
        checks.check_settings(name, entry, settings)
        check_options(entry, options)
        check_choice(name, "reduction", reduction, ("mean", "sum", "batchmean"))
        if options.weight is not None:
            weight = np.asarray(options.weight, np.float64)
            options = options._replace(weight=checks.checked_weights(name, "weight", weight))
        self._settings, self._options, self.reduction = settings, options, reduction
        self.is_sum = reduction == "sum"
        self.targets, self.predictions = (domain_of(entry, each, settings) for each in ("target", "prediction"))
        if is_of_classes(entry):
            self.weight, self.normalization, self.ignore_index = (
                options.weight,
                options.normalization,
                options.ignore_index,
            )

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._settings:
            return self._settings[name]
        raise AttributeError(f"{type(self).__name__}: no attribute {name!r}{hint(name, self.settings())}")

    def __call__(self, prediction: Any, target: Any, *operands: Any) -> Any:
        """The loss of arrays, or of traced tensors; further operands are those of the function."""
        return getattr(functional, self.name)(
            prediction, target, *operands, **self.settings(), reduction=self.reduction
        )

    def settings(self) -> dict[str, Any]:
        """The settings that the function takes."""
        options = self._options._asdict() if is_of_classes(self.entry) else {}
        options.pop("sample_weight", None)
        return {**self._settings, **options}

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and the weight it has in the mean over batches.

        ``weights`` may hold ``"sample"`` (one number per row) and ``"class"``.
        """
        options = self._options._replace(sample_weight=weights.get("sample"))
        if "class" in weights:
            options = options._replace(weight=weights["class"])
        loss = self._trace(prediction, target, options)
        value, tracer = loss.value(self.reduction), prediction.tracer
        if self.is_sum:
            return value, tracer.constant(1.0, prediction.dtype)
        if self.reduction == "batchmean":
            return value, tracer.constant(float(prediction.shape[0]), prediction.dtype)
        return value, loss.weight()

    def _trace(self, prediction: Tensor, target: Tensor, options: Options) -> Traced:
        operands: list[Any] = [prediction, target]
        if self.entry["facts"].get("last_layer"):
            operands = [*last_layer(self.name, prediction), target]
            operands[1:] = operands[:0:-1]
        operands += [None] * (2 + len(operands_of(self.entry)) - len(operands))
        return trace(self.entry, operands, self._settings, options)

    def target_shape(self, output: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the targets that goes with an output of this shape, both per row."""
        if self.entry["facts"].get("halves") and output:
            return (*output[:-1], output[-1] // 2)
        return output

    def __repr__(self) -> str:
        ordinary = {**type(self)().settings(), "reduction": default_reduction(self.entry)}
        settings = {**self.settings(), "reduction": self.reduction}
        shown = [f"{name}={value!r}" for name, value in settings.items() if not _equal(value, ordinary[name])]
        return f"{type(self).__name__}({', '.join(shown)})"


def _equal(value: Any, other: Any) -> bool:
    """Whether two settings are the same; arrays are compared whole."""
    return bool(np.array_equal(value, other)) if isinstance(value, np.ndarray) else bool(value == other)


def last_layer(name: str, prediction: Tensor) -> list[Tensor]:
    """Features and weights of the layer that made a prediction, which must be their plain product."""
    tracer = prediction.tracer
    node = tracer.graph.nodes()[prediction.value]
    if node["operation"] != "matmul":
        raise ValueError(
            f"Trainer: expected `model` to end in Dense(..., bias=False) for {name}, whose margin is in the angle to that "
            f"layer's weights, got {node['operation']}"
        )
    return [Tensor(tracer, value) for value in node["inputs"]]


_TEMPLATE = """
def __init__(self, {before}{parameters}{after}*, reduction={reduction!r}, style=None):
    self._set(dict({values}), Options({options}), reduction, style)
"""


def _make(entry: _Entry) -> type[Loss]:
    code = _TEMPLATE.format(reduction=default_reduction(entry), **signature_parts(entry))
    known: dict[str, Any] = {"__name__": __name__, "Options": Options}
    exec(compile(code, f"<{entry['name']} of the registry>", "exec"), known)
    title = class_name(entry["name"])
    doc = f"{summary_line(entry['doc'])}\n\nThe object of `tilegrad.functional.{entry['name']}`, which has the details.\n\n"
    names = [each["name"] for each in parameters_of(entry)]
    if is_of_classes(entry):
        names = ["weight", "normalization", *names, "ignore_index"]
    doc += f"Args:\n    {', '.join([*names, 'reduction', 'style'])}: As of the function.\n\n"
    doc += "Raises:\n    ValueError: If a setting is out of range or unknown.\n\n"
    doc += f"Example:\n    >>> from tilegrad import losses\n    >>> losses.{title}()\n    {title}()\n"
    body = {
        "__init__": known["__init__"],
        "__doc__": doc,
        "__module__": __name__,
        "entry": entry,
        "name": entry["name"],
        "targets": entry["facts"].get("targets", "real"),
        "output": entry["facts"].get("output", "identity"),
        "predictions": entry["facts"].get("predictions", "real"),
        "takes_class_weight": is_of_classes(entry),
    }
    return type(title, (_EntryLoss,), body)


class FunctionLoss(Loss):
    """A function of (prediction, target) as a loss; it is taken for a mean over the batch.

    Example:
        >>> from tilegrad import losses
        >>> losses.loss_for(lambda prediction, target: ((prediction - target) ** 2).mean()).name
        '<lambda>'
    """

    targets = "any"

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The function's value."""
        return self.function(prediction, target)

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and its number of rows."""
        self.refuse_weights(weights)
        value: Any = self.function(prediction, target)
        if not isinstance(value, Traceable) or value.shape != ():
            got = value.shape if isinstance(value, Traceable) else type(value).__name__
            raise ValueError(f"{self.name}: expected `loss` to return a single number, got {got}; end it with .mean()")
        return value._tensor(), prediction.tracer.constant(float(prediction.shape[0]), prediction.dtype)

    def __repr__(self) -> str:
        return self.name


NAMED: dict[str, type[Loss]] = {entry["name"]: _make(entry) for entry in loss_entries()}
globals().update({kind.__name__: kind for kind in NAMED.values()})
__all__ += [kind.__name__ for kind in NAMED.values()]


def loss_for(loss: Any) -> Loss:
    """The loss object for an object, a name or a function of (prediction, target)."""
    found = _found(loss)
    needed = [
        each["name"]
        for each in operands_of(found.entry if isinstance(found, _EntryLoss) else {"facts": {}})  # type: ignore[typeddict-item]
        if not each["optional"] and each["form"] != "vectors"
    ]
    if needed:
        raise ValueError(
            f"Trainer: expected `loss` of a prediction and a target, got {found.name}, which also compares {needed[0]}; "
            f"write a function of (prediction, target) that takes the prediction apart and calls F.{found.name}"
        )
    return found


def _found(loss: Any) -> Loss:
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(
            f"Trainer: expected `loss` to be an object, got the class {loss.__name__}; write {loss.__name__}()"
        )
    if loss is functional.zero_one_loss or (loss in COUNTING if isinstance(loss, str) else False):
        raise ValueError(no_gradient("Trainer", getattr(loss, "__name__", loss)))
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

"""A loss that has an entry: a function of `tilegrad.functional` with its settings, as an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import functional
from tilegrad.functional.losses import checks
from tilegrad.functional.losses.catalogue import loss_entry
from tilegrad.functional.losses.entries import default_reduction, domain_of, is_of_classes, operands_of
from tilegrad.functional.losses.evaluation import check_options, resolve
from tilegrad.functional.losses.traced import Options, Traced, trace
from tilegrad.losses.base import Loss
from tilegrad.tensor import Tensor
from tilegrad.words.checks import check_array, check_choice

if TYPE_CHECKING:
    from tilegrad._core import _Entry


class EntryLoss(Loss):
    """A loss that has an entry."""

    @property
    def entry(self) -> _Entry:
        """What is known of the loss."""
        return loss_entry(self.name)

    def _set(self, settings: dict[str, Any], options: Options, reduction: str, style: str | None) -> None:
        name, entry = type(self).__name__, self.entry
        settings, options = resolve(entry, settings, options, style)
        checks.check_settings(name, entry, settings)
        check_options(entry, options)
        check_choice(name, "reduction", reduction, ("mean", "sum", "batchmean"))
        if options.weight is not None:
            weight = check_array(name, "weight", options.weight).astype(np.float64)
            options = options._replace(weight=checks.checked_weights(name, "weight", weight))
        self._settings, self._options, self.reduction = settings, options, reduction
        self.is_sum = reduction == "sum"
        self.targets, self.predictions = (domain_of(entry, operand, settings) for operand in ("target", "prediction"))
        # Each setting is an attribute, as the classes declare.
        vars(self).update(self.settings())

    def __setattr__(self, name: str, value: Any) -> None:
        # Steps are compiled from the settings; what is set later would not be in them.
        if name in vars(self):
            raise AttributeError(f"{type(self).__name__}: cannot change `{name}`; make another object")
        super().__setattr__(name, value)

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

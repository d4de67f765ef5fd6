"""A loss in a trace: its operands as tensors, its weights, its reduction; the same for losses of the core and compositions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tilegrad.functional.losses import checks
from tilegrad.functional.losses.entries import composition, domain_of, is_of_classes, operands_of
from tilegrad.functional.losses.operations import one_hot
from tilegrad.tensor import Tensor, Traceable, as_tensor, find_tensor
from tilegrad.words.labels import check_range

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# Less than any sum of weights that is not zero: a batch without weight has loss and gradient zero.
_NO_WEIGHT = 1e-30


class Options(NamedTuple):
    """What is said of the rows of a batch beside the loss's own settings."""

    weight: Any = None
    normalization: str = "weights"
    ignore_index: int | None = None
    sample_weight: Any = None


class Traced(NamedTuple):
    """A loss at work in a trace."""

    entry: _Entry
    inputs: list[Tensor]
    settings: dict[str, Any]
    class_weight: Tensor | None
    sample_weight: Tensor | None
    options: Options

    def value(self, reduction: str) -> Tensor:
        """The loss of all rows, reduced to one number; with ``"none"`` one for each."""
        if reduction == "batchmean":
            return self.value("sum") / float(self.inputs[0].shape[0])
        if composition(self.entry["name"]) is None:
            inputs, attributes = self._core()
            return self.inputs[0].tracer.apply(self.entry["name"], inputs, {**attributes, "reduction": reduction})
        each = self._each()
        factor, _ = self._factors()
        if factor is not None:
            each = each * _spread(factor, each)
        if reduction == "none":
            return each
        return each.sum() if reduction == "sum" else each.sum() / self._total(each)

    def weight(self) -> Tensor:
        """What the mean divides by."""
        tracer = self.inputs[0].tracer
        if composition(self.entry["name"]) is None:
            inputs, attributes = self._core()
            return tracer.apply("loss_weight", inputs, {**attributes, "loss": self.entry["name"]})
        total = self._total(self._each())
        return total if isinstance(total, Tensor) else tracer.constant(total, self.inputs[0].dtype)

    def _core(self) -> tuple[list[Tensor], dict[str, Any]]:
        """Inputs and attributes of the operation of the core."""
        attributes: dict[str, Any] = {name: value for name, value in self.settings.items() if value is not None}
        if is_of_classes(self.entry):
            attributes["normalization"] = self.options.normalization
            attributes["class_weight"] = self.class_weight is not None
            if self.options.ignore_index is not None:
                attributes["ignore_index"] = self.options.ignore_index
        attributes["sample_weight"] = self.sample_weight is not None
        further = [weight for weight in (self.class_weight, self.sample_weight) if weight is not None]
        return [*self.inputs, *further], attributes

    def _each(self) -> Tensor:
        """The losses of rows or numbers, without weights."""
        function = composition(self.entry["name"])
        assert function is not None
        names = [operand["name"] for operand in operands_of(self.entry)]
        further = dict(zip(names, self.inputs[2:], strict=False))
        return function(self.inputs[0], self.inputs[1], **further, **self.settings)

    def _factors(self) -> tuple[Tensor | None, Tensor | None]:
        """What each row's loss is multiplied by, and what it counts for in the mean."""
        target, factor, kept = self.inputs[1], self.sample_weight, None
        if is_of_classes(self.entry):
            if self.options.ignore_index is not None:
                kept = target.sum(axis=-1)
            of_class = kept if self.class_weight is None else self._class_weights(self.class_weight)
            factor = of_class if factor is None else factor if of_class is None else factor * of_class
        return factor, factor if self.options.normalization == "weights" else kept

    def _class_weights(self, weight: Tensor) -> Tensor:
        """The weight of each row's class, or of its distribution."""
        shares = one_hot(self.inputs[1], weight.shape[0], weight.dtype)
        return (shares * weight).sum(axis=-1)

    def _total(self, each: Tensor) -> Any:
        _, weight = self._factors()
        if weight is None:
            return float(each.size)
        return np.maximum(weight.sum() * (each.size / weight.size), _NO_WEIGHT)


def _spread(factor: Tensor, each: Tensor) -> Tensor:
    """A factor for each row beside losses of several numbers a row."""
    return factor if factor.ndim == each.ndim else factor.reshape(factor.shape + (1,) * (each.ndim - factor.ndim))


def trace(entry: _Entry, operands: Sequence[Any], settings: Mapping[str, Any], options: Options) -> Traced:
    """Checks what can be checked of operands of which at least one is traced, and makes tensors of all."""
    name = entry["name"]
    like = find_tensor(*operands)
    assert like is not None
    prediction = as_tensor(operands[0], like)
    inputs = [prediction, _target(entry, prediction, operands, settings, options.ignore_index)]
    for spec, value in zip(operands_of(entry), operands[2:], strict=True):
        if value is not None:
            inputs.append(_further(name, spec, prediction, value))
    check_shapes(entry, [tensor.shape for tensor in inputs])
    of_class = None if options.weight is None else as_tensor(options.weight, prediction)
    if of_class is not None:
        checks.check_class_weight_shape(name, of_class.shape, classes_of(entry, inputs))
    of_sample = None if options.sample_weight is None else as_tensor(options.sample_weight, prediction)
    return Traced(entry, inputs, dict(settings), of_class, of_sample, options)


def classes_of(entry: _Entry, inputs: Sequence[Any]) -> int:
    """Number of classes: columns of the logits, or of the vectors."""
    vectors = any(operand["form"] == "vectors" for operand in operands_of(entry))
    return int(inputs[2 if vectors else 0].shape[-1])


def check_shapes(entry: _Entry, shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuses shapes that do not belong together, where the core does not look at them."""
    name, facts, (prediction, target) = entry["name"], entry["facts"], shapes[:2]
    if facts.get("kind") == "row" and len(prediction) != 2:
        raise ValueError(f"{name}: expected `prediction` of shape (rows, columns), got {prediction}")
    if facts.get("halves") and len(shapes) == 2:
        if not prediction or prediction[:-1] != target[:-1] or prediction[-1] != 2 * target[-1]:
            wanted = (*prediction[:-1], f"{prediction[-1] // 2}") if prediction else ()
            raise ValueError(
                f"{name}: expected `target` of half the columns of `prediction` ({', '.join(map(str, wanted))}), got "
                f"{target}; give `variance`, or let the prediction hold means and then logarithms of variances"
            )
    elif facts.get("target_form") == "rows":
        checks.check_same_shape(name, prediction[:1], target)
    elif not is_of_classes(entry):
        checks.check_same_shape(name, prediction, target)
    for spec, shape in zip(operands_of(entry), shapes[2:], strict=False):
        if spec["form"] == "like":
            checks.check_same_shape(name, prediction, shape, spec["name"])
        elif spec["form"] == "vectors" and (len(shape) != 2 or shape[0] != prediction[1]):
            raise ValueError(f"{name}: expected `{spec['name']}` of shape ({prediction[1]}, classes), got {shape}")


def _further(name: str, spec: Mapping[str, Any], prediction: Tensor, value: Any) -> Tensor:
    if spec["form"] == "labels":
        return shares(name, prediction, value, prediction.shape[-1], None)
    if not isinstance(value, Traceable):
        value = checks.numbers(name, value, spec["domain"], prediction.dtype, spec["name"])
    return as_tensor(value, prediction)


def _target(
    entry: _Entry, prediction: Tensor, operands: Sequence[Any], settings: Mapping[str, Any], ignored: int | None
) -> Tensor:
    name, target = entry["name"], operands[1]
    if is_of_classes(entry):
        if composition(name) is None or (entry["facts"].get("takes_labels") and ignored is None):
            return _labels(name, prediction, target, prediction.shape, ignored)
        return shares(name, prediction, target, classes_of(entry, [prediction, target, *operands[2:]]), ignored)
    if not isinstance(target, Traceable):
        target = checks.numbers(name, target, domain_of(entry, "target", settings), prediction.dtype)
    tensor = as_tensor(target, prediction)
    if tensor.dtype == "int32":
        raise TypeError(
            f"{name}: expected `target` to be numbers, got integers, which stand for classes; convert with "
            ".astype(np.float32), or use cross_entropy for classes"
        )
    return tensor


def _labels(name: str, prediction: Tensor, target: Any, shape: tuple[int, ...], ignored: int | None) -> Tensor:
    """Labels or distributions for rows of this shape, checked as far as they are known."""
    tracer = prediction.tracer
    if not isinstance(target, Traceable):
        array = np.asarray(target)
        checks.check_rows(name, shape, array, labels=array.dtype.kind in "iub")
        if array.dtype.kind in "iub":
            check_range(name, array, shape[-1], ignored)
            target = tracer.constant(array, "int32")
    tensor = as_tensor(target, prediction)
    checks.check_rows(name, shape, tensor, labels=tensor.dtype == "int32")
    if tensor.dtype == "int32" and tensor.value in tracer.input_order:
        tracer.checks.append((tensor.value, lambda labels: check_range(name, labels, shape[-1], ignored)))
    return tensor


def shares(name: str, prediction: Tensor, target: Any, classes: int, ignored: int | None) -> Tensor:
    """Classes as one-hot rows; distributions as they are."""
    rows = _labels(name, prediction, target, (prediction.shape[0], classes), ignored)
    return one_hot(rows, classes, prediction.dtype, ignored)

"""What a metric is: sums over rows, and a number made of them at the end."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core, functional
from tilegrad.tensor import Array, Tensor, Traceable
from tilegrad.words.checks import is_number

# What names a sum: (operation, term, parameter), or a metric of the user's and a place in what it returned.
Key = tuple[Any, ...]
GREATEST = "greatest_error"
# Targets that are decided between, so that a prediction is a class and no amount.
LABELLED = ("unit_interval", "sign", "zero_or_one")
DECIDED = ("classes", "distribution", *LABELLED)


class Reading(NamedTuple):
    """What the numbers of a model's output and of its targets stand for.

    ``kind`` is ``"classes"``, ``"amounts"``, or ``"either"`` where the loss does not say. ``link`` turns the output into
    what the target is: of classes ``"logits"``, ``"probabilities"`` or ``"scores"`` (true above 0), of amounts
    ``"identity"``, ``"exp"`` or ``"sigmoid"``. With ``labels`` each column says yes or no for itself.
    """

    kind: str
    class_link: str
    amount_link: str
    labels: bool
    columns: int = 1
    features: int = 0


def reading_of(loss: Any, columns: int, features: int) -> Reading:
    """What an output of so many columns stands for, by the loss it is trained with."""
    output, targets = loss.output, loss.targets
    amount_link = {"exp": "exp", "sigmoid": "sigmoid"}.get(output, "identity")
    if output in ("softmax", "sigmoid"):
        class_link = "logits"
    elif targets == "unit_interval" or loss.predictions in ("unit_interval", "distribution"):
        class_link = "probabilities"
    else:
        # Logarithms of probabilities are logits, too: softmax leaves them as they are.
        class_link = "logits" if loss.predictions == "log_probabilities" else "scores"
    labels = columns > 1 and targets in LABELLED
    if targets in ("classes", "distribution"):
        kind = "classes"
    elif targets in (*LABELLED, "any") or columns > 1:
        # Shares are amounts as well; rows of several floats may be one-hot.
        kind = "either"
    else:
        kind = "amounts"
    return Reading(kind, class_link, amount_link, labels, columns, features)


class Summing:
    """What the metrics of a step add up; what several of them need is added up once."""

    def __init__(self, prediction: Tensor, target: Tensor, weight: Tensor | None, reading: Reading) -> None:
        self.prediction, self.target, self.weight, self.reading = prediction, target, weight, reading
        self._sums: dict[Key, Tensor] = {}

    def term(self, operation: str, term: str, parameter: float) -> None:
        """Adds up a term that the core knows."""
        key = (operation, term, parameter)
        if key in self._sums:
            return
        inputs = [self.prediction, self.target] + ([] if self.weight is None else [self.weight])
        attributes: dict[str, Any] = {"term": term, "parameter": parameter, "weighted": self.weight is not None}
        if operation == "class_sum":
            attributes |= {"link": self.reading.class_link, "labels": self.reading.labels}
        else:
            attributes["link"] = self.reading.amount_link
        self._sums[key] = self.prediction.tracer.apply(operation, inputs, attributes)

    def own(self, key: Key, value: Any) -> None:
        """Adds up what a metric of the user's made: a tensor, or a number that is the same for each batch of this size."""
        if is_number(value):
            value = self.prediction.tracer.constant(value, self.prediction.dtype)
        if not isinstance(value, Traceable):
            raise TypeError(f"{key[0]}: expected `sums` to return tensors or numbers, got {type(value).__name__}")
        self._sums[key] = value._tensor()

    @property
    def order(self) -> list[Key]:
        """The sums as the loop over an epoch wants them: what takes the greatest number comes last."""
        return sorted(self._sums, key=lambda key: key[1] == GREATEST)

    @property
    def maxima(self) -> int:
        """How many of them take the greatest number."""
        return sum(key[1] == GREATEST for key in self._sums)

    def tensors(self) -> list[Tensor]:
        """The sums of a batch."""
        return [self._sums[key] for key in self.order]

    def layout(self) -> dict[Key, tuple[int, ...]]:
        """The shape of each sum, in order."""
        return {key: self._sums[key].shape for key in self.order}


def parted(numbers: Any, layout: Mapping[Key, tuple[int, ...]]) -> dict[Key, Array]:
    """Numbers in a row as the sums they are."""
    flat, found, start = np.asarray(numbers, np.float64), {}, 0
    for key, shape in layout.items():
        size = int(np.prod(shape, dtype=int))
        found[key] = flat[start : start + size].reshape(shape)
        start += size
    return found


def mean_of(values: Array) -> float:
    """The mean of numbers; NaN of none, as where no row counts and there is no class to speak of."""
    return float(values.mean()) if values.size else math.nan


class Metric:
    """A number made of sums over rows, which is the same however the rows come in batches.

    For a mean over the rows, :func:`custom` is shorter. A class of your own says what is added up in each batch, as tensors
    or numbers, and what is made of the sums at the end:

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> class Deviation(tg.metrics.Metric):
        ...     name = "deviation"
        ...     def sums(self, prediction, target, weight):
        ...         error = prediction - target
        ...         return [error.sum(), (error * error).sum(), len(error)]
        ...     def finish(self, error, square, rows):
        ...         return (square / rows - (error / rows) ** 2) ** 0.5
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd", metrics=[Deviation()])
        >>> trainer.evaluate(np.zeros((3, 1), np.float32), np.array([1, 1, 4], np.float32))["deviation"].__round__(6)
        1.414214
    """

    name = "metric"
    # What it goes with: "classes", "amounts", or "either".
    kind = "either"
    # Whether more of it is better; None says nothing, and then it cannot be watched without a mode.
    greater_is_better: bool | None = None

    def check(self, reading: Reading) -> None:
        """Refuses what it does not go with."""
        if "either" in (self.kind, reading.kind) or self.kind == reading.kind:
            return
        other = "classes, such as accuracy" if reading.kind == "classes" else "amounts, such as mae"
        raise ValueError(f"Trainer: expected `metrics` that go with {other}, got {self.name}")

    def sums(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Sequence[Tensor | float]:
        """What is added up over the batches; ``weight`` is one number for each row, or ``None``."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `sums`, got none")

    def finish(self, *sums: Any) -> float:
        """The metric, from the sums over all batches."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `finish`, got none")

    def request(self, summing: Summing) -> None:
        """Says what is to be added up."""
        for place, value in enumerate(self.sums(summing.prediction, summing.target, summing.weight)):
            summing.own((self.name, "own", id(self), place), value)

    def value(self, sums: Mapping[Key, Array], reading: Reading) -> float:
        """The metric, from all sums there are."""
        own = [value for key, value in sums.items() if key[1:3] == ("own", id(self))]
        return float(self.finish(*(value.item() if value.ndim == 0 else value for value in own)))

    def settings(self) -> dict[str, Any]:
        """The arguments it was made with, by name; those that are attributes."""
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.settings().items())})"


class Summed(Metric):
    """A metric made of terms that the core adds up."""

    operation = "amount_sum"
    # What is added up: words, or (word, parameter).
    terms: tuple[str, ...] = ()
    greater_is_better = False

    def needs(self) -> list[Key]:
        """The sums it is made of; a term takes the parameter of that metric."""
        return [(self.operation, term, self.parameter(term)) for term in self.terms]

    def parameter(self, term: str) -> float:
        """The number that a term takes, such as the quantile of a pinball loss; 0 for terms that take none."""
        return 0.0

    def request(self, summing: Summing) -> None:
        """Says what is to be added up."""
        for key in self.needs():
            summing.term(*key)

    def value(self, sums: Mapping[Key, Array], reading: Reading) -> float:
        """The metric, from all sums there are."""
        with np.errstate(all="ignore"):
            return mean_of(np.asarray(self.finish(*(sums[key] for key in self.needs()))))


class MeanOverRows(Summed):
    """The mean of a term: its sum, over the sum of the weights."""

    def finish(self, total: Array, weight: Array) -> Any:
        """The mean of the term, column by column."""
        return total / weight


class WholeMetric(Metric):
    """A metric that needs all predictions at once; it is computed at the end of an epoch.

    A trainer then goes over the rows once more, without training. For a function of (y_true, y_pred), :func:`custom` with
    ``whole=True`` is shorter; a class of your own gets all :class:`Predictions` and what is true:

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> class Greatest(tg.metrics.WholeMetric):
        ...     name = "greatest"
        ...     def whole(self, predictions, target, weight):
        ...         return float(predictions.amounts.max())
        >>> model = nn.Sequential(nn.Dense(1, 1, initializer="zeros"))
        >>> trainer = tg.Trainer(model, "mean_squared_error", "sgd", metrics=Greatest())
        >>> trainer.evaluate(np.zeros((3, 1), np.float32), np.ones(3, np.float32))["greatest"]
        0.0
    """

    def request(self, summing: Summing) -> None:
        """Asks for no sums, since it is made of the predictions themselves."""

    def whole(self, predictions: Predictions, target: Array, weight: Array | None) -> float:
        """The metric, from all predictions."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `whole`, got none")


@cache
def _thresholds() -> dict[str, tuple[float, float]]:
    """What the sums of the core take for yes, by the link: above what a score, and above what a target."""
    return _core.class_thresholds()


class Predictions(NamedTuple):
    """What a model predicts of each row: its output, and what that stands for.

    Args:
        output: The output of the model, such as logits.
        reading: How the output is to be read.
        classes: How many columns it has.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> class Unsure(tg.metrics.WholeMetric):
        ...     name = "unsure"
        ...     def whole(self, predictions, target, weight):
        ...         return float((predictions.probabilities.max(axis=1) < 0.6).mean())
        >>> model = nn.Sequential(nn.Dense(2, 2, initializer="zeros"))
        >>> trainer = tg.Trainer(model, "cross_entropy", "sgd", metrics=Unsure())
        >>> trainer.evaluate(np.zeros((3, 2), np.float32), np.array([0, 1, 1]))["unsure"]
        1.0
    """

    output: Array
    reading: Reading
    classes: int

    @property
    def amounts(self) -> Array:
        """The amounts; a single column as (rows,)."""
        flat = flat_column(self.output).astype(np.float64)
        if self.reading.amount_link == "exp":
            return np.exp(flat)
        return functional.sigmoid(flat) if self.reading.amount_link == "sigmoid" else flat

    @property
    def probabilities(self) -> Array:
        """Probabilities: of each class, (rows, classes), or of each of several labels."""
        output = self.output.astype(np.float64)
        if self.reading.labels:
            return functional.sigmoid(output) if self.reading.class_link == "logits" else output
        if output.ndim == 1 or output.shape[1] == 1:
            yes = output.reshape(-1)
            yes = functional.sigmoid(yes) if self.reading.class_link == "logits" else yes
            return np.stack([1 - yes, yes], axis=1)
        return functional.softmax(output) if self.reading.class_link == "logits" else output

    @property
    def predicted_classes(self) -> Array:
        """The class of each row, or yes and no for each of several labels."""
        threshold = _thresholds()[self.reading.class_link][0]
        if self.reading.labels:
            return (self.output > threshold).astype(np.int64)
        if self.output.ndim == 1 or self.output.shape[1] == 1:
            return (self.output.reshape(-1) > threshold).astype(np.int64)
        return self.output.argmax(axis=1)  # type: ignore[no-any-return]

    def true_classes(self, target: Array) -> Array:
        """The class that is true of each row, from labels or from floats like the output."""
        threshold = _thresholds()[self.reading.class_link][1]
        if target.dtype.kind in "iub" and not self.reading.labels:
            return target.reshape(-1).astype(np.int64)
        if self.reading.labels:
            return (target > threshold).astype(np.int64)
        if target.ndim == 1 or target.shape[1] == 1:
            return (target.reshape(-1) > threshold).astype(np.int64)
        return target.argmax(axis=1)  # type: ignore[no-any-return]


def flat_column(array: Array) -> Array:
    """A single column as (rows,)."""
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array

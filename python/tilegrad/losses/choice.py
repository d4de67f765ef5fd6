"""Which loss is meant: an object, a name or a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tilegrad import functional
from tilegrad.functional.losses.counting import COUNTING, no_gradient
from tilegrad.functional.losses.entries import operands_of
from tilegrad.losses.base import Loss
from tilegrad.losses.classes import NAMED
from tilegrad.losses.entry import EntryLoss
from tilegrad.tensor import Tensor, Traceable
from tilegrad.words.names import lookup


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
        """What the function returns for arrays or tensors."""
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


def loss_for(loss: Any) -> Loss:
    """The loss object for an object, a name or a function of (prediction, target)."""
    found = _found(loss)
    needed = [
        operand["name"]
        for operand in operands_of(found.entry if isinstance(found, EntryLoss) else {"facts": {}})  # type: ignore[typeddict-item]
        if not operand["optional"] and operand["form"] != "vectors"
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

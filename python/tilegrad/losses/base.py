"""What a trainer needs of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilegrad.tensor import Tensor


class Loss:
    """What a trainer makes small. Most losses are made from the registry; see the classes of this module.

    Example:
        >>> from tilegrad import losses
        >>> losses.loss_for("mean_absolute_error")
        MeanAbsoluteError()
    """

    name = "loss"
    # What a target may be: "classes", "real", "unit_interval", "sign" and so on.
    targets = "real"
    # What the model's output may be: "real" for amounts and logits, or where probabilities are wanted, what they are.
    predictions = "real"
    # The output activation that belongs to it: "identity", "sigmoid", "softmax" or "exp".
    output = "identity"
    takes_class_weight = False
    # The class number whose rows have no loss, and no place in any metric.
    ignore_index: int | None = None
    # Whether an epoch's loss is a plain sum over batches (no mean).
    is_sum = False

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss of arrays, or of traced tensors."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `__call__`, got none")

    def settings(self) -> dict[str, Any]:
        """The settings that the function takes."""
        return {}

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and the weight it has in the mean over batches."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `traced`, got none")

    def target_shape(self, output: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the targets that goes with an output of this shape, both per row."""
        return output

    def refuse_weights(self, weights: dict[str, Tensor]) -> None:
        """Raises if there are weights, which a function of one's own cannot take."""
        if weights:
            raise ValueError(
                f"fit: expected `sample_weight` and `class_weight` to be None for the function {self.name}, got weights"
            )

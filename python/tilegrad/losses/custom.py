"""A loss of the user's own that comes with its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tilegrad.losses.base import Loss
from tilegrad.tensor import Array, Tensor, Traceable
from tilegrad.words.checks import check_number

# So many numbers of a gradient are compared with differences at the first use.
_CHECKED = 50


class Custom(Loss):
    """A loss that a function on NumPy arrays computes, together with its gradient.

    A loss written with tensors needs no gradient: it is differentiated. This is for what exists as NumPy code already, or
    calls another library. The function runs in the middle of each step, with the interpreter lock held, so it costs what it
    costs.

    At the first use its gradient is compared with central differences of its value, in float64; it is refused if one is
    wrong.

    Args:
        value_and_gradient: Takes a prediction and a target, arrays of a batch, and returns a number and an array of the
            shape of the prediction: the loss (a mean over the batch) and its derivative with respect to the prediction.
        check: Whether to compare.
        tolerance: Largest difference allowed, relative to the size of the derivative where that exceeds 1.

    Raises:
        TypeError: If it is not a function.
        ValueError: At the first use, if a derivative is wrong, with index and both values; at any, if what it returns does
            not fit.

    Example:
        >>> from tilegrad import losses
        >>> def squares(prediction, target):
        ...     error = prediction - target
        ...     return (error**2).mean(), 2 * error / error.size
        >>> losses.Custom(squares)(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]))
        2.0
        >>> wrong = losses.Custom(lambda prediction, target: (squares(prediction, target)[0], prediction - target))
        >>> wrong(np.array([[1.0]]), np.array([[4.0]]))
        Traceback (most recent call last):
        ...
        ValueError: <lambda>: at index (0, 0) the gradient is -3, differences of the value give -6
    """

    targets = "any"

    def __init__(
        self,
        value_and_gradient: Callable[[Array, Array], tuple[Any, Any]],
        *,
        check: bool = True,
        tolerance: float = 1e-4,
    ) -> None:
        if not callable(value_and_gradient):
            raise TypeError(
                f"Custom: expected `value_and_gradient` to be a function, got {type(value_and_gradient).__name__}"
            )
        self.function = value_and_gradient
        self.tolerance = check_number("Custom", "tolerance", tolerance, "(0, inf)")
        self.name = getattr(value_and_gradient, "__name__", type(value_and_gradient).__name__)
        self._unchecked = bool(check)

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss of arrays, or of traced tensors."""
        if isinstance(prediction, Traceable):
            return self._node(prediction._tensor(), target)
        prediction = np.asarray(prediction)
        if prediction.dtype.kind != "f":
            raise TypeError(f"{self.name}: expected `prediction` of floats, got dtype {prediction.dtype}")
        return self.call(prediction, np.asarray(target))[0]

    def traced(self, prediction: Tensor, target: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """The loss of a batch, and its number of rows."""
        self.refuse_weights(weights)
        return self._node(prediction, target), prediction.tracer.constant(float(prediction.shape[0]), prediction.dtype)

    def _node(self, prediction: Tensor, target: Any) -> Tensor:
        tracer = prediction.tracer
        if not isinstance(target, Traceable):
            array = np.asarray(target)
            target = tracer.constant(array, "int32" if array.dtype.kind in "iu" else prediction.dtype)
        target = target._tensor()
        shapes = prediction.shape, target.shape

        def run(flat: Array, targets: Array) -> tuple[float, Array]:
            value, gradient = self.call(flat.reshape(shapes[0]), targets.reshape(shapes[1]))
            return value, np.ascontiguousarray(gradient, np.float64).reshape(-1)

        return Tensor(tracer, tracer.graph.host_loss(run, prediction.value, target.value))

    def call(self, prediction: Array, target: Array) -> tuple[float, Array]:
        """Loss and gradient of arrays; on the first call the gradient is checked against differences."""
        value, gradient = self._both(prediction, target)
        if self._unchecked:
            exact = prediction.astype(np.float64)
            self._compare(exact, target.astype(np.float64) if target.dtype.kind == "f" else target)
            self._unchecked = False
        return value, gradient

    def _both(self, prediction: Array, target: Array) -> tuple[float, Array]:
        result = self.function(prediction, target)
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError(f"{self.name}: expected a loss and its gradient, got {type(result).__name__}")
        value, gradient = np.asarray(result[0]), np.asarray(result[1])
        if value.size != 1 or value.dtype.kind not in "fiu":
            raise ValueError(f"{self.name}: expected a single number for the loss, got {value.dtype} of {value.shape}")
        if gradient.shape != prediction.shape or gradient.dtype.kind not in "fiu":
            raise ValueError(
                f"{self.name}: expected a gradient of shape {prediction.shape}, got {gradient.dtype} of {gradient.shape}"
            )
        return float(value.reshape(())), gradient

    def _compare(self, prediction: Array, target: Array) -> None:
        """Refuses a gradient that the differences of the value do not have."""
        gradient = self._both(prediction.copy(), target)[1]
        places = np.unique(np.linspace(0, prediction.size - 1, min(prediction.size, _CHECKED)).astype(int))
        for place in places:
            index = tuple(int(position) for position in np.unravel_index(place, prediction.shape))
            width = 1e-4 * max(1.0, abs(float(prediction[index])))
            values = []
            for offset in (-2, -1, 1, 2):
                moved = prediction.copy()
                moved[index] += offset * width
                values.append(self._both(moved, target)[0])
            numeric = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * width)
            if not abs(float(gradient[index]) - numeric) <= self.tolerance * max(1.0, abs(numeric)):
                raise ValueError(
                    f"{self.name}: at index {index} the gradient is {float(gradient[index]):.6g}, differences of the "
                    f"value give {numeric:.6g}"
                )

    def __repr__(self) -> str:
        return f"Custom({self.name})"

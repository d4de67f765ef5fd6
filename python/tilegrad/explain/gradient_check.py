"""Gradients of functions, models, losses and trainers against central differences."""

from __future__ import annotations

from typing import Any

from tilegrad.explain.subject import as_function
from tilegrad.transform._calls import argument_names
from tilegrad.transform.numeric import CHECK_STEP, compare_gradients


def check_gradients(
    function: Any, *arguments: Any, loss: Any = None, step: float = CHECK_STEP, tolerance: float = 1e-6
) -> float:
    """Compares gradients with central differences of fourth order, in float64.

    Args:
        function: A function of numbers and arrays, a layer or model, a loss, or a trainer. What returns several numbers
            is checked along one fixed combination of them. A model is checked by its input and all its parameters.
        *arguments: Where to check. Floats are converted to float64; integer arrays are labels. A model is called with
            ``x``, or with ``x`` and the target where there is a loss; a trainer with both; a loss with prediction and
            target.
        loss: For a model: a loss object, its name, or a function of (prediction, target).
        step: Distance of the differences, relative to the size of each number where that exceeds 1.
        tolerance: Largest difference allowed, relative to the size of the gradient where that exceeds 1.

    Returns:
        The largest relative difference found.

    Raises:
        ValueError: If a difference exceeds the tolerance; the error message names argument, index and both values.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> tg.check_gradients(lambda x: (x * x).sum(), np.array([3.0, 4.0])) < 1e-9
        True
        >>> model = nn.Sequential(nn.Dense(2, 3), "tanh", nn.Dense(3, 2))
        >>> tg.check_gradients(model, np.array([[0.5, -1.0]]), np.array([1]), loss="cross_entropy") < 1e-8
        True
    """
    subject = as_function("check_gradients", function, loss, arguments)
    if subject is not None:
        called, given, names, differentiable = subject
        return compare_gradients(called, given, names, differentiable, step=step, tolerance=tolerance)
    if not callable(function):
        raise TypeError(f"check_gradients: expected a function, got {type(function).__name__}")
    names, differentiable = argument_names(function, arguments, {}), getattr(function, "differentiable", None)
    return compare_gradients(function, arguments, names, differentiable, step=step, tolerance=tolerance)

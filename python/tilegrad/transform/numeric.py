"""Derivatives by differences: to see what a derivative is, and to check gradients with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tilegrad.tensor import Array, Traceable
from tilegrad.transform._calls import leaf_names, one_tensor
from tilegrad.transform.gradients import chosen_places, jit, value_and_grad
from tilegrad.transform.trees import flatten, rebuild

# Offsets and weights of central differences: (f(x + h) - f(x - h)) / 2h, and the rule that is exact up to x^4.
_RULES = {2: ((-1, -1 / 2), (1, 1 / 2)), 4: ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))}
# About where rounding (1e-16 / h) and the rule's own error (h^2 or h^4) are equally large.
_STEPS = {2: 1e-5, 4: 1e-3}
# Distance of the differences that gradients are compared with.
CHECK_STEP = 1e-4


def numeric_derivative(
    function: Callable[[float], Any], x: float, *, step: float | None = None, order: int = 4
) -> float:
    """The derivative of a function of one number by central differences, in float64.

    The derivative is the limit of ``(f(x + h) - f(x - h)) / 2h`` (``order=2``); the rule with four points
    (``order=4``) comes closer for the same ``h``. The function is called as it is; nothing is traced.

    Args:
        function: Takes a number and returns a number.
        x: Where.
        step: ``h``, relative to ``x`` where that exceeds 1; by default 1e-3 for order 4 and 1e-5 for order 2.
        order: 2 or 4.

    Raises:
        ValueError: For another order, or a step that is not above zero.

    Example:
        >>> import tilegrad as tg
        >>> round(tg.numeric_derivative(lambda x: x**3, 2.0), 9)
        12.0
    """
    step = _check_rule("numeric_derivative", step, order)
    array = np.array(x, np.float64)
    if array.ndim:
        raise ValueError(
            f"numeric_derivative: expected `x` to be a number, got shape {array.shape}; use numeric_gradient"
        )
    return _difference(lambda: float(np.asarray(function(float(array)))), array, (), step, order)


def numeric_gradient(function: Callable[[Array], Any], x: Any, *, step: float | None = None, order: int = 4) -> Array:
    """The gradient of a function of an array by central differences, in float64.

    Each partial derivative moves one number and holds the others. The function is called as it is; nothing is traced.

    Args:
        function: Takes an array and returns a number.
        x: Where; the array is copied.
        step: As in :func:`numeric_derivative`.
        order: 2 or 4.

    Raises:
        ValueError: For another order, or a step that is not above zero.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.numeric_gradient(lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 4.0]).round(9)
        array([6., 8.])
    """
    step = _check_rule("numeric_gradient", step, order)
    array = np.array(x, np.float64)
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        gradient[index] = _difference(lambda: float(np.asarray(function(array.copy()))), array, index, step, order)
    return gradient


def compare_gradients(
    called: Callable[..., Any],
    given: Sequence[Any],
    names: Sequence[str],
    differentiable: tuple[int, ...] | None,
    *,
    step: float,
    tolerance: float,
) -> float:
    """The largest relative difference between gradients and central differences of fourth order, in float64.

    Args:
        called: A function of numbers and arrays.
        given: Its arguments; floats are converted to float64, integer arrays are labels.
        names: What the arguments are called in error messages.
        differentiable: Which arguments have gradients; all by default.
        step: Distance of the differences, relative to the size of each number where that exceeds 1.
        tolerance: Largest difference allowed.

    Raises:
        ValueError: If a difference exceeds the tolerance.
    """
    leaves: list[Any] = []
    specs = [flatten("check_gradients", argument, leaves, numbers=True) for argument in given]
    arrays = [leaf if _is_label(leaf) else np.array(leaf, np.float64) for leaf in leaves]
    places = chosen_places("check_gradients", differentiable, specs)
    supply = iter(arrays)
    doubled = [rebuild(spec, lambda _: next(supply)) for spec in specs]
    combined = _combined(called)
    _, gradients = value_and_grad(combined, argnums=places)(*doubled)
    found: list[Any] = []
    for gradient in gradients:
        flatten("check_gradients", gradient, found, numbers=True)
    owners = [place for place, spec in enumerate(specs) for _ in leaf_names(["x"], [spec])]
    moved = zip(leaf_names(names, specs), owners, arrays, strict=True)
    compared = [(name, array) for name, owner, array in moved if owner in places and not _is_label(array)]
    value, largest = jit(combined), 0.0
    for (name, array), gradient in zip(compared, found, strict=True):
        largest = max(largest, _compare(name, lambda: float(value(*doubled)), array, gradient, step, tolerance))
    return largest


def _compare(
    name: str, value: Callable[[], float], array: Array, gradient: Array, step: float, tolerance: float
) -> float:
    """The largest difference between a gradient and what differences give, or an error that names the first too large."""
    largest = 0.0
    for index in np.ndindex(array.shape):
        numeric = _difference(value, array, index, step, 4)
        analytic = float(np.asarray(gradient)[index])
        error = abs(analytic - numeric) / max(1.0, abs(numeric))
        if not error <= tolerance:
            raise ValueError(
                f"check_gradients: argument {name} at index {index}: the gradient is {analytic:.9g}, "
                f"differences give {numeric:.9g} (relative difference {error:.3g}, allowed {tolerance:.3g})"
            )
        largest = max(largest, error)
    return largest


def _combined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one number as result: several are added up with weights that are all different."""

    def combined(*arguments: Any) -> Any:
        result = function(*arguments)
        if not isinstance(result, Traceable) or result.shape == ():
            return result
        tensor = one_tensor("check_gradients", result)
        return (tensor * np.cos(np.arange(tensor.size, dtype=np.float64)).reshape(tensor.shape)).sum()

    return combined


def _is_label(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind in "iub"


def _check_rule(function: str, step: float | None, order: int) -> float:
    if order not in _RULES:
        raise ValueError(f"{function}: expected `order` to be 2 or 4, got {order!r}")
    if step is None:
        return _STEPS[order]
    if not (np.isfinite(step) and step > 0):
        raise ValueError(f"{function}: expected `step` to be a finite number above 0, got {step}")
    return float(step)


def _difference(value: Callable[[], float], array: Array, index: tuple[int, ...], step: float, order: int) -> float:
    """Derivative by the number at an index; the array is as before when it is done."""
    kept = float(array[index])
    width, total = step * max(1.0, abs(kept)), 0.0
    try:
        for offset, weight in _RULES[order]:
            array[index] = kept + offset * width
            total += weight * value()
    finally:
        array[index] = kept
    return total / width

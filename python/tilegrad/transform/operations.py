"""Operations of one's own: a forward pass and what is passed back, both written with tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tilegrad.tensor import Tensor, as_tensor, find_tensor
from tilegrad.transform._calls import argument_names, one_tensor
from tilegrad.transform.gradients import compiled_as
from tilegrad.transform.numeric import CHECK_STEP, compare_gradients

Backward = Callable[..., Any]


def custom_gradient(forward: Callable[..., Any], backward: Backward, *, name: str | None = None) -> Callable[..., Any]:
    """A function with a gradient that you give, whatever its own one is.

    Both parts are written with operators and functions of tensors, and become part of the compiled plan: nothing of
    Python runs in a step. The gradient is not compared with the function's own; for that see :func:`define_operation`.

    Args:
        forward: Takes float tensors and returns one.
        backward: Takes the gradient that arrives, the result of ``forward``, and its inputs; returns what is passed to
            each input: one tensor for one input, a tuple for several. Derivatives of higher order are taken of it.
        name: What the operation is called in graphs and error messages; that of ``forward`` by default.

    Returns:
        A function of arrays and traced tensors alike.

    Raises:
        TypeError: If one of the two is not a function; on call, if ``backward`` does not return one value for each input.
        ValueError: On call, if what is passed back does not have the input's shape.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> def turn(x):
        ...     return x * 1.0
        >>> reverse = tg.custom_gradient(turn, lambda gradient, y, x: -gradient)
        >>> tg.grad(lambda x: (reverse(x) ** 2).sum())(np.array([1.0, 2.0]))
        array([-2., -4.])
    """
    for part, function in (("forward", forward), ("backward", backward)):
        if not callable(function):
            raise TypeError(f"custom_gradient: expected `{part}` to be a function, got {type(function).__name__}")
    title = getattr(forward, "__name__", "custom").strip("<>") if name is None else str(name)

    def operation(*inputs: Any) -> Any:
        like = find_tensor(*inputs)
        if like is None:
            return compiled(*inputs)
        return _applied(title, operation, forward, backward, [as_tensor(value, like) for value in inputs])

    operation.__name__ = operation.__qualname__ = title
    operation.__doc__ = forward.__doc__
    compiled = compiled_as(title, operation)
    return operation


def define_operation(
    name: str, forward: Callable[..., Any], backward: Backward, *, example: Any, tolerance: float = 1e-6
) -> Callable[..., Any]:
    """An operation of one's own: its forward pass and what it passes back, compared with differences here and now.

    Args:
        name: What the operation is called in graphs and error messages.
        forward: As in :func:`custom_gradient`.
        backward: As in :func:`custom_gradient`.
        example: Where to check: an array, or a tuple of one for each input; away from kinks.
        tolerance: Largest difference allowed, relative to the size of the gradient where that exceeds 1.

    Returns:
        A function of arrays and traced tensors alike.

    Raises:
        ValueError: If the gradient differs from what differences of fourth order give; the message names input, index
            and both values.
        TypeError: As in :func:`custom_gradient`.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> cube = tg.define_operation(
        ...     "cube", lambda x: x * x * x, lambda gradient, y, x: gradient * 3.0 * x * x, example=np.array([0.5, -2.0])
        ... )
        >>> tg.grad(lambda x: cube(x).sum())(np.array([1.0, 2.0]))
        array([ 3., 12.])
        >>> tg.define_operation("wrong", lambda x: x * x, lambda gradient, y, x: gradient * x, example=np.array([3.0]))
        Traceback (most recent call last):
        ...
        ValueError: wrong: argument 0 at index (0,): the gradient is 3, differences give 6 (relative difference 0.5, allowed 1e-06)
    """
    operation = custom_gradient(forward, backward, name=name)
    arguments = example if isinstance(example, tuple) else (example,)
    try:
        names = argument_names(operation, arguments, {})
        compare_gradients(operation, arguments, names, None, step=CHECK_STEP, tolerance=tolerance)
    except ValueError as error:
        said = str(error).replace("check_gradients: argument inputs", f"{name}: argument ")
        raise ValueError(said) from None
    return operation


def _applied(
    name: str,
    operation: Callable[..., Any],
    forward: Callable[..., Any],
    backward: Backward,
    inputs: Sequence[Tensor],
) -> Tensor:
    """The nodes of both passes, tied together by one that stands for the operation."""
    tracer = inputs[0].tracer
    tracer.graph.push_scope(name)
    try:
        output = one_tensor(name, forward(*inputs))
        # What arrives is not known yet: the backward pass puts it in the place of these zeros.
        arriving = tracer.constant(np.zeros(output.shape), output.dtype)
        passed = backward(arriving, output, *inputs)
        given = passed if isinstance(passed, tuple) else (passed,)
        if len(given) != len(inputs):
            raise TypeError(f"{name}: expected `backward` to return {len(inputs)} gradients, got {len(given)}")
        gradients = [as_tensor(gradient, arriving) for gradient in given]
        for place, (source, gradient) in enumerate(zip(inputs, gradients, strict=True)):
            if source.shape != gradient.shape:
                raise ValueError(
                    f"{name}: expected `backward` to return a gradient of shape {source.shape} for input {place}, got "
                    f"{gradient.shape}"
                )
        result: Tensor = tracer.apply("custom", [output, arriving, *inputs, *gradients])
    finally:
        tracer.graph.pop_scope()
    tracer.custom[result.value] = name, operation
    return result

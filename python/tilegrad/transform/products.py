"""Products with derivatives: ``vjp``, ``jvp``, ``hvp``; and the whole matrices, ``jacobian`` and ``hessian``.

A product costs about as much as a gradient, however large the matrix is, which is never made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tilegrad.tensor import Tensor, as_tensor, concatenate, find_tensor
from tilegrad.transform._calls import one_tensor, plain
from tilegrad.transform.gradients import chosen_places, compiled_as, grad
from tilegrad.transform.trees import flatten, rebuild


def vjp(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Products of a vector with the Jacobian of ``function``: what backpropagation passes through it.

    Args:
        function: Takes numbers and arrays and returns an array or number.

    Returns:
        A function of ``(arguments, vector)`` that returns ``(value, products)``. ``arguments`` is a tuple of all
        arguments, or the only one; ``vector`` has the shape of the value; ``products`` have the form of ``arguments``.

    Raises:
        ValueError: On call, if the vector does not have the shape of the value.
        TypeError: On call, if no argument holds floats, or the function does what a trace cannot follow.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.vjp(lambda x, y: x * y)((np.array([1.0, 2.0]), np.array([3.0, 4.0])), np.array([1.0, 10.0]))
        (array([3., 8.]), (array([ 3., 40.]), array([ 1., 20.])))
    """

    def products(arguments: tuple[Any, ...], vector: Any) -> Any:
        leaves, specs = _taken_apart("vjp", arguments)
        value = one_tensor("vjp", function(*arguments))
        gradients = _along(value, _fitting("vjp", "vector", vector, value), _floats("vjp", leaves))
        return value, _put_together(specs, leaves, gradients)

    return _for_one_or_several("vjp", function, products)


def jvp(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Products of the Jacobian of ``function`` with a vector: how the value changes along a direction.

    Taken by differentiating :func:`vjp`, which is linear in its vector, once more.

    Args:
        function: Takes numbers and arrays and returns an array or number.

    Returns:
        A function of ``(arguments, tangents)`` that returns ``(value, tangent)``. Both arguments are tuples of the same
        form, or the only argument and its tangent.

    Raises:
        ValueError: On call, if the tangents do not have the shapes of the arguments.
        TypeError: On call, if no argument holds floats, or the function does what a trace cannot follow.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.jvp(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 0.5]))
        (array([1., 4.]), array([2., 2.]))
    """

    def product(arguments: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        leaves = _floats("jvp", _taken_apart("jvp", arguments)[0])
        directions = _directions("jvp", "tangents", tangents, leaves)
        value = one_tensor("jvp", function(*arguments))
        # Any vector will do, because what depends on it is linear in it.
        vector = value.tracer.constant(np.zeros(value.shape), value.dtype)
        passed = _along(value, vector, leaves)
        [tangent] = _gradients(_inner(passed, directions), [vector])
        return value, tangent

    return _for_one_or_several("jvp", function, product)


def hvp(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """Products of the Hessian of ``function`` with a vector: how the gradient changes along a direction.

    The gradient of ``gradient · vector`` (Pearlmutter, 1994); it costs about two gradients.

    Args:
        function: Takes numbers and arrays and returns a single number.

    Returns:
        A function of ``(arguments, vectors)`` that returns products in the form of ``arguments``: a tuple for all
        arguments, or the only one.

    Raises:
        ValueError: On call, if the vectors do not have the shapes of the arguments, or the value is not a single number.
        TypeError: On call, if no argument holds floats, or the function does what a trace cannot follow.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
        array([  6., 120.])
    """

    def products(arguments: tuple[Any, ...], vectors: tuple[Any, ...]) -> Any:
        leaves, specs = _taken_apart("hvp", arguments)
        floats = _floats("hvp", leaves)
        directions = _directions("hvp", "vectors", vectors, floats)
        value = one_tensor("hvp", function(*arguments), scalar=True)
        second = _gradients(_inner(_gradients(value, floats), directions), floats)
        return _put_together(specs, leaves, second)

    return _for_one_or_several("hvp", function, products, alone=lambda result: result[0])


def jacobian(function: Callable[..., Any], *, argnum: int = 0) -> Callable[..., Any]:
    """A function that returns the derivative of every number of the value by every number of an argument.

    Row by row by :func:`vjp`: one backward pass for each number of the value.

    Args:
        function: Takes numbers and arrays and returns an array or number.
        argnum: By which positional argument, which must be one float array or number.

    Returns:
        A function of the same arguments. Its result has the shape of the value followed by that of the argument.

    Raises:
        ValueError: If there is no such argument.
        TypeError: On call, if the argument holds no floats, or the function does what a trace cannot follow.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.jacobian(lambda x: x * x[0])(np.array([3.0, 5.0]))
        array([[6., 0.],
               [5., 3.]])
    """

    def row(arguments: tuple[Any, ...], vector: Any) -> Any:
        chosen_places("jacobian", argnum, _taken_apart("jacobian", arguments)[1])
        by = arguments[argnum]._tensor()
        value = one_tensor("jacobian", function(*arguments))
        return _along(value, as_tensor(vector, value).reshape(value.shape), [by])[0]

    def shape_of(arguments: tuple[Any, ...]) -> Any:
        return one_tensor("jacobian", function(*arguments))

    if not callable(function):
        raise TypeError(f"jacobian: expected a function, got {type(function).__name__}")
    row_of, value_of = compiled_as("jacobian", row), compiled_as("jacobian", shape_of)

    def matrix(*arguments: Any) -> Any:
        _check_argnum("jacobian", argnum, len(arguments))
        value = value_of(arguments)
        inside = find_tensor(value) is not None
        shape = value.shape if inside else np.shape(value)
        count = int(np.prod(shape))
        dtype = np.float64 if inside else np.asarray(value).dtype
        rows = [row_of(arguments, unit) for unit in np.eye(count, dtype=dtype)]
        if not inside:
            return plain(np.array(rows).reshape((*shape, *np.shape(rows[0]))))
        return concatenate([row.reshape(1, row.size) for row in rows]).reshape((*shape, *rows[0].shape))

    return matrix


def hessian(function: Callable[..., Any], *, argnum: int = 0) -> Callable[..., Any]:
    """A function that returns all second derivatives of ``function`` by an argument.

    Args:
        function: Takes numbers and arrays and returns a single number.
        argnum: By which positional argument, which must be one float array or number.

    Returns:
        A function of the same arguments. Its result has the shape of the argument twice.

    Raises:
        ValueError: If there is no such argument, or, on call, if the value is not a single number.
        TypeError: On call, if the argument holds no floats, or the function does what a trace cannot follow.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
        array([[6., 2.],
               [2., 0.]])
    """
    return jacobian(grad(function, argnums=argnum), argnum=argnum)


def _for_one_or_several(
    name: str,
    function: Callable[..., Any],
    traced: Callable[[tuple[Any, ...], Any], Any],
    alone: Callable[[Any], Any] | None = None,
) -> Callable[[Any, Any], Any]:
    """Compiles a function of (arguments, vectors), which may come in tuples or alone; the result is of the same form."""
    if not callable(function):
        raise TypeError(f"{name}: expected a function, got {type(function).__name__}")
    compiled = compiled_as(name, traced)

    def product(arguments: Any, vectors: Any) -> Any:
        if isinstance(arguments, tuple):
            return compiled(arguments, vectors)
        if name == "vjp":
            value, (gradient,) = compiled((arguments,), vectors)
            return value, gradient
        result = compiled((arguments,), (vectors,))
        return result if alone is None else alone(result)

    return product


def _check_argnum(function: str, argnum: int, count: int) -> None:
    if not 0 <= argnum < count:
        raise ValueError(f"{function}: expected `argnum` from 0 to {count - 1}, got {argnum}")


def _taken_apart(function: str, arguments: Sequence[Any]) -> tuple[list[Tensor], list[Any]]:
    leaves: list[Tensor] = []
    return leaves, [flatten(function, argument, leaves, numbers=False) for argument in arguments]


def _floats(function: str, leaves: Sequence[Tensor]) -> list[Tensor]:
    found = [leaf._tensor() for leaf in leaves if leaf.dtype != "int32"]
    if not found:
        raise TypeError(f"{function}: expected at least one float argument to differentiate by, got none")
    return found


def _directions(function: str, name: str, given: Any, leaves: Sequence[Tensor]) -> list[Tensor]:
    """A tensor for each leaf to move along, checked."""
    found: list[Any] = []
    for part in given if isinstance(given, tuple) else (given,):
        flatten(function, part, found, numbers=False)
    floats = [leaf for leaf in found if leaf.dtype != "int32"]
    if len(floats) != len(leaves):
        raise ValueError(f"{function}: expected `{name}` of {len(leaves)} float arrays, got {len(floats)}")
    return [_fitting(function, name, direction, leaf) for direction, leaf in zip(floats, leaves, strict=True)]


def _fitting(function: str, name: str, given: Any, like: Tensor) -> Tensor:
    tensor = as_tensor(given, like)
    if tensor.shape != like.shape:
        raise ValueError(f"{function}: expected `{name}` of shape {like.shape}, got {tensor.shape}")
    return tensor


def _gradients(of: Tensor, by: Sequence[Tensor]) -> list[Tensor]:
    tracer = of.tracer
    return [Tensor(tracer, gradient) for gradient in tracer.graph.gradients(of.value, [tensor.value for tensor in by])]


def _along(value: Tensor, vector: Tensor, by: Sequence[Tensor]) -> list[Tensor]:
    return _gradients((value * vector).sum() if value.shape else value * vector, by)


def _inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    terms = [(a * b).sum() if a.shape else a * b for a, b in zip(left, right, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _put_together(specs: Sequence[Any], leaves: Sequence[Tensor], found: Sequence[Tensor]) -> tuple[Any, ...]:
    """The gradients in the form of the arguments; labels become ``None``."""
    supply, places = iter(found), iter(leaves)

    def one(_: Any) -> Any:
        return next(supply) if next(places).dtype != "int32" else None

    return tuple(rebuild(spec, one) for spec in specs)

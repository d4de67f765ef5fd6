"""First derivatives: ``grad`` and ``value_and_grad``; and ``jit``, which they share their plans with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tilegrad.tensor import Tensor, Traceable, find_tensor
from tilegrad.transform._calls import Arguments, Cache, Compiled, argument_names, result_spec, scalar_result, trace_call
from tilegrad.transform.trees import Spec, has_values, rebuild, values_of


def chosen_places(function: str, argnums: int | Sequence[int] | None, specs: Sequence[Spec]) -> list[int]:
    """Which arguments get a gradient."""
    if argnums is None:
        chosen = [place for place, spec in enumerate(specs) if has_values(spec)]
        if not chosen:
            raise TypeError(f"{function}: expected at least one float argument to differentiate by, got none")
        return chosen
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    for place in chosen:
        if not 0 <= place < len(specs):
            raise ValueError(f"{function}: expected `argnums` from 0 to {len(specs) - 1}, got {place}")
        if not has_values(specs[place]):
            raise TypeError(
                f"{function}: expected argument {place} to hold floats, got labels or settings, which have no gradient"
            )
    return chosen


def _leaf_range(specs: Sequence[Spec], place: int) -> range:
    counts = [sum(1 for _ in values_of(spec)) for spec in specs]
    start = sum(counts[:place])
    return range(start, start + counts[place])


class Gradients:
    """What ``grad`` and ``value_and_grad`` share: the value, and the gradient for each chosen argument."""

    def __init__(self, name: str, function: Callable[..., Any], argnums: int | Sequence[int] | None) -> None:
        if not callable(function):
            raise TypeError(f"{name}: expected a function, got {type(function).__name__}")
        self.name, self.function = name, function
        self.argnums = argnums if argnums is not None else getattr(function, "differentiable", None)
        self.cache = Cache(self._build)

    def _build(self, arguments: Arguments) -> Compiled:
        names = argument_names(self.function, arguments.specs, dict.fromkeys(arguments.names))
        names += [f"x{place}" for place in range(len(names), len(arguments.specs))]
        tracer, tensors, result = trace_call(self.function, arguments, names)
        outputs, form = self._differentiate(arguments, tensors, scalar_result(self.name, result))
        return Compiled(tracer, outputs, form)

    def _differentiate(
        self, arguments: Arguments, tensors: Sequence[Tensor], value: Tensor
    ) -> tuple[list[Tensor], Spec]:
        """The value and the gradients as tensors, and the form they are handed out in."""
        wanted: list[Tensor] = []
        forms: list[Spec] = []
        for place in chosen_places(self.name, self.argnums, arguments.specs):
            spec, leaves = arguments.specs[place], _leaf_range(arguments.specs, place)
            wanted += [tensors[leaf] for leaf in leaves if tensors[leaf].dtype != "int32"]
            forms.append(_gradient_form(spec))
        tracer = value.tracer
        gradients = tracer.graph.gradients(value.value, [tensor.value for tensor in wanted])
        form: Spec = forms[0] if isinstance(self.argnums, int) else ("tuple", *forms)
        return [value, *(Tensor(tracer, gradient) for gradient in gradients)], ("tuple", ("array",), form)

    def __call__(self, arguments: Sequence[Any], settings: dict[str, Any]) -> Any:
        """The gradients at these arguments: computed, or traced where an argument is a tensor."""
        taken = Arguments(self.name, arguments, settings)
        if find_tensor(*taken.leaves) is None:
            return self.cache.run(taken)
        return self._inside(taken)

    def _inside(self, arguments: Arguments) -> Any:
        """The gradient of a gradient: more nodes in the trace that is under way."""
        like = find_tensor(*arguments.leaves)
        assert like is not None
        tensors = [_in_trace(leaf, like) for leaf in arguments.leaves]
        supply = iter(tensors)
        positional, named = arguments.build(lambda _: next(supply))
        outputs, form = self._differentiate(
            arguments, tensors, scalar_result(self.name, self.function(*positional, **named))
        )
        results = iter(outputs)
        return rebuild(form, lambda _: next(results))


def _in_trace(leaf: Any, like: Tensor) -> Tensor:
    if isinstance(leaf, Traceable):
        return leaf._tensor()
    dtype = leaf.dtype.name if isinstance(leaf, np.ndarray) else like.dtype
    return like.tracer.constant(leaf, dtype)


def _gradient_form(spec: Spec) -> Spec:
    """The form of an argument's gradient: labels and settings become ``None``."""
    match spec[0]:
        case "list" | "tuple":
            return (spec[0], *(_gradient_form(part) for part in spec[1:]))
        case "dict":
            return ("dict", spec[1], *(_gradient_form(part) for part in spec[2:]))
        case "labels" | "setting":
            return ("setting", None, None)
        case _:
            return ("array",)


def value_and_grad(function: Callable[..., Any], *, argnums: int | Sequence[int] | None = None) -> Callable[..., Any]:
    """A function that returns the value of ``function`` and its gradient for each float argument.

    Args:
        function: Takes numbers and arrays and returns a single number.
        argnums: Which positional arguments get a gradient: by default all that hold floats. With one number instead of
            a list, its gradient comes alone and not as a tuple.

    Returns:
        A function of the same arguments that returns ``(value, gradients)``, where ``gradients`` is a tuple with one
        entry per argument chosen.

    Raises:
        ValueError: On call, if the function returns more than a single number.
        TypeError: On call, if no argument holds floats, or the function does what a trace cannot follow.

    Example:
        >>> import tilegrad as tg
        >>> def pay(price, count, tax):
        ...     return price * count * tax
        >>> tg.value_and_grad(pay)(10.0, 2.0, 1.1)
        (22.0, (2.2, 11.0, 20.0))
    """
    gradients = Gradients("value_and_grad", function, argnums)
    fast = gradients.cache.fast

    @functools.wraps(function)
    def value_and_gradient(*arguments: Any, **settings: Any) -> Any:
        found = fast(arguments, settings)
        return gradients(arguments, settings) if found is None else found

    return value_and_gradient


def grad(function: Callable[..., Any], *, argnums: int | Sequence[int] | None = None) -> Callable[..., Any]:
    """A function that returns the gradient of ``function``.

    A function of one float argument gives the gradient itself; of several, a tuple with one gradient each. ``argnums``
    chooses as in :func:`value_and_grad`. Gradients can be differentiated again.

    Example:
        >>> import tilegrad as tg
        >>> cube = lambda x: x * x * x
        >>> tg.grad(cube)(2.0)
        12.0
        >>> tg.grad(tg.grad(cube))(2.0)
        12.0
    """
    gradients = Gradients("grad", function, argnums)
    fast = gradients.cache.fast

    @functools.wraps(function)
    def gradient(*arguments: Any, **settings: Any) -> Any:
        _, found = fast(arguments, settings) or gradients(arguments, settings)
        return found[0] if argnums is None and len(found) == 1 else found

    return gradient


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that computes what ``function`` does, compiled into one plan for each kind of arguments.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import functional as F
        >>> layer = tg.jit(lambda x, w, b: F.relu(x @ w + b))
        >>> layer(np.array([[1.0, 2.0]]), np.array([[1.0], [-1.0]]), np.array([3.0]))
        array([[2.]])
    """
    return compiled_as("jit", function)


def compiled_as(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """What :func:`jit` returns, with another name in its error messages."""
    if not callable(function):
        raise TypeError(f"{name}: expected a function, got {type(function).__name__}")

    def build(arguments: Arguments) -> Compiled:
        names = [f"x{place}" for place in range(len(arguments.specs))]
        tracer, _, result = trace_call(function, arguments, names)
        outputs: list[Tensor] = []
        form = result_spec(name, tracer, result, outputs, arguments.numbers)
        return Compiled(tracer, outputs, form)

    cache = Cache(build)
    fast = cache.fast

    @functools.wraps(function)
    def compiled(*arguments: Any, **settings: Any) -> Any:
        found = fast(arguments, settings)
        if found is not None:
            return found
        taken = Arguments(name, arguments, settings)
        if find_tensor(*taken.leaves) is not None:
            return function(*arguments, **settings)
        return cache.run(taken)

    return compiled

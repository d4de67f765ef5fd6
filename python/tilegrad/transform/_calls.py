"""Calls of traced functions: arguments taken apart, the trace of a call, and plans kept by the kind of arguments."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array, Tensor, Traceable, Tracer
from tilegrad.transform.trees import Spec, flatten, number_dtype, rebuild

_MOST_PLANS = 256


class Arguments:
    """Arguments of a call: leaves, what they are a structure of, and the dtype of plain numbers."""

    def __init__(self, function: str, arguments: Sequence[Any], settings: dict[str, Any]) -> None:
        self.leaves: list[Any] = []
        self.specs = tuple(flatten(function, argument, self.leaves, numbers=True) for argument in arguments)
        named = {name: flatten(function, value, self.leaves, numbers=False) for name, value in settings.items()}
        self.names, self.named = tuple(named), tuple(named.values())
        self.numbers = number_dtype(self.leaves)

    @property
    def key(self) -> Spec:
        return self.specs, self.names, self.named, self.numbers

    def arrays(self) -> list[Array]:
        """The leaves as the plan takes them."""
        return [leaf if isinstance(leaf, np.ndarray) else np.asarray(leaf, self.numbers) for leaf in self.leaves]

    def build(self, make: Callable[[Spec], Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments again, with ``make`` in place of each leaf."""
        arguments = [rebuild(spec, make) for spec in self.specs]
        return arguments, {name: rebuild(spec, make) for name, spec in zip(self.names, self.named, strict=True)}


class Compiled:
    """A plan and the forms of its results."""

    def __init__(self, tracer: Tracer, outputs: list[Tensor], form: Spec) -> None:
        self.plan: _core.Plan = tracer.graph.compile([output.value for output in outputs])
        self.form = form
        self.checks = [(tracer.input_order.index(value), check) for value, check in tracer.checks]

    def run(self, arguments: Arguments) -> Any:
        arrays = arguments.arrays()
        for place, check in self.checks:
            check(arrays[place])
        results = iter(self.plan.run(arrays))
        return rebuild(self.form, lambda _: plain(next(results)))


def plain(result: Array) -> Any:
    """A single number as a Python float, anything else as the array it is."""
    return float(result) if result.ndim == 0 else result


class Cache:
    """Compiled functions by the kind of their arguments; the one unused for longest makes room.

    ``fast(arguments, settings)`` is the result where the core knows the kind already, and ``None`` where it does not.
    """

    def __init__(self, build: Callable[[Arguments], Compiled]) -> None:
        self._build = build
        self._plans: OrderedDict[Spec, Compiled] = OrderedDict()
        self._calls = _core.Calls()
        self.fast = self._calls.run

    def run(self, arguments: Arguments) -> Any:
        key = arguments.key
        compiled = self._plans.get(key)
        if compiled is None:
            compiled = self._plans[key] = self._build(arguments)
            if len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        result = compiled.run(arguments)
        self._calls.keep(key, compiled.plan, compiled.form)
        return result


def argument_names(function: Callable[..., Any], arguments: Sequence[Any], settings: dict[str, Any]) -> list[str]:
    """What the positional arguments are called in the function's own signature."""
    try:
        bound = inspect.signature(function).bind(*arguments, **settings)
    except (TypeError, ValueError):
        return [f"x{place}" for place in range(len(arguments))]
    names: list[str] = []
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{name}{place}" for place in range(len(value))]
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            names.append(name)
    return names[: len(arguments)]


def leaf_names(names: Sequence[str], specs: Sequence[Spec]) -> list[str]:
    """A name for each leaf: the argument's, followed by key or place where the argument is a structure."""
    return [leaf for name, spec in zip(names, specs, strict=True) for leaf in _names_within(name, spec)]


def _names_within(name: str, spec: Spec) -> Iterator[str]:
    match spec[0]:
        case "list" | "tuple":
            parts: Iterable[tuple[Any, Spec]] = enumerate(spec[1:])
        case "dict":
            parts = zip(spec[1], spec[2:], strict=True)
        case "setting":
            return
        case _:
            yield name
            return
    for key, part in parts:
        yield from _names_within(f"{name}.{key}" if name else str(key), part)


def trace_call(
    function: Callable[..., Any], arguments: Arguments, names: Sequence[str], tracer: Tracer | None = None
) -> tuple[Tracer, list[Tensor], Any]:
    """Runs the function on tensors: the trace, the tensors of all leaves, and what the function returned."""
    tracer, tensors = tracer or Tracer(), []
    all_names = leaf_names((*names, *arguments.names), (*arguments.specs, *arguments.named))
    for name, leaf in zip(all_names, arguments.leaves, strict=True):
        shape, dtype = (leaf.shape, leaf.dtype.name) if isinstance(leaf, np.ndarray) else ((), arguments.numbers)
        tensors.append(tracer.input(name, shape, dtype))
    supply = iter(tensors)
    positional, named = arguments.build(lambda _: next(supply))
    with tracer.active():
        result = function(*positional, **named)
    return tracer, tensors, result


def result_spec(function: str, tracer: Tracer, result: Any, outputs: list[Tensor], dtype: str) -> Spec:
    """Collects the tensors of a result; plain numbers and arrays in it become constants."""
    if isinstance(result, Traceable):
        outputs.append(result._tensor())
        return ("array",)
    if isinstance(result, list | tuple):
        kind = "list" if isinstance(result, list) else "tuple"
        return (kind, *(result_spec(function, tracer, part, outputs, dtype) for part in result))
    if isinstance(result, dict):
        return (
            "dict",
            tuple(result),
            *(result_spec(function, tracer, part, outputs, dtype) for part in result.values()),
        )
    if result is None:
        return ("setting", None, None)
    if isinstance(result, int | float | np.ndarray | np.number):
        outputs.append(tracer.constant(result, dtype))
        return ("array",)
    raise TypeError(
        f"{function}: expected the function to return traced values or numbers, got {type(result).__name__}"
    )


def scalar_result(function: str, result: Any) -> Tensor:
    """The single number that a function to differentiate must return."""
    if not isinstance(result, Traceable):
        got = type(result).__name__
        raise TypeError(f"{function}: expected the function to return a value computed from its arguments, got {got}")
    tensor = result._tensor()
    if tensor.shape != ():
        raise ValueError(
            f"{function}: expected the function to return a single number, got shape {tensor.shape}; "
            "end it with `.sum()` or `.mean()`"
        )
    return tensor


def one_tensor(function: str, result: Any, *, scalar: bool = False) -> Tensor:
    """The single traced value that a function to differentiate must return."""
    if scalar:
        return scalar_result(function, result)
    if not isinstance(result, Traceable):
        got = type(result).__name__
        raise TypeError(f"{function}: expected the function to return a value computed from its arguments, got {got}")
    return result._tensor()

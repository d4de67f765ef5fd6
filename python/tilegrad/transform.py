"""Functions of functions: ``grad``, ``value_and_grad``, ``jit``, ``trace`` and ``check_gradients``.

Each of them runs a Python function once on traced tensors, compiles the graph that this gives, and keeps the result by
the shapes and dtypes of the arguments: the next call with arguments of the same kind runs no Python of yours at all.

* Numbers and float arrays are values. Plain numbers are float64, or float32 beside float32 arrays.
* Integer arrays are labels: they get no gradient.
* Everything else (strings, ``True``, ``None``), and numbers given by keyword, are settings: fixed while tracing.
* Lists, tuples and dicts of arrays are walked, and their gradients come in the same form.
* The losses of ``tilegrad.functional`` are differentiated by their prediction.
* What the function takes from outside its arguments is read when it is traced, and is fixed then.
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad._trees import Spec, flatten, has_values, number_dtype, rebuild, values_of
from tilegrad.tensor import Array, Tensor, Traceable, Tracer, find_tensor

__all__ = ["check_gradients", "grad", "jit", "trace", "value_and_grad"]

if TYPE_CHECKING:
    from tilegrad.explain.trace import Trace

_MOST_PLANS = 256


class _Arguments:
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


class _Compiled:
    """A plan and the forms of its results."""

    def __init__(self, tracer: Tracer, outputs: list[Tensor], form: Spec) -> None:
        self.plan: _core.Plan = tracer.graph.compile([output.value for output in outputs])
        self.form = form
        self.checks = [(tracer.input_order.index(value), check) for value, check in tracer.checks]

    def run(self, arguments: _Arguments) -> Any:
        arrays = arguments.arrays()
        for place, check in self.checks:
            check(arrays[place])
        results = iter(self.plan.run(arrays))
        return rebuild(self.form, lambda _: _plain(next(results)))


def _plain(result: Array) -> Any:
    """A single number as a Python float, anything else as the array it is."""
    return float(result) if result.ndim == 0 else result


class _Cache:
    """Compiled functions by the kind of their arguments; the one unused for longest makes room.

    ``fast(arguments, settings)`` is the result where the core knows the kind already, and ``None`` where it does not.
    """

    def __init__(self, build: Callable[[_Arguments], _Compiled]) -> None:
        self._build = build
        self._plans: OrderedDict[Spec, _Compiled] = OrderedDict()
        self._calls = _core.Calls()
        self.fast = self._calls.run

    def run(self, arguments: _Arguments) -> Any:
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


def trace_call(
    function: Callable[..., Any], arguments: _Arguments, names: Sequence[str]
) -> tuple[Tracer, list[Tensor], Any]:
    """Runs the function on tensors: the trace, the tensors of all leaves, and what the function returned."""
    tracer, tensors = Tracer(), []
    leaf_names: list[str] = []
    for name, spec in zip((*names, *arguments.names), (*arguments.specs, *arguments.named), strict=True):
        count = sum(1 for _ in values_of(spec))
        leaf_names += [name] if count == 1 else [f"{name}.{place}" for place in range(count)]
    for name, leaf in zip(leaf_names, arguments.leaves, strict=True):
        shape, dtype = (leaf.shape, leaf.dtype.name) if isinstance(leaf, np.ndarray) else ((), arguments.numbers)
        tensors.append(tracer.input(name, shape, dtype))
    supply = iter(tensors)
    positional, named = arguments.build(lambda _: next(supply))
    with tracer.active():
        result = function(*positional, **named)
    return tracer, tensors, result


def _result_spec(function: str, tracer: Tracer, result: Any, outputs: list[Tensor], dtype: str) -> Spec:
    """Collects the tensors of a result; plain numbers and arrays in it become constants."""
    if isinstance(result, Traceable):
        outputs.append(result._tensor())
        return ("array",)
    if isinstance(result, list | tuple):
        kind = "list" if isinstance(result, list) else "tuple"
        return (kind, *(_result_spec(function, tracer, each, outputs, dtype) for each in result))
    if isinstance(result, dict):
        return (
            "dict",
            tuple(result),
            *(_result_spec(function, tracer, each, outputs, dtype) for each in result.values()),
        )
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


def _chosen(function: str, argnums: int | Sequence[int] | None, specs: Sequence[Spec]) -> list[int]:
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


class _Gradients:
    """What ``grad`` and ``value_and_grad`` share: the value, and the gradient for each chosen argument."""

    def __init__(self, name: str, function: Callable[..., Any], argnums: int | Sequence[int] | None) -> None:
        if not callable(function):
            raise TypeError(f"{name}: expected a function, got {type(function).__name__}")
        self.name, self.function = name, function
        self.argnums = argnums if argnums is not None else getattr(function, "differentiable", None)
        self.cache = _Cache(self._build)

    def _build(self, arguments: _Arguments) -> _Compiled:
        names = argument_names(self.function, arguments.specs, dict.fromkeys(arguments.names))
        names += [f"x{place}" for place in range(len(names), len(arguments.specs))]
        tracer, tensors, result = trace_call(self.function, arguments, names)
        outputs, form = self._differentiate(arguments, tensors, scalar_result(self.name, result))
        return _Compiled(tracer, outputs, form)

    def _differentiate(
        self, arguments: _Arguments, tensors: Sequence[Tensor], value: Tensor
    ) -> tuple[list[Tensor], Spec]:
        """The value and the gradients as tensors, and the form they are handed out in."""
        wanted: list[Tensor] = []
        forms: list[Spec] = []
        for place in _chosen(self.name, self.argnums, arguments.specs):
            spec, leaves = arguments.specs[place], _leaf_range(arguments.specs, place)
            wanted += [tensors[leaf] for leaf in leaves if tensors[leaf].dtype != "int32"]
            forms.append(_gradient_form(spec))
        tracer = value.tracer
        gradients = tracer.graph.gradients(value.value, [tensor.value for tensor in wanted])
        form: Spec = forms[0] if isinstance(self.argnums, int) else ("tuple", *forms)
        return [value, *(Tensor(tracer, gradient) for gradient in gradients)], ("tuple", ("array",), form)

    def __call__(self, arguments: Sequence[Any], settings: dict[str, Any]) -> Any:
        taken = _Arguments(self.name, arguments, settings)
        if find_tensor(*taken.leaves) is None:
            return self.cache.run(taken)
        return self._inside(taken)

    def _inside(self, arguments: _Arguments) -> Any:
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
    gradients = _Gradients("value_and_grad", function, argnums)
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
    gradients = _Gradients("grad", function, argnums)
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
    if not callable(function):
        raise TypeError(f"jit: expected a function, got {type(function).__name__}")

    def build(arguments: _Arguments) -> _Compiled:
        names = [f"x{place}" for place in range(len(arguments.specs))]
        tracer, _, result = trace_call(function, arguments, names)
        outputs: list[Tensor] = []
        form = _result_spec("jit", tracer, result, outputs, arguments.numbers)
        return _Compiled(tracer, outputs, form)

    cache = _Cache(build)
    fast = cache.fast

    @functools.wraps(function)
    def compiled(*arguments: Any, **settings: Any) -> Any:
        found = fast(arguments, settings)
        if found is not None:
            return found
        taken = _Arguments("jit", arguments, settings)
        if find_tensor(*taken.leaves) is not None:
            return function(*arguments, **settings)
        return cache.run(taken)

    return compiled


def trace(function: Callable[..., Any]) -> Callable[..., Trace]:
    """A function that returns the graph of ``function`` with its numbers, to be looked at.

    The result's ``explain()`` goes through backpropagation node by node: the value of each node, the local derivative
    on each edge, and the gradient that arrives.

    Example:
        >>> import tilegrad as tg
        >>> tg.trace(lambda price, count: price * count)(10.0, 2.0).explain()
        forward                     value     arriving gradient
          price                     10        2
          count                     2         10
          multiply = price * count  20        1
        backward
          multiply -> price         1 * 2 = 2
          multiply -> count         1 * 10 = 10
    """
    if not callable(function):
        raise TypeError(f"trace: expected a function, got {type(function).__name__}")

    @functools.wraps(function)
    def traced(*arguments: Any, **settings: Any) -> Trace:
        from tilegrad.explain.trace import Trace

        taken = _Arguments("trace", arguments, settings)
        tracer, tensors, result = trace_call(function, taken, argument_names(function, arguments, settings))
        return Trace(tracer, tensors, scalar_result("trace", result), taken.arrays())

    return traced


def check_gradients(
    function: Callable[..., Any], *arguments: Any, step: float = 1e-4, tolerance: float = 1e-6
) -> float:
    """Compares the gradients of ``function`` with central differences of fourth order, in float64.

    Args:
        function: Takes numbers and arrays and returns a single number.
        *arguments: Where to check. Float arrays are converted to float64; integer arrays are labels.
        step: Distance of the differences, relative to the size of each number where that exceeds 1.
        tolerance: Largest difference allowed, relative to the size of the gradient where that exceeds 1.

    Returns:
        The largest relative difference found.

    Raises:
        ValueError: If a difference exceeds the tolerance; the sentence names argument, index and both values.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> tg.check_gradients(lambda x: (x * x).sum(), np.array([3.0, 4.0])) < 1e-9
        True
    """
    doubled = [np.array(each, np.float64) if _is_float(each) else each for each in arguments]
    places = [place for place, each in enumerate(doubled) if _is_float(each)]
    _, gradients = value_and_grad(function, argnums=places)(*doubled)
    value, largest = jit(function), 0.0
    for place, gradient in zip(places, gradients, strict=True):
        array = doubled[place]
        for index in np.ndindex(array.shape):
            numeric = _difference(value, doubled, array, index, step)
            analytic = float(np.asarray(gradient)[index])
            error = abs(analytic - numeric) / max(1.0, abs(numeric))
            if not error <= tolerance:
                raise ValueError(
                    f"check_gradients: argument {place} at index {index}: the gradient is {analytic:.9g}, "
                    f"differences give {numeric:.9g} (relative difference {error:.3g}, allowed {tolerance:.3g})"
                )
            largest = max(largest, error)
    return largest


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def _difference(
    value: Callable[..., Any], arguments: list[Any], array: Array, index: tuple[int, ...], step: float
) -> float:
    """Derivative by the number at an index, by the five-point rule."""
    kept = float(array[index])
    width, values = step * max(1.0, abs(kept)), []
    for offset in (-2, -1, 1, 2):
        array[index] = kept + offset * width
        values.append(float(value(*arguments)))
    array[index] = kept
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * width)

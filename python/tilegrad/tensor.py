"""Traced values: what a function of tilegrad works on while it is being turned into a graph.

A :class:`Tensor` has a shape and a dtype, but no numbers yet. Whatever is done with it is written down as a node of a
graph, which is then compiled. Models, losses and functions given to ``tg.grad``, ``tg.jit`` or ``tg.Trainer`` meet
tensors; ordinary code meets NumPy arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tilegrad import _core

Array: TypeAlias = NDArray[Any]
Axes: TypeAlias = int | Sequence[int] | None

# NumPy's name of a function: the core's name of the operation.
_UFUNCS = {name: name for name in ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "matmul")}
_UFUNCS |= {name: name for name in ("negative", "exp", "expm1", "log", "log1p", "sqrt", "square", "sign", "tanh")}
_UFUNCS |= {"true_divide": "divide", "absolute": "abs", "float_power": "power"}


class Parameter(Protocol):
    """What a trace needs of a parameter; :class:`tilegrad.nn.Parameter` is one."""

    # Name of the activation that the layer's output goes through, once known.
    following: str | None

    @property
    def shape(self) -> tuple[int, ...]:
        """How many numbers it has along each axis."""

    @property
    def dtype(self) -> str:
        """Type of its numbers, ``"float32"`` or ``"float64"``."""


_active: ContextVar[Tracer | None] = ContextVar("tilegrad_tracer", default=None)


class Tracer:
    """A graph in the making, and what is known while it is made."""

    def __init__(self, *, training: bool = False) -> None:
        self.graph = _core.Graph()
        self.training = training
        self._parameters: dict[int, Tensor] = {}
        self._held: list[Parameter] = []
        self._streams = 0
        # Names of the modules by identity, the scope that is open, and the shapes of what modules returned.
        self.module_names: dict[int, str] = {}
        self.outputs: dict[str, tuple[int, ...]] = {}
        self.path = ""
        self.input_order: list[int] = []
        # Values of operations that a step of training does beside the updates: running statistics.
        self.beside: list[int] = []
        # What must hold for the numbers of an input at each run: (value of the input, check).
        self.checks: list[tuple[int, Callable[[Array], None]]] = []
        # Operations of the user by the value they make: what they are called, and the function.
        self.custom: dict[int, tuple[str, Callable[..., Any]]] = {}

    def input(self, name: str, shape: Sequence[int], dtype: str) -> Tensor:
        """A value given at each run."""
        tensor = Tensor(self, self.graph.input(name, shape, dtype))
        self.input_order.append(tensor.value)
        return tensor

    def declare(self, name: str, parameter: Parameter) -> Tensor:
        """A parameter of the model; it is kept between runs."""
        tensor = Tensor(self, self.graph.parameter(name, parameter.shape, parameter.dtype))
        tensor.origin = parameter
        self._parameters[id(parameter)] = tensor
        self._held.append(parameter)
        return tensor

    def parameter(self, parameter: Parameter) -> Tensor:
        """The tensor that stands for a declared parameter."""
        found = self._parameters.get(id(parameter))
        if found is None:
            raise ValueError(
                "trace: expected every parameter to be an attribute of the model, got one that is not reachable from "
                "it; "
                "assign it to `self` in `__init__`, or put it into a list or dict that is"
            )
        return found

    @contextmanager
    def standing_in(self, pairs: Sequence[tuple[Parameter, Tensor]]) -> Iterator[None]:
        """Within this block these tensors stand for these parameters."""
        kept, held = self._parameters, len(self._held)
        self._parameters = kept | {id(parameter): tensor for parameter, tensor in pairs}
        # Held, so that no other object gets the identity of a parameter while it is a key.
        self._held += [parameter for parameter, _ in pairs]
        try:
            yield
        finally:
            self._parameters = kept
            del self._held[held:]

    def next_stream(self) -> int:
        """A stream of random numbers that nobody else uses; the same in each trace of the same function."""
        self._streams += 1
        return self._streams

    def constant(self, value: Any, dtype: str) -> Tensor:
        """A fixed value, in the given dtype."""
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"trace: expected numbers to compute with, got dtype {array.dtype}")
        return Tensor(self, self.graph.constant(np.ascontiguousarray(array, dtype).reshape(array.shape)))

    def apply(self, operation: str, inputs: Sequence[Tensor], attributes: Mapping[str, Any] | None = None) -> Tensor:
        """The result of an operation of the core on tensors of this trace."""
        for tensor in inputs:
            if tensor.tracer is not self:
                raise ValueError(
                    f"{operation}: expected tensors of one trace, got one of another; a traced value must not be kept "
                    "outside the function that was traced"
                )
        return Tensor(self, self.graph.apply(operation, [tensor.value for tensor in inputs], attributes or {}))

    @contextmanager
    def active(self) -> Iterator[Tracer]:
        """Within this block the model's parameters stand for tensors of this trace."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    @contextmanager
    def module(self, module: object) -> Iterator[Callable[[Any], None]]:
        """Names made within this block begin with the module's name; what it yields notes the output's shape."""
        name, outer = self.module_names.get(id(module), ""), self.path
        inside = name.removeprefix(f"{outer}.") if outer else name
        is_inner = bool(name) and name != outer and (not outer or name.startswith(f"{outer}."))

        def done(result: Any) -> None:
            if isinstance(result, Traceable):
                self.outputs[name] = result._tensor().shape

        if not is_inner:
            yield done
            return
        self.graph.push_scope(inside)
        self.path = name
        try:
            yield done
        finally:
            self.path = outer
            self.graph.pop_scope()


def active_tracer() -> Tracer | None:
    """The trace at work, if there is one."""
    return _active.get()


def _refuse(what: str, instead: str) -> NoReturn:
    raise TypeError(
        f"Tensor: expected no {what} while a function is traced, because a traced value has no numbers yet; {instead}"
    )


class Traceable:
    """Operators and methods that tensors and parameters share. They broadcast like NumPy's."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
        """``array * tensor`` and functions like ``np.exp(tensor)`` become nodes of the graph."""
        name = _UFUNCS.get(ufunc.__name__)
        if name is None or method != "__call__" or settings:
            self._refuse_numpy(f"NumPy function `{ufunc.__name__}`")
        return unary(name, inputs[0]) if len(inputs) == 1 else binary(name, *inputs)

    def __array_function__(
        self, function: Any, types: Any, arguments: Sequence[Any], settings: Mapping[str, Any]
    ) -> Any:
        """``np.sum(tensor)`` and the like; what a graph cannot do is refused."""
        if function is np.concatenate:
            return concatenate(*arguments, **settings)
        if function.__name__ in ("sum", "mean", "max", "amax", "reshape", "transpose") and isinstance(
            arguments[0], Traceable
        ):
            method = "max" if function.__name__ == "amax" else function.__name__
            return getattr(arguments[0], method)(*arguments[1:], **settings)
        self._refuse_numpy(f"NumPy function `{function.__name__}`")

    def _refuse_numpy(self, what: str) -> NoReturn:
        _refuse(what, "use operators, methods of the tensor, or functions of `tilegrad.functional`")

    def _tensor(self) -> Tensor:
        raise TypeError(f"{type(self).__name__}: expected a method `_tensor(self)`, got a class without one")

    @property
    def shape(self) -> tuple[int, ...]:
        """How many numbers it has along each axis; always concrete."""
        tensor = self._tensor()
        return tensor.tracer.graph.shape(tensor.value)

    @property
    def dtype(self) -> str:
        """``"float32"``, ``"float64"``, or ``"int32"`` for labels."""
        tensor = self._tensor()
        return tensor.tracer.graph.dtype(tensor.value)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it has in all."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's name)
        """The tensor with its axes reversed."""
        return self.transpose()

    def __add__(self, other: Any) -> Tensor:
        return binary("add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return binary("add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return binary("subtract", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return binary("subtract", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return binary("multiply", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return binary("multiply", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return binary("divide", other, self)

    def __pow__(self, other: Any) -> Tensor:
        if isinstance(other, int) and other == 2:
            return unary("square", self)
        return binary("power", self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return binary("power", other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return binary("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return binary("matmul", other, self)

    def __neg__(self) -> Tensor:
        return unary("negative", self)

    def __pos__(self) -> Tensor:
        return self._tensor()

    def __abs__(self) -> Tensor:
        return unary("abs", self)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        """Sum over all axes, or over some."""
        return reduction("sum", self, axis, keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        """Mean over all axes, or over some."""
        return reduction("mean", self, axis, keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False) -> Tensor:
        """Largest element over all axes, or over some."""
        return reduction("max", self, axis, keepdims)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The same numbers in another shape; one size may be -1."""
        sizes: Any = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return unary("reshape", self, {"shape": [int(size) for size in sizes]})

    def transpose(self, *axes: int) -> Tensor:
        """The tensor with its axes in this order; reversed if none are given."""
        return unary("transpose", self, {"axes": list(axes)} if axes else {})

    def __getitem__(self, index: Any) -> Tensor:
        result, axis = self._tensor(), 0
        for item in index if isinstance(index, tuple) else (index,):
            result, axis = _take(result, axis, item)
        return result

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("Tensor: expected at least one axis to have a length, got a single number")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[row] for row in range(len(self)))

    def __bool__(self) -> bool:
        _refuse(
            "decision (`if`, `while`, `and`, `or`)",
            "compute both cases and combine them, or decide by shapes or settings",
        )

    def __float__(self) -> float:
        _refuse("conversion to a number", "return the value from the traced function instead")

    def __int__(self) -> int:
        _refuse("conversion to a number", "return the value from the traced function instead")

    __index__ = __int__

    def item(self) -> float:
        """Refused: a traced value has no number yet."""
        _refuse("conversion to a number", "return the value from the traced function instead")

    def __array__(self, *_: Any, **__: Any) -> Array:
        self._refuse_numpy("NumPy function")

    def _compare(self, _: Any) -> Any:
        _refuse("comparison", "use np.maximum or np.minimum, or decide by shapes or settings")

    __lt__ = __le__ = __gt__ = __ge__ = _compare


class Tensor(Traceable):
    """A traced value: a node of a graph with a shape and a dtype, but no numbers yet.

    Example:
        >>> import tilegrad as tg
        >>> def show(x):
        ...     print(x * 2.0)
        ...     return (x * 2.0).sum()
        >>> tg.value_and_grad(show)(np.ones(3))
        Tensor(multiply, shape=(3,), dtype=float64)
        (6.0, (array([2., 2., 2.]),))
    """

    __slots__ = ("origin", "tracer", "value")

    def __init__(self, tracer: Tracer, value: int) -> None:
        self.tracer = tracer
        self.value = value
        # The weight of the dense layer this comes from, while no activation was applied: it decides the initialiser.
        self.origin: Parameter | None = None

    def _tensor(self) -> Tensor:
        return self

    @property
    def name(self) -> str:
        """Name of the node with its scope."""
        return self.tracer.graph.name(self.value)

    def __repr__(self) -> str:
        return f"Tensor({self.name}, shape={self.shape}, dtype={self.dtype})"


def _take(tensor: Tensor, axis: int, item: Any) -> tuple[Tensor, int]:
    """Applies one item of an index to an axis; the axis that comes next."""
    if axis >= tensor.ndim:
        raise IndexError(f"Tensor: expected at most {tensor.ndim} indices for shape {tensor.shape}")
    size = tensor.shape[axis]
    if isinstance(item, slice):
        start, stop, step = item.indices(size)
        if step != 1:
            raise ValueError(f"Tensor: expected a slice with step 1, got step {step}")
        if (start, stop) == (0, size):
            return tensor, axis + 1
        attributes = {"axis": axis, "start": start, "stop": max(start, stop)}
        return tensor.tracer.apply("slice", [tensor], attributes), axis + 1
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        row = int(item) + (size if item < 0 else 0)
        if not 0 <= row < size:
            raise IndexError(f"Tensor: expected an index from {-size} to {size - 1} on axis {axis}, got {item}")
        taken = tensor.tracer.apply("slice", [tensor], {"axis": axis, "start": row, "stop": row + 1})
        return taken.reshape([n for place, n in enumerate(tensor.shape) if place != axis]), axis
    raise TypeError(f"Tensor: expected indices that are integers or slices, got {type(item).__name__}")


def as_tensor(value: Any, like: Tensor) -> Tensor:
    """The value as a tensor of the same trace: numbers and arrays become constants of the dtype of ``like``."""
    if isinstance(value, Traceable):
        return value._tensor()
    dtype = like.dtype if like.dtype != "int32" else "float32"
    return like.tracer.constant(value, dtype)


def find_tensor(*values: Any) -> Tensor | None:
    """The first traced value among these."""
    return next((value._tensor() for value in values if isinstance(value, Traceable)), None)


def unary(operation: str, x: Any, attributes: Mapping[str, Any] | None = None) -> Tensor:
    """An operation on one tensor."""
    tensor = x._tensor()
    return tensor.tracer.apply(operation, [tensor], attributes)  # type: ignore[no-any-return]


def binary(operation: str, left: Any, right: Any) -> Tensor:
    """An operation on two values of which at least one is a tensor."""
    like = find_tensor(left, right)
    if like is None:
        raise TypeError(f"{operation}: expected at least one traced value")
    return like.tracer.apply(operation, [as_tensor(left, like), as_tensor(right, like)])


def reduction(operation: str, x: Any, axis: Axes, keepdims: bool) -> Tensor:
    """A reduction over all axes or some."""
    attributes: dict[str, Any] = {"keepdims": keepdims}
    if axis is not None:
        attributes["axes"] = [axis] if isinstance(axis, int) else [int(number) for number in axis]
    return unary(operation, x, attributes)


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Joins tensors and arrays along an axis."""
    like = find_tensor(*tensors)
    if like is None:
        raise TypeError("concatenate: expected at least one traced value")
    return like.tracer.apply("concatenate", [as_tensor(part, like) for part in tensors], {"axis": axis})

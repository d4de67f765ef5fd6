"""``trace``: the graph of a function, model or trainer with its numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tilegrad.tensor import Tracer
from tilegrad.transform._calls import Arguments, argument_names, one_tensor, trace_call
from tilegrad.transform.models import as_function

__all__ = ["trace"]

if TYPE_CHECKING:
    from tilegrad.explain.trace import Trace


def trace(function: Any, *, loss: Any = None) -> Callable[..., Trace]:
    """A function that returns the graph of ``function`` with its numbers, to be looked at.

    The result's ``explain()`` goes through backpropagation node by node: the value of each node, the local derivative
    on each edge, and the gradient that arrives. ``draw()`` gives the picture, ``quiz()`` an exercise.

    Args:
        function: A function of numbers and arrays; or a model, a trainer or a loss. A model is called with ``x``, or
            with ``x`` and the target where there is a ``loss``; a trainer with both; a loss with prediction and target.
            A model's parameters are arguments like any other, and it acts as in evaluation.
        loss: For a model: a loss object, its name, or a function of (prediction, target).

    Returns:
        A function of the arguments that returns a :class:`tilegrad.explain.Trace`. Where the result has several
        numbers, the gradients are those of their sum.

    Raises:
        TypeError: If ``function`` cannot be called, or, on call, if it does what a trace cannot follow.

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
    from tilegrad.train import Trainer

    if not callable(function) and not isinstance(function, Trainer):
        raise TypeError(f"trace: expected a function, got {type(function).__name__}")

    def traced(*arguments: Any, **settings: Any) -> Trace:
        from tilegrad.explain.trace import Trace

        subject = as_function("trace", function, loss, arguments)
        if subject is None:
            called, given, names = function, list(arguments), argument_names(function, arguments, settings)
        else:
            called, given, names = subject.function, subject.arguments, subject.names
        taken = Arguments("trace", given, settings)
        tracer, tensors, result = trace_call(called, taken, names, Tracer())
        title = getattr(function, "__name__", "function" if subject is None else type(function).__name__)
        shown = title if title.isidentifier() else "function"
        return Trace(tracer, tensors, one_tensor("trace", result), taken.arrays(), shown)

    return functools.wraps(function)(traced) if hasattr(function, "__name__") else traced

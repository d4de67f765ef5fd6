"""``trace``: the graph of a function, model or trainer with its numbers."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from tilegrad.explain.drawing import dot, draw
from tilegrad.explain.graph import Computation, Signal, plain
from tilegrad.explain.quiz import Quiz
from tilegrad.explain.subject import as_function
from tilegrad.explain.svg import Picture
from tilegrad.explain.text import Text
from tilegrad.tensor import Tracer
from tilegrad.train import Trainer
from tilegrad.transform._calls import Arguments, argument_names, one_tensor, trace_call
from tilegrad.words.checks import check_count


class Trace:
    """The graph of a function of numbers or arrays, evaluated once. ``tg.trace`` makes it.

    A notebook shows its picture. Where the result has several numbers, the gradients are those of their sum.

    Example:
        >>> import tilegrad as tg
        >>> def pay(price, count, tax):
        ...     return price * count * tax
        >>> graph = tg.trace(pay)(10.0, 2.0, 1.1)
        >>> graph.value, graph.gradients["price"]
        (22.0, 2.2)
    """

    def __init__(self, computation: Computation) -> None:
        self.computation = computation

    @property
    def value(self) -> Any:
        """What the function returns, as plain numbers or arrays."""
        return plain(self.computation.values[self.computation.result])

    @property
    def values(self) -> dict[str, Any]:
        """The value of each node, by its label, in the order of the forward pass."""
        return self.computation.labelled(self.computation.values)

    @property
    def gradients(self) -> dict[str, Any]:
        """The gradient of each argument, by name."""
        return {name: plain(gradient) for name, gradient in self.computation.by_argument().items()}

    @property
    def arriving(self) -> dict[str, Any]:
        """The gradient that arrives at each node, by its label."""
        return self.computation.labelled(self.computation.gradients)

    @property
    def walk(self) -> list[list[Signal]]:
        """The backward pass: for each operation, from the last to the first, what it passes to its inputs."""
        return self.computation.walk

    @property
    def steps(self) -> int:
        """Of how many steps the backward pass consists: one for each operation that passes something on."""
        return len(self.walk)

    def explain(self) -> Text:
        """Backpropagation node by node, as text.

        The first part lists every node with its value and the gradient that arrives at it: by how much the result
        changes per change of the node. The second goes backwards: at each node, what arrives is multiplied by the local
        derivative and passed on. Where the local derivative is a matrix of its own (a product of matrices, a softmax),
        the rule stands in its place, with ``g`` for what arrives.

        Example:
            >>> import tilegrad as tg
            >>> tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0).explain()
            forward                value  arriving gradient
              x                    3      2
              y                    2      7
              add = x + y          5      2
              multiply = add * y   10     1
            backward
              multiply -> add      1 * 2 = 2
              multiply -> y        1 * 5 = 5
              add -> x             2 * 1 = 2
              add -> y             2 * 1 = 2
        """
        return self.computation.explained(hidden=False)

    def to_text(self) -> Text:
        """The graph as a tree, the result first, each node with its value and the gradient that arrives.

        Example:
            >>> import tilegrad as tg
            >>> tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0).to_text()
            multiply = 10, gradient 1
            ├─ add = 5, gradient 2
            │  ├─ x = 3, gradient 2
            │  └─ y = 2, gradient 7
            └─ y, as above
        """
        return self.computation.tree()

    def to_dot(self) -> Text:
        """The graph in the language of Graphviz, with values and gradients.

        Example:
            >>> import tilegrad as tg
            >>> print(tg.trace(lambda x: x * 3.0)(2.0).to_dot().splitlines()[0])
            digraph "function" {
        """
        return Text(dot(self.computation))

    def draw(self, step: int | None = None) -> Picture:
        """The graph as an SVG picture: the value above each node, the arriving gradient below.

        Args:
            step: How many steps of the backward pass to show: 0 is the forward pass with the gradient 1 of the result,
                each further step lets one node pass on what arrived, and says how. All by default.

        Returns:
            The SVG text, which a notebook shows, and which has a ``save(path)``.

        Raises:
            ValueError: If there is no such step.

        Example:
            >>> import tilegrad as tg
            >>> graph = tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0)
            >>> picture = graph.draw()
            >>> picture.startswith("<svg"), graph.steps, "add to x: 2 * 1 = 2" in graph.draw(step=2)
            (True, 2, True)
        """
        return draw(self.computation, None if step is None else check_count("draw", "step", step, 0, self.steps))

    def save(self, path: str | os.PathLike[str], step: int | None = None) -> None:
        """Writes the picture of :meth:`draw` into an SVG file."""
        self.draw(step).save(path)

    def quiz(self) -> Quiz:
        """An exercise: the graph with its gradients hidden, which checks answers.

        Example:
            >>> import tilegrad as tg
            >>> quiz = tg.trace(lambda price, count: price * count)(10.0, 2.0).quiz()
            >>> quiz.check({"price": 2, "count": 2})
            price: right, 2
            count: wrong, got 2; multiply passes on g * price, and g = 1 arrives there
            1 of 2 right
        """
        return Quiz(self.computation)

    def _repr_svg_(self) -> str:
        return str(self.draw())

    def __repr__(self) -> str:
        shown = f"{self.value:.6g}" if isinstance(self.value, float) else f"of shape {self.value.shape}"
        return (
            f"Trace of {len(self.computation.order)} nodes, value {shown}; explain() goes through it, draw() shows it"
        )


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
    if not callable(function) and not isinstance(function, Trainer):
        raise TypeError(f"trace: expected a function, got {type(function).__name__}")

    def look(*arguments: Any, **settings: Any) -> Trace:
        subject = as_function("trace", function, loss, arguments)
        if subject is None:
            called, given, names = function, list(arguments), argument_names(function, arguments, settings)
        else:
            called, given, names = subject.function, subject.arguments, subject.names
        taken = Arguments("trace", given, settings)
        tracer, tensors, result = trace_call(called, taken, names, Tracer())
        title = getattr(function, "__name__", "function" if subject is None else type(function).__name__)
        shown = title if title.isidentifier() else "function"
        return Trace(Computation(tracer, tensors, one_tensor("trace", result), taken.arrays(), shown))

    return functools.wraps(function)(look) if hasattr(function, "__name__") else look

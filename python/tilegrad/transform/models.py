"""Models, losses and trainers as functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tilegrad.losses import Loss, loss_for
from tilegrad.nn.module import Module
from tilegrad.tensor import Array, Traceable, active_tracer, as_tensor, find_tensor
from tilegrad.transform._calls import one_tensor

__all__ = ["functional_call"]


def functional_call(model: Module, parameters: Mapping[str, Any], *inputs: Any) -> Any:
    """What the model makes of the inputs with these parameters in place of its own; for functions to be traced.

    With it a model is an ordinary function: of its parameters for ``tg.grad`` and ``tg.hvp``, of its input for
    ``tg.jacobian``. The model's own parameters are neither read nor changed, and it acts as in evaluation.

    Args:
        model: The model.
        parameters: A traced tensor or array for each of the model's parameters, by name, as ``model.state_dict()``
            gives them.
        *inputs: What the model is called with.

    Raises:
        ValueError: If names or shapes are not the model's.
        TypeError: Outside a trace; ``model.predict`` is for arrays.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Dense(2, 1)
        >>> half_square = lambda parameters, x: (tg.functional_call(model, parameters, x) ** 2).sum() / 2
        >>> parameters = {"weight": np.array([[1.0], [2.0]]), "bias": np.array([0.5])}
        >>> _, (gradients, _) = tg.value_and_grad(half_square)(parameters, np.array([[3.0, 4.0]]))
        >>> gradients["weight"].ravel(), gradients["bias"]
        (array([34.5, 46. ]), array([11.5]))
    """
    tracer, like = active_tracer(), find_tensor(*parameters.values(), *inputs)
    if tracer is None or like is None:
        raise TypeError(
            "functional_call: expected to be called with traced values, got arrays; wrap the function that calls it in "
            "tg.jit, tg.grad or another transform, or use model.predict"
        )
    own = dict(model._parameters())
    for name in own:
        if name not in parameters:
            raise ValueError(
                f"functional_call: expected `parameters` with {name!r}, got only {', '.join(parameters) or 'none'}"
            )

    def tensor(value: Any) -> Any:
        return value._tensor() if isinstance(value, Traceable) else tracer.constant(value, like.dtype)

    pairs = []
    for name, value in parameters.items():
        if name not in own:
            raise ValueError(
                f"functional_call: expected no {name!r}; the model has {', '.join(own) or 'no parameters'}"
            )
        pairs.append((own[name], tensor(value)))
        if pairs[-1][1].shape != own[name].shape:
            got = pairs[-1][1].shape
            raise ValueError(f"functional_call: expected {name!r} of shape {own[name].shape}, got {got}")
    for name, module in model.named_modules():
        tracer.module_names.setdefault(id(module), name)
    with tracer.standing_in(pairs):
        return model(*(tensor(each) for each in inputs))


class Subject(NamedTuple):
    """Something to look into, as a function of arguments."""

    function: Callable[..., Any]
    arguments: list[Any]
    names: list[str]
    differentiable: tuple[int, ...] | None = None


def as_function(caller: str, subject: Any, loss: Any, arguments: Sequence[Any]) -> Subject | None:
    """A model, trainer or loss as a function; ``None`` for an ordinary function."""
    from tilegrad.train import Trainer

    if isinstance(subject, Trainer):
        subject, loss = subject.model, subject.loss if loss is None else loss
    if isinstance(subject, Loss):
        _check_count(caller, "a loss", ("prediction", "target"), arguments)
        return Subject(subject, list(arguments), ["prediction", "target"], (0,))
    if not isinstance(subject, Module):
        if loss is not None:
            got = type(subject).__name__
            raise TypeError(f"{caller}: expected `loss` only beside a model or trainer, got it beside a {got}")
        return None
    _check_count(caller, "a model", ("x",) if loss is None else ("x", "target"), arguments)
    parameters = {name: parameter.value for name, parameter in subject.named_parameters()}
    x = np.asarray(arguments[0], subject.dtype)
    if loss is None:
        return Subject(lambda given, x: functional_call(subject, given, x), [parameters, x], ["", "x"])
    judge = loss_for(loss)

    def of_loss(given: Any, x: Any, target: Any) -> Any:
        value, _ = judge.traced(one_tensor(caller, functional_call(subject, given, x)), as_tensor(target, x), {})
        return value

    return Subject(of_loss, [parameters, x, _target(judge, arguments[1], x)], ["", "x", "target"], (0, 1))


def _check_count(caller: str, what: str, names: tuple[str, ...], arguments: Sequence[Any]) -> None:
    if len(arguments) != len(names):
        hint = "; give `loss=` for a target" if what == "a model" and len(names) == 1 else ""
        raise TypeError(f"{caller}: expected {' and '.join(names)} for {what}, got {len(arguments)} arguments{hint}")


def _target(loss: Loss, target: Any, x: Array) -> Array:
    """The target in the dtype that the loss compares in; class numbers stay integers."""
    array = np.asarray(target)
    may_be_labels = loss.targets in ("classes", "any")
    return array if array.dtype.kind in "iub" and may_be_labels else array.astype(x.dtype)

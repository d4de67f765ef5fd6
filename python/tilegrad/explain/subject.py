"""Models, losses and trainers as functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tilegrad.losses import Loss, loss_for
from tilegrad.nn.functional_call import functional_call
from tilegrad.nn.module import Module
from tilegrad.tensor import Array, as_tensor
from tilegrad.train import Trainer
from tilegrad.transform._calls import one_tensor


class Subject(NamedTuple):
    """Something to look into, as a function of arguments."""

    function: Callable[..., Any]
    arguments: list[Any]
    names: list[str]
    differentiable: tuple[int, ...] | None = None


def as_function(caller: str, subject: Any, loss: Any, arguments: Sequence[Any]) -> Subject | None:
    """A model, trainer or loss as a function; ``None`` for an ordinary function."""
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

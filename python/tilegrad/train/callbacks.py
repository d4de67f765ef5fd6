"""Callbacks: code of the user's that runs after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

__all__ = ["Callback"]

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


class Callback:
    """Code that runs between epochs: subclass it and write the methods that matter.

    A plain function of (trainer, epoch, figures) is a callback as well.

    ``trainer.stop("reason")`` ends the training after the epoch; an exception ends it at once, and the model stays as
    it was after the last step.

    Example:
        >>> import tilegrad as tg
        >>> class Enough(tg.train.Callback):
        ...     def epoch_end(self, trainer, epoch, figures):
        ...         if figures["loss"] < 0.1:
        ...             trainer.stop("loss is small enough")
    """

    # Whether it comes after all others, since it saves what they did.
    runs_last = False

    def fit_begin(self, trainer: Trainer) -> None:
        """Before the first epoch."""

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """After each epoch, with its figures."""

    def fit_end(self, trainer: Trainer) -> None:
        """After the last epoch."""


class _FunctionCallback(Callback):
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Calls the function."""
        self.function(trainer, epoch, figures)


AnyCallback: TypeAlias = Callback | Callable[..., Any]


def callbacks_for(callbacks: Iterable[AnyCallback] | AnyCallback) -> list[Callback]:
    """The callbacks as objects."""
    given = [callbacks] if isinstance(callbacks, Callback) or callable(callbacks) else list(callbacks)
    made: list[Callback] = []
    for each in given:
        if isinstance(each, Callback):
            made.append(each)
        elif callable(each) and not isinstance(each, type):
            made.append(_FunctionCallback(each))
        else:
            raise TypeError(f"fit: expected `callbacks` to be functions or Callback objects, got {each!r}")
    return sorted(made, key=lambda each: each.runs_last)

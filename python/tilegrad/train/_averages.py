"""The moving averages of a trainer's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tilegrad.tensor import Array

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


def averages(function: str, trainer: Trainer) -> dict[str, Array]:
    """Views of the averages of all parameters that are trained, by name."""
    state = trainer._runner.state(trainer.seed)
    if "average" not in state.slots:
        raise ValueError(
            f"{function}: expected an optimizer that averages the weights, got {trainer.optimizer!r}; "
            "give it `average_decay`, such as 0.999"
        )
    return {name: state.slot_view("average", name) for name, _, _ in trainer._runner.trained()}


@contextmanager
def use_average(trainer: Trainer) -> Iterator[None]:
    """Puts the averages in the place of the weights, and the weights back at the end."""
    with trainer._runner.alone("use_average"):
        if trainer._runner.averaging:
            raise ValueError("use_average: expected the weights in their place, got their averages already")
        found = averages("use_average", trainer)
        state = trainer._runner.state(trainer.seed)

        def swap() -> None:
            for name, average in found.items():
                weight = state.view(name)
                kept = weight.copy()
                weight[...] = average
                average[...] = kept

        trainer._runner.averaging = True
        swap()
        try:
            yield
        finally:
            swap()
            trainer._runner.averaging = False

"""The moving averages of a trainer's weights, and the weights that some rules evaluate with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tilegrad.tensor import Array

if TYPE_CHECKING:
    from tilegrad import _core
    from tilegrad.train._runner import Runner
    from tilegrad.train.trainer import Trainer


def _evaluated(runner: Runner, state: _core.State) -> Iterator[tuple[Array, float, Array, float]]:
    """Of each parameter whose rule evaluates with other weights: view, factor, view of the slot, factor of that."""
    if runner.optimizer is None:
        return
    for name, _ in runner.model._parameters():
        owner = runner.optimizer._owner(name)
        evaluation = None if owner is None else owner._core.evaluation
        if owner is not None and evaluation is not None:
            factor, slot, share = evaluation
            # Rules share their slots by place, so a slot may be called otherwise, too.
            place = list(state.slots)[owner._core.slot_names.index(slot)]
            yield state.view(name), factor, state.slot_view(place, name), share


def start_averages(runner: Runner, state: _core.State) -> None:
    """What averages begin with, in new buffers: a parameter that is not trained, or not yet, is its own average."""
    if "average" in state.slots:
        state.slots["average"][...] = state.parameters
    for weight, _, slot, _ in _evaluated(runner, state):
        slot[...] = weight


@contextmanager
def evaluating(runner: Runner, state: _core.State) -> Iterator[None]:
    """Puts the weights to evaluate with in the place of those that are trained, and these back at the end.

    Nothing changes for rules that evaluate with what they train, before the first step, and where averages are in place.
    """
    if runner.averaging or state.step == 0:
        yield
        return
    kept: list[tuple[Array, Array]] = []
    try:
        for weight, factor, slot, share in _evaluated(runner, state):
            kept.append((weight, weight.copy()))
            weight[...] = factor * weight + share * slot
        runner.averaging = bool(kept)
        yield
    finally:
        for weight, values in kept:
            weight[...] = values
        if kept:
            runner.averaging = False


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
        state = trainer._runner.state(trainer.seed)
        if "average" not in state.slots and any(_evaluated(trainer._runner, state)):
            with evaluating(trainer._runner, state):
                yield
            return
        found = averages("use_average", trainer)

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

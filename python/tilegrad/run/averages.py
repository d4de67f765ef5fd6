"""The moving averages of a model's weights, and the weights that some rules evaluate with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tilegrad import _core
from tilegrad.optim import Optimizer
from tilegrad.run.model import Model
from tilegrad.tensor import Array


class Averages:
    """Puts averages in the place of a model's weights for a while, and knows whether they are there."""

    def __init__(self, model: Model, optimizer: Optimizer | None) -> None:
        self.model, self.optimizer = model, optimizer
        # Whether the averages stand in the place of the weights.
        self.in_place = False

    def evaluated(self, state: _core.State) -> Iterator[tuple[Array, float, Array, float]]:
        """Of each parameter whose rule evaluates with other weights: view, factor, view of the slot, factor of that."""
        if self.optimizer is None:
            return
        for name, _ in self.model._parameters():
            owner = self.optimizer._owner(name)
            evaluation = None if owner is None else owner._core.evaluation
            if owner is not None and evaluation is not None:
                factor, slot, share = evaluation
                # Rules share their slots by place, so a slot may have another rule's name.
                place = list(state.slots)[owner._core.slot_names.index(slot)]
                yield state.view(name), factor, state.slot_view(place, name), share

    def start(self, state: _core.State) -> None:
        """Fills new buffers: a parameter that is not trained, or not yet, is its own average."""
        if "average" in state.slots:
            state.slots["average"][...] = state.parameters
        for weight, _, slot, _ in self.evaluated(state):
            slot[...] = weight

    @contextmanager
    def evaluating(self, state: _core.State) -> Iterator[None]:
        """Within this block the weights are those to evaluate with; those that are trained come back at the end.

        Nothing changes for rules that evaluate with what they train, before the first step, and where averages are in place.
        """
        if self.in_place or state.step == 0:
            yield
            return
        kept: list[tuple[Array, Array]] = []
        try:
            for weight, factor, slot, share in self.evaluated(state):
                kept.append((weight, weight.copy()))
                weight[...] = factor * weight + share * slot
            self.in_place = bool(kept)
            yield
        finally:
            for weight, values in kept:
                weight[...] = values
            if kept:
                self.in_place = False

    @contextmanager
    def swapped(self, state: _core.State, averages: dict[str, Array]) -> Iterator[None]:
        """Within this block averages and weights have changed places."""
        self.in_place = True
        _swap(state, averages)
        try:
            yield
        finally:
            _swap(state, averages)
            self.in_place = False


def _swap(state: _core.State, averages: dict[str, Array]) -> None:
    for name, average in averages.items():
        weight = state.view(name)
        kept = weight.copy()
        weight[...] = average
        average[...] = kept

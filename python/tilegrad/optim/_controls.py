"""Controls of a step: what every optimizer does with gradients before its rule, and with weights after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array
from tilegrad.words.checks import check_count, check_flag, check_number

# What is off, by name: the value that switches a control off.
OFF: dict[str, Any] = {
    "clip_value": None,
    "clip_norm": None,
    "clip_global_norm": None,
    "accumulation_steps": 1,
    "average_decay": None,
    "skip_if_not_finite": False,
}


def checked(function: str, name: str, value: Any) -> Any:
    """The value of a control, if it is one."""
    if name == "skip_if_not_finite":
        return check_flag(function, name, value)
    if name == "accumulation_steps":
        return check_count(function, name, value)
    if value is None:
        return None
    allowed, hint = ("[0, 1)", "") if name == "average_decay" else ("(0, inf)", "; None clips nothing")
    return check_number(function, name, value, allowed, kind="a number or None", hint=hint)


def changed(function: str, controls: Mapping[str, Any], name: str, value: Any) -> Any:
    """A new value for a control of an optimizer in use, if it is one."""
    value = checked(function, name, value)
    was, now = controls[name] != OFF[name], value != OFF[name]
    if name in ("accumulation_steps", "average_decay") and was != now:
        raise ValueError(
            f"{function}: expected `{name}` to stay {'on' if was else 'off'}, got {value}, for which there would be "
            f"{'memory left over' if was else 'no memory'}; make a new optimizer instead"
        )
    return value


class Keeper:
    """What the controls keep beside an optimizer that is used on arrays."""

    def __init__(self, controls: Mapping[str, Any]) -> None:
        # The optimizer's own dict: a changed value holds from the next step.
        self.controls = controls
        self.accumulated: list[Array] = []
        self.average: list[Array] = []
        self.gathered = self.updates = self.skipped = 0

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array], take: Callable[..., None]) -> None:
        """Takes a step, whose arrays were found to be good; ``take`` is that of the rule."""
        if self.controls["accumulation_steps"] > 1:
            if self.gathered == 0:
                self.accumulated = [np.array(gradient) for gradient in gradients]
            else:
                for total, gradient in zip(self.accumulated, gradients, strict=True):
                    total += gradient
            self.gathered += 1
            if self.gathered >= self.controls["accumulation_steps"]:
                self.apply(parameters, take)
            return
        self._update(parameters, gradients, take)

    def apply(self, parameters: Sequence[Array], take: Callable[..., None]) -> None:
        """Updates by the mean of the gradients that wait; does nothing if none do."""
        if self.gathered:
            share = 1.0 / self.gathered
            self.gathered = 0
            self._update(parameters, [np.asarray(total * share, total.dtype) for total in self.accumulated], take)

    def _update(self, parameters: Sequence[Array], gradients: Sequence[Array], take: Callable[..., None]) -> None:
        clip_norm, clip_global_norm = self.controls["clip_norm"], self.controls["clip_global_norm"]
        skip, bound = self.controls["skip_if_not_finite"], self.controls["clip_value"]
        if skip or clip_norm is not None or clip_global_norm is not None:
            factors = _core.gradient_factors(
                gradients, clip_norm=clip_norm, clip_global_norm=clip_global_norm, skip_if_not_finite=skip
            )
            if factors is None:
                self.skipped += 1
                return
            pairs = zip(gradients, factors, strict=True)
            gradients = [
                gradient if factor == 1.0 else np.asarray(gradient * factor, gradient.dtype)
                for gradient, factor in pairs
            ]
        if bound is not None:
            gradients = [np.asarray(np.clip(gradient, -bound, bound), gradient.dtype) for gradient in gradients]
        take(parameters, gradients)
        self.updates += 1
        if self.controls["average_decay"] is not None:
            self._follow(parameters)

    def _follow(self, parameters: Sequence[Array]) -> None:
        """Moves the average towards the weights: all the way at first, by ``1 - decay`` at last."""
        decay = self.controls["average_decay"]
        share = (1.0 - decay) / (1.0 - decay**self.updates)
        if share >= 1.0:
            self.average = [np.array(parameter) for parameter in parameters]
            return
        for average, parameter in zip(self.average, parameters, strict=True):
            average += share * (parameter - average)

    def state(self) -> dict[str, Any]:
        """Copies of gathered gradients, averages and counts, for saving."""
        return {
            "accumulated": [array.copy() for array in self.accumulated] if self.gathered else [],
            "average": [array.copy() for array in self.average],
            "gathered": self.gathered,
            "updates": self.updates,
            "skipped": self.skipped,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from what :meth:`state` gave."""
        self.accumulated = [np.array(array) for array in state["accumulated"]]
        self.average = [np.array(array) for array in state["average"]]
        self.gathered, self.updates, self.skipped = state["gathered"], state["updates"], state["skipped"]

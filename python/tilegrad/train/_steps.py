"""The compiled steps of a trainer: one that trains and one that evaluates, for each size of batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.losses import Loss
from tilegrad.tensor import Array, Tensor, Tracer
from tilegrad.train._runner import Runner

Metric = Callable[[Tensor, Tensor], Tensor]


class Form(NamedTuple):
    """What a plan depends on beside the model."""

    row_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    target_dtype: str
    has_sample_weight: bool
    has_class_weight: bool


def form_of(x: Array, y: Array, sample_weight: Array | None, class_weight: Array | None, dtype: str) -> Form:
    """The form of these arrays."""
    labels = y.dtype.kind in "iub"
    return Form(
        x.shape[1:], y.shape[1:], "int32" if labels else dtype, sample_weight is not None, class_weight is not None
    )


# Operations whose output is no logit, and the losses that want logits.
_PROBABILITIES = ("softmax", "sigmoid")
_WANT_LOGITS = ("cross_entropy", "binary_cross_entropy_with_logits")


def check_logits(tracer: Tracer, output: Tensor, loss: Loss) -> None:
    """Refuses a model that ends in softmax or sigmoid before a loss that applies it itself."""
    operation = tracer.graph.nodes()[output.value]["operation"]
    if operation in _PROBABILITIES and loss.name in _WANT_LOGITS:
        raise ValueError(
            f"Trainer: expected `model` to give logits for {loss!r}, got probabilities: it ends in {operation}; "
            f"leave that layer out, and apply tilegrad.functional.{operation} to what predict returns"
        )


class Steps:
    """Builds and keeps the plans of a trainer."""

    def __init__(self, runner: Runner, loss: Loss, metrics: Mapping[str, Metric]) -> None:
        self.runner, self.loss, self.metrics = runner, loss, metrics
        self.latest: _core.Plan | None = None

    def pair(self, rows: int, size: int, form: Form, *, training: bool) -> tuple[_core.Plan, _core.Plan | None]:
        """The plan for full batches, and one for the short last batch if there is one."""
        if training and self.runner.averaging:
            raise ValueError("fit: expected the weights in their place, got their averages; leave `use_average` first")
        plan = self._plan(size, form, training, "full")
        if training:
            self.latest = plan
        return plan, self._plan(rows % size, form, training, "last") if rows % size else None

    def training_plan(self, size: int, form: Form) -> _core.Plan:
        """The plan that trains on full batches of this size."""
        return self._plan(size, form, True, "full")

    def _plan(self, size: int, form: Form, training: bool, place: str) -> _core.Plan:
        trainable = tuple(parameter.trainable for _, parameter in self.runner.model._parameters())
        controls = self.runner.controls() if training else ()
        key = ("step", place, size, form, training, self.runner.dtype, trainable, controls)
        plan: _core.Plan = self.runner.kept(key, lambda: self._build(size, form, training))
        return plan

    def _build(self, size: int, form: Form, training: bool) -> _core.Plan:
        tracer, output = self.runner.trace(size, form.row_shape, training=training)
        check_logits(tracer, output, self.loss)
        graph, dtype = tracer.graph, output.dtype
        target = tracer.input("targets", (size, *form.target_shape), form.target_dtype)
        weights: dict[str, Tensor] = {}
        if form.has_sample_weight:
            weights["sample"] = tracer.input("sample_weight", (size,), dtype)
        if form.has_class_weight:
            weights["class"] = tracer.input("class_weight", output.shape[-1:], dtype)
        with tracer.active():
            value, weight = self.loss.traced(output, target, weights)
            counted = [metric(output, target) for metric in self.metrics.values()]
        outputs = [each.value for each in (value, weight, *counted)]
        if training and self.runner.optimizer is not None:
            outputs += self._updates(tracer, value, weight)
        return graph.compile(outputs, training=training)

    def _updates(self, tracer: Tracer, value: Tensor, weight: Tensor) -> list[int]:
        """The updates of all parameters that are trained, whose gradients pass the controls of the optimizer."""
        optimizer, graph = self.runner.optimizer, tracer.graph
        assert optimizer is not None
        own = [(tracer.parameter(parameter).value, owner._core) for _, parameter, owner in self.runner.trained()]
        if not own:
            raise ValueError(
                "fit: expected a parameter to train, got none that is trainable; set `trainable` of some, or unfreeze them"
            )
        gradients = graph.gradients(value.value, [parameter for parameter, _ in own])
        updates = [(parameter, each, core) for (parameter, core), each in zip(own, gradients, strict=True)]
        return graph.train(updates, None if self.loss.is_sum else weight.value, **optimizer.controls)

    def figures(self, sums: Any) -> dict[str, float]:
        """Loss and metrics from the sums of a run."""
        loss = sums["loss_sum"] if self.loss.is_sum else sums["loss_sum"] / (sums["loss_weight"] or np.nan)
        rows = max(sums["samples"], 1)
        return {
            "loss": loss,
            **{name: total / rows for name, total in zip(self.metrics, sums["metrics"], strict=False)},
        }

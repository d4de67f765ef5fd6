"""The compiled steps of a trainer: one that trains and one that evaluates, for each size of batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.losses import Loss
from tilegrad.metrics._base import Key, Metric, Reading, Summing, WholeMetric, parted, reading_of
from tilegrad.run.runner import Runner
from tilegrad.tensor import Array, Tensor, Tracer
from tilegrad.train._penalties import PENALTY, bounds_of, constrained, penalty_of
from tilegrad.words.operations import PRODUCTS


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


# Operations whose output is no logit.
_PROBABILITIES = ("softmax", "sigmoid")
# What losses want that take no logits, and what to do where a model ends in a linear layer.
_WANTED = {
    "unit_interval": "probabilities",
    "distribution": "probabilities",
    "log_probabilities": "logarithms of probabilities",
}
_INSTEAD = {
    "unit_interval": "train with binary_cross_entropy_with_logits, or end it in a sigmoid",
    "distribution": "train with cross_entropy, or end it in a softmax",
    "log_probabilities": "train with cross_entropy, or end it in a log_softmax",
}


def check_logits(tracer: Tracer, output: Tensor, loss: Loss) -> None:
    """Refuses a model that ends in softmax or sigmoid before a loss that applies it itself."""
    operation = tracer.graph.nodes()[output.value]["operation"]
    if operation in _PROBABILITIES and loss.output in _PROBABILITIES and loss.predictions == "real":
        raise ValueError(
            f"Trainer: expected `model` to give logits for {loss!r}, got probabilities: it ends in {operation}; "
            f"leave that layer out, and apply tilegrad.functional.{operation} to what predict returns"
        )
    if (operation == "add" or operation in PRODUCTS) and loss.predictions in _WANTED:
        raise ValueError(
            f"Trainer: expected `model` to give {_WANTED[loss.predictions]} for {loss!r}, got any number: it ends in a layer "
            "without activation; " + _INSTEAD[loss.predictions]
        )


class Built(NamedTuple):
    """A compiled step, and what its sums are."""

    plan: _core.Plan
    layout: dict[Key, tuple[int, ...]]
    # How many of the sums, from the last one, are the greatest of their kind.
    maxima: int
    reading: Reading


class Steps:
    """Builds and keeps the plans of a trainer."""

    def __init__(self, runner: Runner, loss: Loss, metrics: Mapping[str, Metric]) -> None:
        self.runner, self.loss, self.metrics = runner, loss, metrics
        self.latest: _core.Plan | None = None

    def pair(
        self, rows: int, size: int, form: Form, *, training: bool, drop_last: bool = False
    ) -> tuple[_core.Plan, _core.Plan | None]:
        """The plan for full batches, and one for the short last batch if there is one."""
        if training and self.runner.averaging:
            raise ValueError("fit: expected the weights in their place, got their averages; leave `use_average` first")
        plan = self.built(size, form, training).plan
        if training:
            self.latest = plan
        short = 0 if drop_last else rows % size
        return plan, self.built(short, form, training, "last").plan if short else None

    def training_plan(self, size: int, form: Form) -> _core.Plan:
        """The plan that trains on full batches of this size."""
        return self.built(size, form, True).plan

    def built(self, size: int, form: Form, training: bool, place: str = "full") -> Built:
        """The step on batches of this size."""
        trainable = tuple(parameter.trainable for _, parameter in self.runner.model._parameters())
        controls = self.runner.controls() if training else ()
        bounds = bounds_of(self.runner.model)
        key = ("step", place, size, form, training, self.runner.dtype, trainable, controls, bounds)
        built: Built = self.runner.kept(key, lambda: self._build(size, form, training))
        return built

    def _build(self, size: int, form: Form, training: bool) -> Built:
        tracer, output, (target, weights), (value, weight) = self.traced(size, form, training=training)
        graph = tracer.graph
        with tracer.active():
            # An output may say more than the target holds, such as variances behind the means.
            held = self.loss.target_shape(output.shape[1:])
            said = output if held == output.shape[1:] else output[:, : held[-1]]
            columns = said.shape[-1] if len(said.shape) > 1 else 1
            reading = reading_of(self.loss, columns, math.prod(form.row_shape))
            summing = Summing(said, target, weights.get("sample"), reading)
            for metric in self.metrics.values():
                metric.check(reading)
                metric.request(summing)
            penalty = self.penalty(tracer, size) if training else None
            if penalty is not None:
                # Weighted by its rows, as a mean over batches.
                summing.own(PENALTY, penalty * float(size))
        outputs = [each.value for each in (value, weight, *summing.tensors())]
        if training and self.runner.optimizer is not None and not self.runner.optimizer.full_batch:
            with tracer.active():
                minimised = value if penalty is None else value + penalty
            outputs += [*self._updates(tracer, minimised, weight), *tracer.beside]
        return Built(graph.compile(outputs, training=training), summing.layout(), summing.maxima, reading)

    def penalty(self, tracer: Tracer, size: int) -> Tensor | None:
        """What regularisers add to the loss."""
        trained = () if self.runner.optimizer is None else self.runner.trained()
        return penalty_of(tracer, [parameter for _, parameter, _ in trained], size)

    def traced(
        self, size: int, form: Form, *, training: bool
    ) -> tuple[Tracer, Tensor, tuple[Tensor, dict[str, Tensor]], tuple[Tensor, Tensor]]:
        """The trace of a step up to its loss: the output, target and weights of rows, the loss and its weight."""
        tracer, output = self.runner.trace(size, form.row_shape, training=training)
        check_logits(tracer, output, self.loss)
        dtype = output.dtype
        target = tracer.input("targets", (size, *form.target_shape), form.target_dtype)
        weights: dict[str, Tensor] = {}
        if form.has_sample_weight:
            weights["sample"] = tracer.input("sample_weight", (size,), dtype)
        if form.has_class_weight:
            weights["class"] = tracer.input("class_weight", output.shape[-1:], dtype)
        with tracer.active():
            return tracer, output, (target, weights), self.loss.traced(output, target, weights)

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
        made = graph.train(updates, None if self.loss.is_sum else weight.value, **optimizer.controls)
        return constrained(graph, [parameter for _, parameter, _ in self.runner.trained()], made)

    def figures(self, sums: Any, built: Built) -> dict[str, float]:
        """Loss and metrics from the sums of a run; what needs all predictions at once is left out."""
        loss = sums["loss_sum"] if self.loss.is_sum else sums["loss_sum"] / (sums["loss_weight"] or np.nan)
        parts = parted(sums["metrics"], built.layout)
        summed = {name: metric for name, metric in self.metrics.items() if not isinstance(metric, WholeMetric)}
        figures = {"loss": loss, **{name: metric.figure(parts, built.reading) for name, metric in summed.items()}}
        if PENALTY in parts:
            figures["penalty"] = float(parts[PENALTY]) / max(sums["samples"], 1)
        return figures

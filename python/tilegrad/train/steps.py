"""Compiled steps: what trains on a batch, and what evaluates it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from tilegrad import _core
from tilegrad.functional.losses.operations import one_hot
from tilegrad.losses import Loss
from tilegrad.metrics.base import Key, Metric, Reading, Summing, WholeMetric, parted, reading_of
from tilegrad.run.model import Parameter
from tilegrad.run.rows import Form, Rows
from tilegrad.run.runner import Runner
from tilegrad.tensor import Tensor, Tracer
from tilegrad.words.operations import PRODUCTS

# The sum of penalties among the sums of a step.
PENALTY = ("penalty", "sum", 0.0)
# Operations whose output is not a logit.
_PROBABILITIES = ("softmax", "sigmoid")
# What losses want that take no logits, and what to do where a model ends in a linear layer.
_WANTED = {
    "unit_interval": ("probabilities", "train with binary_cross_entropy_with_logits, or end it in a sigmoid"),
    "distribution": ("probabilities", "train with cross_entropy, or end it in a softmax"),
    "log_probabilities": ("logarithms of probabilities", "train with cross_entropy, or end it in a log_softmax"),
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
        wanted, instead = _WANTED[loss.predictions]
        raise ValueError(
            f"Trainer: expected `model` to give {wanted} for {loss!r}, got any number: it ends in a layer without "
            f"activation; {instead}"
        )


class Compiled(NamedTuple):
    """A step for batches of one size, and what its sums are."""

    plan: _core.Plan
    layout: dict[Key, tuple[int, ...]]
    # How many of the sums, from the last one, are the greatest of their kind.
    maxima: int
    reading: Reading


class BatchPlans(NamedTuple):
    """The step for the full batches of some rows, and one for a short last batch."""

    step: Compiled
    last: _core.Plan | None
    batch_size: int

    def run(self, rows: Rows, state: _core.State, **settings: Any) -> _core._Epoch:
        """Takes the rows once, batch by batch; the result says whether Ctrl-C ended it."""
        settings |= {"batch_size": self.batch_size, "maxima": self.step.maxima}
        return rows.run(self.step.plan, self.last, state, **settings)

    def run_all(self, rows: Rows, state: _core.State, **settings: Any) -> _core._Epoch:
        """Takes all rows once; Ctrl-C raises."""
        sums = self.run(rows, state, **settings)
        if sums["interrupted"]:
            raise KeyboardInterrupt
        return sums


class Steps:
    """Compiles and keeps the steps of a training."""

    def __init__(self, runner: Runner, loss: Loss, metrics: Mapping[str, Metric]) -> None:
        self.runner, self.loss, self.metrics = runner, loss, metrics

    def plans(self, rows: int, size: int, form: Form, *, training: bool, drop_last: bool = False) -> BatchPlans:
        """The plans that take so many rows in batches of this size."""
        parameters = [parameter for _, parameter in self.runner.model._parameters()]
        facts = tuple((parameter.trainable, parameter.regularizer, parameter.constraint) for parameter in parameters)
        key = (form, training, facts, self.runner.controls() if training else ())

        def compiled(size: int, place: str) -> Compiled:
            # A short batch has a plan of its own, also where another one is of its size.
            step: Compiled = self.runner.kept(
                ("step", place, size, *key), lambda: self._compile(size, form, training=training)
            )
            return step

        short = 0 if drop_last else rows % size
        return BatchPlans(compiled(size, "full"), compiled(short, "last").plan if short else None, size)

    def training_step(self, size: int, form: Form) -> BatchPlans:
        """The plan that trains on full batches of this size."""
        return self.plans(size, size, form, training=True)

    def _compile(self, size: int, form: Form, *, training: bool) -> Compiled:
        tracer, output, (target, weights), (value, weight) = self.traced(size, form, training=training)
        with tracer.active():
            # An output may hold more than the target does, such as variances behind the means.
            held = self.loss.target_shape(output.shape[1:])
            prediction = output if held == output.shape[1:] else output[:, : held[-1]]
            columns = prediction.shape[-1] if len(prediction.shape) > 1 else 1
            reading = reading_of(self.loss, columns, math.prod(form.row_shape))
            summing = Summing(
                prediction, target, self._metric_weight(prediction, target, weights.get("sample")), reading
            )
            for metric in self.metrics.values():
                metric.check(reading)
                metric.request(summing)
            penalty = self.penalty(tracer, size) if training else None
            if penalty is not None:
                # Weighted by its rows, as a mean over batches.
                summing.own(PENALTY, penalty * float(size))
            minimised = value if penalty is None else value + penalty
        outputs = [tensor.value for tensor in (value, weight, *summing.tensors())]
        if training and self.runner.optimizer is not None:
            outputs += [*self._updates(tracer, minimised, weight), *tracer.beside]
        return Compiled(tracer.graph.compile(outputs, training=training), summing.layout(), summing.maxima, reading)

    def _metric_weight(self, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor | None:
        """What each row counts for in metrics: its weight, and nothing if the loss ignores it; for use in the active trace."""
        ignored = self.loss.ignore_index
        if not self.metrics or ignored is None or target.dtype != "int32":
            return weight
        kept = one_hot(target, prediction.shape[-1], prediction.dtype, ignored).sum(axis=-1)
        return kept if weight is None else kept * weight

    def traced(
        self, size: int, form: Form, *, training: bool
    ) -> tuple[Tracer, Tensor, tuple[Tensor, dict[str, Tensor]], tuple[Tensor, Tensor]]:
        """The trace of a step up to its loss: the output, target and weights of rows, the loss and its weight."""
        tracer, output = self.runner.trace(size, form.row_shape, training=training)
        check_logits(tracer, output, self.loss)
        target = tracer.input("targets", (size, *form.target_shape), form.target_dtype)
        weights: dict[str, Tensor] = {}
        if form.has_sample_weight:
            weights["sample"] = tracer.input("sample_weight", (size,), output.dtype)
        if form.has_class_weight:
            weights["class"] = tracer.input("class_weight", output.shape[-1:], output.dtype)
        with tracer.active():
            return tracer, output, (target, weights), self.loss.traced(output, target, weights)

    def penalty(self, tracer: Tracer, rows: int) -> Tensor | None:
        """The sum of what regularisers add to the loss, if there are any; for use in the active trace."""
        total: Tensor | None = None
        for _, parameter, _ in self.runner.trained():
            regularizer = parameter.regularizer
            penalty = None if regularizer is None else regularizer.penalty(tracer.parameter(parameter), rows)
            if penalty is None:
                continue
            if not isinstance(penalty, Tensor) or penalty.size != 1:
                title = type(regularizer).__name__
                raise TypeError(f"{title}: expected `penalty` to return a tensor of one number, got {penalty!r}")
            total = penalty.reshape(()) if total is None else total + penalty.reshape(())
        return total

    def _updates(self, tracer: Tracer, value: Tensor, weight: Tensor) -> list[int]:
        """The updates of all parameters that are trained, whose gradients pass the controls of the optimizer."""
        optimizer, graph, trained = self.runner.optimizer, tracer.graph, self.runner.trained()
        assert optimizer is not None
        if not trained:
            raise ValueError(
                "fit: expected a parameter to train, got none that is trainable; set `trainable` of some, or unfreeze them"
            )
        gradients = self.runner.gradients(tracer, value)
        updates = [
            (tracer.parameter(parameter).value, gradient, owner._core)
            for (_, parameter, owner), gradient in zip(trained, gradients, strict=True)
            if owner is not None
        ]
        made = graph.train(updates, None if self.loss.is_sum else weight.value, **optimizer.controls)
        return [_constrained(graph, parameter, made) for (_, parameter, _), made in zip(trained, made, strict=True)]

    def results(self, sums: _core._Epoch, step: Compiled) -> dict[str, float]:
        """Loss and metrics from the sums of a run; what needs all predictions at once is left out."""
        # Rows without any weight, such as those that are all ignored, have no loss.
        loss = sums["loss_sum"] if self.loss.is_sum else sums["loss_sum"] / (sums["loss_weight"] or 1.0)
        parts = parted(sums["metrics"], step.layout)
        summed = {name: metric for name, metric in self.metrics.items() if not isinstance(metric, WholeMetric)}
        found = {"loss": loss, **{name: metric.value(parts, step.reading) for name, metric in summed.items()}}
        if PENALTY in parts:
            found["penalty"] = float(parts[PENALTY]) / max(sums["samples"], 1)
        return found


def _constrained(graph: _core.Graph, parameter: Parameter, update: int) -> int:
    """An update, followed by the proximal step and the constraints of its parameter."""
    shrinkage = parameter.regularizer.shrinkage if parameter.regularizer is not None else 0.0
    if shrinkage > 0:
        update = graph.constrain(update, "shrink", shrinkage)
    for constraint in parameter.constraint:
        update = graph.constrain(update, constraint.operation, constraint.number)
    return update

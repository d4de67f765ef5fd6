"""The plans of a model: traced, compiled and kept by shape; and the buffers that its parameters live in."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from tilegrad import _core
from tilegrad.optim import Optimizer
from tilegrad.run.averages import Averages
from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.features import check_features
from tilegrad.run.model import Model, Parameter
from tilegrad.tensor import Array, Tensor, Traceable, Tracer

_MOST_PLANS = 64


def begin_trace(model: Model, *, training: bool) -> Tracer:
    """A trace in which all parameters of the model are declared, always in the same order."""
    tracer = Tracer(training=training)
    for name, module in model.named_modules():
        tracer.module_names.setdefault(id(module), name)
    for name, parameter in model._parameters():
        tracer.declare(name, parameter)
    return tracer


def trace_model(model: Model, x: Tensor) -> Tensor:
    """Runs the model's forward pass on a tensor, in the active trace."""
    result: Any = model(x)
    if not isinstance(result, Traceable):
        raise TypeError(f"model: expected `forward` to return a tensor, got {type(result).__name__}")
    return result._tensor()


class Runner:
    """Runs a model on rows: owns its parameters' buffers and the plans."""

    def __init__(self, model: Model, optimizer: Optimizer | None = None) -> None:
        self.model, self.optimizer = model, optimizer
        self.row_shape: tuple[int, ...] | None = model.input_shape
        self.plans: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._state: _core.State | None = None
        self._state_dtype = ""
        self._places: list[tuple[Parameter, Array]] = []
        # Callbacks may evaluate and predict in the middle of a fit, other threads may not.
        self._lock = threading.RLock()
        self._averages = Averages(model, optimizer)

    @contextmanager
    def alone(self, function: str) -> Iterator[None]:
        """Refuses to work for two threads at once."""
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(f"{function}: expected `model` to be free, got one that another thread is using")
        try:
            yield
        finally:
            self._lock.release()

    @property
    def dtype(self) -> str:
        """What the model computes in."""
        return self.model.dtype

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return 0 if self._state is None else self._state.step

    @property
    def skipped(self) -> int:
        """How many updates were left out since a gradient was not finite."""
        return 0 if self._state is None else self._state.tally[1]

    def state(self, seed: int = 0) -> _core.State:
        """The buffers, with all parameters in them; those without values get them by the seed."""
        fresh: _core.State | None = None
        if self._state is None or any(parameter.dtype != self._state_dtype for parameter, _ in self._places):
            graph = begin_trace(self.model, training=False).graph
            # What does not fit into memory is refused here, before a number is drawn.
            fresh = self._state = self._new_state(graph)
            self._state_dtype = self.dtype
            self._places = [(parameter, self._state.view(name)) for name, parameter in self.model._parameters()]
        if not all(parameter.is_initialized for parameter, _ in self._places):
            self.model.initialize(seed)
        for parameter, view in self._places:
            parameter.bind(view)
        if fresh is not None:
            self._averages.start(fresh)
        return self._state

    def _new_state(self, graph: _core.Graph) -> _core.State:
        """Buffers for the parameters and for what the optimizer keeps of them."""
        if self.optimizer is None:
            return _core.State(graph)
        controls = self.optimizer.controls
        # Those that are not trained have room, too: they may be later.
        owners = [self.optimizer._owner(name) for name, _ in self.model._parameters()]
        cores = [None if owner is None else owner._core for owner in owners]
        return _core.State(
            graph,
            cores,
            accumulates=controls["accumulation_steps"] > 1,
            averages=controls["average_decay"] is not None,
        )

    def trained(self) -> list[tuple[str, Parameter, Optimizer | None]]:
        """Every parameter that training changes, with its name and the optimizer that updates it in the step, if one does."""
        named = [(name, parameter) for name, parameter in self.model._parameters() if parameter.trainable]
        if self.optimizer is None:
            return [(name, parameter, None) for name, parameter in named]
        owners = self.optimizer._owners([name for name, _ in named])
        pairs = zip(named, owners, strict=True)
        return [(name, parameter, owner) for (name, parameter), owner in pairs if owner is not None]

    def gradients(self, tracer: Tracer, value: Tensor) -> list[int]:
        """Adds the gradients of a value by all parameters that are trained to its graph."""
        return tracer.graph.gradients(
            value.value, [tracer.parameter(parameter).value for _, parameter, _ in self.trained()]
        )

    def describe_owners(self, optimizer: object) -> list[str]:
        """Lines that say which optimizer updates what."""
        named, owners = self.model._parameters(), self.trained()
        trained = {name for name, _, _ in owners}
        share = f"all {len(named)}" if len(trained) == len(named) else f"{len(trained)} of {len(named)}"
        lines = [f"Optimizer: {optimizer!r} on {share} parameter arrays"]
        kinds = {id(owner): owner for _, _, owner in owners}
        if len(kinds) > 1:
            for key, owner in kinds.items():
                own = ", ".join(name for name, _, other in owners if id(other) == key)
                lines.append(f"  {owner!r} updates {own}")
        if len(trained) < len(named):
            lines.append(f"  Nothing updates {', '.join(name for name, _ in named if name not in trained)}")
        return lines

    @property
    def averaging(self) -> bool:
        """Whether averages are in the place of the weights."""
        return self._averages.in_place

    def evaluating(self, state: _core.State) -> AbstractContextManager[None]:
        """A block in which the weights are those to evaluate with."""
        return self._averages.evaluating(state)

    def averages(self, function: str, seed: int) -> dict[str, Array]:
        """Views of the averages of all parameters that are trained, by name."""
        state = self.state(seed)
        if "average" not in state.slots:
            raise ValueError(
                f"{function}: expected an optimizer that averages the weights, got {self.optimizer!r}; "
                "give it `average_decay`, such as 0.999"
            )
        return {name: state.slot_view("average", name) for name, _, _ in self.trained()}

    @contextmanager
    def use_average(self, seed: int) -> Iterator[None]:
        """Within this block the averages are in the place of the weights."""
        with self.alone("use_average"):
            if self._averages.in_place:
                raise ValueError("use_average: expected the weights in their place, got their averages already")
            state = self.state(seed)
            if "average" not in state.slots and any(self._averages.evaluated(state)):
                with self._averages.evaluating(state):
                    yield
                return
            with self._averages.swapped(state, self.averages("use_average", seed)):
                yield

    def controls(self) -> tuple[Any, ...]:
        """The controls of the optimizer, to know a plan by."""
        return () if self.optimizer is None else tuple(self.optimizer.controls.values())

    def copied_state(self, seed: int) -> _core.State:
        """A state with the numbers that :meth:`state` would have, apart from it: what is done there changes nothing else."""
        graph = begin_trace(self.model, training=False).graph
        state = self._new_state(graph)
        for stream, (name, parameter) in enumerate(self.model._parameters()):
            state.view(name)[...] = parameter.value if parameter.is_initialized else parameter.drawn(seed, stream)
        own = self._state
        if own is not None and state.names and own.view(state.names[0]).dtype == state.view(state.names[0]).dtype:
            state.step, state.tally = own.step, own.tally
            for name, values in own.slots.items():
                state.slots[name][...] = values
        return state

    def kept(self, key: tuple[Any, ...], build: Any) -> Any:
        """What was built for a key before, or builds it."""
        found = self.plans.get(key)
        if found is None:
            found = self.plans[key] = build()
            if len(self.plans) > _MOST_PLANS:
                self.plans.popitem(last=False)
        else:
            self.plans.move_to_end(key)
        return found

    def trace(self, rows: int, row_shape: Sequence[int], *, training: bool) -> tuple[Tracer, Tensor]:
        """The trace of the model on so many rows, and its output."""
        tracer = begin_trace(self.model, training=training)
        x = tracer.input("features", (rows, *row_shape), self.dtype)
        with tracer.active():
            output = trace_model(self.model, x)
        if not output.shape or output.shape[0] != rows:
            raise ValueError(
                f"model: expected `forward` to return one row for each of {rows} rows, got shape {output.shape}"
            )
        self.row_shape = tuple(row_shape)
        return tracer, output

    def _prediction_plan(self, rows: int, row_shape: tuple[int, ...], place: str) -> tuple[_core.Plan, tuple[int, ...]]:
        def build() -> tuple[_core.Plan, tuple[int, ...]]:
            tracer, output = self.trace(rows, row_shape, training=False)
            return tracer.graph.compile([output.value], training=False), output.shape[1:]

        plan: tuple[_core.Plan, tuple[int, ...]] = self.kept(("predict", place, rows, row_shape, self.dtype), build)
        return plan

    def output_shape(self, row_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one row of the output."""
        shape: tuple[int, ...] = self.kept(
            ("output", row_shape), lambda: self.trace(1, row_shape, training=False)[1].shape[1:]
        )
        return shape

    def predict(self, x: Any, batch_size: int | str, scale: float | None, seed: int = 0) -> Array:
        """What the model makes of each row; weights without values get them by the seed."""
        array = check_features("predict", x, self.model.input_shape, scale, self.dtype)
        return self.predict_rows(array, check_batch_size("predict", batch_size, len(array)), scale, seed)

    def predict_rows(self, x: Array, size: int, scale: float | None, seed: int) -> Array:
        """What the model makes of rows that were found to be good."""
        rows, row_shape = len(x), x.shape[1:]
        with self.alone("predict"):
            plan, shape = self._prediction_plan(size, row_shape, "full")
            last = self._prediction_plan(rows % size, row_shape, "last")[0] if rows % size else None
            out = np.empty((rows, *shape), self.dtype)
            state = self.state(seed)
            with self._averages.evaluating(state):
                _core.run_batches(plan, last, state, x, batch_size=size, scale=scale, out=out)
        return out

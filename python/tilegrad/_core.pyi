"""The compiled core of tilegrad: kernels, the compiled training step and the loop of an epoch.

Everything here takes and returns NumPy arrays. Errors are raised before anything is changed: ``ValueError`` for shapes and
values, ``TypeError`` for types. Long work releases the interpreter lock."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Activation",
    "Calls",
    "Graph",
    "Optimizer",
    "Plan",
    "State",
    "__version__",
    "aligned_zeros",
    "asked_threads",
    "check_distributions",
    "check_finite",
    "check_unit_interval",
    "class_thresholds",
    "gradient_factors",
    "initialize",
    "isa",
    "load_tensors",
    "log_softmax",
    "log_softmax_backward",
    "machine",
    "matmul",
    "measure_limits",
    "permutation",
    "registry",
    "run_batches",
    "run_epoch",
    "save_tensors",
    "set_isa",
    "set_threads",
    "softmax",
    "softmax_backward",
    "threads",
    "usable_threads",
]

_Array: TypeAlias = NDArray[Any]
_Attribute: TypeAlias = bool | int | float | str | Sequence[int] | Sequence[float]
_Dtype: TypeAlias = Literal["float32", "float64", "int32"]

class _ParameterInfo(TypedDict):
    """A hyperparameter. A choice has ``choices`` and one of them as default; a number has a range."""

    name: str
    default: float | bool | str
    doc: str
    low: NotRequired[float]
    high: NotRequired[float]
    low_closed: NotRequired[bool]
    high_closed: NotRequired[bool]
    choices: NotRequired[list[str] | list[bool]]

class _Entry(TypedDict):
    """An activation, a loss or an optimizer: its names, its documentation, its parameters and its facts."""

    name: str
    aliases: list[str]
    doc: str
    parameters: list[_ParameterInfo]
    facts: dict[str, Any]

class _Caches(TypedDict):
    l1: int | None
    l2: int | None
    l3: int | None

class _Machine(TypedDict):
    cpu: str | None
    isa: str
    isas: list[str]
    threads: int
    cpu_count: int
    caches: _Caches

class _Level(TypedDict):
    """A cache or memory: its capacity in bytes for all threads together, and its bytes per second."""

    name: str
    capacity: int | None
    bandwidth: float

class _Limits(TypedDict):
    """The most that a number of threads can do."""

    threads: int
    flops: dict[str, float]
    divisions: dict[str, float]
    levels: list[_Level]

class _StepInfo(TypedDict):
    """A kernel call of a plan and its minimum work."""

    operation: str
    scope: str
    result: str
    operations: int
    divisions: int
    bytes: int
    footprint: int

class _Times(TypedDict):
    """The times of a profile's runs, in seconds."""

    steps: list[list[float]]
    whole: list[float]
    clock: float

class _Node(TypedDict):
    """A value of a graph and how it is computed."""

    id: int
    kind: str
    operation: str
    inputs: list[int]
    shape: tuple[int, ...]
    dtype: str
    name: str
    scope: str
    attributes: dict[str, Any]  # of an operation; ``value`` of a constant that is one number

class _Fault(TypedDict):
    """A batch that produced a number that is not finite: its index, its rows, and whether its update was already made."""

    batch: int
    rows: list[int]
    updated: bool

class _Epoch(TypedDict):
    """The result of a run over the rows. ``metrics`` holds the sums of the plan's outputs after the first two."""

    batches: int
    samples: int
    loss_sum: float
    loss_weight: float
    metrics: list[float]
    interrupted: bool
    losses: list[float]
    not_finite: _Fault | None

__version__: str

def registry() -> dict[str, list[_Entry]]:
    """The registry: the entries of ``"activations"``, ``"losses"`` and ``"optimizers"``."""

def class_thresholds() -> dict[str, tuple[float, float]]:
    """For each kind of scores, ``"logits"``, ``"probabilities"`` or ``"scores"``: above what a score, and a target, says yes."""

def machine() -> _Machine:
    """The processor as tilegrad sees it. Anything that could not be determined is ``None``; cache sizes are in bytes."""

def isa() -> str:
    """The instruction set in use: ``"baseline"``, ``"avx2"``, ``"avx512"`` or ``"neon"``."""

def set_isa(name: str) -> None:
    """Switches the whole process to this instruction set."""

def threads() -> int:
    """How many threads a call may use, including the calling thread."""

def set_threads(count: int) -> None:
    """Sets how many threads a call may use, including the calling thread. Results do not depend on it. There is no cap: more
    threads than processors take turns, which tests need; see ``usable_threads``."""

def usable_threads(count: int) -> int:
    """How many of ``count`` threads can run at once: at most as many as the affinity mask and the cgroup quota allow."""

def asked_threads() -> int | None:
    """The number in ``TILEGRAD_THREADS``, before the cap; ``None`` if it is not set."""

def measure_limits(threads: int | None = None) -> _Limits:
    """Measures the most that this many threads can do (by default, as many as are set), in a few tenths of a second.

    ``flops`` holds floating-point operations per second by dtype (fused multiply-adds on registers, each counted as two);
    ``divisions`` holds divisions and square roots per second, alternating; ``levels`` lists the caches and memory, nearest
    first: ``name``, ``capacity`` in bytes for all threads together (``None`` for memory), and ``bandwidth`` in bytes per
    second, read plus written. No more threads are started than there are processors; ``threads`` says how many were.
    """

def aligned_zeros(count: int, dtype: str) -> _Array:
    """A new one-dimensional array of zeros whose first element is aligned to 64 bytes."""

@final
class Activation:
    """An activation with its hyperparameters, for NumPy arrays of any shape and layout.

    ``parameters`` are in the order of the registry; any left out take their defaults.
    """

    def __new__(cls, name: str, parameters: Sequence[float] = ()) -> Activation: ...
    def __call__(self, x: _Array, out: _Array | None = None) -> _Array:
        """``f(x)``, element by element. ``out`` may be ``x`` itself."""
    def backward(self, gradient: _Array, x: _Array, out: _Array | None = None, output: _Array | None = None) -> _Array:
        """``gradient * f'(x)``. ``x`` is the input of the forward pass; ``out`` may be ``gradient`` itself.

        Where the derivative can be computed from the output of the forward pass, ``output`` is read instead of ``x`` if
        it is given.
        """
    @property
    def name(self) -> str:
        """The name in the registry."""
    @property
    def parameters(self) -> tuple[float, ...]:
        """The hyperparameters, in the order of the registry."""

def matmul(a: _Array, b: _Array, out: _Array | None = None) -> _Array:
    """The matrix product of two matrices of the same dtype. A transposed view is read in place, without a copy.

    ``out`` must be a writable matrix in C order that shares no memory with the others.
    """

def softmax(x: _Array, out: _Array | None = None) -> _Array:
    """Softmax over the last axis. ``out`` may be ``x`` itself."""

def log_softmax(x: _Array, out: _Array | None = None) -> _Array:
    """Logarithm of the softmax over the last axis. ``out`` may be ``x`` itself."""

def softmax_backward(gradient: _Array, y: _Array, out: _Array | None = None) -> _Array:
    """Gradient with respect to the input of ``softmax``, from its *output* ``y``."""

def log_softmax_backward(gradient: _Array, y: _Array, out: _Array | None = None) -> _Array:
    """Gradient with respect to the input of ``log_softmax``, from its *output* ``y``."""

@final
class Optimizer:
    """An update rule with its hyperparameters, and with its slots when it is used directly on NumPy arrays.

    The slots are created by the first ``step`` or ``load_state``; from then on, the number, shapes and dtypes of the arrays
    are fixed."""

    def __new__(cls, name: str, parameters: Mapping[str, float | bool | str] | None = None) -> Optimizer: ...
    def step(self, parameters: Sequence[_Array], gradients: Sequence[_Array]) -> None:
        """Updates the parameters in place. They must be writable and contiguous, and must not overlap."""
    def check(self, parameters: Sequence[_Array], gradients: Sequence[_Array]) -> None:
        """Raises an error unless ``step`` would accept these arrays; nothing is changed."""
    def set(self, name: str, value: float | bool | str) -> None:
        """Changes a hyperparameter from the next step on, in compiled plans too."""
    def get(self, name: str) -> float | bool | str:
        """The value of a hyperparameter: a number, a bool or the name of a choice."""
    def state(self) -> dict[str, list[_Array]]:
        """Copies of the slots: one array per parameter for each name. Empty before the first step."""
    def load_state(self, state: Mapping[str, Sequence[_Array]]) -> None:
        """Restores slots as returned by ``state``; set ``steps`` as well to resume exactly."""
    @property
    def name(self) -> str:
        """The name in the registry."""
    @property
    def slot_names(self) -> list[str]:
        """Names of the slots that the rule keeps with its current hyperparameters."""
    @property
    def evaluation(self) -> tuple[float, str, float] | None:
        """The weights to evaluate with, as ``(factor, slot, share)``: ``factor * weight + share * slot``; ``None`` if they
        are the trained weights themselves."""
    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """All hyperparameters by name, with their values now."""
    @property
    def steps(self) -> int:
        """The number of steps taken."""
    @steps.setter
    def steps(self, value: int) -> None: ...

@final
class Graph:
    """A graph of operations. Values are numbered from 0 in the order in which they are created; shapes are concrete."""

    def __new__(cls) -> Graph: ...
    def input(self, name: str, shape: Sequence[int], dtype: str) -> int:
        """A value passed to every run, in the order in which inputs were created."""
    def parameter(self, name: str, shape: Sequence[int], dtype: str) -> int:
        """A value kept in a ``State`` between runs."""
    def constant(self, array: _Array) -> int:
        """A constant; the array is copied."""
    def apply(self, operation: str, inputs: Sequence[int], attributes: Mapping[str, _Attribute] | None = None) -> int:
        """The result of an operation on values."""
    def gradients(self, of: int, wrt: Sequence[int]) -> list[int]:
        """Gradients of a scalar with respect to values, as new values of this graph."""
    def host_loss(
        self, function: Callable[[_Array, _Array], tuple[float, _Array]], prediction: int, target: int
    ) -> int:
        """The scalar that a function computes from a prediction and a target: the function gets both as flat arrays and
        returns the value and the gradient with respect to the prediction, a flat array of float64. If it raises, the run
        ends."""
    def update(self, parameter: int, gradient: int, optimizer: Optimizer) -> int:
        """An optimizer step on a parameter, made in place whenever the plan runs; the value is the new parameter."""
    def train(
        self,
        updates: Sequence[tuple[int, int, Optimizer]],
        weight: int | None = None,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        clip_global_norm: float | None = None,
        accumulation_steps: int = 1,
        average_decay: float | None = None,
        skip_if_not_finite: bool = False,
    ) -> list[int]:
        """Optimizer steps on many parameters, given as (parameter, gradient, optimizer); the values are the new parameters.

        Before the update, the gradients of ``accumulation_steps`` batches are averaged, weighted by the ``weight`` of each
        mean (without it they are summed), then clipped: each tensor by its norm, all together by their joint norm, each
        number by its value. ``average_decay`` keeps a moving average of the parameters; ``skip_if_not_finite`` skips a step
        whose gradient is not finite."""
    def constrain(self, updated: int, name: str, number: float = 0.0) -> int:
        """Constrains a parameter in place after each update, whose value is ``updated``: ``max_norm`` (``number`` limits the
        norm of each column), ``unit_norm``, ``non_negative``, or ``shrink`` (moves each number towards zero by ``number``
        times the learning rate)."""
    def shape(self, value: int) -> tuple[int, ...]:
        """The shape of a value."""
    def dtype(self, value: int) -> str:
        """The dtype of a value: ``"float32"``, ``"float64"`` or ``"int32"``."""
    def name(self, value: int) -> str:
        """The name of a value with its scope: ``hidden.0.weight``."""
    def push_scope(self, name: str) -> None:
        """Enters a scope: names given from now on begin with it."""
    def pop_scope(self) -> None:
        """Leaves the scope that was entered last."""
    def nodes(self) -> list[_Node]:
        """All values of the graph, in the order in which they were made."""
    def compile(self, outputs: Sequence[int], *, training: bool = True, fuse: bool = True, reuse: bool = True) -> Plan:
        """Compiles everything these values depend on, including updates among them, into a plan. Without ``training``,
        dropout is the identity. ``fuse`` and ``reuse`` change time and memory, but not a single bit of the result."""
    def __len__(self) -> int: ...

@final
class Plan:
    """A compiled step: a flat list of kernel calls and one block of memory. Created by ``Graph.compile``."""

    def run(self, inputs: Sequence[_Array], state: State | None = None, seed: int = 0, step: int = 0) -> list[_Array]:
        """Runs once and returns new arrays, one per output. Plans with updates advance ``state.step`` and use it instead
        of ``step``."""
    def step_info(self) -> list[_StepInfo]:
        """Describes each kernel call, in order: ``operation``, ``scope``, ``result`` (dtype and shape), and the minimum
        work: ``operations`` (floating point), ``divisions`` (divisions and roots in updates), ``bytes`` (read and written)
        and ``footprint`` (bytes of memory touched)."""
    def profile(self, inputs: Sequence[_Array], state: State, seed: int = 0, runs: int = 1) -> _Times:
        """Runs twice ``runs`` times, alternately as a whole and with every kernel call timed, and returns the times in
        seconds: ``steps`` with a list of times for each run, ``whole``, and ``clock``, which was subtracted from all of
        them. Plans with updates train the state in every run."""
    def describe(self) -> str:
        """The compiled steps, buffers and bytes, as text."""
    @property
    def arena_bytes(self) -> int:
        """Size of the block of memory that all intermediate values share."""
    @property
    def steps(self) -> int:
        """How many calls of kernels a run takes."""
    @property
    def updates(self) -> bool:
        """Whether a run updates parameters."""

@final
class Calls:
    """The plans of a compiled function, by the form of its arguments."""

    def __new__(cls) -> Calls: ...
    def run(self, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The result of the plan for arguments of this form; ``None`` if there is no plan yet, or if something is
        unusual."""
    def keep(self, key: tuple[Any, ...], plan: Plan, result: tuple[Any, ...]) -> None:
        """Keeps the plan for arguments of this form (``key``, as ``tilegrad.transform`` describes it) and the form of
        its result, unless something in them is left to Python."""

@final
class State:
    """The parameters of a graph in one flat buffer per dtype, and the slots of an optimizer in the same layout."""

    def __new__(
        cls,
        graph: Graph,
        optimizer: Optimizer | Sequence[Optimizer | None] | None = None,
        *,
        accumulates: bool = False,
        averages: bool = False,
    ) -> State: ...
    @property
    def parameters(self) -> _Array:
        """All parameters as a flat view; each begins at a multiple of 64 bytes, and the gaps are zero."""
    @property
    def slots(self) -> dict[str, _Array]:
        """The optimizer's slots as flat views, laid out like ``parameters``."""
    @property
    def names(self) -> list[str]:
        """Names of the parameters, in the order in which they were created."""
    def view(self, name: str) -> _Array:
        """A parameter as a shaped view; writing to it changes the parameter."""
    def slot_view(self, slot: str, name: str) -> _Array:
        """The slot of a parameter as a shaped view."""
    @property
    def step(self) -> int:
        """The number of runs with updates so far."""
    @step.setter
    def step(self, value: int) -> None: ...
    @property
    def tally(self) -> tuple[int, int, int, float]:
        """Counts of steps without an update: (all of them, those skipped, batches whose gradients are waiting, the sum of
        their weights)."""
    @tally.setter
    def tally(self, counts: tuple[int, int, int, float]) -> None: ...

def run_epoch(
    plan: Plan,
    last: Plan | None,
    state: State,
    features: _Array,
    targets: _Array,
    *,
    sample_weight: _Array | None = None,
    class_weight: _Array | None = None,
    batch_size: int,
    scale: float | None = None,
    shuffle: bool = False,
    seed: int = 0,
    epoch: int = 0,
    report: Callable[[int, float], object] | None = None,
    interval: float = 0.1,
    maxima: int = 0,
    schedules: Sequence[tuple[Optimizer, str, Sequence[float] | _Array]] | None = None,
    record: bool = False,
    drop_last: bool = False,
    check_finite: bool = False,
    limit: int | None = None,
) -> _Epoch:
    """Runs a plan over all rows, batch by batch, with the interpreter lock released.

    The plan's inputs are ``[features, targets]``, then the sample weight and the class weight if they are given; its
    outputs are ``[mean loss, weight of the mean, metric sums...]``, of which the last ``maxima`` are the maximum of a batch
    instead of sums. ``last`` is the plan for a shorter last batch. ``report`` is called with the number of batches done and
    the mean loss so far, at most once per ``interval`` seconds. An interrupt (Ctrl-C) ends the run after a whole step: the
    result then says ``interrupted``, and nothing is raised. Any other exception, including one from ``report``, ends it
    after a whole step and is raised.

    ``schedules`` is a list of (optimizer, name, values): the hyperparameter takes one value per batch, and keeps the last
    one. With ``record`` the result has ``losses``, the mean loss of each batch. With ``drop_last`` the rows left over after
    the last whole batch are skipped. With ``check_finite`` the run ends at the first batch whose loss is not finite, before
    anything is updated, or that leaves a parameter that is not finite, after the update. ``limit`` ends the run after that
    many batches.
    """

def run_batches(
    plan: Plan,
    last: Plan | None,
    state: State,
    features: _Array,
    *,
    batch_size: int,
    scale: float | None = None,
    out: _Array,
) -> None:
    """Runs a plan over all rows and writes its first output, row by row, into ``out``."""

def gradient_factors(
    gradients: Sequence[_Array],
    *,
    clip_norm: float | None = None,
    clip_global_norm: float | None = None,
    skip_if_not_finite: bool = False,
) -> list[float] | None:
    """The factor for each gradient that keeps norms within their bounds: first the norm of each tensor, then the norm of all
    together. None if the step should be skipped because a gradient is not finite."""

def check_finite(x: _Array) -> int | None:
    """Index, in C order of the flattened array, of the first number that is infinite or NaN."""

def check_unit_interval(x: _Array) -> int | None:
    """Index, in C order of the flattened array, of the first number that is not from 0 to 1."""

def check_distributions(x: _Array) -> int | None:
    """Number of the first row along the last axis that is no distribution: with a number below 0, or a sum other than
    1."""

def initialize(kind: str, shape: Sequence[int], dtype: str, seed: int, stream: int, **parameters: float) -> _Array:
    """A new array: ``zeros``, ``constant`` (value), ``uniform`` (low, high), ``normal`` (mean, deviation) or
    ``truncated_normal`` (mean, deviation; cut at two deviations). The numbers depend on ``seed`` and ``stream``
    only."""

def permutation(count: int, seed: int, stream: int) -> NDArray[np.int64]:
    """A random order of ``0 .. count - 1``: the one ``run_epoch`` uses with ``stream = epoch``."""

def save_tensors(
    path: str | PathLike[str], tensors: Mapping[str, _Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes a safetensors file. The file appears whole or not at all: it is written beside its place and then
    moved."""

def load_tensors(path: str | PathLike[str]) -> tuple[dict[str, _Array], dict[str, str]]:
    """Reads a safetensors file: the arrays and the metadata. A damaged file raises ``ValueError``."""

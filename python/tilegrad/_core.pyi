"""The compiled core of tilegrad: kernels, the compiled training step and the loop of an epoch.

Everything here takes and returns NumPy arrays. Whatever is wrong with an argument is said in one sentence before
anything was changed: ``ValueError`` for shapes and values, ``TypeError`` for types. Long work releases the interpreter
lock."""

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
    """An activation, a loss or an optimizer: what it is called, what it does, what is known of it."""

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
    """A cache or memory: bytes that the threads have there together, and bytes a second."""

    name: str
    capacity: int | None
    bandwidth: float

class _Limits(TypedDict):
    """What so many threads can do at most."""

    threads: int
    flops: dict[str, float]
    divisions: dict[str, float]
    levels: list[_Level]

class _StepInfo(TypedDict):
    """A kernel call of a plan and its least work."""

    operation: str
    scope: str
    result: str
    operations: int
    divisions: int
    bytes: int
    footprint: int

class _Times(TypedDict):
    """Seconds of the runs of a profile."""

    steps: list[list[float]]
    whole: list[float]
    clock: float

class _Node(TypedDict):
    """A value of a graph and how it comes about."""

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
    """A batch that gave a number that is not finite: its place, its rows, and whether the update was made already."""

    batch: int
    rows: list[int]
    updated: bool

class _Epoch(TypedDict):
    """What a run over the rows amounts to. ``metrics`` holds the sums of the plan's outputs after the first two."""

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
    """What exists: the entries of ``"activations"``, ``"losses"`` and ``"optimizers"``."""

def machine() -> _Machine:
    """The processor as tilegrad sees it. What could not be found out is ``None``; cache sizes are in bytes."""

def isa() -> str:
    """The instruction set in use: ``"baseline"``, ``"avx2"``, ``"avx512"`` or ``"neon"``."""

def set_isa(name: str) -> None:
    """Uses this instruction set from now on, in the whole process."""

def threads() -> int:
    """How many threads a call may use, the calling one included."""

def set_threads(count: int) -> None:
    """Sets how many threads a call may use, the calling one included. Results do not depend on it. This one does not cap: more
    threads than processors take turns, which is for tests; see ``usable_threads``."""

def usable_threads(count: int) -> int:
    """How many of ``count`` threads can run at once: at most the processors that affinity mask and cgroup quota leave."""

def asked_threads() -> int | None:
    """What ``TILEGRAD_THREADS`` asks for, before the cap; ``None`` without it."""

def measure_limits(threads: int | None = None) -> _Limits:
    """Measures what so many threads can do at most (as many as are set, without a number), in a few tenths of a second.

    ``flops`` holds floating-point operations a second by dtype (fused multiply-adds on registers, each counted as two);
    ``divisions`` divisions and square roots a second, in turn; ``levels`` the caches and memory, the nearest first: ``name``, ``capacity`` in bytes for all threads together (``None``
    for memory), and ``bandwidth`` in bytes a second, read and written counted alike. More threads than processors are
    not started; ``threads`` says how many were.
    """

def aligned_zeros(count: int, dtype: str) -> _Array:
    """A new one-dimensional array of zeros whose first element is aligned to 64 bytes."""

@final
class Activation:
    """An activation with its hyperparameters, for NumPy arrays of any shape and layout.

    ``parameters`` come in the order of the registry; those left out take their defaults.
    """

    def __new__(cls, name: str, parameters: Sequence[float] = ()) -> Activation: ...
    def __call__(self, x: _Array, out: _Array | None = None) -> _Array:
        """``f(x)``, element by element. ``out`` may be ``x`` itself."""
    def backward(self, gradient: _Array, x: _Array, out: _Array | None = None, output: _Array | None = None) -> _Array:
        """``gradient * f'(x)``. ``x`` is the input of the forward pass; ``out`` may be ``gradient`` itself.

        Where the derivative is made from ``output``, that of the forward pass, it is read in place of ``x`` if it is
        given.
        """
    @property
    def name(self) -> str:
        """Its name in the registry."""
    @property
    def parameters(self) -> tuple[float, ...]:
        """Its hyperparameters, in the order of the registry."""

def matmul(a: _Array, b: _Array, out: _Array | None = None) -> _Array:
    """The matrix product of two matrices of one dtype. A transposed view is read as it lies, without a copy.

    ``out`` is a writable matrix in C order that shares no memory with the others.
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
    """An update rule with its hyperparameters, and with its slots when it is used alone on NumPy arrays.

    The slots are made at the first ``step`` or ``load_state``; from then on the arrays must keep number, shapes and
    dtypes."""

    def __new__(cls, name: str, parameters: Mapping[str, float | bool | str] | None = None) -> Optimizer: ...
    def step(self, parameters: Sequence[_Array], gradients: Sequence[_Array]) -> None:
        """Updates the parameters in place. They must be writable, contiguous and not overlap."""
    def check(self, parameters: Sequence[_Array], gradients: Sequence[_Array]) -> None:
        """A sentence unless ``step`` would take these arrays; nothing is changed."""
    def set(self, name: str, value: float | bool | str) -> None:
        """Changes a hyperparameter; it holds from the next step, in compiled plans too."""
    def get(self, name: str) -> float | bool | str:
        """A hyperparameter: a number, a truth value or the text of a choice."""
    def state(self) -> dict[str, list[_Array]]:
        """Copies of the slots: for each name one array per parameter. Empty before the first step."""
    def load_state(self, state: Mapping[str, Sequence[_Array]]) -> None:
        """Takes slots as ``state`` gave them; set ``steps`` as well to resume exactly."""
    @property
    def name(self) -> str:
        """Its name in the registry."""
    @property
    def slot_names(self) -> list[str]:
        """Names of the slots that the rule keeps with the hyperparameters as they are."""
    @property
    def evaluation(self) -> tuple[float, str, float] | None:
        """The weights to evaluate with, as ``(factor, slot, share)``: ``factor * weight + share * slot``; ``None`` if they
        are those that are trained."""
    @property
    def parameters(self) -> dict[str, float | bool | str]:
        """All hyperparameters."""
    @property
    def steps(self) -> int:
        """How many steps were taken."""
    @steps.setter
    def steps(self, value: int) -> None: ...

@final
class Graph:
    """A graph of operations. Values are numbered from 0 in the order of their making; shapes are concrete."""

    def __new__(cls) -> Graph: ...
    def input(self, name: str, shape: Sequence[int], dtype: str) -> int:
        """A value given at each run, in the order in which inputs were made."""
    def parameter(self, name: str, shape: Sequence[int], dtype: str) -> int:
        """A value kept in a ``State`` from run to run."""
    def constant(self, array: _Array) -> int:
        """A value fixed now; the array is copied."""
    def apply(self, operation: str, inputs: Sequence[int], attributes: Mapping[str, _Attribute] | None = None) -> int:
        """The result of an operation on values."""
    def gradients(self, of: int, wrt: Sequence[int]) -> list[int]:
        """Gradients of a scalar with respect to values, as new values of this graph."""
    def host_loss(
        self, function: Callable[[_Array, _Array], tuple[float, _Array]], prediction: int, target: int
    ) -> int:
        """The value that a function computes of a prediction and a target, as a scalar: it gets both as flat arrays and
        returns the value and the gradient with respect to the prediction, a flat array of float64. What it raises ends the
        run."""
    def update(self, parameter: int, gradient: int, optimizer: Optimizer) -> int:
        """A step of the optimizer on a parameter, taken in place whenever the plan runs; the value is the new
        parameter."""
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
        """Steps of optimizers on many parameters: (parameter, gradient, optimizer) each; the values are the new parameters.

        On their way to the update the gradients of ``accumulation_steps`` batches are joined, each with the ``weight`` of
        its mean (without it they are summed), then clipped: each tensor by its norm, all by the norm of all, each number
        by its value. ``average_decay`` keeps a moving average of the parameters; ``skip_if_not_finite`` leaves a step
        out."""
    def constrain(self, updated: int, name: str, number: float = 0.0) -> int:
        """Does something to a parameter in place after each update, of which ``updated`` is the value: ``max_norm``
        (number: the limit, of each column), ``unit_norm``, ``non_negative``, or ``shrink`` (number times learning rate:
        what is taken off each number's distance from zero)."""
    def shape(self, value: int) -> tuple[int, ...]:
        """Shape of a value."""
    def dtype(self, value: int) -> str:
        """Element type of a value: ``"float32"``, ``"float64"`` or ``"int32"``."""
    def name(self, value: int) -> str:
        """Name of a value with its scope: ``hidden.0.weight``."""
    def push_scope(self, name: str) -> None:
        """Names made from now on begin with this scope."""
    def pop_scope(self) -> None:
        """Leaves the scope entered last."""
    def nodes(self) -> list[_Node]:
        """Every value in order."""
    def compile(self, outputs: Sequence[int], *, training: bool = True, fuse: bool = True, reuse: bool = True) -> Plan:
        """Compiles what these values need, and the updates among them, into a plan. Without ``training``, dropout is
        the identity. ``fuse`` and ``reuse`` change time and memory, never a bit of the result."""
    def __len__(self) -> int: ...

@final
class Plan:
    """A compiled step: a flat list of kernel calls and one block of memory. Made by ``Graph.compile``."""

    def run(self, inputs: Sequence[_Array], state: State | None = None, seed: int = 0, step: int = 0) -> list[_Array]:
        """Runs once and returns new arrays, one per output. Plans with updates advance ``state.step``, which then
        counts instead of ``step``."""
    def step_info(self) -> list[_StepInfo]:
        """What is known of each kernel call, in order: ``operation``, ``scope``, ``result`` (dtype and shape), and the
        least work: ``operations`` (floating point), ``divisions`` (those and roots in updates), ``bytes`` (read and written), ``footprint`` (bytes of memory
        reached)."""
    def profile(self, inputs: Sequence[_Array], state: State, seed: int = 0, runs: int = 1) -> _Times:
        """Runs twice ``runs`` times, in turn as a whole and with every kernel call timed, and returns the times in
        seconds: ``steps`` with a list of times for each run, ``whole``, and ``clock``, which was taken off all of them.
        Plans with updates train the state at each run."""
    def describe(self) -> str:
        """The compiled steps, buffers and bytes, as text."""
    @property
    def arena_bytes(self) -> int:
        """Size of the block of memory all intermediate values share."""
    @property
    def steps(self) -> int:
        """Number of kernel calls."""
    @property
    def updates(self) -> bool:
        """Whether a run updates parameters."""

@final
class Calls:
    """The plans of a compiled function by the form of its arguments."""

    def __new__(cls) -> Calls: ...
    def run(self, arguments: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The result of the plan for arguments of this form; ``None`` if there is none yet, or if something is
        unusual."""
    def keep(self, key: tuple[Any, ...], plan: Plan, result: tuple[Any, ...]) -> None:
        """Keeps the plan for arguments of this form (``key``, as ``tilegrad.transform`` describes it) and the form of
        its result, unless something in them is left to Python."""

@final
class State:
    """The parameters of a graph in one flat buffer per element type, and the slots of an optimizer in the same
    layout."""

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
        """All parameters as a flat view; each begins at a multiple of 64 bytes, the gaps are zero."""
    @property
    def slots(self) -> dict[str, _Array]:
        """The optimizer's slots as flat views, laid out like ``parameters``."""
    @property
    def names(self) -> list[str]:
        """Names of the parameters, in the order of their making."""
    def view(self, name: str) -> _Array:
        """A parameter as a shaped view; writing to it changes the parameter."""
    def slot_view(self, slot: str, name: str) -> _Array:
        """The slot of a parameter as a shaped view."""
    @property
    def step(self) -> int:
        """How many updating runs were made."""
    @step.setter
    def step(self, value: int) -> None: ...
    @property
    def tally(self) -> tuple[int, int, int, float]:
        """What was no update: (steps that were none, updates left out, batches whose gradients wait, sum of their
        weights)."""
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

    The plan's inputs are ``[features, targets]``, then the sample weight and the class weight where they are given; its
    outputs are ``[mean loss, weight of the mean, metric sums...]``, of which the last ``maxima`` are no sums but the
    greatest numbers of a batch. ``last`` is the plan for a short last batch. ``report`` gets the number of batches done and the mean loss so far, at most once per ``interval`` seconds. An
    interrupt (Ctrl-C) ends the run after a whole step: the result then says ``interrupted``, and nothing is raised.
    Any other exception, also one from ``report``, ends it after a whole step and is raised.

    ``schedules`` is a list of (optimizer, name, values): the hyperparameter takes a value at each batch, and keeps the
    last. With ``record`` the result has ``losses``, the mean loss of each batch. With ``drop_last`` rows that fill no
    whole batch are left out.
    With ``check_finite`` a training ends at
    the first batch with a loss that is not finite, before anything is updated, or with a parameter that is not, afterwards.
    ``limit`` ends the run after so many batches.
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
    """What each gradient is multiplied by so that norms keep within their bounds: first that of each tensor, then that
    of all together. None if the step is to be left out, since a gradient is not finite."""

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

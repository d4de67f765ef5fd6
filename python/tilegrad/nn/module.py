"""Modules: models and their parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.nn import saving, walk
from tilegrad.nn.parameter import Parameter
from tilegrad.nn.summary import Part, Summary
from tilegrad.nn.traits import Traits
from tilegrad.run.memory import Memory, memory_of
from tilegrad.run.runner import Runner
from tilegrad.tensor import Array, Traceable, active_tracer
from tilegrad.words.checks import check_flag
from tilegrad.words.comforts import comfort
from tilegrad.words.operations import is_linear_graph

if TYPE_CHECKING:
    import os


class Module:
    """A model, or a part of one.

    Subclass it, keep layers as attributes, and say in ``forward`` what is done with the input.

    ``forward`` is run once on traced tensors for each shape of input; what it does is then compiled. Parameters are
    found by walking the attributes (modules, parameters, and lists, tuples and dicts of them), and named after their
    place: ``hidden.0.weight``.

    Example:
        >>> import numpy as np
        >>> from tilegrad import functional as F, nn
        >>> class Residual(nn.Module):
        ...     def __init__(self, width, classes):
        ...         self.inner = nn.Dense(width, width)
        ...         self.last = nn.Dense(width, classes)
        ...     def forward(self, x):
        ...         return self.last(x + F.tanh(self.inner(x)))
        >>> model = Residual(4, 3)
        >>> [name for name, _ in model.named_parameters()]
        ['inner.weight', 'inner.bias', 'last.weight', 'last.bias']
        >>> model.predict(np.zeros((2, 4))).shape
        (2, 3)
    """

    _runner: Runner | None = None

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        # A subclass may as well write `__call__`: it then plays the part of `forward`.
        if "__call__" in cls.__dict__ and "forward" not in cls.__dict__:
            cls.forward = cls.__dict__["__call__"]  # type: ignore[method-assign]
            del cls.__call__

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes along: all but the compiled plans, which it makes for itself."""
        return {name: value for name, value in vars(self).items() if name != "_runner"}

    def forward(self, x: Any) -> Any:
        """The module's output for its input; each subclass writes its own."""
        raise TypeError(f"{type(self).__name__}: expected a method `forward(self, x)`, got a module without one")

    def __call__(self, x: Any, *arguments: Any, **settings: Any) -> Any:
        """On traced tensors, ``forward``; on a NumPy array, the prediction for the whole array at once."""
        tracer = active_tracer()
        if tracer is None or not isinstance(x, Traceable):
            return self.predict(x, batch_size="full")
        with tracer.module(self) as done:
            result = self.forward(x, *arguments, **settings)
            done(result)
        return result

    def freeze(self, pattern: str = "*") -> None:
        """Keeps parameters from training: they still compute, are saved and shown, but get no gradient.

        Args:
            pattern: Which ones, by name: ``*`` stands for any letters, dots too, ``?`` for one.

        Raises:
            ValueError: If no parameter has such a name.

        Example:
            >>> from tilegrad import nn
            >>> model = nn.Sequential(nn.Dense(4, 8), nn.ReLU(), nn.Dense(8, 2))
            >>> model.freeze("0.*")
            >>> [name for name, parameter in model._parameters() if parameter.trainable]
            ['2.weight', '2.bias']
        """
        for parameter in walk.matching("freeze", self._parameters(), pattern):
            parameter.frozen = parameter.frozen or parameter.trainable
            parameter.trainable = False

    def unfreeze(self, pattern: str = "*") -> None:
        """Lets training change parameters again that :meth:`freeze` kept from it; running statistics stay untrained.

        Args:
            pattern: Which ones, as in :meth:`freeze`.

        Raises:
            ValueError: If no parameter has such a name.
        """
        for parameter in walk.matching("unfreeze", self._parameters(), pattern):
            parameter.trainable = parameter.trainable or parameter.frozen
            parameter.frozen = False

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of the input, where the model's layers tell."""
        return None

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """Shape of one row of the input, where the layers tell or the model has met data."""
        met = self._runner.row_shape if self._runner is not None else None
        return met if self.input_shape is None else self.input_shape

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all within it, with their names; each once."""
        return walk.modules_of(self, Module, prefix)

    def _children(self) -> Iterator[tuple[str, Any]]:
        """Modules and parameters among the attributes, those in lists, tuples and dicts included."""
        for name, value in vars(self).items():
            if not name.startswith("_"):
                yield from walk.unfolded(name, value, (Module, Parameter))

    def _parameters(self) -> list[tuple[str, Parameter]]:
        """All parameters by name, in order, each once; they need have no values yet."""
        return walk.parameters_of(self, Module)

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """All parameters with their names. Those without values get their first ones, with seed 0.

        ``np.asarray(parameter)`` is the live array: writing into it takes effect.
        """
        self.initialize()
        return self._parameters()

    def parameters(self) -> list[Array]:
        """The live arrays of all parameters, in the order of :meth:`named_parameters`."""
        return [parameter.value for _, parameter in self.named_parameters()]

    @property
    def parameter_count(self) -> int:
        """How many numbers the model has, including those that are not trained."""
        return sum(int(np.prod(parameter.shape)) for _, parameter in self._parameters())

    @property
    def dtype(self) -> str:
        """The dtype that it computes in, which is that of its parameters."""
        dtypes = {parameter.dtype for _, parameter in self._parameters()}
        if len(dtypes) > 1:
            raise TypeError(
                'model: expected parameters of one dtype, got float32 and float64; use model.astype("float32")'
            )
        return dtypes.pop() if dtypes else "float32"

    def initialize(self, seed: int = 0, *, again: bool = False) -> Module:
        """Draws the first values of all parameters that have none; with ``again``, of all.

        The values of a parameter depend only on the seed and on its place among the parameters.
        """
        check_flag("initialize", "again", again)
        for stream, (_, parameter) in enumerate(self._parameters()):
            if again or not parameter.is_initialized:
                parameter.initialize(seed, stream)
        return self

    def astype(self, dtype: str) -> Module:
        """Changes the dtype of all parameters in place, and returns the model."""
        for _, parameter in self._parameters():
            parameter.astype(dtype)
        self.use_runner(None)
        return self

    def predict(self, x: Any, *, batch_size: int | str = 256, scale: float | None = None) -> Array:
        """The model's output for the rows of ``x``, batch by batch, without dropout.

        Args:
            x: Array whose first axis counts rows: float32, float64 or integers, in any memory layout; a memory map is
                read row by row.
            batch_size: Rows at a time, or ``"full"``. The result does not depend on it.
            scale: Factor that integer features are multiplied by, e.g. ``1 / 255``.

        Returns:
            An array with one row for each row of ``x``, in the model's dtype.

        Raises:
            ValueError: If the shape does not fit the model, or a number is not finite.
            TypeError: If ``x`` is not an array of numbers.
        """
        if self._runner is None:
            self._runner = Runner(self)
        return self._runner.predict(x, batch_size, scale)

    def use_runner(self, runner: Runner | None) -> None:
        """Predicts with the plans and buffers of this runner from now on; ``None`` drops those there are."""
        self._runner = runner

    def activations(self, x: Any) -> dict[str, Any]:
        """Inputs and outputs of each activation, by layer: :func:`tilegrad.diagnose.activations`."""
        return dict(comfort("activations")(self, x))

    def memory(self, batch_size: int = 256, input_shape: tuple[int, ...] | None = None) -> Memory:
        """How many bytes predictions take beside the data: the parameters, and all values of a batch.

        For training see :meth:`tilegrad.Trainer.memory`.

        Args:
            batch_size: Rows at a time.
            input_shape: Shape of one row, if the first layer does not tell.

        Raises:
            ValueError: If the shape of a row is not known.
        """
        shape = self.row_shape if input_shape is None else tuple(input_shape)
        if shape is None:
            raise ValueError("memory: expected `input_shape`, the shape of one row, since no layer tells, got None")
        tracer, output = Runner(self).trace(batch_size, shape, training=False)
        return memory_of(tracer.graph, tracer.graph.compile([output.value], training=False))

    def summary(self, input_shape: tuple[int, ...] | None = None) -> Summary:
        """A table of layers, shapes, parameters and initialisers; print it, or let the notebook show it.

        Args:
            input_shape: Shape of one row, if the first layer does not tell.
        """
        shape = self.row_shape if input_shape is None else tuple(input_shape)
        shapes, is_linear = {}, self.traits().is_linear
        if shape is not None:
            tracer, _ = Runner(self).trace(1, shape, training=False)
            shapes, is_linear = tracer.outputs, is_linear_graph(tracer.graph.nodes())
        parts = (
            Part(name, module.describe(), [child for _, child in module._children()])
            for name, module in self.named_modules()
        )
        return Summary(parts, self._parameters(), self.dtype, shapes, is_linear)

    def draw(
        self, x: Any = None, target: Any = None, *, loss: Any = None, values: bool = True, grads: bool = False
    ) -> Any:
        """The dense layers as a picture of units and connections, with numbers.

        Args:
            x: One row of input, for the units' values and for gradients.
            target: What the loss compares the output with, for that row.
            loss: A loss object, its name, or a function of (prediction, target); without it, gradients are those of the
                sum of the outputs.
            values: Whether to show weights, biases and, with ``x``, the values of the units.
            grads: Whether to show gradients, below the values.

        Returns:
            SVG text, which a notebook shows, and which has a ``save(path)``. Layers of more than eight units are shown
            in part; where there are many connections, they carry no numbers.

        Raises:
            ValueError: If there is no dense layer, or something is missing for what is to be shown.

        Example:
            >>> import numpy as np
            >>> from tilegrad import nn
            >>> model = nn.Sequential(nn.Dense(2, 2, "sigmoid"), nn.Dense(2, 1))
            >>> picture = model.draw(np.array([0.5, 1.0]), np.array([1.0]), loss="mean_squared_error", grads=True)
            >>> "grad" in picture
            True
        """
        self.initialize()
        return comfort("draw")(self, x, target, loss, values=values, grads=grads)

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters by name."""
        return {name: parameter.value.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes parameters by name, as :meth:`state_dict` gave them. Nothing is changed unless all fit.

        Raises:
            ValueError: If names or shapes differ from the model's.
        """
        saving.take(self._parameters(), state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all parameters into a safetensors file, which appears whole or not at all."""
        saving.write(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> Module:
        """Reads parameters from a safetensors file into this model, and returns the model.

        Nothing is changed unless all fit.

        A file written by ``trainer.save`` works too.

        Raises:
            ValueError: If the file is damaged, or names or shapes differ from the model's.
        """
        self.load_state_dict(saving.read(path, self._parameters()))
        return self

    @property
    def following(self) -> str | None:
        """Name of the activation that this module applies at its end, if it does."""
        return None

    def traits(self) -> Traits:
        """What containers, summaries, drawings and advice need to know of a layer; one of your own may override it.

        Example:
            >>> from tilegrad import functional as F, nn
            >>> class Shift(nn.Module):
            ...     def __init__(self):
            ...         self.by = nn.Parameter((1,), nn.Zeros())
            ...     def forward(self, x):
            ...         return x + self.by
            ...     def traits(self):
            ...         return nn.Traits(keeps_features=True, is_linear=True)
            >>> nn.Sequential(nn.Dense(2, 3), Shift(), nn.Dense(4, 1))
            Traceback (most recent call last):
            ValueError: Sequential: expected Dense(4, 1) to take 3 features, as Dense(2, 3) before it gives, got one that takes 4
        """
        return Traits()

    def describe(self) -> str:
        """The layer with its settings, as in :meth:`summary`."""
        return f"{type(self).__name__}()"

    def __repr__(self) -> str:
        return self.describe()

"""A session of training: what is trained, with what, and how far it is. Everything that helps a trainer takes one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tilegrad import _core
from tilegrad.losses import Loss
from tilegrad.metrics import Metric
from tilegrad.nn.module import Module
from tilegrad.optim import Optimizer, Solver
from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.features import check_features
from tilegrad.run.rows import Rows
from tilegrad.run.runner import Runner
from tilegrad.tensor import Array
from tilegrad.train.data import (
    all_ignored,
    check_class_weight,
    check_sample_weight,
    check_split,
    check_targets,
    split_rows,
)
from tilegrad.train.history import History
from tilegrad.train.steps import Steps
from tilegrad.train.stopping import TrainingWarning
from tilegrad.words.checks import check_choice

# Where the rows of a validation split come from.
PLACES = ("end", "random", "stratified")


class Snapshot:
    """Weights that are kept while a training goes on, and facts about them; both are saved with the trainer."""

    def __init__(self, state: Callable[[], _core.State]) -> None:
        self._state = state
        self.facts: dict[str, Any] = {}
        self.weights: dict[str, Array] = {}

    def clear(self) -> None:
        """Forgets the weights and the facts that were kept."""
        self.facts, self.weights = {}, {}

    def take(self) -> None:
        """Copies the weights, and what else belongs to the model, such as running statistics."""
        state = self._state()
        self.weights = {name: state.view(name).copy() for name in state.names}

    def restore(self) -> None:
        """Puts the weights that were kept back into the model."""
        state = self._state()
        for name, values in self.weights.items():
            state.view(name)[...] = values


class Session:
    """The model with its compiled steps and buffers, and the position of the training."""

    def __init__(
        self, model: Module, loss: Loss, optimizer: Optimizer | Solver, metrics: dict[str, Metric], seed: int
    ) -> None:
        self.model, self.loss, self.optimizer, self.metrics, self.seed = model, loss, optimizer, metrics, seed
        # The one place that tells them apart: an optimizer updates within each step, a solver moves the weights between them.
        self.solver = optimizer if isinstance(optimizer, Solver) else None
        self.runner = Runner(model, None if isinstance(optimizer, Solver) else optimizer)
        # A parameter that nobody owns is found now.
        self.runner.trained()
        self.steps = Steps(self.runner, loss, metrics)
        self.plan: _core.Plan | None = None
        self.history, self.epoch = History(), 0
        self.snapshot = Snapshot(self.state)
        # Why the training is to end after the epoch under way.
        self.stop_reason: str | None = None
        # The names of what each epoch is told by, and whether more of it is better, where that is known.
        self.directions: dict[str, bool | None] = {"loss": False}
        # Whether the model was looked over for mistakes.
        self.looked_over = False

    def state(self) -> _core.State:
        """The buffers that weights and slots live in; weights without values get them by the seed."""
        return self.runner.state(self.seed)

    def rows(
        self, function: str, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None, scale: Any = None
    ) -> Rows:
        """Checked data for the model and the loss."""
        dtype = self.runner.dtype
        features = check_features(function, x, self.model.input_shape, scale, dtype)
        output = self.runner.output_shape(features.shape[1:])
        targets = check_targets(function, y, len(features), output, self.loss, dtype)
        weight = check_sample_weight(function, sample_weight, len(features), dtype)
        if all_ignored(self.loss, targets):
            warnings.warn(
                f"{function}: every label is {self.loss.ignore_index}, which {self.loss!r} ignores: the loss is 0, and nothing "
                "is learned from these rows",
                TrainingWarning,
                stacklevel=5,
            )
        of_class = check_class_weight(function, class_weight, targets, output[-1] if output else 1, self.loss, dtype)
        return Rows(features, targets, weight, of_class, scale, dtype)

    @contextmanager
    def given(
        self,
        function: str,
        x: Any,
        y: Any,
        batch_size: int | str = "full",
        sample_weight: Any = None,
        class_weight: Any = None,
        scale: Any = None,
    ) -> Iterator[tuple[Rows, int]]:
        """A block that has the model for itself: the data as :meth:`rows`, and the size of a batch."""
        with self.runner.alone(function):
            rows = self.rows(function, x, y, sample_weight, class_weight, scale)
            yield rows, check_batch_size(function, batch_size, len(rows))

    def split(self, rows: Rows, validation: Any, share: Any, taken_from: str) -> tuple[Rows, Rows | None]:
        """The rows to train on, and those to evaluate on: data of their own, or a share of the rows."""
        check_choice("fit", "validation_from", taken_from, PLACES)
        held = check_split("fit", share, len(rows))
        if validation is None:
            return split_rows(rows, held, taken_from, self.seed) if held else (rows, None)
        if held:
            raise ValueError("fit: expected `validation_data` or `validation_split`, got both")
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            got = type(validation).__name__
            raise ValueError(f"fit: expected `validation_data` to be (x, y) or (x, y, sample_weight), got {got}")
        x, y, weight = (*validation, None)[:3]
        try:
            return rows, self.rows("fit", x, y, weight, None, rows.scale)
        except (TypeError, ValueError) as error:
            # What is wrong with it is not to be looked for in the arguments of the same names.
            message = str(error)
            for place, name in enumerate(("x", "y", "sample_weight")):
                message = message.replace(f"fit: expected `{name}`", f"fit: expected `validation_data[{place}]`")
            raise type(error)(message) from None

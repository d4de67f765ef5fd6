"""The trainer: a model, a loss and an optimizer at work on data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tilegrad import _core
from tilegrad.losses import Loss, loss_for
from tilegrad.metrics import Metric, metrics_for
from tilegrad.nn.module import Module
from tilegrad.optim import Optimizer, optimizer_for
from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.runner import Runner
from tilegrad.train import _checkpoint as checkpoint
from tilegrad.train._arguments import rows_for, split_rows
from tilegrad.train._batch_size import warn_of_few_updates
from tilegrad.train._full_batch import check_full_batch
from tilegrad.train._lint import warn_of
from tilegrad.train._loop import Loop, Plan
from tilegrad.train._measuring import Measuring
from tilegrad.train._passes import EVALUATION_BATCH, evaluate_rows
from tilegrad.train._predicting import Predicting
from tilegrad.train._profile import Profile
from tilegrad.train._progress import progress_for
from tilegrad.train._steps import Steps
from tilegrad.train._stopping import EarlyStopping, Kept, Limits
from tilegrad.train._timing import time_steps
from tilegrad.train.callbacks import AnyCallback, callbacks_for
from tilegrad.train.history import History
from tilegrad.words.checks import check_choice, check_count, check_flag

__all__ = ["Trainer"]

if TYPE_CHECKING:
    import os
    from contextlib import AbstractContextManager

    from tilegrad.nn.summary import Summary
    from tilegrad.tensor import Array


class Trainer(Measuring, Predicting):
    """Trains a model.

    Each step (forward, loss, backward, update) is compiled once, and the loop over an epoch runs outside Python.

    Args:
        model: The model. Parameters without values get them by ``seed``.
        loss: A loss object, a name such as ``"cross_entropy"``, or a function of (prediction, target).
        optimizer: An optimizer object or a name such as ``"adam"``. It updates all parameters of the model.
        metrics: Figures to compute beside the loss: names such as ``"accuracy"``, ``"f1"``, ``"mae"``, ``"r2"``, objects of
            :mod:`tilegrad.metrics`, functions of (y_true, y_pred), or names of scikit-learn such as ``"roc_auc_ovr"``.
        seed: Decides first values, order of rows and dropout. The same seed gives the same bits, for any number of
            threads.

    Raises:
        ValueError: If a name is unknown; the sentence lists the valid ones and the closest.
        TypeError: If something is not of its kind.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import losses, nn, optim
        >>> x = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
        >>> y = (x[:, 0] * x[:, 1] > 0).astype(int)
        >>> model = nn.Sequential(nn.Dense(2, 16), nn.ReLU(), nn.Dense(16, 2))
        >>> trainer = tg.Trainer(model, losses.CrossEntropy(), optim.Adam(learning_rate=0.01), metrics=["accuracy"])
        >>> history = trainer.fit(x, y, batch_size=20, epochs=30, progress=False)
        >>> trainer.evaluate(x, y)["accuracy"] > 0.9
        True
    """

    def __init__(
        self,
        model: Module,
        loss: Any,
        optimizer: Optimizer | str,
        metrics: Sequence[Any] | str | Metric = (),
        seed: int = 0,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: expected `model` to be a Module, got {type(model).__name__}")
        self.model = model
        self.loss: Loss = loss_for(loss)
        self.optimizer: Optimizer = optimizer_for(optimizer)
        self.metrics = metrics_for(metrics)
        self.seed = check_count("Trainer", "seed", seed, 0)
        if not model._parameters():
            raise ValueError("Trainer: expected `model` with parameters to train, got none")
        self.history = History()
        self.epoch = 0
        self._stop: str | None = None
        # What early stopping keeps, the figures of an epoch, and the epoch before the fit under way.
        self._kept = Kept()
        self._figure_names: tuple[str, ...] = ("loss",)
        self._first_epoch = 0
        self._linted = False
        self._runner = Runner(model, self.optimizer)
        # A parameter that nobody owns is found now.
        self._runner.trained()
        self._steps = Steps(self._runner, self.loss, self.metrics)
        # Predictions of the model use the same buffers from now on.
        model._runner = self._runner

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return 0 if self._runner._state is None else self._runner._state.step

    @property
    def plan(self) -> _core.Plan:
        """The compiled training step last used; ``trainer.plan.describe()`` prints it."""
        if self._steps.latest is None:
            raise ValueError("Trainer: expected `fit` to have run before `plan`, got none yet")
        return self._steps.latest

    @property
    def skipped(self) -> int:
        """How many updates were left out since a gradient was not finite (``skip_if_not_finite``)."""
        return 0 if self._runner._state is None else self._runner._state.tally[1]

    @property
    def averaged(self) -> dict[str, Array]:
        """Copies of the moving averages of all weights that are trained, by name (``average_decay``)."""
        return {name: view.copy() for name, view in self._runner.averages("averaged", self.seed).items()}

    def use_average(self) -> AbstractContextManager[None]:
        """The averages of the weights in their place, for as long as a ``with`` block lasts.

        Inside it ``evaluate``, ``predict`` and ``model.save`` use the moving averages that the optimizer keeps with
        ``average_decay``. :class:`~tilegrad.optim.ASGD` and :class:`~tilegrad.optim.ScheduleFreeAdamW` have averages of their
        own, with which ``evaluate`` and ``predict`` work anyhow; for them this is the way to save those.

        Raises:
            ValueError: If the optimizer keeps none.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn, optim
            >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
            >>> model = nn.Sequential(nn.Dense(1, 1))
            >>> trainer = tg.Trainer(model, "mean_squared_error", optim.SGD(0.1, average_decay=0.9))
            >>> history = trainer.fit(x, 3 * x, epochs=5, progress=False)
            >>> with trainer.use_average():
            ...     averaged = trainer.evaluate(x, 3 * x)["loss"]
            >>> averaged != trainer.evaluate(x, 3 * x)["loss"]
            True
        """
        return self._runner.use_average(self.seed)

    def stop(self, reason: str) -> None:
        """Ends the training after the epoch under way; for callbacks."""
        self._stop = str(reason)

    def summary(self) -> Summary:
        """The model's summary, with what trains it."""
        text = self.model.summary(self._runner.row_shape)
        text.add(f"Loss: {self.loss!r}")
        for line in self._runner.describe_owners():
            text.add(line)
        return text

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int | str = 32,
        epochs: int,
        validation_data: tuple[Any, ...] | None = None,
        validation_split: float = 0.0,
        class_weight: Any = None,
        sample_weight: Any = None,
        shuffle: bool = True,
        drop_last: bool = False,
        callbacks: Iterable[AnyCallback] | AnyCallback = (),
        progress: bool | str = True,
        scale: float | None = None,
        tolerance: float | None = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        monitor: str | None = None,
        target_loss: float | None = None,
        max_time: float | None = None,
        divergence: float | None = 100.0,
        validation_from: str = "end",
        record: str = "epoch",
        check_finite: bool = True,
    ) -> History:
        """Trains for some epochs and returns their history; ``trainer.history`` holds that of all fits.

        Everything is checked first; nothing has changed when an error about the arguments is raised. Ctrl-C ends the
        training after a whole step: ``fit`` then returns as usual, with ``history.stop_reason == "interrupted"``. Why a
        training ended always stands there: see :class:`tilegrad.History`.

        Args:
            x: Features, one row per sample: float32, float64 or integers of any memory layout. A memory map is read row
                by row.
            y: Class numbers from 0 (integers), or amounts (floats) of the shape of the model's output; for a single
                output (rows,) and (rows, 1) are the same.
            batch_size: Rows per step; ``"full"`` for all, ``"auto"`` for a size between 16 and 256 that leaves forty
                steps an epoch, ``"size-rule"`` for :func:`tilegrad.suggest_batch_size`. A short last batch is used, too.
            epochs: How often each row is used.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)`` to evaluate on after each epoch.
            validation_split: Share of the rows that is held back to evaluate on.
            validation_from: Which rows those are: the ``"end"`` before shuffling, as in Keras; ``"random"`` ones, by the
                seed; or ``"stratified"``, random with the same share of each class, as in scikit-learn. Both copy the rows.
            class_weight: Weight of each class: a dict, an array, or ``"balanced"``.
            sample_weight: Weight of each row.
            shuffle: Whether each epoch takes the rows in another order.
            drop_last: Whether the rows that fill no whole batch are left out; others at each shuffle.
            callbacks: Functions of (trainer, epoch, figures), or :class:`tilegrad.train.Callback` objects.
            progress: Whether to show progress; ``"tqdm"`` shows it with tqdm.
            scale: Factor for integer features, such as ``1 / 255`` for images.
            tolerance: Ends the training when the monitored figure changes by at most this from one epoch to the next.
                If that never happens, a :class:`tilegrad.train.ConvergenceWarning` says so.
            patience: Ends it after so many epochs without a better monitored figure, and brings the best weights back: an
                :class:`tilegrad.train.EarlyStopping`.
            min_delta: By how much more than this a figure must be better, for ``patience``.
            monitor: The figure that ``tolerance`` and ``patience`` watch: ``"val_loss"`` if there is validation, else
                ``"loss"``.
            target_loss: Ends it when the loss of an epoch is at most this.
            max_time: Ends it after the epoch in which so many seconds are over.
            divergence: Ends it, with a warning, when an epoch's loss is this many times the best one, and above the first;
                ``None`` lets it go on.
            record: ``"step"`` also keeps the loss of each step, in ``history.steps``.
            check_finite: Whether each step looks for numbers that are not finite: in the loss before anything is
                updated, and in the weights afterwards.

        Raises:
            ValueError: If shapes, values or sizes do not fit.
            TypeError: If a dtype does not fit.
            FloatingPointError: If a number is not finite. The sentence names the first node, its layer, the rows of the
                data and a cure; model and optimizer are as the step before left them (beyond 64 MB of weights and slots
                that holds for the loss only). ``trainer.history`` and the error's ``history`` keep the whole epochs.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd")
            >>> history = trainer.fit(x, 3 * x, epochs=2, progress=False)
            >>> sorted(history), history.stop_reason
            (['learning_rate', 'loss', 'seconds'], 'epochs')
        """
        epochs = check_count("fit", "epochs", epochs, 1)
        finite = check_flag("fit", "check_finite", check_finite)
        check_choice("fit", "record", record, ("epoch", "step"))
        limits = Limits(tolerance, target_loss, max_time, divergence, monitor)
        stopping = [] if patience is None else [EarlyStopping(monitor, patience, min_delta)]
        made = callbacks_for([*stopping, *callbacks_for(callbacks)])
        with self._runner.alone("fit"):
            rows = rows_for(self, "fit", x, y, sample_weight, class_weight, scale)
            train, held = split_rows(self, rows, validation_data, validation_split, validation_from)
            size = check_batch_size("fit", batch_size, len(train.x))
            if self.optimizer.full_batch:
                check_full_batch(self, len(train.x), size)
            display = progress_for(progress, epochs, self.epoch + 1)
            # Plans first: a model that cannot be traced is refused before anything has changed.
            drop_last = check_flag("fit", "drop_last", drop_last)
            self._steps.pair(len(train.x), size, train.form, training=True, drop_last=drop_last)
            warn_of_few_updates(batch_size, len(train.x), size, epochs)
            # What does not fit into memory is refused before anything is complained of.
            self._runner.state(self.seed)
            warn_of(self, train.x, scale)
            plan = Plan(size, epochs, bool(shuffle), drop_last, record == "step", limits)
            return Loop(self, train, held, plan, made, display, finite).run()

    def evaluate(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int | str = EVALUATION_BATCH,
        sample_weight: Any = None,
        scale: float | None = None,
    ) -> dict[str, float]:
        """Loss and metrics on data, without dropout and without training; the same for any batch size.

        Raises:
            ValueError: If shapes or values do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd", metrics=["mae"])
            >>> sorted(trainer.evaluate(np.zeros((3, 1)), np.zeros(3)))
            ['loss', 'mae']
        """
        with self._runner.alone("evaluate"):
            return evaluate_rows(self, rows_for(self, "evaluate", x, y, sample_weight, None, scale), batch_size)

    def profile(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int | str = 32,
        steps: int | None = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        scale: float | None = None,
    ) -> Profile:
        """Where the time of a training step goes: every operation timed, beside what this machine can do.

        The steps are taken on a copy of the weights and of the optimizer's state: model, optimizer and random numbers
        stay as they are, to the last bit. Their batches are ready; what a step inside :meth:`fit` takes, with drawing and
        gathering its rows, is ``fit_seconds``.

        Args:
            x: Features, as in :meth:`fit`.
            y: Targets, as in :meth:`fit`.
            batch_size: Rows per step.
            steps: How many steps to time; ``None`` takes as many as fit into about a second, from 5 to 1,000.
            sample_weight: Weight of each row.
            class_weight: Weight of each class.
            scale: Factor for integer features.

        Returns:
            A :class:`tilegrad.train.Profile`: ``print`` shows a table, ``.rows`` has a row for each operation, with seconds,
            GFLOP/s (1e9 floating-point operations a second), GB/s (1e9 bytes a second) and the share of the machine's
            limit, and ``.to_dict()`` has everything for JSON.

        Raises:
            ValueError: If shapes, values or sizes do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> x, y = np.ones((64, 20), np.float32), np.arange(64) % 3
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(20, 8), nn.ReLU(), nn.Dense(8, 3)), "cross_entropy", "adam")
            >>> profile = trainer.profile(x, y, batch_size=32, steps=10)
            >>> dense = next(row for row in profile.rows if row.operation == "matmul + bias + relu")
            >>> dense.scope, dense.calls, dense.operations == 2 * 32 * 20 * 8 + 2 * 32 * 8
            ('1', 1, True)
            >>> trainer.step
            0
        """
        if steps is not None:
            steps = check_count("profile", "steps", steps, 1)
        with self._runner.alone("profile"):
            rows = rows_for(self, "profile", x, y, sample_weight, class_weight, scale)
            size = check_batch_size("profile", batch_size, len(rows.x))
            plan = self._steps.training_plan(size, rows.form)
            return time_steps(plan, self._runner, rows, size=size, seed=self.seed, steps=steps)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes model, optimizer, step and history into a safetensors file, which appears whole or not at all.

        A training that is loaded from it goes on to the last bit as if it had never stopped.
        """
        checkpoint.save(self, path)

    def load(self, path: str | os.PathLike[str]) -> Trainer:
        """Reads what :meth:`save` wrote into this trainer, whose model must be built alike; returns the trainer.

        Raises:
            ValueError: If the file is damaged or of another model or optimizer; nothing is changed then.
        """
        checkpoint.load(self, path)
        return self

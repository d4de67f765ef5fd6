"""The trainer: a model, a loss and an optimizer at work on data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tilegrad.losses import loss_for
from tilegrad.metrics import Metric, metrics_for
from tilegrad.nn.module import Module
from tilegrad.optim import Optimizer, Solver, optimizer_for
from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.memory import Memory, training_memory
from tilegrad.train.callbacks import AnyCallback, Callbacks, EarlyStopping, callbacks_for
from tilegrad.train.gradient_noise import GradientNoise, measure_noise
from tilegrad.train.history import History
from tilegrad.train.lint import warn_of
from tilegrad.train.loop import Loop, Settings
from tilegrad.train.objective import check_solver
from tilegrad.train.profile import Profile, time_steps
from tilegrad.train.progress import progress_for
from tilegrad.train.rate_search import RateSearch, search_rates
from tilegrad.train.session import Session
from tilegrad.train.stopping import Stopping
from tilegrad.train.throughput import Throughput, measure_throughput
from tilegrad.train.trained_model import TrainedModel
from tilegrad.words.checks import check_choice, check_count, check_flag


class Trainer(TrainedModel):
    """Trains a model.

    Each step (forward, loss, backward, update) is compiled once, and the loop over an epoch runs outside Python.

    Args:
        model: The model. Parameters without values get them by ``seed``.
        loss: A loss object, a name such as ``"cross_entropy"``, or a function of (prediction, target).
        optimizer: An optimizer or solver, or a name such as ``"adam"``. It changes all parameters of the model.
        metrics: What to compute beside the loss: names such as ``"accuracy"``, ``"f1"``, ``"mae"``, ``"r2"``, objects of
            :mod:`tilegrad.metrics`, functions of (y_true, y_pred), or names of scikit-learn such as ``"roc_auc_ovr"``.
        seed: Decides first values, order of rows and dropout. The same seed gives the same bits, for any number of
            threads.

    Raises:
        ValueError: If a name is unknown; the error message lists the valid ones and the closest.
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
        optimizer: Optimizer | Solver | str,
        metrics: Sequence[Any] | str | Metric = (),
        seed: int = 0,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: expected `model` to be a Module, got {type(model).__name__}")
        parts = loss_for(loss), optimizer_for(optimizer), metrics_for(metrics)
        seed = check_count("Trainer", "seed", seed, 0)
        if not model._parameters():
            raise ValueError("Trainer: expected `model` with parameters to train, got none")
        super().__init__(Session(model, *parts, seed))
        # Predictions of the model use the same buffers from now on.
        model.use_runner(self._session.runner)

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
            callbacks: Functions of (trainer, epoch, metrics), or :class:`tilegrad.train.Callback` objects.
            progress: Whether to print a line an epoch, and to show a bar of tqdm's below where somebody watches and tqdm is
                installed; ``"tqdm"`` shows the bar in any case.
            scale: Factor for integer features, such as ``1 / 255`` for images.
            tolerance: Ends the training when the monitored metric changes by at most this from one epoch to the next.
                If that never happens, a :class:`tilegrad.train.ConvergenceWarning` says so.
            patience: Ends it after so many epochs without a better value of the monitored metric, and brings the best weights back: an
                :class:`tilegrad.train.EarlyStopping`.
            min_delta: By how much more than this a value must be better, for ``patience``.
            monitor: The metric that ``tolerance`` and ``patience`` watch: ``"val_loss"`` if there is validation, else
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
            FloatingPointError: If a number is not finite. The error message names the first node, its layer, the rows of the
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
        drop_last = check_flag("fit", "drop_last", drop_last)
        check_choice("fit", "record", record, ("epoch", "step"))
        stopping = Stopping(tolerance, target_loss, max_time, divergence, monitor)
        early = [] if patience is None else [EarlyStopping(monitor, patience, min_delta)]
        told = Callbacks(self, [*early, *callbacks_for(callbacks)])
        session = self._session
        with session.given("fit", x, y, "full", sample_weight, class_weight, scale) as (rows, _):
            train, held = session.split(rows, validation_data, validation_split, validation_from)
            size = check_batch_size("fit", batch_size, len(train))
            if session.solver is not None:
                check_solver(session, session.solver, len(train), size)
            if session.runner.averaging:
                raise ValueError(
                    "fit: expected the weights in their place, got their averages; leave `use_average` first"
                )
            display = progress_for(progress, self.epoch + epochs)
            # Plans first: a model that cannot be traced is refused before anything has changed.
            session.steps.plans(len(train), size, train.form, training=True, drop_last=drop_last)
            # What does not fit into memory is refused before anything is complained of.
            session.state()
            warn_of(session, train, held, batch_size, size, epochs)
            settings = Settings(size, epochs, bool(shuffle), drop_last, record == "step", finite)
            return Loop(session, train, held, settings, stopping, told, display).run()

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
        session = self._session
        with session.given("profile", x, y, batch_size, sample_weight, class_weight, scale) as (rows, size):
            return time_steps(session, rows, size, steps)

    def find_learning_rate(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int | str = 32,
        start: float = 1e-7,
        end: float = 10.0,
        steps: int = 100,
        stop_factor: float = 4.0,
        smoothing: float = 0.9,
        sample_weight: Any = None,
        class_weight: Any = None,
        scale: float | None = None,
    ) -> RateSearch:
        """Trains a copy with a learning rate that grows from step to step, and suggests one from where the loss falls.

        The range test of Smith (2017), with fastai's range: it ends where the smoothed loss is four times its best. The
        copy begins where the trainer is. A member of :class:`tilegrad.optim.Groups` takes the rate as all others.

        Args:
            x: Features, as in :meth:`fit`.
            y: Targets, as in :meth:`fit`.
            batch_size: Rows per step.
            start: First learning rate.
            end: Last learning rate.
            steps: Steps between them, in equal ratios.
            stop_factor: It ends when the smoothed loss is so many times its best, or not finite.
            smoothing: Beta of the moving average of the losses, as in :func:`tilegrad.functional.ewma`.
            sample_weight: Weight of each row.
            class_weight: Weight of each class.
            scale: Factor for integer features.

        Returns:
            A :class:`tilegrad.train.RateSearch` with ``rates``, ``losses``, ``smoothed``, the suggestions and ``plot()``.

        Raises:
            ValueError: If shapes, values or sizes do not fit, or the optimizer has no learning rate.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn, optim
            >>> x = np.random.default_rng(0).standard_normal((256, 4)).astype(np.float32)
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(4, 1)), "mean_squared_error", optim.SGD())
            >>> search = trainer.find_learning_rate(x, x.sum(axis=1))
            >>> 1e-3 < search.suggestion < 1, trainer.step
            (True, 0)
        """
        session = self._session
        with session.given("find_learning_rate", x, y, batch_size, sample_weight, class_weight, scale) as (rows, size):
            return search_rates(
                session, rows, size, start=start, end=end, steps=steps, stop_factor=stop_factor, smoothing=smoothing
            )

    def benchmark(
        self,
        x: Any,
        y: Any,
        *,
        batch_sizes: Sequence[int] = (1, 8, 32, 128, 512),
        seconds: float = 0.1,
        sample_weight: Any = None,
        class_weight: Any = None,
        scale: float | None = None,
    ) -> Throughput:
        """Times training steps of several batch sizes on a copy: samples a second, and how long an epoch takes.

        Args:
            x: Features, as in :meth:`fit`.
            y: Targets, as in :meth:`fit`.
            batch_sizes: Rows per step; those above the number of rows count as all rows.
            seconds: About how long each is run; it is run three times in turn with the others, and the best counts.
            sample_weight: Weight of each row.
            class_weight: Weight of each class.
            scale: Factor for integer features.

        Returns:
            A :class:`tilegrad.train.Throughput`: ``print`` shows a table, ``fastest`` is the size with most samples a second.

        Raises:
            ValueError: If shapes, values or sizes do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> x, y = np.ones((64, 20), np.float32), np.arange(64) % 3
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(20, 3)), "cross_entropy", "adam")
            >>> speed = trainer.benchmark(x, y, batch_sizes=[1, 32], seconds=0.01)
            >>> speed.batch_sizes, speed.samples_per_second[1] > 0, trainer.step
            ((1, 32), True, 0)
        """
        session = self._session
        with session.given("benchmark", x, y, "full", sample_weight, class_weight, scale) as (rows, _):
            return measure_throughput(session, rows, batch_sizes, seconds)

    def memory(self, x: Any, y: Any, *, batch_size: int | str = 32, scale: float | None = None) -> Memory:
        """How many bytes training takes beside the data: parameters, the optimizer's slots, and all values of a step.

        The step is compiled and not run, so that it can be asked of what would not fit.

        Args:
            x: Features, as in :meth:`fit`.
            y: Targets, as in :meth:`fit`.
            batch_size: Rows per step.
            scale: Factor for integer features.

        Raises:
            ValueError: If shapes, values or sizes do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(20, 1000), nn.ReLU(), nn.Dense(1000, 1)), "mean_squared_error", "adam")
            >>> small = trainer.memory(np.ones((512, 20)), np.ones(512), batch_size=1)
            >>> large = trainer.memory(np.ones((512, 20)), np.ones(512), batch_size=512)
            >>> small.optimizer == 2 * small.parameters, large.intermediate > 20 * small.intermediate
            (True, True)
        """
        session = self._session
        with session.given("memory", x, y, batch_size, scale=scale) as (rows, size):
            return training_memory(session.state(), session.steps.training_step(size, rows.form).step.plan)

    def gradient_noise(
        self, x: Any, y: Any, *, batch_size: int = 32, batches: int = 128, scale: float | None = None
    ) -> GradientNoise:
        """How much the gradient of a batch differs from that of all rows, where the model is.

        The noise scale is ``tr(C) / |G|²`` with the mean gradient ``G`` and the covariance ``C`` of the gradients of single
        rows (McCandlish et al., 2018): at a batch size far below it, noise rules, and twice the rows are worth about two
        steps; far above it more rows hardly help. It grows as training goes on.

        Args:
            x: Features, as in :meth:`fit`.
            y: Targets, as in :meth:`fit`.
            batch_size: Rows of a batch to compare with all.
            batches: How many of them, drawn at random; at least 2.
            scale: Factor for integer features.

        Raises:
            ValueError: If shapes, values or sizes do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> x = np.random.default_rng(0).standard_normal((2000, 5)).astype(np.float32)
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(5, 1)), "mean_squared_error", "sgd")
            >>> trainer.gradient_noise(x, x.sum(axis=1)).scale < trainer.gradient_noise(x, x[:, 0] ** 3).scale
            True
        """
        with self._session.given("gradient_noise", x, y, scale=scale) as (rows, _):
            return measure_noise(self._session, rows, batch_size, batches)

"""What a trainer measures without training: rates, speeds, memory, noise. Nothing of it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from tilegrad.run.batch_size import check_batch_size
from tilegrad.run.memory import Memory, training_memory
from tilegrad.train._arguments import rows_for
from tilegrad.train._benchmark import Throughput, measure_throughput
from tilegrad.train._finder import RateSearch, search_rates
from tilegrad.train._noise import GradientNoise, measure_noise

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


class Measuring:
    """Methods of the trainer that work on copies: model, optimizer and random numbers stay as they are, to the last bit."""

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
        trainer = cast("Trainer", self)
        with trainer._runner.alone("find_learning_rate"):
            rows = rows_for(trainer, "find_learning_rate", x, y, sample_weight, class_weight, scale)
            size = check_batch_size("find_learning_rate", batch_size, len(rows.x))
            return search_rates(trainer, rows, size, (start, end), steps, stop_factor, smoothing)

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
        trainer = cast("Trainer", self)
        with trainer._runner.alone("benchmark"):
            rows = rows_for(trainer, "benchmark", x, y, sample_weight, class_weight, scale)
            sizes = [check_batch_size("benchmark", size, len(rows.x)) for size in batch_sizes]
            return measure_throughput(trainer, rows, sizes, seconds)

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
            >>> small.optimizer == 2 * small.parameters, large.intermediate > 100 * small.intermediate
            (True, True)
        """
        trainer = cast("Trainer", self)
        with trainer._runner.alone("memory"):
            rows = rows_for(trainer, "memory", x, y, None, None, scale)
            size = check_batch_size("memory", batch_size, len(rows.x))
            return training_memory(trainer._runner.state(trainer.seed), trainer._steps.training_plan(size, rows.form))

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
        trainer = cast("Trainer", self)
        with trainer._runner.alone("gradient_noise"):
            rows = rows_for(trainer, "gradient_noise", x, y, None, None, scale)
            return measure_noise(trainer, rows, batch_size, batches)

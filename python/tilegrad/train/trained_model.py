"""A model in training: what trains it, how far it is, and what it says of data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from tilegrad import _core
from tilegrad.losses import Loss
from tilegrad.metrics import Metric
from tilegrad.metrics.amounts import R2
from tilegrad.metrics.arrays import value_of
from tilegrad.metrics.base import DECIDED, Predictions
from tilegrad.nn.module import Module
from tilegrad.nn.summary import Summary
from tilegrad.optim import Optimizer, Solver
from tilegrad.tensor import Array
from tilegrad.train import checkpoint
from tilegrad.train.evaluation import EVALUATION_BATCH, counted, evaluate_rows, predictions_for, predictions_of
from tilegrad.train.history import History
from tilegrad.train.session import Session, Snapshot


class TrainedModel:
    """What :class:`tilegrad.Trainer` offers beside training, to callbacks too."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __setattr__(self, name: str, value: Any) -> None:
        # Steps are compiled from what the trainer was made of; what is set later would not be in them.
        title = type(self).__name__
        if isinstance(getattr(type(self), name, None), property):
            raise AttributeError(
                f"{title}: expected `{name}` to stay as it is, got {value!r}; Trainer(trainer.model, loss, optimizer, "
                "metrics) goes on from the same weights with other parts"
            )
        if name != "_session" and name in self.optimizer._settings():
            raise AttributeError(
                f"{title}: expected `optimizer.{name}` to be set, got `{name}`; it belongs to the optimizer"
            )
        super().__setattr__(name, value)

    @property
    def model(self) -> Module:
        """The model that the trainer was made for."""
        return self._session.model

    @property
    def loss(self) -> Loss:
        """The loss that the training makes small."""
        return self._session.loss

    @property
    def optimizer(self) -> Optimizer | Solver:
        """What updates the weights; its hyperparameters may be set between epochs."""
        return self._session.optimizer

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """What is computed beside the loss, by name."""
        return MappingProxyType(self._session.metrics)

    @property
    def seed(self) -> int:
        """What decides first values, order of rows and dropout."""
        return self._session.seed

    @property
    def history(self) -> History:
        """Loss and metrics of all epochs so far."""
        return self._session.history

    @property
    def epoch(self) -> int:
        """How many whole epochs were trained."""
        return self._session.epoch

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self._session.runner.step

    @property
    def skipped(self) -> int:
        """How many updates were left out since a gradient was not finite (``skip_if_not_finite``)."""
        return self._session.runner.skipped

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of loss, metrics and their validation in the fit under way, or the last one."""
        return tuple(self._session.directions)

    @property
    def snapshot(self) -> Snapshot:
        """Weights that a callback keeps, such as the best ones of early stopping; they are saved with the trainer."""
        return self._session.snapshot

    @property
    def plan(self) -> _core.Plan:
        """The compiled training step last used; ``trainer.plan.describe()`` prints it."""
        if self._session.plan is None:
            raise ValueError("Trainer: expected `fit` to have run before `plan`, got none yet")
        return self._session.plan

    @property
    def averaged(self) -> dict[str, Array]:
        """Copies of the moving averages of all weights that are trained, by name (``average_decay``)."""
        averages = self._session.runner.averages("averaged", self.seed)
        return {name: view.copy() for name, view in averages.items()}

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
        return self._session.runner.use_average(self.seed)

    def stop(self, reason: str) -> None:
        """Ends the training after the epoch under way; for callbacks."""
        self._session.stop_reason = str(reason)

    def summary(self) -> Summary:
        """The model's summary, with what trains it."""
        text = self.model.summary(self._session.runner.row_shape)
        text.add(f"Loss: {self.loss!r}")
        for line in self._session.runner.describe_owners(self.optimizer):
            text.add(line)
        return text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes model, optimizer, step and history into a safetensors file, which appears whole or not at all.

        A training that is loaded from it goes on to the last bit as if it had never stopped.
        """
        checkpoint.save(self._session, path)

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Reads what :meth:`save` wrote into this trainer, whose model must be built alike; returns the trainer.

        Raises:
            ValueError: If the file is damaged or of another model or optimizer; nothing is changed then.
        """
        checkpoint.load(self._session, path)
        return self

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
        session = self._session
        with session.given("evaluate", x, y, batch_size, sample_weight, scale=scale) as (rows, size):
            return evaluate_rows(session, rows, size)

    def predict(self, x: Any, *, batch_size: int | str = EVALUATION_BATCH, scale: float | None = None) -> Array:
        """What the model says of each row, in the terms of the target: class numbers, or amounts.

        Class numbers are those of the largest score (for several labels at once 0 and 1 for each, for losses of signs -1
        and 1); amounts have the shape (rows,) where there is one. ``model.predict`` gives the outputs themselves, such as
        logits.

        Raises:
            ValueError: If shapes or values do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(2, 3)), "cross_entropy", "adam")
            >>> trainer.predict(np.zeros((4, 2), np.float32))
            array([0, 0, 0, 0])
        """
        predictions, targets = self._predictions(x, batch_size, scale), self.loss.targets
        if targets == "sign":
            return 2 * predictions.predicted_classes - 1
        return predictions.predicted_classes if targets in DECIDED else predictions.amounts

    def predict_proba(self, x: Any, *, batch_size: int | str = EVALUATION_BATCH, scale: float | None = None) -> Array:
        """Probabilities of each row, (rows, classes); for several labels at once that of each. In double precision.

        Raises:
            ValueError: If shapes or values do not fit, or the loss knows no probabilities.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> model = nn.Sequential(nn.Dense(2, 1))
            >>> trainer = tg.Trainer(model, "binary_cross_entropy_with_logits", "adam")
            >>> trainer.predict_proba(np.zeros((1, 2), np.float32))
            array([[0.5, 0.5]])
        """
        predictions = self._predictions(x, batch_size, scale)
        if predictions.reading.class_link == "scores":
            raise ValueError(
                f"predict_proba: expected a loss with probabilities, such as cross_entropy, got {self.loss!r}"
            )
        return predictions.probabilities

    def score(self, x: Any, y: Any, *, sample_weight: Any = None, scale: float | None = None) -> float:
        """Accuracy for classes, R2 for amounts, as in scikit-learn.

        Raises:
            ValueError: If shapes or values do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(2, 3)), "cross_entropy", "adam")
            >>> trainer.score(np.zeros((4, 2), np.float32), np.array([0, 0, 1, 2]))
            0.5
        """
        session = self._session
        with session.given("score", x, y, sample_weight=sample_weight, scale=scale) as (rows, _):
            rows = counted(session, rows)
            if not len(rows):
                return float("nan")
            predictions = predictions_for(session, rows)
            if self.loss.targets not in DECIDED:
                return value_of(R2(), predictions.amounts, rows.y, rows.sample_weight)
            right = predictions.predicted_classes == predictions.true_classes(rows.y)
            return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=rows.sample_weight))

    def _predictions(self, x: Any, batch_size: int | str, scale: float | None) -> Predictions:
        return predictions_of(self._session, self._session.runner.predict(x, batch_size, scale, self.seed))

"""Callbacks: code that runs after each epoch, the user's own or one of those that come with the library."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from tilegrad.train.stopping import watched
from tilegrad.train.trained_model import TrainedModel
from tilegrad.words.checks import check_count, check_number, is_more_better


class Callback:
    """Code that runs between epochs: subclass it and write the methods that matter.

    A plain function of (trainer, epoch, metrics) is a callback as well.

    ``trainer.stop("reason")`` ends the training after the epoch; an exception ends it at once, and the model stays as
    it was after the last step.

    Example:
        >>> import tilegrad as tg
        >>> class Enough(tg.train.Callback):
        ...     def epoch_end(self, trainer, epoch, metrics):
        ...         if metrics["loss"] < 0.1:
        ...             trainer.stop("loss is small enough")
    """

    # Whether it comes after all others, since it saves what they did.
    runs_last = False

    # The trainer is a `tilegrad.Trainer`.
    def fit_begin(self, trainer: Any) -> None:
        """Called before the first epoch of a ``fit``."""

    def epoch_end(self, trainer: Any, epoch: int, metrics: dict[str, float]) -> None:
        """Called after each epoch, with its loss and metrics."""

    def fit_end(self, trainer: Any) -> None:
        """Called after the last epoch of a ``fit``, also when it was stopped, or ended by a number that is not finite."""


class _FunctionCallback(Callback):
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def epoch_end(self, trainer: Any, epoch: int, metrics: dict[str, float]) -> None:
        """Calls the function with trainer, epoch and metrics."""
        self.function(trainer, epoch, metrics)


AnyCallback: TypeAlias = Callback | Callable[..., Any]


def callbacks_for(callbacks: Iterable[AnyCallback] | AnyCallback) -> list[Callback]:
    """What ``fit`` was given as callbacks, functions made into objects."""
    given = [callbacks] if isinstance(callbacks, Callback) or callable(callbacks) else list(callbacks)
    made: list[Callback] = []
    for callback in given:
        if isinstance(callback, Callback):
            made.append(callback)
        elif callable(callback) and not isinstance(callback, type):
            made.append(_FunctionCallback(callback))
        else:
            raise TypeError(f"fit: expected `callbacks` to be functions or Callback objects, got {callback!r}")
    return made


class Callbacks:
    """The callbacks of a call of ``fit``, each told of its trainer."""

    def __init__(self, trainer: TrainedModel, callbacks: Iterable[Callback]) -> None:
        self.trainer, self.all = trainer, sorted(callbacks, key=lambda callback: callback.runs_last)

    def fit_begin(self) -> None:
        """Tells all callbacks that the training begins."""
        for callback in self.all:
            callback.fit_begin(self.trainer)

    def epoch_end(self, epoch: int, metrics: dict[str, float]) -> None:
        """Tells all callbacks that an epoch is over."""
        for callback in self.all:
            callback.epoch_end(self.trainer, epoch, metrics)

    def fit_end(self) -> None:
        """Tells all callbacks that the training is over."""
        for callback in self.all:
            callback.fit_end(self.trainer)


def _is_greater_better(title: str, monitor: str, mode: str | None, trainer: TrainedModel) -> bool:
    """Whether more of a metric is better: as said, else as the metric knows; the loss knows, too."""
    metric = trainer.metrics.get(monitor.removeprefix("val_"))
    return is_more_better(title, monitor, mode, False if metric is None else metric.greater_is_better)


def _check_mode(title: str, mode: str | None) -> None:
    if mode not in (None, "min", "max"):
        raise ValueError(f'{title}: expected `mode` to be "min", "max" or None, got {mode!r}')


class EarlyStopping(Callback):
    """Ends the training when a metric no longer gets better, and always brings the best weights back.

    At the end of ``fit``, whatever ended it, the model has the weights of the best epoch. The optimizer keeps its state and
    its count of steps: a further ``fit`` goes on from the best weights with the latest moments.

    Args:
        monitor: The metric to watch, such as ``"val_accuracy"``; ``None`` takes ``"val_loss"``, or ``"loss"`` without
            validation.
        patience: How many epochs without a better value are waited for; 10 as in scikit-learn (Keras has 0).
        min_delta: By how much more than this a value must be better to count.
        mode: ``"min"`` or ``"max"``; ``None`` lets the metric decide.

    Raises:
        ValueError: If a number is out of range, or at the beginning of ``fit`` if there will be no such metric.
        TypeError: If a number is none.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> stopping = tg.train.EarlyStopping(patience=2, min_delta=1e-3)
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", tg.optim.SGD(learning_rate=0.1))
        >>> history = trainer.fit(x, 3 * x, epochs=500, callbacks=stopping, progress=False)
        >>> history.stop_reason, stopping.best_epoch == history.epochs - 2
        ('patience', True)
    """

    def __init__(
        self, monitor: str | None = None, patience: int = 10, min_delta: float = 0.0, mode: str | None = None
    ) -> None:
        _check_mode("EarlyStopping", mode)
        self.monitor, self.mode = monitor, mode
        self.patience = check_count("EarlyStopping", "patience", patience, 0)
        self.min_delta = check_number("EarlyStopping", "min_delta", min_delta or 0.0, "[0, inf)")
        self.best: float | None = None
        self.best_epoch: int | None = None
        self._watched, self._sign, self._before = "loss", 1.0, 0

    def fit_begin(self, trainer: TrainedModel) -> None:
        """Begins anew, or goes on where a saved training was."""
        self._watched = watched(self.monitor, trainer.metric_names, "EarlyStopping")
        self._sign = -1.0 if _is_greater_better("EarlyStopping", self._watched, self.mode, trainer) else 1.0
        self._before = trainer.epoch
        facts = trainer.snapshot.facts
        # What another fit left, or another metric, says nothing about this one.
        if facts.get("epoch") != trainer.epoch or facts.get("monitor") != self._watched:
            trainer.snapshot.clear()
        self.best, self.best_epoch = trainer.snapshot.facts.get("best"), trainer.snapshot.facts.get("best_epoch")

    def epoch_end(self, trainer: TrainedModel, epoch: int, metrics: dict[str, float]) -> None:
        """Keeps the weights if they are the best so far; stops after too many epochs without better ones."""
        value = metrics[self._watched]
        if math.isfinite(value) and (self.best is None or self._sign * (self.best - value) > self.min_delta):
            self.best, self.best_epoch = value, epoch
            trainer.snapshot.take()
        facts = {"monitor": self._watched, "best": self.best, "best_epoch": self.best_epoch, "epoch": epoch}
        trainer.snapshot.facts = facts
        if epoch - (self._before if self.best_epoch is None else self.best_epoch) >= max(self.patience, 1):
            trainer.stop("patience")

    def fit_end(self, trainer: TrainedModel) -> None:
        """Brings the best weights back."""
        trainer.snapshot.restore()
        trainer.snapshot.clear()


class ModelCheckpoint(Callback):
    """Saves the whole training after epochs, so that it can go on from there to the last bit.

    What :class:`EarlyStopping` keeps is saved, too.

    Args:
        path: Where to; ``{epoch}`` and the names of metrics are filled in, as in ``"run-{epoch:03d}-{val_loss:.3f}"``.
            Without them the file is replaced each time, whole or not at all.
        every: After how many epochs.
        best_only: Whether only epochs are saved that are better than those before.
        monitor: The metric that says so; ``None`` takes ``"val_loss"``, or ``"loss"`` without validation.
        mode: ``"min"`` or ``"max"``; ``None`` lets the metric decide.

    Raises:
        ValueError: If ``every`` is not at least 1, ``mode`` is unknown, or ``fit`` will have no such metric.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> x = np.ones((4, 1), np.float32)
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd")
        >>> saving = tg.train.ModelCheckpoint(folder / "run-{epoch}.safetensors", every=2)
        >>> history = trainer.fit(x, x, epochs=4, callbacks=saving, progress=False)
        >>> sorted(path.name for path in folder.iterdir())
        ['run-2.safetensors', 'run-4.safetensors']
    """

    # Other callbacks have had their say before: what they keep belongs to the epoch.
    runs_last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every: int = 1,
        best_only: bool = False,
        monitor: str | None = None,
        mode: str | None = None,
    ) -> None:
        _check_mode("ModelCheckpoint", mode)
        self.path, self.every = os.fspath(path), check_count("ModelCheckpoint", "every", every, 1)
        self.best_only, self.monitor, self.mode = bool(best_only), monitor, mode
        self.best = math.inf

    def fit_begin(self, trainer: TrainedModel) -> None:
        """Refuses to watch what will not be there."""
        if self.best_only:
            monitor = watched(self.monitor, trainer.metric_names, "ModelCheckpoint")
            _is_greater_better("ModelCheckpoint", monitor, self.mode, trainer)

    def epoch_end(self, trainer: TrainedModel, epoch: int, metrics: dict[str, float]) -> None:
        """Saves, if it is time and the epoch is worth it."""
        if self.best_only:
            monitor = watched(self.monitor, trainer.metric_names, "ModelCheckpoint")
            value = metrics[monitor] * (-1 if _is_greater_better("ModelCheckpoint", monitor, self.mode, trainer) else 1)
            if not value < self.best:
                return
            self.best = value
        if epoch % self.every == 0:
            trainer.save(self.path.format(epoch=epoch, **metrics))


class _FileLogger(Callback):
    """Writes a line for each epoch as soon as it is over; a training that goes on appends to its file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def fit_begin(self, trainer: TrainedModel) -> None:
        """Begins a new file, unless the training goes on."""
        if trainer.epoch == 0:
            with open(self.path, "w", encoding="utf-8"):
                return

    def _append(self, line: str) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class CSVLogger(_FileLogger):
    """Writes loss and metrics of each epoch as a line of comma-separated values.

    Args:
        path: The file; it is begun anew with the first epoch of a training, and continued by later ones.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
        >>> x = np.ones((4, 1), np.float32)
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd")
        >>> history = trainer.fit(x, x, epochs=2, callbacks=tg.train.CSVLogger(path), progress=False)
        >>> path.read_text().splitlines()[0], len(path.read_text().splitlines())
        ('epoch,loss,learning_rate,seconds', 3)
    """

    def epoch_end(self, trainer: TrainedModel, epoch: int, metrics: dict[str, float]) -> None:
        """Writes a line, and the names before the first."""
        if not os.path.exists(self.path) or os.path.getsize(self.path) == 0:
            self._append(",".join(["epoch", *metrics]))
        self._append(",".join([str(epoch), *(repr(float(value)) for value in metrics.values())]))


class JSONLogger(_FileLogger):
    """Writes loss and metrics of each epoch as a line of JSON. Numbers that are not finite become ``null``.

    Args:
        path: The file; it is begun anew with the first epoch of a training, and continued by later ones.

    Example:
        >>> import json, pathlib, tempfile
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
        >>> x = np.ones((4, 1), np.float32)
        >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd")
        >>> history = trainer.fit(x, x, epochs=2, callbacks=tg.train.JSONLogger(path), progress=False)
        >>> [json.loads(line)["epoch"] for line in path.read_text().splitlines()]
        [1, 2]
    """

    def epoch_end(self, trainer: TrainedModel, epoch: int, metrics: dict[str, float]) -> None:
        """Writes the epoch with its loss and metrics as a line of JSON."""
        import json

        plain = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        self._append(json.dumps({"epoch": epoch, **plain}))

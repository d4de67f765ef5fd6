"""Callbacks that write: whole trainings, and figures."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from tilegrad.train._stopping import greater_is_better, watched
from tilegrad.train.callbacks import Callback
from tilegrad.words.checks import check_count

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


class ModelCheckpoint(Callback):
    """Saves the whole training after epochs, so that it can go on from there to the last bit.

    What :class:`EarlyStopping` keeps is saved, too.

    Args:
        path: Where to; ``{epoch}`` and the names of figures are filled in, as in ``"run-{epoch:03d}-{val_loss:.3f}"``.
            Without them the file is replaced each time, whole or not at all.
        every: After how many epochs.
        best_only: Whether only epochs are saved that are better than those before.
        monitor: The figure that says so; ``None`` takes ``"val_loss"``, or ``"loss"`` without validation.
        mode: ``"min"`` or ``"max"``; ``None`` lets the metric decide.

    Raises:
        ValueError: If ``every`` is not at least 1, ``mode`` is unknown, or ``fit`` will have no such figure.

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
        if mode not in (None, "min", "max"):
            raise ValueError(f'ModelCheckpoint: expected `mode` to be "min", "max" or None, got {mode!r}')
        self.path, self.every = os.fspath(path), check_count("ModelCheckpoint", "every", every, 1)
        self.best_only, self.monitor, self.mode = bool(best_only), monitor, mode
        self.best = math.inf

    def fit_begin(self, trainer: Trainer) -> None:
        """Refuses to watch what will not be there."""
        if self.best_only:
            watched(self.monitor, trainer, "ModelCheckpoint")

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Saves, if it is time and the epoch is worth it."""
        if self.best_only:
            monitor = watched(self.monitor, trainer, "ModelCheckpoint")
            value = figures[monitor] * (-1 if greater_is_better(monitor, self.mode, trainer) else 1)
            if not value < self.best:
                return
            self.best = value
        if epoch % self.every == 0:
            trainer.save(self.path.format(epoch=epoch, **figures))


class _FileLogger(Callback):
    """Writes a line for each epoch as soon as it is over; a training that goes on appends to its file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def fit_begin(self, trainer: Trainer) -> None:
        """Begins a new file, unless the training goes on."""
        if trainer.epoch == 0:
            with open(self.path, "w", encoding="utf-8"):
                return

    def _append(self, line: str) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class CSVLogger(_FileLogger):
    """Writes the figures of each epoch as a line of comma-separated values.

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

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Writes a line, and the names before the first."""
        if os.path.getsize(self.path) == 0 if os.path.exists(self.path) else True:
            self._append(",".join(["epoch", *figures]))
        self._append(",".join([str(epoch), *(repr(float(value)) for value in figures.values())]))


class JSONLogger(_FileLogger):
    """Writes the figures of each epoch as a line of JSON. Numbers that are not finite become ``null``.

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

    def epoch_end(self, trainer: Trainer, epoch: int, figures: dict[str, float]) -> None:
        """Writes a line."""
        import json

        plain = {name: float(value) if math.isfinite(value) else None for name, value in figures.items()}
        self._append(json.dumps({"epoch": epoch, **plain}))

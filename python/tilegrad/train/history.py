"""What a training leaves behind: loss and metrics of each epoch, and why it ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tilegrad.charts import plot_history
from tilegrad.functional import ewma
from tilegrad.tensor import Array
from tilegrad.words.names import hint

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class History(dict[str, list[float]]):
    """Lists of numbers by name, one per whole epoch.

    The names are ``loss``, the metrics, ``val_...`` for both, ``learning_rate`` and ``seconds``.

    ``stop_reason`` says why the training ended: ``"epochs"`` (all were run), ``"target"``, ``"tolerance"``,
    ``"patience"``, ``"diverged"``, ``"time"``, ``"interrupted"``, ``"error"``, or what a callback said.

    ``steps`` holds the loss of each step, if ``fit`` was asked to ``record="step"``.

    The training loss of an epoch is the mean over its steps, while the weights change; what ``evaluate`` says afterwards,
    with the last weights and without dropout, is another number.

    Example:
        >>> import tilegrad as tg
        >>> history = tg.train.History()
        >>> history.add({"loss": 0.5})
        >>> history.add({"loss": 0.25})
        >>> history["loss"], history.epochs
        ([0.5, 0.25], 2)
    """

    stop_reason: str | None = None

    def __init__(self, metrics: Mapping[str, list[float]] = {}, steps: list[float] | None = None) -> None:
        super().__init__(metrics)
        self.steps: list[float] = [] if steps is None else steps

    def add(self, metrics: Mapping[str, float]) -> None:
        """Appends an epoch. What an epoch lacks is NaN there."""
        count = self.epochs
        for name in metrics:
            self.setdefault(name, [float("nan")] * count)
        for name, values in self.items():
            values.append(float(metrics.get(name, float("nan"))))

    @property
    def epochs(self) -> int:
        """How many epochs it has recorded."""
        return max((len(values) for values in self.values()), default=0)

    def smoothed(self, name: str = "loss", beta: float = 0.9) -> Array:
        """A metric as an exponentially weighted moving average, with its bias corrected; ``"steps"`` is the loss by step.

        Raises:
            ValueError: If there is no such metric.

        Example:
            >>> import tilegrad as tg
            >>> tg.train.History({"loss": [1.0, 2.0, 3.0]}).smoothed(beta=0.9).round(6)
            array([1.      , 1.526316, 2.070111])
        """
        values = self.steps if name == "steps" else self.get(name)
        if not values:
            known = [*self, *(["steps"] if self.steps else [])]
            raise ValueError(
                f"smoothed: expected `name` to be one of {', '.join(known) or 'no metrics yet'}, got {name!r}"
                f"{hint(name, known)}"
            )
        return ewma(values, beta, bias_correction=True)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes a line for each epoch, with the names in the first line.

        Example:
            >>> import pathlib, tempfile, tilegrad as tg
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.csv"
            >>> tg.train.History({"loss": [0.5, 0.25]}).to_csv(path)
            >>> path.read_text().split()
            ['epoch,loss', '1,0.5', '2,0.25']
        """
        import csv

        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["epoch", *self])
            writer.writerows([epoch, *row] for epoch, row in enumerate(zip(*self.values(), strict=True), 1))

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Everything as JSON, also written into a file if a path is given. Numbers that are not finite become ``null``.

        Example:
            >>> import tilegrad as tg
            >>> tg.train.History({"loss": [0.5, float("nan")]}).to_json()
            '{"figures": {"loss": [0.5, null]}, "steps": [], "stop_reason": null}'
        """
        import json
        import math

        def plain(values: list[float]) -> list[float | None]:
            return [value if math.isfinite(value) else None for value in values]

        facts: dict[str, Any] = {"figures": {name: plain(values) for name, values in self.items()}}
        text = json.dumps({**facts, "steps": plain(self.steps), "stop_reason": self.stop_reason})
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        return text

    def plot(self, metric: str = "loss", *, ax: Axes | None = None) -> Axes:
        """Draws a metric by epoch, with its validation; needs the extra ``plot``.

        Raises:
            ImportError: If Matplotlib is not installed.
            ValueError: If there is no such metric.
        """
        return plot_history(self, metric=metric, ax=ax)

"""What a training leaves behind: figures for each epoch, and why it ended."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["History"]


class History(dict[str, list[float]]):
    """Lists of figures by name, one number per whole epoch.

    The names are ``loss``, the metrics, ``val_...`` for both, ``learning_rate`` and ``seconds``.

    ``stop_reason`` says why the training ended: ``"epochs"`` (all were run), ``"interrupted"``, or what a callback
    said.

    Example:
        >>> import tilegrad as tg
        >>> history = tg.train.History()
        >>> history.add({"loss": 0.5})
        >>> history.add({"loss": 0.25})
        >>> history["loss"], history.epochs
        ([0.5, 0.25], 2)
    """

    stop_reason: str | None = None

    def add(self, figures: Mapping[str, float]) -> None:
        """Appends an epoch. A figure that an epoch lacks is NaN there."""
        count = self.epochs
        for name in figures:
            self.setdefault(name, [float("nan")] * count)
        for name, values in self.items():
            values.append(float(figures.get(name, float("nan"))))

    @property
    def epochs(self) -> int:
        """Number of epochs."""
        return max((len(values) for values in self.values()), default=0)

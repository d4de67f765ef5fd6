"""Short races: which optimizer makes a model's loss fall fastest on given data."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilegrad.charts.style import begin, finish, line
from tilegrad.nn import Module
from tilegrad.optim import Optimizer, optimizer_for
from tilegrad.train import Trainer
from tilegrad.words.tables import aligned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL = ("sgd", "rmsprop", "adagrad", "adam", "adamw")


@dataclass
class Race:
    """Losses by epoch for each optimizer; ``print`` shows them as a table, best first."""

    losses: dict[str, list[float]]

    @property
    def best(self) -> str:
        """Name of the optimizer with the lowest last loss."""
        return min(self.losses, key=lambda name: _last(self.losses[name]))

    def plot(self, ax: Axes | None = None) -> Axes:
        """The losses by epoch on a logarithmic axis; needs the extra ``plot``."""
        ax = begin(ax)
        for place, (name, losses) in enumerate(self.losses.items()):
            ax.plot(range(1, len(losses) + 1), losses, label=name, **line(place))
        ax.set_yscale("log")
        return finish(ax, "Optimizers in a short race", "epoch", "training loss")

    def __repr__(self) -> str:
        names = sorted(self.losses, key=lambda name: _last(self.losses[name]))
        rows = [(name, f"{self.losses[name][0]:.5g}", f"{_last(self.losses[name]):.5g}") for name in names]
        return "\n".join(aligned([("optimizer", "first epoch", "last epoch"), *rows], right={1, 2}))


def compare_optimizers(
    model: Module,
    loss: Any,
    x: Any,
    y: Any,
    *,
    optimizers: Sequence[Optimizer | str] | Mapping[str, Optimizer | str] = USUAL,
    epochs: int = 3,
    batch_size: int | str = 32,
    seed: int = 0,
) -> Race:
    """Trains the model for a few epochs with each optimizer, from the same start and on the same batches.

    The model has its own values again afterwards. An optimizer whose loss is no longer finite counts as infinite from
    there on. A short race says who falls fastest at the given learning rates, not who ends lowest.

    Args:
        model: The model.
        loss: As for :class:`tilegrad.Trainer`.
        x: Features.
        y: Targets.
        optimizers: Names or objects, or a dict of them by the name to show.
        epochs: Length of the race.
        batch_size: Rows per step.
        seed: Decides the order of rows, and first values where the model has none.

    Returns:
        A :class:`Race`.

    Raises:
        ValueError: If a name is unknown, or the data do not fit.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> x = np.random.default_rng(0).standard_normal((256, 4)).astype(np.float32)
        >>> model = nn.Sequential(nn.Dense(4, 16), nn.ReLU(), nn.Dense(16, 1))
        >>> race = tg.compare_optimizers(model, "mean_squared_error", x, x[:, 0] * x[:, 1], optimizers=["sgd", "adam"])
        >>> sorted(race.losses), len(race.losses["adam"])
        (['adam', 'sgd'], 3)
    """
    named = optimizers if isinstance(optimizers, Mapping) else {_name(optimizer): optimizer for optimizer in optimizers}
    starters = {name: optimizer_for(optimizer) for name, optimizer in named.items()}
    model.initialize(seed)
    start = model.state_dict()
    losses: dict[str, list[float]] = {}
    try:
        for name, optimizer in starters.items():
            model.load_state_dict(start)
            trainer = Trainer(model, loss, optimizer, seed=seed)
            # An optimizer whose loss overflows falls out of the race; what it reached before stands.
            with contextlib.suppress(FloatingPointError):
                trainer.fit(x, y, batch_size=batch_size, epochs=epochs, progress=False)
            reached = list(trainer.history["loss"]) if "loss" in trainer.history else []
            losses[name] = reached + [float("inf")] * (epochs - len(reached))
    finally:
        model.load_state_dict(start)
        model.use_runner(None)
    return Race(losses)


def _name(optimizer: Optimizer | str) -> str:
    return optimizer if isinstance(optimizer, str) else repr(optimizer)


def _last(losses: Sequence[float]) -> float:
    """The last loss, where NaN is worse than anything."""
    return losses[-1] if losses[-1] == losses[-1] else float("inf")

"""The search for a learning rate: a training whose rate grows until the loss does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.charts import plot_learning_rate_search
from tilegrad.functional import ewma
from tilegrad.tensor import Array
from tilegrad.train._rows import Rows, run_rows
from tilegrad.words.checks import check_count, check_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tilegrad.train.trainer import Trainer


class RateSearch(NamedTuple):
    """Losses by learning rate, and what they suggest.

    ``steepest`` is the rate where the smoothed loss falls fastest by the logarithm of the rate, ``minimum`` a tenth of the rate
    where it is least, and ``suggestion`` lies in the middle between them, by logarithm: large enough to go on fast, and away
    from the edge.

    Example:
        >>> from tilegrad.train import RateSearch
        >>> search = RateSearch.of([1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.5, 0.3, 2.0], smoothing=0.0)
        >>> round(search.steepest, 4), round(search.minimum, 4), round(search.suggestion, 4)
        (0.01, 0.01, 0.01)
    """

    rates: Array
    losses: Array
    smoothed: Array
    steepest: float
    minimum: float
    suggestion: float

    @classmethod
    def of(cls, rates: object, losses: object, smoothing: float) -> RateSearch:
        """The suggestions for losses that were met on the way."""
        rates, losses = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
        smoothed = ewma(losses, smoothing, bias_correction=True)
        least = int(smoothed.argmin())
        # The fall ends at the least loss; behind it only noise can be steep.
        slopes = np.gradient(smoothed, np.log(rates))[: least + 1]
        steepest, minimum = float(rates[slopes.argmin()]), float(rates[least] / 10)
        return cls(rates, losses, smoothed, steepest, minimum, math.sqrt(steepest * minimum))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draws the smoothed losses and the suggestion by rate; needs the extra ``plot``."""
        return plot_learning_rate_search(self.rates, self.smoothed, self.suggestion, ax=ax)

    def __repr__(self) -> str:
        return (
            f"RateSearch(suggestion={self.suggestion:.2g}, steepest={self.steepest:.2g}, minimum={self.minimum:.2g}, "
            f"{len(self.rates)} steps to {self.rates[-1]:.2g})"
        )


def search_rates(
    trainer: Trainer,
    rows: Rows,
    size: int,
    ends: tuple[float, float],
    steps: int,
    stop_factor: float,
    smoothing: float,
) -> RateSearch:
    """Trains a copy of the trainer's state with growing rates."""
    function = "find_learning_rate"
    start, end = (
        check_number(function, name, value, "(0, inf)") for name, value in zip(("start", "end"), ends, strict=True)
    )
    if not end > start:
        raise ValueError(f"{function}: expected `end` above `start`, got {end} and {start}")
    steps = check_count(function, "steps", steps, 5)
    check_number(function, "stop_factor", stop_factor, "(1, inf)")
    check_number(function, "smoothing", smoothing, "[0, 1)")
    owners = {id(owner): owner._core for _, _, owner in trainer._runner.trained()}
    cores = list(owners.values())
    if not all("learning_rate" in core.parameters for core in cores):
        raise ValueError(f"{function}: expected an optimizer with a learning rate, got {trainer.optimizer!r}")
    before = [float(core.parameters["learning_rate"]) for core in cores]
    rates = np.geomspace(start, end, steps)
    try:
        losses = _losses(trainer, rows, size, cores, rates, stop_factor, smoothing)
    finally:
        for core, rate in zip(cores, before, strict=True):
            core.set("learning_rate", rate)
    if len(losses) < 3:
        raise ValueError(
            f"{function}: expected a finite loss from `start` on, got {len(losses)} such steps; scale the features to "
            f"about -1 to 1, or take a smaller `start`"
        )
    return RateSearch.of(rates[: len(losses)], losses, smoothing)


def _losses(
    trainer: Trainer,
    rows: Rows,
    size: int,
    cores: list[_core.Optimizer],
    rates: Array,
    stop_factor: float,
    smoothing: float,
) -> list[float]:
    """The loss of each step, until it is far above the best."""
    built = trainer._steps.built(size, rows.form, True)
    state = trainer._runner.copied_state(trainer.seed)
    batches = len(rows.x) // size
    losses: list[float] = []
    best = math.inf
    for place, rate in enumerate(rates):
        turn, batch = divmod(place, batches)
        if batch == 0:
            order = _core.permutation(len(rows.x), trainer.seed, turn)
        schedules = [(core, "learning_rate", np.array([rate])) for core in cores]
        part = rows.taken(order[batch * size : (batch + 1) * size])
        sums = run_rows(
            state,
            (built.plan, None),
            part,
            size,
            shuffle=False,
            seed=trainer.seed,
            schedules=schedules,
            maxima=built.maxima,
        )
        loss = trainer._steps.figures(sums, built)["loss"]
        if not math.isfinite(loss):
            break
        losses.append(loss)
        smoothed = float(ewma(losses, smoothing, bias_correction=True)[-1])
        best = min(best, smoothed)
        if smoothed > stop_factor * best:
            break
    return losses

"""The search for a learning rate: a training whose rate grows until the loss does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tilegrad import _core
from tilegrad.charts import plot_learning_rate_search
from tilegrad.functional import ewma
from tilegrad.run.rows import Rows
from tilegrad.tensor import Array
from tilegrad.train.session import Session
from tilegrad.words.checks import check_count, check_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class RateSearch(NamedTuple):
    """Losses by learning rate, and what they suggest.

    ``steepest`` is the rate where the smoothed loss falls fastest by the logarithm of the rate, ``minimum`` a tenth of the rate
    where it is least, and ``suggestion`` lies in the middle between them, by logarithm: large enough to go on fast, and away
    from the edge.

    Example:
        >>> from tilegrad.train import RateSearch
        >>> search = RateSearch.of([1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.9, 0.3, 2.0], smoothing=0.0)
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
        # Only noise can be steep before the average has taken so many losses as it remembers, or behind the least loss.
        first = min(round(smoothing / (1.0 - smoothing)), least)
        slopes = np.gradient(smoothed, np.log(rates))[first : least + 1]
        steepest, minimum = float(rates[first + slopes.argmin()]), float(rates[least] / 10)
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
    session: Session,
    rows: Rows,
    size: int,
    *,
    start: float,
    end: float,
    steps: int,
    stop_factor: float,
    smoothing: float,
) -> RateSearch:
    """Trains a copy of the session's state with growing rates."""
    function = "find_learning_rate"
    start, end = check_number(function, "start", start, "(0, inf)"), check_number(function, "end", end, "(0, inf)")
    if not end > start:
        raise ValueError(f"{function}: expected `end` above `start`, got {end} and {start}")
    steps = check_count(function, "steps", steps, 5)
    check_number(function, "stop_factor", stop_factor, "(1, inf)")
    check_number(function, "smoothing", smoothing, "[0, 1)")
    rules = list({id(owner): owner._core for _, _, owner in session.runner.trained() if owner is not None}.values())
    if not rules or not all("learning_rate" in rule.parameters for rule in rules):
        raise ValueError(f"{function}: expected an optimizer with a learning rate, got {session.optimizer!r}")
    before = [float(rule.parameters["learning_rate"]) for rule in rules]
    rates = np.geomspace(start, end, steps)
    losses: list[float] = []
    best = math.inf
    try:
        for loss in _losses(session, rows, size, rules, rates):
            if not math.isfinite(loss):
                break
            losses.append(loss)
            smoothed = float(ewma(losses, smoothing, bias_correction=True)[-1])
            best = min(best, smoothed)
            if smoothed > stop_factor * best:
                break
    finally:
        for rule, rate in zip(rules, before, strict=True):
            rule.set("learning_rate", rate)
    if len(losses) < 3:
        raise ValueError(
            f"{function}: expected a finite loss from `start` on, got {len(losses)} such steps; scale the features to "
            f"about -1 to 1, or take a smaller `start`"
        )
    return RateSearch.of(rates[: len(losses)], losses, smoothing)


def _losses(session: Session, rows: Rows, size: int, rules: list[_core.Optimizer], rates: Array) -> Iterator[float]:
    """The loss of each step."""
    plans, state = session.steps.training_step(size, rows.form), session.runner.copied_state(session.seed)
    batches = len(rows) // size
    for place, rate in enumerate(rates):
        turn, batch = divmod(place, batches)
        if batch == 0:
            order = _core.permutation(len(rows), session.seed, turn)
        schedules = [(rule, "learning_rate", np.array([rate])) for rule in rules]
        part = rows.take(order[batch * size : (batch + 1) * size])
        sums = plans.run_all(part, state, seed=session.seed, schedules=schedules)
        yield session.steps.results(sums, plans.step)["loss"]

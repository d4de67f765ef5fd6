"""The picture of a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from tilegrad.schedules.base import Schedule, Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 2000


def plot_schedule(schedule: Schedule, steps: int | None = None, *, ax: Axes | None = None) -> Axes:
    """Draws a schedule by step.

    Args:
        schedule: What to draw. Lengths that it leaves out are the steps shown; an epoch is a tenth of them.
        steps: How many steps to show; by default a tenth more than the schedule's own length, else 100.
        ax: Where to draw; a new figure if not given.

    Returns:
        The Axes drawn on.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    own = getattr(schedule, "steps", None) if schedule.unit == "step" else None
    count = steps if steps is not None else round(own * 1.1) if own else 100
    places = np.unique(np.linspace(0, count, min(count + 1, _POINTS)).round())
    ax.plot(places, schedule(places, Training(max(count // 10, 1), count)), color="#0072b2", linewidth=1.8)
    ax.set_xlabel("step")
    ax.set_ylabel("value")
    ax.set_title(schedule.name)
    ax.grid(alpha=0.3, linewidth=0.5)
    ax.spines[["top", "right"]].set_visible(False)
    return ax

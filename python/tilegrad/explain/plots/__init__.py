"""Pictures with Matplotlib in one style; ``tg.plots`` for short.

Each function draws on the Axes given as ``ax``, or on a new figure, and returns the Axes. Lines differ by dash and
marker as well as by colour, so that print and colour-blind readers lose nothing. No setting of Matplotlib is changed.

Needs the extra ``plot``: ``pip install tilegrad[plot]``.

Example:
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import tilegrad as tg
    >>> ax = tg.plots.plot_activation("gelu", compare=["relu"])
    >>> ax.get_title()
    'gelu, relu and their derivatives'
"""

from tilegrad.charts import plot_history, plot_learning_rate_search, plot_schedule
from tilegrad.explain.plots.curves import plot_activation, plot_ewma, plot_loss, plot_tangent
from tilegrad.explain.plots.surfaces import (
    plot_descent_paths,
    plot_gradient,
    plot_learning_rate_effect,
    plot_zigzag,
)
from tilegrad.explain.plots.training import plot_confusion, plot_histograms

__all__ = [
    "plot_activation",
    "plot_confusion",
    "plot_descent_paths",
    "plot_ewma",
    "plot_gradient",
    "plot_histograms",
    "plot_history",
    "plot_learning_rate_effect",
    "plot_learning_rate_search",
    "plot_loss",
    "plot_schedule",
    "plot_tangent",
    "plot_zigzag",
]

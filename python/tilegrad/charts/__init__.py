"""Line charts of plain arrays with Matplotlib (the extra ``plot``), which is imported when a chart is drawn."""

from tilegrad.charts.lines import plot_history, plot_learning_rate_search, plot_schedule

__all__ = ["plot_history", "plot_learning_rate_search", "plot_schedule"]

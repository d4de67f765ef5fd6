"""Running a model on rows: its plans, its buffers, averages of its weights, memory, checks of features."""

"""Showing how a training gets on: a line an epoch, and below it a bar of tqdm's where somebody watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any


class Progress:
    """Progress that nobody watches: nothing is shown."""

    is_shown = False
    # Called now and then within an epoch, with the batches done and the loss so far.
    report: Callable[[int, float], None] | None = None

    def header(self, text: str) -> None:
        """The training begins: what of, and how."""

    def start(self, epoch: int, batches: int) -> None:
        """An epoch of so many batches begins."""

    def end(self, metrics: Mapping[str, float]) -> None:
        """The epoch is over, with these results."""

    def close(self, message: str | None = None) -> None:
        """The training is over, perhaps with something to say."""


class Lines(Progress):
    """Prints a line an epoch."""

    is_shown = True

    def __init__(self, last: int) -> None:
        self.last, self.title = last, ""

    def header(self, text: str) -> None:
        """Prints what is trained, and how, as the first line."""
        self.print(text)

    def start(self, epoch: int, batches: int) -> None:
        """Remembers which epoch it is."""
        self.title = f"epoch {epoch:>{len(str(self.last))}}/{self.last}"

    def end(self, metrics: Mapping[str, float]) -> None:
        """Prints the epoch with its results and its time."""
        seconds = metrics["seconds"]
        took = f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
        self.print(f"{self.title}  {metrics_text(metrics)}  {took}")

    def close(self, message: str | None = None) -> None:
        """Prints a last message if there is one."""
        if message:
            self.print(message)

    def print(self, text: str) -> None:
        """Prints a line at once."""
        print(text, flush=True)


class Bars(Lines):
    """Lines with a bar below them for the epoch under way."""

    def __init__(self, last: int, tqdm: Any) -> None:
        super().__init__(last)
        self.tqdm, self.report = tqdm, self.move
        self.bar: Any = None

    def start(self, epoch: int, batches: int) -> None:
        """Empties the bar for an epoch of so many batches."""
        super().start(epoch, batches)
        if self.bar is None:
            self.bar = self.tqdm(total=batches, desc=self.title, leave=False, file=sys.stdout)
        else:
            self.bar.set_description(self.title, refresh=False)
            self.bar.reset(batches)

    def move(self, done: int, loss: float) -> None:
        """Moves the bar on to the batches done."""
        self.bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self.bar.update(done - self.bar.n)

    def close(self, message: str | None = None) -> None:
        """Takes the bar away, and prints a last message."""
        if self.bar is not None:
            self.bar.close()
        super().close(message)

    def print(self, text: str) -> None:
        """Prints a line above the bar."""
        self.tqdm.write(text, file=sys.stdout)


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Metrics in a row: ``loss 0.1234  accuracy 97.50 %``."""
    return "  ".join(
        f"{name} {100 * value:.2f} %" if name.endswith("accuracy") else f"{name} {value:#.4g}"
        for name, value in metrics.items()
        if name not in ("learning_rate", "seconds")
    )


def progress_for(progress: Any, last: int) -> Progress:
    """What shows the progress up to a last epoch: nothing, lines, or lines and a bar."""
    if progress is False:
        return Progress()
    if progress is not True and progress != "tqdm":
        raise ValueError(f'fit: expected `progress` to be True, False or "tqdm", got {progress!r}')
    if progress is True and not _is_watched():
        return Lines(last)
    try:
        # It draws in terminals and in notebooks, each in its own way.
        from tqdm.auto import tqdm
    except ImportError:
        if progress is True:
            return Lines(last)
        raise ImportError(
            'fit: expected `progress` of "tqdm" with tqdm installed, got none; pip install "tilegrad[progress]"'
        ) from None
    return Bars(last, tqdm)


def _is_watched() -> bool:
    """Whether the output goes to a terminal or to a notebook."""
    in_terminal = bool(getattr(sys.stdout, "isatty", bool)()) and os.environ.get("TERM") != "dumb"
    return in_terminal or type(sys.stdout).__module__.startswith("ipykernel.")

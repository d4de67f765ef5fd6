"""Showing how a training gets on: a bar in a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

_BLOCKS = " ▏▎▍▌▋▊▉█"


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody watches."""
    return bool(getattr(stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"


def can_show(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar(share: float, width: int, *, unicode: bool) -> str:
    """A bar of the given width, filled by a share from 0 to 1."""
    filled = min(max(share, 0.0), 1.0) * width
    if not unicode:
        return "=" * int(filled) + "." * (width - int(filled))
    whole = int(filled)
    rest = _BLOCKS[int((filled - whole) * 8)] if whole < width else ""
    return ("█" * whole + rest).ljust(width)


def _columns(stream: TextIO) -> int:
    """Width of the terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def figures_text(figures: Mapping[str, float]) -> str:
    """Figures in a row: ``loss 0.1234  accuracy 97.50 %``."""
    parts = []
    for name, value in figures.items():
        if name in ("learning_rate", "seconds"):
            continue
        shown = f"{100 * value:.2f} %" if name.endswith("accuracy") else f"{value:#.4g}"
        parts.append(f"{name} {shown}")
    return "  ".join(parts)


class Silent:
    """Shows nothing."""

    def header(self, text: str) -> None:
        """The training begins: what of, and how."""

    def start(self, epoch: int, batches: int) -> None:
        """An epoch begins."""

    def batch(self, done: int, loss: float) -> None:
        """So many batches of the epoch are done."""

    def end(self, figures: Mapping[str, float]) -> None:
        """The epoch is over."""

    def close(self, message: str | None = None) -> None:
        """The training is over."""


class Lines(Silent):
    """A line an epoch; in a terminal with a bar below it for the epoch under way."""

    def __init__(self, epochs: int, first: int, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stdout
        self.last = first + epochs - 1
        self.live = is_terminal(self.stream)
        self.unicode = can_show(self.stream, _BLOCKS)
        self.epoch, self.batches = first, 1

    def header(self, text: str) -> None:
        """Writes the first line."""
        self._write(text, end="\n")

    def start(self, epoch: int, batches: int) -> None:
        """Remembers what the bar is about."""
        self.epoch, self.batches = epoch, max(batches, 1)
        if self.live:
            self._draw(0, None)

    def batch(self, done: int, loss: float) -> None:
        """Draws the bar again."""
        if self.live:
            self._draw(done, loss)

    def end(self, figures: Mapping[str, float]) -> None:
        """Writes the epoch's line."""
        seconds = figures.get("seconds", 0.0)
        took = f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"
        self._write(f"{self._title()}  {figures_text(figures)}  {took}", end="\n")

    def close(self, message: str | None = None) -> None:
        """Clears a bar left over, and writes a last message."""
        if self.live:
            self.stream.write("\r\x1b[K")
        if message:
            self.stream.write(message + "\n")
        self.stream.flush()

    def _title(self) -> str:
        width = len(str(self.last))
        return f"epoch {self.epoch:>{width}}/{self.last}"

    def _draw(self, done: int, loss: float | None) -> None:
        columns = _columns(self.stream)
        shown = "" if loss is None else f"  loss {loss:.4g}"
        width = max(min(30, columns - 45), 5)
        text = f"{self._title()}  {bar(done / self.batches, width, unicode=self.unicode)}  {done}/{self.batches}{shown}"
        self._write(text[: columns - 1], end="")

    def _write(self, text: str, end: str) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
        self.stream.write(text + end)
        self.stream.flush()


class Tqdm(Silent):
    """A bar of the package tqdm, which knows notebooks."""

    def __init__(self, epochs: int, first: int) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise ImportError(
                'fit: expected `progress` of "tqdm" with tqdm installed, got none; pip install "tilegrad[progress]"'
            ) from None
        self.last, self._tqdm = first + epochs - 1, tqdm
        self._bar: Any = None

    def header(self, text: str) -> None:
        """Writes the first line."""
        self._tqdm.write(text)

    def start(self, epoch: int, batches: int) -> None:
        """Opens the epoch's bar."""
        self._bar = self._tqdm(total=batches, desc=f"epoch {epoch}/{self.last}")

    def batch(self, done: int, loss: float) -> None:
        """Moves the bar."""
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self._bar.update(done - self._bar.n)

    def end(self, figures: Mapping[str, float]) -> None:
        """Fills and closes the bar."""
        self._bar.set_postfix_str(figures_text(figures), refresh=False)
        self._bar.update(self._bar.total - self._bar.n)
        self._bar.close()

    def close(self, message: str | None = None) -> None:
        """Closes a bar left over, and writes a last message."""
        if self._bar is not None:
            self._bar.close()
        if message:
            self._tqdm.write(message)


def progress_for(progress: Any, epochs: int, first: int) -> Silent:
    """What shows the progress: nothing, our lines and bar, or tqdm."""
    if progress is False:
        return Silent()
    if progress is True:
        return Lines(epochs, first)
    if progress == "tqdm":
        return Tqdm(epochs, first)
    raise ValueError(f'fit: expected `progress` to be True, False or "tqdm", got {progress!r}')

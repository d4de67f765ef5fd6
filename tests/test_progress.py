"""What a training shows: lines where nobody watches, tqdm's bar below them where somebody does."""

import io
import re
import sys

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import nn
from tilegrad.train.progress import Bars, Lines, Progress, progress_for

X = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
LINE = re.compile(r"epoch +(\d+)/(\d+)  loss \d\S+  [\d.]+ m?s")


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self):
        return True


class Notebook(io.StringIO):
    """A stream of a notebook's kernel, which is no terminal."""


Notebook.__module__ = "ipykernel.iostream"


def trainer():
    return tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", "sgd")


def shown(monkeypatch, stream, **settings):
    """What a training of three epochs writes into a stream that stands for the standard output."""
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    trainer().fit(X, 3 * X, **{"epochs": 3, **settings})
    return stream.getvalue()


def last_of_each_line(text):
    """What is left on a screen: of each line what was written after the last return to its beginning."""
    return [line.rstrip("\r").split("\r")[-1].strip() for line in text.split("\n")]


def test_lines_where_nobody_watches(monkeypatch):
    text = shown(monkeypatch, io.StringIO())
    header, *lines, end = text.split("\n")
    assert header.startswith("amounts from 64 rows, mini-batches of 32, 2 steps an epoch")
    assert [LINE.fullmatch(line).groups() for line in lines] == [("1", "3"), ("2", "3"), ("3", "3")]
    assert end == ""
    assert "\r" not in text


@pytest.mark.parametrize("stream", [Terminal, Notebook])
def test_a_bar_below_the_same_lines_where_somebody_watches(monkeypatch, stream):
    pytest.importorskip("tqdm")
    text = shown(monkeypatch, stream())
    assert "2/2" in text or "0/2" in text
    left = [line for line in last_of_each_line(text) if line]
    assert left[0].startswith("amounts from 64 rows")
    assert [LINE.fullmatch(line).groups() for line in left[1:]] == [("1", "3"), ("2", "3"), ("3", "3")]


def test_a_terminal_that_can_not_draw_gets_lines(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(True, 3)) is Lines


def test_lines_do_where_tqdm_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    text = shown(monkeypatch, Terminal())
    assert "\r" not in text
    assert len(text.split("\n")) == 5
    with pytest.raises(ImportError, match=r'pip install "tilegrad\[progress\]"'):
        trainer().fit(X, X, epochs=1, progress="tqdm")


def test_what_is_asked_for_is_shown(monkeypatch):
    pytest.importorskip("tqdm")
    assert type(progress_for(False, 3)) is Progress
    assert type(progress_for("tqdm", 3)) is Bars
    assert shown(monkeypatch, Terminal(), progress=False) == ""
    with pytest.raises(ValueError, match='expected `progress` to be True, False or "tqdm", got 1'):
        trainer().fit(X, X, epochs=1, progress=1)


def test_a_bar_moves_within_an_epoch_and_goes_when_the_training_fails(monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stdout", Terminal())
    bars = progress_for("tqdm", 1)
    bars.header("two batches")
    bars.start(1, 2)
    bars.report(1, 0.5)
    assert (bars.bar.n, bars.bar.total) == (1, 2)
    assert "loss=0.5" in str(bars.bar)
    bars.close("interrupted")
    assert [line for line in last_of_each_line(sys.stdout.getvalue()) if line] == ["two batches", "interrupted"]

    def fail(trainer, epoch, metrics):
        raise RuntimeError("no")

    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(RuntimeError, match="no"):
        trainer().fit(X, X, epochs=1, callbacks=fail)
    assert last_of_each_line(stream.getvalue())[-1] == ""


def test_a_model_that_cannot_be_trained_shows_nothing(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(ValueError, match="expected `x`"):
        trainer().fit(np.ones((4, 3)), X[:4], epochs=1)
    assert stream.getvalue() == ""

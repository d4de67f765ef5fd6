"""Backpropagation as an exercise: the gradients are hidden, and answers are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tilegrad.explain.drawing import draw
from tilegrad.explain.graph import Computation
from tilegrad.explain.svg import Picture
from tilegrad.explain.text import Text, number
from tilegrad.words.names import hint


class Marks(dict[str, bool]):
    """Which answers are right, by name; it shows itself with a line for each."""

    def __init__(self, marks: Mapping[str, bool], lines: Sequence[str]) -> None:
        super().__init__(marks)
        self._lines = [*lines, f"{sum(marks.values())} of {len(marks)} right"]

    @property
    def all_right(self) -> bool:
        """Whether every answer is right."""
        return all(self.values())

    def __repr__(self) -> str:
        return "\n".join(self._lines)


class Quiz:
    """A graph whose gradients are to be found. ``trace.quiz()`` makes it; a notebook shows its picture.

    Example:
        >>> import tilegrad as tg
        >>> quiz = tg.trace(lambda x, y: (x + y) * y)(3.0, 2.0).quiz()
        >>> quiz.questions
        ['x', 'y', 'add']
        >>> quiz.check([2, 7, 2]).all_right
        True
    """

    def __init__(self, graph: Computation) -> None:
        self._graph = graph
        answers = graph.labelled(graph.gradients)
        del answers[graph.labels[graph.result]]
        self._answers = answers

    @property
    def questions(self) -> list[str]:
        """The nodes whose gradient is asked for."""
        return list(self._answers)

    def explain(self) -> Text:
        """The forward pass as text, with a question mark for each gradient."""
        return self._graph.explained(hidden=True)

    def draw(self) -> Picture:
        """The picture, with a question mark for each gradient."""
        return draw(self._graph, None, hidden=True)

    def solution(self) -> dict[str, Any]:
        """The gradients that are asked for, by name."""
        return dict(self._answers)

    def check(self, answers: Mapping[str, Any] | Sequence[Any], *, tolerance: float = 1e-3) -> Marks:
        """Marks each answer as right or wrong, and says which rule to use where it is wrong.

        Args:
            answers: Gradients by name, or in the order of :attr:`questions`. Those left out are not marked.
            tolerance: Largest difference allowed, relative to the right answer where that exceeds 1, so that rounded
                answers count.

        Returns:
            True or False by name, which prints as a line for each.

        Raises:
            ValueError: If there is no such node, or there are more answers than questions.
        """
        if not isinstance(answers, Mapping):
            if len(answers) > len(self._answers):
                raise ValueError(f"check: expected at most {len(self._answers)} answers, got {len(answers)}")
            answers = dict(zip(self._answers, answers, strict=False))
        for name in answers:
            if name not in self._answers:
                known = ", ".join(self._answers)
                raise ValueError(f"check: unknown node {name!r}{hint(name, self._answers)}; there are {known}")
        marks: dict[str, bool] = {}
        lines = []
        for name, answer in answers.items():
            right, given = np.asarray(self._answers[name]), np.asarray(answer, np.float64)
            close = given.shape == right.shape and bool(
                np.all(np.abs(given - right) <= tolerance * np.maximum(1.0, np.abs(right)))
            )
            marks[name] = close
            lines.append(f"{name}: right, {number(right)}" if close else self._correction(name, given, right))
        return Marks(marks, lines)

    def _correction(self, name: str, given: Any, right: Any) -> str:
        """What is wrong with an answer, and by which rule to find the right one."""
        if given.shape != right.shape:
            return f"{name}: wrong, got shape {given.shape}; a gradient has the shape of its node, {right.shape}"
        graph = self._graph
        rules = [
            f"{graph.labels[signal.node]} passes on {signal.rule}, and g = {number(signal.arriving)} arrives there"
            for step in graph.walk
            for signal in step
            if graph.labels[signal.source] == name
        ]
        joined = "; ".join(rules)
        several = "; what comes from several nodes is added" if len(rules) > 1 else ""
        return f"{name}: wrong, got {number(given)}; {joined}{several}"

    def _repr_svg_(self) -> str:
        return str(self.draw())

    def __repr__(self) -> str:
        return f"{self.explain()}\ncheck({{name: gradient}}) marks the answers"

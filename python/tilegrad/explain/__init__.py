"""Looking inside: backpropagation explained node by node, drawn, and as an exercise."""

from tilegrad.explain.drawing import Picture
from tilegrad.explain.quiz import Marks, Quiz
from tilegrad.explain.trace import Trace

__all__ = ["Marks", "Picture", "Quiz", "Trace"]

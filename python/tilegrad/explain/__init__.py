"""Looking inside: backpropagation explained node by node, drawn, and as an exercise; descent and losses in pictures."""

from tilegrad.explain.descent import Path, Surface, descent_paths
from tilegrad.explain.drawing import Picture
from tilegrad.explain.quiz import Marks, Quiz
from tilegrad.explain.tables import Collapse, cross_entropy, linear_collapse
from tilegrad.explain.trace import Trace

__all__ = [
    "Collapse",
    "Marks",
    "Path",
    "Picture",
    "Quiz",
    "Surface",
    "Trace",
    "cross_entropy",
    "descent_paths",
    "linear_collapse",
]

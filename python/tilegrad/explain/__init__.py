"""Looking inside: backpropagation explained node by node, drawn, and as an exercise; descent and losses in pictures."""

from tilegrad.explain import diagnose, plots
from tilegrad.explain.advice import Suggestion, suggest
from tilegrad.explain.descent import Path, Surface, descent_paths
from tilegrad.explain.gradient_check import check_gradients
from tilegrad.explain.look import Trace, trace
from tilegrad.explain.quiz import Marks, Quiz
from tilegrad.explain.race import Race, compare_optimizers
from tilegrad.explain.svg import Picture
from tilegrad.explain.tables import Collapse, cross_entropy, linear_collapse

__all__ = [
    "Collapse",
    "Marks",
    "Path",
    "Picture",
    "Quiz",
    "Race",
    "Suggestion",
    "Surface",
    "Trace",
    "check_gradients",
    "compare_optimizers",
    "cross_entropy",
    "descent_paths",
    "diagnose",
    "linear_collapse",
    "plots",
    "suggest",
    "trace",
]

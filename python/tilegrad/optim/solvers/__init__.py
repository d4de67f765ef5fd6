"""Solvers for small problems: they look at all rows at once, and ask for the function at several points."""

from tilegrad.optim.solvers.base import Minimum, Objective, Solver
from tilegrad.optim.solvers.lbfgs import LBFGS
from tilegrad.optim.solvers.levenberg_marquardt import LevenbergMarquardt

__all__ = ["LBFGS", "LevenbergMarquardt", "Minimum", "Objective", "Solver"]

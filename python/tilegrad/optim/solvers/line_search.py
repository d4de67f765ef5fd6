"""The line search of L-BFGS: a step that lowers the value enough and leaves little slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tilegrad.tensor import Array


class Probe(NamedTuple):
    """A point on the line."""

    step: float
    value: float
    slope: float
    gradient: Array


# A function of the step: value, and gradient at the point.
Line = Callable[[float], tuple[float, Array]]


def dot(a: Array, b: Array) -> float:
    """The inner product, in an order of additions that no number of threads changes."""
    return float(np.add.reduce(a * b))


def wolfe(line: Line, start: Probe, direction: Array, first: float, most: int) -> Probe | None:
    """A step with the strong conditions of Wolfe, or the best one that lowers the value, or none.

    With ``f`` the value along the line: ``f(s) <= f(0) + 1e-4 s f'(0)`` and ``|f'(s)| <= 0.9 |f'(0)|``. Bracketing and
    cubic interpolation after Nocedal and Wright, Numerical Optimization, section 3.5 (2006).
    """
    enough, flat = 1e-4 * start.slope, 0.9 * abs(start.slope)

    def probe(step: float) -> Probe:
        value, gradient = line(step)
        return Probe(step, value, dot(gradient, direction), gradient)

    def lowers(at: Probe) -> bool:
        return at.value <= start.value + enough * at.step

    best: Probe | None = None
    low, high, step = start, None, first
    for _ in range(most):
        at = probe(step)
        if lowers(at) and (best is None or at.value < best.value):
            best = at
        if not math.isfinite(at.value) or not lowers(at) or (low.step > 0.0 and at.value >= low.value):
            high = at
        elif abs(at.slope) <= flat:
            return at
        elif high is None and at.slope < 0:
            # Still downhill: further on.
            low, step = at, 2.0 * at.step
            continue
        else:
            if high is None or at.slope * (high.step - low.step) >= 0:
                high = low
            low = at
        step = _between(low, high)
        if abs(high.step - low.step) <= 1e-12 * max(high.step, low.step):
            break
    return best


def _between(low: Probe, high: Probe) -> float:
    """The minimum of the cubic through two points with their slopes, kept off the ends."""
    width = high.step - low.step
    middle = low.step + 0.5 * width
    if not math.isfinite(high.value) or not math.isfinite(high.slope):
        return low.step + 0.1 * width
    bend = low.slope + high.slope - 3.0 * (low.value - high.value) / (low.step - high.step)
    inside = bend * bend - low.slope * high.slope
    if inside < 0.0:
        return middle
    root = math.copysign(math.sqrt(inside), width)
    below = high.slope - low.slope + 2.0 * root
    step = high.step - width * (high.slope + root - bend) / below if below else middle
    margin = 0.1 * abs(width)
    return min(max(step, min(low.step, high.step) + margin), max(low.step, high.step) - margin)

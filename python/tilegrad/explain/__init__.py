"""Looking inside: backpropagation explained node by node."""

from tilegrad.explain.trace import Trace

__all__ = ["Trace"]

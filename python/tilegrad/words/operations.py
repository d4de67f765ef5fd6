"""What is known of a graph's operations by their names: which are linear, which are products, which act number by number."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from tilegrad.words.registry import registry

if TYPE_CHECKING:
    from tilegrad._core import _Node

# Each number of the result is a sum of multiples of the input's numbers: what such operations join stays linear.
LINEAR = frozenset(
    {
        *("add", "subtract", "negative", "identity", "sum", "mean", "dropout"),
        *("reshape", "transpose", "broadcast_to", "slice", "concatenate"),
    }
)
# Products with a weight: what a layer of units begins with.
PRODUCTS = frozenset({"matmul"})
# Activations that flatten out on both sides, where gradients fade.
SATURATING = frozenset({"sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign"})
# Linear in each input as long as the others do not change.
BILINEAR = PRODUCTS | {"multiply", "divide"}

_ELEMENTWISE = frozenset(
    {
        *("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "negative", "exp", "expm1", "log"),
        *("log1p", "sqrt", "abs", "square", "sign"),
    }
)


@cache
def activation_names() -> frozenset[str]:
    """The operations that are activations; the identity is none."""
    return frozenset(entry["name"] for entry in registry()["activations"]) - {"identity"}


def is_elementwise(operation: str) -> bool:
    """Whether each number of the result depends on one number of each input."""
    return operation in _ELEMENTWISE or operation == "identity" or operation in activation_names()


def is_linear_graph(nodes: Iterable[_Node]) -> bool:
    """Whether every operation of a graph leaves what arrives linear, up to summands."""
    return {node["operation"] for node in nodes if node["kind"] == "operation"} <= LINEAR | BILINEAR

"""How each operation passes a gradient on to its inputs, in words and symbols."""

from __future__ import annotations

from collections.abc import Sequence

from tilegrad.words.operations import is_elementwise

# For each input what the arriving gradient g becomes; a and b are the inputs, y is the result.
RULES: dict[str, tuple[str, ...]] = {
    "add": ("g * 1", "g * 1"),
    "subtract": ("g * 1", "g * -1"),
    "multiply": ("g * {b}", "g * {a}"),
    "divide": ("g / {b}", "g * -{a} / {b}**2"),
    "power": ("g * {b} * {a}**({b} - 1)", "g * {a}**{b} * log({a})"),
    "maximum": ("g where {a} is larger, else 0", "g where {b} is larger, else 0"),
    "minimum": ("g where {a} is smaller, else 0", "g where {b} is smaller, else 0"),
    "matmul": ("g @ {b}.T", "{a}.T @ g"),
    "sum": ("g to each number that was added",),
    "mean": ("g / count to each number",),
    "max": ("g to the largest, else 0",),
    "reshape": ("g in the shape of {a}",),
    "transpose": ("g with the axes back in place",),
    "broadcast_to": ("the sum of g over what was repeated",),
    "slice": ("g where it was taken from, else 0",),
    "dropout": ("g times the same mask",),
    "negative": ("g * -1",),
    "identity": ("g * 1",),
    "exp": ("g * {y}",),
    "expm1": ("g * ({y} + 1)",),
    "log": ("g / {a}",),
    "log1p": ("g / (1 + {a})",),
    "sqrt": ("g / (2 * {y})",),
    "square": ("g * 2 * {a}",),
    "abs": ("g * sign({a})",),
    "relu": ("g where {a} > 0, else 0",),
    "sigmoid": ("g * {y} * (1 - {y})",),
    "tanh": ("g * (1 - {y}**2)",),
    "softmax": ("{y} * (g - sum(g * {y}))",),
    "log_softmax": ("g - exp({y}) * sum(g)",),
    "mean_squared_error": ("g * 2 * ({a} - {b}) / count",),
    "sum_squared_error": ("g * 2 * ({a} - {b})",),
    "mean_absolute_error": ("g * sign({a} - {b}) / count",),
    "sum_absolute_error": ("g * sign({a} - {b})",),
    "binary_cross_entropy_with_logits": ("g * (sigmoid({a}) - {b}) / count",),
    "cross_entropy": ("g * (softmax({a}) - {b}) / rows",),
}


def rule(operation: str, place: int, inputs: Sequence[str], output: str) -> str:
    """What becomes of the arriving gradient ``g`` on its way to an input.

    Args:
        operation: Name of the operation.
        place: Which input.
        inputs: What the inputs are called.
        output: What the result is called.

    Example:
        >>> from tilegrad.explain.rules import rule
        >>> rule("multiply", 0, ["price", "count"], "sale")
        'g * count'
        >>> rule("gelu", 0, ["x"], "gelu")
        "g * gelu'(x)"
    """
    known = RULES.get(operation, ())
    if place < len(known):
        names = dict(zip("ab", inputs, strict=False))
        return known[place].format(**{"a": "a", "b": "b", **names, "y": output})
    if len(inputs) == 1 and is_elementwise(operation):
        return f"g * {operation}'({inputs[0]})"
    return f"g times the derivative of {operation} by {inputs[place]}"

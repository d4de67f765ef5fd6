"""What losses there are: those of the compiled core, and compositions, which are traced functions with an entry.

A composition is written once: a function over tensors that returns the loss of each row (or of each number, if its kind is
``"point"``), with its documentation, the ranges of its parameters and what is known of it. Reductions, weights, ignored
classes, checks, the class and the string are made for it as they are for a loss of the core. Where the target is a class,
the function gets rows of shares: one-hot, or the distribution that was given; with the fact ``takes_labels`` it gets class
numbers as they are, where no class is ignored.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilegrad._core import _Entry
    from tilegrad.tensor import Tensor

Composition = Callable[..., "Tensor"]

_compositions: dict[str, tuple[Composition, Any]] = {}


def operand(name: str, form: str, doc: str, *, domain: str = "real", optional: bool = False) -> dict[str, Any]:
    """A further operand.

    Its form is ``"like"`` the prediction, ``"labels"`` (a class for each row) or ``"vectors"`` (a column for each class).
    """
    return {"name": name, "form": form, "doc": doc, "domain": domain, "optional": optional}


def composed(
    *,
    parameters: Mapping[str, tuple[Any, str]] | None = None,
    operands: Sequence[dict[str, Any]] = (),
    kind: str = "row",
    targets: str = "real",
    predictions: str = "real",
    output: str = "identity",
    non_negative: bool = True,
    zero_at_perfect: bool = False,
    **facts: Any,
) -> Callable[[Composition], Composition]:
    """Makes a function an entry. A parameter has its range, ``"(0, inf)"``, or a tuple of choices, and its description."""

    def register(function: Composition) -> Composition:
        defaults = {name: each.default for name, each in inspect.signature(function).parameters.items()}
        found = [_parameter(name, defaults[name], *each) for name, each in (parameters or {}).items()]
        known = {
            "kind": kind,
            "targets": targets,
            "predictions": predictions,
            "output": output,
            "non_negative": non_negative,
            "zero_at_perfect": zero_at_perfect,
            "operands": list(operands),
            "reduction": "mean",
            "domains": [],
            "styles": {},
            "composed": True,
            **facts,
        }
        doc = inspect.cleandoc(function.__doc__ or "")
        entry = {"name": function.__name__, "aliases": [], "doc": doc, "parameters": found, "facts": known}
        _compositions[function.__name__] = (function, entry)
        return function

    return register


def _parameter(name: str, default: Any, allowed: Any, doc: str) -> dict[str, Any]:
    if isinstance(allowed, tuple):
        return {"name": name, "default": default, "choices": list(allowed), "doc": doc}
    low, high = (float(end) for end in allowed.strip("[]() ").removesuffix(" per class").strip("[]()").split(","))
    return {
        "name": name,
        "default": default,
        "low": low,
        "high": high,
        "low_closed": allowed.startswith("["),
        "high_closed": allowed.removesuffix(" per class").endswith("]"),
        "per_class": allowed.endswith("per class"),
        "doc": doc,
    }


def compositions() -> dict[str, tuple[Composition, Any]]:
    """Function and entry of each composition of the families that were imported; the catalogue imports them all."""
    return _compositions


def composition(name: str) -> Composition | None:
    """The function of a composition; ``None`` for a loss of the core."""
    found = _compositions.get(name)
    return None if found is None else found[0]


def domain_of(entry: _Entry, operand: str, settings: Mapping[str, Any]) -> str:
    """What the prediction or the target may hold under these settings."""
    for name, option, which, domain in entry["facts"].get("domains", ()):
        if which == operand and settings.get(name) == option:
            return str(domain)
    return str(entry["facts"].get("predictions" if operand == "prediction" else "targets", "real"))


def operands_of(entry: _Entry) -> list[dict[str, Any]]:
    """Operands beside prediction and target."""
    operands: list[dict[str, Any]] = entry["facts"].get("operands", [])
    return operands


def is_of_classes(entry: _Entry) -> bool:
    """Whether the target is a class for each row, or a distribution over classes."""
    return entry["facts"].get("targets") == "classes"


def default_reduction(entry: _Entry) -> str:
    """``"mean"``, unless the loss is a sum by its name."""
    return str(entry["facts"].get("reduction", "mean"))

"""Metrics on arrays: a function for each class of metrics that has a name."""

from __future__ import annotations

import inspect
from types import ModuleType

from tilegrad.metrics import amounts, classes, curves, quantiles
from tilegrad.metrics.base import Metric

from written.text import HEAD, Written, docstring, listing

MODULES = (amounts, classes, quantiles, curves)

TEXT = f'''{HEAD}
"""Metrics on arrays: functions of (prediction, target), one for each class."""

from __future__ import annotations

from tilegrad.functional.types import Data
from tilegrad.metrics import {", ".join(module.__name__.rpartition(".")[2] for module in MODULES)}
from tilegrad.metrics.arrays import Output, value_of
from tilegrad.metrics.base import Metric

'''

FUNCTION = """
def {name}(prediction: Data, target: Data, *, {settings}sample_weight: Data | None = None, output: Output = "logits") -> float:
{doc}
    return value_of({place}({given}), prediction, target, sample_weight, output)

"""

ARGUMENTS = {
    "amounts": [
        "prediction: Amounts, of shape (rows,) or (rows, columns).",
        "target: The true amounts, of the same shape.",
    ],
    "classes": [
        "prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where\n"
        "        scores are not needed.",
        "target: The true classes, or numbers in the form of the scores.",
    ],
}
AFTER = {
    "amounts": ["output: Not asked for: amounts are what they are."],
    "classes": ['output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.'],
}


def written() -> Written:
    """The functions, and the classes that the package offers beside them."""
    kinds = [kind for module in MODULES for kind in _named(module)]
    table = ", ".join(f"{kind.name!r}: {_place(kind)}" for kind in kinds)
    text = (
        TEXT
        + listing(kind.name for kind in kinds)
        + "".join(map(_function, kinds))
        + f"\n# The classes by the names of their functions.\nNAMED: dict[str, type[Metric]] = {{{table}}}\n"
    )
    offered = {("metrics", module.__name__): _offered(module) for module in MODULES}
    return Written({"metrics/functions.py": text}, offered)


def _named(module: ModuleType) -> list[type[Metric]]:
    """The classes of a module that have a name of their own; those they are derived from have none."""
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and "name" in vars(kind)
    ]


def _offered(module: ModuleType) -> list[str]:
    """What a package offers of a module: its metrics and public functions."""
    functions = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and ">>>" in (value.__doc__ or "")
    ]
    return [*(kind.__name__ for kind in _named(module)), *functions]


def _place(kind: type[Metric]) -> str:
    """How the functions call a class."""
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


def _function(kind: type[Metric]) -> str:
    settings = list(inspect.signature(kind).parameters.values())
    return FUNCTION.format(
        name=kind.name,
        place=_place(kind),
        settings="".join(f"{each.name}: {each.annotation} = {each.default!r}, " for each in settings),
        given=", ".join(each.name for each in settings),
        doc=docstring(_doc(kind)),
    )


def _doc(kind: type[Metric]) -> str:
    """The documentation of the class, with all arguments of the function."""
    text, _, example = inspect.cleandoc(kind.__doc__ or "").partition("\nExample:\n")
    text, _, raises = text.partition("\nRaises:\n")
    text, _, own = text.partition("\nArgs:\n")
    lines = [
        *ARGUMENTS[kind.kind],
        *([own.strip()] if own else []),
        "sample_weight: Weight of each row.",
        *AFTER[kind.kind],
    ]
    raised = "ValueError: If shapes or values do not fit."
    return (
        f"{text.strip()}\n\nArgs:\n"
        + "".join(f"    {line}\n" for line in lines)
        + f"\nRaises:\n    {raised}\n{raises.rstrip()}".rstrip()
        + f"\n\nExample:\n    >>> import numpy as np\n    >>> from tilegrad import metrics\n{example}"
    )

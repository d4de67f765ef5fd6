"""Losses: a function for each entry of the core and each composition, and a class."""

from __future__ import annotations

from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.functional.losses.entries import default_reduction, is_of_classes, operands_of
from tilegrad.functional.losses.evaluation import parameters_of

from written.text import HEAD, Entry, Written, argument, argument_line, class_name, docstring, listing, plain, summary

# Arrays for the examples of the documentation, by what a target may be.
EXAMPLES = {
    "classes": "np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])",
    "distribution": "np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.5, 0.5], [0.0, 1.0]])",
    "sign": "np.array([0.5, 2.0]), np.array([-1.0, 1.0])",
}

FUNCTIONS = f'''{HEAD}
"""Losses of arrays or traced tensors: functions of (prediction, target)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from tilegrad.functional.losses.evaluation import by_prediction, evaluate
from tilegrad.functional.losses.traced import Options
from tilegrad.functional.types import Data, Normalization, Reduced, Reduction, Style, Values
from tilegrad.tensor import Array, Tensor, Traceable

'''

# The three results: traced, of each row, reduced.
FUNCTION = """
@overload
def {name}({traced}reduction: Reduction = "{reduction}", style: Style | None = None) -> Tensor: ...
@overload
def {name}({data}reduction: Literal["none"], style: Style | None = None) -> Array: ...
@overload
def {name}({data}reduction: Reduced = "{reduction}", style: Style | None = None) -> float: ...
@by_prediction
def {name}({values}reduction: Reduction = "{reduction}", style: Style | None = None) -> Any:
{doc}
    return evaluate("{name}", {call}, reduction, style)

"""

CLASSES = f'''{HEAD}
"""Losses as objects, for a trainer: the functions of `tilegrad.functional` with their settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tilegrad.functional.losses.traced import Options
from tilegrad.functional.types import Data, Normalization, Reduced, Style
from tilegrad.losses.entry import EntryLoss
from tilegrad.tensor import Array

'''

CLASS = """
class {title}(EntryLoss):
{doc}

    name = "{name}"
    targets = "{targets}"
    predictions = "{predictions}"
    output = "{output}"
    takes_class_weight = {takes_class_weight}
{attributes}
    def __init__(self, {arguments}*, reduction: Reduced = "{reduction}", style: Style | None = None) -> None:
        self._set({settings}, {options}, reduction, style)

"""


def written() -> Written:
    """Functions and classes."""
    entries = loss_entries()
    functions = {entry["name"]: _function(entry) for entry in entries}
    classes = {class_name(entry["name"]): _class(entry) for entry in entries}
    table = ", ".join(f"{entry['name']!r}: {class_name(entry['name'])}" for entry in entries)
    return Written(
        {
            "functional/losses/functions.py": FUNCTIONS + listing(functions) + "".join(functions.values()),
            "losses/classes.py": CLASSES
            + listing(classes)
            + "".join(classes.values())
            + f"\n# The classes by the names of their functions.\nNAMED: dict[str, type[EntryLoss]] = {{{table}}}\n",
        },
        {},
    )


def _settings(entry: Entry) -> str:
    own = ", ".join(f'"{each["name"]}": {each["name"]}' for each in parameters_of(entry))
    return f"{{{own}}}"


def _options(entry: Entry) -> str:
    """What all losses of classes take."""
    return "weight, normalization, ignore_index" if is_of_classes(entry) else ""


def _arguments(entry: Entry, weight: str) -> str:
    """The arguments that function and class share."""
    own = "".join(map(argument, parameters_of(entry)))
    if not is_of_classes(entry):
        return own
    return f'weight: {weight} | None = None, normalization: Normalization = "weights", {own}ignore_index: int | None = None, '


def _function(entry: Entry) -> str:
    def signature(prediction: str, other: str) -> str:
        further = "".join(f"{each['name']}: {other}, " for each in operands_of(entry) if not each["optional"])
        optional = "".join(
            f"{each['name']}: {other} | None = None, " for each in operands_of(entry) if each["optional"]
        )
        return (
            f"prediction: {prediction}, target: {other}, {further}{_arguments(entry, other)}*, "
            f"{optional}sample_weight: {other} | None = None, "
        )

    operands = ", ".join(["prediction", "target", *(each["name"] for each in operands_of(entry))])
    options = f"Options({', '.join(part for part in (_options(entry), 'sample_weight=sample_weight') if part)})"
    return FUNCTION.format(
        name=entry["name"],
        reduction=default_reduction(entry),
        traced=signature("Traceable", "Values"),
        data=signature("Data", "Data"),
        values=signature("Values", "Values"),
        doc=docstring(_function_doc(entry)),
        call=f"({operands}), {_settings(entry)}, {options}",
    )


def _function_doc(entry: Entry) -> str:
    text, _, example = plain(entry["doc"]).partition("\n\nExample:\n")
    return (
        f"{text}\n\nArgs:\n{_argument_lines(entry)}\n"
        'Returns:\n    A number, or an array with reduction "none"; a traced tensor of traced operands.\n\n'
        "Raises:\n    ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the\n"
        "        loss.\n"
        "    TypeError: If a dtype does not fit.\n\n"
        f"Example:\n{example or _example(entry)}\n"
    )


def _argument_lines(entry: Entry) -> str:
    of_classes, row = is_of_classes(entry), entry["facts"].get("kind") == "row"
    lines = f"    prediction: Floats of {'shape (rows, columns)' if row else 'any shape'}, or a traced tensor.\n"
    if of_classes:
        lines += (
            "    target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape\n"
            "        (rows, classes).\n"
        )
    else:
        lines += "    target: Floats; nothing is broadcast.\n"
    lines += "".join(f"    {each['name']}: {each['doc']}\n" for each in operands_of(entry))
    if of_classes:
        lines += (
            "    weight: Weight of each class, shape (classes,).\n"
            '    normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number\n'
            '        of "samples" (Keras).\n'
        )
    lines += "".join(map(argument_line, parameters_of(entry)))
    if of_classes:
        lines += "    ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.\n"
    return lines + (
        "    sample_weight: Weight of each row; a row of weight 0 counts as absent.\n"
        f'    reduction: "mean", "sum", "none" for the loss of each {"row" if row else "number"}, or "batchmean", the sum\n'
        f'        over the number of rows; "{default_reduction(entry)}" by default.\n'
        '    style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where\n'
        "        they are not given.\n"
    )


def _example(entry: Entry) -> str:
    arrays = EXAMPLES.get(str(entry["facts"].get("targets")), "np.array([0.25, 0.5]), np.array([0.0, 1.0])")
    call = f"{entry['name']}({arrays})"
    if entry["facts"].get("non_negative"):
        return f"    >>> {call} >= 0\n    True"
    return f"    >>> bool(np.isfinite({call}))\n    True"


def _class(entry: Entry) -> str:
    name, facts = entry["name"], entry["facts"]
    title = class_name(name)
    taken = [each["name"] for each in parameters_of(entry)]
    if is_of_classes(entry):
        taken = ["weight", "normalization", *taken, "ignore_index"]
    doc = (
        f"{summary(entry['doc'])}\n\nThe object of `tilegrad.functional.{name}`, which has the details.\n\n"
        f"Args:\n    {', '.join([*taken, 'reduction', 'style'])}: As of the function.\n\n"
        "Raises:\n    ValueError: If a setting is out of range or unknown.\n\n"
        f"Example:\n    >>> from tilegrad import losses\n    >>> losses.{title}()\n    {title}()\n"
    )
    return CLASS.format(
        title=title,
        name=name,
        doc=docstring(doc),
        targets=facts.get("targets", "real"),
        predictions=facts.get("predictions", "real"),
        output=facts.get("output", "identity"),
        takes_class_weight=is_of_classes(entry),
        attributes="".join(f"    {line}\n" for line in _attributes(entry)),
        arguments=_arguments(entry, "Data"),
        reduction=default_reduction(entry),
        settings=_settings(entry),
        options=f"Options({_options(entry)})",
    )


def _attributes(entry: Entry) -> list[str]:
    """Settings as attributes, for type checkers: they are looked up in what was set."""
    declared = [argument(each).partition(" = ")[0] for each in parameters_of(entry)]
    if is_of_classes(entry):
        declared += ["weight: Array | None", "normalization: Normalization", "ignore_index: int | None"]
    return declared

"""Optimizers: a class for each rule, with its hyperparameters as declared arguments and its styles as data."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from tilegrad import _core
from tilegrad.words.registry import registry

from written.text import HEAD, Entry, Written, allowed, described, docstring, listing, plain, type_of

# Arguments that may be given by position stay in this order; otherwise it is that of the registry: numbers, then choices.
ORDER = {
    "sgd": ("learning_rate", "momentum", "momentum_style", "nesterov"),
    "rmsprop": ("learning_rate", "decay", "epsilon", "epsilon_mode", "weight_decay", "centered", "momentum"),
    "adagrad": ("learning_rate", "initial_accumulator", "epsilon", "epsilon_mode"),
    "adam": ("learning_rate", "betas", "epsilon", "epsilon_mode", "weight_decay", "weight_decay_style"),
    "adamw": ("learning_rate", "betas", "epsilon", "epsilon_mode"),
    "radam": ("learning_rate", "betas", "epsilon", "epsilon_mode"),
    "adamax": ("learning_rate", "betas", "epsilon", "epsilon_mode"),
}

RULES = f'''{HEAD}
"""The rules that turn a gradient into a step."""

from __future__ import annotations

from typing import ClassVar, Literal

from tilegrad.optim._arguments import Number, number
from tilegrad.optim.base import Optimizer, Styles

'''

RULE = """
class {title}(Optimizer):
{doc}

    name: ClassVar[str] = "{name}"
    styles: ClassVar[Styles] = {styles!r}
{arguments}
"""


def written() -> Written:
    """A class for each rule."""
    entries = registry()["optimizers"]
    rules = {entry["class"]: _rule(entry) for entry in entries}
    table = ", ".join(f"{entry['name']!r}: {entry['class']}" for entry in entries)
    return Written(
        {
            "optim/rules.py": RULES
            + listing(rules)
            + "".join(rules.values())
            + f"\n# The classes by the names of the registry.\nNAMED: dict[str, type[Optimizer]] = {{{table}}}\n"
        },
        {},
    )


def _arguments(entry: Entry) -> dict[str, list[Any]]:
    """The hyperparameters behind each argument, in order: one, or for ``betas`` several."""
    found: dict[str, list[Any]] = {}
    for parameter in entry["parameters"]:
        found.setdefault(re.sub(r"^beta\d$", "betas", parameter["name"]), []).append(parameter)
    first = ORDER.get(entry["name"], ())
    return {name: found[name] for name in (*first, *(name for name in found if name not in first))}


def _rule(entry: Entry) -> str:
    arguments = _arguments(entry)
    return RULE.format(
        title=entry["class"],
        name=entry["name"],
        doc=docstring(_doc(entry, arguments)),
        styles={style: dict(settings) for style, settings in entry["facts"]["styles"].items()},
        arguments="".join(f"    {_argument(name, parameters)}\n" for name, parameters in arguments.items()),
    )


def _argument(name: str, parameters: list[Any]) -> str:
    first = parameters[0]
    if name == "betas":
        defaults = tuple(each["default"] for each in parameters)
        return f"betas: tuple[{', '.join('float' for _ in parameters)}] = {defaults!r}"
    if "choices" in first:
        return f"{name}: {type_of(first)} = {first['default']!r}"
    return f"{name}: Number = number(default={first['default']!r})"


def _doc(entry: Entry, arguments: dict[str, list[Any]]) -> str:
    name = entry["name"]
    classes = {each["name"]: each["class"] for each in registry()["optimizers"]}
    text = re.sub(
        r"`(\w+)`",
        lambda match: f":class:`{classes[match[1]]}`" if match[1] in classes else match[0],
        plain(entry["doc"]),
    )
    lines = "".join(_argument_line(each, parameters) for each, parameters in arguments.items())
    weight = np.array([1.0, -2.0])
    _core.Optimizer(name, {"learning_rate": 0.1}).step([weight], [weight.copy()])
    return (
        f"{text}\n\nArgs:\n{lines}\n"
        "Raises:\n    ValueError: If a hyperparameter is out of range or unknown.\n\n"
        "Example:\n    >>> import numpy as np\n    >>> from tilegrad import optim\n    >>> weight = np.array([1.0, -2.0])\n"
        f"    >>> optim.{entry['class']}(learning_rate=0.1).step([weight], [weight.copy()])\n"
        f"    >>> weight.round(6).tolist()\n    {weight.round(6).tolist()}\n"
    )


def _argument_line(name: str, parameters: list[Any]) -> str:
    first = parameters[0]
    if name == "betas":
        said = " ".join(f"`{each['name']}`: {each['doc']}" for each in parameters)
        return described(name, f"{said} Each {allowed(first)}.")
    if "choices" in first:
        meanings = zip(first["choices"], first.get("meanings") or [], strict=False)
        return described(name, " ".join([first["doc"], *(f'"{choice}": {said}' for choice, said in meanings)]))
    words = allowed(first)
    return described(name, f"{first['doc']} {words[0].upper()}{words[1:]}.")

"""Activations: a function and its backward function for each name, and the layers."""

from __future__ import annotations

import numpy as np
from tilegrad import _core
from tilegrad.words.registry import registry

from written.text import (
    HEAD,
    SPELLING,
    Entry,
    Written,
    argument,
    argument_line,
    class_name,
    docstring,
    listing,
    plain,
    summary,
)

# Where the examples of the documentation are computed.
POINTS = np.array([-1.0, 0.0, 2.0])

# Layers that are written by hand, since they take more than the function's hyperparameters.
BY_HAND = ("gelu", "swish")

FUNCTIONS = f'''{HEAD}
"""Activations of NumPy arrays, numbers and traced tensors: ``name(x)``, and ``name_backward(gradient, x)``."""

from __future__ import annotations

from typing import Any, overload

from numpy import ndarray

from tilegrad.functional.elementwise import general, with_parameters
from tilegrad.functional.types import Number, Rows, Values
from tilegrad.tensor import Array, Tensor, Traceable

'''

FUNCTION = """
@overload
def {name}(x: Traceable, {parameters}*, out: None = None) -> Tensor: ...
@overload
def {name}(x: Number, {parameters}*, out: None = None) -> float: ...
@overload
def {name}(x: Rows, {parameters}*, out: Array | None = None) -> Array: ...
def {name}(x: Values, {parameters}*, out: Array | None = None) -> Any:
{doc}
    if type(x) is ndarray:
        return {core}(x, out)
    return general("{entry}", ({values}), x, out)


def {name}_backward(
    gradient: Array, x: Array, {parameters}*, out: Array | None = None, output: Array | None = None
) -> Array:
{backward_doc}
    return {core}.backward(gradient, x, out, output)

"""

LAYERS = f'''{HEAD}
"""Activation layers: the functions of `tilegrad.functional` as modules."""

from __future__ import annotations

from tilegrad.nn.activation import Activation

'''


def written() -> Written:
    """Functions and layers."""
    entries = registry()["activations"]
    functions = {name: _function(entry, name) for entry in entries for name in (entry["name"], *entry["aliases"])}
    names = [name for each in functions for name in (each, f"{each}_backward")]
    layers = {class_name(name): _layer(entry, name) for entry in entries for name in _layer_names(entry)}
    held = [f'_{each["name"]} = with_parameters("{each["name"]}")\n' for each in entries if not each["parameters"]]
    named = {
        name: class_name(entry["name"])
        for entry in entries
        if entry["name"] not in BY_HAND
        for name in (entry["name"], *entry["aliases"])
    }
    named |= {name: class_name(name) for entry in entries for name in _layer_names(entry)}
    table = ", ".join(f"{name!r}: {kind}" for name, kind in named.items())
    return Written(
        {
            "functional/activations.py": FUNCTIONS + listing(names) + "".join(held) + "".join(functions.values()),
            "nn/activations.py": LAYERS
            + listing(layers)
            + "".join(layers.values())
            + f"\n# The classes by the names of the registry.\nNAMED: dict[str, type[Activation]] = {{{table}}}\n",
        },
        {},
    )


def _layer_names(entry: Entry) -> list[str]:
    """The names of an entry that have a layer of their own; other aliases are for strings: `Linear` would have weights."""
    aliases = [alias for alias in entry["aliases"] if alias in SPELLING]
    return [*([] if entry["name"] in BY_HAND else [entry["name"]]), *aliases]


def _layer(entry: Entry, name: str) -> str:
    title, parameters = class_name(name), entry["parameters"]
    lines = "".join(map(argument_line, parameters))
    doc = f"{summary(entry['doc'])}\n\nThe layer of `tilegrad.functional.{name}`, which has the details.\n"
    doc += f"\nArgs:\n{lines}\nRaises:\n    ValueError: If a number is out of its range.\n" if lines else ""
    doc += f"\nExample:\n    >>> from tilegrad import nn\n    >>> nn.Sequential(nn.Dense(4, 2), nn.{title}())\n"
    doc += f"    Sequential(Dense(4, 2), {title}())\n"
    made = f'\nclass {title}(Activation):\n{docstring(doc)}\n\n    function = "{entry["name"]}"\n'
    if parameters:
        values = ", ".join(f"{each['name']}={each['name']}" for each in parameters)
        made += (
            f"\n    def __init__(self, {''.join(map(argument, parameters))}) -> None:\n        self._set({values})\n"
        )
    return made + "\n"


def _function(entry: Entry, name: str) -> str:
    parameters = entry["parameters"]
    values = "".join(f"{each['name']}, " for each in parameters)
    core = f'with_parameters("{entry["name"]}", ({values}))' if parameters else f"_{entry['name']}"
    plain_one = _core.Activation(entry["name"])
    return FUNCTION.format(
        name=name,
        entry=entry["name"],
        parameters="".join(map(argument, parameters)),
        values=values,
        core=core,
        doc=docstring(_forward_doc(entry, name, plain_one)),
        backward_doc=docstring(_backward_doc(entry, name, plain_one)),
    )


def _forward_doc(entry: Entry, name: str, function: _core.Activation) -> str:
    bound = entry["facts"].get("ulp_f32")
    error = f"Largest error in float32: {bound:g} units in the last place.\n\n" if bound else ""
    return (
        f"{plain(entry['doc'])}\n\n{error}"
        "Args:\n    x: Float array of any shape and layout, a number, or a traced tensor.\n"
        f"{''.join(map(argument_line, entry['parameters']))}"
        "    out: Array of the same shape and dtype to write into; may be `x` itself.\n\n"
        "Returns:\n    `out`, or a new array of the shape and dtype of `x`.\n\n"
        "Raises:\n    TypeError: If `x` is not of float32 or float64.\n"
        "    ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.\n\n"
        f"Example:\n    >>> {name}(np.array([-1.0, 0.0, 2.0])).round(6).tolist()\n"
        f"    {function(POINTS).round(6).tolist()}\n"
    )


def _backward_doc(entry: Entry, name: str, function: _core.Activation) -> str:
    example = function.backward(np.ones(3), POINTS).round(6).tolist()
    is_read = entry["facts"]["slope_from"] == "output"
    kept = ": spares making it again, and `x` is not read" if is_read else "; not read, the derivative is made from `x`"
    return (
        f"Backward pass of `{name}`: the arriving gradient times the derivative at `x`.\n\n"
        "Args:\n    gradient: Gradient with respect to the output.\n    x: Input of the forward pass.\n"
        f"{''.join(map(argument_line, entry['parameters']))}"
        "    out: Array to write into; may be `gradient` itself.\n"
        f"    output: Output of the forward pass, if it was kept{kept}.\n\n"
        "Returns:\n    Gradient with respect to the input.\n\n"
        "Raises:\n    TypeError: If the dtypes are not the same float32 or float64.\n"
        "    ValueError: If the shapes differ.\n\n"
        f"Example:\n    >>> {name}_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()\n    {example}\n"
    )

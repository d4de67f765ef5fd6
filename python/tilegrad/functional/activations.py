"""Python functions for the activations of the registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array, Tensor, Traceable, unary
from tilegrad.words.registry import registry

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# Where the examples of the documentation are computed.
_POINTS = np.array([-1.0, 0.0, 2.0])

# Written as text so that each function has a true signature, and the common call goes straight to the core.
_TEMPLATE = """
def {name}(x, {parameters}*, out=None):
    if type(x) is ndarray:
        return {core}(x, out)
    return general(x, ({values}), out)

def {name}_backward(gradient, x, {parameters}*, out=None, output=None):
    return {backward}(gradient, x, out, output)
"""


@lru_cache(maxsize=512)
def with_parameters(name: str, values: tuple[float, ...]) -> _core.Activation:
    """The activation with these hyperparameters, which are checked against their ranges."""
    return _core.Activation(name, values)


def activate(name: str, x: Traceable, values: Sequence[float] = ()) -> Any:
    """The activation of a traced tensor. The dense layer it follows is told, for its initialiser."""
    entry = next(entry for entry in registry()["activations"] if name in (entry["name"], *entry["aliases"]))
    with_parameters(entry["name"], tuple(values))  # refuses what is out of range
    attributes = dict(zip((parameter["name"] for parameter in entry["parameters"]), map(float, values), strict=False))
    tensor = x._tensor()
    tell_origin(tensor, entry["name"])
    return unary(entry["name"], tensor, attributes)


def tell_origin(tensor: Tensor, name: str) -> None:
    """Tells the dense layer that a tensor comes from, if it does, which activation follows."""
    if tensor.origin is not None and tensor.origin.following is None:
        tensor.origin.following = name


def _general(name: str) -> Callable[[Any, tuple[float, ...], Array | None], Any]:
    """What an activation does with anything but a plain array."""

    def general(x: Any, values: tuple[float, ...], out: Array | None) -> Any:
        if isinstance(x, Traceable):
            if out is not None:
                raise TypeError(f"{name}: expected no `out` for a traced tensor")
            return activate(name, x, values)
        if isinstance(x, np.ndarray):
            return with_parameters(name, values)(x, out)
        is_number = isinstance(x, int | float | np.floating)
        result = with_parameters(name, values)(np.asarray(x, getattr(x, "dtype", np.float64)), out)
        return float(result) if is_number else result

    return general


def _make(entry: _Entry, name: str) -> dict[str, Callable[..., Any]]:
    parameters = entry["parameters"]
    names = [parameter["name"] for parameter in parameters]
    values = "".join(f"{each}, " for each in names)
    code = _TEMPLATE.format(
        name=name,
        parameters="".join(f"{parameter['name']}={parameter['default']!r}, " for parameter in parameters),
        values=values,
        core=f"core(({values}))" if names else "core",
        backward=f"core(({values})).backward" if names else "backward",
    )
    plain = with_parameters(entry["name"], tuple(float(parameter["default"]) for parameter in parameters))
    known: dict[str, Any] = {
        "ndarray": np.ndarray,
        "general": _general(entry["name"]),
        "__name__": "tilegrad.functional",
    }
    if names:
        known["core"] = lambda values: with_parameters(entry["name"], values)
    else:
        known |= {"core": plain, "backward": plain.backward}
    exec(compile(code, f"<{name} of the registry>", "exec"), known)
    forward, backward = known[name], known[f"{name}_backward"]
    forward.__doc__, backward.__doc__ = _document(entry, name, plain), _document_backward(entry, name, plain)
    return {name: forward, f"{name}_backward": backward}


def parameter_lines(entry: _Entry) -> str:
    """The ``Args`` lines of an entry's hyperparameters."""
    lines = ""
    for parameter in entry["parameters"]:
        if "choices" in parameter:
            allowed = "one of " + ", ".join(map(str, parameter["choices"]))
        else:
            opening, closing = "[" if parameter.get("low_closed") else "(", "]" if parameter.get("high_closed") else ")"
            allowed = f"in {opening}{parameter.get('low', '-inf'):g}, {parameter.get('high', 'inf'):g}{closing}"
        sentence = f"{allowed[0].upper()}{allowed[1:]}; {parameter['default']} by default."
        lines += f"    {parameter['name']}: {parameter['doc']} {sentence}\n"
    return lines


def _document(entry: _Entry, name: str, plain: _core.Activation) -> str:
    bound = entry["facts"].get("ulp_f32")
    example = plain(_POINTS).round(6).tolist()
    error = f"Largest error in float32: {bound:g} units in the last place.\n\n" if bound else ""
    return (
        f"{entry['doc']}\n\n{error}"
        "Args:\n    x: Float array of any shape and layout, a number, or a traced tensor.\n"
        f"{parameter_lines(entry)}"
        "    out: Array of the same shape and dtype to write into; may be `x` itself.\n\n"
        "Returns:\n    `out`, or a new array of the shape and dtype of `x`.\n\n"
        "Raises:\n    TypeError: If `x` is not of float32 or float64.\n"
        "    ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.\n\n"
        f"Example:\n    >>> {name}(np.array([-1.0, 0.0, 2.0])).round(6).tolist()\n    {example}\n"
    )


def _document_backward(entry: _Entry, name: str, plain: _core.Activation) -> str:
    example = plain.backward(np.ones(3), _POINTS).round(6).tolist()
    is_read = entry["facts"]["slope_from"] == "output"
    kept = ": spares making it again, and `x` is not read" if is_read else "; not read, the derivative is made from `x`"
    return (
        f"Backward pass of `{name}`: the arriving gradient times the derivative at `x`.\n\n"
        "Args:\n    gradient: Gradient with respect to the output.\n    x: Input of the forward pass.\n"
        f"{parameter_lines(entry)}"
        "    out: Array to write into; may be `gradient` itself.\n"
        f"    output: Output of the forward pass, if it was kept{kept}.\n\n"
        "Returns:\n    Gradient with respect to the input.\n\n"
        "Raises:\n    TypeError: If the dtypes are not the same float32 or float64.\n    ValueError: If the shapes "
        "differ.\n\n"
        f"Example:\n    >>> {name}_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()\n    {example}\n"
    )


def make_functions() -> dict[str, Callable[..., Any]]:
    """``name`` and ``name_backward`` for every activation and alias of the registry."""
    made: dict[str, Callable[..., Any]] = {}
    for entry in registry()["activations"]:
        for name in (entry["name"], *entry["aliases"]):
            made |= _make(entry, name)
    return made

"""The functions of ``tilegrad.functional``: a loss of arrays or of traced tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.functional.activations import parameter_lines
from tilegrad.functional.losses import checks
from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.functional.losses.entries import default_reduction, domain_of, is_of_classes, operands_of
from tilegrad.functional.losses.traced import Options, check_shapes, classes_of, trace
from tilegrad.tensor import Array, Traceable
from tilegrad.transform import jit
from tilegrad.words.checks import check_choice, check_count
from tilegrad.words.labels import check_range

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# Losses are differentiated by their prediction; what they compare it with is given.
DIFFERENTIABLE = (0,)

_TEMPLATE = """
def {name}(prediction, target, {required}{before}{parameters}{after}*, {optional}sample_weight=None,
           reduction={reduction!r}, style=None):
    return general((prediction, target, {operands}), dict({values}), Options({options}sample_weight=sample_weight),
                   reduction, style)
"""

# Arrays for the examples of the documentation, by what a target may be.
_EXAMPLES = {
    "classes": "np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])",
    "distribution": "np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.5, 0.5], [0.0, 1.0]])",
    "sign": "np.array([0.5, 2.0]), np.array([-1.0, 1.0])",
}


def resolve(entry: _Entry, settings: Mapping[str, Any], options: Options, style: str | None) -> tuple[Any, Options]:
    """Settings and options under a style: where they were left as they are by default, it decides."""
    if style is None:
        return dict(settings), options
    check_choice(entry["name"], "style", style, checks.STYLES)
    given = entry["facts"].get("styles", {}).get(style, {})
    defaults = {parameter["name"]: parameter["default"] for parameter in entry["parameters"]}
    taken = {
        name: given[name] if name in given and _same(value, defaults[name]) else value
        for name, value in settings.items()
    }
    if "normalization" in given and options.normalization == "weights":
        options = options._replace(normalization=given["normalization"])
    return taken, options


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and value == default)


def check_options(entry: _Entry, options: Options) -> None:
    """Refuses a normalization that does not exist, and a class to ignore that is no number."""
    check_choice(entry["name"], "normalization", options.normalization, checks.NORMALIZATIONS)
    if options.ignore_index is not None:
        check_count(entry["name"], "ignore_index", options.ignore_index, -(2**63), kind="a whole number or None")


@cache
def _compiled(name: str) -> Callable[..., Any]:
    """The loss of checked arrays: the cached plans that ``tg.jit`` keeps."""
    entry = next(entry for entry in loss_entries() if entry["name"] == name)
    own = {parameter["name"] for parameter in parameters_of(entry)}
    further = {operand["name"] for operand in operands_of(entry)}

    def loss(prediction: Any, target: Any, *required: Any, reduction: str, **named: Any) -> Any:
        settings = {each: value for each, value in named.items() if each in own}
        options = Options(**{each: value for each, value in named.items() if each in Options._fields})
        optional = [named.get(operand["name"]) for operand in operands_of(entry) if operand["optional"]]
        assert further.isdisjoint(own)
        return trace(entry, (prediction, target, *required, *optional), settings, options).value(reduction)

    loss.__name__ = name
    return jit(loss)


def _general(entry: _Entry) -> Callable[..., Any]:
    name = entry["name"]
    further = [each["name"] for each in operands_of(entry) if not each["optional"]]
    optional = [each["name"] for each in operands_of(entry) if each["optional"]]

    def general(
        operands: tuple[Any, ...], settings: dict[str, Any], options: Options, reduction: str, style: str | None
    ) -> Any:
        check_choice(name, "reduction", reduction, checks.REDUCTIONS)
        settings, options = resolve(entry, settings, options, style)
        checks.check_settings(name, entry, settings)
        check_options(entry, options)
        if any(isinstance(each, Traceable) for each in operands):
            return trace(entry, operands, settings, options).value(reduction)
        operands, options = _arrays(entry, operands, settings, options, reduction)
        required = operands[: 2 + len(further)]
        named = {
            each: value for each, value in zip(optional, operands[len(required) :], strict=True) if value is not None
        }
        named |= {
            each: value for each, value in options._asdict().items() if is_of_classes(entry) or each == "sample_weight"
        }
        return _compiled(name)(*required, **settings, **named, reduction=reduction)

    return general


def _arrays(
    entry: _Entry, operands: Sequence[Any], settings: Mapping[str, Any], options: Options, reduction: str
) -> tuple[tuple[Any, ...], Options]:
    """Checked operands and weights of one dtype."""
    name = entry["name"]
    prediction = checks.float_array(name, "prediction", operands[0])
    dtype = prediction.dtype
    found: list[Any] = [prediction]
    of_classes = is_of_classes(entry)
    if entry["facts"].get("kind") == "row" and prediction.ndim != 2:
        raise ValueError(f"{name}: expected `prediction` of shape (rows, columns), got {prediction.shape}")
    found.append(np.asarray(operands[1]) if of_classes else _target(entry, operands[1], settings, dtype))
    for spec, value in zip(operands_of(entry), operands[2:], strict=True):
        if value is None or spec["form"] == "labels":
            found.append(value if value is None else _label_array(name, value, prediction.shape, spec["name"]))
        else:
            found.append(checks.numbers(name, value, spec["domain"], dtype, spec["name"]))
    if of_classes:
        check_shapes(entry, [np.shape(each) for each in found if each is not None])
        found[1] = _class_target(name, found, classes_of(entry, found), dtype, options.ignore_index)
    else:
        check_shapes(entry, [each.shape for each in found if each is not None])
    checks.check_not_empty(name, prediction, reduction)
    checks.check_domain(name, prediction, domain_of(entry, "prediction", settings), "prediction")
    if options.weight is not None:
        weight = checks.class_weights(name, options.weight, classes_of(entry, found), dtype)
        options = options._replace(weight=weight)
    if options.sample_weight is not None:
        rows = prediction.shape[0] if prediction.ndim else 1
        weight = checks.sample_weights(name, options.sample_weight, rows, dtype)
        options = options._replace(sample_weight=weight)
    return tuple(found), options


def _target(entry: _Entry, target: Any, settings: Mapping[str, Any], dtype: Any) -> Array:
    """Numbers to compare with, of the domain of the loss."""
    return checks.numbers(entry["name"], target, domain_of(entry, "target", settings), dtype)


def _class_target(name: str, found: Sequence[Any], classes: int, dtype: Any, ignored: int | None) -> Array:
    rows, target = found[0].shape[0], found[1]
    if target.dtype.kind not in "iubf":
        raise TypeError(f"{name}: expected `target` of integers or floats, got dtype {target.dtype}")
    checks.check_rows(name, (rows, classes), target, labels=target.dtype.kind in "iub")
    if target.dtype.kind != "f":
        check_range(name, target, classes, ignored)
        return np.asarray(target)
    shares: Array = target.astype(dtype, copy=False)
    checks.check_distributions(name, shares)
    return shares


def _label_array(name: str, value: Any, shape: tuple[int, ...], operand: str) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.shape != shape[:1]:
        raise ValueError(
            f"{name}: expected `{operand}` of {shape[0]} class numbers, got {array.dtype} of {array.shape}"
        )
    check_range(name, array, shape[1], name=operand)
    return array


def parameters_of(entry: _Entry) -> list[Any]:
    """The settings that are the loss's own: the reduction and the normalization are arguments of all."""
    return [each for each in entry["parameters"] if each["name"] not in ("reduction", "normalization")]


def signature_parts(entry: _Entry) -> dict[str, str]:
    """Parts of the signatures of a loss's function and class."""
    parameters, of_classes = parameters_of(entry), is_of_classes(entry)
    optional = [each["name"] for each in operands_of(entry) if each["optional"]]
    return {
        "required": "".join(f"{each['name']}, " for each in operands_of(entry) if not each["optional"]),
        "optional": "".join(f"{each}=None, " for each in optional),
        "operands": "".join(f"{each['name']}, " for each in operands_of(entry)),
        "before": 'weight=None, normalization="weights", ' if of_classes else "",
        "parameters": "".join(f"{each['name']}={each['default']!r}, " for each in parameters),
        "after": "ignore_index=None, " if of_classes else "",
        "values": ", ".join(f"{each['name']}={each['name']}" for each in parameters),
        "options": "weight, normalization, ignore_index, " if of_classes else "",
    }


def _make(entry: _Entry) -> Callable[..., Any]:
    code = _TEMPLATE.format(name=entry["name"], reduction=default_reduction(entry), **signature_parts(entry))
    known: dict[str, Any] = {"general": _general(entry), "Options": Options, "__name__": "tilegrad.functional"}
    exec(compile(code, f"<{entry['name']} of the registry>", "exec"), known)
    function: Callable[..., Any] = known[entry["name"]]
    function.__doc__ = _document(entry)
    function.differentiable = DIFFERENTIABLE  # type: ignore[attr-defined]
    return function


def _document(entry: _Entry) -> str:
    facts, of_classes = entry["facts"], is_of_classes(entry)
    doc = entry["doc"].strip()
    text, _, example = doc.partition("\n\nExample:\n")
    row = facts.get("kind") == "row"
    lines = f"    prediction: Floats of shape {'(rows, columns)' if row else 'of any kind'}, or a traced tensor.\n"
    lines = lines.replace("of shape of any kind", "of any shape")
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
    lines += parameter_lines({**entry, "parameters": parameters_of(entry)})
    if of_classes:
        lines += "    ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.\n"
    lines += (
        "    sample_weight: Weight of each row; a row of weight 0 counts as absent.\n"
        f'    reduction: "mean", "sum", "none" for the loss of each {"row" if row else "number"}, or "batchmean", the sum\n'
        f'        over the number of rows; "{default_reduction(entry)}" by default.\n'
        '    style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where\n'
        "        they are not given.\n"
    )
    return (
        f"{text}\n\nArgs:\n{lines}\n"
        f'Returns:\n    A number, or an array with reduction "none".\n\n'
        "Raises:\n    ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the\n"
        "        loss.\n"
        "    TypeError: If a dtype does not fit.\n\n"
        f"Example:\n{example or _example(entry)}\n"
    )


def _example(entry: _Entry) -> str:
    target = str(entry["facts"].get("targets"))
    arrays = _EXAMPLES.get(target, "np.array([0.25, 0.5]), np.array([0.0, 1.0])")
    call = f"{entry['name']}({arrays})"
    if entry["facts"].get("non_negative"):
        return f"    >>> {call} >= 0\n    True"
    return f"    >>> bool(np.isfinite({call}))\n    True"


def make_losses() -> dict[str, Callable[..., Any]]:
    """A function for every loss of the registry."""
    return {entry["name"]: _make(entry) for entry in loss_entries()}

"""What the functions of `functions` share: a loss of arrays, or of traced tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tilegrad.functional.losses import checks
from tilegrad.functional.losses.catalogue import loss_entry
from tilegrad.functional.losses.entries import domain_of, is_of_classes, operands_of
from tilegrad.functional.losses.traced import Options, check_shapes, classes_of, trace
from tilegrad.tensor import Array, Traceable
from tilegrad.transform import jit
from tilegrad.words.checks import check_array, check_choice, check_count
from tilegrad.words.labels import check_range

if TYPE_CHECKING:
    from tilegrad._core import _Entry

Function = TypeVar("Function", bound=Callable[..., Any])


def by_prediction(function: Function) -> Function:
    """Marks a loss: it is differentiated by its prediction; what that is compared with is given."""
    function.differentiable = (0,)  # type: ignore[attr-defined]
    return function


def resolve(entry: _Entry, settings: Mapping[str, Any], options: Options, style: str | None) -> tuple[Any, Options]:
    """Settings and options under a style: where they were left as they are by default, it decides."""
    if style is None:
        return settings, options
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
    """Refuses a normalization that does not exist, and a class to ignore that is not a number."""
    check_choice(entry["name"], "normalization", options.normalization, checks.NORMALIZATIONS)
    if options.ignore_index is not None:
        check_count(entry["name"], "ignore_index", options.ignore_index, -(2**63), kind="a whole number or None")


@cache
def _compiled(name: str) -> Callable[..., Any]:
    """The loss of checked arrays: the cached plans that ``tg.jit`` keeps."""
    entry = loss_entry(name)

    def loss(*operands: Any, reduction: str, settings: dict[str, Any], options: dict[str, Any]) -> Any:
        return trace(entry, operands, settings, Options(**options)).value(reduction)

    loss.__name__ = name
    return jit(loss)


def evaluate(
    name: str,
    operands: tuple[Any, ...],
    settings: dict[str, Any],
    options: Options,
    reduction: str,
    style: str | None,
) -> Any:
    """The loss of a name: arrays are checked here, once, and then go to its compiled body."""
    entry = loss_entry(name)
    check_choice(name, "reduction", reduction, checks.REDUCTIONS)
    if style is not None:
        settings, options = resolve(entry, settings, options, style)
    checks.check_settings(name, entry, settings)
    check_options(entry, options)
    if any(isinstance(operand, Traceable) for operand in operands):
        return trace(entry, operands, settings, options).value(reduction)
    operands, options = _arrays(entry, operands, settings, options, reduction)
    return _compiled(name)(*operands, reduction=reduction, settings=settings, options=options._asdict())


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
    found.append(_class_array(name, operands[1]) if of_classes else _target(entry, operands[1], settings, dtype))
    for spec, value in zip(operands_of(entry), operands[2:], strict=True):
        if value is None or spec["form"] == "labels":
            found.append(value if value is None else _label_array(name, value, prediction.shape, spec["name"]))
        else:
            found.append(checks.numbers(name, value, spec["domain"], dtype, spec["name"]))
    if of_classes:
        check_shapes(entry, [np.shape(array) for array in found if array is not None])
        found[1] = _class_target(name, found, classes_of(entry, found), dtype, options.ignore_index)
    else:
        check_shapes(entry, [array.shape for array in found if array is not None])
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


def _class_array(name: str, target: Any) -> Array:
    return target if type(target) is np.ndarray else check_array(name, "target", target)


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
    array = check_array(name, operand, value)
    if array.dtype.kind not in "iu" or array.shape != shape[:1]:
        raise ValueError(
            f"{name}: expected `{operand}` of {shape[0]} class numbers, got {array.dtype} of {array.shape}"
        )
    check_range(name, array, shape[1], name=operand)
    return array


def parameters_of(entry: _Entry) -> list[Any]:
    """The settings that are the loss's own: the reduction and the normalization are arguments of all."""
    return [parameter for parameter in entry["parameters"] if parameter["name"] not in ("reduction", "normalization")]

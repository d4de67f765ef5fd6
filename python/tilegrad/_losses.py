"""Python functions for the losses of the registry.

A loss that compares number by number is made from its entry alone. ``cross_entropy`` has a form of its own, because it
compares rows with classes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad._activations import parameter_lines
from tilegrad._labels import check_range
from tilegrad._names import registry
from tilegrad.tensor import Array, Tensor, Traceable, as_tensor, find_tensor

if TYPE_CHECKING:
    from tilegrad._core import _Entry

# Losses are differentiated by their prediction; what they compare it with is given.
DIFFERENTIABLE = (0,)
REDUCTIONS = ("mean", "sum", "none")
NORMALIZATIONS = ("weights", "samples")

_TEMPLATE = """
def {name}(prediction, target, {parameters}*, reduction={reduction!r}):
    return general(prediction, target, dict({values}), reduction)
"""


def check_choice(function: str, name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuses a word that is not among the choices."""
    if value not in choices:
        raise ValueError(f"{function}: expected `{name}` to be one of {', '.join(choices)}, got {value!r}")


def _float_array(function: str, name: str, value: Any) -> Array:
    if value is None or isinstance(value, str):
        raise TypeError(f"{function}: expected `{name}` to be an array, got {type(value).__name__}")
    array = np.asarray(value)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{function}: expected `{name}` of float32 or float64, got dtype {array.dtype}")
    return array


def check_floats(function: str, target: Tensor, domain: str) -> None:
    """Refuses integer targets where numbers are compared."""
    if target.dtype == "int32":
        meaning = "0 and 1 as floats" if domain == "unit_interval" else "numbers"
        raise TypeError(
            f"{function}: expected `target` to be {meaning}, got integers, which stand for classes; "
            "convert with .astype(np.float32), or use cross_entropy for classes"
        )


def check_same_shape(function: str, prediction: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Refuses shapes that differ; nothing is broadcast."""
    if prediction == target:
        return
    hint = ""
    if target == prediction[:-1] and prediction[-1:] == (1,):
        hint = "; reshape it with target[:, None]"
    elif prediction == target[:-1] and target[-1:] == (1,):
        hint = "; reshape it with target[:, 0]"
    raise ValueError(f"{function}: expected `target` of shape {prediction}, got {target}{hint}")


def point_inputs(entry: _Entry, prediction: Any, target: Any, sample_weight: Tensor | None = None) -> list[Tensor]:
    """What a loss of numbers is applied to: checked tensors."""
    name = entry["name"]
    like = find_tensor(prediction, target)
    assert like is not None
    prediction = as_tensor(prediction, like)
    if isinstance(target, np.ndarray) and target.dtype.kind in "iub":
        target = zero_or_one(name, target, entry, prediction.dtype)
    target = as_tensor(target, prediction)
    check_floats(name, target, str(entry["facts"].get("targets", "")))
    check_same_shape(name, prediction.shape, target.shape)
    return [prediction, target] if sample_weight is None else [prediction, target, sample_weight]


def zero_or_one(function: str, target: Array, entry: _Entry, dtype: str) -> Array:
    """Integers 0 and 1 as floats, where the loss is between 0 and 1; other integers are left to be refused."""
    if entry["facts"].get("targets") != "unit_interval" and target.dtype.kind != "b":
        meant = "integers stand for classes: use cross_entropy, or convert with .astype(np.float32) if they are amounts"
        raise TypeError(f"{function}: expected `target` of floats, got dtype {target.dtype}; {meant}")
    wrong = np.flatnonzero((target != 0) & (target != 1))
    if wrong.size:
        value = target.reshape(-1)[wrong[0]]
        raise ValueError(f"{function}: expected `target` of 0 and 1, got {value} at position {wrong[0]}")
    return target.astype(dtype)


def check_unit_interval(function: str, target: Array, name: str = "target") -> None:
    """Refuses targets that are no probabilities."""
    place = _core.check_unit_interval(target)
    if place is not None:
        found = target.reshape(-1)[place]
        raise ValueError(f"{function}: expected `{name}` from 0 to 1, got {found} at position {place}")


def check_not_empty(function: str, prediction: Array, reduction: str) -> None:
    """Refuses a mean of nothing."""
    if prediction.size == 0 and reduction != "none":
        raise ValueError(f"{function}: expected `prediction` of at least one number, got shape {prediction.shape}")


def _point_arrays(entry: _Entry, prediction: Any, target: Any, reduction: str) -> tuple[Array, Array]:
    """Checked arrays of one dtype."""
    name = entry["name"]
    prediction, target = _float_array(name, "prediction", prediction), np.asarray(target)
    if target.dtype.kind in "iub":
        target = zero_or_one(name, target, entry, prediction.dtype.name)
    target = _float_array(name, "target", target).astype(prediction.dtype, copy=False)
    check_same_shape(name, prediction.shape, target.shape)
    check_not_empty(name, prediction, reduction)
    if entry["facts"].get("targets") == "unit_interval":
        check_unit_interval(name, target)
    return prediction, target


@cache
def _compiled(name: str) -> Callable[..., Any]:
    """The loss for arrays: the cached plans that ``tg.jit`` keeps."""
    from tilegrad import functional
    from tilegrad.transform import jit

    return jit(getattr(functional, name))


def _general(entry: _Entry) -> Callable[[Any, Any, dict[str, Any], str], Any]:
    name = entry["name"]

    def general(prediction: Any, target: Any, parameters: dict[str, Any], reduction: str) -> Any:
        check_choice(name, "reduction", reduction, REDUCTIONS)
        if isinstance(prediction, Traceable) or isinstance(target, Traceable):
            inputs = point_inputs(entry, prediction, target)
            return inputs[0].tracer.apply(name, inputs, {**parameters, "reduction": reduction})
        prediction, target = _point_arrays(entry, prediction, target, reduction)
        return _compiled(name)(prediction, target, **parameters, reduction=reduction)

    return general


def _make(entry: _Entry) -> Callable[..., Any]:
    name, parameters = entry["name"], [each for each in entry["parameters"] if each["name"] != "reduction"]
    names = [parameter["name"] for parameter in parameters]
    code = _TEMPLATE.format(
        name=name,
        parameters="".join(f"{parameter['name']}={parameter['default']!r}, " for parameter in parameters),
        values=", ".join(f"{each}={each}" for each in names),
        reduction=default_reduction(entry),
    )
    known: dict[str, Any] = {"general": _general(entry), "__name__": "tilegrad.functional"}
    exec(compile(code, f"<{name} of the registry>", "exec"), known)
    function: Callable[..., Any] = known[name]
    function.__doc__ = _document(entry)
    function.differentiable = DIFFERENTIABLE  # type: ignore[attr-defined]
    return function


def default_reduction(entry: _Entry) -> str:
    """``"mean"``, unless the loss is a sum by its name."""
    return str(entry["facts"].get("reduction", "mean"))


def _document(entry: _Entry) -> str:
    name = entry["name"]
    return (
        f"{entry['doc'].strip()}\n\n"
        "Args:\n    prediction: Float array of any shape, or a traced tensor.\n"
        "    target: Floats of the same shape; nothing is broadcast.\n"
        f"{parameter_lines(entry)}"
        '    reduction: "mean" over all numbers, "sum", or "none" for each loss alone; '
        f'"{default_reduction(entry)}" by default.\n\n'
        'Returns:\n    A number, or an array like `prediction` with reduction "none".\n\n'
        "Raises:\n    ValueError: If the shapes differ, or a target is outside the domain of the loss.\n"
        "    TypeError: If the target holds integers, which stand for classes.\n\n"
        f"Example:\n    >>> {name}(np.array([0.0, 0.0]), np.array([0.0, 1.0])) > 0\n    True\n"
    )


def make_losses() -> dict[str, Callable[..., Any]]:
    """A function for every loss of the registry that has none of its own in this file."""
    return {entry["name"]: _make(entry) for entry in registry()["losses"] if entry["name"] not in globals()}


def cross_entropy(
    prediction: Any,
    target: Any,
    weight: Any = None,
    normalization: str = "weights",
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Any:
    """Cross-entropy of softmax(prediction) with classes or distributions.

    Per row it is ``-sum(target * log_softmax(prediction))``.

    Softmax and loss are computed in one pass, in the log domain, so that no logit is too large. It follows PyTorch:
    logits, not probabilities, and a mean with class weights divides by the sum of the weights; Keras divides by the
    number of rows, which is ``normalization="samples"``.

    Args:
        prediction: Logits of shape (rows, classes).
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row (one-hot or soft), floats of
            shape (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the ``"weights"`` that took part, or the number of
            ``"samples"``.
        label_smoothing: Share of each target spread evenly over all classes, in [0, 1].
        ignore_index: Class number whose rows do not count. PyTorch ignores -100 by default, we ignore nothing.
        reduction: "mean", "sum", or "none" for the loss of each row.

    Returns:
        A number, or an array of shape (rows,) with reduction "none".

    Raises:
        ValueError: If shapes do not fit, a label is out of range, or a target row is no distribution.
        TypeError: If the prediction is not of floats.

    Example:
        >>> cross_entropy(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]), reduction="none").round(6)
        array([0.371101, 0.437488])
    """
    check_choice("cross_entropy", "reduction", reduction, REDUCTIONS)
    check_choice("cross_entropy", "normalization", normalization, NORMALIZATIONS)
    settings = {"normalization": normalization, "label_smoothing": label_smoothing, "ignore_index": ignore_index}
    if isinstance(prediction, Traceable) or isinstance(target, Traceable):
        inputs, attributes = row_inputs(prediction, target, weight, settings)
        return inputs[0].tracer.apply("cross_entropy", inputs, {**attributes, "reduction": reduction})
    prediction, target = _row_arrays(prediction, target, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: expected `label_smoothing` in [0, 1], got {label_smoothing}")
    if weight is not None:
        weight = _class_weights(weight, prediction)
    return _compiled("cross_entropy")(prediction, target, weight=weight, **settings, reduction=reduction)


def _row_arrays(prediction: Any, target: Any, reduction: str) -> tuple[Array, Array]:
    """Checked logits and targets."""
    prediction = _float_array("cross_entropy", "prediction", prediction)
    target = np.asarray(target)
    if target.dtype.kind not in "iubf":
        raise TypeError(f"cross_entropy: expected `target` of integers or floats, got dtype {target.dtype}")
    check_rows("cross_entropy", prediction.shape, target, labels=target.dtype.kind in "iub")
    check_not_empty("cross_entropy", prediction, reduction)
    if target.dtype.kind == "f":
        target = target.astype(prediction.dtype, copy=False)
        check_distributions("cross_entropy", target)
    return prediction, target


def _class_weights(weight: Any, prediction: Array) -> Array:
    """Checked weights in the dtype of the logits."""
    array = np.asarray(weight, prediction.dtype)
    check_class_weight_shape(array.shape, prediction.shape[1])
    if not (np.isfinite(array).all() and array.min() >= 0):
        raise ValueError(f"cross_entropy: expected `weight` of finite numbers from 0, got {array}")
    return array


cross_entropy.differentiable = DIFFERENTIABLE  # type: ignore[attr-defined]


def check_rows(function: str, prediction: tuple[int, ...], target: Any, *, labels: bool) -> None:
    """Refuses shapes that do not belong together."""
    if len(prediction) != 2 or prediction[1] == 0:
        raise ValueError(f"{function}: expected `prediction` of shape (rows, classes), got {prediction}")
    expected, shape = prediction[:1] if labels else prediction, target.shape
    if shape == expected:
        return
    if not labels and shape == prediction[:1]:
        raise TypeError(
            f"{function}: expected `target` of integer class numbers, got dtype {target.dtype}; "
            "convert with .astype(np.int64), or use mean_squared_error for amounts"
        )
    hint = ""
    if labels and shape == (*expected, 1):
        hint = "; flatten it with target[:, 0]"
    elif labels and shape == prediction:
        hint = "; one-hot rows must be floats: target.astype(np.float32)"
    raise ValueError(f"{function}: expected `target` of shape {expected}, got {shape}{hint}")


def check_distributions(function: str, target: Array, name: str = "target") -> None:
    """Refuses rows that are no distributions: numbers below 0, or a sum other than 1."""
    row = _core.check_distributions(target)
    if row is not None:
        raise ValueError(
            f"{function}: expected `{name}` to hold a distribution in each row (numbers from 0 with sum 1), got "
            f"{target[row]} in row {row}; "
            "use mean_squared_error for amounts, binary_cross_entropy_with_logits for several labels at once"
        )


def row_inputs(
    prediction: Any, target: Any, weight: Any, settings: dict[str, Any], sample_weight: Tensor | None = None
) -> tuple[list[Tensor], dict[str, Any]]:
    """What cross-entropy is applied to: checked tensors, and the attributes that say which they are."""
    like = find_tensor(prediction, target)
    assert like is not None
    tracer, logits = like.tracer, as_tensor(prediction, like)
    ignored = settings.get("ignore_index")
    if not isinstance(target, Traceable):
        array = np.asarray(target)
        check_rows("cross_entropy", logits.shape, array, labels=array.dtype.kind in "iub")
        if array.dtype.kind in "iub":
            check_range("cross_entropy", array, logits.shape[-1], ignored)
            target = tracer.constant(array, "int32")
    rows = as_tensor(target, logits)
    check_rows("cross_entropy", logits.shape, rows, labels=rows.dtype == "int32")
    if rows.dtype == "int32" and rows.value in tracer.input_order:
        classes = logits.shape[-1]
        tracer.checks.append((rows.value, lambda labels: check_range("cross_entropy", labels, classes, ignored)))
    inputs = [logits, rows]
    if weight is not None:
        inputs.append(as_tensor(weight, logits))
        check_class_weight_shape(inputs[2].shape, logits.shape[-1])
    if sample_weight is not None:
        inputs.append(sample_weight)
    given = {name: value for name, value in settings.items() if value is not None}
    return inputs, {**given, "class_weight": weight is not None, "sample_weight": sample_weight is not None}


def check_class_weight_shape(shape: tuple[int, ...], classes: int) -> None:
    """Refuses class weights that are not one for each class."""
    if shape != (classes,):
        raise ValueError(f"cross_entropy: expected `weight` of shape ({classes},), got {shape}")

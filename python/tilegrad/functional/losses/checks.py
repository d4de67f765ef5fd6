"""Checking what a loss is given: shapes, dtypes, domains, settings. Nothing is changed when something is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.tensor import Array, Traceable
from tilegrad.words.checks import check_array, check_choice, is_number

if TYPE_CHECKING:
    from tilegrad._core import _Entry

REDUCTIONS = ("mean", "sum", "none", "batchmean")
NORMALIZATIONS = ("weights", "samples")
STYLES = ("torch", "keras", "optax", "sklearn")

# What a domain is called, and what tells its members.
_DOMAINS: dict[str, tuple[str, Any]] = {
    "zero_or_one": ("of 0 and 1", lambda x: (x == 0) | (x == 1)),
    "sign": ("of -1 and 1", lambda x: (x == 1) | (x == -1)),
    "non_negative": ("of numbers from 0", lambda x: x >= 0),
    "positive": ("of numbers above 0", lambda x: x > 0),
    "above_minus_one": ("of numbers greater than -1", lambda x: x > -1),
    "log_probabilities": ("of logarithms of probabilities, from 0 down", lambda x: x <= 1e-6),
}
# Domains in which integers are numbers and not classes.
COUNTED = ("unit_interval", "zero_or_one", "sign", "non_negative")


def check_settings(function: str, entry: _Entry, settings: Mapping[str, Any]) -> None:
    """Refuses settings outside their ranges."""
    for parameter in entry["parameters"]:
        name = parameter["name"]
        if name not in settings:
            continue
        value, default = settings[name], parameter["default"]
        # Most are left as they are.
        if value is default or (type(value) is type(default) and value == default) or isinstance(value, Traceable):
            continue
        if "choices" in parameter:
            check_choice(function, name, value, tuple(parameter["choices"]))
        elif parameter.get("per_class"):
            _check_range(function, parameter, np.asarray(value))
        elif not is_number(value):
            raise TypeError(f"{function}: expected `{name}` to be a number, got {value!r}")
        else:
            _check_range(function, parameter, np.asarray(value))


def _check_range(function: str, parameter: Mapping[str, Any], value: Array) -> None:
    if value.dtype.kind not in "fiu":
        raise TypeError(f"{function}: expected `{parameter['name']}` of numbers, got {value.tolist()!r}")
    low, high = parameter["low"], parameter["high"]
    above = value >= low if parameter["low_closed"] else value > low
    below = value <= high if parameter["high_closed"] else value < high
    if not (above & below).all():
        opening, closing = "[" if parameter["low_closed"] else "(", "]" if parameter["high_closed"] else ")"
        allowed = f"{opening}{low:g}, {high:g}{closing}"
        raise ValueError(f"{function}: expected `{parameter['name']}` in {allowed}, got {value}")


def float_array(function: str, name: str, value: Any) -> Array:
    """The value as an array of floats, or a ``TypeError``."""
    array = value if type(value) is np.ndarray else check_array(function, name, value)
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"{function}: expected `{name}` of float32 or float64, got dtype {array.dtype}")
    return array


def check_same_shape(function: str, prediction: tuple[int, ...], target: tuple[int, ...], name: str = "target") -> None:
    """Refuses shapes that differ; nothing is broadcast."""
    if prediction == target:
        return
    hint = ""
    if target == prediction[:-1] and prediction[-1:] == (1,):
        hint = f"; reshape it with {name}[:, None]"
    elif prediction == target[:-1] and target[-1:] == (1,):
        hint = f"; reshape it with {name}[:, 0]"
    raise ValueError(f"{function}: expected `{name}` of shape {prediction}, got {target}{hint}")


def numbers(function: str, value: Any, domain: str, dtype: Any, name: str = "target") -> Array:
    """An operand as floats; integers where the domain says that they are numbers, and in ``bool`` 0 and 1."""
    array = value if type(value) is np.ndarray else check_array(function, name, value)
    if array.dtype.kind == "b" or (array.dtype.kind in "iu" and domain in COUNTED):
        wanted = "zero_or_one" if domain == "unit_interval" else domain
        check_domain(function, array, wanted, name)
        return array.astype(dtype)
    if array.dtype.kind in "iu":
        raise TypeError(
            f"{function}: expected `{name}` of floats, got dtype {array.dtype}; integers stand for classes: use "
            "cross_entropy, or convert with .astype(np.float32) if they are amounts"
        )
    array = float_array(function, name, array).astype(dtype, copy=False)
    check_domain(function, array, domain, name)
    return array


def check_domain(function: str, array: Array, domain: str, name: str) -> None:
    """Refuses numbers outside a domain, naming the first and its place."""
    if domain in ("real", "classes"):
        return
    if domain == "unit_interval":
        return check_unit_interval(function, array, name)
    if domain == "distribution":
        return check_distributions(function, array, name)
    words, member = _DOMAINS[domain]
    wrong = ~np.asarray(member(array)).reshape(-1)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        value = array.reshape(-1)[place]
        hint = "; 0 and 1 become -1 and 1 with 2 * target - 1" if domain == "sign" and value == 0 else ""
        raise ValueError(f"{function}: expected `{name}` {words}, got {value} at position {place}{hint}")


def check_unit_interval(function: str, array: Array, name: str = "target") -> None:
    """Refuses numbers that are not probabilities."""
    place = _core.check_unit_interval(array)
    if place is not None:
        found = array.reshape(-1)[place]
        hint = "; logits go into binary_cross_entropy_with_logits" if name == "prediction" else ""
        raise ValueError(f"{function}: expected `{name}` from 0 to 1, got {found} at position {place}{hint}")


def check_distributions(function: str, array: Array, name: str = "target") -> None:
    """Refuses rows that are not distributions: numbers below 0, or a sum other than 1."""
    row = _core.check_distributions(array)
    if row is not None:
        hint = (
            "logits go into cross_entropy"
            if name == "prediction"
            else ("use mean_squared_error for amounts, binary_cross_entropy_with_logits for several labels at once")
        )
        raise ValueError(
            f"{function}: expected `{name}` to hold a distribution in each row (numbers from 0 with sum 1), got "
            f"{array[row]} in row {row}; {hint}"
        )


def check_not_empty(function: str, prediction: Array, reduction: str) -> None:
    """Refuses a mean of nothing."""
    if prediction.size == 0 and reduction != "none":
        raise ValueError(f"{function}: expected `prediction` of at least one number, got shape {prediction.shape}")


def check_rows(function: str, prediction: tuple[int, ...], target: Any, *, labels: bool) -> None:
    """Refuses shapes of logits and classes that do not belong together."""
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


def class_weights(function: str, weight: Any, classes: int, dtype: Any) -> Array:
    """Weights of classes in the dtype of the loss: one for each, finite and not negative."""
    array = check_array(function, "weight", weight)
    check_class_weight_shape(function, array.shape, classes)
    return checked_weights(function, "weight", array.astype(dtype))


def check_class_weight_shape(function: str, shape: tuple[int, ...], classes: int) -> None:
    """Refuses class weights that are not one for each class."""
    if shape != (classes,):
        raise ValueError(f"{function}: expected `weight` of shape ({classes},), got {shape}")


def sample_weights(function: str, weight: Any, rows: int, dtype: Any) -> Array:
    """Weights of rows in the dtype of the loss: one for each, finite and not negative."""
    array = check_array(function, "sample_weight", weight)
    if array.shape != (rows,):
        raise ValueError(f"{function}: expected `sample_weight` of shape ({rows},), got {array.shape}")
    return checked_weights(function, "sample_weight", array.astype(dtype))


def checked_weights(function: str, name: str, array: Array) -> Array:
    """Weights that are finite and not negative."""
    if not (np.isfinite(array).all() and (array.size == 0 or array.min() >= 0)):
        raise ValueError(f"{function}: expected `{name}` of finite numbers from 0, got {array}")
    return array

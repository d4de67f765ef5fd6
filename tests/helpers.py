"""Shared by several test files: distances in units of the last place, numeric derivatives, bytes."""

import inspect
import itertools

import numpy as np
import reference
from tilegrad.functional.losses.catalogue import loss_entries
from tilegrad.words.registry import registry

REGISTRY = {**registry(), "losses": loss_entries()}
ACTIVATIONS = {entry["name"]: entry for entry in REGISTRY["activations"]}
LOSSES = {entry["name"]: entry for entry in REGISTRY["losses"]}
OPTIMIZERS = {entry["name"]: entry for entry in REGISTRY["optimizers"]}


def ulp_error(actual, expected):
    """Distance of each number from a float64 expectation, in units of the last place of the expectation in its dtype.

    Infinite or NaN on both sides counts 0, on one side only infinity.
    """
    actual = np.asarray(actual)
    expected = np.asarray(expected, dtype=np.float64)
    with np.errstate(all="ignore"):
        rounded = expected.astype(actual.dtype)
        unit = np.spacing(np.minimum(np.abs(rounded), np.finfo(actual.dtype).max)).astype(np.float64)
        error = np.abs(actual.astype(np.float64) - expected) / unit
    same = (actual == rounded) | (np.isnan(actual) & np.isnan(rounded))
    error[same & ~np.isfinite(expected) | (same & ~np.isfinite(rounded))] = 0.0
    error[np.isnan(error)] = np.inf
    return error


def is_normal(expected, dtype):
    """Where the expectation is a normal number of the dtype."""
    with np.errstate(over="ignore"):
        rounded = np.abs(np.asarray(expected).astype(dtype))
    return (rounded >= np.finfo(dtype).tiny) & np.isfinite(rounded)


def same_bits(a, b):
    """Whether two arrays hold the same bytes; NaNs of any payload count as equal."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    unsigned = f"u{a.dtype.itemsize}"
    different = np.ascontiguousarray(a).reshape(-1).view(unsigned) != np.ascontiguousarray(b).reshape(-1).view(unsigned)
    both_nan = (np.isnan(a) & np.isnan(b)).reshape(-1) if a.dtype.kind == "f" else False
    return not (different & ~both_nan).any() if a.dtype.kind == "f" else not different.any()


def fourth_order_gradient(function, x, step=1e-3):
    """The gradient of a scalar function of a float64 array, by differences of fourth order."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        terms = []
        for offset in (-2, -1, 1, 2):
            moved = np.array(x)
            moved[index] += offset * step
            terms.append(float(function(moved)))
        gradient[index] = (terms[0] - 8 * terms[1] + 8 * terms[2] - terms[3]) / (12 * step)
    return gradient


def reference_functions():
    """The public functions of the reference by kind: ``activations``, ``losses``, ``optimizers`` and ``rows``."""
    kinds = {"activations": {}, "losses": {}, "optimizers": {}, "rows": {}}
    for name, function in vars(reference).items():
        # What normalises rows is an operation of the engine, and no entry of the registry.
        elsewhere = ("_common", "normalization")
        if name.startswith("_") or not inspect.isfunction(function) or function.__module__.endswith(elsewhere):
            continue
        first = next(iter(inspect.signature(inspect.unwrap(function)).parameters))
        if "softmax" in name and first != "prediction":
            kinds["rows"][name] = function
        else:
            kinds[{"x": "activations", "prediction": "losses", "weight": "optimizers"}[first]][name] = function
    return kinds


def settings_of(name):
    """The defaults, and for an activation with parameters a few other values inside their ranges."""
    parameters = ACTIVATIONS[name]["parameters"]
    choices = []
    for parameter in parameters:
        inside = [value for value in (0.2, 1.7) if parameter["low"] <= value <= parameter["high"]]
        choices.append([parameter["default"], *inside])
    return [tuple(values) for values in itertools.product(*choices)]


def kinks_of(name, values):
    """Where the entry says that the slope has two sides or the value jumps, with these parameters."""
    named = dict(zip((parameter["name"] for parameter in ACTIVATIONS[name]["parameters"]), values, strict=True))
    known = {**named, **{f"-{parameter}": -value for parameter, value in named.items()}}
    return [known[kink] if kink in known else float(kink) for kink in ACTIVATIONS[name]["facts"]["kinks"]]

"""Operands that a loss accepts, from what its entry says of their domains."""

import numpy as np
from helpers import LOSSES


def of_domain(domain, shape, dtype, generator):
    """Numbers of a domain, on both sides of its middle."""
    x = 3.0 * generator.standard_normal(shape)
    found = {
        "real": lambda: x,
        "unit_interval": lambda: 0.5 + 0.45 * np.tanh(x),
        "non_negative": lambda: np.abs(x),
        "above_minus_one": lambda: np.abs(x) - 0.9,
        "sign": lambda: np.where(x > 0, 1.0, -1.0),
        "zero_or_one": lambda: np.where(x > 0, 1.0, 0.0),
        "distribution": lambda: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
        "log_probabilities": lambda: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
    }[domain]()
    return found.astype(dtype)


def operands(name, rows=13, columns=5, dtype=np.float64, seed=0):
    """Prediction, target and the further operands that are required."""
    facts = LOSSES[name]["facts"]
    generator = np.random.default_rng([seed, rows, columns])
    further = [each for each in facts.get("operands", ()) if not each["optional"]]
    classes = 4 if any(each["form"] == "vectors" for each in further) else columns
    width = columns + 1 if classes != columns else 2 * columns if facts.get("halves") else columns
    prediction = of_domain(facts["predictions"], (rows, width), dtype, generator)
    if facts["targets"] == "classes":
        target = generator.integers(0, classes, rows)
    else:
        shape = (rows,) if facts.get("target_form") == "rows" else (rows, columns)
        target = of_domain(facts["targets"], shape, dtype, generator)
    found = [prediction, target]
    for each in further:
        shape = (width, classes) if each["form"] == "vectors" else (rows, columns)
        found.append(of_domain(each["domain"], shape, dtype, generator))
    return found


def by_rows(name, arrays, rows):
    """The operands of some rows: vectors belong to all of them."""
    forms = [
        "like",
        "like",
        *(each["form"] for each in LOSSES[name]["facts"].get("operands", ()) if not each["optional"]),
    ]
    return [array if form == "vectors" else array[rows] for array, form in zip(arrays, forms, strict=True)]

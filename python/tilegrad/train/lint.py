"""Looking over data and models for what is allowed and probably not meant."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np

from tilegrad.losses import Loss
from tilegrad.metrics.base import DECIDED
from tilegrad.nn.module import Module
from tilegrad.nn.normalization import BatchNorm
from tilegrad.run.features import as_array
from tilegrad.run.rows import Rows
from tilegrad.run.runner import Runner
from tilegrad.tensor import Array
from tilegrad.train.session import Session
from tilegrad.train.stopping import TrainingWarning
from tilegrad.words.operations import LINEAR, PRODUCTS, SATURATING

# Rows that are looked at for every fit, rows and columns that are looked at when asked.
_GLANCE, _ROWS, _COLUMNS = 256, 10_000, 2_000
# A batch of so many rows is large, and so many updates are few.
_LARGE, _FEW = 512, 100
# Running statistics keep exp(-3), a twentieth, of where they began after three times the batches that they average.
_MEMORIES = 3
# Standard deviations that differ by more than this slow down every method that takes the same step in all directions.
_APART = 1e3

_STACKED = (
    "layers {} and {} are linear with nothing between them, which is one linear layer: put an activation between them, such "
    "as nn.ReLU()"
)
_APART_BY = "standard deviations of features differ by a factor of {2:.3g} (columns {0} and {1}): "


class DataReport(NamedTuple):
    """What was seen of some data; ``print`` shows it, and ``advice`` says what to do about it.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> x = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])
        >>> report = tg.check_data(x)
        >>> report.rank, report.columns, report.is_full_rank
        (2, 2, False)
    """

    rows: int
    columns: int
    # Of the features and a column of ones, the bias; full is columns + 1.
    rank: int
    scales: Array
    means: Array
    constant: tuple[int, ...]
    missing: int
    classes: Array | None
    advice: tuple[str, ...]

    @property
    def is_full_rank(self) -> bool:
        """Whether no feature is a sum of multiples of others and a constant."""
        return self.rank == self.columns + 1

    def __str__(self) -> str:
        spread = self.scales[self.scales > 0]
        seen = f"{spread.min():.3g} to {spread.max():.3g}" if spread.size else "0"
        lines = [
            f"{self.rows:,} rows of {self.columns:,} features; standard deviations {seen}; rank {self.rank} of "
            f"{self.columns + 1} with the bias"
        ]
        if self.classes is not None:
            lines.append(f"rows of each class: {', '.join(map(str, self.classes))}")
        return "\n".join([*lines, *(f"- {text}" for text in self.advice or ("nothing to complain of",))])


def check_data(x: Any, y: Any = None) -> DataReport:
    """Looks over features and targets: gaps, constant and dependent columns, scales, classes without balance.

    At most 10,000 rows, evenly spread, and 2,000 columns are looked at; nothing is changed.

    Args:
        x: Features of shape (rows, features); further axes are taken for features.
        y: Targets: class numbers (integers) or amounts (floats).

    Returns:
        A :class:`DataReport` of numbers and advice.

    Raises:
        ValueError: If there are no rows, or ``y`` has not as many.
        TypeError: If something is not an array of numbers.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> x = np.array([[1.0, 2000.0], [2.0, -3000.0], [3.0, 9000.0], [5.0, 5000.0]])
        >>> print(tg.check_data(x, np.array([0, 1, 1, 1])))
        4 rows of 2 features; standard deviations 1.48 to 4.38e+03; rank 3 of 3 with the bias
        rows of each class: 1, 3
        - standard deviations of features differ by a factor of 2.96e+03 (columns 0 and 1): scale them, (x - mean) / std
    """
    array = as_array("check_data", "x", x)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"check_data: expected `x` of shape (rows, features), got {array.shape}")
    rows, columns = len(array), array[0].size
    seen = _sample(array, _ROWS)[:, :_COLUMNS].astype(np.float64)
    missing = int((~np.isfinite(seen)).sum())
    whole = seen[np.isfinite(seen).all(axis=1)]
    means, scales = (whole.mean(axis=0), whole.std(axis=0)) if len(whole) else (np.zeros(seen.shape[1]),) * 2
    constant = tuple(np.flatnonzero(scales <= 1e-12 * np.abs(means)).tolist())
    rank = _rank(whole, means, scales)
    advice = _advice(seen.shape[1], missing, constant, rank, scales)
    labels = _classes(y, rows)
    if labels is not None and labels.size > 1 and labels.max() > 10 * max(labels.min(), 1):
        advice.append('classes are far from balance: give fit class_weight="balanced", and look at f1 beside accuracy')
    return DataReport(rows, min(columns, _COLUMNS), rank, scales, means, constant, missing, labels, tuple(advice))


def _sample(array: Array, most: int) -> Array:
    """Rows evenly spread, as a matrix."""
    step = max(-(-len(array) // most), 1)
    return array[::step].reshape(len(array[::step]), -1)


def _classes(y: Any, rows: int) -> Array | None:
    """Rows of each class, if there are classes."""
    if y is None:
        return None
    labels = as_array("check_data", "y", y)
    if len(np.atleast_1d(labels)) != rows:
        raise ValueError(f"check_data: expected `y` with one entry for each of {rows} rows, got {labels.shape}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 10_000:
        return None
    return np.bincount(labels.reshape(-1))


def _rank(rows: Array, means: Array, scales: Array) -> int:
    """Rank of the features with a column of ones: 1, and that of the features about their means."""
    if len(rows) == 0:
        return 0
    scaled = (rows - means) / np.where(scales > 0, scales, 1)
    scaled[:, scales <= 1e-12 * np.abs(means)] = 0
    # Squared, singular values below 1e-6 of the greatest are lost: as near to dependent as matters.
    values = np.linalg.eigvalsh(scaled.T @ scaled / len(rows))
    return 1 + int((values > 1e-10 * max(values[-1], 1e-300)).sum()) if values[-1] > 0 else 1


def _advice(columns: int, missing: int, constant: tuple[int, ...], rank: int, scales: Array) -> list[str]:
    advice = []
    if missing:
        advice.append(f"{missing} numbers are NaN or infinite: remove such rows or fill the gaps first")
    if constant:
        shown = ", ".join(map(str, constant[:5])) + (", ..." if len(constant) > 5 else "")
        advice.append(f"columns that never change say nothing: {shown}; leave them out")
    dependent = columns + 1 - rank - len(constant)
    if dependent > 0 and rank:
        advice.append(
            f"the features and the bias have rank {rank} of {columns + 1}: {dependent} of them are sums of others, so "
            "single weights mean nothing; leave some out, or add weight decay"
        )
    apart = _far_apart(scales)
    if apart is not None:
        advice.append(_APART_BY.format(*apart) + "scale them, (x - mean) / std")
    return advice


def _far_apart(scales: Array) -> tuple[int, int, float] | None:
    """The columns with the least and the greatest scale, and how often one goes into the other, if that is too often."""
    moving = np.flatnonzero(scales > 0)
    if moving.size < 2:
        return None
    least, most = moving[scales[moving].argmin()], moving[scales[moving].argmax()]
    ratio = float(scales[most] / scales[least])
    return (int(least), int(most), ratio) if ratio > _APART else None


def check_model(model: Module, input_shape: tuple[int, ...] | None = None) -> list[str]:
    """Looks over a model: linear layers with nothing between them, saturating activations in hidden layers.

    Args:
        model: The model.
        input_shape: Shape of a row, if the model does not know it.

    Returns:
        Advice, one text each; none if there is nothing to say or no shape is known.

    Example:
        >>> import tilegrad as tg
        >>> from tilegrad import nn
        >>> tg.check_model(nn.Sequential(nn.Dense(4, 8), nn.Dense(8, 3)))[0]
        'layers 0 and 1 are linear with nothing between them, which is one linear layer: put an activation between them, such as nn.ReLU()'
    """
    shape = input_shape if input_shape is not None else model.row_shape
    if shape is None:
        return []
    nodes = _nodes(model, shape)
    advice = [_STACKED.format(*pair) for pair in _stacked(nodes)]
    saturating = sorted({node["operation"] for node in nodes[:-1] if node["operation"] in SATURATING})
    if saturating:
        advice.append(
            f"{' and '.join(saturating)} in hidden layers: gradients fade where they saturate; ReLU or GELU train deep "
            "networks faster"
        )
    return advice


def _nodes(model: Module, shape: tuple[int, ...]) -> list[Any]:
    """The values of the model's graph, in order."""
    return list(Runner(model).trace(1, shape, training=False)[0].graph.nodes())


def _stacked(nodes: list[Any]) -> list[tuple[str, str]]:
    """Pairs of layers whose products follow one another with nothing but sums between them."""
    # For each value the layer whose product it is, if nothing but linear operations came since.
    since: dict[int, str | None] = {}
    found = []
    for value, node in enumerate(nodes):
        before = [since.get(source) for source in node["inputs"]]
        linear = next((layer for layer in before if layer is not None), None)
        if node["operation"] in PRODUCTS and any(nodes[source]["kind"] == "parameter" for source in node["inputs"]):
            if linear is not None:
                found.append((linear, node["scope"]))
            since[value] = node["scope"]
        else:
            since[value] = linear if node["operation"] in LINEAR else None
    return found


def warn_of(session: Session, rows: Rows, held: Rows | None, asked: Any, size: int, epochs: int) -> None:
    """Warns of what is probably not meant: once of a model, and at each fit of data and of the size of batches."""
    found = [*_of_updates(len(rows), asked, size, epochs), *_of_features(rows)]
    if held is not None:
        found += _of_classes(session.loss, rows, held)
    if not session.looked_over:
        session.looked_over = True
        found += [_STACKED.format(*pair) for pair in _stacked(_nodes(session.model, rows.form.row_shape))]
        found += _of_statistics(session, epochs * -(-len(rows) // size))
        if getattr(session.loss, "reduction", "mean") == "sum":
            found.append(
                f"{session.loss!r} is a sum over the rows of a batch, so its steps grow with batch_size; take a mean, or "
                "divide the learning rate by the batch size"
            )
    for text in found:
        warnings.warn(f"fit: {text}", TrainingWarning, stacklevel=3)


def _of_updates(rows: int, asked: Any, size: int, epochs: int) -> list[str]:
    """Where a large batch leaves few updates: on small data the loss then hardly comes down."""
    updates = epochs * -(-rows // size)
    if isinstance(asked, str) or not _LARGE <= size < rows or updates >= _FEW:
        return []
    return [
        f"batch_size={size} leaves {updates} updates in {epochs} epochs of {rows} rows; a smaller batch or more epochs bring "
        "the loss further down"
    ]


def _of_classes(loss: Loss, rows: Rows, held: Rows) -> list[str]:
    """Where classes to evaluate on are among no rows to train on, as at the end of rows that are sorted by class."""
    absent = sorted(_labels(loss, held.y) - _labels(loss, rows.y)) if loss.targets in DECIDED else []
    if not absent:
        return []
    which = f"class {absent[0]} is" if len(absent) == 1 else f"classes {', '.join(map(str, absent[:5]))} are"
    return [
        f"{which} among the rows to evaluate on, and in none to train on{', ...' * (len(absent) > 5)}; split the rows with "
        'validation_from="stratified", or shuffle them first'
    ]


def _labels(loss: Loss, y: Array) -> set[int]:
    """The classes that occur in targets: labels, one-hot rows, or a column of no and yes."""
    if y.dtype.kind in "iub":
        return set(np.unique(y).tolist()) - {loss.ignore_index}
    if y.ndim == 2 and y.shape[1] > 1:
        return set(np.flatnonzero(y.any(axis=0)).tolist())
    found = np.unique(y)
    return {int(value) for value in found} if found.size <= 2 else set()


def _of_statistics(session: Session, updates: int) -> list[str]:
    """Where running statistics see too few batches to come near those of the data, which evaluation then goes by."""
    updates += session.runner.step
    for name, module in session.model.named_modules():
        if not isinstance(module, BatchNorm):
            continue
        share = module.momentum if module.momentum_convention == "new" else 1 - module.momentum
        # The quotient of numbers such as 3 and 0.1 is not to count as 31 for its last bit.
        needed = math.ceil(_MEMORIES / share - 1e-9) if share > 0 else 0
        if updates < needed:
            return [
                f"the running statistics of BatchNorm {name!r} follow {updates} updates, and need about {needed} to come near "
                "those of the data, which evaluation goes by: take more epochs, smaller batches, or another momentum"
            ]
    return []


def _of_features(rows: Rows) -> list[str]:
    """Where features are of very different sizes."""
    if rows.x.dtype.kind != "f" or rows.x.ndim != 2 or rows.scale is not None:
        return []
    # In double precision, in which the squares of single numbers do not overflow.
    seen = _sample(rows.x, _GLANCE).astype(np.float64)
    # Both by deviation and by range: a pixel that is almost always 0 has a small deviation and an ordinary range.
    apart = _far_apart(seen.std(axis=0))
    if apart is None or _far_apart(np.ptp(seen, axis=0)) is None:
        return []
    return [_APART_BY.format(*apart) + "scale them first, (x - mean) / std; tg.check_data(x) shows more"]

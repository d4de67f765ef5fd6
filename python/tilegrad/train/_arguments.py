"""What is given to fit, evaluate and profile, as checked rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad import _core
from tilegrad.run.features import check_features
from tilegrad.tensor import Array
from tilegrad.train import _data as data
from tilegrad.train._rows import Rows
from tilegrad.train._steps import form_of
from tilegrad.words.checks import check_choice

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


# The epoch that the draw of a validation split pretends to be; no training gets there.
_DRAW = (1 << 62) - 1
# Where the rows of a validation split come from.
PLACES = ("end", "random", "stratified")


def _drawn(trainer: Trainer, rows: Rows, held: int, *, stratified: bool) -> Array:
    """The rows in an order by the trainer's seed, in which those that are held back come last.

    Stratified, each class has its share of them, to the nearest row.
    """
    order = _core.permutation(len(rows.x), trainer.seed, _DRAW)
    if not stratified:
        return order
    if rows.y.dtype.kind not in "iub":
        raise ValueError('fit: expected `validation_from` of "stratified" with class numbers only, got it with amounts')
    labels = rows.y.reshape(-1)[order]
    # Where a row stands among those of its class, as a share of them: the last shares are held back.
    rank = np.empty(len(order))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        rank[places] = (np.arange(len(places)) + 0.5) / len(places)
    return order[np.argsort(rank, kind="stable")]


def rows_for(
    trainer: Trainer, function: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, scale: float | None
) -> Rows:
    """Checked data for a trainer."""
    features = check_features(function, x, trainer.model.input_shape, scale)
    output = trainer._runner.output_shape(features.shape[1:])
    dtype = trainer._runner.dtype
    targets = data.check_targets(function, y, len(features), output, trainer.loss, dtype)
    classes = output[-1] if output else 1
    weights = data.check_sample_weight(function, sample_weight, len(features), dtype)
    of_class = data.check_class_weight(function, class_weight, targets, classes, trainer.loss, dtype)
    return Rows(features, targets, weights, of_class, scale, form_of(features, targets, weights, of_class, dtype))


def split_rows(
    trainer: Trainer, rows: Rows, validation: Any, share: float, taken_from: str = "end"
) -> tuple[Rows, Rows | None]:
    """The rows to train on and those to evaluate on."""
    check_choice("fit", "validation_from", taken_from, PLACES)
    held = data.check_split("fit", share, len(rows.x))
    if validation is not None:
        if held:
            raise ValueError("fit: expected `validation_data` or `validation_split`, got both")
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise ValueError(
                f"fit: expected `validation_data` to be (x, y) or (x, y, sample_weight), got "
                f"{type(validation).__name__}"
            )
        weights = validation[2] if len(validation) == 3 else None
        return rows, rows_for(trainer, "fit", validation[0], validation[1], weights, None, rows.scale)
    if not held:
        return rows, None
    cut = len(rows.x) - held

    if taken_from != "end":
        # Copies, which a memory map then is no longer.
        places = _drawn(trainer, rows, held, stratified=taken_from == "stratified")
        weights = None if rows.sample_weight is None else rows.sample_weight[places]
        rows = rows._replace(x=rows.x[places], y=rows.y[places], sample_weight=weights)

    def part(place: slice, of_class: Array | None) -> Rows:
        weights = None if rows.sample_weight is None else rows.sample_weight[place]
        form = form_of(rows.x, rows.y, weights, of_class, trainer._runner.dtype)
        return Rows(rows.x[place], rows.y[place], weights, of_class, rows.scale, form)

    return part(slice(None, cut), rows.class_weight), part(slice(cut, None), None)

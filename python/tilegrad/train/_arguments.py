"""What is given to fit, evaluate and profile, as checked rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilegrad.tensor import Array
from tilegrad.train import _data as data
from tilegrad.train._rows import Rows
from tilegrad.train._steps import form_of

if TYPE_CHECKING:
    from tilegrad.train.trainer import Trainer


def rows_for(
    trainer: Trainer, function: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, scale: float | None
) -> Rows:
    """Checked data for a trainer."""
    features = data.check_features(function, x, trainer.model.input_shape, scale)
    output = trainer._runner.output_shape(features.shape[1:])
    dtype = trainer._runner.dtype
    targets = data.check_targets(function, y, len(features), output, trainer.loss, dtype)
    classes = output[-1] if output else 1
    weights = data.check_sample_weight(function, sample_weight, len(features), dtype)
    of_class = data.check_class_weight(function, class_weight, targets, classes, trainer.loss, dtype)
    return Rows(features, targets, weights, of_class, scale, form_of(features, targets, weights, of_class, dtype))


def split_rows(trainer: Trainer, rows: Rows, validation: Any, share: float) -> tuple[Rows, Rows | None]:
    """The rows to train on and those to evaluate on."""
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

    def part(place: slice, of_class: Array | None) -> Rows:
        weights = None if rows.sample_weight is None else rows.sample_weight[place]
        form = form_of(rows.x, rows.y, weights, of_class, trainer._runner.dtype)
        return Rows(rows.x[place], rows.y[place], weights, of_class, rows.scale, form)

    return part(slice(None, cut), rows.class_weight), part(slice(cut, None), None)

"""What a trained model says, in the terms of its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tilegrad.metrics._amounts import R2
from tilegrad.metrics._arrays import figure
from tilegrad.metrics._base import DECIDED, Said, reading_of
from tilegrad.tensor import Array
from tilegrad.train._arguments import rows_for
from tilegrad.train._passes import EVALUATION_BATCH

if TYPE_CHECKING:
    from tilegrad.losses import Loss
    from tilegrad.run.runner import Runner


class Predicting:
    """Predictions of a trainer: classes or amounts, probabilities, and a score."""

    loss: Loss
    _runner: Runner

    def predict(self, x: Any, *, batch_size: int | str = EVALUATION_BATCH, scale: float | None = None) -> Array:
        """What the model says of each row, in the terms of the target: class numbers, or amounts.

        Class numbers are those of the largest score (for several labels at once 0 and 1 for each, for losses of signs -1
        and 1); amounts have the shape
        (rows,) where there is one. ``model.predict`` gives the outputs themselves, such as logits.

        Raises:
            ValueError: If shapes or values do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(2, 3)), "cross_entropy", "adam")
            >>> trainer.predict(np.zeros((4, 2), np.float32))
            array([0, 0, 0, 0])
        """
        said = self._said(x, batch_size, scale)
        if self.loss.targets == "sign":
            return 2 * said.classes_said - 1
        return said.classes_said if self.loss.targets in DECIDED else said.amounts

    def predict_proba(self, x: Any, *, batch_size: int | str = EVALUATION_BATCH, scale: float | None = None) -> Array:
        """Probabilities of each row, (rows, classes); for several labels at once that of each. In double precision.

        Raises:
            ValueError: If shapes or values do not fit, or the loss knows no probabilities.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> model = nn.Sequential(nn.Dense(2, 1))
            >>> trainer = tg.Trainer(model, "binary_cross_entropy_with_logits", "adam")
            >>> trainer.predict_proba(np.zeros((1, 2), np.float32))
            array([[0.5, 0.5]])
        """
        said = self._said(x, batch_size, scale)
        if said.reading.class_link == "scores":
            raise ValueError(
                f"predict_proba: expected a loss with probabilities, such as cross_entropy, got {self.loss!r}"
            )
        return said.probabilities

    def score(self, x: Any, y: Any, *, sample_weight: Any = None, scale: float | None = None) -> float:
        """Accuracy for classes, R2 for amounts, as in scikit-learn.

        Raises:
            ValueError: If shapes or values do not fit.
            TypeError: If a dtype does not fit.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> from tilegrad import nn
            >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(2, 3)), "cross_entropy", "adam")
            >>> trainer.score(np.zeros((4, 2), np.float32), np.array([0, 0, 1, 2]))
            0.5
        """
        with self._runner.alone("score"):
            rows = rows_for(self, "score", x, y, sample_weight, None, scale)  # type: ignore[arg-type]
            said = self._said(rows.x, EVALUATION_BATCH, rows.scale)
            if self.loss.targets not in DECIDED:
                return figure(R2(), said.amounts, rows.y, rows.sample_weight)
            right = said.classes_said == said.true_classes(rows.y)
            return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=rows.sample_weight))

    def _said(self, x: Any, batch_size: int | str, scale: float | None) -> Said:
        """What the model says of each row, and how to read it."""
        output = self._runner.predict(x, batch_size, scale)
        held = self.loss.target_shape(output.shape[1:])
        output = output if held == output.shape[1:] else output[:, : held[-1]]
        columns = output.shape[1] if output.ndim > 1 else 1
        return Said(output, reading_of(self.loss, columns, 0), columns)

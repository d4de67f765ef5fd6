"""Where to start: loss, output, metric, optimizer and sizes for given data, each with its reason.

Example:
    >>> import numpy as np, tilegrad as tg
    >>> x = np.random.default_rng(0).standard_normal((5000, 8)).astype(np.float32)
    >>> y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    >>> suggestion = tg.suggest(x, y)
    >>> suggestion.task, suggestion.loss, suggestion.optimizer
    ('multiclass', 'cross_entropy', 'adam')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tilegrad import nn
from tilegrad.optim import optimizer_for
from tilegrad.run.features import as_array, check_finite
from tilegrad.tensor import Array
from tilegrad.train import Trainer
from tilegrad.words.names import lookup
from tilegrad.words.tables import aligned

# Above this ratio of the largest class to the smallest, a model that always says the largest looks good.
_IMBALANCED = 3.0
# Rows up to which a full-batch method sees all data in a few milliseconds.
_SMALL = 2000
# Share of zeros from which features count as sparse.
_SPARSE = 0.8
# Distinct whole numbers up to which they are taken for classes.
_MOST_CLASSES = 100
# Quartile distances beyond which a target counts as an outlier: for normal data one in 400 million.
_OUTLIER_DISTANCE = 4.0
# Largest ratio of feature spreads that one learning rate serves well.
_SCALE_RATIO = 1e3


@dataclass(frozen=True)
class _Target:
    """What belongs to a kind of target."""

    output: str
    loss: str
    metric: str
    reason: str


_TARGETS = {
    "regression": _Target("identity", "mean_squared_error", "r2", "the targets are real numbers without outliers"),
    "robust regression": _Target(
        "identity", "huber", "mae", "some targets lie far out, and squared error would chase them"
    ),
    "counts": _Target("exp", "poisson", "poisson_deviance", "the targets are whole numbers from 0: counts"),
    "binary": _Target(
        "sigmoid",
        "binary_cross_entropy_with_logits",
        "accuracy",
        "there are two classes: one logit, whose sigmoid is the probability of the second",
    ),
    "multiclass": _Target(
        "softmax", "cross_entropy", "accuracy", "each row belongs to one of several classes: a logit for each"
    ),
    "multilabel": _Target(
        "sigmoid",
        "binary_cross_entropy_with_logits",
        "accuracy",
        "each row may have several labels at once: a logit for each, judged on its own",
    ),
}


@dataclass
class Suggestion:
    """What :func:`suggest` found: a value for each choice, and ``reasons`` under the same names.

    ``print`` shows it as a table.
    """

    task: str
    output: str
    outputs: int
    loss: str
    metric: str
    optimizer: str
    learning_rate: float
    batch_size: int | str
    initializer: str
    class_weight: str | None
    reasons: dict[str, str]
    inputs: int
    notes: list[str] = field(default_factory=list)

    def trainer(self, hidden: tuple[int, ...] = (64, 64), seed: int = 0) -> Trainer:
        """A network with these hidden layers of ReLU, with the suggested loss, metric and optimizer.

        Args:
            hidden: Widths of the hidden layers.
            seed: Seed of the trainer.

        Example:
            >>> import numpy as np, tilegrad as tg
            >>> x = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
            >>> tg.suggest(x, x[:, 0] ** 2).trainer((8,)).model
            Sequential(Dense(1, 8), ReLU(), Dense(8, 1))
        """
        layers: list[Any] = []
        widths = (self.inputs, *hidden)
        for before, after in zip(widths, hidden, strict=False):
            layers += [nn.Dense(before, after), "relu"]
        model = nn.Sequential(*layers, nn.Dense(widths[-1], self.outputs))
        optimizer = optimizer_for(self.optimizer)
        optimizer.learning_rate = self.learning_rate
        return Trainer(model, self.loss, optimizer, metrics=[self.metric], seed=seed)

    def __repr__(self) -> str:
        rows = [(name, str(getattr(self, name)), reason) for name, reason in self.reasons.items()]
        return "\n".join([*aligned(rows), *(f"note: {note}" for note in self.notes)])


def suggest(x: Any, y: Any, *, task: str | None = None) -> Suggestion:
    """Suggests loss, output, metric, optimizer, learning rate, batch size and initialiser for data, with reasons.

    It looks at the targets (kind, balance, outliers) and at the features (rows, scale, zeros); it trains nothing. Take it
    as a place to start from: what it cannot see is how hard the problem is.

    Args:
        x: Features, one row per sample.
        y: Targets: class numbers, one-hot rows, rows of 0 and 1 for several labels at once, counts, or amounts.
        task: The kind of target, where you know better: ``"regression"``, ``"robust regression"``, ``"counts"``,
            ``"binary"``, ``"multiclass"`` or ``"multilabel"``.

    Returns:
        A :class:`Suggestion`.

    Raises:
        ValueError: If the rows of ``x`` and ``y`` differ in number, there are none, or a number is not finite.
        TypeError: If ``x`` or ``y`` holds no numbers.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> x = np.random.default_rng(0).standard_normal((5000, 3)).astype(np.float32)
        >>> suggestion = tg.suggest(x, x.sum(axis=1))
        >>> suggestion.loss, suggestion.output, suggestion.batch_size
        ('mean_squared_error', 'identity', 32)
        >>> suggestion.reasons["loss"]
        'the targets are real numbers without outliers'
    """
    features, targets = _checked(x, y)
    task = _task(targets) if task is None else task
    target = lookup("suggest", "task", task, _TARGETS)
    on_amounts = "the last layer gives amounts as they are"
    on_logits = f"the last layer gives logits; the loss applies the {target.output}, and predict_proba too"
    on_weight = "one class is far more frequent than another; focal_loss is the alternative"
    on_start = "keeps the size of signals through layers of ReLU; sigmoid and tanh take xavier_uniform"
    optimizer, rate, batch_size = _optimizer(features, task)
    chosen: dict[str, tuple[Any, str]] = {
        "task": (task, _seen(targets, features)),
        "output": (target.output, on_amounts if target.output == "identity" else on_logits),
        "loss": (target.loss, target.reason),
        "metric": (target.metric, f"it goes with {task} targets and is easier to read than the loss"),
        "class_weight": (_class_weight(targets, task), on_weight),
        "optimizer": optimizer,
        "learning_rate": rate,
        "batch_size": batch_size,
        "initializer": ("he_normal", on_start),
    }
    return Suggestion(
        **{name: value for name, (value, _) in chosen.items()},
        reasons={name: reason for name, (value, reason) in chosen.items() if value is not None},
        outputs=_outputs(targets, task),
        inputs=int(np.prod(features.shape[1:])),
        notes=_notes(features, targets, task),
    )


def _checked(x: Any, y: Any) -> tuple[Array, Array]:
    features, targets = as_array("suggest", "x", x), as_array("suggest", "y", y)
    if features.ndim < 2:
        raise ValueError(
            f"suggest: expected `x` with a row for each sample, got shape {features.shape}; use x[:, None]"
        )
    if targets.ndim == 0 or len(targets) != len(features) or not targets.size:
        raise ValueError(f"suggest: expected `y` with {len(features)} rows as `x` has, got shape {targets.shape}")
    for name, array in (("x", features), ("y", targets)):
        if array.dtype.kind == "f":
            check_finite("suggest", name, array)
    return features, targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets


def _task(targets: Array) -> str:
    """The kind of target, from its numbers."""
    whole = targets.dtype.kind in "iub" or bool((targets == np.round(targets)).all())
    zero_one = whole and bool(((targets == 0) | (targets == 1)).all())
    if targets.ndim > 1:
        if not zero_one:
            return "regression"
        return "multiclass" if bool((targets.sum(axis=1) == 1).all()) else "multilabel"
    if zero_one:
        return "binary"
    distinct = len(np.unique(targets))
    classes = min(_MOST_CLASSES, max(2, len(targets) // 2))
    if targets.dtype.kind in "iu" and targets.min() == 0 and distinct == int(targets.max()) + 1 and distinct <= classes:
        return "multiclass"
    if whole and targets.min() >= 0:
        return "counts"
    return "robust regression" if _has_outliers(targets) else "regression"


def _has_outliers(targets: Array) -> bool:
    low, middle, high = np.quantile(targets, [0.25, 0.5, 0.75])
    spread = high - low
    return bool(spread > 0 and (np.abs(targets - middle) > _OUTLIER_DISTANCE * spread).any())


def _seen(targets: Array, features: Array) -> str:
    kind = "whole numbers" if targets.dtype.kind in "iub" else "floats"
    return f"{len(features):,} rows; `y` holds {kind} of shape {targets.shape}, {len(np.unique(targets)):,} of them distinct"


def _outputs(targets: Array, task: str) -> int:
    if targets.ndim > 1:
        return int(targets.shape[1])
    return int(targets.max()) + 1 if task == "multiclass" else 1


def _optimizer(features: Array, task: str) -> tuple[tuple[str, str], tuple[float, str], tuple[int | str, str]]:
    """Optimizer, learning rate and batch size, each with the reason."""
    rows, measured = len(features), "the usual start; trainer.find_learning_rate measures a better one"
    if rows < 32:
        batch: tuple[int | str, str] = ("full", "there are fewer rows than the usual batch")
    elif rows < 50_000:
        batch = (32, "many steps an epoch; trainer.benchmark measures how fast larger ones are")
    else:
        batch = (128, "still thousands of steps in a few epochs, and matrix products run nearer to the machine's limit")
    if features.size and float((features == 0).mean()) > _SPARSE:
        reason = "most features are zero, and Adagrad keeps large steps for those that are rare"
        return ("adagrad", reason), (0.01, measured), batch
    if "regression" in task and rows <= _SMALL:
        return (
            ("lbfgs", f"up to {_SMALL:,} rows a full batch is cheap, and L-BFGS then needs few passes"),
            (1.0, "the first trial step, which the line search shortens"),
            ("full", "its line search needs the same function at every trial"),
        )
    reason = "the steps fit themselves to each weight; SGD with momentum and a schedule may generalise better"
    return ("adam", reason), (1e-3, measured), batch


def _class_weight(targets: Array, task: str) -> str | None:
    if task not in ("binary", "multiclass") or targets.ndim > 1:
        return None
    counts = np.unique(targets, return_counts=True)[1]
    return "balanced" if counts.max() > _IMBALANCED * counts.min() else None


def _notes(features: Array, targets: Array, task: str) -> list[str]:
    notes = []
    spreads = features.reshape(len(features), -1).std(axis=0, dtype=np.float64)
    used = spreads[spreads > 0]
    if len(used) < len(spreads):
        notes.append(f"{len(spreads) - len(used)} features never change; they can be left out")
    if used.size and used.max() > _SCALE_RATIO * used.min():
        notes.append(
            f"the features' standard deviations lie between {used.min():.3g} and {used.max():.3g}: scale the features, "
            "(x - mean) / std, or one learning rate cannot serve all of them"
        )
    elif used.size and not 0.1 <= float(np.median(used)) <= 10 and features.dtype.kind == "f":
        notes.append(
            f"the features' typical standard deviation is {np.median(used):.3g}: scale the features to about 1"
        )
    if "regression" in task and not 0.1 <= float(targets.std()) <= 10 and targets.std() > 0:
        notes.append(f"the targets' standard deviation is {targets.std():.3g}: scale the targets to about 1, too")
    if len(features) < 10 * int(np.prod(features.shape[1:])):
        notes.append("there are fewer than ten rows for each feature: hold rows back, and watch the validation loss")
    return notes

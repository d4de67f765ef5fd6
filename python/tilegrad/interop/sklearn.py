"""Networks as scikit-learn estimators: they clone, and work in pipelines and searches. Needs the extra ``sklearn``.

Example:
    >>> from sklearn.model_selection import GridSearchCV
    >>> from tilegrad.data import digits
    >>> from tilegrad.interop.sklearn import NetworkClassifier
    >>> x, y, x_test, y_test = digits()
    >>> search = GridSearchCV(NetworkClassifier(epochs=5), {"hidden": [(16,), (64,)]}, cv=2).fit(x, y)
    >>> search.best_params_, search.score(x_test, y_test) > 0.9
    ({'hidden': (64,)}, True)
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from tilegrad import nn
from tilegrad.optim import Optimizer, Solver, optimizer_for
from tilegrad.run.features import check_finite
from tilegrad.tensor import Array
from tilegrad.train import Trainer


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: building, training, going on."""

    _loss = ""
    trainer_: Trainer

    def __init__(
        self,
        hidden: Sequence[int] = (64, 64),
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        loss: Any = None,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        batch_size: int | str = 32,
        epochs: int = 50,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _train(
        self, x: Array, y: Array, outputs: int, sample_weight: Any, epochs: int, again: bool, **settings: Any
    ) -> None:
        """Goes on with the trainer there is, or builds one, which takes its place once it has trained."""
        if again and hasattr(self, "trainer_"):
            trainer = self.trainer_
        else:
            seed = int(check_random_state(self.random_state).randint(2**31))
            trainer = self._trainer(x.shape[1], outputs, seed)
        size = min(self.batch_size, len(x)) if isinstance(self.batch_size, int) else self.batch_size
        if sample_weight is not None:
            settings["sample_weight"] = _check_sample_weight(sample_weight, x, ensure_non_negative=True)
        history = trainer.fit(x, y, batch_size=size, epochs=epochs, progress=bool(self.verbose), **settings)
        if history.stop_reason == "interrupted":
            warnings.warn(
                f"{type(self).__name__}: interrupted after {trainer.step} steps, {trainer.epoch} whole epochs; it is fitted "
                "with what these have learnt",
                stacklevel=4,
            )
        self.trainer_ = trainer
        # An interrupted training may have no whole epoch.
        self.loss_curve_ = list(trainer.history.get("loss", []))
        self.n_iter_ = len(self.loss_curve_)

    def _trainer(self, inputs: int, outputs: int, seed: int) -> Trainer:
        return Trainer(self._model(inputs, outputs), self.loss or self._loss, self._optimizer(), seed=seed)

    def _model(self, inputs: int, outputs: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        widths = (inputs, *self.hidden)
        for before, after in zip(widths, self.hidden, strict=False):
            layers.append(nn.Dense(before, after, activation=self.activation))
            if self.dropout:
                layers.append(nn.Dropout(self.dropout))
        return nn.Sequential(*layers, nn.Dense(widths[-1], outputs))

    def _optimizer(self) -> Optimizer | Solver:
        """A fresh one: an object that was given is a pattern, for estimators must not change their parameters."""
        made = optimizer_for(self.optimizer)._again()
        if self.learning_rate is not None:
            made.learning_rate = self.learning_rate
        return made

    def _features(self, x: Any, *, reset: bool) -> Array:
        checked: Array = validate_data(self, x, dtype=(np.float32, np.float64), reset=reset)
        return self._held("x", checked)

    def _held(self, name: str, array: Array) -> Array:
        """Numbers in the single precision that the network computes in, if it can hold them."""
        check_finite(type(self).__name__, name, array, "float32")
        return array.astype(np.float32, copy=False)

    def __getstate__(self) -> dict[str, Any]:
        """With the trainer as the bytes of its checkpoint, for copies in other processes."""
        state = dict(super().__getstate__())
        trainer = state.pop("trainer_", None)
        if trainer is not None:
            with tempfile.TemporaryDirectory() as folder:
                trainer.save(Path(folder, "trainer"))
                state["_checkpoint"] = Path(folder, "trainer").read_bytes()
            last = trainer.model.layers[-1]
            state["_outputs"], state["_seed"] = last.out_features, trainer.seed
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Builds the trainer again; it goes on as the one that was saved would have."""
        held = {name: state.pop(name) for name in ("_checkpoint", "_outputs", "_seed") if name in state}
        super().__setstate__(state)
        if held:
            self.trainer_ = self._trainer(self.n_features_in_, held["_outputs"], held["_seed"])
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "trainer").write_bytes(held["_checkpoint"])
                self.trainer_.load(Path(folder, "trainer"))

    def _scores(self, x: Any) -> Array:
        check_is_fitted(self, "trainer_")
        return self.trainer_.model.predict(self._features(x, reset=False))


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network of dense layers as a scikit-learn classifier.

    It ends in one logit for each class and trains with cross-entropy; for classes of any labels.

    Args:
        hidden: Widths of the hidden layers.
        activation: Activation after each of them.
        dropout: Share of hidden numbers that a training step sets to zero.
        loss: Loss, ``cross_entropy`` if not given.
        optimizer: Name, or an object whose settings are taken; the object itself stays as it is.
        learning_rate: Learning rate, the optimizer's own if not given.
        batch_size: Rows per step.
        epochs: How often :meth:`fit` uses each row.
        class_weight: Weight of each class: a dict by label, or ``"balanced"``.
        warm_start: Whether another :meth:`fit` goes on from where the last one ended.
        random_state: Seed, or a NumPy random state.
        verbose: Whether to show progress.

    Attributes:
        classes_: The labels.
        trainer_: The :class:`tilegrad.Trainer`, with its model and history.
        loss_curve_: Training loss by epoch.
        n_iter_: Epochs so far.
        n_features_in_: Number of features.

    Example:
        >>> from tilegrad.data import digits
        >>> from tilegrad.interop.sklearn import NetworkClassifier
        >>> x, y, x_test, y_test = digits()
        >>> NetworkClassifier((64,), epochs=10, random_state=0).fit(x, y).score(x_test, y_test) > 0.9
        True
    """

    _loss = "cross_entropy"
    classes_: Array

    def __init__(
        self,
        hidden: Sequence[int] = (64, 64),
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        loss: Any = None,
        optimizer: Any = "adam",
        learning_rate: float | None = None,
        batch_size: int | str = 32,
        epochs: int = 50,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden,
            activation=activation,
            dropout=dropout,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> NetworkClassifier:
        """Trains on rows of features and a label for each."""
        return self._fit(x, y, None, sample_weight, self.epochs, self.warm_start)

    def partial_fit(self, x: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NetworkClassifier:
        """One more epoch on these rows; the first call needs all ``classes`` unless they are all in ``y``."""
        return self._fit(x, y, classes, sample_weight, 1, True)

    def _fit(self, x: Any, y: Any, classes: Any, sample_weight: Any, epochs: int, again: bool) -> NetworkClassifier:
        again = again and hasattr(self, "trainer_")
        x, y = validate_data(self, x, y, dtype=(np.float32, np.float64), reset=not again)
        check_classification_targets(y)
        if type_of_target(y) not in ("binary", "multiclass"):
            raise ValueError(f"{type(self).__name__}: expected `y` of one label a row, got {type_of_target(y)}")
        x = self._held("x", x)
        known: Array = self.classes_ if again else np.unique(y if classes is None else classes)
        if again and classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(
                f"{type(self).__name__}: expected `classes` as in the first call, {known.tolist()}, got "
                f"{np.unique(classes).tolist()}; a new estimator takes others"
            )
        place = np.minimum(np.searchsorted(known, y), len(known) - 1)
        if (known[place] != y).any():
            stranger = y[np.flatnonzero(known[place] != y)[0]]
            raise ValueError(f"{type(self).__name__}: expected `y` of the classes {known.tolist()}, got {stranger!r}")
        if len(known) < 2:
            raise ValueError(
                f"{type(self).__name__}: expected `y` of at least two classes, got one class {known.tolist()}"
            )
        settings = {} if self.class_weight is None else {"class_weight": self._class_weight(known)}
        self._train(x, place, len(known), sample_weight, epochs, again, **settings)
        self.classes_ = known
        return self

    def _class_weight(self, known: Array) -> Any:
        """By place in place of label."""
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        return {place: self.class_weight.get(label, 1.0) for place, label in enumerate(known.tolist())}

    def decision_function(self, x: Any) -> Array:
        """The logits; for two classes the second's minus the first's."""
        scores = self._scores(x)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, x: Any) -> Array:
        """The probability of each class, as the loss reads the model's output.

        Raises:
            ValueError: If the loss has no probabilities, such as margins of hinge losses.
        """
        check_is_fitted(self, "trainer_")
        return self.trainer_.predict_proba(self._features(x, reset=False))

    def predict(self, x: Any) -> Array:
        """The likeliest label of each row."""
        scores = self._scores(x)
        labels: Array = self.classes_[scores.argmax(axis=1)]
        return labels


class NetworkRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network of dense layers as a scikit-learn regressor, of one amount a row or of several.

    Args:
        hidden: Widths of the hidden layers.
        activation: Activation after each of them.
        dropout: Share of hidden numbers that a training step sets to zero.
        loss: Loss, ``mean_squared_error`` if not given.
        optimizer: Name, or an object whose settings are taken; the object itself stays as it is.
        learning_rate: Learning rate, the optimizer's own if not given.
        batch_size: Rows per step.
        epochs: How often :meth:`fit` uses each row.
        warm_start: Whether another :meth:`fit` goes on from where the last one ended.
        random_state: Seed, or a NumPy random state.
        verbose: Whether to show progress.

    Attributes:
        trainer_: The :class:`tilegrad.Trainer`, with its model and history.
        loss_curve_: Training loss by epoch.
        n_iter_: Epochs so far.
        n_features_in_: Number of features.

    Example:
        >>> import numpy as np
        >>> from tilegrad.interop.sklearn import NetworkRegressor
        >>> x = np.linspace(-1, 1, 200)[:, None]
        >>> NetworkRegressor((32,), learning_rate=0.01, random_state=0).fit(x, x[:, 0] ** 2).score(x, x[:, 0] ** 2) > 0.9
        True
    """

    _loss = "mean_squared_error"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """Trains on rows of features and an amount, or several, for each."""
        return self._fit(x, y, sample_weight, self.epochs, self.warm_start)

    def partial_fit(self, x: Any, y: Any, sample_weight: Any = None) -> NetworkRegressor:
        """One more epoch on these rows."""
        return self._fit(x, y, sample_weight, 1, True)

    def _fit(self, x: Any, y: Any, sample_weight: Any, epochs: int, again: bool) -> NetworkRegressor:
        again = again and hasattr(self, "trainer_")
        x, y = validate_data(
            self, x, y, dtype=(np.float32, np.float64), multi_output=True, y_numeric=True, reset=not again
        )
        x, targets = self._held("x", x), self._held("y", y).reshape(len(y), -1)
        self._flat = y.ndim == 1
        self._train(x, targets, targets.shape[1], sample_weight, epochs, again)
        return self

    def predict(self, x: Any) -> Array:
        """The amounts of each row, in the form of the targets, float64 as scikit-learn expects."""
        scores = self._scores(x).astype(np.float64)
        return scores[:, 0] if self._flat else scores

# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""Metrics on arrays: functions of (prediction, target), one for each class."""

from __future__ import annotations

from tilegrad.functional.types import Data
from tilegrad.metrics import amounts, classes, curves, quantiles
from tilegrad.metrics.arrays import Output, value_of
from tilegrad.metrics.base import Metric

__all__ = [
    "accuracy",
    "adjusted_r2",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "cohen_kappa",
    "concordance",
    "d2_absolute",
    "d2_pinball",
    "d2_tweedie",
    "expected_calibration_error",
    "explained_variance",
    "f1",
    "f_beta",
    "hamming_loss",
    "hinge_loss",
    "jaccard",
    "log_loss",
    "matthews_correlation",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_gamma_deviance",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "mean_squared_error",
    "mean_squared_log_error",
    "mean_tweedie_deviance",
    "median_absolute_error",
    "pearson",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "symmetric_mean_absolute_percentage_error",
    "top_k_accuracy",
    "zero_one_loss",
]


def mean_squared_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean squared error: the mean of ``e^2``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_squared_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.375
    """
    return value_of(amounts.MeanSquaredError(), prediction, target, sample_weight, output)


def root_mean_squared_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Root of the mean squared error, in the unit of the amounts.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> round(metrics.root_mean_squared_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])), 10)
        0.6123724357
    """
    return value_of(amounts.RootMeanSquaredError(), prediction, target, sample_weight, output)


def mean_absolute_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean absolute error: the mean of ``|e|``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_absolute_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.5
    """
    return value_of(amounts.MeanAbsoluteError(), prediction, target, sample_weight, output)


def max_error(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Greatest absolute error of all rows that have a weight; of several columns the greatest of all.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.max_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        1.0
    """
    return value_of(amounts.MaxError(), prediction, target, sample_weight, output)


def mean_absolute_percentage_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean of ``|e| / |y|``: a share, not a percentage; a ``y`` of 0 is taken for 2.2e-16, as scikit-learn does.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_absolute_percentage_error(np.array([1.1, 1.8]), np.array([1.0, 2.0])).__round__(12)
        0.1
    """
    return value_of(amounts.MeanAbsolutePercentageError(), prediction, target, sample_weight, output)


def symmetric_mean_absolute_percentage_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean of ``2 |e| / (|y| + |p|)``, from 0 to 2; 0 where both are 0.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.symmetric_mean_absolute_percentage_error(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
        0.5
    """
    return value_of(amounts.SymmetricMeanAbsolutePercentageError(), prediction, target, sample_weight, output)


def mean_squared_log_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean of ``(ln(1 + p) - ln(1 + y))^2``; NaN where something is below -1.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_squared_log_error(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.009115873155
    """
    return value_of(amounts.MeanSquaredLogError(), prediction, target, sample_weight, output)


def root_mean_squared_log_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Root of the mean squared logarithmic error.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.root_mean_squared_log_error(np.array([np.e - 1]), np.array([0.0])).__round__(12)
        1.0
    """
    return value_of(amounts.RootMeanSquaredLogError(), prediction, target, sample_weight, output)


def mean_pinball_loss(
    prediction: Data, target: Data, *, alpha: float = 0.5, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Pinball loss of a quantile: the mean of ``max(alpha (y - p), (alpha - 1) (y - p))``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        alpha: The quantile, in [0, 1]; at 0.5 it is half the mean absolute error.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> y, p = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
        >>> metrics.mean_pinball_loss(p, y, alpha=0.9).__round__(12)
        0.15
    """
    return value_of(amounts.MeanPinballLoss(alpha), prediction, target, sample_weight, output)


def mean_tweedie_deviance(
    prediction: Data, target: Data, *, power: float = 0.0, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean deviance of the Tweedie family: 0 is squared error, 1 Poisson, 2 gamma, between them compound Poisson.

    ``2 (y^(2-a) / ((1-a)(2-a)) - y p^(1-a) / (1-a) + p^(2-a) / (2-a))`` for the power ``a``, and its limits at 1 and 2.
    NaN or infinite where an amount has no such deviance (``p <= 0``, or ``y < 0``, from power 1 on).

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        power: 0, or from 1 on, or below 0.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``power`` is between 0 and 1, where no such family exists.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_tweedie_deviance(np.array([2.0]), np.array([1.0]), power=0)
        1.0
    """
    return value_of(amounts.MeanTweedieDeviance(power), prediction, target, sample_weight, output)


def mean_poisson_deviance(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean Poisson deviance, for counts: the mean of ``2 (y ln(y / p) - e')`` with ``e' = y - p``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_poisson_deviance(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.061908348834
    """
    return value_of(amounts.MeanPoissonDeviance(), prediction, target, sample_weight, output)


def mean_gamma_deviance(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean gamma deviance, for amounts above 0: the mean of ``2 (ln(p / y) + y / p - 1)``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.mean_gamma_deviance(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.026533142258
    """
    return value_of(amounts.MeanGammaDeviance(), prediction, target, sample_weight, output)


def r2(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Coefficient of determination: ``1 - sum e^2 / sum (y - mean y)^2``.

    1 is perfect, 0 is as good as the mean, and there is no lower bound. Of constant ``y`` it is 1 if all predictions are
    right, else 0. The variance of ``y`` is taken from sums in double precision: its relative error is about
    ``1e-16 (mean / deviation)^2``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.r2(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(9)
        0.948608137
    """
    return value_of(amounts.R2(), prediction, target, sample_weight, output)


def adjusted_r2(
    prediction: Data,
    target: Data,
    *,
    predictors: int | None = None,
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """R2 that charges for predictors: ``1 - (1 - R2) (n - 1) / (n - k - 1)`` with ``n`` rows and ``k`` predictors.

    ``n`` is the sum of the weights where rows are weighted.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        predictors: How many; ``None`` takes the number of features of the data that a trainer has.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> y, p = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
        >>> metrics.adjusted_r2(p, y, predictors=1).__round__(12)
        0.922912205567
    """
    return value_of(amounts.AdjustedR2(predictors), prediction, target, sample_weight, output)


def explained_variance(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of the variance that is explained: ``1 - var(e) / var(y)``. A constant error does not count.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.explained_variance(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(10)
        0.9571734475
    """
    return value_of(amounts.ExplainedVariance(), prediction, target, sample_weight, output)


def d2_tweedie(
    prediction: Data, target: Data, *, power: float = 0.0, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of the Tweedie deviance that is explained: ``1 - deviance(y, p) / deviance(y, mean y)``; at power 0 it is R2.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        power: 0, or from 1 on, or below 0; 1 is Poisson, 2 gamma.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.d2_tweedie(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]), power=1)
        1.0
    """
    return value_of(amounts.D2Tweedie(power), prediction, target, sample_weight, output)


def pearson(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Pearson's correlation of predictions and what is true; NaN where one of them does not vary.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.pearson(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(12)
        0.984869618448
    """
    return value_of(amounts.Pearson(), prediction, target, sample_weight, output)


def concordance(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Lin's concordance: ``2 cov(p, y) / (var p + var y + (mean p - mean y)^2)``, a correlation that also wants equality.

    Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.concordance(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
        1.0
    """
    return value_of(amounts.Concordance(), prediction, target, sample_weight, output)


def accuracy(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Share of rows that are right. Of several labels at once all of a row must be, as scikit-learn counts.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
        0.5
    """
    return value_of(classes.Accuracy(), prediction, target, sample_weight, output)


def zero_one_loss(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of rows that are wrong: ``1 - accuracy``. It has no gradient; train with cross-entropy.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.zero_one_loss(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
        0.25
    """
    return value_of(classes.ZeroOneLoss(), prediction, target, sample_weight, output)


def hamming_loss(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of labels that are wrong: of one class per row that of wrong rows, of several labels that of all labels.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.hamming_loss(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]))
        0.25
    """
    return value_of(classes.HammingLoss(), prediction, target, sample_weight, output)


def top_k_accuracy(
    prediction: Data, target: Data, *, k: int = 5, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of rows whose class is among the ``k`` with the largest scores; of equal scores the first comes first.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        k: How many; 5 as in Keras (scikit-learn has 2).
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``k`` is not at least 1.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.top_k_accuracy(np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]), np.array([1, 2]), k=2)
        0.5
    """
    return value_of(classes.TopKAccuracy(k), prediction, target, sample_weight, output)


def log_loss(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Mean negative logarithm of the probability of what is true. Probabilities are kept away from 0 by their rounding.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.log_loss(np.array([[0.0, 0.0]]), np.array([1])).__round__(12)
        0.69314718056
    """
    return value_of(classes.LogLoss(), prediction, target, sample_weight, output)


def brier_score(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean squared distance of the probabilities from what is true.

    Of yes or no ``(p - y)^2``, from 0 to 1; of several classes the sum over them, from 0 to 2 (Brier, 1950), as in
    scikit-learn. Two columns of a softmax are several classes: twice the score of one column.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.brier_score(np.array([0.9, 0.2]), np.array([1.0, 0.0]), output="probabilities").__round__(12)
        0.025
    """
    return value_of(classes.BrierScore(), prediction, target, sample_weight, output)


def hinge_loss(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean of what the true score lacks of a lead of 1: ``max(0, 1 - (score of the class - best other score))``.

    Of a single column ``max(0, 1 - t score)`` with ``t`` of -1 or 1. Several classes as Crammer and Singer (2001).

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.hinge_loss(np.array([2.0, -0.5]), np.array([1, 1]))
        0.75
    """
    return value_of(classes.HingeLoss(), prediction, target, sample_weight, output)


def expected_calibration_error(
    prediction: Data, target: Data, *, bins: int = 15, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """How far the probability of what is predicted lies from how often it is right: the mean gap over equal bins.

    ``sum over bins of share of rows |mean probability - share right|`` (Guo et al., "On calibration of modern neural
    networks", 2017).

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        bins: Number of bins of the greatest probability over (0, 1]; 15 as in the paper.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``bins`` is not at least 1.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> p = np.array([[0.8, 0.2]] * 5)
        >>> metrics.expected_calibration_error(p, np.array([0, 0, 0, 0, 1]), output="probabilities").__round__(12)
        0.0
    """
    return value_of(classes.ExpectedCalibrationError(bins), prediction, target, sample_weight, output)


def balanced_accuracy(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Mean over the classes of the share of their rows that is right; classes without rows do not count.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.balanced_accuracy(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]))
        0.5
    """
    return value_of(classes.BalancedAccuracy(), prediction, target, sample_weight, output)


def matthews_correlation(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Matthews' correlation of predicted and true classes, from -1 to 1; 0 where one of them does not vary.

    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme", 1975; for several
    classes Gorodkin, 2004.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.matthews_correlation(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(6)
        0.522233
    """
    return value_of(classes.MatthewsCorrelation(), prediction, target, sample_weight, output)


def cohen_kappa(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Cohen's kappa: agreement beyond what chance gives, ``(agreed - by chance) / (1 - by chance)`` (Cohen, 1960).

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.cohen_kappa(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(12)
        0.5
    """
    return value_of(classes.CohenKappa(), prediction, target, sample_weight, output)


def precision(
    prediction: Data,
    target: Data,
    *,
    average: str = "auto",
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """Share of what is predicted that is right; 0 for a class that is never predicted.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        average: ``"binary"`` is that of class 1; ``"macro"`` the mean over the classes that occur, ``"weighted"``
            the mean by their rows, ``"micro"`` that of all counts together. ``"auto"`` is ``"binary"`` for two classes
            and ``"macro"`` for more (scikit-learn refuses more classes until told).
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``average`` is unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.precision(np.array([1, 1, 0, 1]), np.array([1, 0, 0, 1])).__round__(6)
        0.666667
    """
    return value_of(classes.Precision(average), prediction, target, sample_weight, output)


def recall(
    prediction: Data,
    target: Data,
    *,
    average: str = "auto",
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """Share of what is true that is predicted; 0 for a class without rows.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        average: As for :class:`Precision`.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``average`` is unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.recall(np.array([1, 0, 0, 0]), np.array([1, 1, 0, 0]))
        0.5
    """
    return value_of(classes.Recall(average), prediction, target, sample_weight, output)


def f_beta(
    prediction: Data,
    target: Data,
    *,
    beta: float = 1.0,
    average: str = "auto",
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """Harmonic mean of precision and recall, with recall ``beta`` times as important.

    ``(1 + beta^2) right / (beta^2 actual + predicted)``.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        beta: How much recall counts beside precision, above 0.
        average: As for :class:`Precision`.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``beta`` is not above 0, or ``average`` is unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.f_beta(np.array([1, 0, 0, 0]), np.array([1, 1, 0, 0]), beta=2.0).__round__(6)
        0.555556
    """
    return value_of(classes.FBeta(beta, average), prediction, target, sample_weight, output)


def f1(
    prediction: Data,
    target: Data,
    *,
    average: str = "auto",
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """Harmonic mean of precision and recall: ``2 right / (actual + predicted)``.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        average: As for :class:`Precision`.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``average`` is unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.f1(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(6)
        0.655556
    """
    return value_of(classes.F1(average), prediction, target, sample_weight, output)


def jaccard(
    prediction: Data,
    target: Data,
    *,
    average: str = "auto",
    sample_weight: Data | None = None,
    output: Output = "logits",
) -> float:
    """Jaccard's index: how much of what is predicted or true is both, ``right / (actual + predicted - right)``.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        average: As for :class:`Precision`.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``average`` is unknown.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.jaccard(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])).__round__(6)
        0.333333
    """
    return value_of(classes.Jaccard(average), prediction, target, sample_weight, output)


def median_absolute_error(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Median of the absolute errors, which outliers do not move.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.median_absolute_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.5
    """
    return value_of(quantiles.MedianAbsoluteError(), prediction, target, sample_weight, output)


def d2_pinball(
    prediction: Data, target: Data, *, alpha: float = 0.5, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of the pinball loss that is explained: ``1 - loss(y, p) / loss(y, quantile of y)``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        alpha: The quantile, in [0, 1].
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.d2_pinball(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), alpha=0.9)
        1.0
    """
    return value_of(quantiles.D2Pinball(alpha), prediction, target, sample_weight, output)


def d2_absolute(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Share of the absolute error that is explained: ``1 - sum |e| / sum |y - median y|``.

    Args:
        prediction: Amounts, of shape (rows,) or (rows, columns).
        target: The true amounts, of the same shape.
        sample_weight: Weight of each row.
        output: Not asked for: amounts are what they are.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.d2_absolute(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(10)
        0.7647058824
    """
    return value_of(quantiles.D2Absolute(), prediction, target, sample_weight, output)


def roc_auc(prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits") -> float:
    """Area under the receiver operating characteristic: the chance that a true row scores above a false one.

    Exact, equal scores count half (Keras takes 200 thresholds). Of several classes the mean over each against the rest.
    NaN where all rows, or none, are of a class.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
        0.75
    """
    return value_of(curves.RocAuc(), prediction, target, sample_weight, output)


def average_precision(
    prediction: Data, target: Data, *, sample_weight: Data | None = None, output: Output = "logits"
) -> float:
    """Area under precision over recall, as steps: the mean precision at each true row, from the highest score down.

    Of several classes the mean over each against the rest.

    Args:
        prediction: Scores of shape (rows, classes), of a single column those of class 1; or classes (integers) where
            scores are not needed.
        target: The true classes, or numbers in the form of the scores.
        sample_weight: Weight of each row.
        output: What the scores are: ``"logits"``, ``"probabilities"`` or ``"scores"``.

    Raises:
        ValueError: If shapes or values do not fit.

    Example:
        >>> import numpy as np
        >>> from tilegrad import metrics
        >>> metrics.average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])).__round__(6)
        0.833333
    """
    return value_of(curves.AveragePrecision(), prediction, target, sample_weight, output)


# The classes by the names of their functions.
NAMED: dict[str, type[Metric]] = {
    "mean_squared_error": amounts.MeanSquaredError,
    "root_mean_squared_error": amounts.RootMeanSquaredError,
    "mean_absolute_error": amounts.MeanAbsoluteError,
    "max_error": amounts.MaxError,
    "mean_absolute_percentage_error": amounts.MeanAbsolutePercentageError,
    "symmetric_mean_absolute_percentage_error": amounts.SymmetricMeanAbsolutePercentageError,
    "mean_squared_log_error": amounts.MeanSquaredLogError,
    "root_mean_squared_log_error": amounts.RootMeanSquaredLogError,
    "mean_pinball_loss": amounts.MeanPinballLoss,
    "mean_tweedie_deviance": amounts.MeanTweedieDeviance,
    "mean_poisson_deviance": amounts.MeanPoissonDeviance,
    "mean_gamma_deviance": amounts.MeanGammaDeviance,
    "r2": amounts.R2,
    "adjusted_r2": amounts.AdjustedR2,
    "explained_variance": amounts.ExplainedVariance,
    "d2_tweedie": amounts.D2Tweedie,
    "pearson": amounts.Pearson,
    "concordance": amounts.Concordance,
    "accuracy": classes.Accuracy,
    "zero_one_loss": classes.ZeroOneLoss,
    "hamming_loss": classes.HammingLoss,
    "top_k_accuracy": classes.TopKAccuracy,
    "log_loss": classes.LogLoss,
    "brier_score": classes.BrierScore,
    "hinge_loss": classes.HingeLoss,
    "expected_calibration_error": classes.ExpectedCalibrationError,
    "balanced_accuracy": classes.BalancedAccuracy,
    "matthews_correlation": classes.MatthewsCorrelation,
    "cohen_kappa": classes.CohenKappa,
    "precision": classes.Precision,
    "recall": classes.Recall,
    "f_beta": classes.FBeta,
    "f1": classes.F1,
    "jaccard": classes.Jaccard,
    "median_absolute_error": quantiles.MedianAbsoluteError,
    "d2_pinball": quantiles.D2Pinball,
    "d2_absolute": quantiles.D2Absolute,
    "roc_auc": curves.RocAuc,
    "average_precision": curves.AveragePrecision,
}

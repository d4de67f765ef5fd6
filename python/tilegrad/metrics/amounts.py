"""Metrics for amounts: how far predictions lie from what is true.

Here ``p`` is a prediction, ``y`` what is true, ``e = p - y``, and means are weighted by sample weights. Of several
columns the plain mean is taken, as scikit-learn does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tilegrad.metrics.base import GREATEST, MeanOverRows, Reading, Summed
from tilegrad.tensor import Array
from tilegrad.words.checks import check_count, check_number


class AmountMetric(Summed):
    """A metric of amounts, made of sums over the rows for each column."""

    kind = "amounts"


class AmountMean(MeanOverRows, AmountMetric):
    """A mean over the rows of what a term gives for each prediction and target, column by column."""


class RootOfMean(AmountMean):
    """The root of the mean of a term of amounts."""

    def finish(self, total: Array, weight: Array) -> Any:
        """The root of the mean, column by column."""
        return np.sqrt(total / weight)


class MeanSquaredError(AmountMean):
    """Mean squared error: the mean of ``e^2``.

    Example:
        >>> metrics.mean_squared_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.375
    """

    name = "mean_squared_error"
    terms = ("squared_error", "weight")


class RootMeanSquaredError(RootOfMean):
    """Root of the mean squared error, in the unit of the amounts.

    Example:
        >>> round(metrics.root_mean_squared_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])), 10)
        0.6123724357
    """

    name = "root_mean_squared_error"
    terms = ("squared_error", "weight")


class MeanAbsoluteError(AmountMean):
    """Mean absolute error: the mean of ``|e|``.

    Example:
        >>> metrics.mean_absolute_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        0.5
    """

    name = "mean_absolute_error"
    terms = ("absolute_error", "weight")


class MaxError(AmountMetric):
    """Greatest absolute error of all rows that have a weight; of several columns the greatest of all.

    Example:
        >>> metrics.max_error(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0]))
        1.0
    """

    name = "max_error"
    terms = (GREATEST,)

    def finish(self, greatest: Array) -> Any:
        """The greatest error of all columns."""
        return greatest.max()


class MeanAbsolutePercentageError(AmountMean):
    """Mean of ``|e| / |y|``: a share, not a percentage; a ``y`` of 0 is taken for 2.2e-16, as scikit-learn does.

    Example:
        >>> metrics.mean_absolute_percentage_error(np.array([1.1, 1.8]), np.array([1.0, 2.0])).__round__(12)
        0.1
    """

    name = "mean_absolute_percentage_error"
    terms = ("relative_error", "weight")


class SymmetricMeanAbsolutePercentageError(AmountMean):
    """Mean of ``2 |e| / (|y| + |p|)``, from 0 to 2; 0 where both are 0.

    Example:
        >>> metrics.symmetric_mean_absolute_percentage_error(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
        0.5
    """

    name = "symmetric_mean_absolute_percentage_error"
    terms = ("symmetric_error", "weight")


class MeanSquaredLogError(AmountMean):
    """Mean of ``(ln(1 + p) - ln(1 + y))^2``; NaN where something is below -1.

    Example:
        >>> metrics.mean_squared_log_error(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.009115873155
    """

    name = "mean_squared_log_error"
    terms = ("squared_log_error", "weight")


class RootMeanSquaredLogError(RootOfMean):
    """Root of the mean squared logarithmic error.

    Example:
        >>> metrics.root_mean_squared_log_error(np.array([np.e - 1]), np.array([0.0])).__round__(12)
        1.0
    """

    name = "root_mean_squared_log_error"
    terms = ("squared_log_error", "weight")


class MeanPinballLoss(AmountMean):
    """Pinball loss of a quantile: the mean of ``max(alpha (y - p), (alpha - 1) (y - p))``.

    Args:
        alpha: The quantile, in [0, 1]; at 0.5 it is half the mean absolute error.

    Raises:
        ValueError: If ``alpha`` is out of range.

    Example:
        >>> y, p = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
        >>> metrics.mean_pinball_loss(p, y, alpha=0.9).__round__(12)
        0.15
    """

    name = "mean_pinball_loss"
    terms = ("pinball", "weight")

    def __init__(self, alpha: float = 0.5) -> None:
        self.alpha = check_number(type(self).__name__, "alpha", alpha, "[0, 1]")

    def parameter(self, term: str) -> float:
        """The quantile, for the term that has one."""
        return self.alpha if term == "pinball" else 0.0


class TweedieMetric(AmountMetric):
    """A metric of the Tweedie family of distributions, of a power."""

    def __init__(self, power: float = 0.0) -> None:
        self.power = check_number(type(self).__name__, "power", power)
        if 0 < power < 1:
            raise ValueError(f"{type(self).__name__}: expected `power` of 0, from 1 on, or below 0, got {power}")

    def parameter(self, term: str) -> float:
        """The power, for the terms that have one."""
        return self.power if term in ("deviance", "target_power") else 0.0


class MeanTweedieDeviance(MeanOverRows, TweedieMetric):
    """Mean deviance of the Tweedie family: 0 is squared error, 1 Poisson, 2 gamma, between them compound Poisson.

    ``2 (y^(2-a) / ((1-a)(2-a)) - y p^(1-a) / (1-a) + p^(2-a) / (2-a))`` for the power ``a``, and its limits at 1 and 2.
    NaN or infinite where an amount has no such deviance (``p <= 0``, or ``y < 0``, from power 1 on).

    Args:
        power: 0, or from 1 on, or below 0.

    Raises:
        ValueError: If ``power`` is between 0 and 1, where no such family exists.

    Example:
        >>> metrics.mean_tweedie_deviance(np.array([2.0]), np.array([1.0]), power=0)
        1.0
    """

    name = "mean_tweedie_deviance"
    terms = ("deviance", "weight")


class MeanPoissonDeviance(MeanTweedieDeviance):
    """Mean Poisson deviance, for counts: the mean of ``2 (y ln(y / p) - e')`` with ``e' = y - p``.

    Example:
        >>> metrics.mean_poisson_deviance(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.061908348834
    """

    name = "mean_poisson_deviance"

    def __init__(self) -> None:
        super().__init__(1.0)


class MeanGammaDeviance(MeanTweedieDeviance):
    """Mean gamma deviance, for amounts above 0: the mean of ``2 (ln(p / y) + y / p - 1)``.

    Example:
        >>> metrics.mean_gamma_deviance(np.array([2.5, 0.4, 2, 8]), np.array([3, 0.5, 2, 7.0])).__round__(12)
        0.026533142258
    """

    name = "mean_gamma_deviance"

    def __init__(self) -> None:
        super().__init__(2.0)


def _share_explained(unexplained: Array, total: Array) -> Any:
    """``1 - unexplained / total``; where nothing varies, 1 for a perfect prediction and else 0, as scikit-learn has it."""
    constant = np.where(unexplained == 0, 1.0, 0.0)
    return np.where(total > 0, 1 - unexplained / np.where(total > 0, total, 1), constant)


def _varied(target: Array, squared: Array, weight: Array) -> Any:
    """Weighted sum of squares about the mean; what rounding leaves of a constant is nothing."""
    total = squared - target * target / weight
    return np.where(total > 1e-14 * squared, total, 0.0)


class R2(AmountMetric):
    """Coefficient of determination: ``1 - sum e^2 / sum (y - mean y)^2``.

    1 is perfect, 0 is as good as the mean, and there is no lower bound. Of constant ``y`` it is 1 if all predictions are
    right, else 0. The variance of ``y`` is taken from sums in double precision: its relative error is about
    ``1e-16 (mean / deviation)^2``.

    Example:
        >>> metrics.r2(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(9)
        0.948608137
    """

    name = "r2"
    greater_is_better = True
    terms = ("squared_error", "target", "squared_target", "weight")

    def finish(self, error: Array, target: Array, squared: Array, weight: Array) -> Any:
        """The share of the variance that is explained."""
        return _share_explained(error, _varied(target, squared, weight))


class AdjustedR2(AmountMetric):
    """R2 that charges for predictors: ``1 - (1 - R2) (n - 1) / (n - k - 1)`` with ``n`` rows and ``k`` predictors.

    ``n`` is the sum of the weights where rows are weighted.

    Args:
        predictors: How many; ``None`` takes the number of features of the data that a trainer has.

    Example:
        >>> y, p = np.array([3.0, -0.5, 2.0, 7.0]), np.array([2.5, 0.0, 2.0, 8.0])
        >>> metrics.adjusted_r2(p, y, predictors=1).__round__(12)
        0.922912205567
    """

    name = "adjusted_r2"
    greater_is_better = True
    terms, finish = R2.terms, R2.finish

    def __init__(self, predictors: int | None = None) -> None:
        if predictors is not None:
            predictors = check_count("AdjustedR2", "predictors", predictors, 0, kind="a whole number or None")
        self.predictors = predictors

    def check(self, reading: Reading) -> None:
        """Refuses amounts alone, of which nobody knows by how many features they were predicted."""
        super().check(reading)
        if self.predictors is None and not reading.features:
            raise ValueError("adjusted_r2: expected `predictors` to be the number of features, got None")

    def value(self, sums: Any, reading: Reading) -> float:
        """R2, and the charge for the predictors."""
        predictors = reading.features if self.predictors is None else self.predictors
        count = float(sums[(self.operation, "weight", 0.0)].reshape(-1)[0])
        free = count - predictors - 1
        return 1 - (1 - super().value(sums, reading)) * (count - 1) / free if free > 0 else float("nan")


class ExplainedVariance(AmountMetric):
    """Share of the variance that is explained: ``1 - var(e) / var(y)``. A constant error does not count.

    Example:
        >>> metrics.explained_variance(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(10)
        0.9571734475
    """

    name = "explained_variance"
    greater_is_better = True
    terms = ("error", "squared_error", "target", "squared_target", "weight")

    def finish(self, error: Array, square: Array, target: Array, squared: Array, weight: Array) -> Any:
        """The share of the variance that is explained."""
        return _share_explained(_varied(error, square, weight), _varied(target, squared, weight))


class D2Tweedie(TweedieMetric):
    """Share of the Tweedie deviance that is explained: ``1 - deviance(y, p) / deviance(y, mean y)``; at power 0 it is R2.

    Args:
        power: 0, or from 1 on, or below 0; 1 is Poisson, 2 gamma.

    Example:
        >>> metrics.d2_tweedie(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]), power=1)
        1.0
    """

    name = "d2_tweedie"
    greater_is_better = True
    terms = ("deviance", "target", "target_power", "weight")

    def finish(self, deviance: Array, target: Array, power: Array, weight: Array) -> Any:
        """The share of the deviance that is explained."""
        mean, a = target / weight, self.power
        if a == 0:
            null = _varied(target, power, weight)
        elif a == 1:
            null = 2 * (power - target * np.log(mean))
        elif a == 2:
            null = 2 * (weight * np.log(mean) - power)
        else:
            one, two = 1 - a, 2 - a
            null = 2 * (power / (one * two) - target * mean**one / one + weight * mean**two / two)
        return _share_explained(deviance, null)


def _moments(
    error: Array, square: Array, target: Array, squared: Array, both: Array, weight: Array
) -> tuple[Array, ...]:
    """Variances of predictions and of what is true, their covariance, and the difference of their means.

    Predictions are what is true and an error, so their sums follow from those of the errors, which are small.
    """
    of_error, of_target = _varied(error, square, weight) / weight, _varied(target, squared, weight) / weight
    shared = (both - error * target / weight) / weight
    predicted = np.maximum(of_target + 2 * shared + of_error, 0)
    return predicted, of_target, of_target + shared, error / weight


class Pearson(AmountMetric):
    """Pearson's correlation of predictions and what is true; NaN where one of them does not vary.

    Example:
        >>> metrics.pearson(np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])).__round__(12)
        0.984869618448
    """

    name = "pearson"
    greater_is_better = True
    terms = ("error", "squared_error", "target", "squared_target", "error_target", "weight")

    def finish(self, *sums: Any) -> Any:
        """Covariance over the deviations of both."""
        predicted, target, covariance, _ = _moments(*sums)
        return covariance / np.sqrt(predicted * target)


class Concordance(AmountMetric):
    """Lin's concordance: ``2 cov(p, y) / (var p + var y + (mean p - mean y)^2)``, a correlation that also wants equality.

    Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989.

    Example:
        >>> metrics.concordance(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
        1.0
    """

    name = "concordance"
    greater_is_better = True
    terms = Pearson.terms

    def finish(self, *sums: Any) -> Any:
        """Twice the covariance, over both variances and the squared distance of the means."""
        predicted, target, covariance, apart = _moments(*sums)
        return 2 * covariance / (predicted + target + apart * apart)

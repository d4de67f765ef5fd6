"""Metrics for classes: how often predictions are right, and how sure they are.

What is predicted is the class with the largest score; of a single column class 1 where a logit is above 0 (a
probability above 0.5). Several labels at once (binary cross-entropy with several columns) are decided column by column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tilegrad.metrics.base import Key, MeanOverRows, Reading, Summed, mean_of
from tilegrad.tensor import Array
from tilegrad.words.checks import check_choice, check_count, check_number

# The greatest parameter that a term of the core takes.
_MOST = 1 << 20
AVERAGES = ("auto", "binary", "macro", "micro", "weighted")


class ClassMetric(Summed):
    """A metric of classes, made of sums over the rows."""

    # Whether it asks how sure the model is: scores without probabilities will not do.
    wants_probabilities = False

    def check(self, reading: Reading) -> None:
        """Refuses scores where probabilities are asked for."""
        super().check(reading)
        if self.wants_probabilities and reading.class_link == "scores":
            raise ValueError(
                f"Trainer: expected `metrics` of classes alone, such as accuracy, for a loss without probabilities, got "
                f"{self.name}; train with cross_entropy to have it"
            )

    operation = "class_sum"
    kind = "classes"

    def parameter(self, term: str) -> float:
        """The parameter of a term: a whole number from 1."""
        return 1


class ClassMean(MeanOverRows, ClassMetric):
    """The mean of a term of classes."""


class Accuracy(ClassMean):
    """Share of rows that are right. Of several labels at once all of a row must be, as scikit-learn counts.

    Example:
        >>> metrics.accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
        0.5
    """

    name = "accuracy"
    greater_is_better = True
    terms = ("hits", "weight")


class ZeroOneLoss(ClassMetric):
    """Share of rows that are wrong: ``1 - accuracy``. It has no gradient; train with cross-entropy.

    Example:
        >>> metrics.zero_one_loss(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
        0.25
    """

    name = "zero_one_loss"
    terms = ("hits", "weight")

    def finish(self, hits: Array, weight: Array) -> Any:
        """The share of the weight that is not right."""
        return 1 - hits / weight


class HammingLoss(ClassMean):
    """Share of labels that are wrong: of one class per row that of wrong rows, of several labels that of all labels.

    Example:
        >>> metrics.hamming_loss(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]))
        0.25
    """

    name = "hamming_loss"
    terms = ("mistakes", "weight")


class TopKAccuracy(ClassMean):
    """Share of rows whose class is among the ``k`` with the largest scores; of equal scores the first comes first.

    Args:
        k: How many; 5 as in Keras (scikit-learn has 2).

    Raises:
        ValueError: If ``k`` is not at least 1.

    Example:
        >>> metrics.top_k_accuracy(np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]), np.array([1, 2]), k=2)
        0.5
    """

    name = "top_k_accuracy"
    greater_is_better = True
    terms = ("top", "weight")

    def __init__(self, k: int = 5) -> None:
        self.k = check_count("TopKAccuracy", "k", k, 1, _MOST)

    def parameter(self, term: str) -> float:
        """How many places at the top count."""
        return self.k if term == "top" else 1


class LogLoss(ClassMean):
    """Mean negative logarithm of the probability of what is true. Probabilities are kept away from 0 by their rounding.

    Example:
        >>> metrics.log_loss(np.array([[0.0, 0.0]]), np.array([1])).__round__(12)
        0.69314718056
    """

    name = "log_loss"
    wants_probabilities = True
    terms = ("log_loss", "weight")


class BrierScore(ClassMean):
    """Mean squared distance of the probabilities from what is true.

    Of yes or no ``(p - y)^2``, from 0 to 1; of several classes the sum over them, from 0 to 2 (Brier, 1950), as in
    scikit-learn. Two columns of a softmax are several classes: twice the score of one column.

    Example:
        >>> metrics.brier_score(np.array([0.9, 0.2]), np.array([1.0, 0.0]), output="probabilities").__round__(12)
        0.025
    """

    name = "brier_score"
    wants_probabilities = True
    terms = ("brier", "weight")


class HingeLoss(ClassMean):
    """Mean of what the true score lacks of a lead of 1: ``max(0, 1 - (score of the class - best other score))``.

    Of a single column ``max(0, 1 - t score)`` with ``t`` of -1 or 1. Several classes as Crammer and Singer (2001).

    Example:
        >>> metrics.hinge_loss(np.array([2.0, -0.5]), np.array([1, 1]))
        0.75
    """

    name = "hinge_loss"
    terms = ("hinge", "weight")


class ExpectedCalibrationError(ClassMetric):
    """How far the probability of what is predicted lies from how often it is right: the mean gap over equal bins.

    ``sum over bins of share of rows |mean probability - share right|`` (Guo et al., "On calibration of modern neural
    networks", 2017).

    Args:
        bins: Number of bins of the greatest probability over (0, 1]; 15 as in the paper.

    Raises:
        ValueError: If ``bins`` is not at least 1.

    Example:
        >>> p = np.array([[0.8, 0.2]] * 5)
        >>> metrics.expected_calibration_error(p, np.array([0, 0, 0, 0, 1]), output="probabilities").__round__(12)
        0.0
    """

    name = "expected_calibration_error"
    wants_probabilities = True
    terms = ("calibration",)

    def __init__(self, bins: int = 15) -> None:
        self.bins = check_count("ExpectedCalibrationError", "bins", bins, 1, _MOST)

    def parameter(self, term: str) -> float:
        """The number of bins of its only term."""
        return self.bins

    def finish(self, sums: Array) -> Any:
        """The mean gap over the bins, by their weight."""
        weight, sure, right = sums.reshape(3, -1)
        return np.abs(sure - right).sum() / weight.sum()


class CountMetric(ClassMetric):
    """A metric made of how often each class was right, predicted and true."""

    greater_is_better = True
    terms = ("counts",)
    # Whether it has a meaning for several labels at once.
    takes_labels = False

    def check(self, reading: Reading) -> None:
        """Refuses several labels at once where they have no meaning."""
        super().check(reading)
        if reading.labels and not self.takes_labels:
            raise ValueError(f"Trainer: expected `metrics` for several labels at once, such as f1, got {self.name}")

    def value(self, sums: Mapping[Key, Array], reading: Reading) -> float:
        """The metric, from the counts of each class."""
        right, predicted, actual = sums[self.needs()[0]].reshape(3, -1)
        with np.errstate(all="ignore"):
            return float(self.of_counts(right, predicted, actual, labels=reading.labels))

    def of_counts(self, right: Array, predicted: Array, actual: Array, *, labels: bool) -> Any:
        """The metric; with ``labels`` the counts are those of yes, for each of several labels."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `of_counts`, got none")


def _ratio(part: Array, whole: Array) -> Array:
    """A share; 0 of nothing."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), 0.0)


class BalancedAccuracy(CountMetric):
    """Mean over the classes of the share of their rows that is right; classes without rows do not count.

    Example:
        >>> metrics.balanced_accuracy(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]))
        0.5
    """

    name = "balanced_accuracy"

    def of_counts(self, right: Array, predicted: Array, actual: Array, *, labels: bool) -> Any:
        """The mean share that is right, over the classes that occur."""
        seen = actual > 0
        return mean_of(right[seen] / actual[seen])


class MatthewsCorrelation(CountMetric):
    """Matthews' correlation of predicted and true classes, from -1 to 1; 0 where one of them does not vary.

    Matthews, "Comparison of the predicted and observed secondary structure of T4 phage lysozyme", 1975; for several
    classes Gorodkin, 2004.

    Example:
        >>> metrics.matthews_correlation(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(6)
        0.522233
    """

    name = "matthews_correlation"

    def of_counts(self, right: Array, predicted: Array, actual: Array, *, labels: bool) -> Any:
        """Covariance of predicted and true classes, over their deviations."""
        total = actual.sum()
        shared = right.sum() * total - predicted @ actual
        varied = (total**2 - predicted @ predicted) * (total**2 - actual @ actual)
        return shared / np.sqrt(varied) if varied > 0 else 0.0


class CohenKappa(CountMetric):
    """Cohen's kappa: agreement beyond what chance gives, ``(agreed - by chance) / (1 - by chance)`` (Cohen, 1960).

    Example:
        >>> metrics.cohen_kappa(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(12)
        0.5
    """

    name = "cohen_kappa"

    def of_counts(self, right: Array, predicted: Array, actual: Array, *, labels: bool) -> Any:
        """Agreement beyond chance, over what chance leaves."""
        total = actual.sum()
        chance = predicted @ actual / total**2
        return (right.sum() / total - chance) / (1 - chance)


class Averaged(CountMetric):
    """A metric that each class has, and how they become one.

    Args:
        average: ``"binary"`` is that of class 1; ``"macro"`` the mean over the classes that occur, ``"weighted"``
            the mean by their rows, ``"micro"`` that of all counts together. ``"auto"`` is ``"binary"`` for two classes
            and ``"macro"`` for more.

    Raises:
        ValueError: If ``average`` is unknown.
    """

    average: str
    takes_labels = True

    def check(self, reading: Reading) -> None:
        """Refuses to take class 1 alone where there are more than two."""
        super().check(reading)
        if self.average == "binary" and (reading.columns > 2 or reading.labels):
            raise ValueError(
                f'{type(self).__name__}: expected `average` of "macro", "micro" or "weighted" for {reading.columns} '
                'classes or labels, got "binary"'
            )

    def __init__(self, average: str = "auto") -> None:
        check_choice(type(self).__name__, "average", average, AVERAGES)
        self.average = average
        if average != "auto":
            self.name = f"{type(self).name}_{average}"

    def of_counts(self, right: Array, predicted: Array, actual: Array, *, labels: bool) -> Any:
        """The average of what each class has."""
        average = self.average
        if average == "auto":
            average = "binary" if len(right) == 2 and not labels else "macro"
        if average == "binary":
            return self.each(right[1], predicted[1], actual[1])
        if average == "micro":
            return self.each(right.sum(), predicted.sum(), actual.sum())
        each, occurs = self.each(right, predicted, actual), (predicted + actual > 0) | labels
        return mean_of(each[occurs]) if average == "macro" else (each @ actual) / actual.sum()

    def each(self, right: Array, predicted: Array, actual: Array) -> Array:
        """The metric of each class, from its counts."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `each`, got none")


class Precision(Averaged):
    """Share of what is predicted that is right; 0 for a class that is never predicted.

    Args:
        average: ``"binary"`` is that of class 1; ``"macro"`` the mean over the classes that occur, ``"weighted"``
            the mean by their rows, ``"micro"`` that of all counts together. ``"auto"`` is ``"binary"`` for two classes
            and ``"macro"`` for more (scikit-learn refuses more classes until told).

    Raises:
        ValueError: If ``average`` is unknown.

    Example:
        >>> metrics.precision(np.array([1, 1, 0, 1]), np.array([1, 0, 0, 1])).__round__(6)
        0.666667
    """

    name = "precision"

    def each(self, right: Array, predicted: Array, actual: Array) -> Array:
        """The metric of each class, from its counts."""
        return _ratio(right, predicted)


class Recall(Averaged):
    """Share of what is true that is predicted; 0 for a class without rows.

    Args:
        average: As for :class:`Precision`.

    Raises:
        ValueError: If ``average`` is unknown.

    Example:
        >>> metrics.recall(np.array([1, 0, 0, 0]), np.array([1, 1, 0, 0]))
        0.5
    """

    name = "recall"

    def each(self, right: Array, predicted: Array, actual: Array) -> Array:
        """The metric of each class, from its counts."""
        return _ratio(right, actual)


class FBeta(Averaged):
    """Harmonic mean of precision and recall, with recall ``beta`` times as important.

    ``(1 + beta^2) right / (beta^2 actual + predicted)``.

    Args:
        beta: How much recall counts beside precision, above 0.
        average: As for :class:`Precision`.

    Raises:
        ValueError: If ``beta`` is not above 0, or ``average`` is unknown.

    Example:
        >>> metrics.f_beta(np.array([1, 0, 0, 0]), np.array([1, 1, 0, 0]), beta=2.0).__round__(6)
        0.555556
    """

    name = "f_beta"
    beta = 1.0

    def __init__(self, beta: float = 1.0, average: str = "auto") -> None:
        super().__init__(average)
        self.beta = check_number(type(self).__name__, "beta", beta, "(0, inf)")

    def each(self, right: Array, predicted: Array, actual: Array) -> Array:
        """The metric of each class, from its counts."""
        square = self.beta * self.beta
        return _ratio((1 + square) * right, square * actual + predicted)


class F1(FBeta):
    """Harmonic mean of precision and recall: ``2 right / (actual + predicted)``.

    Args:
        average: As for :class:`Precision`.

    Raises:
        ValueError: If ``average`` is unknown.

    Example:
        >>> metrics.f1(np.array([0, 1, 1, 1, 2, 0]), np.array([0, 0, 1, 1, 2, 2])).__round__(6)
        0.655556
    """

    name = "f1"

    def __init__(self, average: str = "auto") -> None:
        super().__init__(1.0, average)


class Jaccard(Averaged):
    """Jaccard's index: how much of what is predicted or true is both, ``right / (actual + predicted - right)``.

    Args:
        average: As for :class:`Precision`.

    Raises:
        ValueError: If ``average`` is unknown.

    Example:
        >>> metrics.jaccard(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])).__round__(6)
        0.333333
    """

    name = "jaccard"

    def each(self, right: Array, predicted: Array, actual: Array) -> Array:
        """The metric of each class, from its counts."""
        return _ratio(right, actual + predicted - right)

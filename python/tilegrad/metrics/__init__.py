"""Metrics: numbers to judge a model by.

A trainer takes names, ``metrics=["accuracy", "f1"]``, or objects, ``[metrics.F1(average="micro")]``. They are summed
over the rows inside the compiled step, in double precision and weighted by sample weights, so that the size of batches
does not matter. On arrays the functions of this module give the same: ``metrics.f1(prediction, target)``.

A metric that needs all predictions at once (a median, an area under a curve), any metric of scikit-learn by its name
(``"neg_log_loss"``, ``"roc_auc_ovr"``, ``"fowlkes_mallows_score"``; with ``tilegrad[sklearn]``), and any function of
(y_true, y_pred) is computed at the end of an epoch, from predictions that are made once more then.

Example:
    >>> import numpy as np
    >>> from tilegrad import metrics
    >>> metrics.accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 1]))
    1.0
"""

from typing import Any

from tilegrad.metrics.amounts import (
    R2,
    AdjustedR2,
    Concordance,
    D2Tweedie,
    ExplainedVariance,
    MaxError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanGammaDeviance,
    MeanPinballLoss,
    MeanPoissonDeviance,
    MeanSquaredError,
    MeanSquaredLogError,
    MeanTweedieDeviance,
    Pearson,
    RootMeanSquaredError,
    RootMeanSquaredLogError,
    SymmetricMeanAbsolutePercentageError,
)
from tilegrad.metrics.base import Metric, Predictions, WholeMetric
from tilegrad.metrics.choice import metrics_for
from tilegrad.metrics.classes import (
    F1,
    Accuracy,
    BalancedAccuracy,
    BrierScore,
    CohenKappa,
    ExpectedCalibrationError,
    FBeta,
    HammingLoss,
    HingeLoss,
    Jaccard,
    LogLoss,
    MatthewsCorrelation,
    Precision,
    Recall,
    TopKAccuracy,
    ZeroOneLoss,
)
from tilegrad.metrics.curves import AveragePrecision, RocAuc, calibration_curve, precision_recall_curve, roc_curve
from tilegrad.metrics.function_metrics import FunctionMetric, RowMetric, custom
from tilegrad.metrics.functions import (
    accuracy,
    adjusted_r2,
    average_precision,
    balanced_accuracy,
    brier_score,
    cohen_kappa,
    concordance,
    d2_absolute,
    d2_pinball,
    d2_tweedie,
    expected_calibration_error,
    explained_variance,
    f1,
    f_beta,
    hamming_loss,
    hinge_loss,
    jaccard,
    log_loss,
    matthews_correlation,
    max_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    mean_squared_log_error,
    mean_tweedie_deviance,
    median_absolute_error,
    pearson,
    precision,
    r2,
    recall,
    roc_auc,
    root_mean_squared_error,
    root_mean_squared_log_error,
    symmetric_mean_absolute_percentage_error,
    top_k_accuracy,
    zero_one_loss,
)
from tilegrad.metrics.quantiles import D2Absolute, D2Pinball, MedianAbsoluteError
from tilegrad.metrics.report import classification_report, confusion_matrix
from tilegrad.words.names import unknown

__all__ = [
    "F1",
    "R2",
    "Accuracy",
    "AdjustedR2",
    "AveragePrecision",
    "BalancedAccuracy",
    "BrierScore",
    "CohenKappa",
    "Concordance",
    "D2Absolute",
    "D2Pinball",
    "D2Tweedie",
    "ExpectedCalibrationError",
    "ExplainedVariance",
    "FBeta",
    "FunctionMetric",
    "HammingLoss",
    "HingeLoss",
    "Jaccard",
    "LogLoss",
    "MatthewsCorrelation",
    "MaxError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanGammaDeviance",
    "MeanPinballLoss",
    "MeanPoissonDeviance",
    "MeanSquaredError",
    "MeanSquaredLogError",
    "MeanTweedieDeviance",
    "MedianAbsoluteError",
    "Metric",
    "Pearson",
    "Precision",
    "Predictions",
    "Recall",
    "RocAuc",
    "RootMeanSquaredError",
    "RootMeanSquaredLogError",
    "RowMetric",
    "SymmetricMeanAbsolutePercentageError",
    "TopKAccuracy",
    "WholeMetric",
    "ZeroOneLoss",
    "accuracy",
    "adjusted_r2",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "calibration_curve",
    "classification_report",
    "cohen_kappa",
    "concordance",
    "confusion_matrix",
    "custom",
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
    "metrics_for",
    "pearson",
    "precision",
    "precision_recall_curve",
    "r2",
    "recall",
    "roc_auc",
    "roc_curve",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "symmetric_mean_absolute_percentage_error",
    "top_k_accuracy",
    "zero_one_loss",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'tilegrad.metrics' has no attribute {name!r}")
    raise AttributeError(unknown("metrics", "metric", name, __all__))

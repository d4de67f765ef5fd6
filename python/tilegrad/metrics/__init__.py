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

from tilegrad.metrics import functions
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
from tilegrad.metrics.functions import *
from tilegrad.metrics.quantiles import D2Absolute, D2Pinball, MedianAbsoluteError
from tilegrad.metrics.report import classification_report, confusion_matrix
from tilegrad.words.names import missing

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
    "calibration_curve",
    "classification_report",
    "confusion_matrix",
    "custom",
    "metrics_for",
    "precision_recall_curve",
    "roc_curve",
]
__all__ += functions.__all__


__getattr__ = missing("tilegrad.metrics", "metric", __all__)

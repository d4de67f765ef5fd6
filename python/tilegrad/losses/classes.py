# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""Losses as objects, for a trainer: the functions of `tilegrad.functional` with their settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tilegrad.functional.losses.traced import Options
from tilegrad.functional.types import Data, Normalization, Reduced, Style
from tilegrad.losses.entry import EntryLoss
from tilegrad.tensor import Array

__all__ = [
    "AdditiveMarginSoftmax",
    "ArcMarginSoftmax",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyWithLogits",
    "BinaryFocalLoss",
    "CategoricalCrossEntropy",
    "Contrastive",
    "CosineDistance",
    "CosineEmbedding",
    "CrossEntropy",
    "DiceLoss",
    "DistillationLoss",
    "FocalLoss",
    "GaussianNllLoss",
    "GeneralizedCrossEntropy",
    "Hinge",
    "HingeEmbedding",
    "Huber",
    "KlDivergence",
    "LargeMarginSoftmax",
    "LogCosh",
    "MarginRanking",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MultiLabelSoftMargin",
    "MultiMargin",
    "MulticlassHinge",
    "NllLoss",
    "Pinball",
    "Poisson",
    "PolyLoss",
    "SmoothL1",
    "SoftMargin",
    "SquaredHinge",
    "SumAbsoluteError",
    "SumSquaredError",
    "TripletMargin",
    "TverskyLoss",
]


class MeanSquaredError(EntryLoss):
    """Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.

    The object of `tilegrad.functional.mean_squared_error`, which has the details.

    Args:
        half, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MeanSquaredError()
        MeanSquaredError()
    """

    name = "mean_squared_error"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    half: bool

    def __init__(self, half: bool = False, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"half": half}, Options(), reduction, style)


class SumSquaredError(EntryLoss):
    """Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.

    The object of `tilegrad.functional.sum_squared_error`, which has the details.

    Args:
        half, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.SumSquaredError()
        SumSquaredError()
    """

    name = "sum_squared_error"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    half: bool

    def __init__(self, half: bool = False, *, reduction: Reduced = "sum", style: Style | None = None) -> None:
        self._set({"half": half}, Options(), reduction, style)


class MeanAbsoluteError(EntryLoss):
    """Absolute error: `|x - t|` for a prediction `x` and a target `t`; the slope is the sign of `x - t`, and 0 where they are equal.

    The object of `tilegrad.functional.mean_absolute_error`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MeanAbsoluteError()
        MeanAbsoluteError()
    """

    name = "mean_absolute_error"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class SumAbsoluteError(EntryLoss):
    """Absolute error: `|x - t|` for a prediction `x` and a target `t`; the slope is the sign of `x - t`, and 0 where they are equal.

    The object of `tilegrad.functional.sum_absolute_error`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.SumAbsoluteError()
        SumAbsoluteError()
    """

    name = "sum_absolute_error"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "sum", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class Huber(EntryLoss):
    """Huber's loss: `(x - t)^2 / 2` up to an error of `delta`, and `delta (|x - t| - delta / 2)` beyond.

    The object of `tilegrad.functional.huber`, which has the details.

    Args:
        delta, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.Huber()
        Huber()
    """

    name = "huber"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    delta: float

    def __init__(self, delta: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"delta": delta}, Options(), reduction, style)


class SmoothL1(EntryLoss):
    """Smooth absolute error: `(x - t)^2 / (2 beta)` below an error of `beta`, and `|x - t| - beta / 2` beyond.

    The object of `tilegrad.functional.smooth_l1`, which has the details.

    Args:
        beta, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.SmoothL1()
        SmoothL1()
    """

    name = "smooth_l1"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    beta: float

    def __init__(self, beta: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"beta": beta}, Options(), reduction, style)


class LogCosh(EntryLoss):
    """Logarithm of the hyperbolic cosine of the error: `ln(cosh(x - t))`; slope `tanh(x - t)`.

    The object of `tilegrad.functional.log_cosh`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.LogCosh()
        LogCosh()
    """

    name = "log_cosh"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class Pinball(EntryLoss):
    """Pinball (quantile) loss: `max(q (t - x), (q - 1) (t - x))` with `q` the `quantile`; slope `-q` below the target, `1 - q` above, 0 at it.

    The object of `tilegrad.functional.pinball`, which has the details.

    Args:
        quantile, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.Pinball()
        Pinball()
    """

    name = "pinball"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    quantile: float

    def __init__(self, quantile: float = 0.5, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"quantile": quantile}, Options(), reduction, style)


class Poisson(EntryLoss):
    """Poisson loss of counts: `exp(x) - t x` for the logarithm `x` of a rate, or `x - t ln(x + epsilon)` for the rate itself.

    The object of `tilegrad.functional.poisson`, which has the details.

    Args:
        epsilon, log_input, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.Poisson()
        Poisson()
    """

    name = "poisson"
    targets = "non_negative"
    predictions = "real"
    output = "exp"
    takes_class_weight = False
    epsilon: float
    log_input: bool

    def __init__(
        self, epsilon: float = 1e-08, log_input: bool = True, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"epsilon": epsilon, "log_input": log_input}, Options(), reduction, style)


class MeanSquaredLogarithmicError(EntryLoss):
    """Squared logarithmic error: `(ln(1 + x) - ln(1 + t))^2`; slope `2 (ln(1 + x) - ln(1 + t)) / (1 + x)`.

    The object of `tilegrad.functional.mean_squared_logarithmic_error`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MeanSquaredLogarithmicError()
        MeanSquaredLogarithmicError()
    """

    name = "mean_squared_logarithmic_error"
    targets = "above_minus_one"
    predictions = "above_minus_one"
    output = "identity"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class MeanAbsolutePercentageError(EntryLoss):
    """Absolute percentage error: `|x - t| / max(|t|, epsilon)`, as a fraction, or times 100 with `percent`.

    The object of `tilegrad.functional.mean_absolute_percentage_error`, which has the details.

    Args:
        epsilon, percent, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MeanAbsolutePercentageError()
        MeanAbsolutePercentageError()
    """

    name = "mean_absolute_percentage_error"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    epsilon: float
    percent: bool

    def __init__(
        self,
        epsilon: float = 2.220446049250313e-16,
        percent: bool = False,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"epsilon": epsilon, "percent": percent}, Options(), reduction, style)


class BinaryCrossEntropyWithLogits(EntryLoss):
    """Binary cross-entropy of logits: `-(t ln p + (1 - t) ln(1 - p))` with `p = sigmoid(x)` and a target `t` in [0, 1].

    The object of `tilegrad.functional.binary_cross_entropy_with_logits`, which has the details.

    Args:
        label_smoothing, positive_weight, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.BinaryCrossEntropyWithLogits()
        BinaryCrossEntropyWithLogits()
    """

    name = "binary_cross_entropy_with_logits"
    targets = "unit_interval"
    predictions = "real"
    output = "sigmoid"
    takes_class_weight = False
    label_smoothing: float
    positive_weight: float

    def __init__(
        self,
        label_smoothing: float = 0.0,
        positive_weight: float = 1.0,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"label_smoothing": label_smoothing, "positive_weight": positive_weight}, Options(), reduction, style)


class BinaryCrossEntropy(EntryLoss):
    """Binary cross-entropy of probabilities: `-(t ln p + (1 - t) ln(1 - p))` for a prediction `p` and a target `t` in [0, 1].

    The object of `tilegrad.functional.binary_cross_entropy`, which has the details.

    Args:
        epsilon, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.BinaryCrossEntropy()
        BinaryCrossEntropy()
    """

    name = "binary_cross_entropy"
    targets = "unit_interval"
    predictions = "unit_interval"
    output = "identity"
    takes_class_weight = False
    epsilon: float

    def __init__(self, epsilon: float = 0.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"epsilon": epsilon}, Options(), reduction, style)


class BinaryFocalLoss(EntryLoss):
    """Binary focal loss of logits: `-alpha_t (1 - p_t)^gamma ln(p_t)` with `p = sigmoid(x)`, `p_t` the probability given to the target (`p` for 1, `1 - p` for 0) and `alpha_t` likewise `alpha` or `1 - alpha`.

    The object of `tilegrad.functional.binary_focal_loss`, which has the details.

    Args:
        gamma, alpha, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.BinaryFocalLoss()
        BinaryFocalLoss()
    """

    name = "binary_focal_loss"
    targets = "unit_interval"
    predictions = "real"
    output = "sigmoid"
    takes_class_weight = False
    gamma: float
    alpha: float | None

    def __init__(
        self, gamma: float = 2.0, alpha: float | None = None, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"gamma": gamma, "alpha": alpha}, Options(), reduction, style)


class Hinge(EntryLoss):
    """Hinge loss: `max(0, 1 - t x)` for a score `x` and a target `t` of -1 or 1; slope `-t` below the margin, 0 at it and beyond.

    The object of `tilegrad.functional.hinge`, which has the details.

    Args:
        zero_one_targets, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.Hinge()
        Hinge()
    """

    name = "hinge"
    targets = "sign"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    zero_one_targets: bool

    def __init__(
        self, zero_one_targets: bool = False, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"zero_one_targets": zero_one_targets}, Options(), reduction, style)


class SquaredHinge(EntryLoss):
    """Squared hinge loss: `max(0, 1 - t x)^2` for a score `x` and a target `t` of -1 or 1; smooth at the margin.

    The object of `tilegrad.functional.squared_hinge`, which has the details.

    Args:
        zero_one_targets, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.SquaredHinge()
        SquaredHinge()
    """

    name = "squared_hinge"
    targets = "sign"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    zero_one_targets: bool

    def __init__(
        self, zero_one_targets: bool = False, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"zero_one_targets": zero_one_targets}, Options(), reduction, style)


class SoftMargin(EntryLoss):
    """Soft margin loss: `ln(1 + exp(-t x))` for a score `x` and a target `t` of -1 or 1; slope `-t sigmoid(-t x)`.

    The object of `tilegrad.functional.soft_margin`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.SoftMargin()
        SoftMargin()
    """

    name = "soft_margin"
    targets = "sign"
    predictions = "real"
    output = "identity"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class HingeEmbedding(EntryLoss):
    """Hinge loss of distances: `x` for a target of 1 (similar), `max(0, margin - x)` for -1 (dissimilar).

    The object of `tilegrad.functional.hinge_embedding`, which has the details.

    Args:
        margin, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.HingeEmbedding()
        HingeEmbedding()
    """

    name = "hinge_embedding"
    targets = "sign"
    predictions = "non_negative"
    output = "identity"
    takes_class_weight = False
    margin: float

    def __init__(self, margin: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"margin": margin}, Options(), reduction, style)


class Contrastive(EntryLoss):
    """Contrastive loss of distances: `t x^2 / 2 + (1 - t) max(0, margin - x)^2 / 2` with a target of 1 for similar, 0 for dissimilar.

    The object of `tilegrad.functional.contrastive`, which has the details.

    Args:
        margin, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.Contrastive()
        Contrastive()
    """

    name = "contrastive"
    targets = "unit_interval"
    predictions = "non_negative"
    output = "identity"
    takes_class_weight = False
    margin: float

    def __init__(self, margin: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"margin": margin}, Options(), reduction, style)


class CrossEntropy(EntryLoss):
    """Cross-entropy of a row of logits against a class or a distribution over the classes.

    The object of `tilegrad.functional.cross_entropy`, which has the details.

    Args:
        weight, normalization, label_smoothing, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.CrossEntropy()
        CrossEntropy()
    """

    name = "cross_entropy"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    label_smoothing: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"label_smoothing": label_smoothing}, Options(weight, normalization, ignore_index), reduction, style)


class LargeMarginSoftmax(EntryLoss):
    """Large-margin softmax: cross-entropy of `|w_c| |x| cos(a_c)`, in which the own class has `psi(a)` in place of `cos(a)`.

    The object of `tilegrad.functional.large_margin_softmax`, which has the details.

    Args:
        weight, normalization, margin, annealing, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.LargeMarginSoftmax()
        LargeMarginSoftmax()
    """

    name = "large_margin_softmax"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    margin: Literal[1, 2, 3, 4]
    annealing: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        margin: Literal[1, 2, 3, 4] = 4,
        annealing: float = 0.0,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set(
            {"margin": margin, "annealing": annealing}, Options(weight, normalization, ignore_index), reduction, style
        )


class AdditiveMarginSoftmax(EntryLoss):
    """Additive-margin softmax (CosFace): cross-entropy of `s cos(a_c)`, in which the own class has `s (cos(a) - margin)`.

    The object of `tilegrad.functional.additive_margin_softmax`, which has the details.

    Args:
        weight, normalization, scale, margin, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.AdditiveMarginSoftmax()
        AdditiveMarginSoftmax()
    """

    name = "additive_margin_softmax"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    scale: float
    margin: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        scale: float = 30.0,
        margin: float = 0.35,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"scale": scale, "margin": margin}, Options(weight, normalization, ignore_index), reduction, style)


class ArcMarginSoftmax(EntryLoss):
    """Angular-margin softmax (ArcFace): cross-entropy of `s cos(a_c)`, in which the own class has `s cos(a + margin)`.

    The object of `tilegrad.functional.arc_margin_softmax`, which has the details.

    Args:
        weight, normalization, scale, margin, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.ArcMarginSoftmax()
        ArcMarginSoftmax()
    """

    name = "arc_margin_softmax"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    scale: float
    margin: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        scale: float = 64.0,
        margin: float = 0.5,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"scale": scale, "margin": margin}, Options(weight, normalization, ignore_index), reduction, style)


class KlDivergence(EntryLoss):
    """Divergence of a target distribution from the predicted one (Kullback-Leibler): `sum_c t_c (log(t_c) - log(p_c))`.

    The object of `tilegrad.functional.kl_divergence`, which has the details.

    Args:
        prediction_form, base, per, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.KlDivergence()
        KlDivergence()
    """

    name = "kl_divergence"
    targets = "distribution"
    predictions = "real"
    output = "softmax"
    takes_class_weight = False
    prediction_form: Literal["logits", "log_probabilities", "probabilities"]
    base: float
    per: Literal["row", "element"]

    def __init__(
        self,
        prediction_form: Literal["logits", "log_probabilities", "probabilities"] = "logits",
        base: float = 2.718281828459045,
        per: Literal["row", "element"] = "row",
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"prediction_form": prediction_form, "base": base, "per": per}, Options(), reduction, style)


class DistillationLoss(EntryLoss):
    """Distillation of a teacher's logits `v` into a student's `z`: `T^2 KL(softmax(v / T), softmax(z / T))` with temperature `T`.

    The object of `tilegrad.functional.distillation_loss`, which has the details.

    Args:
        temperature, alpha, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.DistillationLoss()
        DistillationLoss()
    """

    name = "distillation_loss"
    targets = "real"
    predictions = "real"
    output = "softmax"
    takes_class_weight = False
    temperature: float
    alpha: float

    def __init__(
        self, temperature: float = 1.0, alpha: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"temperature": temperature, "alpha": alpha}, Options(), reduction, style)


class GaussianNllLoss(EntryLoss):
    """Negative log-likelihood of an amount under a normal distribution: `(ln v + (x - t)^2 / v) / 2` with mean `x`, variance `v`.

    The object of `tilegrad.functional.gaussian_nll_loss`, which has the details.

    Args:
        epsilon, full, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.GaussianNllLoss()
        GaussianNllLoss()
    """

    name = "gaussian_nll_loss"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    epsilon: float
    full: bool

    def __init__(
        self, epsilon: float = 1e-06, full: bool = False, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"epsilon": epsilon, "full": full}, Options(), reduction, style)


class DiceLoss(EntryLoss):
    """Dice loss of the labels of a row: `1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s)`.

    The object of `tilegrad.functional.dice_loss`, which has the details.

    Args:
        prediction_form, smoothing, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.DiceLoss()
        DiceLoss()
    """

    name = "dice_loss"
    targets = "unit_interval"
    predictions = "real"
    output = "sigmoid"
    takes_class_weight = False
    prediction_form: Literal["logits", "probabilities"]
    smoothing: float

    def __init__(
        self,
        prediction_form: Literal["logits", "probabilities"] = "logits",
        smoothing: float = 1.0,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"prediction_form": prediction_form, "smoothing": smoothing}, Options(), reduction, style)


class TverskyLoss(EntryLoss):
    """Tversky loss of the labels of a row: `1 - (a + s) / (a + alpha b + beta c + s)`.

    The object of `tilegrad.functional.tversky_loss`, which has the details.

    Args:
        alpha, beta, prediction_form, smoothing, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.TverskyLoss()
        TverskyLoss()
    """

    name = "tversky_loss"
    targets = "unit_interval"
    predictions = "real"
    output = "sigmoid"
    takes_class_weight = False
    alpha: float
    beta: float
    prediction_form: Literal["logits", "probabilities"]
    smoothing: float

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        prediction_form: Literal["logits", "probabilities"] = "logits",
        smoothing: float = 1.0,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set(
            {"alpha": alpha, "beta": beta, "prediction_form": prediction_form, "smoothing": smoothing},
            Options(),
            reduction,
            style,
        )


class MultiLabelSoftMargin(EntryLoss):
    """Binary cross-entropy of the logits of a row, their mean: `-mean_c(t_c ln p_c + (1 - t_c) ln(1 - p_c))`, `p = sigmoid(x)`.

    The object of `tilegrad.functional.multi_label_soft_margin`, which has the details.

    Args:
        reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MultiLabelSoftMargin()
        MultiLabelSoftMargin()
    """

    name = "multi_label_soft_margin"
    targets = "unit_interval"
    predictions = "real"
    output = "sigmoid"
    takes_class_weight = False

    def __init__(self, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({}, Options(), reduction, style)


class FocalLoss(EntryLoss):
    """Focal loss of rows of logits: `-alpha (1 - p)^gamma ln(p)` with `p` the probability that the softmax gives the class.

    The object of `tilegrad.functional.focal_loss`, which has the details.

    Args:
        weight, normalization, gamma, alpha, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.FocalLoss()
        FocalLoss()
    """

    name = "focal_loss"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    gamma: float
    alpha: float | Array | Sequence[float] | None
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        gamma: float = 2.0,
        alpha: float | Array | Sequence[float] | None = None,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"gamma": gamma, "alpha": alpha}, Options(weight, normalization, ignore_index), reduction, style)


class PolyLoss(EntryLoss):
    """Poly-1 loss of rows of logits: `-ln(p) + epsilon (1 - p)` with `p` the probability that the softmax gives the class.

    The object of `tilegrad.functional.poly_loss`, which has the details.

    Args:
        weight, normalization, epsilon, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.PolyLoss()
        PolyLoss()
    """

    name = "poly_loss"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    epsilon: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        epsilon: float = 1.0,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"epsilon": epsilon}, Options(weight, normalization, ignore_index), reduction, style)


class GeneralizedCrossEntropy(EntryLoss):
    """Generalised cross-entropy of rows of logits: `(1 - p^q) / q` with `p` the probability of the class, `q` the `exponent`.

    The object of `tilegrad.functional.generalized_cross_entropy`, which has the details.

    Args:
        weight, normalization, exponent, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.GeneralizedCrossEntropy()
        GeneralizedCrossEntropy()
    """

    name = "generalized_cross_entropy"
    targets = "classes"
    predictions = "real"
    output = "softmax"
    takes_class_weight = True
    exponent: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        exponent: float = 0.7,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"exponent": exponent}, Options(weight, normalization, ignore_index), reduction, style)


class NllLoss(EntryLoss):
    """Negative log-likelihood of logarithms of probabilities: `-sum_c t_c x_c`, for a class `-x` at the class.

    The object of `tilegrad.functional.nll_loss`, which has the details.

    Args:
        weight, normalization, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.NllLoss()
        NllLoss()
    """

    name = "nll_loss"
    targets = "classes"
    predictions = "log_probabilities"
    output = "exp"
    takes_class_weight = True
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({}, Options(weight, normalization, ignore_index), reduction, style)


class CategoricalCrossEntropy(EntryLoss):
    """Cross-entropy of probabilities: `-sum_c t_c log(p_c)`, the cross-entropy `H(t, p)` of two distributions.

    The object of `tilegrad.functional.categorical_cross_entropy`, which has the details.

    Args:
        weight, normalization, base, epsilon, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.CategoricalCrossEntropy()
        CategoricalCrossEntropy()
    """

    name = "categorical_cross_entropy"
    targets = "classes"
    predictions = "distribution"
    output = "identity"
    takes_class_weight = True
    base: float
    epsilon: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        base: float = 2.718281828459045,
        epsilon: float = 0.0,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"base": base, "epsilon": epsilon}, Options(weight, normalization, ignore_index), reduction, style)


class MultiMargin(EntryLoss):
    """Margins over all other classes: `sum_(c != y) max(0, margin - x_y + x_c) / C` for scores `x` of `C` classes.

    The object of `tilegrad.functional.multi_margin`, which has the details.

    Args:
        weight, normalization, margin, squared, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MultiMargin()
        MultiMargin()
    """

    name = "multi_margin"
    targets = "classes"
    predictions = "real"
    output = "identity"
    takes_class_weight = True
    margin: float
    squared: bool
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        margin: float = 1.0,
        squared: bool = False,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set(
            {"margin": margin, "squared": squared}, Options(weight, normalization, ignore_index), reduction, style
        )


class MulticlassHinge(EntryLoss):
    """Hinge loss of several classes: `max_c(x_c + margin [c != y]) - x_y`, zero where the class leads by the margin.

    The object of `tilegrad.functional.multiclass_hinge`, which has the details.

    Args:
        weight, normalization, margin, ignore_index, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MulticlassHinge()
        MulticlassHinge()
    """

    name = "multiclass_hinge"
    targets = "classes"
    predictions = "real"
    output = "identity"
    takes_class_weight = True
    margin: float
    weight: Array | None
    normalization: Normalization
    ignore_index: int | None

    def __init__(
        self,
        weight: Data | None = None,
        normalization: Normalization = "weights",
        margin: float = 1.0,
        ignore_index: int | None = None,
        *,
        reduction: Reduced = "mean",
        style: Style | None = None,
    ) -> None:
        self._set({"margin": margin}, Options(weight, normalization, ignore_index), reduction, style)


class CosineDistance(EntryLoss):
    """Distance of the directions of two rows: `1 - x . t / (|x| |t|)`, from 0 for the same to 2 for the opposite.

    The object of `tilegrad.functional.cosine_distance`, which has the details.

    Args:
        offset, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.CosineDistance()
        CosineDistance()
    """

    name = "cosine_distance"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    offset: float

    def __init__(self, offset: float = 1.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"offset": offset}, Options(), reduction, style)


class CosineEmbedding(EntryLoss):
    """Likeness of pairs of rows: `1 - cos` for a target of 1 (alike), `max(0, cos - margin)` for -1 (unlike).

    The object of `tilegrad.functional.cosine_embedding`, which has the details.

    Args:
        margin, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.CosineEmbedding()
        CosineEmbedding()
    """

    name = "cosine_embedding"
    targets = "sign"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    margin: float

    def __init__(self, margin: float = 0.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"margin": margin}, Options(), reduction, style)


class TripletMargin(EntryLoss):
    """Triplet loss: `max(0, |a - p| - |a - n| + margin)` for an anchor `a`, a positive `p` and a negative `n`.

    The object of `tilegrad.functional.triplet_margin`, which has the details.

    Args:
        margin, epsilon, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.TripletMargin()
        TripletMargin()
    """

    name = "triplet_margin"
    targets = "real"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    margin: float
    epsilon: float

    def __init__(
        self, margin: float = 1.0, epsilon: float = 1e-06, *, reduction: Reduced = "mean", style: Style | None = None
    ) -> None:
        self._set({"margin": margin, "epsilon": epsilon}, Options(), reduction, style)


class MarginRanking(EntryLoss):
    """Order of pairs of scores: `max(0, margin - t (x - o))` with `t = 1` if the prediction `x` should be higher, -1 if lower.

    The object of `tilegrad.functional.margin_ranking`, which has the details.

    Args:
        margin, reduction, style: As of the function.

    Raises:
        ValueError: If a setting is out of range or unknown.

    Example:
        >>> from tilegrad import losses
        >>> losses.MarginRanking()
        MarginRanking()
    """

    name = "margin_ranking"
    targets = "sign"
    predictions = "real"
    output = "identity"
    takes_class_weight = False
    margin: float

    def __init__(self, margin: float = 0.0, *, reduction: Reduced = "mean", style: Style | None = None) -> None:
        self._set({"margin": margin}, Options(), reduction, style)


# The classes by the names of their functions.
NAMED: dict[str, type[EntryLoss]] = {
    "mean_squared_error": MeanSquaredError,
    "sum_squared_error": SumSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "sum_absolute_error": SumAbsoluteError,
    "huber": Huber,
    "smooth_l1": SmoothL1,
    "log_cosh": LogCosh,
    "pinball": Pinball,
    "poisson": Poisson,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "binary_cross_entropy_with_logits": BinaryCrossEntropyWithLogits,
    "binary_cross_entropy": BinaryCrossEntropy,
    "binary_focal_loss": BinaryFocalLoss,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "soft_margin": SoftMargin,
    "hinge_embedding": HingeEmbedding,
    "contrastive": Contrastive,
    "cross_entropy": CrossEntropy,
    "large_margin_softmax": LargeMarginSoftmax,
    "additive_margin_softmax": AdditiveMarginSoftmax,
    "arc_margin_softmax": ArcMarginSoftmax,
    "kl_divergence": KlDivergence,
    "distillation_loss": DistillationLoss,
    "gaussian_nll_loss": GaussianNllLoss,
    "dice_loss": DiceLoss,
    "tversky_loss": TverskyLoss,
    "multi_label_soft_margin": MultiLabelSoftMargin,
    "focal_loss": FocalLoss,
    "poly_loss": PolyLoss,
    "generalized_cross_entropy": GeneralizedCrossEntropy,
    "nll_loss": NllLoss,
    "categorical_cross_entropy": CategoricalCrossEntropy,
    "multi_margin": MultiMargin,
    "multiclass_hinge": MulticlassHinge,
    "cosine_distance": CosineDistance,
    "cosine_embedding": CosineEmbedding,
    "triplet_margin": TripletMargin,
    "margin_ranking": MarginRanking,
}

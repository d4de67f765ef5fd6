# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""Losses of arrays or traced tensors: functions of (prediction, target)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

from tilegrad.functional.losses.evaluation import by_prediction, evaluate
from tilegrad.functional.losses.traced import Options
from tilegrad.functional.types import Data, Normalization, Reduced, Reduction, Style, Values
from tilegrad.tensor import Array, Tensor, Traceable

__all__ = [
    "additive_margin_softmax",
    "arc_margin_softmax",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "binary_focal_loss",
    "categorical_cross_entropy",
    "contrastive",
    "cosine_distance",
    "cosine_embedding",
    "cross_entropy",
    "dice_loss",
    "distillation_loss",
    "focal_loss",
    "gaussian_nll_loss",
    "generalized_cross_entropy",
    "hinge",
    "hinge_embedding",
    "huber",
    "kl_divergence",
    "large_margin_softmax",
    "log_cosh",
    "margin_ranking",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "multi_label_soft_margin",
    "multi_margin",
    "multiclass_hinge",
    "nll_loss",
    "pinball",
    "poisson",
    "poly_loss",
    "smooth_l1",
    "soft_margin",
    "squared_hinge",
    "sum_absolute_error",
    "sum_squared_error",
    "triplet_margin",
    "tversky_loss",
]


@overload
def mean_squared_error(
    prediction: Traceable,
    target: Values,
    half: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def mean_squared_error(
    prediction: Data,
    target: Data,
    half: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def mean_squared_error(
    prediction: Data,
    target: Data,
    half: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def mean_squared_error(
    prediction: Values,
    target: Values,
    half: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.

    Both its mean and its sum are called "MSE" in the literature; here `mean_squared_error` is the mean over all
    elements and `sum_squared_error` the sum. As in PyTorch and Keras, there is no factor 1/2 unless `half` asks
    for it, as in optax's `l2_loss` and scikit-learn's MLP.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        half: Whether to use half the square, whose slope is the error itself. One of False, True; False by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> mean_squared_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "mean_squared_error",
        (prediction, target),
        {"half": half},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def sum_squared_error(
    prediction: Traceable,
    target: Values,
    half: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "sum",
    style: Style | None = None,
) -> Tensor: ...
@overload
def sum_squared_error(
    prediction: Data,
    target: Data,
    half: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def sum_squared_error(
    prediction: Data,
    target: Data,
    half: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "sum",
    style: Style | None = None,
) -> float: ...
@by_prediction
def sum_squared_error(
    prediction: Values,
    target: Values,
    half: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "sum",
    style: Style | None = None,
) -> Any:
    """Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.

    Both its mean and its sum are called "MSE" in the literature; here `mean_squared_error` is the mean over all
    elements and `sum_squared_error` the sum. As in PyTorch and Keras, there is no factor 1/2 unless `half` asks
    for it, as in optax's `l2_loss` and scikit-learn's MLP.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        half: Whether to use half the square, whose slope is the error itself. One of False, True; False by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "sum" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> sum_squared_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "sum_squared_error",
        (prediction, target),
        {"half": half},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def mean_absolute_error(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def mean_absolute_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def mean_absolute_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def mean_absolute_error(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Absolute error: `|x - t|` for a prediction `x` and a target `t`; the slope is the sign of `x - t`, and 0 where they are equal.

    Its slope does not shrink near the minimum, so training with a fixed learning rate does not settle there. At
    equality the slope is 0 in PyTorch too, and 1 in JAX. `mean_absolute_error` is the mean over all elements,
    `sum_absolute_error` the sum.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> mean_absolute_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "mean_absolute_error", (prediction, target), {}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def sum_absolute_error(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "sum",
    style: Style | None = None,
) -> Tensor: ...
@overload
def sum_absolute_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def sum_absolute_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "sum",
    style: Style | None = None,
) -> float: ...
@by_prediction
def sum_absolute_error(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "sum",
    style: Style | None = None,
) -> Any:
    """Absolute error: `|x - t|` for a prediction `x` and a target `t`; the slope is the sign of `x - t`, and 0 where they are equal.

    Its slope does not shrink near the minimum, so training with a fixed learning rate does not settle there. At
    equality the slope is 0 in PyTorch too, and 1 in JAX. `mean_absolute_error` is the mean over all elements,
    `sum_absolute_error` the sum.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "sum" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> sum_absolute_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "sum_absolute_error", (prediction, target), {}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def huber(
    prediction: Traceable,
    target: Values,
    delta: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def huber(
    prediction: Data,
    target: Data,
    delta: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def huber(
    prediction: Data,
    target: Data,
    delta: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def huber(
    prediction: Values,
    target: Values,
    delta: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Huber's loss: `(x - t)^2 / 2` up to an error of `delta`, and `delta (|x - t| - delta / 2)` beyond.

    Squared near the target and absolute far from it, so outliers pull with a slope of at most `delta`. It is
    `delta` times `smooth_l1` with `beta = delta`, so the two agree only at 1. The default is that of PyTorch,
    Keras and optax. (Huber, 1964.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        delta: Error at which the square turns into a line. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> huber(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "huber", (prediction, target), {"delta": delta}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def smooth_l1(
    prediction: Traceable,
    target: Values,
    beta: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def smooth_l1(
    prediction: Data,
    target: Data,
    beta: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def smooth_l1(
    prediction: Data,
    target: Data,
    beta: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def smooth_l1(
    prediction: Values,
    target: Values,
    beta: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Smooth absolute error: `(x - t)^2 / (2 beta)` below an error of `beta`, and `|x - t| - beta / 2` beyond.

    Its slope is -1 or 1 beyond `beta`; `huber` with `delta = beta` is `beta` times this. The default is PyTorch's.
    (Girshick, 2015.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        beta: Error at which the square turns into a line. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> smooth_l1(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "smooth_l1", (prediction, target), {"beta": beta}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def log_cosh(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def log_cosh(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def log_cosh(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def log_cosh(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Logarithm of the hyperbolic cosine of the error: `ln(cosh(x - t))`; slope `tanh(x - t)`.

    About half the square for small errors and `|x - t| - ln 2` for large ones, smooth everywhere. Same as in Keras
    and optax; it does not overflow, and keeps its digits near zero.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> log_cosh(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate("log_cosh", (prediction, target), {}, Options(sample_weight=sample_weight), reduction, style)


@overload
def pinball(
    prediction: Traceable,
    target: Values,
    quantile: float = 0.5,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def pinball(
    prediction: Data,
    target: Data,
    quantile: float = 0.5,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def pinball(
    prediction: Data,
    target: Data,
    quantile: float = 0.5,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def pinball(
    prediction: Values,
    target: Values,
    quantile: float = 0.5,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Pinball (quantile) loss: `max(q (t - x), (q - 1) (t - x))` with `q` the `quantile`; slope `-q` below the target, `1 - q` above, 0 at it.

    The constant that minimises its mean is the quantile `q` of the targets; with one half it is half the absolute
    error. scikit-learn's `mean_pinball_loss` is the same with `alpha`. (Koenker and Bassett, 1978.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        quantile: Share of targets that should lie below the prediction. In (0, 1); 0.5 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> pinball(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "pinball", (prediction, target), {"quantile": quantile}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def poisson(
    prediction: Traceable,
    target: Values,
    epsilon: float = 1e-08,
    log_input: bool = True,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def poisson(
    prediction: Data,
    target: Data,
    epsilon: float = 1e-08,
    log_input: bool = True,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def poisson(
    prediction: Data,
    target: Data,
    epsilon: float = 1e-08,
    log_input: bool = True,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def poisson(
    prediction: Values,
    target: Values,
    epsilon: float = 1e-08,
    log_input: bool = True,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Poisson loss of counts: `exp(x) - t x` for the logarithm `x` of a rate, or `x - t ln(x + epsilon)` for the rate itself.

    The negative log-likelihood without the term that depends only on the target, so it may be negative.
    `log_input` says whether `x` is a logarithm: yes by default, as in PyTorch; Keras expects the rate
    (`style="keras"`).

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        epsilon: Added to a rate before its logarithm is taken. In [0, inf); 1e-08 by default.
        log_input: Whether the prediction is the logarithm of the rate. One of False, True; True by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> bool(np.isfinite(poisson(np.array([0.25, 0.5]), np.array([0.0, 1.0]))))
        True
    """
    return evaluate(
        "poisson",
        (prediction, target),
        {"epsilon": epsilon, "log_input": log_input},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def mean_squared_logarithmic_error(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def mean_squared_logarithmic_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def mean_squared_logarithmic_error(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def mean_squared_logarithmic_error(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Squared logarithmic error: `(ln(1 + x) - ln(1 + t))^2`; slope `2 (ln(1 + x) - ln(1 + t)) / (1 + x)`.

    For values whose ratio matters: predictions and targets must be greater than -1. (Keras clips predictions at
    1e-7, which makes no difference above that.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> mean_squared_logarithmic_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "mean_squared_logarithmic_error",
        (prediction, target),
        {},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def mean_absolute_percentage_error(
    prediction: Traceable,
    target: Values,
    epsilon: float = 2.220446049250313e-16,
    percent: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def mean_absolute_percentage_error(
    prediction: Data,
    target: Data,
    epsilon: float = 2.220446049250313e-16,
    percent: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def mean_absolute_percentage_error(
    prediction: Data,
    target: Data,
    epsilon: float = 2.220446049250313e-16,
    percent: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def mean_absolute_percentage_error(
    prediction: Values,
    target: Values,
    epsilon: float = 2.220446049250313e-16,
    percent: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Absolute percentage error: `|x - t| / max(|t|, epsilon)`, as a fraction, or times 100 with `percent`.

    The default is that of scikit-learn, whose `epsilon` makes a target of zero cost `4.5e15 |x|`; Keras uses 1e-7
    and percent (`style="keras"`). The slope is 0 where prediction and target are equal.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        epsilon: Smallest absolute target to divide by. In (0, inf); 2.220446049250313e-16 by default.
        percent: Whether the result is a percentage instead of a fraction. One of False, True; False by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> mean_absolute_percentage_error(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "mean_absolute_percentage_error",
        (prediction, target),
        {"epsilon": epsilon, "percent": percent},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def binary_cross_entropy_with_logits(
    prediction: Traceable,
    target: Values,
    label_smoothing: float = 0.0,
    positive_weight: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(
    prediction: Data,
    target: Data,
    label_smoothing: float = 0.0,
    positive_weight: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def binary_cross_entropy_with_logits(
    prediction: Data,
    target: Data,
    label_smoothing: float = 0.0,
    positive_weight: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def binary_cross_entropy_with_logits(
    prediction: Values,
    target: Values,
    label_smoothing: float = 0.0,
    positive_weight: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Binary cross-entropy of logits: `-(t ln p + (1 - t) ln(1 - p))` with `p = sigmoid(x)` and a target `t` in [0, 1].

    Computed as `max(x, 0) - x t + ln(1 + exp(-|x|))`, exact for large logits: 200 at `x = 200, t = 0`, where the
    form for probabilities gives infinity or a clipped 100. The slope `p - t` is computed as
    `(1 - t) p - t (1 - p)`, each factor without cancellation. `positive_weight` multiplies the term with `t`, like
    PyTorch's `pos_weight`; smoothing makes the target `(1 - label_smoothing) t + label_smoothing / 2`, as in Keras.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        label_smoothing: Share by which targets move towards one half. In [0, 1]; 0.0 by default.
        positive_weight: Weight of positive targets, for when they are rare. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> binary_cross_entropy_with_logits(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "binary_cross_entropy_with_logits",
        (prediction, target),
        {"label_smoothing": label_smoothing, "positive_weight": positive_weight},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def binary_cross_entropy(
    prediction: Traceable,
    target: Values,
    epsilon: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def binary_cross_entropy(
    prediction: Data,
    target: Data,
    epsilon: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def binary_cross_entropy(
    prediction: Data,
    target: Data,
    epsilon: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def binary_cross_entropy(
    prediction: Values,
    target: Values,
    epsilon: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Binary cross-entropy of probabilities: `-(t ln p + (1 - t) ln(1 - p))` for a prediction `p` and a target `t` in [0, 1].

    For predictions that already are probabilities; it is better to train a model on logits with
    `binary_cross_entropy_with_logits`, which stays exact for large logits. Predictions outside [0, 1] are rejected.
    A logarithm is at least -100 and the slope divides by at least 1e-12, as in PyTorch, so `p = 0, t = 1` costs
    100; Keras first clips `p` to [1e-7, 1 - 1e-7], where it costs 16.118 (`style="keras"`).

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        epsilon: Predictions are first clipped to [epsilon, 1 - epsilon]. In [0, 0.5); 0.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> binary_cross_entropy(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "binary_cross_entropy",
        (prediction, target),
        {"epsilon": epsilon},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def binary_focal_loss(
    prediction: Traceable,
    target: Values,
    gamma: float = 2.0,
    alpha: float | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def binary_focal_loss(
    prediction: Data,
    target: Data,
    gamma: float = 2.0,
    alpha: float | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def binary_focal_loss(
    prediction: Data,
    target: Data,
    gamma: float = 2.0,
    alpha: float | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def binary_focal_loss(
    prediction: Values,
    target: Values,
    gamma: float = 2.0,
    alpha: float | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Binary focal loss of logits: `-alpha_t (1 - p_t)^gamma ln(p_t)` with `p = sigmoid(x)`, `p_t` the probability given to the target (`p` for 1, `1 - p` for 0) and `alpha_t` likewise `alpha` or `1 - alpha`.

    Samples that are already predicted well count little. With `gamma = 0` and no `alpha` it is
    `binary_cross_entropy_with_logits`. For targets between 0 and 1, `p_t = t p + (1 - t)(1 - p)`, and `alpha_t`
    likewise, as in Keras and optax. There is no `alpha` by default: Keras has 0.25 but does not apply it unless
    told to. (Lin et al., 2017.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        gamma: How much less well-predicted samples count; 0 gives cross-entropy. In [0, inf); 2.0 by default.
        alpha: Weight of the target 1; the target 0 has weight 1 - alpha. In [0, 1]; None by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> binary_focal_loss(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "binary_focal_loss",
        (prediction, target),
        {"gamma": gamma, "alpha": alpha},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def hinge(
    prediction: Traceable,
    target: Values,
    zero_one_targets: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def hinge(
    prediction: Data,
    target: Data,
    zero_one_targets: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def hinge(
    prediction: Data,
    target: Data,
    zero_one_targets: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def hinge(
    prediction: Values,
    target: Values,
    zero_one_targets: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Hinge loss: `max(0, 1 - t x)` for a score `x` and a target `t` of -1 or 1; slope `-t` below the margin, 0 at it and beyond.

    The loss of support vector machines. PyTorch and optax expect targets of -1 and 1; Keras converts 0 and 1
    (`style="keras"`). (Cortes and Vapnik, 1995.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        zero_one_targets: Whether targets are 0 and 1, which are converted to -1 and 1. One of False, True; False by
            default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> hinge(np.array([0.5, 2.0]), np.array([-1.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "hinge",
        (prediction, target),
        {"zero_one_targets": zero_one_targets},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def squared_hinge(
    prediction: Traceable,
    target: Values,
    zero_one_targets: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def squared_hinge(
    prediction: Data,
    target: Data,
    zero_one_targets: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def squared_hinge(
    prediction: Data,
    target: Data,
    zero_one_targets: bool = False,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def squared_hinge(
    prediction: Values,
    target: Values,
    zero_one_targets: bool = False,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Squared hinge loss: `max(0, 1 - t x)^2` for a score `x` and a target `t` of -1 or 1; smooth at the margin.

    Targets are as in `hinge`.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        zero_one_targets: Whether targets are 0 and 1, which are converted to -1 and 1. One of False, True; False by
            default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> squared_hinge(np.array([0.5, 2.0]), np.array([-1.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "squared_hinge",
        (prediction, target),
        {"zero_one_targets": zero_one_targets},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def soft_margin(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def soft_margin(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def soft_margin(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def soft_margin(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Soft margin loss: `ln(1 + exp(-t x))` for a score `x` and a target `t` of -1 or 1; slope `-t sigmoid(-t x)`.

    The binary cross-entropy of a logit, written as a margin loss; it does not overflow. Same as in PyTorch.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> soft_margin(np.array([0.5, 2.0]), np.array([-1.0, 1.0])) >= 0
        True
    """
    return evaluate("soft_margin", (prediction, target), {}, Options(sample_weight=sample_weight), reduction, style)


@overload
def hinge_embedding(
    prediction: Traceable,
    target: Values,
    margin: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def hinge_embedding(
    prediction: Data,
    target: Data,
    margin: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def hinge_embedding(
    prediction: Data,
    target: Data,
    margin: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def hinge_embedding(
    prediction: Values,
    target: Values,
    margin: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Hinge loss of distances: `x` for a target of 1 (similar), `max(0, margin - x)` for -1 (dissimilar).

    The prediction is a distance, at least 0. The default margin is PyTorch's.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        margin: Distance beyond which dissimilar pairs cost nothing. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> hinge_embedding(np.array([0.5, 2.0]), np.array([-1.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "hinge_embedding",
        (prediction, target),
        {"margin": margin},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def contrastive(
    prediction: Traceable,
    target: Values,
    margin: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def contrastive(
    prediction: Data,
    target: Data,
    margin: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def contrastive(
    prediction: Data,
    target: Data,
    margin: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def contrastive(
    prediction: Values,
    target: Values,
    margin: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Contrastive loss of distances: `t x^2 / 2 + (1 - t) max(0, margin - x)^2 / 2` with a target of 1 for similar, 0 for dissimilar.

    The prediction is a distance, at least 0. The factors 1/2 are those of the paper. (Hadsell, Chopra and LeCun,
    2006, where 1 means dissimilar.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        margin: Distance beyond which dissimilar pairs cost nothing. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> contrastive(np.array([0.25, 0.5]), np.array([0.0, 1.0])) >= 0
        True
    """
    return evaluate(
        "contrastive", (prediction, target), {"margin": margin}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def cross_entropy(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def cross_entropy(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Cross-entropy of a row of logits against a class or a distribution over the classes.

    For logits `x`, shares `y` (1 at the target class and 0 elsewhere, or the given distribution), class weights `w` (1 where there are none) and `C` classes: `loss = sum_c w_c y'_c (ln(sum_k exp x_k) - x_c)` with `y' = (1 - label_smoothing) y + label_smoothing / C`. The gradient is `softmax(x) sum_c(w_c y'_c) - w y'`; both come out of one pass and are stable for logits of any size.

    The mean divides by the sum of the rows' weights `sum_c w_c y_c` (`normalization` "weights": PyTorch with classes; there, distributions divide by the count) or by the count of rows ("samples": Keras). Rows whose class is `ignore_index` have loss, gradient and weight zero. Label smoothing is as in PyTorch, Keras and optax (Szegedy et al., 2015).

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        label_smoothing: Share of the target that is spread evenly over all classes. In [0, 1]; 0.0 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> cross_entropy(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])) >= 0
        True
    """
    return evaluate(
        "cross_entropy",
        (prediction, target),
        {"label_smoothing": label_smoothing},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def large_margin_softmax(
    prediction: Traceable,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: Literal[1, 2, 3, 4] = 4,
    annealing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def large_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: Literal[1, 2, 3, 4] = 4,
    annealing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def large_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: Literal[1, 2, 3, 4] = 4,
    annealing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def large_margin_softmax(
    prediction: Values,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: Literal[1, 2, 3, 4] = 4,
    annealing: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Large-margin softmax: cross-entropy of `|w_c| |x| cos(a_c)`, in which the own class has `psi(a)` in place of `cos(a)`.

    With `psi(a) = (-1)^k cos(m a) - 2 k` on the `k`-th of `m` parts of the half turn, features of a class must point to its
    vector with an angle `m` times smaller: classes become compact. `annealing` (the paper's lambda) makes it
    `(lambda cos(a) + psi(a)) / (1 + lambda)`; begin with a large one and lower it from fit to fit, since `m` of 3 or 4 does
    not learn from the start. In a trainer the vectors are the weights of the model's last layer, a `Dense` with
    `bias=False`; what the model predicts stays the plain product. (Liu et al., 2016.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        vectors: A column for each class, shape (features, classes): the last layer's weights.
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        margin: By what the angle to the own class is multiplied; 1 is plain softmax. One of 1, 2, 3, 4; 4 by default.
        annealing: Weight of the plain cosine beside the margin; large at first, then smaller. In [0, inf); 0.0 by
            default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> x, w = np.array([[1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])
        >>> [round(large_margin_softmax(x, np.array([0]), w, margin=m), 6) for m in (1, 2, 4)]
        [0.313262, 1.313262, 3.849938]
    """
    return evaluate(
        "large_margin_softmax",
        (prediction, target, vectors),
        {"margin": margin, "annealing": annealing},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def additive_margin_softmax(
    prediction: Traceable,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    scale: float = 30.0,
    margin: float = 0.35,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def additive_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    scale: float = 30.0,
    margin: float = 0.35,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def additive_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    scale: float = 30.0,
    margin: float = 0.35,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def additive_margin_softmax(
    prediction: Values,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    scale: float = 30.0,
    margin: float = 0.35,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Additive-margin softmax (CosFace): cross-entropy of `s cos(a_c)`, in which the own class has `s (cos(a) - margin)`.

    Lengths of features and vectors do not count, but for the `scale` `s`. For the vectors see `large_margin_softmax`.
    (Wang et al., 2018.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        vectors: A column for each class, shape (features, classes): the last layer's weights.
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        scale: Length that features count as. In (0, inf); 30.0 by default.
        margin: Margin of the own class. In [0, 1]; 0.35 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(additive_margin_softmax(np.eye(2), np.array([0, 1]), np.eye(2), scale=1.0, margin=1.0), 6)
        0.693147
    """
    return evaluate(
        "additive_margin_softmax",
        (prediction, target, vectors),
        {"scale": scale, "margin": margin},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def arc_margin_softmax(
    prediction: Traceable,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    scale: float = 64.0,
    margin: float = 0.5,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def arc_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    scale: float = 64.0,
    margin: float = 0.5,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def arc_margin_softmax(
    prediction: Data,
    target: Data,
    vectors: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    scale: float = 64.0,
    margin: float = 0.5,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def arc_margin_softmax(
    prediction: Values,
    target: Values,
    vectors: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    scale: float = 64.0,
    margin: float = 0.5,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Angular-margin softmax (ArcFace): cross-entropy of `s cos(a_c)`, in which the own class has `s cos(a + margin)`.

    Beyond `a = pi - margin`, where that would rise again, it goes on as `cos(a) - 1 + cos(margin)`, without the jump that is
    in the authors' code. Lengths count as in `additive_margin_softmax`. (Deng et al., 2019.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        vectors: A column for each class, shape (features, classes): the last layer's weights.
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        scale: Length that features count as. In (0, inf); 64.0 by default.
        margin: Margin of the own class. In [0, 1]; 0.5 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(arc_margin_softmax(np.eye(2), np.array([0, 1]), np.eye(2), scale=1.0, margin=0.0), 6)
        0.313262
    """
    return evaluate(
        "arc_margin_softmax",
        (prediction, target, vectors),
        {"scale": scale, "margin": margin},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def kl_divergence(
    prediction: Traceable,
    target: Values,
    prediction_form: Literal["logits", "log_probabilities", "probabilities"] = "logits",
    base: float = 2.718281828459045,
    per: Literal["row", "element"] = "row",
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def kl_divergence(
    prediction: Data,
    target: Data,
    prediction_form: Literal["logits", "log_probabilities", "probabilities"] = "logits",
    base: float = 2.718281828459045,
    per: Literal["row", "element"] = "row",
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def kl_divergence(
    prediction: Data,
    target: Data,
    prediction_form: Literal["logits", "log_probabilities", "probabilities"] = "logits",
    base: float = 2.718281828459045,
    per: Literal["row", "element"] = "row",
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def kl_divergence(
    prediction: Values,
    target: Values,
    prediction_form: Literal["logits", "log_probabilities", "probabilities"] = "logits",
    base: float = 2.718281828459045,
    per: Literal["row", "element"] = "row",
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Divergence of a target distribution from the predicted one (Kullback-Leibler): `sum_c t_c (log(t_c) - log(p_c))`.

    What it costs to take `p` for `t`: the cross-entropy less the entropy of `t`, and zero where they are equal. The
    prediction holds logits, unless `prediction_form` says otherwise. PyTorch takes logarithms of probabilities, and its mean
    is over all numbers (`style="torch"`; its "batchmean" is our mean); Keras takes probabilities.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        prediction_form: What the prediction holds. One of logits, log_probabilities, probabilities; logits by default.
        base: Of the logarithm: e for nats, 2 for bits. In (1, inf); 2.718281828459045 by default.
        per: Whether a row's loss is the sum over its numbers, or their mean. One of row, element; row by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(kl_divergence(np.log(np.array([[0.5, 0.5]])), np.array([[1.0, 0.0]])), 12)
        0.69314718056
    """
    return evaluate(
        "kl_divergence",
        (prediction, target),
        {"prediction_form": prediction_form, "base": base, "per": per},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def distillation_loss(
    prediction: Traceable,
    target: Values,
    temperature: float = 1.0,
    alpha: float = 1.0,
    *,
    labels: Values | None = None,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def distillation_loss(
    prediction: Data,
    target: Data,
    temperature: float = 1.0,
    alpha: float = 1.0,
    *,
    labels: Data | None = None,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def distillation_loss(
    prediction: Data,
    target: Data,
    temperature: float = 1.0,
    alpha: float = 1.0,
    *,
    labels: Data | None = None,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def distillation_loss(
    prediction: Values,
    target: Values,
    temperature: float = 1.0,
    alpha: float = 1.0,
    *,
    labels: Values | None = None,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Distillation of a teacher's logits `v` into a student's `z`: `T^2 KL(softmax(v / T), softmax(z / T))` with temperature `T`.

    The prediction holds the student's logits, the target the teacher's. The factor `T^2` keeps the size of the gradient
    for any temperature. With `labels`, the loss is `alpha` times this plus `1 - alpha` times their cross-entropy.
    (Hinton, Vinyals and Dean, 2015.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        labels: True classes, integers of shape (rows,), if `alpha` is below 1.
        temperature: Divides the logits of both, so that small probabilities count. In (0, inf); 1.0 by default.
        alpha: Share of the teacher; the rest is cross-entropy with the labels. In [0, 1]; 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> student, teacher = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[2.0, 0.0], [0.0, 1.0]])
        >>> round(distillation_loss(student, teacher, temperature=2.0), 12)
        0.086317677177
    """
    return evaluate(
        "distillation_loss",
        (prediction, target, labels),
        {"temperature": temperature, "alpha": alpha},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def gaussian_nll_loss(
    prediction: Traceable,
    target: Values,
    epsilon: float = 1e-06,
    full: bool = False,
    *,
    variance: Values | None = None,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def gaussian_nll_loss(
    prediction: Data,
    target: Data,
    epsilon: float = 1e-06,
    full: bool = False,
    *,
    variance: Data | None = None,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def gaussian_nll_loss(
    prediction: Data,
    target: Data,
    epsilon: float = 1e-06,
    full: bool = False,
    *,
    variance: Data | None = None,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def gaussian_nll_loss(
    prediction: Values,
    target: Values,
    epsilon: float = 1e-06,
    full: bool = False,
    *,
    variance: Values | None = None,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Negative log-likelihood of an amount under a normal distribution: `(ln v + (x - t)^2 / v) / 2` with mean `x`, variance `v`.

    The model says how sure it is. Without `variance` the columns of the prediction are the means and then the logarithms
    of the variances, twice as many as the target has: a network with that output trains on it as on any other loss. As
    PyTorch's, which has `variance` only. (Nix and Weigend, 1994.)

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        variance: Variance of each number, from 0; without it the prediction holds both.
        epsilon: Least variance. In (0, inf); 1e-06 by default.
        full: Whether the constant `ln(2 pi) / 2` is added. One of False, True; False by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> gaussian_nll_loss(np.array([[1.0]]), np.array([[3.0]]), variance=np.array([[1.0]]))
        2.0
        >>> gaussian_nll_loss(np.array([[1.0, 0.0]]), np.array([[3.0]]))
        2.0
    """
    return evaluate(
        "gaussian_nll_loss",
        (prediction, target, variance),
        {"epsilon": epsilon, "full": full},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def dice_loss(
    prediction: Traceable,
    target: Values,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def dice_loss(
    prediction: Data,
    target: Data,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def dice_loss(
    prediction: Data,
    target: Data,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def dice_loss(
    prediction: Values,
    target: Values,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Dice loss of the labels of a row: `1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s)`.

    With `p = sigmoid(x)` and `s` the `smoothing`, one less the overlap of the predicted set and the true one, for labels of which few are true. Keras takes probabilities
    and sums over the whole batch; here every row has its own. (Milletari, Navab and Ahmadi, 2016.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        prediction_form: What the prediction holds. One of logits, probabilities; logits by default.
        smoothing: Added above and below, so that two empty sets are equal. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(dice_loss(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), prediction_form="probabilities"), 12)
        0.0
    """
    return evaluate(
        "dice_loss",
        (prediction, target),
        {"prediction_form": prediction_form, "smoothing": smoothing},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def tversky_loss(
    prediction: Traceable,
    target: Values,
    alpha: float = 0.5,
    beta: float = 0.5,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def tversky_loss(
    prediction: Data,
    target: Data,
    alpha: float = 0.5,
    beta: float = 0.5,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def tversky_loss(
    prediction: Data,
    target: Data,
    alpha: float = 0.5,
    beta: float = 0.5,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def tversky_loss(
    prediction: Values,
    target: Values,
    alpha: float = 0.5,
    beta: float = 0.5,
    prediction_form: Literal["logits", "probabilities"] = "logits",
    smoothing: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Tversky loss of the labels of a row: `1 - (a + s) / (a + alpha b + beta c + s)`.

    Here `a = sum(p t)` is the overlap, `b = sum(p (1 - t))` the excess, `c = sum((1 - p) t)` the lack and `s` the `smoothing`:
    Dice loss with the two kinds of error weighed; both at one half (as in Keras) give it, with `smoothing` halved.
    (Salehi, Erdogmus and Gholipour, 2017.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        alpha: Weight of what is predicted but not true. In [0, inf); 0.5 by default.
        beta: Weight of what is true but not predicted. In [0, inf); 0.5 by default.
        prediction_form: What the prediction holds. One of logits, probabilities; logits by default.
        smoothing: Added above and below, so that two empty sets are equal. In (0, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(tversky_loss(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), prediction_form="probabilities"), 12)
        0.2
    """
    return evaluate(
        "tversky_loss",
        (prediction, target),
        {"alpha": alpha, "beta": beta, "prediction_form": prediction_form, "smoothing": smoothing},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def multi_label_soft_margin(
    prediction: Traceable,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def multi_label_soft_margin(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def multi_label_soft_margin(
    prediction: Data,
    target: Data,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def multi_label_soft_margin(
    prediction: Values,
    target: Values,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Binary cross-entropy of the logits of a row, their mean: `-mean_c(t_c ln p_c + (1 - t_c) ln(1 - p_c))`, `p = sigmoid(x)`.

    One loss for each row, as PyTorch's; the mean over a batch is that of `binary_cross_entropy_with_logits`.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(multi_label_soft_margin(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])), 12)
        0.69314718056
    """
    return evaluate(
        "multi_label_soft_margin", (prediction, target), {}, Options(sample_weight=sample_weight), reduction, style
    )


@overload
def focal_loss(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    gamma: float = 2.0,
    alpha: float | Array | Sequence[float] | None = None,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def focal_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    gamma: float = 2.0,
    alpha: float | Array | Sequence[float] | None = None,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def focal_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    gamma: float = 2.0,
    alpha: float | Array | Sequence[float] | None = None,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def focal_loss(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    gamma: float = 2.0,
    alpha: float | Array | Sequence[float] | None = None,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Focal loss of rows of logits: `-alpha (1 - p)^gamma ln(p)` with `p` the probability that the softmax gives the class.

    What is already right counts little. With `gamma = 0` and no `alpha` it is `cross_entropy`. Of a distribution, `-ln p`
    is the cross-entropy with it. `alpha` multiplies losses and does not change what a mean divides by. Keras applies 0.25
    to every class (`style="keras"`). (Lin et al., 2017.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        gamma: How much less counts what is already right; 0 for cross-entropy. In [0, inf); 2.0 by default.
        alpha: Factor of every loss, or one for each class; none by default. In [0, inf); None by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(focal_loss(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 9)
        0.045299697
    """
    return evaluate(
        "focal_loss",
        (prediction, target),
        {"gamma": gamma, "alpha": alpha},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def poly_loss(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    epsilon: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def poly_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    epsilon: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def poly_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    epsilon: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def poly_loss(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    epsilon: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Poly-1 loss of rows of logits: `-ln(p) + epsilon (1 - p)` with `p` the probability that the softmax gives the class.

    Cross-entropy with more weight on the first term of its series in `1 - p`. (Leng et al., 2022; optax has the same
    default.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        epsilon: Weight of the first term of the series, in addition to its own. In [0, inf); 1.0 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(poly_loss(np.array([[0.0, 0.0]]), np.array([1]), epsilon=2.0), 6)
        1.693147
    """
    return evaluate(
        "poly_loss",
        (prediction, target),
        {"epsilon": epsilon},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def generalized_cross_entropy(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    exponent: float = 0.7,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def generalized_cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    exponent: float = 0.7,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def generalized_cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    exponent: float = 0.7,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def generalized_cross_entropy(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    exponent: float = 0.7,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Generalised cross-entropy of rows of logits: `(1 - p^q) / q` with `p` the probability of the class, `q` the `exponent`.

    Bounded, so that wrong labels pull less. The default is the paper's; Keras has 0.5. (Zhang and Sabuncu, 2018.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        exponent: 0 would be cross-entropy, 1 is the absolute error of the probability. In (0, 1]; 0.7 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(generalized_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]), exponent=1.0), 6)
        0.5
    """
    return evaluate(
        "generalized_cross_entropy",
        (prediction, target),
        {"exponent": exponent},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def nll_loss(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def nll_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def nll_loss(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def nll_loss(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Negative log-likelihood of logarithms of probabilities: `-sum_c t_c x_c`, for a class `-x` at the class.

    The prediction holds logarithms, from 0 down, as `log_softmax` gives them: `nll_loss(log_softmax(z), y)` is
    `cross_entropy(z, y)`, which loses nothing and is faster. As PyTorch's.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(nll_loss(np.log(np.array([[0.9, 0.1]])), np.array([0])), 12)
        0.105360515658
    """
    return evaluate(
        "nll_loss",
        (prediction, target),
        {},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def categorical_cross_entropy(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    base: float = 2.718281828459045,
    epsilon: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def categorical_cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    base: float = 2.718281828459045,
    epsilon: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def categorical_cross_entropy(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    base: float = 2.718281828459045,
    epsilon: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def categorical_cross_entropy(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    base: float = 2.718281828459045,
    epsilon: float = 0.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Cross-entropy of probabilities: `-sum_c t_c log(p_c)`, the cross-entropy `H(t, p)` of two distributions.

    The form for what already are probabilities, whose rows must add up to 1; a model is better trained on logits by
    `cross_entropy`. Probabilities below 1e-37 count as that. Keras clips at 1e-7 (`style="keras"`) and would divide a row
    by its sum instead of refusing it.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        base: Of the logarithm: e for nats, 2 for bits. In (1, inf); 2.718281828459045 by default.
        epsilon: Probabilities are drawn into [epsilon, 1 - epsilon] first. In [0, 0.5); 0.0 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(categorical_cross_entropy(np.array([[0.9, 0.1]]), np.array([0])), 12)
        0.105360515658
        >>> round(categorical_cross_entropy(np.array([[0.9, 0.1]]), np.array([0]), base=2), 12)
        0.152003093445
    """
    return evaluate(
        "categorical_cross_entropy",
        (prediction, target),
        {"base": base, "epsilon": epsilon},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def multi_margin(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    squared: bool = False,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def multi_margin(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    squared: bool = False,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def multi_margin(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    squared: bool = False,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def multi_margin(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    squared: bool = False,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Margins over all other classes: `sum_(c != y) max(0, margin - x_y + x_c) / C` for scores `x` of `C` classes.

    As PyTorch's `MultiMarginLoss` (`squared` is its `p=2`). `multiclass_hinge` looks at the worst class only.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        margin: By how much the class must lead. In (0, inf); 1.0 by default.
        squared: Whether what is missing is squared. One of False, True; False by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(multi_margin(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 6)
        0.15
    """
    return evaluate(
        "multi_margin",
        (prediction, target),
        {"margin": margin, "squared": squared},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def multiclass_hinge(
    prediction: Traceable,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def multiclass_hinge(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def multiclass_hinge(
    prediction: Data,
    target: Data,
    weight: Data | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def multiclass_hinge(
    prediction: Values,
    target: Values,
    weight: Values | None = None,
    normalization: Normalization = "weights",
    margin: float = 1.0,
    ignore_index: int | None = None,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Hinge loss of several classes: `max_c(x_c + margin [c != y]) - x_y`, zero where the class leads by the margin.

    As optax's `multiclass_hinge_loss`. (Crammer and Singer, 2001.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Class numbers from 0, integers of shape (rows,); or a distribution per row, floats of shape
            (rows, classes).
        weight: Weight of each class, shape (classes,).
        normalization: What a mean divides by: the sum of the "weights" that took part (PyTorch), or the number
            of "samples" (Keras).
        margin: By how much the class must lead. In (0, inf); 1.0 by default.
        ignore_index: Class number whose rows do not count; PyTorch ignores -100, we ignore nothing.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(multiclass_hinge(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])), 6)
        0.3
    """
    return evaluate(
        "multiclass_hinge",
        (prediction, target),
        {"margin": margin},
        Options(weight, normalization, ignore_index, sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def cosine_distance(
    prediction: Traceable,
    target: Values,
    offset: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def cosine_distance(
    prediction: Data,
    target: Data,
    offset: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def cosine_distance(
    prediction: Data,
    target: Data,
    offset: float = 1.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def cosine_distance(
    prediction: Values,
    target: Values,
    offset: float = 1.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Distance of the directions of two rows: `1 - x . t / (|x| |t|)`, from 0 for the same to 2 for the opposite.

    Lengths below 1e-8 count as that. As optax's `cosine_distance`; Keras has the negative cosine (`style="keras"`).

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        offset: From which the cosine is taken: 1 for a distance, 0 for its negative. In (-inf, inf); 1.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> cosine_distance(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))
        1.0
    """
    return evaluate(
        "cosine_distance",
        (prediction, target),
        {"offset": offset},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def cosine_embedding(
    prediction: Traceable,
    target: Values,
    other: Values,
    margin: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def cosine_embedding(
    prediction: Data,
    target: Data,
    other: Data,
    margin: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def cosine_embedding(
    prediction: Data,
    target: Data,
    other: Data,
    margin: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def cosine_embedding(
    prediction: Values,
    target: Values,
    other: Values,
    margin: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Likeness of pairs of rows: `1 - cos` for a target of 1 (alike), `max(0, cos - margin)` for -1 (unlike).

    The target has one number for each row. As PyTorch's, whose order of arguments is prediction, other, target.

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        other: The vectors that the prediction is compared with.
        margin: Cosine below which what is unlike costs nothing. In [-1, 1]; 0.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> cosine_embedding(np.array([[1.0, 0.0]]), np.array([-1.0]), np.array([[2.0, 0.0]]), margin=0.5)
        0.5
    """
    return evaluate(
        "cosine_embedding",
        (prediction, target, other),
        {"margin": margin},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def triplet_margin(
    prediction: Traceable,
    target: Values,
    negative: Values,
    margin: float = 1.0,
    epsilon: float = 1e-06,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def triplet_margin(
    prediction: Data,
    target: Data,
    negative: Data,
    margin: float = 1.0,
    epsilon: float = 1e-06,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def triplet_margin(
    prediction: Data,
    target: Data,
    negative: Data,
    margin: float = 1.0,
    epsilon: float = 1e-06,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def triplet_margin(
    prediction: Values,
    target: Values,
    negative: Values,
    margin: float = 1.0,
    epsilon: float = 1e-06,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Triplet loss: `max(0, |a - p| - |a - n| + margin)` for an anchor `a`, a positive `p` and a negative `n`.

    The prediction is the anchor, the target the positive. Like PyTorch's, with Euclidean distances of `difference + epsilon`. (Schroff, Kalenichenko and Philbin, 2015.)

    Args:
        prediction: Floats of shape (rows, columns), or a traced tensor.
        target: Floats; nothing is broadcast.
        negative: The vectors that should be far.
        margin: By how much farther the negative should be. In (0, inf); 1.0 by default.
        epsilon: Added to differences, so that a distance of zero has a slope. In (0, inf); 1e-06 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each row, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> round(triplet_margin(np.array([[0.0]]), np.array([[2.0]]), np.array([[1.5]])), 6)
        1.5
    """
    return evaluate(
        "triplet_margin",
        (prediction, target, negative),
        {"margin": margin, "epsilon": epsilon},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )


@overload
def margin_ranking(
    prediction: Traceable,
    target: Values,
    other: Values,
    margin: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Tensor: ...
@overload
def margin_ranking(
    prediction: Data,
    target: Data,
    other: Data,
    margin: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Literal["none"],
    style: Style | None = None,
) -> Array: ...
@overload
def margin_ranking(
    prediction: Data,
    target: Data,
    other: Data,
    margin: float = 0.0,
    *,
    sample_weight: Data | None = None,
    reduction: Reduced = "mean",
    style: Style | None = None,
) -> float: ...
@by_prediction
def margin_ranking(
    prediction: Values,
    target: Values,
    other: Values,
    margin: float = 0.0,
    *,
    sample_weight: Values | None = None,
    reduction: Reduction = "mean",
    style: Style | None = None,
) -> Any:
    """Order of pairs of scores: `max(0, margin - t (x - o))` with `t = 1` if the prediction `x` should be higher, -1 if lower.

    As PyTorch's, whose order of arguments is prediction, other, target.

    Args:
        prediction: Floats of any shape, or a traced tensor.
        target: Floats; nothing is broadcast.
        other: The scores that the prediction is compared with.
        margin: By how much the higher should lead. In [0, inf); 0.0 by default.
        sample_weight: Weight of each row; a row of weight 0 counts as absent.
        reduction: "mean", "sum", "none" for the loss of each number, or "batchmean", the sum
            over the number of rows; "mean" by default.
        style: "torch", "keras", "optax" or "sklearn" takes the settings with which that library computes, where
            they are not given.

    Returns:
        A number, or an array with reduction "none"; a traced tensor of traced operands.

    Raises:
        ValueError: If shapes do not fit, a setting is out of range, or a number is outside the domain of the
            loss.
        TypeError: If a dtype does not fit.

    Example:
        >>> margin_ranking(np.array([1.0]), np.array([1.0]), np.array([3.0]))
        2.0
    """
    return evaluate(
        "margin_ranking",
        (prediction, target, other),
        {"margin": margin},
        Options(sample_weight=sample_weight),
        reduction,
        style,
    )

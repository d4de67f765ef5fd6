"""Losses of sets of labels: how far the predicted set and the true one overlap."""

from __future__ import annotations

from typing import Any

from tilegrad.functional.losses.entries import composed
from tilegrad.functional.losses.operations import dot
from tilegrad.tensor import Tensor, unary

_FORM: dict[str, tuple[Any, str]] = {
    "prediction_form": (("logits", "probabilities"), "What the prediction holds."),
    "smoothing": ("(0, inf)", "Added above and below, so that two empty sets are equal."),
}
_DOMAINS = [("prediction_form", "probabilities", "prediction", "unit_interval")]


@composed(targets="unit_interval", output="sigmoid", domains=_DOMAINS, parameters=_FORM)
def dice_loss(prediction: Tensor, target: Tensor, *, prediction_form: str = "logits", smoothing: float = 1.0) -> Any:
    """Dice loss of the labels of a row: `1 - (2 sum(p t) + s) / (sum(p) + sum(t) + s)`.

    With `p = sigmoid(x)` and `s` the `smoothing`, one less the overlap of the predicted set and the true one, for labels of which few are true. Keras takes probabilities
    and sums over the whole batch; here every row has its own. (Milletari, Navab and Ahmadi, 2016.)

    Example:
        >>> round(dice_loss(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), prediction_form="probabilities"), 12)
        0.0
    """
    p = unary("sigmoid", prediction) if prediction_form == "logits" else prediction
    whole = p.sum(axis=-1) + target.sum(axis=-1)
    return 1.0 - (2.0 * dot(p, target) + smoothing) / (whole + smoothing)


@composed(
    targets="unit_interval",
    output="sigmoid",
    domains=_DOMAINS,
    parameters={
        "alpha": ("[0, inf)", "Weight of what is predicted but not true."),
        "beta": ("[0, inf)", "Weight of what is true but not predicted."),
        **_FORM,
    },
)
def tversky_loss(
    prediction: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    prediction_form: str = "logits",
    smoothing: float = 1.0,
) -> Any:
    """Tversky loss of the labels of a row: `1 - (a + s) / (a + alpha b + beta c + s)`.

    Here `a = sum(p t)` is the overlap, `b = sum(p (1 - t))` the excess, `c = sum((1 - p) t)` the lack and `s` the `smoothing`:
    Dice loss with the two kinds of error weighed; both at one half (as in Keras) give it, with `smoothing` halved.
    (Salehi, Erdogmus and Gholipour, 2017.)

    Example:
        >>> round(tversky_loss(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), prediction_form="probabilities"), 12)
        0.2
    """
    p = unary("sigmoid", prediction) if prediction_form == "logits" else prediction
    both = dot(p, target)
    wrong = alpha * dot(p, 1.0 - target) + beta * dot(1.0 - p, target)
    return 1.0 - (both + smoothing) / (both + wrong + smoothing)


@composed(targets="unit_interval", output="sigmoid")
def multi_label_soft_margin(prediction: Tensor, target: Tensor) -> Any:
    """Binary cross-entropy of the logits of a row, their mean: `-mean_c(t_c ln p_c + (1 - t_c) ln(1 - p_c))`, `p = sigmoid(x)`.

    One loss for each row, as PyTorch's; the mean over a batch is that of `binary_cross_entropy_with_logits`.

    Example:
        >>> round(multi_label_soft_margin(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])), 12)
        0.69314718056
    """
    attributes = {"reduction": "none", "sample_weight": False}
    each = prediction.tracer.apply("binary_cross_entropy_with_logits", [prediction, target], attributes)
    return each.mean(axis=-1)

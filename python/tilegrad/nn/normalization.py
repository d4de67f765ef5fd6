"""Normalisation: of each feature over a batch, and of each row by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tilegrad.functional.normalization import check_normalized_shape, layer_norm, rms_norm
from tilegrad.nn.initializers import Constant, Zeros
from tilegrad.nn.module import Module
from tilegrad.nn.parameter import Parameter, check_dtype
from tilegrad.nn.traits import Traits
from tilegrad.tensor import Tensor
from tilegrad.words.checks import check_count, check_flag, check_number
from tilegrad.words.names import lookup

# Momentum and whose weight it is, epsilon, and how the running variance counts, as the peers have them by default.
_STYLES: dict[str, tuple[float, str, float, str]] = {
    "torch": (0.1, "new", 1e-5, "unbiased"),
    "keras": (0.99, "old", 1e-3, "biased"),
    "flax": (0.99, "old", 1e-5, "biased"),
}


class BatchNorm(Module):
    """Normalises each feature over the batch, then scales and shifts it: ``weight * (x - mean) / sqrt(variance + epsilon) + bias``.

    In training, mean and variance are those of the batch (the variance divided by the count of rows), and each step moves
    the running statistics toward them, as part of the compiled step. Evaluation and prediction use the running statistics,
    which makes the layer one factor and one summand for each feature. A batch of one row has no variance: it is normalised
    by the running statistics and leaves them as they are, so a short last batch is never an error.

    A bias in the dense layer before it has no effect; ``nn.Dense(..., bias=False)`` leaves it out. (Ioffe and Szegedy, 2015.)

    Args:
        features: Size of the input's last axis; within a Sequential ``None`` takes that of the dense layer before it. Means
            are taken over all other axes.
        momentum: How fast the running statistics move. By default that of the style.
        momentum_convention: What ``momentum`` is the weight of: ``"new"``, the batch (PyTorch), or ``"old"``, the running
            value (Keras, Flax).
        epsilon: Added to the variance, so that a constant feature does no harm.
        affine: Whether there are a weight, which begins with ones, and a bias, which begins with zeros.
        running_variance: ``"unbiased"`` divides the variance of a batch by the count less one on its way into the running
            variance, ``"biased"`` by the count.
        style: Where the defaults come from: ``"torch"`` (momentum 0.1 of the new, epsilon 1e-5, unbiased), ``"keras"``
            (0.99 of the old, 1e-3, biased) or ``"flax"`` (0.99 of the old, 1e-5, biased). What is given by itself counts.
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        ValueError: If a number is out of its range or a name is unknown.
        TypeError: If something is not of its kind.

    Example:
        >>> import numpy as np, tilegrad as tg
        >>> from tilegrad import nn
        >>> model = nn.Sequential(nn.Dense(2, 8, bias=False), nn.BatchNorm(), "relu", nn.Dense(8, 1))
        >>> [name for name, _ in model.named_parameters()][1:5]
        ['1.weight', '1.bias', '1.running_mean', '1.running_variance']
        >>> x = np.random.default_rng(0).standard_normal((65, 2))
        >>> _ = tg.Trainer(model, "mean_squared_error", "adam").fit(x, x.sum(1), epochs=10, progress=False)
        >>> bool((model[1].running_mean.value != 0).all())
        True
    """

    def __init__(
        self,
        features: int | None = None,
        *,
        momentum: float | None = None,
        momentum_convention: str | None = None,
        epsilon: float | None = None,
        affine: bool = True,
        running_variance: str | None = None,
        style: str = "torch",
        dtype: str = "float32",
    ) -> None:
        weight, whose, small, variance = lookup("BatchNorm", "style", style, _STYLES)
        convention = whose if momentum_convention is None else momentum_convention
        lookup("BatchNorm", "momentum_convention", convention, {"new": 0, "old": 0})
        if momentum is None:
            momentum = weight if convention == whose else 1 - weight
        self.momentum = check_number("BatchNorm", "momentum", momentum, "[0, 1]")
        self.epsilon = check_number("BatchNorm", "epsilon", small if epsilon is None else epsilon, "(0, inf)")
        kind = variance if running_variance is None else running_variance
        lookup("BatchNorm", "running_variance", kind, {"unbiased": 0, "biased": 0})
        self.momentum_convention, self.variance_kind = convention, kind
        self.affine = check_flag("BatchNorm", "affine", affine)
        self._dtype = check_dtype("BatchNorm", dtype)
        self.features: int | None = None
        if features is not None:
            self.build(features)

    def build(self, features: int) -> None:
        """Makes the parameters, once the number of features is known."""
        self.features = check_count("BatchNorm", "features", features)
        shape = (self.features,)
        self.weight = Parameter(shape, Constant(1.0), self._dtype) if self.affine else None
        self.bias = Parameter(shape, Zeros(), self._dtype) if self.affine else None
        self.running_mean = Parameter(shape, Zeros(), self._dtype, trainable=False)
        self.running_variance = Parameter(shape, Constant(1.0), self._dtype, trainable=False)

    def forward(self, x: Any) -> Any:
        """Normalises by the batch in training, by the running statistics else."""
        tensor = x._tensor()
        tracer = tensor.tracer
        if tensor.ndim < 2 or (self.features is not None and tensor.shape[-1] != self.features):
            place = tracer.path or "BatchNorm"
            wanted = f"(rows, {self.features or 'features'})"
            raise ValueError(f"{place}: expected `x` of shape {wanted} for {self.describe()}, got {tensor.shape}")
        if self.features is None:
            raise ValueError(
                f"{tracer.path or 'BatchNorm'}: expected `features`, got none, and no dense layer before it in a "
                f"Sequential tells; write nn.BatchNorm({tensor.shape[-1]})"
            )
        count = tensor.size // self.features
        return self._by_batch(tensor, count) if tracer.training and count > 1 else self._by_running(tensor)

    def _by_batch(self, x: Tensor, count: int) -> Tensor:
        tracer = x.tracer
        moments = tracer.apply("moments", [x])
        affine = [parameter._tensor() for parameter in (self.weight, self.bias) if parameter is not None]
        normal = tracer.apply("batch_norm", [x, moments, *affine], {"epsilon": self.epsilon})
        share = self.momentum if self.momentum_convention == "new" else 1 - self.momentum
        factor = count / (count - 1) if self.variance_kind == "unbiased" else 1.0
        for row, (running, scale) in enumerate([(self.running_mean, 1.0), (self.running_variance, factor)]):
            place = running._tensor()
            # Where something stands in for the parameter, as in tg.functional_call, there is nothing to keep.
            if place.origin is running:
                settings = {"row": row, "share": share, "factor": scale}
                tracer.beside.append(tracer.apply("track", [place, moments], settings).value)
        return normal

    def _by_running(self, x: Tensor) -> Any:
        """``x * factor + summand``, both of the features' size."""
        factor: Any = 1 / (self.running_variance + self.epsilon) ** 0.5
        if self.weight is None or self.bias is None:
            return (x - self.running_mean) * factor
        return (x - self.running_mean) * (factor * self.weight) + self.bias

    def traits(self) -> Traits:
        """As many features as arrive; without a number of its own it waits for theirs."""
        waits = self.build if self.features is None else None
        return Traits(takes=self.features, keeps_features=True, is_transparent=True, build=waits)

    def describe(self) -> str:
        """The layer with its settings."""
        return f"BatchNorm({'' if self.features is None else self.features})"


class LayerNorm(Module):
    """Normalises each row by itself, then scales and shifts it: ``weight * (x - mean) / sqrt(variance + epsilon) + bias``.

    Mean and variance are those of the row's own numbers (the variance divided by their count), so training and prediction
    do the same, a row does not depend on the rows beside it, and there is nothing to keep. (Ba, Kiros and Hinton, 2016.)

    Args:
        normalized_shape: Sizes of the last axes, which are normalised together: a number or a tuple. Within a Sequential
            ``None`` takes that of the layer before it.
        epsilon: Added to the variance, so that a constant row does no harm. By default that of the style.
        affine: Whether there are a weight, which begins with ones, and a bias.
        bias: Whether there is a bias, which begins with zeros, beside the weight.
        style: Where the default comes from: ``"torch"`` (1e-5) or ``"keras"`` (1e-3).
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        ValueError: If a number is out of its range or a name is unknown.
        TypeError: If something is not of its kind.

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> nn.LayerNorm(3).predict(np.array([[1.0, 2.0, 3.0]])).round(4)
        array([[-1.2247,  0.    ,  1.2247]], dtype=float32)
        >>> nn.Sequential(nn.Dense(2, 8), nn.LayerNorm(), "relu", nn.Dense(8, 1))[1]
        LayerNorm(8)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int] | None = None,
        *,
        epsilon: float | None = None,
        affine: bool = True,
        bias: bool = True,
        style: str = "torch",
        dtype: str = "float32",
    ) -> None:
        default = lookup("LayerNorm", "style", style, {"torch": 1e-5, "keras": 1e-3})
        self.epsilon = check_number("LayerNorm", "epsilon", default if epsilon is None else epsilon, "(0, inf)")
        self.affine, self.has_bias = check_flag("LayerNorm", "affine", affine), check_flag("LayerNorm", "bias", bias)
        self._dtype = check_dtype("LayerNorm", dtype)
        self.normalized_shape: tuple[int, ...] | None = None
        if normalized_shape is not None:
            self.build(normalized_shape)

    def build(self, normalized_shape: int | Sequence[int]) -> None:
        """Makes the parameters for rows of this shape, once it is known."""
        self.normalized_shape = shape = check_normalized_shape("LayerNorm", normalized_shape)
        self.weight = Parameter(shape, Constant(1.0), self._dtype) if self.affine else None
        self.bias = Parameter(shape, Zeros(), self._dtype) if self.affine and self.has_bias else None

    def forward(self, x: Any) -> Any:
        """Each row less its mean, over its deviation, scaled and shifted."""
        row = _row_shape(self, x)
        return layer_norm(x, row, self.weight, self.bias, epsilon=self.epsilon)

    def traits(self) -> Traits:
        """As many features as arrive; without a shape of its own it waits for theirs."""
        return _row_traits(self)

    def describe(self) -> str:
        """The layer with its shape."""
        return _row_description(self)


class RMSNorm(Module):
    """Normalises each row by the root of its mean square, then scales it: ``weight * x / sqrt(mean(x ** 2) + epsilon)``.

    :class:`LayerNorm` without the mean and the bias, as in many language models. (Zhang and Sennrich, 2019.)

    Args:
        normalized_shape: Sizes of the last axes, which are normalised together: a number or a tuple. Within a Sequential
            ``None`` takes that of the layer before it.
        epsilon: Added to the mean square, so that a row of zeros does no harm. By default that of the style.
        affine: Whether there is a weight, which begins with ones.
        style: Where the default comes from: ``"torch"`` (the rounding of the dtype, 2 ** -23 or 2 ** -52) or ``"keras"``
            (1e-6).
        dtype: ``"float32"`` or ``"float64"``.

    Raises:
        ValueError: If a number is out of its range or a name is unknown.
        TypeError: If something is not of its kind.

    Example:
        >>> import numpy as np
        >>> from tilegrad import nn
        >>> nn.RMSNorm(2).predict(np.array([[3.0, 4.0]])).round(4)
        array([[0.8485, 1.1314]], dtype=float32)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int] | None = None,
        *,
        epsilon: float | None = None,
        affine: bool = True,
        style: str = "torch",
        dtype: str = "float32",
    ) -> None:
        self._dtype = check_dtype("RMSNorm", dtype)
        default = lookup("RMSNorm", "style", style, {"torch": float(np.finfo(self._dtype).eps), "keras": 1e-6})
        self.epsilon = check_number("RMSNorm", "epsilon", default if epsilon is None else epsilon, "(0, inf)")
        self.affine = check_flag("RMSNorm", "affine", affine)
        self.normalized_shape: tuple[int, ...] | None = None
        if normalized_shape is not None:
            self.build(normalized_shape)

    def build(self, normalized_shape: int | Sequence[int]) -> None:
        """Makes the weight for rows of this shape, once it is known."""
        self.normalized_shape = shape = check_normalized_shape("RMSNorm", normalized_shape)
        self.weight = Parameter(shape, Constant(1.0), self._dtype) if self.affine else None

    def forward(self, x: Any) -> Any:
        """Divides each row by the root of its mean square."""
        return rms_norm(x, _row_shape(self, x), self.weight, epsilon=self.epsilon)

    def traits(self) -> Traits:
        """As many features as arrive; without a shape of its own it waits for theirs."""
        return _row_traits(self)

    def describe(self) -> str:
        """The layer with its shape."""
        return _row_description(self)


def _row_shape(layer: Any, x: Any) -> tuple[int, ...]:
    """The shape of a layer's rows, if the last axes of ``x`` have it."""
    place, name = x._tensor().tracer.path or type(layer).__name__, type(layer).__name__
    row: tuple[int, ...] | None = layer.normalized_shape
    if row is None:
        raise ValueError(
            f"{place}: expected `normalized_shape`, got none, and no layer before it in a Sequential tells; "
            f"write nn.{name}({x.shape[-1] if x.shape else 'features'})"
        )
    if x.shape[-len(row) :] != row:
        wanted = ", ".join(("...", *map(str, row)))
        raise ValueError(f"{place}: expected `x` of shape ({wanted}) for {layer.describe()}, got {x.shape}")
    return row


def _row_traits(layer: Any) -> Traits:
    row = layer.normalized_shape
    takes, waits = (None, layer.build) if row is None else (row[-1], None)
    return Traits(takes=takes, keeps_features=True, is_transparent=True, build=waits)


def _row_description(layer: Any) -> str:
    row = layer.normalized_shape
    shape = "" if row is None else row[0] if len(row) == 1 else row
    return f"{type(layer).__name__}({shape})"

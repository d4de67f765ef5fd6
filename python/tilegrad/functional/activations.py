# Written by `python scripts/write_modules.py`; `make modules` runs it.
"""Activations of NumPy arrays, numbers and traced tensors: ``name(x)``, and ``name_backward(gradient, x)``."""

from __future__ import annotations

from typing import Any, overload

from numpy import ndarray

from tilegrad.functional.elementwise import general, with_parameters
from tilegrad.functional.types import Number, Rows, Values
from tilegrad.tensor import Array, Tensor, Traceable

__all__ = [
    "celu",
    "celu_backward",
    "elu",
    "elu_backward",
    "exp",
    "exp_backward",
    "exponential",
    "exponential_backward",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "gelu_tanh_backward",
    "hard_shrink",
    "hard_shrink_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "hard_swish",
    "hard_swish_backward",
    "hard_tanh",
    "hard_tanh_backward",
    "identity",
    "identity_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "log_sigmoid",
    "log_sigmoid_backward",
    "logistic",
    "logistic_backward",
    "mish",
    "mish_backward",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "selu",
    "selu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "soft_shrink",
    "soft_shrink_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "squared_relu",
    "squared_relu_backward",
    "squareplus",
    "squareplus_backward",
    "swish",
    "swish_backward",
    "tanh",
    "tanh_backward",
    "tanh_shrink",
    "tanh_shrink_backward",
    "threshold",
    "threshold_backward",
]

_identity = with_parameters("identity")
_relu = with_parameters("relu")
_relu6 = with_parameters("relu6")
_squared_relu = with_parameters("squared_relu")
_selu = with_parameters("selu")
_exponential = with_parameters("exponential")
_sigmoid = with_parameters("sigmoid")
_tanh = with_parameters("tanh")
_hard_sigmoid = with_parameters("hard_sigmoid")
_softsign = with_parameters("softsign")
_gelu = with_parameters("gelu")
_gelu_tanh = with_parameters("gelu_tanh")
_hard_swish = with_parameters("hard_swish")
_mish = with_parameters("mish")
_log_sigmoid = with_parameters("log_sigmoid")
_tanh_shrink = with_parameters("tanh_shrink")


@overload
def identity(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def identity(x: Number, *, out: None = None) -> float: ...
@overload
def identity(x: Rows, *, out: Array | None = None) -> Array: ...
def identity(x: Values, *, out: Array | None = None) -> Any:
    """The identity: `identity(x) = x`, slope 1.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> identity(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return _identity(x, out)
    return general("identity", (), x, out)


def identity_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `identity`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> identity_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [1.0, 1.0, 1.0]
    """
    return _identity.backward(gradient, x, out, output)


@overload
def linear(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def linear(x: Number, *, out: None = None) -> float: ...
@overload
def linear(x: Rows, *, out: Array | None = None) -> Array: ...
def linear(x: Values, *, out: Array | None = None) -> Any:
    """The identity: `identity(x) = x`, slope 1.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> linear(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return _identity(x, out)
    return general("identity", (), x, out)


def linear_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `linear`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> linear_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [1.0, 1.0, 1.0]
    """
    return _identity.backward(gradient, x, out, output)


@overload
def relu(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def relu(x: Number, *, out: None = None) -> float: ...
@overload
def relu(x: Rows, *, out: Array | None = None) -> Array: ...
def relu(x: Values, *, out: Array | None = None) -> Any:
    """Rectified linear unit: `relu(x) = max(0, x)`.

    The slope at 0 is 0, as in PyTorch and JAX. NaN stays NaN. (Nair and Hinton, 2010.)

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> relu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return _relu(x, out)
    return general("relu", (), x, out)


def relu_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `relu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> relu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 1.0]
    """
    return _relu.backward(gradient, x, out, output)


@overload
def leaky_relu(x: Traceable, negative_slope: float = 0.01, *, out: None = None) -> Tensor: ...
@overload
def leaky_relu(x: Number, negative_slope: float = 0.01, *, out: None = None) -> float: ...
@overload
def leaky_relu(x: Rows, negative_slope: float = 0.01, *, out: Array | None = None) -> Array: ...
def leaky_relu(x: Values, negative_slope: float = 0.01, *, out: Array | None = None) -> Any:
    """Leaky rectified linear unit: `leaky_relu(x) = x` where `x > 0`, else `negative_slope x`.

    The default `negative_slope` of 0.01 is that of the paper and PyTorch; the Keras function has 0.2, its layer
    0.3. The slope at 0 is `negative_slope`, as in PyTorch (JAX: 1). (Maas, Hannun and Ng, 2013.)

    Largest error in float32: 1 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        negative_slope: Slope where `x` is negative. In [0, inf); 0.01 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> leaky_relu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.01, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return with_parameters("leaky_relu", (negative_slope,))(x, out)
    return general("leaky_relu", (negative_slope,), x, out)


def leaky_relu_backward(
    gradient: Array, x: Array, negative_slope: float = 0.01, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `leaky_relu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        negative_slope: Slope where `x` is negative. In [0, inf); 0.01 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> leaky_relu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.01, 0.01, 1.0]
    """
    return with_parameters("leaky_relu", (negative_slope,)).backward(gradient, x, out, output)


@overload
def relu6(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def relu6(x: Number, *, out: None = None) -> float: ...
@overload
def relu6(x: Rows, *, out: Array | None = None) -> Array: ...
def relu6(x: Values, *, out: Array | None = None) -> Any:
    """Rectified linear unit with a ceiling: `relu6(x) = min(max(0, x), 6)`.

    The slope is 0 at both corners, 0 and 6, as in PyTorch and JAX. (Krizhevsky, 2010.)

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> relu6(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return _relu6(x, out)
    return general("relu6", (), x, out)


def relu6_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `relu6`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> relu6_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 1.0]
    """
    return _relu6.backward(gradient, x, out, output)


@overload
def hard_tanh(x: Traceable, minimum: float = -1.0, maximum: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def hard_tanh(x: Number, minimum: float = -1.0, maximum: float = 1.0, *, out: None = None) -> float: ...
@overload
def hard_tanh(x: Rows, minimum: float = -1.0, maximum: float = 1.0, *, out: Array | None = None) -> Array: ...
def hard_tanh(x: Values, minimum: float = -1.0, maximum: float = 1.0, *, out: Array | None = None) -> Any:
    """Linear between two limits: `hard_tanh(x) = min(max(minimum, x), maximum)`.

    The slope is 0 at both corners, as in PyTorch (JAX: 1). With the limits 0 and 6 it is `relu6`.
    (Collobert, 2004.)

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        minimum: Lower level. In (-inf, 0]; -1.0 by default.
        maximum: Upper level. In [0, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> hard_tanh(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.0, 0.0, 1.0]
    """
    if type(x) is ndarray:
        return with_parameters(
            "hard_tanh",
            (
                minimum,
                maximum,
            ),
        )(x, out)
    return general(
        "hard_tanh",
        (
            minimum,
            maximum,
        ),
        x,
        out,
    )


def hard_tanh_backward(
    gradient: Array,
    x: Array,
    minimum: float = -1.0,
    maximum: float = 1.0,
    *,
    out: Array | None = None,
    output: Array | None = None,
) -> Array:
    """Backward pass of `hard_tanh`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        minimum: Lower level. In (-inf, 0]; -1.0 by default.
        maximum: Upper level. In [0, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> hard_tanh_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 1.0, 0.0]
    """
    return with_parameters(
        "hard_tanh",
        (
            minimum,
            maximum,
        ),
    ).backward(gradient, x, out, output)


@overload
def threshold(x: Traceable, threshold: float = 0.0, value: float = 0.0, *, out: None = None) -> Tensor: ...
@overload
def threshold(x: Number, threshold: float = 0.0, value: float = 0.0, *, out: None = None) -> float: ...
@overload
def threshold(x: Rows, threshold: float = 0.0, value: float = 0.0, *, out: Array | None = None) -> Array: ...
def threshold(x: Values, threshold: float = 0.0, value: float = 0.0, *, out: Array | None = None) -> Any:
    """The input where it is above a threshold, else a fixed value: `threshold(x) = x` where `x > threshold`, else `value`.

    With the defaults it is `relu`; PyTorch and JAX have no defaults. It jumps at the threshold unless both
    parameters are equal; the slope there is 0, as in PyTorch.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        threshold: Where the identity begins. In (-inf, inf); 0.0 by default.
        value: Value at and below the threshold. In (-inf, inf); 0.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> threshold(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return with_parameters(
            "threshold",
            (
                threshold,
                value,
            ),
        )(x, out)
    return general(
        "threshold",
        (
            threshold,
            value,
        ),
        x,
        out,
    )


def threshold_backward(
    gradient: Array,
    x: Array,
    threshold: float = 0.0,
    value: float = 0.0,
    *,
    out: Array | None = None,
    output: Array | None = None,
) -> Array:
    """Backward pass of `threshold`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        threshold: Where the identity begins. In (-inf, inf); 0.0 by default.
        value: Value at and below the threshold. In (-inf, inf); 0.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> threshold_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 1.0]
    """
    return with_parameters(
        "threshold",
        (
            threshold,
            value,
        ),
    ).backward(gradient, x, out, output)


@overload
def squared_relu(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def squared_relu(x: Number, *, out: None = None) -> float: ...
@overload
def squared_relu(x: Rows, *, out: Array | None = None) -> Array: ...
def squared_relu(x: Values, *, out: Array | None = None) -> Any:
    """Square of the rectified linear unit: `squared_relu(x) = max(0, x)^2`.

    Infinite above `x = 1.8e19` (f32), where the square exceeds the largest number. The slope is `2 max(0, x)`, 0
    at 0. (So et al., 2021.)

    Largest error in float32: 0.5 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> squared_relu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 4.0]
    """
    if type(x) is ndarray:
        return _squared_relu(x, out)
    return general("squared_relu", (), x, out)


def squared_relu_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `squared_relu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> squared_relu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.0, 0.0, 4.0]
    """
    return _squared_relu.backward(gradient, x, out, output)


@overload
def elu(x: Traceable, alpha: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def elu(x: Number, alpha: float = 1.0, *, out: None = None) -> float: ...
@overload
def elu(x: Rows, alpha: float = 1.0, *, out: Array | None = None) -> Array: ...
def elu(x: Values, alpha: float = 1.0, *, out: Array | None = None) -> Any:
    """Exponential linear unit: `elu(x) = x` where `x > 0`, else `alpha (exp(x) - 1)`.

    The slope is computed from the output, `y + alpha` below 0: its error there is half a unit of `alpha`, not of
    the slope. At 0 the slope is `alpha`. (Clevert, Unterthiner and Hochreiter, 2015.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        alpha: Depth of the negative side: `elu(-inf) = -alpha`. In [0, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> elu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.632121, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return with_parameters("elu", (alpha,))(x, out)
    return general("elu", (alpha,), x, out)


def elu_backward(
    gradient: Array, x: Array, alpha: float = 1.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `elu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        alpha: Depth of the negative side: `elu(-inf) = -alpha`. In [0, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> elu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 1.0]
    """
    return with_parameters("elu", (alpha,)).backward(gradient, x, out, output)


@overload
def selu(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def selu(x: Number, *, out: None = None) -> float: ...
@overload
def selu(x: Rows, *, out: Array | None = None) -> Array: ...
def selu(x: Values, *, out: Array | None = None) -> Any:
    """Scaled exponential linear unit: `selu(x) = s x` where `x > 0`, else `s a (exp(x) - 1)`, with `s = 1.0507009873554805` and `a = 1.6732632423543773`.

    Layers that use it keep mean 0 and variance 1 if the weights have mean 0 and variance 1 / fan-in. The slope is
    computed from the output, `y + s a` below 0; at 0 it is `s a`, as in PyTorch and JAX. `selu(-inf) = -s a`.
    (Klambauer, Unterthiner, Mayr and Hochreiter, 2017.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> selu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.111331, 0.0, 2.101402]
    """
    if type(x) is ndarray:
        return _selu(x, out)
    return general("selu", (), x, out)


def selu_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `selu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> selu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.646769, 1.758099, 1.050701]
    """
    return _selu.backward(gradient, x, out, output)


@overload
def celu(x: Traceable, alpha: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def celu(x: Number, alpha: float = 1.0, *, out: None = None) -> float: ...
@overload
def celu(x: Rows, alpha: float = 1.0, *, out: Array | None = None) -> Array: ...
def celu(x: Values, alpha: float = 1.0, *, out: Array | None = None) -> Any:
    """Exponential linear unit with a continuous slope: `celu(x) = x` where `x > 0`, else `alpha (exp(x / alpha) - 1)`.

    The slope is `exp(x / alpha)` below 0, and 1 at 0. With `alpha = 1` it equals `elu`, with other values
    it does not: at -2 with `alpha = 2` it is -1.2642, and `elu` is -1.7293. (Barron, 2017.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        alpha: Depth of the negative side, and the scale on which it is reached. In (0, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> celu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.632121, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return with_parameters("celu", (alpha,))(x, out)
    return general("celu", (alpha,), x, out)


def celu_backward(
    gradient: Array, x: Array, alpha: float = 1.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `celu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        alpha: Depth of the negative side, and the scale on which it is reached. In (0, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> celu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 1.0]
    """
    return with_parameters("celu", (alpha,)).backward(gradient, x, out, output)


@overload
def exponential(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def exponential(x: Number, *, out: None = None) -> float: ...
@overload
def exponential(x: Rows, *, out: Array | None = None) -> Array: ...
def exponential(x: Values, *, out: Array | None = None) -> Any:
    """Exponential: `exponential(x) = exp(x)`.

    For outputs that are rates or counts. `exp(-inf) = 0`; infinite above 88.7 (f32). The slope equals the output.

    Largest error in float32: 1 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> exponential(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 7.389056]
    """
    if type(x) is ndarray:
        return _exponential(x, out)
    return general("exponential", (), x, out)


def exponential_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `exponential`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> exponential_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 7.389056]
    """
    return _exponential.backward(gradient, x, out, output)


@overload
def exp(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def exp(x: Number, *, out: None = None) -> float: ...
@overload
def exp(x: Rows, *, out: Array | None = None) -> Array: ...
def exp(x: Values, *, out: Array | None = None) -> Any:
    """Exponential: `exponential(x) = exp(x)`.

    For outputs that are rates or counts. `exp(-inf) = 0`; infinite above 88.7 (f32). The slope equals the output.

    Largest error in float32: 1 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> exp(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 7.389056]
    """
    if type(x) is ndarray:
        return _exponential(x, out)
    return general("exponential", (), x, out)


def exp_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `exp`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> exp_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.367879, 1.0, 7.389056]
    """
    return _exponential.backward(gradient, x, out, output)


@overload
def sigmoid(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def sigmoid(x: Number, *, out: None = None) -> float: ...
@overload
def sigmoid(x: Rows, *, out: Array | None = None) -> Array: ...
def sigmoid(x: Values, *, out: Array | None = None) -> Any:
    """Logistic function: `sigmoid(x) = 1 / (1 + exp(-x))`.

    Accurate relative to its value down to the smallest numbers; `sigmoid(-inf) = 0`, `sigmoid(inf) = 1`. The slope
    is computed from the output, `y (1 - y)`, and is at most 0.25: where `y` is near 1, its error is that of
    `1 - y`.

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> sigmoid(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.268941, 0.5, 0.880797]
    """
    if type(x) is ndarray:
        return _sigmoid(x, out)
    return general("sigmoid", (), x, out)


def sigmoid_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `sigmoid`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> sigmoid_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.196612, 0.25, 0.104994]
    """
    return _sigmoid.backward(gradient, x, out, output)


@overload
def logistic(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def logistic(x: Number, *, out: None = None) -> float: ...
@overload
def logistic(x: Rows, *, out: Array | None = None) -> Array: ...
def logistic(x: Values, *, out: Array | None = None) -> Any:
    """Logistic function: `sigmoid(x) = 1 / (1 + exp(-x))`.

    Accurate relative to its value down to the smallest numbers; `sigmoid(-inf) = 0`, `sigmoid(inf) = 1`. The slope
    is computed from the output, `y (1 - y)`, and is at most 0.25: where `y` is near 1, its error is that of
    `1 - y`.

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> logistic(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.268941, 0.5, 0.880797]
    """
    if type(x) is ndarray:
        return _sigmoid(x, out)
    return general("sigmoid", (), x, out)


def logistic_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `logistic`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> logistic_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.196612, 0.25, 0.104994]
    """
    return _sigmoid.backward(gradient, x, out, output)


@overload
def tanh(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def tanh(x: Number, *, out: None = None) -> float: ...
@overload
def tanh(x: Rows, *, out: Array | None = None) -> Array: ...
def tanh(x: Values, *, out: Array | None = None) -> Any:
    """Hyperbolic tangent: `tanh(x) = (exp(2x) - 1) / (exp(2x) + 1)`.

    Odd, within ±1, `tanh(±inf) = ±1`. The slope is computed from the output, `(1 - y) (1 + y)`: where `y` is near
    ±1, its error is that of `1 - |y|`.

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> tanh(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.761594, 0.0, 0.964028]
    """
    if type(x) is ndarray:
        return _tanh(x, out)
    return general("tanh", (), x, out)


def tanh_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `tanh`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> tanh_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.419974, 1.0, 0.070651]
    """
    return _tanh.backward(gradient, x, out, output)


@overload
def hard_sigmoid(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def hard_sigmoid(x: Number, *, out: None = None) -> float: ...
@overload
def hard_sigmoid(x: Rows, *, out: Array | None = None) -> Array: ...
def hard_sigmoid(x: Values, *, out: Array | None = None) -> Any:
    """Piecewise linear version of the sigmoid: `hard_sigmoid(x) = min(max(0, x + 3), 6) / 6`.

    As in PyTorch, Keras 3 and JAX; older Keras and burn have `0.2 x + 0.5`. The slope is 1/6 between -3 and 3, and
    0 at both corners, as in PyTorch. (Courbariaux, Bengio and David, 2015; the form of Howard et al., 2019.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> hard_sigmoid(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.333333, 0.5, 0.833333]
    """
    if type(x) is ndarray:
        return _hard_sigmoid(x, out)
    return general("hard_sigmoid", (), x, out)


def hard_sigmoid_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `hard_sigmoid`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> hard_sigmoid_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.166667, 0.166667, 0.166667]
    """
    return _hard_sigmoid.backward(gradient, x, out, output)


@overload
def softsign(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def softsign(x: Number, *, out: None = None) -> float: ...
@overload
def softsign(x: Rows, *, out: Array | None = None) -> Array: ...
def softsign(x: Values, *, out: Array | None = None) -> Any:
    """Sigmoid without an exponential: `softsign(x) = x / (1 + |x|)`.

    Odd, within ±1, `softsign(±inf) = ±1`; it approaches its limits slowly. The slope is `1 / (1 + |x|)^2`.
    (Bergstra, Desjardins, Lamblin and Bengio, 2009.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> softsign(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.5, 0.0, 0.666667]
    """
    if type(x) is ndarray:
        return _softsign(x, out)
    return general("softsign", (), x, out)


def softsign_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `softsign`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> softsign_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.25, 1.0, 0.111111]
    """
    return _softsign.backward(gradient, x, out, output)


@overload
def swish(x: Traceable, beta: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def swish(x: Number, beta: float = 1.0, *, out: None = None) -> float: ...
@overload
def swish(x: Rows, beta: float = 1.0, *, out: Array | None = None) -> Array: ...
def swish(x: Values, beta: float = 1.0, *, out: Array | None = None) -> Any:
    """Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.

    Accurate relative to its value in the negative tail; `swish(-inf) = -0`. The error of the slope is relative to
    1: below -87 / beta the slope is 0. The minimum is -0.27846 / beta at -1.27846 / beta. (Ramachandran, Zoph and
    Le, 2017; Elfwing, Uchibe and Doya, 2017.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        beta: Steepness of the gate. In (-inf, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> swish(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.268941, 0.0, 1.761594]
    """
    if type(x) is ndarray:
        return with_parameters("swish", (beta,))(x, out)
    return general("swish", (beta,), x, out)


def swish_backward(
    gradient: Array, x: Array, beta: float = 1.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `swish`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        beta: Steepness of the gate. In (-inf, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> swish_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.072329, 0.5, 1.090784]
    """
    return with_parameters("swish", (beta,)).backward(gradient, x, out, output)


@overload
def silu(x: Traceable, beta: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def silu(x: Number, beta: float = 1.0, *, out: None = None) -> float: ...
@overload
def silu(x: Rows, beta: float = 1.0, *, out: Array | None = None) -> Array: ...
def silu(x: Values, beta: float = 1.0, *, out: Array | None = None) -> Any:
    """Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.

    Accurate relative to its value in the negative tail; `swish(-inf) = -0`. The error of the slope is relative to
    1: below -87 / beta the slope is 0. The minimum is -0.27846 / beta at -1.27846 / beta. (Ramachandran, Zoph and
    Le, 2017; Elfwing, Uchibe and Doya, 2017.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        beta: Steepness of the gate. In (-inf, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> silu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.268941, 0.0, 1.761594]
    """
    if type(x) is ndarray:
        return with_parameters("swish", (beta,))(x, out)
    return general("swish", (beta,), x, out)


def silu_backward(
    gradient: Array, x: Array, beta: float = 1.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `silu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        beta: Steepness of the gate. In (-inf, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> silu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.072329, 0.5, 1.090784]
    """
    return with_parameters("swish", (beta,)).backward(gradient, x, out, output)


@overload
def gelu(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def gelu(x: Number, *, out: None = None) -> float: ...
@overload
def gelu(x: Rows, *, out: Array | None = None) -> Array: ...
def gelu(x: Values, *, out: Array | None = None) -> Any:
    """Gaussian error linear unit, exact: `gelu(x) = x P(x)` with the normal distribution function `P(x) = erfc(-x / sqrt(2)) / 2`.

    As in PyTorch and Keras; JAX's default is `gelu_tanh`. Accurate relative to its value in the
    negative tail, down to the smallest normal number near x = -13; `gelu(-inf) = -0`. (Hendrycks and Gimpel, 2016.)

    Largest error in float32: 4 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> gelu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.158655, 0.0, 1.9545]
    """
    if type(x) is ndarray:
        return _gelu(x, out)
    return general("gelu", (), x, out)


def gelu_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `gelu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> gelu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.083315, 0.5, 1.085232]
    """
    return _gelu.backward(gradient, x, out, output)


@overload
def gelu_tanh(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def gelu_tanh(x: Number, *, out: None = None) -> float: ...
@overload
def gelu_tanh(x: Rows, *, out: Array | None = None) -> Array: ...
def gelu_tanh(x: Values, *, out: Array | None = None) -> Any:
    """Gaussian error linear unit, tanh approximation: `gelu_tanh(x) = x (1 + tanh(u)) / 2`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`.

    Computed as `x sigmoid(2u)` with `2u` in two numbers, so that it is accurate relative to its value in the
    negative tail too, where `1 + tanh(u)` has no digits left; `gelu_tanh(-inf) = -0`. (Hendrycks and Gimpel, 2016.)

    Largest error in float32: 4 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> gelu_tanh(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.158808, 0.0, 1.954598]
    """
    if type(x) is ndarray:
        return _gelu_tanh(x, out)
    return general("gelu_tanh", (), x, out)


def gelu_tanh_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `gelu_tanh`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> gelu_tanh_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.082964, 0.5, 1.086099]
    """
    return _gelu_tanh.backward(gradient, x, out, output)


@overload
def hard_swish(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def hard_swish(x: Number, *, out: None = None) -> float: ...
@overload
def hard_swish(x: Rows, *, out: Array | None = None) -> Array: ...
def hard_swish(x: Values, *, out: Array | None = None) -> Any:
    """Piecewise version of swish: `hard_swish(x) = x min(max(0, x + 3), 6) / 6`.

    0 up to -3 and x from 3 on, without a product that overflows. The slope is `(2 x + 3) / 6` in between; at the
    corners it is that of the straight side, 0 at -3 and 1 at 3. The minimum is -0.375 at -1.5. (Howard et al.,
    2019.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> hard_swish(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.333333, 0.0, 1.666667]
    """
    if type(x) is ndarray:
        return _hard_swish(x, out)
    return general("hard_swish", (), x, out)


def hard_swish_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `hard_swish`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> hard_swish_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.166667, 0.5, 1.166667]
    """
    return _hard_swish.backward(gradient, x, out, output)


@overload
def hard_silu(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def hard_silu(x: Number, *, out: None = None) -> float: ...
@overload
def hard_silu(x: Rows, *, out: Array | None = None) -> Array: ...
def hard_silu(x: Values, *, out: Array | None = None) -> Any:
    """Piecewise version of swish: `hard_swish(x) = x min(max(0, x + 3), 6) / 6`.

    0 up to -3 and x from 3 on, without a product that overflows. The slope is `(2 x + 3) / 6` in between; at the
    corners it is that of the straight side, 0 at -3 and 1 at 3. The minimum is -0.375 at -1.5. (Howard et al.,
    2019.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> hard_silu(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.333333, 0.0, 1.666667]
    """
    if type(x) is ndarray:
        return _hard_swish(x, out)
    return general("hard_swish", (), x, out)


def hard_silu_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `hard_silu`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> hard_silu_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.166667, 0.5, 1.166667]
    """
    return _hard_swish.backward(gradient, x, out, output)


@overload
def mish(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def mish(x: Number, *, out: None = None) -> float: ...
@overload
def mish(x: Rows, *, out: Array | None = None) -> Array: ...
def mish(x: Values, *, out: Array | None = None) -> Any:
    """Self-gated by a smooth rectifier: `mish(x) = x tanh(ln(1 + exp(x)))`.

    Accurate relative to its value in the negative tail; `mish(-inf) = -0`. The minimum is -0.30884 at -1.19243.
    (Misra, 2019.)

    Largest error in float32: 4 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> mish(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.303401, 0.0, 1.943959]
    """
    if type(x) is ndarray:
        return _mish(x, out)
    return general("mish", (), x, out)


def mish_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `mish`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> mish_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.059217, 0.6, 1.069318]
    """
    return _mish.backward(gradient, x, out, output)


@overload
def softplus(x: Traceable, beta: float = 1.0, *, out: None = None) -> Tensor: ...
@overload
def softplus(x: Number, beta: float = 1.0, *, out: None = None) -> float: ...
@overload
def softplus(x: Rows, beta: float = 1.0, *, out: Array | None = None) -> Array: ...
def softplus(x: Values, beta: float = 1.0, *, out: Array | None = None) -> Any:
    """Smooth rectifier: `softplus(x) = ln(1 + exp(beta x)) / beta`.

    Computed as `max(z, 0) + ln(1 + exp(-|z|))` with `z = beta x`, so it needs no threshold above which it becomes
    linear (PyTorch: 20); accurate relative to its value in the negative tail. The slope is `sigmoid(beta x)`.
    (Dugas, Bengio, Belisle, Nadeau and Garcia, 2001.)

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        beta: Steepness; the larger, the nearer to `relu`. In (0, inf); 1.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> softplus(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.313262, 0.693147, 2.126928]
    """
    if type(x) is ndarray:
        return with_parameters("softplus", (beta,))(x, out)
    return general("softplus", (beta,), x, out)


def softplus_backward(
    gradient: Array, x: Array, beta: float = 1.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `softplus`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        beta: Steepness; the larger, the nearer to `relu`. In (0, inf); 1.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> softplus_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.268941, 0.5, 0.880797]
    """
    return with_parameters("softplus", (beta,)).backward(gradient, x, out, output)


@overload
def log_sigmoid(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def log_sigmoid(x: Number, *, out: None = None) -> float: ...
@overload
def log_sigmoid(x: Rows, *, out: Array | None = None) -> Array: ...
def log_sigmoid(x: Values, *, out: Array | None = None) -> Any:
    """Logarithm of the logistic function: `log_sigmoid(x) = -ln(1 + exp(-x))`.

    Accurate relative to its value even where the sigmoid is near 1; `log_sigmoid(-inf) = -inf`,
    `log_sigmoid(inf) = -0`. The slope is `sigmoid(-x)`.

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> log_sigmoid(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.313262, -0.693147, -0.126928]
    """
    if type(x) is ndarray:
        return _log_sigmoid(x, out)
    return general("log_sigmoid", (), x, out)


def log_sigmoid_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `log_sigmoid`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> log_sigmoid_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.731059, 0.5, 0.119203]
    """
    return _log_sigmoid.backward(gradient, x, out, output)


@overload
def squareplus(x: Traceable, smoothness: float = 4.0, *, out: None = None) -> Tensor: ...
@overload
def squareplus(x: Number, smoothness: float = 4.0, *, out: None = None) -> float: ...
@overload
def squareplus(x: Rows, smoothness: float = 4.0, *, out: Array | None = None) -> Array: ...
def squareplus(x: Values, smoothness: float = 4.0, *, out: Array | None = None) -> Any:
    """Smooth rectifier without an exponential: `squareplus(x) = (x + sqrt(x^2 + smoothness)) / 2`.

    Computed as `smoothness / 2 / (sqrt(x^2 + smoothness) - x)` below 0, so that it is accurate relative to its
    value; its square is scaled where it would overflow. With `smoothness = 0` it is `relu`, with
    slope 0 at 0. The default is that of Keras and JAX (`b = 4`), with which the value at 0 is 1. (Barron, 2021.)

    Largest error in float32: 3 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        smoothness: Added to the square: the smaller, the nearer to `relu`. In [0, 1e+36]; 4.0 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> squareplus(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.618034, 1.0, 2.414214]
    """
    if type(x) is ndarray:
        return with_parameters("squareplus", (smoothness,))(x, out)
    return general("squareplus", (smoothness,), x, out)


def squareplus_backward(
    gradient: Array, x: Array, smoothness: float = 4.0, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `squareplus`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        smoothness: Added to the square: the smaller, the nearer to `relu`. In [0, 1e+36]; 4.0 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> squareplus_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.276393, 0.5, 0.853553]
    """
    return with_parameters("squareplus", (smoothness,)).backward(gradient, x, out, output)


@overload
def soft_shrink(x: Traceable, threshold: float = 0.5, *, out: None = None) -> Tensor: ...
@overload
def soft_shrink(x: Number, threshold: float = 0.5, *, out: None = None) -> float: ...
@overload
def soft_shrink(x: Rows, threshold: float = 0.5, *, out: Array | None = None) -> Array: ...
def soft_shrink(x: Values, threshold: float = 0.5, *, out: Array | None = None) -> Any:
    """Shrinks towards zero by a fixed amount: `soft_shrink(x) = sign(x) max(|x| - threshold, 0)`.

    The slope is 0 up to and including the threshold and 1 beyond, as in PyTorch. It is the proximal map of the L1
    norm. (Donoho, 1995.)

    Largest error in float32: 0.5 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> soft_shrink(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.5, 0.0, 1.5]
    """
    if type(x) is ndarray:
        return with_parameters("soft_shrink", (threshold,))(x, out)
    return general("soft_shrink", (threshold,), x, out)


def soft_shrink_backward(
    gradient: Array, x: Array, threshold: float = 0.5, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `soft_shrink`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> soft_shrink_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [1.0, 0.0, 1.0]
    """
    return with_parameters("soft_shrink", (threshold,)).backward(gradient, x, out, output)


@overload
def hard_shrink(x: Traceable, threshold: float = 0.5, *, out: None = None) -> Tensor: ...
@overload
def hard_shrink(x: Number, threshold: float = 0.5, *, out: None = None) -> float: ...
@overload
def hard_shrink(x: Rows, threshold: float = 0.5, *, out: Array | None = None) -> Array: ...
def hard_shrink(x: Values, threshold: float = 0.5, *, out: Array | None = None) -> Any:
    """Sets small numbers to zero: `hard_shrink(x) = x` where `|x| > threshold`, else 0.

    It jumps at the threshold, where value and slope are 0, as in PyTorch. (Donoho and Johnstone, 1994.)

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> hard_shrink(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-1.0, 0.0, 2.0]
    """
    if type(x) is ndarray:
        return with_parameters("hard_shrink", (threshold,))(x, out)
    return general("hard_shrink", (threshold,), x, out)


def hard_shrink_backward(
    gradient: Array, x: Array, threshold: float = 0.5, *, out: Array | None = None, output: Array | None = None
) -> Array:
    """Backward pass of `hard_shrink`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        threshold: Largest size that becomes zero. In [0, inf); 0.5 by default.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept: spares making it again, and `x` is not read.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> hard_shrink_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [1.0, 0.0, 1.0]
    """
    return with_parameters("hard_shrink", (threshold,)).backward(gradient, x, out, output)


@overload
def tanh_shrink(x: Traceable, *, out: None = None) -> Tensor: ...
@overload
def tanh_shrink(x: Number, *, out: None = None) -> float: ...
@overload
def tanh_shrink(x: Rows, *, out: Array | None = None) -> Array: ...
def tanh_shrink(x: Values, *, out: Array | None = None) -> Any:
    """Difference from the hyperbolic tangent: `tanh_shrink(x) = x - tanh(x)`.

    Odd; near 0 it is `x^3 / 3`, and accurate relative to that. The slope is `tanh(x)^2`.

    Largest error in float32: 2 units in the last place.

    Args:
        x: Float array of any shape and layout, a number, or a traced tensor.
        out: Array of the same shape and dtype to write into; may be `x` itself.

    Returns:
        `out`, or a new array of the shape and dtype of `x`.

    Raises:
        TypeError: If `x` is not of float32 or float64.
        ValueError: If `out` does not fit or cannot be written, or a parameter is out of range.

    Example:
        >>> tanh_shrink(np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [-0.238406, 0.0, 1.035972]
    """
    if type(x) is ndarray:
        return _tanh_shrink(x, out)
    return general("tanh_shrink", (), x, out)


def tanh_shrink_backward(gradient: Array, x: Array, *, out: Array | None = None, output: Array | None = None) -> Array:
    """Backward pass of `tanh_shrink`: the arriving gradient times the derivative at `x`.

    Args:
        gradient: Gradient with respect to the output.
        x: Input of the forward pass.
        out: Array to write into; may be `gradient` itself.
        output: Output of the forward pass, if it was kept; not read, the derivative is made from `x`.

    Returns:
        Gradient with respect to the input.

    Raises:
        TypeError: If the dtypes are not the same float32 or float64.
        ValueError: If the shapes differ.

    Example:
        >>> tanh_shrink_backward(np.ones(3), np.array([-1.0, 0.0, 2.0])).round(6).tolist()
        [0.580026, 0.0, 0.929349]
    """
    return _tanh_shrink.backward(gradient, x, out, output)

"""Initialisers whose variance follows from the number of inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tilegrad.nn.initializers.plain import Initializer, Normal, TruncatedNormal, Uniform, fans
from tilegrad.tensor import Array
from tilegrad.words.checks import check_number
from tilegrad.words.names import lookup

_MODES: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda inputs, outputs: inputs,
    "fan_out": lambda inputs, outputs: outputs,
    "fan_avg": lambda inputs, outputs: (inputs + outputs) / 2,
    "fan_geo_avg": lambda inputs, outputs: math.sqrt(inputs * outputs),
}
_DISTRIBUTIONS = ("normal", "truncated_normal", "uniform")


class VarianceScaling:
    """Zero mean and variance ``scale / n``, where ``n`` is a number of inputs or outputs.

    All other initialisers of this kind are special cases. Keras and JAX take the truncated normal for theirs, PyTorch the
    normal one.

    Args:
        scale: The variance is ``scale / n``.
        mode: ``n``: ``"fan_in"``, ``"fan_out"``, ``"fan_avg"`` (their mean) or ``"fan_geo_avg"`` (their geometric mean).
        distribution: ``"normal"``, ``"truncated_normal"`` (cut at two deviations, and corrected for it) or ``"uniform"``.

    Raises:
        ValueError: If the scale is not above 0, or a name is unknown.

    Example:
        >>> from tilegrad import nn
        >>> nn.VarianceScaling(2.0, "fan_avg").deviation((400, 300)) == nn.VarianceScaling(1 / 175).deviation((1, 1))
        True
    """

    label = ""

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "normal") -> None:
        self.scale = check_number(type(self).__name__, "scale", scale, "(0, inf)")
        lookup("VarianceScaling", "mode", mode, _MODES)
        lookup("VarianceScaling", "distribution", distribution, dict.fromkeys(_DISTRIBUTIONS, ""))
        self.mode, self.distribution = mode, distribution

    def deviation(self, shape: Sequence[int]) -> float:
        """Standard deviation for a shape: ``sqrt(scale / n)``."""
        return math.sqrt(self.scale / _MODES[self.mode](*fans(shape)))

    def __call__(self, shape: Sequence[int], dtype: str, seed: int, stream: int) -> Array:
        """Draws numbers whose deviation belongs to the shape."""
        deviation = self.deviation(shape)
        made: Initializer = Normal(0.0, deviation)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * deviation
            made = Uniform(-limit, limit)
        elif self.distribution == "truncated_normal":
            made = TruncatedNormal(0.0, deviation)
        return made(shape, dtype, seed, stream)

    def __str__(self) -> str:
        return self.label or f"{self.distribution.replace('_', ' ')}, variance {self.scale:g} / {self.mode}"


def _squared(name: str, gain: float) -> float:
    gain = check_number(name, "gain", gain, "(0, inf)")
    return gain * gain


class XavierNormal(VarianceScaling):
    """Normal with variance ``gain² * 2 / (fan_in + fan_out)``: for tanh, sigmoid, softmax and linear layers.

    (Glorot and Bengio, 2010.)

    Args:
        gain: See :func:`tilegrad.nn.gain`.

    Example:
        >>> from tilegrad import nn
        >>> nn.XavierNormal().deviation((400, 300))  # doctest: +ELLIPSIS
        0.05345...
    """

    label = "Xavier normal"

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(_squared("XavierNormal", gain), "fan_avg", "normal")


class XavierUniform(VarianceScaling):
    """Uniform with variance ``gain² * 2 / (fan_in + fan_out)`` (Glorot and Bengio, 2010): Keras' default for Dense.

    Args:
        gain: See :func:`tilegrad.nn.gain`.

    Example:
        >>> from tilegrad import nn
        >>> nn.XavierUniform().deviation((400, 300))  # doctest: +ELLIPSIS
        0.05345...
    """

    label = "Xavier uniform"

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(_squared("XavierUniform", gain), "fan_avg", "uniform")


class HeNormal(VarianceScaling):
    """Normal with variance ``2 / (1 + negative_slope²) / fan_in`` (He et al., 2015): for ReLU and its relatives.

    Args:
        negative_slope: That of the activation: 0 for ReLU.

    Example:
        >>> from tilegrad import nn
        >>> nn.HeNormal().deviation((400, 300))  # doctest: +ELLIPSIS
        0.07071...
    """

    label = "He normal"

    def __init__(self, negative_slope: float = 0.0) -> None:
        super().__init__(2.0 / (1.0 + negative_slope * negative_slope), "fan_in", "normal")


class HeUniform(VarianceScaling):
    """Uniform with variance ``2 / (1 + negative_slope²) / fan_in`` (He et al., 2015).

    Args:
        negative_slope: That of the activation: 0 for ReLU.

    Example:
        >>> from tilegrad import nn
        >>> nn.HeUniform().deviation((400, 300))  # doctest: +ELLIPSIS
        0.07071...
    """

    label = "He uniform"

    def __init__(self, negative_slope: float = 0.0) -> None:
        super().__init__(2.0 / (1.0 + negative_slope * negative_slope), "fan_in", "uniform")


class LecunNormal(VarianceScaling):
    """Normal with variance ``1 / fan_in`` (LeCun et al., 1998): for SELU, whose signals then keep mean 0 and variance 1.

    Example:
        >>> from tilegrad import nn
        >>> nn.LecunNormal().deviation((400, 300))
        0.05
    """

    label = "LeCun normal"

    def __init__(self) -> None:
        super().__init__(1.0, "fan_in", "normal")


class LecunUniform(VarianceScaling):
    """Uniform with variance ``1 / fan_in`` (LeCun et al., 1998).

    Example:
        >>> from tilegrad import nn
        >>> nn.LecunUniform().deviation((400, 300))
        0.05
    """

    label = "LeCun uniform"

    def __init__(self) -> None:
        super().__init__(1.0, "fan_in", "uniform")

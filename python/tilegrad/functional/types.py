"""Types that signatures of activations and losses share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from tilegrad.tensor import Array, Traceable

# What `numpy.asarray` takes: an array or nested lists of numbers, or a single number.
Rows: TypeAlias = Array | Sequence[object]
Number: TypeAlias = float | np.number[Any]
Data: TypeAlias = Rows | Number
# The same, or a value in a trace.
Values: TypeAlias = Data | Traceable

Reduction: TypeAlias = Literal["mean", "sum", "batchmean", "none"]
# The reductions that leave a single number.
Reduced: TypeAlias = Literal["mean", "sum", "batchmean"]
Normalization: TypeAlias = Literal["weights", "samples"]
# A library, for the settings with which it computes a loss.
Style: TypeAlias = Literal["torch", "keras", "optax", "sklearn"]

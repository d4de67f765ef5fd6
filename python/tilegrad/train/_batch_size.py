"""A warning where batches leave few updates."""

from __future__ import annotations

import warnings
from typing import Any

# A batch of so many rows is large, and so many updates are few.
_LARGE, _FEW = 512, 100


def warn_of_few_updates(asked: Any, rows: int, size: int, epochs: int) -> None:
    """Warns where a large batch leaves few updates: on small data the loss then hardly comes down."""
    updates = epochs * -(-rows // size)
    if not isinstance(asked, str) and _LARGE <= size < rows and updates < _FEW:
        warnings.warn(
            f"fit: batch_size={size} leaves {updates} updates in {epochs} epochs of {rows} rows; a smaller batch or more "
            f"epochs bring the loss further down",
            UserWarning,
            stacklevel=3,
        )

"""How many rows a batch should have: a rule, and where it comes from."""

from __future__ import annotations

import warnings
from typing import Any

# Up to so many rows a step on all of them is affordable.
FULL_BATCH_ROWS = 20_000
SMALLEST, LARGEST = 4, 512
# Updates that an epoch should have at least.
_UPDATES = 100
# Cache assumed where it is not told: the second level of a common core.
_CACHE = 1 << 20


def suggest_batch_size(rows: int, features: int | None = None, cache: int | None = None) -> int:
    """A batch size by a common rule: all rows up to 20,000, else a power of two from 4 to 512.

    Of those the largest that leaves a hundred updates an epoch, and whose features (float32) fill at most half of the cache.
    A rule knows nothing of the model: :meth:`tilegrad.Trainer.benchmark` measures, and fit's own default of 32 follows Keras,
    since many small steps learn faster than few large ones on most tables.

    Args:
        rows: Rows of the data.
        features: Numbers in a row.
        cache: Bytes of the cache to stay in; 1 MiB by default, a core's second level.

    Raises:
        ValueError: If a number is below 1.
        TypeError: If it is no whole number.

    Example:
        >>> import tilegrad as tg
        >>> tg.suggest_batch_size(20_000), tg.suggest_batch_size(20_001), tg.suggest_batch_size(1_000_000, features=4000)
        (20000, 128, 32)
    """
    from tilegrad.train._data import check_count

    rows = check_count("suggest_batch_size", "rows", rows, 1)
    features = 1 if features is None else check_count("suggest_batch_size", "features", features, 1)
    cache = _CACHE if cache is None else check_count("suggest_batch_size", "cache", cache, 1)
    if rows <= FULL_BATCH_ROWS:
        return rows
    most = max(min(rows // _UPDATES, cache // (8 * features), LARGEST), SMALLEST)
    return 1 << (most.bit_length() - 1)


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

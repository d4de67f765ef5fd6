"""How many rows a batch should have: a rule, and where it comes from."""

from __future__ import annotations

from typing import Any

from tilegrad.words.checks import check_count

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
        TypeError: If it is not a whole number.

    Example:
        >>> import tilegrad as tg
        >>> tg.suggest_batch_size(20_000), tg.suggest_batch_size(20_001), tg.suggest_batch_size(1_000_000, features=4000)
        (20000, 128, 32)
    """
    rows = check_count("suggest_batch_size", "rows", rows, 1)
    features = 1 if features is None else check_count("suggest_batch_size", "features", features, 1)
    cache = _CACHE if cache is None else check_count("suggest_batch_size", "cache", cache, 1)
    if rows <= FULL_BATCH_ROWS:
        return rows
    most = max(min(rows // _UPDATES, cache // (8 * features), LARGEST), SMALLEST)
    return 1 << (most.bit_length() - 1)


def check_batch_size(function: str, batch_size: Any, rows: int) -> int:
    """Rows per batch, at most as many as there are.

    ``"auto"`` takes the power of two that leaves at least forty steps an epoch, between 16 and 256.
    """
    if isinstance(batch_size, str):
        if batch_size == "full":
            return rows
        if batch_size == "size-rule":
            return suggest_batch_size(rows)
        if batch_size == "auto":
            return min(rows, 1 << min(max((max(rows // 40, 1)).bit_length() - 1, 4), 8))
        raise ValueError(
            f'{function}: expected `batch_size` to be a number, "full", "auto" or "size-rule", got {batch_size!r}'
        )
    return min(check_count(function, "batch_size", batch_size, 1), rows)

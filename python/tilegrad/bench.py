"""The ``tilegrad bench`` command: where the time of a training step goes, for a network of one's own size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tilegrad import _core, nn
from tilegrad._machine import set_threads
from tilegrad.losses import Loss, loss_for
from tilegrad.nn.named import NAMED
from tilegrad.optim import optimizer_for
from tilegrad.tensor import Array
from tilegrad.train import Profile, Trainer
from tilegrad.words.names import lookup

# Most batches of made-up data, and most bytes: beyond the caches, as data are.
_BATCHES, _BYTES = 1000, 64 << 20


def _network(layers: Sequence[int], activation: str, dtype: str) -> nn.Sequential:
    """Dense layers with an activation between them."""
    make = lookup("bench", "activation", activation, NAMED)
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(layers):
        parts += [nn.Dense(inputs, outputs, dtype=dtype), make()]
    return nn.Sequential(*parts[:-1])


def _data(layers: Sequence[int], batch_size: int, loss: Loss, dtype: str) -> tuple[Array, Array]:
    """Some batches of made-up features, and targets of the kind that the loss takes."""
    each = batch_size * layers[0] * np.dtype(dtype).itemsize
    rows = batch_size * max(min(_BATCHES, _BYTES // each), 1)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((rows, layers[0]), np.dtype(dtype).type)
    if loss.targets == "classes":
        return x, generator.integers(0, layers[-1], rows)
    y = generator.random((rows, layers[-1]), np.dtype(dtype).type)
    return x, y


def run(
    *,
    layers: Sequence[int] = (784, 128, 10),
    activation: str = "relu",
    batch_size: int = 32,
    optimizer: str = "adam",
    loss: str = "cross_entropy",
    dtype: str = "float32",
    threads: int | None = None,
    steps: int | None = None,
    as_json: bool = False,
) -> Profile:
    """Times the training step of a dense network on made-up data, prints where the time goes, and returns it.

    Args:
        layers: Width of the input, of the hidden layers and of the output.
        activation: Name of the activation between the layers.
        batch_size: Samples in a step.
        optimizer: Name of the optimizer, with its default settings.
        loss: Name of the loss.
        dtype: ``"float32"`` or ``"float64"``.
        threads: How many threads a step may use; ``None`` leaves it as it is.
        steps: How many steps to time; ``None`` takes as many as fit into about a second.
        as_json: Whether to print JSON instead of a table.

    Raises:
        ValueError: If a name is unknown, or a number out of its range.
        TypeError: If the dtype is none to compute in.

    Example:
        >>> from tilegrad.bench import run
        >>> profile = run(layers=(4, 16, 3), batch_size=16, steps=5)  # doctest: +ELLIPSIS
        tilegrad ...
        >>> sum(row.calls for row in profile.rows if row.operation.startswith("matmul + bias"))
        2
    """
    if len(layers) < 2 or any(width < 1 for width in layers):
        raise ValueError(f"bench: expected `layers` of at least two widths of at least 1, got {tuple(layers)}")
    model, loss_object = _network(layers, activation, dtype), loss_for(loss)
    trainer = Trainer(model, loss_object, optimizer_for(optimizer))
    if threads is not None:
        set_threads(threads)
    x, y = _data(layers, batch_size, loss_object, dtype)
    profile = trainer.profile(x, y, batch_size=batch_size, steps=steps)
    network = {"layers": list(layers), "activation": activation, "optimizer": optimizer, "loss": loss}
    if as_json:
        document: dict[str, Any] = {"version": _core.__version__, "machine": _core.machine(), "network": network}
        print(json.dumps(document | {"profile": profile.to_dict()}, indent=2))
    else:
        print(
            f"tilegrad {_core.__version__}: a training step of {'-'.join(map(str, layers))} with {activation}, ", end=""
        )
        print(f"{loss}, {optimizer}, batches of {batch_size}")
        print(f"{_core.machine()['cpu'] or 'unknown processor'}\n\n{profile}")
    return profile

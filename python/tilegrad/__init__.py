"""Fast training of neural networks on the CPU.

A whole training step (forward, loss, backward, optimizer update) is compiled once and then runs outside the
interpreter.

Example:
    >>> import numpy as np, tilegrad as tg
    >>> from tilegrad import losses, nn, optim
    >>> x = np.random.default_rng(0).standard_normal((256, 8)).astype(np.float32)
    >>> y = (x.sum(axis=1) > 0).astype(int)
    >>> model = nn.Sequential(nn.Dense(8, 16), nn.ReLU(), nn.Dense(16, 2))
    >>> trainer = tg.Trainer(model, losses.CrossEntropy(), optim.Adam(learning_rate=0.01), metrics=["accuracy"])
    >>> history = trainer.fit(x, y, epochs=20, progress=False)
    >>> trainer.evaluate(x, y)["accuracy"] > 0.9
    True
"""

from importlib import import_module
from types import ModuleType

from tilegrad import functional, losses, metrics, nn, optim, schedules, train
from tilegrad._core import __version__
from tilegrad._machine import machine, set_isa, set_threads, threads
from tilegrad.advice import suggest
from tilegrad.tensor import Tensor
from tilegrad.train import History, Trainer, suggest_batch_size
from tilegrad.train._lint import DataReport, check_data, check_model
from tilegrad.train.race import compare_optimizers
from tilegrad.transform import (
    check_gradients,
    custom_gradient,
    define_operation,
    functional_call,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    numeric_derivative,
    numeric_gradient,
    trace,
    value_and_grad,
    vjp,
)

__all__ = [
    "DataReport",
    "History",
    "Tensor",
    "Trainer",
    "__version__",
    "check_data",
    "check_gradients",
    "check_model",
    "compare_optimizers",
    "custom_gradient",
    "define_operation",
    "diagnose",
    "functional",
    "functional_call",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "losses",
    "machine",
    "metrics",
    "nn",
    "numeric_derivative",
    "numeric_gradient",
    "optim",
    "schedules",
    "set_isa",
    "set_threads",
    "suggest",
    "suggest_batch_size",
    "threads",
    "trace",
    "train",
    "value_and_grad",
    "vjp",
]

# Loaded when first asked for: pictures need an extra, and a program that only trains needs none of them.
_LAZY = {
    "diagnose": "tilegrad.explain.diagnose",
    "explain": "tilegrad.explain",
    "plots": "tilegrad.explain.plots",
}


def __getattr__(name: str) -> ModuleType:
    if name not in _LAZY:
        raise AttributeError(f"module 'tilegrad' has no attribute {name!r}")
    return import_module(_LAZY[name])


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])

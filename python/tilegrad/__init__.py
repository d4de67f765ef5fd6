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
from typing import TYPE_CHECKING, Any

from tilegrad import functional, losses, nn, optim, schedules
from tilegrad._core import __version__
from tilegrad._machine import machine, set_isa, set_threads, threads
from tilegrad.nn.functional_call import functional_call
from tilegrad.tensor import Tensor
from tilegrad.transform import (
    custom_gradient,
    define_operation,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    numeric_derivative,
    numeric_gradient,
    value_and_grad,
    vjp,
)
from tilegrad.words.comforts import provide

if TYPE_CHECKING:
    from tilegrad import explain, metrics, train
    from tilegrad.explain import check_gradients, compare_optimizers, diagnose, plots, suggest, trace
    from tilegrad.run.batch_size import suggest_batch_size
    from tilegrad.train import History, Trainer
    from tilegrad.train.lint import DataReport, check_data, check_model

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
    "explain",
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
    "plots",
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

# Rooms that are loaded when first asked for: describing a model, computing and differentiating need none of them. This is the
# one place that loads by name; `words.comforts` has the other, for methods.
_LATER = {
    "DataReport": "tilegrad.train.lint",
    "History": "tilegrad.train",
    "Trainer": "tilegrad.train",
    "check_data": "tilegrad.train.lint",
    "check_gradients": "tilegrad.explain.gradient_check",
    "check_model": "tilegrad.train.lint",
    "compare_optimizers": "tilegrad.explain.race",
    "diagnose": "tilegrad.explain.diagnose",
    "explain": "tilegrad.explain",
    "metrics": "tilegrad.metrics",
    "plots": "tilegrad.explain.plots",
    "suggest": "tilegrad.explain.advice",
    "suggest_batch_size": "tilegrad.run.batch_size",
    "trace": "tilegrad.explain.look",
    "train": "tilegrad.train",
}

# What modules offer for comfort, and where the work is done.
provide("activations", "tilegrad.explain.diagnose:activations")
provide("draw", "tilegrad.explain.network:draw_network")


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'tilegrad' has no attribute {name!r}")
    module = import_module(_LATER[name])
    # The next time it is there.
    found = globals()[name] = getattr(module, name, module)
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])

"""Schedules: hyperparameters that change from step to step.

A schedule is a function of the step, counted from 0. Any numeric hyperparameter of any optimizer may be one; ``fit`` takes
its values into the compiled loop of an epoch.

Example:
    >>> import numpy as np, tilegrad as tg
    >>> from tilegrad import nn, optim, schedules
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> rate = schedules.Warmup(schedules.Cosine(0.5), steps=4)
    >>> trainer = tg.Trainer(nn.Sequential(nn.Dense(1, 1)), "mean_squared_error", optim.SGD(rate))
    >>> history = trainer.fit(x, 3 * x, epochs=8, batch_size=16, progress=False)
    >>> history["learning_rate"][0] > history["learning_rate"][-1]
    True
"""

from tilegrad.schedules.base import Constant, Custom, Schedule, Training, Warmup, chain, sequence
from tilegrad.schedules.cycles import CosineRestarts, Cyclic, OneCycle, OneCycleMomentum
from tilegrad.schedules.decays import (
    Cosine,
    Exponential,
    InverseSquareRoot,
    InverseTime,
    Linear,
    MultiStep,
    Noam,
    PiecewiseConstant,
    PiecewiseLinear,
    Polynomial,
    Step,
)
from tilegrad.schedules.plateau import Plateau

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Custom",
    "Cyclic",
    "Exponential",
    "InverseSquareRoot",
    "InverseTime",
    "Linear",
    "MultiStep",
    "Noam",
    "OneCycle",
    "OneCycleMomentum",
    "PiecewiseConstant",
    "PiecewiseLinear",
    "Plateau",
    "Polynomial",
    "Schedule",
    "Step",
    "Training",
    "Warmup",
    "chain",
    "sequence",
]

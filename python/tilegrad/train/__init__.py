"""Training: the trainer, its history and callbacks."""

from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History
from tilegrad.train.trainer import Trainer

__all__ = ["Callback", "History", "Trainer"]

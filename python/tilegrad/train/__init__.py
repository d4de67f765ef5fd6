"""Training: the trainer, its history, callbacks and profile."""

from tilegrad.train._profile import Profile, ProfileRow
from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History
from tilegrad.train.trainer import Trainer

__all__ = ["Callback", "History", "Profile", "ProfileRow", "Trainer"]

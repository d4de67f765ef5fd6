"""Training: the trainer, its history, callbacks, profile, and what it measures."""

from tilegrad.train._batch_size import suggest_batch_size
from tilegrad.train._benchmark import Throughput
from tilegrad.train._finder import RateSearch
from tilegrad.train._memory import Memory
from tilegrad.train._noise import GradientNoise
from tilegrad.train._profile import Profile, ProfileRow
from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History
from tilegrad.train.trainer import Trainer

__all__ = [
    "Callback",
    "GradientNoise",
    "History",
    "Memory",
    "Profile",
    "ProfileRow",
    "RateSearch",
    "Throughput",
    "Trainer",
    "suggest_batch_size",
]

"""Training: the trainer, its history, callbacks, what ends it, its profile, and what it measures."""

from tilegrad.run.batch_size import suggest_batch_size
from tilegrad.run.memory import Memory
from tilegrad.train.callbacks import Callback, CSVLogger, EarlyStopping, JSONLogger, ModelCheckpoint
from tilegrad.train.gradient_noise import GradientNoise
from tilegrad.train.history import History
from tilegrad.train.profile import Profile, ProfileRow
from tilegrad.train.rate_search import RateSearch
from tilegrad.train.stopping import ConvergenceWarning, TrainingWarning
from tilegrad.train.throughput import Throughput
from tilegrad.train.trainer import Trainer

__all__ = [
    "CSVLogger",
    "Callback",
    "ConvergenceWarning",
    "EarlyStopping",
    "GradientNoise",
    "History",
    "JSONLogger",
    "Memory",
    "ModelCheckpoint",
    "Profile",
    "ProfileRow",
    "RateSearch",
    "Throughput",
    "Trainer",
    "TrainingWarning",
    "suggest_batch_size",
]

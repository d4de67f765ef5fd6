"""Training: the trainer, its history, callbacks, what ends it, its profile, and what it measures."""

from tilegrad.run.batch_size import suggest_batch_size
from tilegrad.run.memory import Memory
from tilegrad.train._benchmark import Throughput
from tilegrad.train._finder import RateSearch
from tilegrad.train._loggers import CSVLogger, JSONLogger, ModelCheckpoint
from tilegrad.train._noise import GradientNoise
from tilegrad.train._profile import Profile, ProfileRow
from tilegrad.train._stopping import ConvergenceWarning, EarlyStopping, TrainingWarning
from tilegrad.train.callbacks import Callback
from tilegrad.train.history import History
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

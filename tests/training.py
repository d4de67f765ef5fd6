"""Small models and whole trainings that several test files share."""

import numpy as np
import tilegrad as tg
from strategies import blobs
from tilegrad import losses, nn, optim


def small_network(features=12, classes=4, hidden=33, dropout=0.3, **settings):
    """Two hidden layers of odd widths with a dropout between them."""
    return nn.Sequential(
        nn.Dense(features, hidden, **settings),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Dense(hidden, 17, **settings),
        nn.GELU(),
        nn.Dense(17, classes, **settings),
    )


def trainer_for(model, loss=None, optimizer=None, metrics=("accuracy",), seed=0):
    return tg.Trainer(
        model,
        loss=loss or losses.CrossEntropy(),
        optimizer=optimizer or optim.Adam(learning_rate=1e-2),
        metrics=list(metrics),
        seed=seed,
    )


def weights(model):
    """Copies of all parameters by name."""
    return {name: np.array(value) for name, value in model.named_parameters()}


def weight_bytes(model):
    return b"".join(np.array(value).tobytes() for _, value in model.named_parameters())


def fitted(
    x, y, *, epochs=2, batch_size=32, seed=0, optimizer=None, model=None, loss=None, metrics=("accuracy",), **fit
):
    """A trainer that has trained, and its history."""
    model = small_network(x.shape[1], int(np.max(y)) + 1 if y.ndim == 1 else y.shape[1]) if model is None else model
    trainer = trainer_for(model, loss, optimizer, metrics, seed)
    history = trainer.fit(x, y, batch_size=batch_size, epochs=epochs, progress=False, **fit)
    return trainer, history


def problem(rows=203, features=12, classes=4, seed=0, dtype=np.float32):
    return blobs(rows, features, classes, dtype, seed)


def resumed(trainer, x, y, folder):
    """A training of six epochs that was saved and loaded after four, which must be that of six in one; and its history."""
    settings = {"batch_size": 32, "progress": False}
    through, first = trainer(), trainer()
    through.fit(x, y, epochs=6, **settings)
    first.fit(x, y, epochs=4, **settings)
    first.save(folder / "trainer.safetensors")
    second = trainer().load(folder / "trainer.safetensors")
    history = second.fit(x, y, epochs=2, **settings)
    assert weight_bytes(second.model) == weight_bytes(through.model)
    return second, history

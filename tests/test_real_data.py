"""Real data: the digits the package carries, iris, and (where the files are present) MNIST and Fashion-MNIST."""

import csv
import gzip

import numpy as np
import pytest
from tilegrad import losses, nn, optim
from training import trainer_for


def idx(path):
    """An array from an idx file."""
    raw = gzip.decompress(path.read_bytes())
    shape = [int.from_bytes(raw[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def images(folder, name):
    folder = folder / name
    if not folder.exists():
        pytest.skip(f"{folder} is absent")
    return [
        idx(folder / "train-images-idx3-ubyte.gz").reshape(-1, 784), idx(folder / "train-labels-idx1-ubyte.gz"),
        idx(folder / "t10k-images-idx3-ubyte.gz").reshape(-1, 784), idx(folder / "t10k-labels-idx1-ubyte.gz"),
    ]  # fmt: skip


def accuracy_after(sets, epochs, seed):
    x, y, x_test, y_test = sets
    model = nn.Sequential(nn.Dense(784, 128), nn.ReLU(), nn.Dense(128, 10))
    trainer = trainer_for(model, losses.CrossEntropy(), optim.Adam(learning_rate=1e-3), seed=seed)
    trainer.fit(x, y, batch_size=128, epochs=epochs, scale=1 / 255, progress=False)
    return trainer.evaluate(x_test, y_test, scale=1 / 255)["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("mnist", 0.92), ("fashion-mnist", 0.80)])
def test_one_epoch(data_folder, name, least):
    assert accuracy_after(images(data_folder, name), 1, 0) > least


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("name", "least"), [("mnist", 0.975), ("fashion-mnist", 0.883)])
def test_ten_epochs_reach_the_promised_accuracy(data_folder, name, least):
    sets = images(data_folder, name)
    assert np.mean([accuracy_after(sets, 10, seed) for seed in range(3)]) >= least


def test_iris(data_folder):
    with gzip.open(data_folder / "iris" / "iris.csv.gz", "rt") as file:
        rows = list(csv.reader(file))[1:]
    names = sorted({row[4] for row in rows})
    x = np.array([row[:4] for row in rows], dtype=np.float32)
    y = np.array([names.index(row[4]) for row in rows])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:120], order[120:]
    model = nn.Sequential(nn.Dense(4, 16), nn.ReLU(), nn.Dense(16, 3))
    trainer = trainer_for(model, optimizer=optim.Adam(learning_rate=1e-2))
    trainer.fit(x[train], y[train], batch_size=16, epochs=100, progress=False)
    assert trainer.evaluate(x[test], y[test])["accuracy"] >= 0.9


def test_the_digits_the_package_carries():
    from tilegrad.data import digits

    x, y, x_test, y_test = digits()
    assert (len(x) + len(x_test), x.shape[1]) == (1797, 64)
    assert set(y.tolist()) == set(y_test.tolist()) == set(range(10))
    assert 0 <= x.min() < x.max() <= 1
    # No image stands in both parts.
    assert not {row.tobytes() for row in x} & {row.tobytes() for row in x_test}
    model = nn.Sequential(nn.Dense(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Dense(64, 10))
    trainer = trainer_for(model, optimizer=optim.Adam(learning_rate=3e-3))
    trainer.fit(x, y, batch_size=32, epochs=15, progress=False)
    assert trainer.evaluate(x_test, y_test)["accuracy"] > 0.95

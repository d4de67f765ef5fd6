"""Trains a network 784-128-10 on Fashion-MNIST or MNIST.

    python examples/fashion_mnist.py FOLDER --epochs 10 --seeds 0 1 2

The folder must contain the four idx files, compressed or not: train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz] and the
same two with t10k. The images are kept as bytes; each batch is scaled to the range 0 to 1 as it is gathered.
"""

import argparse
import gzip
import statistics
import time
from pathlib import Path

import numpy as np
import tilegrad as tg
from tilegrad import losses, nn, optim

SCALE = 1 / 255


def read_idx(folder, name):
    """Reads an idx file: two zero bytes, the type (8 for unsigned bytes), the rank, the extents, the numbers."""
    packed, plain = folder / f"{name}.gz", folder / name
    if packed.exists():
        raw = gzip.decompress(packed.read_bytes())
    elif plain.exists():
        raw = plain.read_bytes()
    else:
        raise SystemExit(f"read_idx: expected {plain} or {packed}, found neither")
    if raw[:3] != b"\0\0\x08":
        raise SystemExit(f"read_idx: expected an idx file of unsigned bytes, got {name} beginning with {raw[:3].hex()}")
    rank = raw[3]
    shape = np.frombuffer(raw, ">u4", count=rank, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(folder):
    """Returns the images as rows of bytes and their labels, first for training, then for testing."""
    sets = []
    for part in ("train", "t10k"):
        images = read_idx(folder, f"{part}-images-idx3-ubyte")
        sets += [images.reshape(len(images), -1), read_idx(folder, f"{part}-labels-idx1-ubyte")]
    return sets


def train(sets, seed, options):
    """Trains one network; returns its test accuracy and the seconds per epoch."""
    x_train, y_train, x_test, y_test = sets
    model = nn.Sequential(nn.Dense(784, 128), nn.ReLU(), nn.Dense(128, 10))
    trainer = tg.Trainer(
        model, loss=losses.CrossEntropy(), optimizer=optim.Adam(learning_rate=1e-3), metrics=["accuracy"], seed=seed
    )
    start = time.perf_counter()
    trainer.fit(x_train, y_train, batch_size=128, epochs=options.epochs, scale=SCALE, progress=options.progress)
    seconds = (time.perf_counter() - start) / options.epochs
    accuracy = trainer.evaluate(x_test, y_test, scale=SCALE)["accuracy"]
    print(f"seed {seed}: test accuracy {100 * accuracy:.2f} %, {seconds:.3f} s per epoch")
    return accuracy, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder that contains the idx files")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, help="number of threads (default: as many as the process may use)")
    parser.add_argument("--progress", action="store_true", help="show a progress bar")
    options = parser.parse_args()
    if options.threads is not None:
        tg.set_threads(options.threads)
    sets = load(options.folder)
    accuracies, seconds = zip(*[train(sets, seed, options) for seed in options.seeds], strict=True)
    print(
        f"{len(options.seeds)} run(s) of {options.epochs} epochs: "
        f"mean test accuracy {100 * statistics.mean(accuracies):.2f} %, "
        f"median {statistics.median(seconds):.3f} s per epoch, {tg.threads()} thread(s)"
    )


if __name__ == "__main__":
    main()

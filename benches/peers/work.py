"""The work that every peer does, and the numbers it starts from; needs only NumPy, since every worker imports this file."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

LEARNING_RATE = 1e-3
BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Network(NamedTuple):
    """Layers with ReLU between them, trained on cross-entropy."""

    widths: tuple[int, ...]
    batch_size: int
    rule: str = "adam"


NETWORKS = {
    "mlp 4-16-3 bs16": Network((4, 16, 3), 16),
    "mlp 30-64-64-2 bs32": Network((30, 64, 64, 2), 32),
    "mlp 64-128-10 bs64": Network((64, 128, 10), 64),
    "mlp 784-128-10 bs1 sgd": Network((784, 128, 10), 1, "sgd"),
    "mlp 784-128-10 bs32": Network((784, 128, 10), 32),
    "mlp 784-512-256-10 bs128": Network((784, 512, 256, 10), 128),
    "mlp 784-1024x4-10 bs256": Network((784, 1024, 1024, 1024, 1024, 10), 256),
    "mlp 4096-4096-4096 bs512": Network((4096, 4096, 4096), 512),
}

ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "elu",
    "sigmoid",
    "tanh",
    "silu",
    "gelu",
    "gelu_tanh",
    "softplus",
    "relu6",
    "hard_tanh",
    "threshold",
    "squared_relu",
    "selu",
    "celu",
    "exponential",
    "hard_sigmoid",
    "softsign",
    "hard_swish",
    "mish",
    "log_sigmoid",
    "squareplus",
    "soft_shrink",
    "hard_shrink",
    "tanh_shrink",
)
NEGATIVE_SLOPE = 0.01

LOSSES = ("ce", "ce_soft", "ce_smooth", "ce_weight", "bce_logits", "mse", "l1")
LABEL_SMOOTHING = 0.1

# Rules that not every peer has, by tilegrad's class with the preset of the peer, and their number of slots.
MORE_OPTIMIZERS = {
    "Adadelta": 2, "Adamax": 2, "NAdam": 2, "RAdam": 2, "Lion": 1, "Rprop": 2, "ASGD": 1, "AdaBelief": 2, "Adan": 4,
    "ScheduleFreeAdamW": 2,
}  # fmt: skip
OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", *MORE_OPTIMIZERS)
# Minimum traffic of an update, in numbers read and written per parameter: weight, gradient and slots.
OPTIMIZER_TRAFFIC = {
    "sgd": 3, "momentum": 5, "nesterov": 5, "rmsprop": 5, "adagrad": 5, "adam": 7, "adamw": 7,
    **{name: 3 + 2 * slots for name, slots in MORE_OPTIMIZERS.items()},
}  # fmt: skip
MOMENTUM = 0.9
WEIGHT_DECAY = 0.01
RMSPROP_DECAY = 0.99
# The peers start Adagrad's sum at different values; all use this one where they allow it.
ADAGRAD_START = 0.1


def network(widths, batch_size, _rule=None):
    """Weights ``(in, out)``, biases, one batch of features and its labels, the same in every process."""
    generator = np.random.default_rng(0)
    weights, biases = [], []
    for inputs, outputs in pairwise(widths):
        bound = np.sqrt(6 / inputs)
        weights.append(generator.uniform(-bound, bound, (inputs, outputs)).astype(np.float32))
        biases.append(generator.uniform(-0.1, 0.1, outputs).astype(np.float32))
    features = generator.standard_normal((batch_size, widths[0])).astype(np.float32)
    labels = generator.integers(0, widths[-1], batch_size)
    return weights, biases, features, labels


def elements(count):
    """Numbers for an activation, on both sides of zero."""
    return np.random.default_rng(1).uniform(-6, 6, count).astype(np.float32)


def inputs(shape):
    """Input of a kernel: numbers for an activation, logits for a softmax."""
    return matrix(*shape) if len(shape) == 2 else elements(shape[0])


def repeated(call):
    """A function that makes a call a given number of times."""

    def run(calls):
        for _ in range(calls):
            call()

    return run


def size_of(call, result):
    """Makes one call and returns the mean magnitude of the numbers in ``result``, by which peers are compared."""
    call()
    return [float(np.abs(result, dtype=np.float64).mean())]


def product(kind, layer, dtype):
    """The operands of a layer's product, transposed views where the layer has them, and an array for the result."""
    batch, inputs, outputs = layer
    generator = np.random.default_rng(7)
    shapes = {"x": (batch, inputs), "w": (inputs, outputs), "dy": (batch, outputs)}
    x, w, dy = (generator.standard_normal(shape).astype(dtype) for shape in shapes.values())
    a, b = {"forward": (x, w), "weights": (x.T, dy), "inputs": (dy, w.T)}[kind]
    return a, b, np.empty((a.shape[0], b.shape[1]), dtype)


def matrix(rows, columns):
    """Logits for a softmax or a loss."""
    return np.random.default_rng(2).standard_normal((rows, columns)).astype(np.float32)


def targets(loss, rows, columns):
    """Targets of a loss for ``matrix(rows, columns)``."""
    generator = np.random.default_rng(3)
    if loss in ("ce", "ce_smooth", "ce_weight"):
        return generator.integers(0, columns, rows)
    if loss == "ce_soft":
        odds = generator.uniform(0.1, 1, (rows, columns))
        return (odds / odds.sum(1, keepdims=True)).astype(np.float32)
    if loss == "bce_logits":
        return generator.integers(0, 2, (rows, columns)).astype(np.float32)
    return generator.standard_normal((rows, columns)).astype(np.float32)


def class_weights(columns):
    """Weights of the classes for ``ce_weight``."""
    return np.random.default_rng(4).uniform(0.5, 2, columns).astype(np.float32)


def arriving(shape):
    """The gradient that arrives at a kernel's output."""
    return np.random.default_rng(7).uniform(-1, 1, shape).astype(np.float32)


def parameters(count, tensors):
    """Parameters and gradients of an optimizer step: ``count`` numbers in ``tensors`` arrays."""
    generator = np.random.default_rng(5)
    sizes = [count // tensors] * tensors
    sizes[-1] += count - sum(sizes)
    # A million different numbers are enough; drawing 50 million would take longer than the measurement.
    drawn = generator.standard_normal(min(2 * max(sizes), 1_000_003), dtype=np.float32)
    return (
        [np.resize(np.roll(drawn, 13 * index), size) for index, size in enumerate(sizes)],
        [np.resize(np.roll(drawn, -7 * index), size) * np.float32(0.1) for index, size in enumerate(sizes)],
    )


def rows(count, width, classes):
    """A data set for an epoch: float32 features in 0..1 and labels."""
    generator = np.random.default_rng(6)
    return generator.random((count, width), dtype=np.float32), generator.integers(0, classes, count)


def suites(train_step, kernel, loss, optimizer, epoch, product):
    """What a peer has for each suite, by the suite's name."""
    return {
        "train_step": train_step,
        "kernels": kernel,
        "losses": loss,
        "optim": optimizer,
        "epoch": epoch,
        "matmul": product,
    }

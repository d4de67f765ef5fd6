"""The work that every peer does, and the numbers it starts from: NumPy only, since every worker imports this file."""

from itertools import pairwise

import numpy as np

LEARNING_RATE = 1e-3
BETAS = (0.9, 0.999)
EPSILON = 1e-8

# name: (layer widths, batch size); all with ReLU, cross-entropy and Adam.
NETWORKS = {
    "mlp 4-16-3 bs16": ((4, 16, 3), 16),
    "mlp 30-64-64-2 bs32": ((30, 64, 64, 2), 32),
    "mlp 64-128-10 bs64": ((64, 128, 10), 64),
    "mlp 784-128-10 bs32": ((784, 128, 10), 32),
    "mlp 784-512-256-10 bs128": ((784, 512, 256, 10), 128),
    "mlp 784-1024x4-10 bs256": ((784, 1024, 1024, 1024, 1024, 10), 256),
    "mlp 4096-4096-4096 bs512": ((4096, 4096, 4096), 512),
}
LARGE_NETWORKS = ("mlp 784-1024x4-10 bs256", "mlp 4096-4096-4096 bs512")

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
)
NEGATIVE_SLOPE = 0.01

LOSSES = ("ce", "ce_soft", "ce_smooth", "ce_weight", "bce_logits", "mse", "l1")
LABEL_SMOOTHING = 0.1

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw")
# Least traffic of an update in numbers read and written per parameter: weight, gradient and slots.
OPTIMIZER_TRAFFIC = {"sgd": 3, "momentum": 5, "nesterov": 5, "rmsprop": 5, "adagrad": 5, "adam": 7, "adamw": 7}
MOMENTUM = 0.9
WEIGHT_DECAY = 0.01
RMSPROP_DECAY = 0.99
# The peers start Adagrad's sum at different values; all are given this one where they can be.
ADAGRAD_START = 0.1


def network(widths, batch_size):
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


def parameters(count, tensors):
    """Parameters and gradients of an optimizer step: ``count`` numbers in ``tensors`` arrays."""
    generator = np.random.default_rng(5)
    sizes = [count // tensors] * tensors
    sizes[-1] += count - sum(sizes)
    return (
        [generator.standard_normal(size).astype(np.float32) for size in sizes],
        [(generator.standard_normal(size) * 0.1).astype(np.float32) for size in sizes],
    )


def rows(count, width, classes):
    """A data set for an epoch: float32 features in 0..1 and labels."""
    generator = np.random.default_rng(6)
    return generator.random((count, width), dtype=np.float32), generator.integers(0, classes, count)

"""The work in plain NumPy, written as someone careful about temporaries would."""

import numpy as np
import work


def start(_threads):
    """NumPy's matrix product takes its threads from the environment."""


def versions():
    return [f"numpy {np.__version__}"]


def variants(suite, case, _options):
    if suite == "kernels" and case["name"] == "gelu":
        return []  # NumPy has no error function.
    return ["numpy"]


def make(suite, _variant, case):
    return {
        "train_step": train_step,
        "kernels": kernel,
        "losses": loss,
        "optim": optimizer,
        "epoch": epoch,
    }[suite](case)


class Network:
    """ReLU layers with a hand-written backward pass and Adam."""

    def __init__(self, weights, biases):
        self.weights, self.biases = weights, biases
        self.parameters = weights + biases
        self.first = [np.zeros_like(p) for p in self.parameters]
        self.second = [np.zeros_like(p) for p in self.parameters]
        self.scratch = [np.empty_like(p) for p in self.parameters]
        self.steps = 0

    def step(self, features, labels):
        """One training step; the loss before it."""
        inputs = [features]
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            output = inputs[-1] @ weight
            output += bias
            if index < last:
                np.maximum(output, 0, out=output)
            inputs.append(output)
        value, gradient = cross_entropy(inputs.pop(), labels)
        weight_gradients, bias_gradients = [None] * (last + 1), [None] * (last + 1)
        for index in range(last, -1, -1):
            weight_gradients[index] = inputs[index].T @ gradient
            bias_gradients[index] = gradient.sum(0)
            if index:
                gradient = gradient @ self.weights[index].T
                gradient *= inputs[index] > 0
        self.adam(weight_gradients + bias_gradients)
        return value

    def adam(self, gradients):
        self.steps += 1
        adam(self.parameters, gradients, self.first, self.second, self.scratch, self.steps)


def adam(parameters, gradients, first, second, scratch, steps, decay=0.0):
    """Adam in place, with three temporaries per tensor avoided by ``scratch``."""
    b1, b2 = work.BETAS
    step_size = work.LEARNING_RATE / (1 - b1**steps)
    root = 1 / np.sqrt(1 - b2**steps)
    for p, g, m, v, s in zip(parameters, gradients, first, second, scratch, strict=True):
        if decay:
            p *= 1 - work.LEARNING_RATE * decay
        m *= b1
        m += np.multiply(g, 1 - b1, out=s)
        v *= b2
        np.multiply(g, g, out=s)
        s *= 1 - b2
        v += s
        np.sqrt(v, out=s)
        s *= root
        s += work.EPSILON
        np.divide(m, s, out=s)
        s *= step_size
        p -= s


def cross_entropy(logits, labels):
    """Mean loss and its gradient."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
    odds /= total
    odds[rows, labels] -= 1
    odds /= len(labels)
    return value, odds


def train_step(case):
    weights, biases, features, labels = work.network(*work.NETWORKS[case["name"]])
    network = Network(weights, biases)
    check = [float(network.step(features, labels)), float(network.step(features, labels))]

    def run(calls):
        for _ in range(calls):
            network.step(features, labels)

    return run, check


def kernel(case):
    name = case["name"]
    x = work.matrix(*case["shape"]) if len(case["shape"]) == 2 else work.elements(case["shape"][0])
    y, z = np.empty_like(x), np.empty_like(x)

    def sigmoid(x, y):
        np.negative(x, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.reciprocal(y, out=y)

    def leaky_relu(x, y):
        np.multiply(x, np.float32(work.NEGATIVE_SLOPE), out=y)
        np.maximum(x, y, out=y)

    def elu(x, y):
        np.minimum(x, 0, out=y)
        np.expm1(y, out=y)
        np.maximum(x, 0, out=z)
        np.add(y, z, out=y)

    def silu(x, y):
        sigmoid(x, y)
        np.multiply(x, y, out=y)

    def gelu_tanh(x, y):
        np.multiply(x, x, out=y)
        np.multiply(y, np.float32(0.044715), out=y)
        np.add(y, 1, out=y)
        np.multiply(y, x, out=y)
        np.multiply(y, np.float32(0.7978845608028654), out=y)
        np.tanh(y, out=y)
        np.add(y, 1, out=y)
        np.multiply(y, x, out=y)
        np.multiply(y, np.float32(0.5), out=y)

    def softplus(x, y):
        np.abs(x, out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.log1p(y, out=y)
        np.maximum(x, 0, out=z)
        np.add(y, z, out=y)

    def softmax(x, y):
        np.subtract(x, x.max(1, keepdims=True), out=y)
        np.exp(y, out=y)
        y /= y.sum(1, keepdims=True)

    def log_softmax(x, y):
        np.subtract(x, x.max(1, keepdims=True), out=y)
        np.exp(y, out=z)
        y -= np.log(z.sum(1, keepdims=True))

    functions = {
        "relu": lambda x, y: np.maximum(x, 0, out=y),
        "tanh": lambda x, y: np.tanh(x, out=y),
        "sigmoid": sigmoid,
        "leaky_relu": leaky_relu,
        "elu": elu,
        "silu": silu,
        "gelu_tanh": gelu_tanh,
        "softplus": softplus,
        "softmax": softmax,
        "log_softmax": log_softmax,
    }
    call = functions[name]

    def run(calls):
        for _ in range(calls):
            call(x, y)

    run(1)
    return run, [float(np.abs(y, dtype=np.float64).mean())]


def loss(case):
    name, shape = case["name"], case["shape"]
    logits, target = work.matrix(*shape), work.targets(name, *shape)
    weights = work.class_weights(shape[1])

    def soft(target):
        shifted = logits - logits.max(1, keepdims=True)
        odds = np.exp(shifted)
        total = odds.sum(1, keepdims=True)
        value = np.mean(np.log(total[:, 0]) * target.sum(1) - np.einsum("ij,ij->i", target, shifted))
        odds /= total
        odds -= target
        odds /= len(target)
        return value, odds

    def smooth():
        full = np.full(shape, work.LABEL_SMOOTHING / shape[1], np.float32)
        full[np.arange(shape[0]), target] += 1 - work.LABEL_SMOOTHING
        return soft(full)

    def weighted():
        rows = np.arange(shape[0])
        shifted = logits - logits.max(1, keepdims=True)
        odds = np.exp(shifted)
        total = odds.sum(1, keepdims=True)
        chosen = weights[target]
        chosen = chosen / chosen.sum()
        value = np.sum(chosen * (np.log(total[:, 0]) - shifted[rows, target]))
        odds /= total
        odds[rows, target] -= 1
        odds *= chosen[:, None]
        return value, odds

    def binary():
        tail = np.exp(-np.abs(logits))
        value = np.mean(np.maximum(logits, 0) - logits * target + np.log1p(tail))
        slope = np.where(logits >= 0, 1, tail)
        slope /= 1 + tail
        slope -= target
        slope /= logits.size
        return value, slope

    def squared():
        difference = logits - target
        value = np.mean(difference * difference)
        difference *= 2 / logits.size
        return value, difference

    def absolute():
        difference = logits - target
        return np.mean(np.abs(difference)), np.sign(difference) / np.float32(logits.size)

    call = {
        "ce": lambda: cross_entropy(logits, target),
        "ce_soft": lambda: soft(target),
        "ce_smooth": smooth,
        "ce_weight": weighted,
        "bce_logits": binary,
        "mse": squared,
        "l1": absolute,
    }[name]

    def run(calls):
        for _ in range(calls):
            call()

    value, gradient = call()
    return run, [float(value), float(np.linalg.norm(gradient))]


def optimizer(case):
    parameters, gradients = work.parameters(case["count"], case["tensors"])
    first = [np.full_like(p, work.ADAGRAD_START if case["name"] == "adagrad" else 0) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    scratch = [np.empty_like(p) for p in parameters]
    rate = work.LEARNING_RATE
    steps = 0

    def sgd():
        for p, g, s in zip(parameters, gradients, scratch, strict=True):
            p -= np.multiply(g, rate, out=s)

    def momentum():
        for p, g, m, s in zip(parameters, gradients, first, scratch, strict=True):
            m *= work.MOMENTUM
            m += g
            p -= np.multiply(m, rate, out=s)

    def nesterov():
        for p, g, m, s in zip(parameters, gradients, first, scratch, strict=True):
            m *= work.MOMENTUM
            m += g
            np.multiply(m, work.MOMENTUM, out=s)
            s += g
            s *= rate
            p -= s

    def rmsprop():
        for p, g, v, s in zip(parameters, gradients, first, scratch, strict=True):
            v *= work.RMSPROP_DECAY
            np.multiply(g, g, out=s)
            s *= 1 - work.RMSPROP_DECAY
            v += s
            np.sqrt(v, out=s)
            s += work.EPSILON
            np.divide(g, s, out=s)
            s *= rate
            p -= s

    def adagrad():
        for p, g, v, s in zip(parameters, gradients, first, scratch, strict=True):
            v += np.multiply(g, g, out=s)
            np.sqrt(v, out=s)
            s += 1e-10
            np.divide(g, s, out=s)
            s *= rate
            p -= s

    def moments(decay):
        def call():
            nonlocal steps
            steps += 1
            adam(parameters, gradients, first, second, scratch, steps, decay)

        return call

    call = {
        "sgd": sgd,
        "momentum": momentum,
        "nesterov": nesterov,
        "rmsprop": rmsprop,
        "adagrad": adagrad,
        "adam": moments(0),
        "adamw": moments(work.WEIGHT_DECAY),
    }[case["name"]]

    def run(calls):
        for _ in range(calls):
            call()

    run(3)
    return run, [float(np.sum([np.abs(p, dtype=np.float64).sum() for p in parameters]))]


def epoch(case):
    features, labels = work.rows(case["rows"], case["widths"][0], case["widths"][-1])
    weights, biases, _, _ = work.network(case["widths"], 1)
    network = Network(weights, biases)
    generator = np.random.default_rng(0)

    def run(calls):
        for _ in range(calls):
            order = generator.permutation(len(features))
            for begin in range(0, len(order), case["batch"]):
                chosen = order[begin : begin + case["batch"]]
                network.step(features[chosen], labels[chosen])

    return run, None

"""The work in plain NumPy, written as someone careful about temporaries would."""

from functools import partial

import numpy as np
import numpy_kernels
import numpy_losses
import work


def start(_threads):
    """NumPy's matrix product takes its threads from the environment."""


def versions():
    return [f"numpy {np.__version__}"]


def variants(suite, case, _options):
    # NumPy has no error function, and the rarer activations and rules would add nothing new.
    lacks = suite == "kernels" and not hasattr(numpy_kernels, case["name"])
    return [] if lacks or (suite == "optim" and case["name"] in work.MORE_OPTIMIZERS) else ["numpy"]


def make(suite, _variant, case):
    return work.suites(train_step, kernel, loss, optimizer, epoch, product)[suite](case)


class Network:
    """ReLU layers with a hand-written backward pass and update."""

    def __init__(self, weights, biases, rule="adam"):
        self.weights, self.biases = weights, biases
        self.update = getattr(numpy_kernels.Rules(weights + biases), rule)

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
        value, gradient = numpy_losses.ce(inputs.pop(), labels)
        weight_gradients, bias_gradients = [None] * (last + 1), [None] * (last + 1)
        for index in range(last, -1, -1):
            weight_gradients[index] = inputs[index].T @ gradient
            bias_gradients[index] = gradient.sum(0)
            if index:
                gradient = gradient @ self.weights[index].T
                gradient *= inputs[index] > 0
        self.update(weight_gradients + bias_gradients)
        return value


def train_step(case):
    given = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(*given)
    network = Network(weights, biases, given.rule)
    check = [float(network.step(features, labels)), float(network.step(features, labels))]

    def run(calls):
        for _ in range(calls):
            network.step(features, labels)

    return run, check


def kernel(case):
    x = work.inputs(case["shape"])
    y, spare = np.empty_like(x), np.empty_like(x)
    function = getattr(numpy_kernels, case["name"])
    if case.get("backward"):
        kept = x
        if case["name"] in numpy_kernels.FROM_OUTPUT:
            kept = np.empty_like(x)
            function(x, kept, spare)
        backward = getattr(numpy_kernels, f"{case['name']}_backward")
        call = partial(backward, work.arriving(case["shape"]), kept, y, spare)
    else:
        call = partial(function, x, y, spare)
    return work.repeated(call), work.size_of(call, y)


def loss(case):
    name, shape = case["name"], case["shape"]
    arguments = [work.matrix(*shape), work.targets(name, *shape)]
    if name == "ce_weight":
        arguments.append(work.class_weights(shape[1]))
    function = getattr(numpy_losses, name)

    def run(calls):
        for _ in range(calls):
            function(*arguments)

    value, gradient = function(*arguments)
    return run, [float(value), float(np.linalg.norm(gradient.astype(np.float64)))]


def optimizer(case):
    parameters, gradients = work.parameters(case["count"], case["tensors"])
    rules = numpy_kernels.Rules(parameters, work.ADAGRAD_START if case["name"] == "adagrad" else 0.0)
    update = getattr(rules, case["name"])

    def run(calls):
        for _ in range(calls):
            update(gradients)

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


def product(case):
    a, b, out = work.product(case["kind"], case["layer"], case["dtype"])
    call = partial(np.matmul, a, b, out=out)
    return work.repeated(call), work.size_of(call, out)

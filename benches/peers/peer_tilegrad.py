"""The work in tilegrad."""

from functools import partial
from itertools import pairwise

import numpy as np
import tilegrad as tg
import work
from tilegrad import _core, losses, nn, optim
from tilegrad import functional as F

FROM_OUTPUT = {
    spelling
    for entry in _core.registry()["activations"]
    for spelling in (entry["name"], *entry["aliases"])
    if entry["facts"]["slope_from"] == "output"
}


def start(threads):
    tg.set_threads(threads)


def versions():
    return [f"tilegrad {tg.__version__} ({_core.isa()})"]


def variants(suite, _case, _options):
    return ["tilegrad-call", "tilegrad-fit"] if suite == "train_step" else ["tilegrad"]


def make(suite, variant, case):
    if variant == "tilegrad-call":
        return train_call(case)
    return work.suites(train_step, kernel, loss, optimizer, epoch, product)[suite](case)


def compiled(widths, batch_size, rule, weights, biases):
    """The compiled plan of a training step and its state with the given weights."""
    graph = _core.Graph()
    rule = _core.Optimizer(rule, {"learning_rate": work.LEARNING_RATE})
    x = graph.input("x", (batch_size, widths[0]), "float32")
    labels = graph.input("labels", (batch_size,), "int32")
    parameters = []
    value = x
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        w = graph.parameter(f"{index}.weight", weight.shape, "float32")
        b = graph.parameter(f"{index}.bias", bias.shape, "float32")
        parameters += [w, b]
        value = graph.apply("add", [graph.apply("matmul", [value, w]), b])
        if index + 1 < len(weights):
            value = graph.apply("relu", [value])
    mean = graph.apply("cross_entropy", [value, labels])
    gradients = graph.gradients(mean, parameters)
    updates = [graph.update(p, g, rule) for p, g in zip(parameters, gradients, strict=True)]
    plan = graph.compile([mean, *updates])
    state = _core.State(graph, rule)
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        state.view(f"{index}.weight")[...] = weight
        state.view(f"{index}.bias")[...] = bias
    return plan, state


def train_call(case):
    network = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(*network)
    plan, state = compiled(*network, weights, biases)
    inputs = [features, labels.astype(np.int32)]
    check = [float(plan.run(inputs, state)[0]) for _ in range(2)]

    def run(calls):
        for _ in range(calls):
            plan.run(inputs, state)

    return run, check


def sequential(widths):
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Dense(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def trainer(widths, rule="adam"):
    rule = {"adam": optim.Adam, "sgd": optim.SGD}[rule](learning_rate=work.LEARNING_RATE)
    return tg.Trainer(sequential(widths), loss=losses.CrossEntropy(), optimizer=rule)


def batches_of_an_epoch(widths, batch_size):
    """Enough that the cost of calling ``fit`` is small: 20,000 rows, fewer for large networks, but at least two batches."""
    operations = 6 * batch_size * sum(inputs * outputs for inputs, outputs in pairwise(widths))
    return max(2, min(20_000 // batch_size, int(1e10 / operations)))


def train_step(case):
    """``fit`` over copies of the batch; a call is one of its steps."""
    widths, batch_size, rule = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(widths, batch_size)
    session = trainer(widths, rule)
    given = {f"{2 * index}.weight": weight for index, weight in enumerate(weights)}
    given |= {f"{2 * index}.bias": bias for index, bias in enumerate(biases)}
    for name, parameter in session.model.named_parameters():
        np.asarray(parameter)[...] = given.pop(name)
    check = session.fit(features, labels, batch_size=batch_size, epochs=2, progress=False)["loss"]
    batches = batches_of_an_epoch(widths, batch_size)
    features, labels = np.tile(features, (batches, 1)), np.tile(labels, batches)

    def run(calls):
        # Whole epochs only: the block is as long as the steps asked for, rounded up.
        epochs = -(-calls // batches)
        session.fit(features, labels, batch_size=batch_size, epochs=epochs, progress=False)
        return epochs * batches

    return run, [float(value) for value in check]


def kernel(case):
    x = work.inputs(case["shape"])
    y = np.empty_like(x)
    function = getattr(F, case["name"])
    if case.get("backward"):
        # A training step keeps the output where the gradient is computed from it, otherwise the input.
        kept = function(x) if len(case["shape"]) == 2 else x
        backward = getattr(F, f"{case['name']}_backward")
        call = partial(backward, work.arriving(case["shape"]), kept, out=y)
        if case["name"] in FROM_OUTPUT:
            call.keywords["output"] = function(x)
    else:
        call = partial(function, x, out=y)
    return work.repeated(call), work.size_of(call, y)


def loss(case):
    name, shape = case["name"], case["shape"]
    logits, target = work.matrix(*shape), work.targets(name, *shape)
    weights = work.class_weights(shape[1])
    function = {
        "ce": F.cross_entropy,
        "ce_soft": F.cross_entropy,
        "ce_smooth": lambda x, y: F.cross_entropy(x, y, label_smoothing=work.LABEL_SMOOTHING),
        "ce_weight": lambda x, y: F.cross_entropy(x, y, weight=weights),
        "bce_logits": F.binary_cross_entropy_with_logits,
        "mse": F.mean_squared_error,
        "l1": F.mean_absolute_error,
    }[name]
    call = tg.value_and_grad(function, argnums=0)

    def run(calls):
        for _ in range(calls):
            call(logits, target)

    value, gradient = call(logits, target)
    return run, [float(value), float(np.linalg.norm(gradient.astype(np.float64)))]


def optimizer(case):
    parameters, gradients = work.parameters(case["count"], case["tensors"])
    rate = work.LEARNING_RATE

    def like_torch(kind):
        return kind(learning_rate=rate, style="torch" if "torch" in kind.styles else None)

    rule = {
        **{name: lambda name=name: like_torch(getattr(optim, name)) for name in work.MORE_OPTIMIZERS},
        "sgd": lambda: optim.SGD(learning_rate=rate),
        "momentum": lambda: optim.SGD(learning_rate=rate, momentum=work.MOMENTUM),
        "nesterov": lambda: optim.SGD(learning_rate=rate, momentum=work.MOMENTUM, nesterov=True),
        "rmsprop": lambda: optim.RMSprop(learning_rate=rate, decay=work.RMSPROP_DECAY, epsilon_mode="outside"),
        "adagrad": lambda: optim.Adagrad(learning_rate=rate, initial_accumulator=work.ADAGRAD_START),
        "adam": lambda: optim.Adam(learning_rate=rate),
        "adamw": lambda: optim.AdamW(learning_rate=rate, weight_decay=work.WEIGHT_DECAY),
    }[case["name"]]()

    def run(calls):
        for _ in range(calls):
            rule.step(parameters, gradients)

    run(3)
    return run, [float(np.sum([np.abs(p, dtype=np.float64).sum() for p in parameters]))]


def epoch(case):
    features, labels = work.rows(case["rows"], case["widths"][0], case["widths"][-1])
    session = trainer(case["widths"])

    def run(calls):
        for _ in range(calls):
            session.fit(features, labels, batch_size=case["batch"], epochs=1, progress=False)

    return run, None


def product(case):
    a, b, out = work.product(case["kind"], case["layer"], case["dtype"])
    call = partial(_core.matmul, a, b, out)
    return work.repeated(call), work.size_of(call, out)

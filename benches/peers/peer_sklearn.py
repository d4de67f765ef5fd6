"""Training steps and epochs of scikit-learn's MLPClassifier."""

import warnings

import numpy as np
import sklearn
import work
from sklearn.neural_network import MLPClassifier


def start(_threads):
    """scikit-learn's network runs on NumPy, which takes its threads from the environment."""
    warnings.simplefilter("ignore")


def versions():
    return [f"scikit-learn {sklearn.__version__}"]


def variants(suite, _case, _options):
    return ["sklearn"] if suite in ("train_step", "epoch") else []


def make(suite, _variant, case):
    return {"train_step": train_step, "epoch": epoch}[suite](case)


def classifier(widths, batch_size, rule="adam", **options):
    return MLPClassifier(
        solver=rule,
        momentum=0.0,
        hidden_layer_sizes=widths[1:-1],
        batch_size=batch_size,
        learning_rate_init=work.LEARNING_RATE,
        # scikit-learn adds epsilon before it corrects the second moment; this makes the first step the same.
        epsilon=work.EPSILON * (1 - work.BETAS[1]) ** 0.5,
        alpha=0.0,
        shuffle=False,
        **options,
    )


def begin(model, parameters):
    """Gives the network the common initial weights, and resets its optimizer."""
    for own, given in zip(model.coefs_ + model.intercepts_, parameters, strict=True):
        own[...] = given
    rule = model._optimizer
    if hasattr(rule, "ms"):
        rule.t = 0
        for slot in rule.ms + rule.vs:
            slot[...] = 0


def train_step(case):
    network = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(*network)
    if network.widths[-1] > 1000:
        raise ValueError("a network with thousands of classes is not what it is for")
    model = classifier(*network)
    model.partial_fit(features, labels, classes=np.arange(network.widths[-1]))
    check = None
    if network.widths[-1] > 2:  # For two classes it has one output, so the weights do not fit.
        begin(model, weights + biases)
        check = []
        for _ in range(2):
            model.partial_fit(features, labels)
            check.append(float(model.loss_))

    def run(calls):
        for _ in range(calls):
            model.partial_fit(features, labels)

    return run, check


def epoch(case):
    features, labels = work.rows(case["rows"], case["widths"][0], case["widths"][-1])
    model = classifier(case["widths"], case["batch"], max_iter=1, warm_start=True)
    model.shuffle = True

    def run(calls):
        for _ in range(calls):
            model.fit(features, labels)

    return run, None

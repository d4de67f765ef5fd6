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


def classifier(widths, batch_size, **options):
    return MLPClassifier(
        hidden_layer_sizes=widths[1:-1],
        batch_size=batch_size,
        learning_rate_init=work.LEARNING_RATE,
        alpha=0.0,
        shuffle=False,
        **options,
    )


def train_step(case):
    widths, batch_size = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(widths, batch_size)
    if len(widths) == 3 and widths[0] == widths[-1]:
        raise ValueError("a network with thousands of classes is not what it is for")
    model = classifier(widths, batch_size)
    classes = np.arange(widths[-1])
    model.partial_fit(features, labels, classes=classes)
    check = None
    if widths[-1] > 2:  # For two classes it has one output, so the weights do not fit.
        for own, given in zip(model.coefs_ + model.intercepts_, weights + biases, strict=True):
            own[...] = given
        rule = model._optimizer
        rule.t = 0
        for slot in rule.ms + rule.vs:
            slot[...] = 0
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

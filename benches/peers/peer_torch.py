"""The work in PyTorch: default Adam, fused Adam, and on demand torch.compile."""

import numpy as np
import torch
import work
from torch.nn import functional as F


def start(threads):
    torch.set_num_threads(threads)


def versions():
    return [f"torch {torch.__version__}"]


def variants(suite, case, options):
    names = {
        "train_step": ["torch", "torch-fused"],
        "kernels": ["torch"],
        "losses": ["torch"],
        # RMSprop has no fused form.
        "optim": ["torch", "torch-foreach"] + (["torch-fused"] if case.get("name") != "rmsprop" else []),
        "epoch": ["torch-fused", "torch-dataloader"],
    }[suite]
    return names + (["torch-compile"] if options["compile"] and suite in ("train_step", "losses") else [])


def make(suite, variant, case):
    return {"train_step": train_step, "kernels": kernel, "losses": loss, "optim": optimizer, "epoch": epoch}[suite](
        variant, case
    )


def network(weights, biases):
    """The layers with the given weights; PyTorch keeps them as (out, in)."""
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        layer = torch.nn.Linear(*weight.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def train_step(variant, case):
    weights, biases, features, labels = work.network(*work.NETWORKS[case["name"]])
    model = network(weights, biases)
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=work.LEARNING_RATE, fused=variant != "torch")

    def forward(x, y):
        return F.cross_entropy(model(x), y)

    if variant == "torch-compile":
        forward = torch.compile(forward)

    def step():
        optimizer.zero_grad()
        value = forward(x, y)
        value.backward()
        optimizer.step()
        return value

    check = [step().item(), step().item()]

    def run(calls):
        for _ in range(calls):
            step()

    return run, check


def kernel(_variant, case):
    x = torch.from_numpy(work.matrix(*case["shape"]) if len(case["shape"]) == 2 else work.elements(case["shape"][0]))
    y = torch.empty_like(x)
    aten = torch.ops.aten
    call = {
        "relu": lambda: torch.clamp_min(x, 0, out=y),
        "leaky_relu": lambda: aten.leaky_relu.out(x, work.NEGATIVE_SLOPE, out=y),
        "elu": lambda: aten.elu.out(x, out=y),
        "sigmoid": lambda: torch.sigmoid(x, out=y),
        "tanh": lambda: torch.tanh(x, out=y),
        "silu": lambda: aten.silu.out(x, out=y),
        "gelu": lambda: aten.gelu.out(x, out=y),
        "gelu_tanh": lambda: aten.gelu.out(x, approximate="tanh", out=y),
        "softplus": lambda: aten.softplus.out(x, out=y),
        "softmax": lambda: torch.softmax(x, 1, out=y),
        "log_softmax": lambda: torch.log_softmax(x, 1, out=y),
    }[case["name"]]

    def run(calls):
        with torch.inference_mode():
            for _ in range(calls):
                call()

    run(1)
    return run, [float(y.double().abs().mean())]


def loss(variant, case):
    name, shape = case["name"], case["shape"]
    logits = torch.from_numpy(work.matrix(*shape)).requires_grad_()
    target = torch.from_numpy(work.targets(name, *shape))
    weights = torch.from_numpy(work.class_weights(shape[1]))
    forward = {
        "ce": lambda x: F.cross_entropy(x, target),
        "ce_soft": lambda x: F.cross_entropy(x, target),
        "ce_smooth": lambda x: F.cross_entropy(x, target, label_smoothing=work.LABEL_SMOOTHING),
        "ce_weight": lambda x: F.cross_entropy(x, target, weight=weights),
        "bce_logits": lambda x: F.binary_cross_entropy_with_logits(x, target),
        "mse": lambda x: F.mse_loss(x, target),
        "l1": lambda x: F.l1_loss(x, target),
    }[name]
    if variant == "torch-compile":
        forward = torch.compile(forward)

    def run(calls):
        for _ in range(calls):
            logits.grad = None
            forward(logits).backward()

    run(1)
    return run, [float(forward(logits).detach()), float(logits.grad.norm())]


def optimizer(variant, case):
    arrays, slopes = work.parameters(case["count"], case["tensors"])
    parameters = [torch.nn.Parameter(torch.from_numpy(array)) for array in arrays]
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter.grad = torch.from_numpy(slope)
    options = {"lr": work.LEARNING_RATE}
    if variant != "torch":
        options[variant.removeprefix("torch-")] = True
    optim = torch.optim
    rule = {
        "sgd": lambda: optim.SGD(parameters, **options),
        "momentum": lambda: optim.SGD(parameters, momentum=work.MOMENTUM, **options),
        "nesterov": lambda: optim.SGD(parameters, momentum=work.MOMENTUM, nesterov=True, **options),
        "rmsprop": lambda: optim.RMSprop(parameters, alpha=work.RMSPROP_DECAY, eps=work.EPSILON, **options),
        "adagrad": lambda: optim.Adagrad(parameters, initial_accumulator_value=work.ADAGRAD_START, **options),
        "adam": lambda: optim.Adam(parameters, **options),
        "adamw": lambda: optim.AdamW(parameters, weight_decay=work.WEIGHT_DECAY, **options),
    }[case["name"]]()

    def run(calls):
        for _ in range(calls):
            rule.step()

    run(3)
    return run, [float(np.sum([float(p.detach().double().abs().sum()) for p in parameters]))]


def epoch(variant, case):
    features, labels = work.rows(case["rows"], case["widths"][0], case["widths"][-1])
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    weights, biases, _, _ = work.network(case["widths"], 1)
    model = network(weights, biases)
    optimizer = torch.optim.Adam(model.parameters(), lr=work.LEARNING_RATE, fused=True)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=case["batch"], shuffle=True)

    def gathered():
        order = torch.randperm(len(x))
        for begin in range(0, len(order), case["batch"]):
            chosen = order[begin : begin + case["batch"]]
            yield x[chosen], y[chosen]

    def run(calls):
        for _ in range(calls):
            for features, labels in loader if variant == "torch-dataloader" else gathered():
                optimizer.zero_grad()
                F.cross_entropy(model(features), labels).backward()
                optimizer.step()

    return run, None

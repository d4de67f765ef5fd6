"""The work in PyTorch: default Adam, fused Adam, and optionally torch.compile."""

import os
import shutil

import numpy as np
import torch
import work
from torch.nn import functional as F
from torch_kernels import backward_call, forward_call


def start(threads):
    torch.set_num_threads(threads)


def versions():
    return [f"torch {torch.__version__}"]


def variants(suite, case, options):
    # RMSprop and the rules other than Adam have no fused form, and PyTorch lacks some of them.
    rule = case.get("name", "")
    is_more = rule in work.MORE_OPTIMIZERS
    if suite == "optim" and is_more and not hasattr(torch.optim, rule):
        return []
    names = {
        "train_step": ["torch", "torch-fused"],
        "kernels": ["torch"],
        "losses": ["torch"],
        "optim": ["torch", "torch-foreach"] + ([] if is_more or rule == "rmsprop" else ["torch-fused"]),
        "epoch": ["torch-fused", "torch-dataloader"],
        "matmul": ["torch"],
    }[suite]
    # The overhead of a compiled call exceeds the whole work of small kernels and losses; every shape takes seconds to compile.
    numbers = np.prod(case.get("shape", ()))
    pays = {"train_step": True, "losses": numbers >= 500_000, "kernels": case.get("shape") == [1_000_000]}
    return names + (["torch-compile"] if options["compile"] and pays.get(suite) and can_compile() else [])


def can_compile():
    """Whether there is a compiler for the code that torch.compile generates."""
    return bool(os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++"))


def compiled(function):
    """The function under torch.compile, for the shapes it is called with and no others."""
    torch._dynamo.reset()
    return torch.compile(function, dynamic=False)


def make(suite, variant, case):
    return work.suites(train_step, kernel, loss, optimizer, epoch, product)[suite](variant, case)


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
    given = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(*given)
    model = network(weights, biases)
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[given.rule]
    optimizer = rule(model.parameters(), lr=work.LEARNING_RATE, fused=variant != "torch")

    def forward(x, y):
        return F.cross_entropy(model(x), y)

    if variant == "torch-compile":
        forward = compiled(forward)

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


def kernel(variant, case):
    x = torch.from_numpy(work.inputs(case["shape"]))
    y = torch.empty_like(x)
    if case.get("backward"):
        gradient = torch.from_numpy(work.arriving(case["shape"]))
        call = backward_call(case["name"], gradient, x, y)
    else:
        call = forward_call(case["name"], x, y)
    if variant == "torch-compile":
        call = compiled(call)
    repeated = work.repeated(call)

    def run(calls):
        with torch.inference_mode():
            repeated(calls)

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
        forward = compiled(forward)

    def run(calls):
        for _ in range(calls):
            logits.grad = None
            forward(logits).backward()

    run(1)
    return run, [float(forward(logits).detach()), float(logits.grad.double().norm())]


def optimizer(variant, case):
    arrays, slopes = work.parameters(case["count"], case["tensors"])
    parameters = [torch.nn.Parameter(torch.from_numpy(array)) for array in arrays]
    for parameter, slope in zip(parameters, slopes, strict=True):
        parameter.grad = torch.from_numpy(slope)
    options = {"lr": work.LEARNING_RATE}
    if variant != "torch":
        options[variant.removeprefix("torch-")] = True
    optim = torch.optim
    more = {name: lambda name=name: getattr(optim, name)(parameters, **options) for name in work.MORE_OPTIMIZERS}
    rule = {
        **more,
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


def product(_variant, case):
    a, b, out = (torch.from_numpy(array) for array in work.product(case["kind"], case["layer"], case["dtype"]))

    def run(calls):
        with torch.inference_mode():
            for _ in range(calls):
                torch.mm(a, b, out=out)

    run(1)
    return run, [float(out.double().abs().mean())]

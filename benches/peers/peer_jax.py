"""The work in JAX: jitted steps with donated buffers, Adam written by hand and from optax."""

import jax
import jax.numpy as jnp
import numpy as np
import work

try:
    import optax
except ImportError:
    optax = None


def start(_threads):
    """XLA takes its threads from the cores that the process may use."""


def versions():
    return [f"jax {jax.__version__}"] + ([f"optax {optax.__version__}"] if optax else [])


def variants(suite, _case, _options):
    if suite == "optim":
        return ["optax"] if optax else []
    if suite == "epoch":
        return ["jax-loop", "jax-scan"]
    if suite == "train_step":
        return ["jax"] + (["jax-optax"] if optax else [])
    return ["jax"]


def make(suite, variant, case):
    return {"train_step": train_step, "kernels": kernel, "losses": loss, "optim": optimizer, "epoch": epoch}[suite](
        variant, case
    )


def forward(parameters, x, y):
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return cross_entropy(x @ weight + bias, y)


def cross_entropy(logits, labels):
    chosen = jnp.take_along_axis(logits, labels[:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)


def adam_start(parameters):
    return jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters), jnp.zeros((), jnp.int32)


def adam(parameters, gradients, state):
    """Adam by hand: less book-keeping than optax."""
    first, second, steps = state
    b1, b2 = work.BETAS
    steps = steps + 1
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, second, gradients)
    size = work.LEARNING_RATE / (1 - b1**steps)
    root = 1 / jnp.sqrt(1 - b2**steps)
    parameters = jax.tree.map(
        lambda p, m, v: p - size * m / (jnp.sqrt(v) * root + work.EPSILON), parameters, first, second
    )
    return parameters, (first, second, steps)


def stepper(variant):
    """The function ``(parameters, state, x, y) -> (parameters, state, loss)`` and the state's start."""
    if variant == "jax-optax":
        rule = optax.adam(work.LEARNING_RATE)

        def update(parameters, gradients, state):
            changes, state = rule.update(gradients, state, parameters)
            return optax.apply_updates(parameters, changes), state

        begin = rule.init
    else:
        update, begin = adam, adam_start

    def step(parameters, state, x, y):
        value, gradients = jax.value_and_grad(forward)(parameters, x, y)
        parameters, state = update(parameters, gradients, state)
        return parameters, state, value

    return step, begin


def train_step(variant, case):
    weights, biases, features, labels = work.network(*work.NETWORKS[case["name"]])
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(weights, biases, strict=True)]
    step, begin = stepper(variant)
    jitted = jax.jit(step, donate_argnums=(0, 1))
    x, y = jnp.asarray(features), jnp.asarray(labels)
    held = [parameters, begin(parameters)]
    check = []
    for _ in range(2):
        *held[:], value = jitted(*held, x, y)
        check.append(float(value))

    def run(calls):
        parameters, state = held
        for _ in range(calls):
            parameters, state, value = jitted(parameters, state, x, y)
        value.block_until_ready()
        held[:] = parameters, state

    return run, check


def kernel(_variant, case):
    x = jnp.asarray(work.matrix(*case["shape"]) if len(case["shape"]) == 2 else work.elements(case["shape"][0]))
    call = jax.jit(
        {
            "relu": jax.nn.relu,
            "leaky_relu": lambda x: jax.nn.leaky_relu(x, work.NEGATIVE_SLOPE),
            "elu": jax.nn.elu,
            "sigmoid": jax.nn.sigmoid,
            "tanh": jnp.tanh,
            "silu": jax.nn.silu,
            "gelu": lambda x: jax.nn.gelu(x, approximate=False),
            "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True),
            "softplus": jax.nn.softplus,
            "softmax": lambda x: jax.nn.softmax(x, axis=1),
            "log_softmax": lambda x: jax.nn.log_softmax(x, axis=1),
        }[case["name"]]
    )

    def run(calls):
        for _ in range(calls):
            call(x).block_until_ready()

    return run, [float(np.abs(np.asarray(call(x)), dtype=np.float64).mean())]


def loss(_variant, case):
    name, shape = case["name"], case["shape"]
    logits, target = jnp.asarray(work.matrix(*shape)), jnp.asarray(work.targets(name, *shape))
    weights = jnp.asarray(work.class_weights(shape[1]))

    def soft(x, y):
        return jnp.mean(-jnp.sum(y * jax.nn.log_softmax(x), axis=1))

    def smooth(x, y):
        ones = jax.nn.one_hot(y, shape[1])
        return soft(x, (1 - work.LABEL_SMOOTHING) * ones + work.LABEL_SMOOTHING / shape[1])

    def weighted(x, y):
        chosen = jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1)[:, 0]
        return -jnp.sum(weights[y] * chosen) / jnp.sum(weights[y])

    function = {
        "ce": cross_entropy,
        "ce_soft": soft,
        "ce_smooth": smooth,
        "ce_weight": weighted,
        "bce_logits": lambda x, y: jnp.mean(jnp.maximum(x, 0) - x * y + jnp.log1p(jnp.exp(-jnp.abs(x)))),
        "mse": lambda x, y: jnp.mean((x - y) ** 2),
        "l1": lambda x, y: jnp.mean(jnp.abs(x - y)),
    }[name]
    call = jax.jit(jax.value_and_grad(function))

    def run(calls):
        for _ in range(calls):
            jax.block_until_ready(call(logits, target))

    value, gradient = call(logits, target)
    return run, [float(value), float(jnp.linalg.norm(gradient))]


def optimizer(_variant, case):
    parameters, gradients = work.parameters(case["count"], case["tensors"])
    parameters = [jnp.asarray(p) for p in parameters]
    gradients = [jnp.asarray(g) for g in gradients]
    rate = work.LEARNING_RATE
    rule = {
        "sgd": lambda: optax.sgd(rate),
        "momentum": lambda: optax.sgd(rate, momentum=work.MOMENTUM),
        "nesterov": lambda: optax.sgd(rate, momentum=work.MOMENTUM, nesterov=True),
        "rmsprop": lambda: optax.rmsprop(rate, decay=work.RMSPROP_DECAY, eps=work.EPSILON, eps_in_sqrt=False),
        "adagrad": lambda: optax.adagrad(rate, initial_accumulator_value=work.ADAGRAD_START, eps=1e-10),
        "adam": lambda: optax.adam(rate),
        "adamw": lambda: optax.adamw(rate, weight_decay=work.WEIGHT_DECAY),
    }[case["name"]]()

    def step(parameters, state, gradients):
        changes, state = rule.update(gradients, state, parameters)
        return optax.apply_updates(parameters, changes), state

    jitted = jax.jit(step, donate_argnums=(0, 1))
    held = [parameters, rule.init(parameters)]

    def run(calls):
        parameters, state = held
        for _ in range(calls):
            parameters, state = jitted(parameters, state, gradients)
        jax.block_until_ready(parameters)
        held[:] = parameters, state

    run(3)
    return run, [float(np.sum([np.abs(np.asarray(p), dtype=np.float64).sum() for p in held[0]]))]


def epoch(variant, case):
    features, labels = work.rows(case["rows"], case["widths"][0], case["widths"][-1])
    weights, biases, _, _ = work.network(case["widths"], 1)
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(weights, biases, strict=True)]
    step, begin = stepper("jax")
    held = [parameters, begin(parameters)]
    generator = np.random.default_rng(0)
    batch = case["batch"]
    jitted = jax.jit(step, donate_argnums=(0, 1))

    def loop():
        order = generator.permutation(len(features))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            *held[:], value = jitted(*held, features[chosen], labels[chosen])
        value.block_until_ready()

    whole = len(features) // batch

    @jax.jit
    def scanned(parameters, state, x, y, order):
        def body(carry, chosen):
            parameters, state, value = step(*carry, x[chosen], y[chosen])
            return (parameters, state), value

        (parameters, state), values = jax.lax.scan(
            body, (parameters, state), order[: whole * batch].reshape(whole, batch)
        )
        return parameters, state, values[-1]

    x, y = (jnp.asarray(features), jnp.asarray(labels)) if variant == "jax-scan" else (None, None)

    def scan():
        *held[:], value = scanned(*held, x, y, generator.permutation(len(features)))
        if len(features) % batch:
            rest = generator.integers(0, len(features), len(features) % batch)
            *held[:], value = jitted(*held, features[rest], labels[rest])
        value.block_until_ready()

    call = scan if variant == "jax-scan" else loop

    def run(calls):
        for _ in range(calls):
            call()

    return run, None

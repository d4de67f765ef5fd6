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
    """XLA takes the number of its threads from the cores that the process may use."""


def versions():
    return [f"jax {jax.__version__}"] + ([f"optax {optax.__version__}"] if optax else [])


def variants(suite, case, _options):
    if suite == "matmul" or (suite == "kernels" and case["name"] not in FUNCTIONS):
        return []
    if suite == "optim":
        # The rules other than Adam are compared with PyTorch, or only by their bytes per second.
        return ["optax"] if optax and case["name"] not in work.MORE_OPTIMIZERS else []
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


def sgd(parameters, gradients, state):
    """Plain gradient descent by hand; it has no state."""
    return jax.tree.map(lambda p, g: p - work.LEARNING_RATE * g, parameters, gradients), state


RULES = {"adam": (adam, adam_start), "sgd": (sgd, lambda _parameters: ())}


def stepper(variant, rule="adam"):
    """The function ``(parameters, state, x, y) -> (parameters, state, loss)`` and the state's start."""
    if variant == "jax-optax":
        rule = {"adam": optax.adam, "sgd": optax.sgd}[rule](work.LEARNING_RATE)

        def update(parameters, gradients, state):
            changes, state = rule.update(gradients, state, parameters)
            return optax.apply_updates(parameters, changes), state

        begin = rule.init
    else:
        update, begin = RULES[rule]

    def step(parameters, state, x, y):
        value, gradients = jax.value_and_grad(forward)(parameters, x, y)
        parameters, state = update(parameters, gradients, state)
        return parameters, state, value

    return step, begin


def train_step(variant, case):
    network = work.NETWORKS[case["name"]]
    weights, biases, features, labels = work.network(*network)
    parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(weights, biases, strict=True)]
    step, begin = stepper(variant, network.rule)
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


FUNCTIONS = {
    "relu": jax.nn.relu,
    "leaky_relu": lambda x: jax.nn.leaky_relu(x, work.NEGATIVE_SLOPE),
    "elu": jax.nn.elu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "silu": jax.nn.silu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True),
    "softplus": jax.nn.softplus,
    "relu6": jax.nn.relu6,
    "hard_tanh": jax.nn.hard_tanh,
    "squared_relu": lambda x: jnp.square(jax.nn.relu(x)),
    "selu": jax.nn.selu,
    "celu": jax.nn.celu,
    "exponential": jnp.exp,
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "softsign": jax.nn.soft_sign,
    "hard_swish": jax.nn.hard_silu,
    "mish": jax.nn.mish,
    "log_sigmoid": jax.nn.log_sigmoid,
    "squareplus": jax.nn.squareplus,
    "softmax": lambda x: jax.nn.softmax(x, axis=1),
    "log_softmax": lambda x: jax.nn.log_softmax(x, axis=1),
}
# Gradients expressed in the function's output, which a training step keeps.
FROM_OUTPUT = {
    "sigmoid": lambda g, y: g * (y * (1 - y)),
    "tanh": lambda g, y: g * (1 - y * y),
    "exponential": lambda g, y: g * y,
    "softmax": lambda g, y: y * (g - jnp.sum(g * y, axis=1, keepdims=True)),
    "log_softmax": lambda g, y: g - jnp.exp(y) * jnp.sum(g, axis=1, keepdims=True),
}


# From this many numbers on, a result reuses the memory of the previous call: fresh pages would cost more than the
# arithmetic. Below, donating the memory costs more than it saves.
DONATED_FROM = 100_000


def compiled(function, numbers):
    """A jitted function whose first argument is memory for the result."""
    if numbers < DONATED_FROM:
        return jax.jit(lambda _, *given: function(*given))
    return jax.jit(lambda _, *given: function(*given), donate_argnums=0, keep_unused=True)


def kernel(_variant, case):
    name, x = case["name"], jnp.asarray(work.inputs(case["shape"]))
    function = FUNCTIONS[name]
    if not case.get("backward"):
        call = compiled(function, x.size)
        given = (x,)
    else:
        gradient = jnp.asarray(work.arriving(case["shape"]))
        backward = FROM_OUTPUT.get(name) or (lambda g, x: jax.vjp(function, x)[1](g)[0])
        call = compiled(backward, x.size)
        given = (gradient, function(x) if name in FROM_OUTPUT else x)
    held = [call(jnp.zeros_like(x), *given)]
    check = [float(np.abs(np.asarray(held[0]), dtype=np.float64).mean())]

    def run(calls):
        result = held[0]
        for _ in range(calls):
            result = call(result, *given)
            result.block_until_ready()
        held[0] = result

    return run, check


def loss(_variant, case):
    name, shape = case["name"], case["shape"]
    logits, target = jnp.asarray(work.matrix(*shape)), jnp.asarray(work.targets(name, *shape))
    weights = jnp.asarray(work.class_weights(shape[1]))

    # Expressed with the logarithm of the row's sum: two to five times as fast as with log_softmax at 8192x100.
    def soft(x, y):
        return jnp.mean(jax.nn.logsumexp(x, axis=1) * jnp.sum(y, axis=1) - jnp.sum(x * y, axis=1))

    def smooth(x, y):
        rest = jax.nn.logsumexp(x, axis=1) - jnp.mean(x, axis=1)
        return (1 - work.LABEL_SMOOTHING) * cross_entropy(x, y) + work.LABEL_SMOOTHING * jnp.mean(rest)

    def weighted(x, y):
        chosen = jnp.take_along_axis(x, y[:, None], 1)[:, 0]
        return jnp.sum(weights[y] * (jax.nn.logsumexp(x, axis=1) - chosen)) / jnp.sum(weights[y])

    function = {
        "ce": cross_entropy,
        "ce_soft": soft,
        "ce_smooth": smooth,
        "ce_weight": weighted,
        "bce_logits": lambda x, y: jnp.mean(jnp.maximum(x, 0) - x * y + jnp.log1p(jnp.exp(-jnp.abs(x)))),
        "mse": lambda x, y: jnp.mean((x - y) ** 2),
        "l1": lambda x, y: jnp.mean(jnp.abs(x - y)),
    }[name]
    call = compiled(jax.value_and_grad(function), logits.size)
    value, gradient = call(jnp.zeros_like(logits), logits, target)
    check = [float(value), float(np.linalg.norm(np.asarray(gradient, np.float64)))]
    held = [gradient]

    def run(calls):
        gradient = held[0]
        for _ in range(calls):
            value, gradient = call(gradient, logits, target)
            jax.block_until_ready((value, gradient))
        held[0] = gradient

    return run, check


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
    jitted = jax.jit(step, donate_argnums=(0, 1))
    make = scanned_epoch if variant == "jax-scan" else looped_epoch
    return work.repeated(make(step, jitted, held, features, labels, case["batch"])), None


def looped_epoch(_step, jitted, held, features, labels, batch):
    """An epoch as a loop in Python over gathered batches."""
    generator = np.random.default_rng(0)

    def call():
        order = generator.permutation(len(features))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            *held[:], value = jitted(*held, features[chosen], labels[chosen])
        value.block_until_ready()

    return call


def scanned_epoch(step, jitted, held, features, labels, batch):
    """An epoch as one compiled scan over a shuffled order; the rows left over after the full batches are a separate step."""
    generator = np.random.default_rng(0)
    whole = len(features) // batch * batch

    def scanned(parameters, state, x, y, order):
        def body(carry, chosen):
            parameters, state, value = step(*carry, x[chosen], y[chosen])
            return (parameters, state), value

        (parameters, state), values = jax.lax.scan(body, (parameters, state), order.reshape(-1, batch))
        return parameters, state, values[-1]

    compiled = jax.jit(scanned, donate_argnums=(0, 1))
    gathered = jax.jit(lambda x, y, rest: (x[rest], y[rest]))
    x, y = jnp.asarray(features), jnp.asarray(labels)

    def call():
        order = generator.permutation(len(x)).astype(np.int32)
        *held[:], value = compiled(*held, x, y, order[:whole])
        if whole < len(order):
            *held[:], value = jitted(*held, *gathered(x, y, order[whole:]))
        value.block_until_ready()

    return call

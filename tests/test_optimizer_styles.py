"""Presets: ``style=`` reproduces the steps and the defaults of other libraries."""

import inspect

import numpy as np
import pytest
from tilegrad import optim

# A small problem with four weights: gradients of different size, and of changing sign.
CURVATURE = np.array([1.0, 0.1, 3.0, 0.5])
CENTRE = np.array([0.5, -1.0, 0.25, 2.0])
START = np.array([1.0, -0.5, 0.75, 3.0])


def gradient(weight):
    """Of ``sum(curvature * (weight - centre)^2 / 2 + cos(3 weight) / 3)``."""
    return CURVATURE * (weight - CENTRE) - np.sin(3 * weight)


# Rule, library, what is given, the weights after 20 steps. Taken from PyTorch 2.15.0 (CPU) and optax 0.2.8 (jax 0.10.2) in
# float64, from the functions of the same names; optax: amsgrad, nadamw, adamaxw, contrib.schedule_free_adamw for those.
PEERS = [
    ("SGD", "torch", {}, [0.993086566308, -0.520960054598, 0.736208056465, 2.998295292565]),
    (
        "SGD",
        "torch",
        {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        [0.900511440851, -1.045020845186, 0.568347882225, 2.961707692298],
    ),
    ("RMSprop", "torch", {}, [0.907348078112, -1.016063350753, 0.578777206241, 2.972355791837]),
    (
        "RMSprop",
        "torch",
        {"centered": True, "momentum": 0.8, "weight_decay": 0.01},
        [0.91055888849, -1.046601671528, 0.598458687221, 2.953427552309],
    ),
    ("Adagrad", "torch", {"weight_decay": 0.01}, [0.938711705129, -0.575736778386, 0.682226429794, 2.96352411181]),
    ("Adadelta", "torch", {}, [0.947580133756, -0.569688945165, 0.690930591779, 2.973210016771]),
    ("Adam", "torch", {}, [0.980297905056, -0.520000994687, 0.730171519458, 2.981361866577]),
    (
        "Adam",
        "torch",
        {"learning_rate": 0.05, "weight_decay": 0.1, "amsgrad": True, "betas": (0.8, 0.9)},
        [0.875157365282, -1.062224193531, 0.57843358629, 2.861073259605],
    ),
    ("AdamW", "torch", {"learning_rate": 0.05}, [0.882936131342, -1.183159572734, 0.624087027757, 2.963284612594]),
    (
        "AdamW",
        "torch",
        {"learning_rate": 0.05, "amsgrad": True, "betas": (0.8, 0.9)},
        [0.911549689513, -1.098340407324, 0.587321303863, 2.973132809938],
    ),
    ("NAdam", "torch", {}, [0.968127388553, -0.534312257458, 0.717101181178, 2.975280110414]),
    (
        "NAdam",
        "torch",
        {"learning_rate": 0.05, "weight_decay": 0.1},
        [0.882681544589, -1.039671670367, 0.557183332688, 2.871038169306],
    ),
    ("RAdam", "torch", {"learning_rate": 0.05}, [0.903838160262, -0.797922359835, 0.586821219098, 2.965097507218]),
    ("Adamax", "torch", {"weight_decay": 0.1}, [0.963696734954, -0.540041875977, 0.712504895261, 2.963545871389]),
    ("Rprop", "torch", {}, [0.90707712, -1.051836780257, 0.575764545536, 2.9724632]),
    ("ASGD", "torch", {"learning_rate": 0.05}, [0.908730709832, -1.019586096758, 0.581684991368, 2.973172648312]),
    (
        "ASGD",
        "torch",
        {"learning_rate": 0.05, "shrink": 0.01, "average_from": 5.0},
        [0.906387610492, -1.016229208214, 0.580128665326, 2.964075898986],
    ),
    (
        "SGD",
        "optax",
        {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
        [0.903048385162, -1.047787488762, 0.570087206606, 2.971484771096],
    ),
    ("RMSprop", "optax", {"learning_rate": 0.01}, [0.907349836735, -0.773007769058, 0.58611345863, 2.972385688608]),
    (
        "RMSprop",
        "optax",
        {"learning_rate": 0.01, "centered": True, "momentum": 0.8},
        [0.91593956551, -1.058979035266, 0.571494533975, 2.96914323066],
    ),
    ("Adagrad", "optax", {"learning_rate": 0.1}, [0.907348078112, -1.00995690363, 0.578780498072, 2.97235579158]),
    (
        "Adadelta",
        "optax",
        {"learning_rate": 1.0, "weight_decay": 0.1},
        [0.944385795022, -0.569507435459, 0.690155802536, 2.943745537804],
    ),
    ("Adam", "optax", {"learning_rate": 0.05}, [0.883221412819, -1.18663909411, 0.624463787188, 2.964679523976]),
    (
        "Adam",
        "optax",
        {"learning_rate": 0.05, "amsgrad": True, "betas": (0.8, 0.9)},
        [0.90772723128, -1.079324281163, 0.578532027379, 2.969882877251],
    ),
    ("AdamW", "optax", {"learning_rate": 0.05}, [0.883218532568, -1.186604237786, 0.624460039414, 2.964664274889]),
    ("NAdam", "optax", {"learning_rate": 0.05}, [0.906525190336, -1.152686507281, 0.595431324043, 2.972361563458]),
    (
        "NAdam",
        "optax",
        {"learning_rate": 0.05, "weight_decay": 0.1},
        [0.904198936974, -1.124019040226, 0.5927962752, 2.968335503473],
    ),
    ("RAdam", "optax", {"learning_rate": 0.05}, [0.903838151569, -0.797922363562, 0.58682121373, 2.965097506229]),
    ("Adamax", "optax", {"learning_rate": 0.05}, [0.921905019838, -1.135312368299, 0.563697835575, 2.976570467727]),
    (
        "Adamax",
        "optax",
        {"learning_rate": 0.05, "weight_decay": 0.1},
        [0.914106474446, -1.090605465416, 0.550540513063, 2.960964696362],
    ),
    ("AdaBelief", "optax", {"learning_rate": 0.05}, [0.884749854743, -1.165134466921, 0.621307112973, 2.965109474249]),
    ("Lion", "optax", {"learning_rate": 0.01}, [0.879816217907, -0.699881010639, 0.549869013109, 2.979405256531]),
    (
        "ScheduleFreeAdamW",
        "optax",
        {"learning_rate": 0.05, "weight_decay": 0.1},
        [0.905286625749, -0.955410454384, 0.568524971132, 2.968971390247],
    ),
]


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize(("name", "style", "given", "expected"), PEERS)
def test_twenty_steps_are_those_of_the_peer(name, style, given, expected):
    weight, optimizer = START.copy(), getattr(optim, name)(style=style, **given)
    for _ in range(20):
        optimizer.step([weight], [gradient(weight)])
    np.testing.assert_allclose(weight, expected, rtol=1e-9)


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        # The slot `ax` of PyTorch 2.15.0, and optax.contrib.schedule_free_eval_params of optax 0.2.8.
        (
            "ASGD",
            {"style": "torch", "learning_rate": 0.05, "shrink": 0.01, "average_from": 5.0},
            [0.9126754927145542, -0.9476225905929888, 0.5912445772938658, 2.967507959058817],
        ),
        (
            "ScheduleFreeAdamW",
            {"style": "optax", "learning_rate": 0.05, "weight_decay": 0.1},
            [0.9057085350791648, -0.92767503212597, 0.5653611125137031, 2.9688537584713637],
        ),
    ],
)
def test_weights_to_evaluate_with_are_those_of_the_peer(name, given, expected):
    weight, optimizer = START.copy(), getattr(optim, name)(**given)
    for _ in range(20):
        optimizer.step([weight], [gradient(weight)])
    np.testing.assert_allclose(optimizer.evaluation_weights([weight])[0], expected, rtol=1e-9)


# On f = w^2 / 2 from 1, at learning rate 0.1: rule, library, what is given, iterates. Measured in PyTorch 2.13.0, Keras
# 3.15.1, optax 0.2.8 and scikit-learn 1.9.1 in float64, with the digits that were noted.
ITERATES = [
    ("Adam", "torch", {"epsilon": 0.1}, [0.909091, 0.818891, 0.729688]),
    ("Adam", "optax", {"epsilon": 0.1}, [0.909091, 0.818891, 0.729688]),
    ("Adam", "keras", {"epsilon": 0.1}, [0.975975, 0.945356, 0.910655]),
    ("Adam", "sklearn", {"epsilon": 0.1}, [0.975975, 0.945356, 0.910655]),
    ("Adam", None, {"epsilon": 0.1, "epsilon_mode": "inside"}, [0.904653741075, 0.810103724098, 0.716695406524]),
    ("Adam", None, {"epsilon": 0.1}, [0.909090909091, 0.818891102381, 0.729687567828]),
    ("Adam", None, {"epsilon": 0.1, "epsilon_mode": "hat"}, [0.975974692665, 0.945356007361, 0.910655128985]),
    ("RMSprop", "torch", {"decay": 0.9, "epsilon": 0.1}, [0.759747, 0.602886, 0.485010]),
    ("RMSprop", "keras", {"decay": 0.9, "epsilon": 0.1}, [0.776393, 0.621201, 0.502492]),
    ("RMSprop", "optax", {"decay": 0.9, "epsilon": 0.1}, [0.776393, 0.621201, 0.502492]),
    ("RMSprop", None, {}, [0.683772249795, 0.498870626655, 0.369180573876]),
    ("RMSprop", None, {"decay": 0.999}, [-2.1622618489]),
    ("Adagrad", None, {}, [0.9, 0.833103526852, 0.780456181366]),
    ("SGD", "torch", {"momentum": 0.9}, [0.9, 0.72, 0.486]),
    ("SGD", "keras", {"momentum": 0.9}, [0.9, 0.72, 0.486]),
    ("SGD", None, {"momentum": 0.9, "momentum_style": "ema"}, [0.99, 0.9711, 0.944379]),
    *(
        ("SGD", style, {"momentum": 0.9, "nesterov": True}, [0.81, 0.5751, 0.327321])
        for style in ("torch", "keras", "optax")
    ),
    ("SGD", "sklearn", {}, [0.81, 0.5751, 0.327321]),
    ("Adam", "torch", {"weight_decay": 0.1}, [0.900000, 0.800412]),
    ("Adam", "keras", {"weight_decay": 0.1}, [0.89, 0.781572]),
    ("AdamW", "torch", {"weight_decay": 0.1}, [0.89, 0.781572]),
    ("NAdam", "torch", {}, [0.894355, 0.819973, 0.752729]),
    ("NAdam", "keras", {}, [0.893721, 0.820245, 0.754674]),
    ("NAdam", "optax", {}, [0.852632, 0.741697, 0.640611]),
]


@pytest.mark.covers(
    "O4: momentum in three forms", "O6: RMSprop", "O7: Adam, with epsilon in three places", "O9: Adagrad"
)
@pytest.mark.parametrize(("name", "style", "given", "expected"), ITERATES)
def test_iterates_are_those_that_were_measured(name, style, given, expected):
    weight, optimizer = np.ones(1), getattr(optim, name)(learning_rate=0.1, style=style, **given)
    for value in expected:
        optimizer.step([weight], [weight.copy()])
        np.testing.assert_allclose(weight[0], value, atol=1e-6)


@pytest.mark.covers("O4: momentum in three forms")
@pytest.mark.parametrize(
    ("style", "expected"), [("torch", [0.6966, 0.6686]), ("optax", [0.6966, 0.6686]), ("keras", [0.5508, 0.3930])]
)
def test_a_cut_of_the_learning_rate_is_felt_as_in_the_library(style, expected):
    weight, optimizer = np.ones(1), optim.SGD(learning_rate=0.1, momentum=0.9, style=style)
    seen = []
    for step in range(4):
        if step == 2:
            optimizer.learning_rate = 0.01
        optimizer.step([weight], [weight.copy()])
        seen.append(weight[0])
    np.testing.assert_allclose(seen[2:], expected, atol=5e-5)


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize("kind", [optim.Adamax, optim.Adadelta, optim.RAdam])
def test_where_libraries_agree_with_equal_constants_the_presets_do(kind):
    """To 1e-7: Adamax and Adadelta in PyTorch, Keras and optax, RAdam in PyTorch and optax."""
    constants = {"learning_rate": 0.1, "epsilon": 1e-8}
    constants |= {"decay": 0.9} if kind is optim.Adadelta else {}
    ends = []
    for style in ("torch", "keras", "optax"):
        if style in kind.styles:
            weight, optimizer = np.ones(1), kind(style=style, **constants)
            for _ in range(20):
                optimizer.step([weight], [weight.copy()])
            ends.append(weight[0])
    assert len(ends) >= 2
    np.testing.assert_allclose(ends, ends[0], atol=1e-7)


# Defaults that a library has and the next does not: read from the packages.
DEFAULTS = [
    ("SGD", "torch", {"learning_rate": 1e-3, "momentum": 0.0}),
    ("SGD", "keras", {"learning_rate": 0.01, "momentum_style": "keras"}),
    ("SGD", "sklearn", {"learning_rate": 1e-3, "momentum": 0.9, "nesterov": True, "momentum_style": "keras"}),
    ("Adam", "keras", {"epsilon": 1e-7, "epsilon_mode": "hat", "weight_decay_style": "decoupled"}),
    ("Adam", "torch", {"epsilon": 1e-8, "epsilon_mode": "outside", "weight_decay_style": "coupled"}),
    ("Adam", "sklearn", {"epsilon": 1e-8, "epsilon_mode": "hat", "learning_rate": 1e-3}),
    ("AdamW", "torch", {"weight_decay": 0.01}),
    ("AdamW", "keras", {"weight_decay": 0.004}),
    ("AdamW", "optax", {"weight_decay": 1e-4}),
    ("RMSprop", "torch", {"decay": 0.99, "epsilon": 1e-8, "learning_rate": 0.01}),
    ("RMSprop", "keras", {"decay": 0.9, "epsilon": 1e-7, "learning_rate": 1e-3}),
    ("Adagrad", "torch", {"epsilon": 1e-10, "initial_accumulator": 0.0}),
    ("Adagrad", "keras", {"epsilon": 1e-7, "initial_accumulator": 0.1, "learning_rate": 1e-3}),
    ("Adagrad", "optax", {"epsilon": 1e-7, "initial_accumulator": 0.1}),
    ("Adadelta", "torch", {"learning_rate": 1.0, "decay": 0.9, "epsilon": 1e-6}),
    ("Adadelta", "keras", {"learning_rate": 1e-3, "decay": 0.95, "epsilon": 1e-7}),
    ("Adadelta", "optax", {"decay": 0.9}),
    ("Adamax", "torch", {"learning_rate": 2e-3}),
    ("Adamax", "keras", {"learning_rate": 1e-3}),
    ("Lion", "keras", {"weight_decay": 0.0}),
    ("Lion", "optax", {"weight_decay": 1e-3}),
]


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize(("name", "style", "expected"), DEFAULTS)
def test_defaults_are_those_of_the_library(name, style, expected):
    optimizer = getattr(optim, name)(style=style)
    assert optimizer.style == style
    assert {key: getattr(optimizer, key) for key in expected} == expected


def given_in_full(optimizer):
    """All arguments of an optimizer, as they are."""
    return {name: getattr(optimizer, name) for name in inspect.signature(type(optimizer)).parameters if name != "style"}


KINDS = [kind for kind in vars(optim).values() if isinstance(kind, type) and getattr(kind, "styles", None)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_given_wins_and_every_preset_is_valid(kind):
    for style, settings in kind.styles.items():
        assert style in ("paper", "torch", "keras", "optax", "sklearn")
        optimizer = kind(style=style)
        assert {key: getattr(optimizer, key) for key in settings} == dict(settings)
        # Also where what is given is our default.
        assert kind(style=style, **given_in_full(kind())).parameters == kind().parameters
    with pytest.raises(ValueError, match=next(iter(kind.styles))):
        kind(style="caffe")
    with pytest.raises(TypeError, match="style"):
        kind(style=1)
    with pytest.raises(AttributeError, match="style"):
        optimizer.style = style


def test_a_style_that_a_library_cannot_have_lists_those_that_there_are():
    with pytest.raises(ValueError, match=r"Lion: unknown style 'sklearn'.*paper, keras, optax"):
        optim.Lion(style="sklearn")

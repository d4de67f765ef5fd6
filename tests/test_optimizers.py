"""Laws of every optimizer in the registry: trajectories, bits, convergence, state, hyperparameters."""

import itertools
import math

import numpy as np
import pytest
import reference
from helpers import OPTIMIZERS, same_bits
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, arrays, moderate
from tilegrad import _core, optim

NAMES = list(OPTIMIZERS)
name_law = pytest.mark.parametrize("name", NAMES)


def variants(name):
    """The defaults, and every choice of the registry with the numbers off their defaults."""
    entry = OPTIMIZERS[name]
    choices = [[(p["name"], choice) for choice in p["choices"]] for p in entry["parameters"] if "choices" in p]
    numbers = {p["name"] for p in entry["parameters"] if "choices" not in p}
    off = {
        "weight_decay": 0.05, "momentum": 0.8, "beta1": 0.7, "beta2": 0.95, "decay": 0.8, "epsilon": 0.03,
        "initial_accumulator": 0.2,
    }  # fmt: skip
    off = {key: value for key, value in off.items() if key in numbers}
    yield {"learning_rate": 0.05}
    for combination in itertools.product(*choices):
        yield {"learning_rate": 0.05, **dict(combination), **off}


CASES = [(name, variant) for name in NAMES for variant in variants(name)]
case_law = pytest.mark.parametrize(
    ("name", "variant"), CASES, ids=lambda case: "-".join(map(str, case.values())) if isinstance(case, dict) else case
)


def full(name, variant):
    """The variant with the registry's defaults filled in, as the reference takes them."""
    return {**{p["name"]: p["default"] for p in OPTIMIZERS[name]["parameters"]}, **variant}


def problem(dtype, seed=0):
    """Three parameters of odd sizes and a gradient that depends on them and on the step."""
    generator = np.random.default_rng(seed)
    parameters = [generator.standard_normal(shape).astype(dtype) for shape in [(5, 7), (13,), (1,)]]

    def gradients(parameters, step):
        return [(np.cos(3 * w + step) + w * (index + 0.5)).astype(w.dtype) for index, w in enumerate(parameters)]

    return parameters, gradients


@case_law
def test_twenty_steps_equal_the_reference(name, variant, isa):
    parameters, gradients = problem(np.float64)
    optimizer = _core.Optimizer(name, variant)
    expected = [w.copy() for w in parameters]
    slots = [{} for _ in parameters]
    settings = full(name, variant)
    for step in range(1, 21):
        optimizer.step(parameters, gradients(parameters, step))
        pulls = gradients(expected, step)
        expected = [
            getattr(reference, name)(w, g, s, step, **settings) for w, g, s in zip(expected, pulls, slots, strict=True)
        ]
        for actual, wanted in zip(parameters, expected, strict=True):
            np.testing.assert_allclose(actual, wanted, rtol=1e-12, atol=1e-12)
    assert optimizer.steps == 20
    kept = {key: [slot[key] for slot in slots] for key in slots[0]}
    state = optimizer.state()
    assert set(state) == set(kept) == set(optimizer.slot_names)
    for key, arrays_ in kept.items():
        for actual, wanted in zip(state[key], arrays_, strict=True):
            np.testing.assert_allclose(actual, wanted, rtol=1e-11, atol=1e-12)


@case_law
def test_float32_follows_float64(name, variant):
    single, gradients = problem(np.float32)
    double = [w.astype(np.float64) for w in single]
    a, b = _core.Optimizer(name, variant), _core.Optimizer(name, variant)
    for step in range(1, 6):
        pulls = gradients(single, step)
        a.step(single, pulls)
        b.step(double, [g.astype(np.float64) for g in pulls])
    for x, y in zip(single, double, strict=True):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)
    assert all(slot.dtype == np.float32 for slots in a.state().values() for slot in slots)


@case_law
def test_concatenating_parameters_changes_no_bit(name, variant, isa, dtype):
    parameters, gradients = problem(dtype)
    joined = [np.concatenate([w.reshape(-1) for w in parameters])]
    apart, together = _core.Optimizer(name, variant), _core.Optimizer(name, variant)
    for step in range(1, 8):
        pulls = gradients(parameters, step)
        apart.step(parameters, pulls)
        together.step(joined, [np.concatenate([g.reshape(-1) for g in pulls])])
    assert same_bits(joined[0], np.concatenate([w.reshape(-1) for w in parameters]))


@name_law
def test_fused_instruction_sets_agree_bit_for_bit(name, with_isa, dtype):
    for variant in variants(name):
        seen = []
        for isa in (isa for isa in _core.machine()["isas"] if isa != "baseline"):
            with_isa(isa)
            parameters, gradients = problem(dtype)
            optimizer = _core.Optimizer(name, variant)
            for step in range(1, 6):
                optimizer.step(parameters, gradients(parameters, step))
            seen.append(parameters)
        for other in seen:
            assert all(same_bits(a, b) for a, b in zip(other, seen[0], strict=True)), variant


@case_law
def test_saved_state_resumes_bit_for_bit(name, variant):
    parameters, gradients = problem(np.float32)
    optimizer = _core.Optimizer(name, variant)
    for step in range(1, 6):
        optimizer.step(parameters, gradients(parameters, step))
    resumed_parameters = [w.copy() for w in parameters]
    resumed = _core.Optimizer(name, variant)
    resumed.load_state(optimizer.state())
    resumed.steps = optimizer.steps
    for step in range(6, 11):
        optimizer.step(parameters, gradients(parameters, step))
        resumed.step(resumed_parameters, gradients(resumed_parameters, step))
    assert all(same_bits(a, b) for a, b in zip(parameters, resumed_parameters, strict=True))
    for key, slots in optimizer.state().items():
        assert all(same_bits(a, b) for a, b in zip(slots, resumed.state()[key], strict=True))


def test_the_state_is_a_copy():
    parameters, gradients = problem(np.float64)
    optimizer = _core.Optimizer("adam", {"learning_rate": 0.1})
    assert optimizer.state() == {}
    optimizer.step(parameters, gradients(parameters, 1))
    optimizer.state()["first_moment"][0][...] = 99
    assert not (optimizer.state()["first_moment"][0] == 99).any()


@case_law
def test_a_parabola_is_descended(name, variant):
    """From the facts of the registry comes the rate; it decays, since some rules take steps of that size to the end."""
    rate = OPTIMIZERS[name]["facts"]["parabola_rate"]
    settings = {**variant, "learning_rate": rate}
    if "weight_decay" in settings or name == "adamw":
        settings["weight_decay"] = 0.0
    weight = [np.array([3.0, -2.0, 0.5])]
    optimizer = _core.Optimizer(name, settings)
    for step in range(2000):
        optimizer.set("learning_rate", rate * 0.998**step)
        optimizer.step(weight, [2.0 * (weight[0] - 1.0)])
    np.testing.assert_allclose(weight[0], 1.0, atol=1e-2)


@name_law
def test_rosenbrock_is_descended(name):
    settings = {"learning_rate": OPTIMIZERS[name]["facts"]["rosenbrock_rate"]}
    if any(p["name"] == "weight_decay" for p in OPTIMIZERS[name]["parameters"]):
        settings["weight_decay"] = 0.0
    weight = [np.array([-1.2, 1.0])]
    optimizer = _core.Optimizer(name, settings)
    start = rosenbrock(weight[0])
    for _ in range(20_000):
        x, y = weight[0]
        optimizer.step(weight, [np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])])
    assert rosenbrock(weight[0]) < 1e-3 * start
    np.testing.assert_allclose(weight[0], 1.0, atol=0.1)


@name_law
def test_declared_facts_hold(name, dtype):
    """Where a first step does not depend on the gradient's scale, and where no gradient means no movement."""
    facts = OPTIMIZERS[name]["facts"]
    rate = 0.125
    moves = []
    for scale in (0.5, 1.0, 64.0):
        weight = [np.full(5, 2.0, dtype)]
        _core.Optimizer(name, {"learning_rate": rate}).step(weight, [np.full(5, scale, dtype)])
        moves.append(float(weight[0][0]) - 2.0)
    if facts["scale_free_start"]:
        assert max(moves) - min(moves) < 1e-6 * rate
    weight = [np.full(5, 2.0, dtype)]
    _core.Optimizer(name, {"learning_rate": rate}).step(weight, [np.zeros(5, dtype)])
    assert bool((weight[0] == 2.0).all()) == facts["rests_at_zero_gradient"]


def rosenbrock(point):
    x, y = point
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


@name_law
@given(data=st.data())
def test_every_finite_gradient_gives_a_finite_weight_of_the_same_dtype(name, data):
    dtype = data.draw(st.sampled_from(FLOATS))
    shape = data.draw(st.sampled_from([(), (0,), (1,), (7,), (3, 5), (0, 4)]))
    weight = data.draw(arrays(dtype=dtype, shape=shape, elements=moderate(dtype)))
    gradient = data.draw(arrays(dtype=dtype, shape=shape, elements=moderate(dtype)))
    before = weight.copy()
    optimizer = _core.Optimizer(name, {"learning_rate": 0.01})
    optimizer.step([weight], [gradient])
    assert weight.dtype == dtype
    assert weight.shape == shape
    assert np.isfinite(weight).all()
    # One step goes against the gradient, where nothing else pulls at the weight.
    if OPTIMIZERS[name]["facts"]["rests_at_zero_gradient"]:
        assert np.all((weight - before) * np.sign(gradient) <= 0)


def outside(parameter):
    """Values just outside the range of a parameter, and what never is a number."""
    values = [math.nan]
    low, high = parameter["low"], parameter["high"]
    if math.isfinite(low):
        values += [np.nextafter(low, -math.inf), low - 1.0, -math.inf]
        values += [] if parameter["low_closed"] else [low]
    else:
        values += [-math.inf]
    if math.isfinite(high):
        values += [np.nextafter(high, math.inf), high + 1.0, math.inf]
        values += [] if parameter["high_closed"] else [high]
    else:
        values += [math.inf]
    return [float(value) for value in values]


def inside(parameter):
    """The ends of the range where they belong to it, and the numbers next to them."""
    low, high = parameter["low"], parameter["high"]
    values = [low if parameter["low_closed"] else np.nextafter(low, math.inf)]
    values += [high if parameter["high_closed"] else np.nextafter(high, -math.inf)]
    return [float(value) for value in values if math.isfinite(value)]


NUMBERS = [
    (name, parameter) for name in NAMES for parameter in OPTIMIZERS[name]["parameters"] if "choices" not in parameter
]
CHOICES = [
    (name, parameter) for name in NAMES for parameter in OPTIMIZERS[name]["parameters"] if "choices" in parameter
]


def setting_of(case):
    return case if isinstance(case, str) else case["name"]


@pytest.mark.parametrize(("name", "parameter"), NUMBERS, ids=setting_of)
def test_hyperparameters_outside_their_range_are_refused(name, parameter):
    key = parameter["name"]
    good = _core.Optimizer(name, {"learning_rate": 0.1, **({"momentum": 0.5} if name == "sgd" else {})})
    before = good.parameters
    for value in outside(parameter):
        with pytest.raises(ValueError, match=f"`{key}`"):
            _core.Optimizer(name, {"learning_rate": 0.1, key: value})
        with pytest.raises(ValueError, match=f"`{key}`"):
            good.set(key, value)
        assert good.parameters == before
    for value in inside(parameter):
        assert _core.Optimizer(name, {"learning_rate": 0.1, key: value}).get(key) == value
    # Half the value is inside every range, and needs no other slots.
    good.set(key, before[key] / 2)
    assert good.get(key) == before[key] / 2


@pytest.mark.parametrize(("name", "parameter"), CHOICES, ids=setting_of)
def test_unknown_choices_are_refused_with_the_valid_ones(name, parameter):
    key, choices = parameter["name"], parameter["choices"]
    others = {"learning_rate": 0.1, **({"momentum": 0.5} if name == "sgd" else {})}
    for wrong in ("", "nonsense", f"{choices[0]}x"):
        with pytest.raises((ValueError, TypeError), match=f"(?i){choices[-1]}"):
            _core.Optimizer(name, {**others, key: wrong})
    for choice in choices:
        assert _core.Optimizer(name, {**others, key: choice}).get(key) == choice


@name_law
def test_unknown_hyperparameters_are_refused(name):
    with pytest.raises(ValueError, match="learning_rate"):
        _core.Optimizer(name, {"learning_rat": 0.1})


def test_bad_steps_change_nothing():
    parameters, gradients = problem(np.float32)
    pulls = gradients(parameters, 1)
    optimizer = optim.Adam(learning_rate=0.1)
    optimizer.step(parameters, pulls)
    kept = [w.copy() for w in parameters]
    locked = parameters[0].copy()
    locked.flags.writeable = False
    twice = parameters[1]
    bad = [
        (ValueError, parameters[:2], pulls),
        (ValueError, parameters, pulls[:2]),
        (ValueError, parameters, [pulls[0].T, *pulls[1:]]),
        (ValueError, [locked, *parameters[1:]], pulls),
        (ValueError, [parameters[0], twice, twice[:1]], pulls),
        (TypeError, parameters, [pulls[0].astype(np.float64), *pulls[1:]]),
        (TypeError, [parameters[0].astype(np.int32), *parameters[1:]], pulls),
        (TypeError, parameters, [None, *pulls[1:]]),
    ]
    with pytest.raises(TypeError):
        optimizer.step(parameters, 3)
    for error, wrong_parameters, wrong_gradients in bad:
        with pytest.raises(error, match="expected"):
            optimizer.step(wrong_parameters, wrong_gradients)
        assert all(same_bits(a, b) for a, b in zip(parameters, kept, strict=True))
        assert optimizer.steps == 1
    optimizer.step(parameters, pulls)
    assert optimizer.steps == 2


def test_a_fresh_optimizer_does_not_take_overlapping_parameters():
    base = np.zeros(10)
    with pytest.raises(ValueError, match=r"overlap|share"):
        optim.SGD(learning_rate=0.1).step([base[:6], base[4:]], [np.ones(6), np.ones(6)])
    np.testing.assert_array_equal(base, 0)


@name_law
def test_the_python_class_is_the_rule_of_the_registry(name):
    kind = {key.lower(): value for key, value in vars(optim).items() if isinstance(value, type)}[name]
    ours, gradients = problem(np.float64)
    theirs = [w.copy() for w in ours]
    a, b = kind(learning_rate=0.02), _core.Optimizer(name, {"learning_rate": 0.02})
    for step in range(1, 4):
        a.step(ours, gradients(ours, step))
        b.step(theirs, gradients(theirs, step))
    assert all(same_bits(x, y) for x, y in zip(ours, theirs, strict=True))

"""Laws of every optimizer in the registry: trajectories, bits, convergence, state, hyperparameters."""

import itertools
import math
import sys

import numpy as np
import pytest
import reference
import tilegrad as tg
from helpers import OPTIMIZERS, same_bits
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, arrays, moderate
from tilegrad import _core, nn, optim

NAMES = list(OPTIMIZERS)
name_law = pytest.mark.parametrize("name", NAMES)


# Numbers off their defaults, where a rule has them.
OFF = {
    "weight_decay": 0.05, "momentum": 0.8, "beta1": 0.7, "beta2": 0.95, "beta3": 0.8, "decay": 0.8, "epsilon": 0.03,
    "initial_accumulator": 0.2, "momentum_decay": 0.5, "rectify_above": 4.0, "power": 0.6, "shrink": 1e-3, "average_from": 4.0,
    "decrease": 0.4, "increase": 1.3, "smallest_step": 1e-5, "largest_step": 0.1, "warmup_steps": 5.0,
}  # fmt: skip


def every_variant(name):
    """The defaults, and every combination of choices with the numbers off their defaults."""
    entry = OPTIMIZERS[name]
    choices = [[(p["name"], choice) for choice in p["choices"]] for p in entry["parameters"] if "choices" in p]
    numbers = {p["name"] for p in entry["parameters"] if "choices" not in p}
    off = {key: value for key, value in OFF.items() if key in numbers}
    yield {"learning_rate": 0.05}
    for combination in itertools.product(*choices):
        yield {"learning_rate": 0.05, **dict(combination), **off}


def variants(name):
    """Of those the defaults, and each choice alone, with the other choices at their defaults."""
    ordinary = {p["name"]: p["default"] for p in OPTIMIZERS[name]["parameters"] if "choices" in p}
    for variant in every_variant(name):
        if sum(variant[key] != value for key, value in ordinary.items() if key in variant) <= 1:
            yield variant


def cases(of, names=NAMES):
    """Marks a test that takes rules, by default all of them, with their variants."""
    listed = [(name, variant) for name in names for variant in of(name)]
    return pytest.mark.parametrize(
        ("name", "variant"),
        listed,
        ids=lambda case: "-".join(map(str, case.values())) if isinstance(case, dict) else case,
    )


case_law = cases(variants)


def full(name, variant):
    """The variant with the registry's defaults filled in, as the reference takes them."""
    return {**{p["name"]: p["default"] for p in OPTIMIZERS[name]["parameters"]}, **variant}


def by_reference(name, weights, gradients, slots, step, settings):
    """The weights after a step of the reference."""
    update = getattr(reference, name)
    return [update(w, g, s, step, **settings) for w, g, s in zip(weights, gradients, slots, strict=True)]


def problem(dtype, seed=0):
    """Three parameters of odd sizes and a gradient that depends on them and on the step."""
    generator = np.random.default_rng(seed)
    parameters = [generator.standard_normal(shape).astype(dtype) for shape in [(5, 7), (13,), (1,)]]

    def gradients(parameters, step):
        return [(np.cos(3 * w + step) + w * (index + 0.5)).astype(w.dtype) for index, w in enumerate(parameters)]

    return parameters, gradients


@pytest.mark.covers(
    "O13: the further optimizers people know",
    "O4: momentum in three forms",
    "O6: RMSprop",
    "O7: Adam, with epsilon in three places",
    "O9: Adagrad",
)
@cases(every_variant)
def test_twenty_steps_equal_the_reference(name, variant, isa):
    parameters, gradients = problem(np.float64)
    optimizer = _core.Optimizer(name, variant)
    expected = [w.copy() for w in parameters]
    slots = [{} for _ in parameters]
    settings = full(name, variant)
    for step in range(1, 21):
        optimizer.step(parameters, gradients(parameters, step))
        expected = by_reference(name, expected, gradients(expected, step), slots, step, settings)
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


@cases(variants, [name for name in NAMES if OPTIMIZERS[name]["facts"]["elementwise"]])
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


@pytest.mark.covers("O13: the further optimizers people know")
@name_law
def test_changed_numbers_hold_from_the_next_step(name):
    """All numbers at once, to what the reference takes from then on; the slots go on as they are."""
    numbers = {p["name"] for p in OPTIMIZERS[name]["parameters"] if "choices" not in p}
    before = full(name, {"learning_rate": 0.05, **({"momentum": 0.5} if "momentum" in numbers else {})})
    after = {**before, "learning_rate": 0.02, **{key: value for key, value in OFF.items() if key in numbers}}
    parameters, gradients = problem(np.float64)
    optimizer = _core.Optimizer(name, before)
    expected, slots = [w.copy() for w in parameters], [{} for _ in parameters]
    for step in range(1, 9):
        if step == 4:
            for key, value in after.items():
                optimizer.set(key, value)
        settings = before if step < 4 else after
        optimizer.step(parameters, gradients(parameters, step))
        expected = by_reference(name, expected, gradients(expected, step), slots, step, settings)
    for actual, wanted in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.covers("O8: Adam's first step has the size of the learning rate")
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_first_step_of_adam_is_the_learning_rate(scale, sign):
    weight = [np.array([2.0])]
    optim.Adam(learning_rate=0.1, epsilon=1e-15).step(weight, [np.array([sign * scale])])
    np.testing.assert_allclose(2.0 - weight[0], sign * 0.1, rtol=1e-11)


@pytest.mark.covers("O13: the further optimizers people know")
@case_law
def test_tiny_and_huge_gradients_break_no_rule(name, variant, isa, dtype):
    """Subnormal gradients and such as overflow when squared: weights and slots stay finite."""
    most, least = (1e38, 1e-45) if dtype is np.float32 else (1e307, 5e-324)
    huge = np.array([most, -most, least, -least, 0.0, most, least, 1.0], dtype)
    weight = [np.linspace(-1.0, 1.0, len(huge)).astype(dtype)]
    optimizer = _core.Optimizer(name, {**variant, "learning_rate": 1e-3})
    for step in range(6):
        optimizer.step(weight, [np.roll(huge, step)])
        assert np.isfinite(weight[0]).all(), step
    for slots in optimizer.state().values():
        assert np.isfinite(slots[0]).all()


@name_law
def test_gradients_that_are_not_finite_are_not_hidden(name, dtype):
    """They make the weight NaN or infinite where the rule does not only take signs, so that a check finds them."""
    for value in (np.nan, np.inf):
        weight = [np.ones(3, dtype)]
        _core.Optimizer(name, {"learning_rate": 0.1}).step(weight, [np.array([0.5, value, 0.5], dtype)])
        assert np.isfinite(weight[0][[0, 2]]).all()
        assert not np.isfinite(weight[0][1]) or (value == np.inf and abs(weight[0][1] - 1.0) < 0.2)


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
    if any(p["name"] == "weight_decay" for p in OPTIMIZERS[name]["parameters"]):
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


def beside(name):
    """Settings with which every single one may take any value of its range."""
    known = {p["name"] for p in OPTIMIZERS[name]["parameters"]}
    wide = {"learning_rate": 0.1, "momentum": 0.5, "smallest_step": 0.0, "largest_step": sys.float_info.max}
    return {key: value for key, value in wide.items() if key in known}


def setting_of(case):
    return case if isinstance(case, str) else case["name"]


@pytest.mark.parametrize(("name", "parameter"), NUMBERS, ids=setting_of)
def test_hyperparameters_outside_their_range_are_refused(name, parameter):
    key = parameter["name"]
    others = beside(name)
    good = _core.Optimizer(name, others)
    before = good.parameters
    for value in outside(parameter):
        with pytest.raises(ValueError, match=f"`{key}`"):
            _core.Optimizer(name, {**others, key: value})
        with pytest.raises(ValueError, match=f"`{key}`"):
            good.set(key, value)
        assert good.parameters == before
    for value in inside(parameter):
        assert _core.Optimizer(name, {**others, key: value}).get(key) == value
    # Half the way to the end of the range needs no other slots.
    between = (before[key] + parameter["low"]) / 2
    good.set(key, between)
    assert good.get(key) == between


@pytest.mark.parametrize(("name", "parameter"), CHOICES, ids=setting_of)
def test_unknown_choices_are_refused_with_the_valid_ones(name, parameter):
    key, choices = parameter["name"], parameter["choices"]
    others = beside(name)
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


CLASSES = {key.lower(): value for key, value in vars(optim).items() if isinstance(value, type)}


def class_of(name):
    return CLASSES[name.replace("_", "")]


@name_law
def test_the_python_class_is_the_rule_of_the_registry(name):
    """Its arguments are those of the registry, with their defaults."""
    kind = class_of(name)
    assert kind().parameters == _core.Optimizer(name, {}).parameters
    ours, gradients = problem(np.float64)
    theirs = [w.copy() for w in ours]
    a, b = kind(learning_rate=0.02), _core.Optimizer(name, {"learning_rate": 0.02})
    for step in range(1, 4):
        a.step(ours, gradients(ours, step))
        b.step(theirs, gradients(theirs, step))
    assert all(same_bits(x, y) for x, y in zip(ours, theirs, strict=True))


@pytest.mark.covers("M17: arrays changed behind one's back")
@name_law
def test_arguments_are_attributes_and_are_checked_whole(name):
    optimizer = class_of(name)()
    shown = repr(optimizer)
    assert shown.startswith(type(optimizer).__name__)
    assert " style=" not in shown
    if hasattr(optimizer, "betas"):
        kept = optimizer.betas
        optimizer.betas = tuple(beta / 2 for beta in kept)
        assert optimizer.betas == tuple(beta / 2 for beta in kept)
        for wrong in ((*kept[:-1], 1.0), (*kept[:-1], -0.1), (*kept[:-1], math.nan), kept[:-1], 0.5, "ab"):
            with pytest.raises(ValueError, match="beta"):
                optimizer.betas = wrong
            with pytest.raises(ValueError, match="beta"):
                type(optimizer)(betas=wrong)
            assert optimizer.betas == tuple(beta / 2 for beta in kept)
    with pytest.raises(TypeError, match="learning_rate"):
        type(optimizer)(learning_rat=0.1)
    with pytest.raises(TypeError, match="expected"):
        type(optimizer)(*range(20))
    with pytest.raises(AttributeError, match="learning_rate"):
        optimizer.learning_rat = 0.1


@name_law
def test_weights_to_evaluate_with_are_those_the_registry_says(name):
    """Before the first step they are the weights; for rules that average, what the slots say, and elsewhere copies."""
    parameters, gradients = problem(np.float64)
    optimizer = class_of(name)(learning_rate=0.02)
    assert all(same_bits(a, b) for a, b in zip(optimizer.evaluation_weights(parameters), parameters, strict=True))
    for step in range(1, 6):
        optimizer.step(parameters, gradients(parameters, step))
    seen = optimizer.evaluation_weights(parameters)
    assert not any(np.shares_memory(a, b) for a, b in zip(seen, parameters, strict=True))
    evaluation = optimizer._core.evaluation
    for index, (a, b) in enumerate(zip(seen, parameters, strict=True)):
        if evaluation is None:
            assert same_bits(a, b)
        else:
            factor, slot, share = evaluation
            np.testing.assert_allclose(a, factor * b + share * optimizer._core.state()[slot][index], rtol=1e-12)
            # All of them are affine in the weights: a weight that rests is its own average.
            assert abs(factor + share - 1.0) < 1e-12
    if evaluation is not None:
        with pytest.raises(ValueError, match="parameters"):
            optimizer.evaluation_weights(parameters[:1])


AVERAGING = [lambda: optim.ASGD(0.1, average_from=2.0), lambda: optim.ScheduleFreeAdamW(0.05, warmup_steps=3)]


@pytest.mark.covers("O13: the further optimizers people know", "conventions:schedule-free")
@pytest.mark.parametrize("make", AVERAGING, ids=["asgd", "schedule_free"])
def test_a_trainer_evaluates_and_predicts_with_the_average(make, tmp_path):
    """What is trained stays as it is, and training goes on as without a look in between."""

    def trained(looks):
        generator = np.random.default_rng(0)
        x = generator.standard_normal((64, 3))
        y = x @ np.array([[1.0], [-2.0], [0.5]])
        model = nn.Sequential(nn.Dense(3, 1, dtype="float64"))
        trainer = tg.Trainer(model, "mean_squared_error", make(), seed=1)
        for _ in range(3):
            trainer.fit(x, y, batch_size=16, epochs=1, progress=False)
            if looks:
                trainer.evaluate(x, y)
                model.predict(x)
        return model, trainer, x, y

    model, trainer, x, y = trained(True)
    other, _, _, _ = trained(False)
    weights = {name: value.copy() for name, value in model.state_dict().items()}
    assert all(same_bits(value, other.state_dict()[name]) for name, value in weights.items())
    seen, loss = model.predict(x), trainer.evaluate(x, y)["loss"]
    np.testing.assert_allclose(loss, np.mean((seen - y) ** 2), rtol=1e-12)
    plain = x @ weights["0.weight"] + weights["0.bias"]
    assert np.abs(seen - plain).max() > 1e-6
    with trainer.use_average():
        np.testing.assert_allclose(x @ model.state_dict()["0.weight"] + model.state_dict()["0.bias"], seen, rtol=1e-12)
        model.save(tmp_path / "average.safetensors")
    assert all(same_bits(value, weights[name]) for name, value in model.state_dict().items())

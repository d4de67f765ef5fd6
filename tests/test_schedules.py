"""Schedules: closed forms, the peers' own numbers, units, composition, and what they do in a training."""

import math

import numpy as np
import pytest
from tilegrad import schedules as S

PLACES = np.array([0, 1, 7, 29, 30, 31, 60, 99])
# PyTorch and optax agree on half a cosine.
COSINE = (
    S.Cosine(0.1, 100, end=0.001),
    [
        *(0.1, 0.099975574738, 0.098807879716, 0.080838899156),
        *(0.079595369988, 0.078323127204, 0.035203658778, 0.001024425262),
    ],
)

# Learning rates at these steps, made with PyTorch 2.15 (torch.optim.lr_scheduler) from a learning rate of 0.1.
TORCH = [
    (S.Step(0.1, 10, 0.5), [0.1, 0.1, 0.1, 0.025, 0.0125, 0.0125, 0.0015625, 0.0001953125]),
    (S.MultiStep(0.1, [10, 30]), [0.1, 0.1, 0.1, 0.01, 0.001, 0.001, 0.001, 0.001]),
    (
        S.Exponential(0.1, 0.97),
        [0.1, 0.097, 0.080798284478, 0.041340934901, 0.040100706854, 0.038897685649, 0.016080666902, 0.004902320405],
    ),
    COSINE,
    (
        S.CosineRestarts(0.1, 10, growth=2, end=0.001),
        [0.1, 0.097577297557, 0.021404630012, 0.001609427141, 0.1, 0.09984740802, 0.015498214331, 0.071223657008],
    ),
    (S.Polynomial(0.1, steps=50, power=2.0), [0.1, 0.09604, 0.07396, 0.01764, 0.016, 0.01444, 0.0, 0.0]),
    (S.Linear(0.01, 0.1, steps=30), [0.01, 0.013, 0.031, 0.097, 0.1, 0.1, 0.1, 0.1]),
    (
        S.OneCycle(0.1, 100),
        [0.004, 0.004281378057, 0.017152216388, 0.1, 0.099949653528, 0.099798715505, 0.058928009029, 4e-07],
    ),
    (
        S.OneCycleMomentum(steps=100),
        [0.95, 0.949706897858, 0.936299774596, 0.85, 0.850050346673, 0.8502012853, 0.89107215526, 0.95],
    ),
    (
        S.OneCycle(0.1, 100, shape="linear"),
        [0.004, 0.007310344828, 0.027172413793, 0.1, 0.098571434286, 0.097142868571, 0.055714462857, 4e-07],
    ),
    (S.Cyclic(0.01, 0.1, rise=20, fall=15), [0.01, 0.0145, 0.0415, 0.046, 0.04, 0.034, 0.07, 0.046]),
    (
        S.Cyclic(0.01, 0.1, rise=20, mode="triangular2"),
        [0.01, 0.0145, 0.0415, 0.0595, 0.055, 0.0505, 0.055, 0.031375],
    ),
    (
        S.Cyclic(0.01, 0.1, rise=20, mode="exponential", factor=0.99),
        [
            0.01,
            0.014455,
            0.039360058459,
            0.046985018669,
            0.043286516802,
            0.039658286471,
            0.059244097815,
            0.041611884019,
        ],
    ),
    (
        S.sequence([S.Linear(0.001, 0.1, steps=30), S.Cosine(0.1, 70)], [30]),
        [0.001, 0.0043, 0.0241, 0.0967, 0.1, 0.099949653327, 0.061126046698, 0.000050346673],
    ),
    (
        S.chain(S.PiecewiseConstant([0.1, 1.0], [8]), S.Exponential(0.1, 0.9)),
        [
            0.01,
            0.009,
            0.004782969,
            0.004710128697,
            0.004239115828,
            0.003815204245,
            0.000179701029991,
            2.951266543065e-06,
        ],
    ),
]

# The same steps with optax 0.2.8 (jax 0.10.2, float64).
OPTAX = [
    COSINE,
    (
        S.Warmup(S.Cosine(0.1, 70, end=0.0005), 30, start=0.01),
        [0.001, 0.0043, 0.0241, 0.0967, 0.1, 0.09994990506, 0.061320416464, 0.000550094940],
    ),
    (
        S.OneCycle(0.1, 100, style="optax"),
        [0.004, 0.004262949022, 0.016329048377, 0.099737050978, 0.1, 0.099949653528, 0.061126202194, 0.000050746472],
    ),
    (
        S.Exponential(0.1, 0.5, every=10),
        [0.1, 0.093303299154, 0.061557220667, 0.013397168282, 0.0125, 0.011662912394, 0.0015625, 0.000104665377],
    ),
    (
        S.Polynomial(0.1, 0.001, 50, 2.0),
        [0.1, 0.0960796, 0.0742204, 0.0184636, 0.01684, 0.0152956, 0.001, 0.001],
    ),
    (S.PiecewiseConstant([0.1, 0.01, 0.005], [10, 30]), [0.1, 0.1, 0.1, 0.01, 0.005, 0.005, 0.005, 0.005]),
    (S.PiecewiseLinear([0, 10, 30], [0.1, 0.01, 0.005]), [0.1, 0.091, 0.037, 0.00525, 0.005, 0.005, 0.005, 0.005]),
    (
        S.sequence([S.Linear(0.0, 0.1, steps=30), S.Exponential(0.1, 0.5, every=10)], [30]),
        [0.0, 0.003333333333, 0.023333333333, 0.096666666667, 0.1, 0.093303299154, 0.0125, 0.000837323018],
    ),
]

# Formulas of Keras 3.15: CosineDecay(alpha, warmup_target), CosineDecayRestarts(t_mul, m_mul), InverseTimeDecay; fastai 2.8:
# fit_one_cycle (pct_start 0.25, div 25, div_final 1e5, momentum 0.95, 0.85, 0.95); scikit-learn 1.9: invscaling.
FORMULAS = [
    (S.InverseTime(0.1, 0.5, every=10), lambda t: 0.1 / (1 + 0.5 * t / 10)),
    (S.InverseSquareRoot(0.1), lambda t: 0.1 / (t + 1) ** 0.5),
    (S.Noam(512, 40), lambda t: 512**-0.5 * min((t + 1) ** -0.5, (t + 1) * 40**-1.5)),
    (
        S.OneCycle(0.1, 100, style="fastai"),
        lambda t: (
            0.1 + (0.004 - 0.1) * (1 + math.cos(math.pi * t / 25)) / 2
            if t <= 25
            else 1e-6 + (0.1 - 1e-6) * (1 + math.cos(math.pi * (t - 25) / 75)) / 2
        ),
    ),
    (
        S.CosineRestarts(0.1, 10, growth=2, peak_factor=0.5),
        lambda t: (
            0.1 * 0.5 ** (k := int(math.log2(t / 10 + 1)))
            * (1 + math.cos(math.pi * (t - 10 * (2**k - 1)) / (10 * 2**k))) / 2
        ),
    ),
    (S.Custom(lambda step: 0.1 * 0.9**step), lambda t: 0.1 * 0.9**t),
    (0.5 * S.Constant(0.1) * S.Constant(3.0), lambda t: 0.15),
    (S.Warmup(0.1, 10, start=0.01, shape="exponential"), lambda t: 0.1 * 0.01 ** max(1 - t / 10, 0)),
]  # fmt: skip


@pytest.mark.covers("G8: schedules")
@pytest.mark.parametrize(("schedule", "expected"), [*TORCH, *OPTAX], ids=lambda value: getattr(value, "name", ""))
def test_schedules_equal_the_peers(schedule, expected):
    np.testing.assert_allclose(schedule(PLACES), expected, rtol=1e-9, atol=6e-13)


@pytest.mark.covers("G8: schedules")
@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=lambda value: getattr(value, "name", ""))
def test_schedules_equal_their_closed_forms(schedule, formula):
    np.testing.assert_allclose(schedule(PLACES), [formula(int(t)) for t in PLACES], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(
    "schedule", [row[0] for row in [*TORCH, *OPTAX, *FORMULAS]], ids=lambda schedule: schedule.name
)
def test_one_step_and_many_agree(schedule):
    """A number gives a float, an array an array of its shape, with the same bits."""
    many = schedule(np.arange(120).reshape(10, 12))
    assert many.shape == (10, 12)
    assert many.dtype == np.float64
    assert [schedule(step) for step in range(120)] == many.reshape(-1).tolist()
    assert type(schedule(3)) is float


VALUES = [1.0, 0.9, 0.89999, 0.8999, 0.8999, 0.8, 0.8, 0.8, 0.8, 0.8, 0.79, 0.79, 0.79, 0.79, 0.79, 0.79]


@pytest.mark.covers("G8: schedules")
@pytest.mark.parametrize(
    ("settings", "falls"),
    [
        ({}, {8: 0.5, 13: 0.25}),
        ({"cooldown": 2}, {8: 0.5, 13: 0.25}),
        # PyTorch's threshold_mode="abs" waits an epoch longer than Keras.
        ({"style": "keras", "patience": 3}, {4: 0.5, 8: 0.25, 13: 0.125}),
        ({"style": "keras", "patience": 3, "cooldown": 3}, {4: 0.5, 9: 0.25, 14: 0.125}),
        ({"minimum": 0.4}, {8: 0.5, 13: 0.4}),
    ],
)
def test_plateau_equals_the_peers(settings, falls):
    """Made with PyTorch 2.15's ReduceLROnPlateau(factor=0.5, patience=2); Keras' by its rule."""
    schedule = S.Plateau(1.0, factor=0.5, **{"patience": 2, **settings})
    expected, value = [], 1.0
    for epoch in range(len(VALUES)):
        value = falls.get(epoch, value)
        expected.append(value)
    assert [schedule.after(VALUES[: epoch + 1]) for epoch in range(len(VALUES))] == expected
    rising = S.Plateau(1.0, factor=0.5, mode="max", **{"patience": 2, **settings})
    assert rising.after([-value for value in VALUES]) == expected[-1]


@pytest.mark.covers("conventions:plateau")
def test_units_count_steps_epochs_and_shares():
    training = S.Training(steps_per_epoch=10, total_steps=100)
    steps = np.array([0, 9, 10, 55, 100])
    epochs = S.Linear(1.0, 0.0, steps=10, unit="epoch")(steps, training)
    np.testing.assert_allclose(epochs, [1.0, 1.0, 0.9, 0.5, 0.0])
    np.testing.assert_allclose(S.Linear(1.0, 0.0, steps=0.5, unit="share")(steps, training), [1, 0.82, 0.8, 0, 0])
    for unit in ("step", "share"):
        np.testing.assert_allclose(S.Linear(1.0, 0.0, unit=unit)(steps, training), [1, 0.91, 0.9, 0.45, 0])
    # A part without a length lasts as long as its part of the whole.
    joined = S.sequence([S.Linear(0.0, 1.0), S.Linear(1.0, 0.0)], [0.4], unit="share")
    np.testing.assert_allclose(joined([0, 20, 40, 70, 100], training), [0, 0.5, 1, 0.5, 0])
    warm = S.Warmup(S.Linear(1.0, 0.0), 2, unit="epoch")
    np.testing.assert_allclose(warm([0, 10, 20, 60, 100], training), [0, 0.5, 1, 0.5, 0])


WRONG = [
    (lambda: S.Cosine(math.nan), ValueError, r"Cosine: expected `start` to be a finite number, got nan"),
    (lambda: S.Cosine("1"), TypeError, r"Cosine: expected `start` to be a number, got '1'"),
    (lambda: S.Cosine(None), TypeError, r"Cosine: expected `start` to be a number, got None"),
    (lambda: S.Step(1.0, every=None), TypeError, r"Step: expected `every` to be a number, got None"),
    (lambda: S.Cosine(1.0, steps=0), ValueError, r"Cosine: expected `steps` above 0, got 0"),
    (lambda: S.Cosine(1.0)(3), ValueError, r"Cosine: expected a training to belong to, since it has no `steps`"),
    (lambda: S.Step(1.0, 3, unit="epoch")(3), ValueError, r"Step: expected a training .* `unit=\"epoch\"`"),
    (lambda: S.Step(1.0, 3, unit="row"), ValueError, r"Step: expected `unit` to be one of 'step', 'epoch', 'share'"),
    (lambda: S.Constant(1.0)(-1), ValueError, r"Constant: expected `step` from 0, got -1"),
    (lambda: S.Constant(1.0)("a"), TypeError, r"Constant: expected `step` to be a number or an array"),
    (lambda: S.MultiStep(1.0, [3, 3]), ValueError, r"MultiStep: expected `milestones` that rise, got \[3.0, 3.0\]"),
    (lambda: S.MultiStep(1.0, 3), TypeError, r"MultiStep: expected `milestones` to be a list of numbers, got 3"),
    (lambda: S.PiecewiseConstant([1.0], [3]), ValueError, r"PiecewiseConstant: expected one value more"),
    (lambda: S.PiecewiseLinear([], []), ValueError, r"PiecewiseLinear: expected a value for each"),
    (
        lambda: S.sequence([0.1, 0.2], []),
        ValueError,
        r"sequence: expected a boundary between each two of 2 parts, got 0",
    ),
    (lambda: S.chain(), ValueError, r"chain: expected at least one schedule"),
    (lambda: S.chain("a"), TypeError, r"chain: expected `parts` to be a number, got 'a'"),
    (lambda: S.OneCycle(0.1, style="keras"), ValueError, r"OneCycle: unknown style 'keras'.*torch, optax, fastai"),
    (lambda: S.OneCycle(0.1, rise=1.0), ValueError, r"OneCycle: expected `rise` in \(0, 1\), got 1.0"),
    (lambda: S.Plateau(0.1, factor=1.0), ValueError, r"Plateau: expected `factor` in \(0, 1\), got 1.0"),
    (lambda: S.Plateau(0.1, mode="up"), ValueError, r"Plateau: expected `mode` to be one of min, max, got 'up'"),
    (lambda: S.Cyclic(0, 1, mode="up"), ValueError, r"Cyclic: expected `mode`"),
    (lambda: S.Warmup(1.0, 3, shape="round"), ValueError, r"Warmup: expected `shape`"),
    (lambda: S.Custom(3), TypeError, r"Custom: expected `function` to be a function of the step, got 3"),
    (
        lambda: S.Custom(lambda step: "a")(2),
        TypeError,
        r"Custom: expected the function to return a number, got 'a' for 2",
    ),
]


@pytest.mark.parametrize(("make", "kind", "message"), WRONG)
def test_wrong_schedules_are_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_a_schedule_is_drawn():
    pytest.importorskip("matplotlib").use("Agg")
    for schedule in (S.OneCycle(0.1), S.Warmup(S.Cosine(0.1, steps=40), 10), S.Step(1.0, 2, unit="epoch")):
        ax = schedule.plot()
        assert len(ax.lines) == 1
    assert ax.lines[0].get_ydata()[0] == 1.0

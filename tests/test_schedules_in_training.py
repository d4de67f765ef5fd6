"""Hyperparameters that follow a schedule: in `fit`, resumed, on arrays; wrong values; the values in the history."""

import math

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import nn, optim, schedules
from training import problem, trainer_for, weight_bytes

X, Y = problem(rows=50)


def network():
    return nn.Sequential(nn.Dense(12, 9), nn.Tanh(), nn.Dense(9, 4))


def fit(optimizer, epochs=3, **settings):
    trainer = trainer_for(network(), optimizer=optimizer)
    return trainer, trainer.fit(X, Y, batch_size=16, epochs=epochs, progress=False, **settings)


RULES = [
    lambda rate: optim.SGD(rate, momentum=0.9),
    lambda rate: optim.Adam(rate),
    lambda rate: optim.AdamW(rate),
    lambda rate: optim.RMSprop(rate),
    lambda rate: optim.Adagrad(rate),
]


@pytest.mark.covers("G8: schedules")
@pytest.mark.parametrize("make", RULES)
def test_a_schedule_equals_settings_by_hand(make):
    """The table of an epoch gives the same bits as a rate that is set before each step."""
    rate = schedules.Cosine(0.1, steps=9, end=0.01)
    trainer, history = fit(make(rate), shuffle=False)
    by_hand = trainer_for(network(), optimizer=make(0.1))
    batches = [slice(0, 16), slice(16, 32), slice(32, 48), slice(48, 50)]
    for step in range(12):
        by_hand.optimizer.learning_rate = rate(step)
        place = batches[step % 4]
        by_hand.fit(X[place], Y[place], batch_size=16, epochs=1, shuffle=False, progress=False)
    assert weight_bytes(trainer.model) == weight_bytes(by_hand.model)
    assert history["learning_rate"] == [rate(3), rate(7), rate(11)]


@pytest.mark.covers("G7: the learning rate is in the history", "G8: schedules")
def test_any_number_may_follow_a_schedule():
    cycle, speed = schedules.OneCycle(0.1), schedules.OneCycleMomentum()
    course = schedules.Training(steps_per_epoch=4, total_steps=12)
    sgd = optim.SGD(cycle, momentum=speed, weight_decay=lambda step: 0.1 / (1 + step))
    trainer, history = fit(sgd)
    np.testing.assert_allclose(history["learning_rate"], cycle([3, 7, 11], course))
    assert trainer.optimizer.momentum == speed(11, course)
    assert trainer.optimizer.weight_decay == 0.1 / 12
    adam = optim.Adam(betas=(speed, 0.999))
    fit(adam)
    assert adam.betas == (speed(11, course), 0.999)
    assert set(adam.schedules) == {"beta1"}


@pytest.mark.covers("G8: schedules")
@pytest.mark.parametrize(
    "rate",
    [
        schedules.Warmup(schedules.Cosine(0.1), 3),
        schedules.Step(0.1, 2, unit="epoch"),
        schedules.Plateau(0.1, patience=0, threshold=0.5, factor=0.5),
        lambda step: 0.1 / (1 + step),
    ],
)
def test_a_resumed_training_goes_on_with_its_schedule(rate, tmp_path):
    whole, history = fit(optim.Adam(rate), epochs=6)
    # A schedule without a length lasts as long as the training, so a part of one must be told.
    part = trainer_for(network(), optimizer=optim.Adam(rate))

    def stop(trainer, epoch, metrics):
        if epoch == 3:
            trainer.stop("enough")

    part.fit(X, Y, batch_size=16, epochs=6, progress=False, callbacks=stop)
    part.save(tmp_path / "part.safetensors")
    resumed = trainer_for(network(), optimizer=optim.Adam(rate)).load(tmp_path / "part.safetensors")
    resumed.fit(X, Y, batch_size=16, epochs=3, progress=False)
    assert weight_bytes(resumed.model) == weight_bytes(whole.model)
    assert resumed.history["learning_rate"] == history["learning_rate"]
    assert len(set(history["learning_rate"])) > 1


def test_plateau_falls_in_a_training():
    rate = schedules.Plateau(0.5, patience=1, threshold=0.9, monitor="val_loss", factor=0.5)
    _, history = fit(optim.SGD(rate), epochs=6, validation_split=0.2)
    expected = [rate.after(history["val_loss"][:epoch]) for epoch in range(6)]
    assert history["learning_rate"] == expected
    assert expected[-1] == 0.125


def test_on_arrays_the_step_count_of_the_optimizer_decides():
    weight, rate = np.array([1.0]), schedules.Exponential(0.1, 0.5)
    optimizer = optim.SGD(rate)
    for _ in range(3):
        optimizer.step([weight], [np.array([1.0])])
    np.testing.assert_allclose(weight, [1 - 0.1 - 0.05 - 0.025])
    assert optimizer.learning_rate == 0.025
    state = optimizer.state_dict()
    other = optim.SGD(rate)
    other.load_state_dict(state)
    again = weight.copy()
    other.step([again], [np.array([1.0])])
    optimizer.step([weight], [np.array([1.0])])
    assert again == weight


def test_a_number_ends_a_schedule_and_the_text_shows_it():
    optimizer = optim.SGD(schedules.Step(0.1, 5))
    assert "Step(" in repr(optimizer)
    optimizer.learning_rate = 0.5
    assert optimizer.schedules == {}
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = lambda step: 0.25
    assert optimizer.learning_rate == 0.25


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (lambda step: math.nan if step == 6 else 0.1, r"sgd: expected `learning_rate` in .*, got NaN .* batch 2"),
        (schedules.Linear(0.1, -0.1, steps=10), r"sgd: expected `learning_rate` in .*, got -0.0.* batch 2"),
    ],
)
def test_wrong_values_are_refused_before_the_epoch(rate, message):
    trainer = trainer_for(network(), optimizer=optim.SGD(rate))
    trainer.fit(X, Y, batch_size=16, epochs=1, progress=False)
    before = weight_bytes(trainer.model), trainer.step, trainer.optimizer.learning_rate
    with pytest.raises(ValueError, match=message):
        trainer.fit(X, Y, batch_size=16, epochs=1, progress=False)
    assert (weight_bytes(trainer.model), trainer.step, trainer.optimizer.learning_rate) == before


def test_a_wrong_first_value_is_refused_at_once():
    with pytest.raises(ValueError, match=r"sgd: expected `learning_rate` in .*, got -1"):
        optim.SGD(schedules.Constant(-1.0))
    optimizer = optim.SGD(0.5)
    with pytest.raises(ValueError, match="expected `learning_rate`"):
        optimizer.learning_rate = lambda step: -1.0
    assert optimizer.learning_rate == 0.5
    assert optimizer.schedules == {}


def test_plateau_without_its_metric_lists_those_there_are():
    trainer = trainer_for(network(), optimizer=optim.SGD(schedules.Plateau(0.1, monitor="val_los")))
    with pytest.raises(ValueError, match=r"Plateau: expected `monitor` .*'val_los'; there are loss, accuracy"):
        trainer.fit(X, Y, epochs=2, progress=False)


@pytest.mark.covers("L16: absolute error does not settle with a fixed learning rate")
def test_the_absolute_error_settles_only_with_a_falling_rate():
    """|w| from 1.05 at rate 0.1 swings at ±0.05 for ever; with 1/t decay it settles, and w² settles at a fixed rate."""

    def walk(slope, rate, steps):
        weight = np.array([1.05])
        optimizer = optim.SGD(rate)
        for _ in range(steps):
            optimizer.step([weight], [slope(weight)])
        return float(weight[0])

    assert abs(abs(walk(np.sign, 0.1, 1000)) - 0.05) < 1e-9
    assert abs(walk(np.sign, schedules.InverseTime(0.1, 0.05), 20000)) < 1e-3
    assert abs(walk(lambda w: 2 * w, 0.1, 100)) < 1e-6


def test_the_bits_do_not_depend_on_threads(with_threads):
    seen = set()
    for count in (1, 2):
        with_threads(count)
        seen.add(weight_bytes(fit(optim.Adam(schedules.OneCycle(0.1)))[0].model))
    assert len(seen) == 1


def test_schedules_are_public():
    assert tg.schedules is schedules

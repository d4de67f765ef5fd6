"""Gradient controls: clipping, accumulation, averages, skipped steps; on arrays and inside the compiled step alike."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import same_bits
from tilegrad import losses, nn, optim
from training import problem, small_network, weight_bytes, weights

CONTROLS = {
    "clip_value": 1e-3,
    "clip_norm": 0.01,
    "clip_global_norm": 0.02,
    "accumulation_steps": 3,
    "average_decay": 0.9,
    "skip_if_not_finite": True,
}
control_law = pytest.mark.parametrize("name", CONTROLS)


def network(dtype="float32", dropout=0.0):
    return small_network(dropout=dropout, dtype=dtype)


def trained(optimizer, *, epochs=2, batch_size=32, rows=203, shuffle=True, dtype="float32", trainer=None, **fit):
    x, y = problem(rows, dtype=np.dtype(dtype).type)
    trainer = trainer or tg.Trainer(network(dtype), losses.CrossEntropy(), optimizer)
    trainer.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=shuffle, progress=False, **fit)
    return trainer


def pulls(step):
    generator = np.random.default_rng(step)
    return [generator.standard_normal((4, 3)), generator.standard_normal(3) * 10]


def arrays():
    return [np.linspace(-1, 1, 12).reshape(4, 3), np.ones(3)]


# On arrays.


@pytest.mark.covers("O13: the further optimizers people know")
def test_clipped_gradients_are_those_of_the_definition(dtype):
    norms = [np.linalg.norm(each) for each in pulls(0)]
    every = np.hypot(*norms)
    expected = {
        "clip_value": [np.clip(each, -0.5, 0.5) for each in pulls(0)],
        "clip_norm": [each * min(1, 0.5 / norm) for each, norm in zip(pulls(0), norms, strict=True)],
        "clip_global_norm": [each * (0.5 / every) for each in pulls(0)],
    }
    for name, clipped in expected.items():
        own = [each.astype(dtype) for each in arrays()]
        optim.SGD(1.0, **{name: 0.5}).step(own, [each.astype(dtype) for each in pulls(0)])
        for now, before, gradient in zip(own, arrays(), clipped, strict=True):
            np.testing.assert_allclose(now, before - gradient, rtol=1e-6 if dtype == np.float32 else 1e-14)
    own = arrays()
    optim.SGD(1.0, clip_norm=1e9, clip_value=1e9).step(own, pulls(0))
    assert all(same_bits(now, before - each) for now, before, each in zip(own, arrays(), pulls(0), strict=True))


def test_norms_of_huge_and_tiny_gradients_are_right():
    for scale in (1e-300, 1e200, 1e300):
        weight = [np.zeros(2)]
        optim.SGD(1.0, clip_norm=0.5 * scale).step(weight, [np.array([3.0, 4.0]) * scale])
        np.testing.assert_allclose(weight[0] / scale, [-0.3, -0.4], rtol=1e-14)


@pytest.mark.covers("O13: the further optimizers people know")
def test_joined_gradients_update_once_by_their_mean():
    joined, plain = arrays(), arrays()
    optimizer, other = optim.Adam(0.1, accumulation_steps=3), optim.Adam(0.1)
    for step in range(7):
        optimizer.step(joined, pulls(step))
        if step % 3 == 2:
            parts = [pulls(each) for each in (step - 2, step - 1, step)]
            other.step(plain, [sum(each) / 3 for each in zip(*parts, strict=True)])
        assert optimizer.steps == other.steps == (step + 1) // 3
        for one, two in zip(joined, plain, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-13)
    optimizer.apply_accumulated(joined)
    other.step(plain, pulls(6))
    assert optimizer.steps == 3
    for one, two in zip(joined, plain, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-13)


def test_averages_are_bias_corrected_exponential_averages():
    decay, weight = 0.8, [np.array([1.0, 2.0])]
    optimizer = optim.SGD(0.1, average_decay=decay)
    average = np.zeros(2)
    for step in range(1, 8):
        optimizer.step(weight, [np.cos(step * weight[0])])
        average = decay * average + (1 - decay) * weight[0]
        np.testing.assert_allclose(optimizer.averaged[0], average / (1 - decay**step), rtol=1e-13)


def test_a_step_that_is_not_finite_changes_nothing_and_counts():
    own = arrays()
    optimizer = optim.Adam(0.1, skip_if_not_finite=True)
    optimizer.step(own, pulls(0))
    before = optimizer.state_dict()
    kept = [each.copy() for each in own]
    for bad in (np.nan, np.inf, -np.inf):
        gradients = pulls(1)
        gradients[1][2] = bad
        optimizer.step(own, gradients)
        assert all(same_bits(one, two) for one, two in zip(own, kept, strict=True))
    assert optimizer.skipped == 3
    after = optimizer.state_dict()
    assert after["steps"] == before["steps"] == 1
    for name, slots in before["slots"].items():
        assert all(same_bits(one, two) for one, two in zip(slots, after["slots"][name], strict=True))


@control_law
def test_state_of_controls_resumes_bit_for_bit_on_arrays(name):
    def make():
        return optim.Adam(0.1, **{name: CONTROLS[name]})

    whole, first, second = make(), make(), make()
    own, other = arrays(), arrays()
    for step in range(9):
        whole.step(own, pulls(step))
        (first if step < 5 else second).step(other, pulls(step))
        if step == 4:
            second.load_state_dict(first.state_dict())
    assert all(same_bits(one, two) for one, two in zip(own, other, strict=True))
    assert all(same_bits(one, two) for one, two in zip(whole.averaged, second.averaged, strict=True))


WRONG = [
    *[(ValueError, f"clip_{name}", value) for name in ("value", "norm", "global_norm") for value in (0, -1.0, np.nan)],
    *[(ValueError, "average_decay", value) for value in (1.0, -0.1, np.nan, np.inf)],
    *[(ValueError, "accumulation_steps", value) for value in (0, -3, 2**63)],
    *[(TypeError, name, "much") for name in CONTROLS],
    *[(TypeError, name, True) for name in CONTROLS if name != "skip_if_not_finite"],
    (ValueError, "clip_value", np.inf),
    (TypeError, "skip_if_not_finite", 1),
    (TypeError, "accumulation_steps", 2.0),
]


@pytest.mark.parametrize(("error", "name", "value"), WRONG)
def test_wrong_controls_are_refused_with_an_error_message(error, name, value):
    with pytest.raises(error, match=f"SGD: expected `{name}`"):
        optim.SGD(0.1, **{name: value})
    optimizer = optim.SGD(0.1, **{name: CONTROLS[name]})
    with pytest.raises(error, match=f"SGD: expected `{name}`"):
        setattr(optimizer, name, value)
    assert getattr(optimizer, name) == CONTROLS[name]


def test_controls_with_memory_are_not_switched_in_use():
    for name in ("accumulation_steps", "average_decay"):
        with pytest.raises(ValueError, match="make a new optimizer"):
            setattr(optim.SGD(0.1), name, CONTROLS[name])
    optimizer = optim.SGD(0.1)
    optimizer.clip_value = 0.5
    weight = [np.zeros(1)]
    optimizer.step(weight, [np.array([10.0])])
    np.testing.assert_allclose(weight[0], -0.05)


def test_bad_arrays_change_nothing_under_controls():
    own, optimizer = arrays(), optim.SGD(0.1, accumulation_steps=2)
    optimizer.step(own, pulls(0))
    with pytest.raises(ValueError, match="expected"):
        optimizer.step(own, [pulls(1)[0].T, pulls(1)[1]])
    optimizer.step(own, pulls(1))
    assert optimizer.steps == 1


# Inside the compiled step.


@pytest.mark.filterwarnings("ignore:.*is a sum over the rows")
@pytest.mark.covers("G9: full-batch descent reaches the exact solution", "O13: the further optimizers people know")
@pytest.mark.parametrize("weighted", [False, True])
def test_joined_batches_are_one_step_on_all_their_rows(weighted):
    """Groups of three batches of 20 rows: 203 rows are 3 groups of 60 and a last one of 20 and 3 rows."""
    weight = np.linspace(0.1, 2.0, 203) if weighted else None
    for loss, rate in ((losses.CrossEntropy(), 1e-2), (losses.SumSquaredError(), 1e-4)):
        found = []
        for size, steps in ((20, 3), (60, 1)):
            x, y = problem(203, dtype=np.float64)
            y = np.eye(4)[y] if loss.is_sum else y
            trainer = tg.Trainer(network("float64"), loss, optim.SGD(rate, accumulation_steps=steps, momentum=0.5))
            trainer.fit(x, y, batch_size=size, epochs=2, sample_weight=weight, progress=False)
            found.append(weights(trainer.model))
        for name, value in found[0].items():
            np.testing.assert_allclose(value, found[1][name], rtol=1e-9, atol=1e-12)


def test_a_trainer_and_arrays_do_the_same():
    """The step in the plan against the same gradients, clipped and averaged on arrays."""
    controls = {"clip_value": 0.01, "clip_norm": 0.2, "clip_global_norm": 0.3, "average_decay": 0.7}
    x, y = problem(64, dtype=np.float64)
    trainer = tg.Trainer(network("float64"), losses.CrossEntropy(), optim.Adam(0.01, **controls))
    trainer.model.initialize(0)
    alone = optim.Adam(0.01, **controls)
    names = list(weights(trainer.model))
    own = list(weights(trainer.model).values())
    for _ in range(4):
        mirror = network("float64")
        for name, value in zip(names, own, strict=True):
            dict(mirror._parameters())[name].value = value
        probe = tg.Trainer(mirror, losses.CrossEntropy(), optim.SGD(1.0))
        probe.fit(x, y, batch_size="full", epochs=1, shuffle=False, progress=False)
        after = weights(mirror)
        alone.step(own, [value - after[name] for name, value in zip(names, own, strict=True)])
        trainer.fit(x, y, batch_size="full", epochs=1, shuffle=False, progress=False)
    for name, value, average in zip(names, own, alone.averaged, strict=True):
        np.testing.assert_allclose(weights(trainer.model)[name], value, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(trainer.averaged[name], average, rtol=1e-7, atol=1e-9)


def test_controls_that_never_act_change_no_bit():
    plain = trained(optim.Adam(0.01))
    loose = trained(optim.Adam(0.01, clip_value=1e9, clip_norm=1e9, skip_if_not_finite=True, average_decay=0.5))
    assert weight_bytes(plain.model) == weight_bytes(loose.model)


FUSED = {"clip_value": True, "average_decay": True}


@control_law
def test_each_control_switches_off_only_what_it_must(name):
    text = trained(optim.Adam(0.01, **{name: CONTROLS[name]}), epochs=1).plan.describe()
    whole = "matmul + clip_value + adam_update" in text or "matmul + adam_update + average" in text
    assert whole == FUSED.get(name, False), text
    if not whole:
        assert "matmul + bias" in text
        assert ("accumulate" if name == "accumulation_steps" else name) in text


@control_law
def test_a_saved_training_resumes_bit_for_bit(name, tmp_path):
    """Also in the middle of a group of batches: an interrupt leaves gradients that wait."""

    def make():
        return tg.Trainer(network(dropout=0.2), losses.CrossEntropy(), optim.Adam(0.01, **{name: CONTROLS[name]}))

    whole = trained(None, trainer=make(), epochs=4)
    first = trained(None, trainer=make(), epochs=2)
    first.save(tmp_path / "half")
    second = make().load(tmp_path / "half")
    trained(None, trainer=second, epochs=2)
    assert weight_bytes(whole.model) == weight_bytes(second.model)
    assert whole._session.runner._state.tally == second._session.runner._state.tally
    if name == "average_decay":
        assert all(same_bits(whole.averaged[key], value) for key, value in second.averaged.items())


def test_waiting_gradients_are_saved(tmp_path):
    trainer = trained(optim.SGD(0.1, accumulation_steps=3), epochs=1)
    state = trainer._session.runner.state()
    state.tally = (1, 0, 1, 32.0)
    for place in state.names:
        state.slot_view("accumulated", place)[...] = 1.0
    trainer.save(tmp_path / "file")
    other = tg.Trainer(network(), losses.CrossEntropy(), optim.SGD(0.1, accumulation_steps=3)).load(tmp_path / "file")
    assert other._session.runner._state.tally == (1, 0, 1, 32.0)
    assert same_bits(other._session.runner._state.slots["accumulated"], state.slots["accumulated"])


@pytest.mark.filterwarnings("ignore")
def test_a_batch_that_is_not_finite_is_left_out_of_training_and_of_the_loss():
    x, y = problem(96)
    without = np.delete(x, np.s_[32:64], axis=0), np.delete(y, np.s_[32:64])
    x[40, 3] = 3e38
    found = []
    for features, labels in ((x, y), without):
        trainer = tg.Trainer(
            nn.Sequential(nn.Dense(12, 8), nn.ReLU(), nn.Dense(8, 4)),
            "cross_entropy",
            optim.Adam(0.01, skip_if_not_finite=True),
        )
        trainer.model.initialize(0)
        parameter = dict(trainer.model._parameters())["0.weight"]
        parameter.value = np.where(np.arange(12)[:, None] == 3, 4.0, parameter.value)
        history = trainer.fit(features, labels, batch_size=32, epochs=1, shuffle=False, progress=False)
        found.append((weight_bytes(trainer.model), history["loss"]))
        assert trainer.skipped == (features is x)
    assert found[0] == found[1]


@pytest.mark.covers("O13: the further optimizers people know")
def test_averages_serve_evaluation_and_go_back(tmp_path):
    x, y = problem()
    trainer = trained(optim.Adam(0.01, average_decay=0.95))
    own, averaged = weights(trainer.model), trainer.averaged
    loss = trainer.evaluate(x, y)["loss"]
    with trainer.use_average():
        assert all(same_bits(value, averaged[name]) for name, value in weights(trainer.model).items())
        inside = trainer.evaluate(x, y)["loss"]
        trainer.model.save(tmp_path / "model")
        for forbidden in (
            lambda: trainer.fit(x, y, epochs=1, progress=False),
            lambda: trainer.save(tmp_path / "trainer"),
            lambda: trainer.use_average().__enter__(),
        ):
            with pytest.raises(ValueError, match="averages"):
                forbidden()
    assert inside != loss
    assert all(same_bits(value, own[name]) for name, value in weights(trainer.model).items())
    assert trainer.evaluate(x, y)["loss"] == loss
    other = network()
    other.load(tmp_path / "model")
    assert all(same_bits(value, averaged[name]) for name, value in weights(other).items())
    with pytest.raises(ValueError, match="average_decay"):
        _ = trained(optim.Adam(0.01), epochs=1).averaged


def test_any_number_of_threads_gives_the_same_bits(with_threads):
    found = []
    for count in (1, 2, 3):
        with_threads(count)
        optimizer = optim.Adam(0.01, clip_global_norm=0.1, accumulation_steps=2, average_decay=0.9)
        found.append(weight_bytes(trained(optimizer, epochs=1).model))
    assert found[0] == found[1] == found[2]

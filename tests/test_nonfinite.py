"""Numbers that are not finite are found in the step that makes them, named, and taken back."""

import re

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import losses, nn, optim
from training import problem, small_network, weight_bytes

X, Y = problem()
BAD = 57


class Logarithm(nn.Module):
    """A layer that takes logarithms of what may be negative."""

    def forward(self, x):
        return np.log(x + 1.0)


def caught_in(trainer, x, y, **settings):
    with pytest.raises(FloatingPointError) as caught:
        trainer.fit(x, y, **({"batch_size": 32, "epochs": 5, "progress": False} | settings))
    return caught.value


@pytest.mark.covers(
    "M8: training on after NaN", "M7: logarithms without a stable form", "M23: a loss printed too rarely"
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loss_that_is_not_finite_is_found_before_anything_changes(shuffle, dtype):
    x = np.abs(X).astype(dtype)
    x[BAD, 3] = -2.0

    def make():
        model = nn.Sequential(Logarithm(), nn.Dense(12, 4, dtype=np.dtype(dtype).name))
        return tg.Trainer(model.initialize(0), "cross_entropy", optim.Adam(0.01))

    trainer = make()
    error = caught_in(trainer, x, Y, shuffle=shuffle)
    assert error.rows == [BAD]
    assert "`log`" in str(error)
    assert f"row {BAD} of the data" in str(error)
    assert "keep the argument above 0" in str(error)
    step = int(re.search(r"step (\d+)", str(error))[1])
    assert trainer.step == step - 1
    if not shuffle:
        assert step == BAD // 32 + 1
        other = make()
        other.fit(x[: 32 * (step - 1)], Y[: 32 * (step - 1)], batch_size=32, epochs=1, shuffle=False, progress=False)
        assert weight_bytes(trainer.model) == weight_bytes(other.model)
    # It goes on where it stood.
    x[BAD, 3] = 1.0
    trainer.fit(x, Y, batch_size=32, epochs=1, progress=False)


@pytest.mark.covers("M8: training on after NaN", "G6: learning rates too small and too large; a finder; divergence")
@pytest.mark.parametrize("hidden", [9, 700])
def test_an_update_that_overflows_is_taken_back(hidden):
    # Long weights are not looked at in each step: the next loss tells.
    def make():
        model = nn.Sequential(nn.Dense(12, hidden, "leaky_relu", bias=False), nn.Dense(hidden, 4, bias=False))
        return tg.Trainer(model.initialize(0), losses.MeanSquaredError(), optim.SGD(1e3))

    target = np.eye(4, dtype=np.float32)[Y]
    trainer = make()
    error = caught_in(trainer, X, target, shuffle=False)
    epoch, step = map(int, re.search(r"epoch (\d+), step (\d+)", str(error)).groups())
    assert epoch == 1
    assert "as the step before left them" in str(error)
    assert "learning_rate ten times smaller than 1000" in str(error)
    assert all(np.isfinite(each).all() for each in trainer.model.parameters())
    assert trainer.step == step - 1
    count = 32 * (step - 1)
    other = make()
    if count:
        other.fit(X[:count], target[:count], batch_size=32, epochs=1, shuffle=False, progress=False)
    else:
        other.model.initialize(0)
    assert weight_bytes(trainer.model) == weight_bytes(other.model)


@pytest.mark.covers("M8: training on after NaN")
def test_a_gradient_without_bound_is_named_with_its_rows():
    class Root(nn.Module):
        def forward(self, x):
            return (x * x) ** 0.5

    x = np.abs(X) + 0.1
    x[BAD] = 0
    model = nn.Sequential(nn.Dense(12, 4, bias=False), Root()).initialize(0)
    trainer = tg.Trainer(model, losses.MeanSquaredError(), optim.SGD(0.01))
    error = caught_in(trainer, x, np.eye(4, dtype=np.float32)[Y], shuffle=False, epochs=1)
    assert error.rows == [BAD]
    assert "gradient" in str(error)
    assert all(np.isfinite(each).all() for each in model.parameters())
    assert trainer.step == BAD // 32


@pytest.mark.covers("M23: a loss printed too rarely")
def test_the_history_of_whole_epochs_is_kept():
    trainer = tg.Trainer(small_network(12, 4).initialize(0), "cross_entropy", optim.SGD(0.01))
    trainer.fit(X, Y, epochs=2, progress=False)
    np.asarray(trainer.model[0].bias)[0] = np.nan
    error = caught_in(trainer, X, Y)
    assert error.history.epochs == 2
    assert trainer.history.stop_reason == "error"
    assert "0.bias" in str(error)


def test_it_can_be_switched_off_and_changes_no_bit():
    def fitted(**settings):
        model = small_network(12, 4).initialize(0)
        tg.Trainer(model, "cross_entropy", optim.Adam(0.01)).fit(X, Y, epochs=3, progress=False, **settings)
        return weight_bytes(model)

    assert fitted() == fitted(check_finite=False)
    trainer = tg.Trainer(nn.Sequential(nn.Dense(12, 4)), losses.MeanSquaredError(), optim.SGD(1e6))
    history = trainer.fit(X, np.eye(4)[Y], epochs=9, progress=False, check_finite=False)
    assert not np.isfinite(history["loss"][-1])
    with pytest.raises(TypeError, match="check_finite"):
        trainer.fit(X, np.eye(4)[Y], epochs=1, check_finite=1)

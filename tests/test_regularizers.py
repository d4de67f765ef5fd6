"""Penalties and constraints: gradients, exact zeros, what holds after each update, the metrics of the history."""

import numpy as np
import pytest
import tilegrad as tg
from tilegrad import nn, optim

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((120, 8))
TRUE = np.array([2.0, 0, 0, -1.5, 0, 0, 0, 0.5])
Y = X @ TRUE + 0.01 * RANDOM.standard_normal(120)


def trained(regularizer=None, constraint=None, optimizer=None, epochs=300, batch_size="full", dtype="float64", **fit):
    layer = nn.Dense(8, 1, regularizer=regularizer, constraint=constraint, dtype=dtype)
    trainer = tg.Trainer(layer, "mean_squared_error", optimizer or optim.SGD(0.1))
    history = trainer.fit(X, Y, batch_size=batch_size, epochs=epochs, progress=False, shuffle=False, **fit)
    return layer, history


@pytest.mark.covers("L17: L1 gives zeros, L2 and elastic net beside it", "conventions:elastic")
def test_proximal_l1_gives_exact_zeros_and_the_subgradient_near_ones():
    proximal, _ = trained(nn.L1(0.1, proximal=True))
    by_gradient, _ = trained(nn.L1(0.1))
    zero = TRUE == 0
    assert (proximal.weight.value[zero] == 0).all()
    assert (proximal.weight.value[~zero] != 0).all()
    near = by_gradient.weight.value[zero]
    assert (near != 0).all()
    assert abs(near).max() < 0.02
    # The others are the same minimum: the soft threshold of a least-squares fit.
    np.testing.assert_allclose(proximal.weight.value[~zero], by_gradient.weight.value[~zero], atol=0.01)


@pytest.mark.covers("L17: L1 gives zeros, L2 and elastic net beside it")
def test_l1_with_momentum_reaches_the_optimality_condition():
    """At the minimum of mean squares + 0.1 |w|: the gradient is -0.1 sign(w), and within 0.1 where w is zero."""
    layer, _ = trained(nn.L1(0.1, proximal=True), epochs=1500)
    weight, bias = layer.weight.value[:, 0], layer.bias.value[0]
    gradient = 2 * X.T @ (X @ weight + bias - Y) / len(X)
    np.testing.assert_allclose(gradient[weight != 0], -0.1 * np.sign(weight[weight != 0]), atol=1e-9)
    assert abs(gradient[weight == 0]).max() < 0.1


@pytest.mark.parametrize(
    ("regularizer", "penalty", "slope"),
    [
        (nn.L1(0.3), lambda w, n: 0.3 * abs(w).sum(), lambda w, n: 0.3 * np.sign(w)),
        (nn.L2(0.3), lambda w, n: 0.3 * (w * w).sum(), lambda w, n: 0.6 * w),
        (nn.L2(0.3, style="torch"), lambda w, n: 0.15 * (w * w).sum(), lambda w, n: 0.3 * w),
        (nn.L2(0.3, style="sklearn"), lambda w, n: 0.15 * (w * w).sum() / n, lambda w, n: 0.3 * w / n),
        (
            nn.ElasticNet(0.2, 0.3),
            lambda w, n: 0.2 * abs(w).sum() + 0.3 * (w * w).sum(),
            lambda w, n: 0.2 * np.sign(w) + 0.6 * w,
        ),
    ],
    ids=str,
)
@pytest.mark.covers("L17: L1 gives zeros, L2 and elastic net beside it")
def test_a_step_equals_the_formula(regularizer, penalty, slope):
    layer = nn.Dense(8, 1, regularizer=regularizer, dtype="float64").initialize()
    weight, bias = layer.weight.value.copy(), layer.bias.value.copy()
    trainer = tg.Trainer(layer, "mean_squared_error", optim.SGD(0.1))
    history = trainer.fit(X, Y, batch_size="full", epochs=1, progress=False)
    error = X @ weight + bias - Y[:, None]
    expected = weight - 0.1 * (2 * X.T @ error / len(X) + slope(weight, len(X)))
    np.testing.assert_allclose(layer.weight.value, expected, rtol=1e-12)
    np.testing.assert_allclose(history["penalty"], [penalty(weight, len(X))], rtol=1e-12)
    np.testing.assert_allclose(history["loss"], [np.square(error).mean()], rtol=1e-12)


def test_torch_style_equals_weight_decay():
    """The gradient of strength / 2 w² is weight decay, on each batch."""
    regularized, _ = trained(nn.L2(0.1, style="torch"), epochs=3, batch_size=32)
    layer = nn.Dense(8, 1, dtype="float64")
    layer.bias.trainable = False
    regularized_again = nn.Dense(8, 1, regularizer=nn.L2(0.1, style="torch"), dtype="float64")
    regularized_again.bias.trainable = False
    for model, decay in ((layer, 0.1), (regularized_again, 0.0)):
        trainer = tg.Trainer(model, "mean_squared_error", optim.SGD(0.1, weight_decay=decay))
        trainer.fit(X, Y, batch_size=32, epochs=3, progress=False)
    np.testing.assert_allclose(regularized_again.weight.value, layer.weight.value, rtol=1e-12)
    assert regularized.bias.value != 0


@pytest.mark.covers("conventions:max-norm", "conventions:non-negative", "conventions:unit-norm")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [optim.SGD(0.1, momentum=0.9), optim.Adam(0.1)], ids=["sgd", "adam"])
def test_constraints_hold_after_each_update(rule, dtype):
    x = X.astype(dtype)
    y = np.stack([Y, -Y, 0.1 * Y], axis=1).astype(dtype)
    rounding = 1e-6 if dtype == "float32" else 1e-14

    def weights(constraint):
        layer = nn.Dense(8, 3, constraint=constraint, dtype=dtype)
        tg.Trainer(layer, "mean_squared_error", rule).fit(x, y, batch_size=50, epochs=20, progress=False)
        return layer.weight.value

    norms = np.linalg.norm(weights(nn.MaxNorm(1.5)), axis=0)
    np.testing.assert_allclose(norms[:2], 1.5, rtol=rounding)
    assert norms[2] < 1
    np.testing.assert_allclose(np.linalg.norm(weights(nn.UnitNorm()), axis=0), 1, rtol=rounding)
    positive = weights(nn.NonNegative())
    assert (positive >= 0).all()
    assert (positive == 0).any()
    both = weights([nn.NonNegative(), nn.UnitNorm()])
    assert (both >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(both, axis=0), 1, rtol=rounding)


def test_a_bias_is_one_unit_and_nothing_else_is_touched():
    layer = nn.Dense(8, 3, dtype="float64")
    layer.bias.constraint = nn.MaxNorm(0.1)
    plain = nn.Dense(8, 3, dtype="float64")
    for model in (layer, plain):
        trainer = tg.Trainer(model, "mean_squared_error", optim.SGD(0.1))
        trainer.fit(X, np.ones((120, 3)), batch_size="full", epochs=1, progress=False)
    np.testing.assert_allclose(np.linalg.norm(layer.bias.value), 0.1)
    np.testing.assert_array_equal(layer.weight.value, plain.weight.value)


def test_constraints_run_only_with_an_update():
    """Where gradients of two batches are joined, the proximal step is taken once for both."""
    x, y = np.zeros((4, 2)), np.zeros(4)
    layer = nn.Dense(2, 1, initializer="ones", regularizer=nn.L1(1.0, proximal=True), dtype="float64")
    trainer = tg.Trainer(layer, "mean_squared_error", optim.SGD(0.25))
    trainer.fit(x, y, batch_size=2, epochs=1, progress=False)
    np.testing.assert_array_equal(layer.weight.value, 0.5)


def test_what_is_set_later_counts_from_the_next_fit():
    layer = nn.Dense(8, 1, dtype="float64")
    trainer = tg.Trainer(layer, "mean_squared_error", optim.SGD(0.1))
    assert "penalty" not in trainer.fit(X, Y, epochs=1, progress=False)
    layer.weight.regularizer = nn.L2(0.1)
    layer.weight.constraint = nn.NonNegative()
    assert trainer.fit(X, Y, epochs=1, progress=False)["penalty"][0] > 0
    assert (layer.weight.value >= 0).all()
    assert set(trainer.evaluate(X, Y)) == {"loss"}
    layer.weight.regularizer, layer.weight.constraint = None, None
    assert "penalty" not in trainer.fit(X, Y, epochs=1, progress=False)


def test_the_summary_names_penalties_and_constraints():
    text = str(nn.Dense(8, 1, regularizer=nn.L2(0.1), constraint=nn.MaxNorm(2.0)).summary())
    assert "weight: L2(strength=0.1, style='keras'), MaxNorm(limit=2.0)" in text


def test_a_penalty_of_ones_own():
    class Ring(nn.Regularizer):
        def penalty(self, parameter, rows):
            return 10.0 * ((parameter * parameter).sum() - 1.0) ** 2

    layer, _ = trained(Ring(), optimizer=optim.SGD(0.01), epochs=500)
    assert abs(np.linalg.norm(layer.weight.value) - 1) < 0.05

    class Wrong(nn.Regularizer):
        def penalty(self, parameter, rows):
            return parameter

    with pytest.raises(TypeError, match="Wrong: expected `penalty` to return a tensor of one number"):
        trained(Wrong(), epochs=1)


def test_threads_and_instruction_sets_change_no_bit(with_threads, with_isa):
    from tilegrad import _core

    seen = set()
    for isa in _core.machine()["isas"][1:]:
        for count in (1, 2):
            with_isa(isa)
            with_threads(count)
            layer, _ = trained(
                nn.ElasticNet(0.01, 0.02, proximal=True), nn.MaxNorm(0.7), epochs=5, batch_size=32, dtype="float32"
            )
            seen.add(layer.weight.value.tobytes())
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: nn.L1(-1), ValueError, "L1: expected `strength` of at least 0, got -1"),
        (lambda: nn.L2(float("nan")), ValueError, "L2: expected `strength` to be a finite number of at least 0, got nan"),
        (lambda: nn.L2(1.0, style="jax"), ValueError, "L2: unknown style 'jax'"),
        (lambda: nn.ElasticNet("1"), TypeError, "ElasticNet: expected `l1` to be a number, got '1'"),
        (lambda: nn.L1(proximal=1), TypeError, "L1: expected `proximal` to be True or False"),
        (lambda: nn.MaxNorm(0), ValueError, "MaxNorm: expected `limit` above 0, got 0"),
        (lambda: nn.Dense(2, 1, regularizer=0.1), TypeError, r"Dense: expected `regularizer` such as nn.L2\(1e-4\), or None, got 0.1"),
        (lambda: nn.Dense(2, 1, regularizer=nn.L1), TypeError, "create it, with parentheses"),
        (lambda: nn.Dense(2, 1, constraint=nn.NonNegative), TypeError, "create it, with parentheses"),
        (lambda: nn.Dense(2, 1, constraint=["max_norm"]), TypeError, r"Dense: expected `constraint` such as nn.MaxNorm"),
    ],
)  # fmt: skip
def test_wrong_regularizers_are_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()

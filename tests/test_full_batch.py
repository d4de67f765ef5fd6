"""Methods that look at all rows at once: L-BFGS with its line search, Levenberg-Marquardt."""

import numpy as np
import pytest
import tilegrad as tg
from helpers import same_bits
from tilegrad import nn, optim
from training import weight_bytes, weights

METHODS = [optim.LBFGS, optim.LevenbergMarquardt]


def regression(rows=60, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((rows, 4))
    y = x @ generator.standard_normal((4, 2)) + 0.3 * generator.standard_normal((rows, 2)) + 1.0
    return x, y


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


@pytest.mark.covers("O13: the further optimizers people know")
@pytest.mark.parametrize("method", METHODS)
def test_linear_least_squares_reach_the_normal_equations(method):
    x, y = regression()
    design = np.column_stack([x, np.ones(len(x))])
    expected = np.linalg.lstsq(design, y, rcond=None)[0]
    model = nn.Sequential(nn.Dense(4, 2, dtype="float64"))
    trainer = tg.Trainer(model, "mean_squared_error", method(tolerance_gradient=1e-12))
    history = trainer.fit(x, y, batch_size="full", epochs=100, progress=False)
    assert history.stop_reason == "tolerance"
    assert len(history["loss"]) < 60
    np.testing.assert_allclose(weights(model)["0.weight"], expected[:4], atol=1e-8)
    np.testing.assert_allclose(weights(model)["0.bias"], expected[4], atol=1e-8)
    np.testing.assert_allclose(history["loss"][-1], np.mean((design @ expected - y) ** 2), rtol=1e-10)


@pytest.mark.covers("O13: the further optimizers people know")
def test_rosenbrock_is_solved():
    found = optim.LBFGS().minimize(rosenbrock, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(found.point, 1.0, atol=1e-6)
    assert found.reason == "gradient"
    assert found.steps < 60
    residuals = optim.LevenbergMarquardt().minimize(
        lambda p: np.array([1 - p[0], 10 * (p[1] - p[0] ** 2)]),
        np.array([-1.2, 1.0]),
        jacobian=lambda p: np.array([[-1.0, 0.0], [-20 * p[0], 10.0]]),
    )
    np.testing.assert_allclose(residuals.point, 1.0, atol=1e-8)
    assert residuals.steps < 60


def test_a_gradient_of_ones_own_does_as_well():
    def gradient(p):
        return np.array([-2 * (1 - p[0]) - 400 * p[0] * (p[1] - p[0] ** 2), 200 * (p[1] - p[0] ** 2)])

    calls = []
    found = optim.LBFGS().minimize(lambda p: calls.append(p) or rosenbrock(p), np.array([-1.2, 1.0]), gradient=gradient)
    np.testing.assert_allclose(found.point, 1.0, atol=1e-6)
    assert len(calls) < 100


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
def test_a_bowl_of_any_shape_is_descended(condition):
    scale = np.geomspace(1.0, condition, 12)
    found = optim.LBFGS(tolerance_gradient=1e-8).minimize(
        lambda p: 0.5 * np.sum(scale * p * p), np.ones(12), gradient=lambda p: scale * p
    )
    np.testing.assert_allclose(found.point, 0.0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
def test_a_small_net_fits_better_than_adam_in_as_many_looks(method, dtype):
    """Looks are counted as evaluations of loss and gradient; Adam gets as many steps."""
    x = np.linspace(-2, 2, 80)[:, None]
    y = np.sin(2 * x)

    def train(optimizer, epochs):
        model = nn.Sequential(nn.Dense(1, 8, dtype=dtype), nn.Tanh(), nn.Dense(8, 1, dtype=dtype))
        trainer = tg.Trainer(model, "mean_squared_error", optimizer, seed=1)
        trainer.fit(x, y, batch_size="full", epochs=epochs, progress=False)
        return trainer.evaluate(x, y)["loss"]

    assert train(method(), 60) < 0.1 * train(optim.Adam(0.01), 120)


@pytest.mark.parametrize("method", METHODS)
def test_mini_batches_are_refused_before_anything_changes(method):
    x, y = regression()
    trainer = tg.Trainer(nn.Sequential(nn.Dense(4, 2)), "mean_squared_error", method())
    trainer.model.initialize(0)
    before = weight_bytes(trainer.model)
    with pytest.raises(ValueError, match=f"'full' with {method.__name__}.*got 32 of 60 rows"):
        trainer.fit(x, y, batch_size=32, epochs=1, progress=False)
    assert weight_bytes(trainer.model) == before


def test_levenberg_marquardt_wants_a_squared_error():
    x, _ = regression()
    trainer = tg.Trainer(nn.Sequential(nn.Dense(4, 3)), "cross_entropy", optim.LevenbergMarquardt())
    with pytest.raises(ValueError, match="expected a squared error"):
        trainer.fit(x, np.arange(60) % 3, batch_size="full", epochs=1, progress=False)


@pytest.mark.parametrize("method", METHODS)
def test_frozen_parameters_and_weights_of_rows_count(method):
    x, y = regression()
    weight = np.linspace(0.1, 3.0, len(x))
    model = nn.Sequential(nn.Dense(4, 2, dtype="float64"))
    model.freeze("0.bias")
    trainer = tg.Trainer(model, "mean_squared_error", method(tolerance_gradient=1e-12))
    trainer.fit(x, y, batch_size="full", epochs=100, sample_weight=weight, progress=False)
    root = np.sqrt(weight)[:, None]
    np.testing.assert_allclose(
        weights(model)["0.weight"], np.linalg.lstsq(root * x, root * y, rcond=None)[0], atol=1e-7
    )
    assert (weights(model)["0.bias"] == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_calls_of_fit_change_no_bit(method, with_threads):
    x, y = regression(200)
    found = []
    for count, epochs in ((1, (6,)), (2, (6,)), (2, (2, 4))):
        with_threads(count)
        model = nn.Sequential(nn.Dense(4, 16), nn.Tanh(), nn.Dense(16, 2))
        trainer = tg.Trainer(model, "mean_squared_error", method())
        for each in epochs:
            trainer.fit(x, y, batch_size="full", epochs=each, progress=False)
        found.append(weight_bytes(model))
    assert found[0] == found[1] == found[2]


def test_what_it_learnt_is_saved_on_its_own():
    x, y = regression()

    def train(optimizer, model, epochs):
        tg.Trainer(model, "mean_squared_error", optimizer).fit(x, y, batch_size="full", epochs=epochs, progress=False)

    first = optim.LBFGS(history_size=3)
    model = nn.Sequential(nn.Dense(4, 4, dtype="float64"), nn.Tanh(), nn.Dense(4, 2, dtype="float64"))
    train(first, model, 4)
    second = optim.LBFGS()
    second.load_state_dict(first.state_dict())
    assert second.history_size == 3
    copy = nn.Sequential(nn.Dense(4, 4, dtype="float64"), nn.Tanh(), nn.Dense(4, 2, dtype="float64"))
    for name, value in weights(model).items():
        dict(copy._parameters())[name].value = value
    train(first, model, 3)
    train(second, copy, 3)
    assert all(same_bits(value, weights(copy)[name]) for name, value in weights(model).items())


@pytest.mark.parametrize(
    ("method", "name", "value", "error"),
    [
        (optim.LBFGS, "history_size", 0, ValueError),
        (optim.LBFGS, "history_size", 2.5, TypeError),
        (optim.LBFGS, "learning_rate", 0.0, ValueError),
        (optim.LBFGS, "learning_rate", np.nan, ValueError),
        (optim.LBFGS, "tolerance_gradient", -1.0, ValueError),
        (optim.LBFGS, "line_search_steps", "many", TypeError),
        (optim.LevenbergMarquardt, "damping", 0.0, ValueError),
        (optim.LevenbergMarquardt, "damping", np.inf, ValueError),
        (optim.LevenbergMarquardt, "clip_norm", 1.0, TypeError),
        (optim.LBFGS, "average_decay", 0.9, TypeError),
    ],
)
def test_wrong_numbers_are_refused(method, name, value, error):
    with pytest.raises(error, match=f"{method.__name__}: expected .*`{name}`"):
        method(**{name: value})


def test_a_value_that_is_not_finite_stops_with_a_reason():
    nowhere = np.full(1, np.nan)
    found = optim.LBFGS().minimize(lambda p: np.nan, np.ones(1), gradient=lambda p: nowhere)
    assert found.reason == "not finite"
    found = optim.LevenbergMarquardt().minimize(lambda p: nowhere, np.ones(1), jacobian=lambda p: nowhere[None])
    assert found.reason == "not finite"


@pytest.mark.parametrize("method", METHODS)
def test_what_a_solver_is_and_what_it_has(method):
    solver = method()
    assert isinstance(solver, optim.Solver)
    assert not isinstance(solver, optim.Optimizer)
    assert not hasattr(solver, "step")
    assert solver.parameters == {name: getattr(solver, name) for name in solver.parameters}
    assert repr(solver) == f"{method.__name__}({', '.join(f'{k}={v!r}' for k, v in solver.parameters.items())})"
    with pytest.raises(ValueError, match=f"{method.__name__}: expected `tolerance_change` of at least 0, got -1"):
        solver.tolerance_change = -1.0
    with pytest.raises(AttributeError, match="tolerence"):
        solver.tolerence = 1.0
    with pytest.raises(TypeError, match=r"expected no `tolerence_change` \(did you mean 'tolerance_change'\?\)"):
        method(tolerence_change=1.0)
    assert solver.parameters == method().parameters


def test_the_step_of_levenberg_marquardt_is_its_own():
    solver = optim.LevenbergMarquardt(0.5)
    assert (solver.damping, solver.learning_rate) == (0.5, 1.0)
    with pytest.raises(AttributeError, match="`learning_rate` cannot be set"):
        solver.learning_rate = 0.1
    assert optim.LBFGS(0.5).learning_rate == 0.5


@pytest.mark.parametrize("method", METHODS)
def test_a_state_that_does_not_fit_changes_nothing(method):
    solver, other = method(), next(other for other in METHODS if other is not method)
    before = solver.state_dict()
    with pytest.raises(ValueError, match=f"expected `state` of {method.name}, got '{other.name}'"):
        solver.load_state_dict(other().state_dict())
    wrong = {**before, "parameters": {**before["parameters"], "tolerance_change": np.nan}}
    with pytest.raises(ValueError, match="tolerance_change"):
        solver.load_state_dict(wrong)
    assert solver.state_dict() == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
def test_a_training_with_a_solver_is_saved_and_goes_on_to_the_last_bit(method, dtype, tmp_path):
    x, y = regression()

    def trainer(solver):
        layers = nn.Dense(4, 4, dtype=dtype), nn.Tanh(), nn.Dense(4, 2, dtype=dtype)
        return tg.Trainer(nn.Sequential(*layers), "mean_squared_error", solver)

    settings = {"batch_size": "full", "epochs": 4, "progress": False}
    first = trainer(method(tolerance_gradient=1e-9))
    first.fit(x, y, **settings)
    first.save(tmp_path / "run")
    second = trainer(method()).load(tmp_path / "run")
    assert second.optimizer.tolerance_gradient == 1e-9
    assert (second.step, second.epoch, second.history) == (first.step, first.epoch, first.history)
    for each in (first, second):
        each.fit(x, y, **settings)
    assert weight_bytes(second.model) == weight_bytes(first.model)
    assert second.optimizer.steps == first.optimizer.steps == 8
    if method is optim.LBFGS:
        assert len(second.optimizer.state_dict()["memory"]["moves"]) > 4
    with pytest.raises(ValueError, match="expected an optimizer with a learning rate, got"):
        second.find_learning_rate(x, y)


def test_a_search_of_no_steps_is_refused():
    with pytest.raises(ValueError, match="minimize: expected `steps` of at least 1, got 0"):
        optim.LBFGS().minimize(rosenbrock, np.zeros(2), steps=0)

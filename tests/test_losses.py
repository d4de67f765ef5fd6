"""Laws of every loss in the registry: reference, gradient, reductions, weights, invariance, refusals."""

import copy
import doctest
import pickle

import numpy as np
import pytest
import reference
import tilegrad as tg
from helpers import LOSSES, fourth_order_gradient, same_bits
from hypothesis import given
from hypothesis import strategies as st
from loss_operands import by_rows, of_domain, operands
from tilegrad import _core, losses
from tilegrad import functional as F

NAMES = list(LOSSES)
OF_CLASSES = [name for name in NAMES if LOSSES[name]["facts"]["targets"] == "classes"]
SMOOTH_STEP = 1e-3
name_law = pytest.mark.parametrize("name", NAMES)

# What other libraries call them.
UNION = {
    "mean_squared_error": "MSE",
    "sum_squared_error": "SSE",
    "mean_absolute_error": "MAE",
    "sum_absolute_error": "SAE",
    "binary_cross_entropy": "BCE (prob",
    "binary_cross_entropy_with_logits": "logits)",
    "cross_entropy": "CE (int",
    "nll_loss": "NLL",
    "focal_loss": "focal",
    "binary_focal_loss": "focal",
    "distillation_loss": "distillation (soft softmax)",
    "large_margin_softmax": "large-margin softmax",
    "kl_divergence": "KL",
    "huber": "Huber",
    "smooth_l1": "smooth L1",
    "log_cosh": "log-cosh",
    "mean_squared_logarithmic_error": "MSLE",
    "mean_absolute_percentage_error": "MAPE",
    "poisson": "Poisson",
    "gaussian_nll_loss": "Gaussian NLL",
    "hinge": "hinge family",
    "cosine_distance": "cosine",
    "triplet_margin": "triplet",
    "margin_ranking": "margin",
    "contrastive": "contrastive",
    "multi_label_soft_margin": "multi-label soft margin",
    "dice_loss": "Dice",
    "tversky_loss": "Tversky",
    "pinball": "pinball",
    "generalized_cross_entropy": "generalised CE",
    "poly_loss": "poly-loss",
    "arc_margin_softmax": "ArcFace",
    "additive_margin_softmax": "CosFace",
}
MARKED = [pytest.param(name, marks=pytest.mark.covers(f"conventions:{UNION.get(name, name)}")) for name in NAMES]


def tolerance(dtype):
    return 1e-12 if dtype == np.float64 else 1e-6


def assert_near(actual, expected, dtype, factor=1.0):
    """Equal to the dtype's tolerance, of the largest number where that exceeds 1."""
    size = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=tolerance(dtype), atol=factor * tolerance(dtype) * size)


def value_and_slope(name, arrays, **settings):
    """The loss and its gradient with respect to the prediction."""

    def loss(prediction):
        return getattr(F, name)(prediction, *arrays[1:], **settings)

    value, (gradient,) = tg.value_and_grad(loss)(arrays[0])
    return value, gradient


@name_law
@pytest.mark.covers(
    "L1: every loss is a function on arrays and an objective for training, with a reduction",
    "L3: the loss, output and metric that belong to a task",
    "L5: cross-entropy of class numbers, one-hot rows and distributions",
    "L7: the index form equals the one-hot form",
    "L11: squared error as a mean and as a sum",
    "L14: absolute error, and its slope at 0",
    "L20: focal loss",
    "L21: distillation with a temperature",
    "L22: large-margin softmax",
    "L23: label smoothing and other forms of the softmax loss",
    "L24: robust and other regression losses",
)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (13, 5), (64, 10), (3, 100), (257, 2)])
def test_each_loss_equals_the_reference(name, shape, isa, dtype):
    arrays = operands(name, *shape, dtype=dtype)
    each = getattr(F, name)(*arrays, reduction="none")
    expected, _ = getattr(reference, name)(*arrays)
    assert each.dtype == dtype
    assert each.shape == expected.shape
    assert_near(each, expected, dtype)


@name_law
@pytest.mark.covers(
    "L1: every loss is a function on arrays and an objective for training, with a reduction",
    "L11: squared error as a mean and as a sum",
)
def test_reductions_are_what_they_are_called(name, dtype):
    arrays = operands(name, 400, 7, dtype=dtype)
    expected, _ = getattr(reference, name)(*arrays)
    found = {each: getattr(F, name)(*arrays, reduction=each) for each in ("sum", "mean", "batchmean")}
    assert all(np.ndim(value) == 0 for value in found.values())
    assert_near(found["sum"] / expected.size, expected.mean(), dtype)
    assert_near(found["mean"], expected.mean(), dtype)
    assert_near(found["batchmean"], expected.sum() / 400, dtype)


@name_law
@pytest.mark.covers(
    "L1: every loss is a function on arrays and an objective for training, with a reduction",
    "G14: sums and means of gradients",
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradient_equals_the_reference(name, reduction, isa, dtype):
    arrays = operands(name, 37, 6, dtype=dtype)
    expected, slope = getattr(reference, name)(*arrays)
    count = expected.size if reduction == "mean" else 1
    value, gradient = value_and_slope(name, arrays, reduction=reduction)
    assert gradient.dtype == dtype
    assert_near(value, expected.sum() / count, dtype)
    assert_near(gradient * count, slope, dtype, factor=4)


@name_law
def test_gradient_equals_fourth_order_differences(name):
    prediction, *others = operands(name, 4, 3)

    def loss(moved):
        return getattr(F, name)(moved, *others)

    _, gradient = value_and_slope(name, [prediction, *others])
    numeric, finer = (fourth_order_gradient(tg.jit(loss), prediction, SMOOTH_STEP / cut) for cut in (1, 2))
    # Where the two steps differ there is a kink, or the domain ends.
    smooth = np.abs(numeric - finer) <= 1e-7 * np.maximum(1, np.abs(finer))
    assert smooth.mean() > 0.6
    np.testing.assert_allclose(gradient[smooth], finer[smooth], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in NAMES if LOSSES[name]["facts"]["zero_at_perfect"]])
def test_a_perfect_prediction_costs_nothing(name, isa, dtype):
    _, target, *others = operands(name, 6, 4, dtype=dtype)
    value, gradient = value_and_slope(name, [target.copy(), target, *others])
    assert abs(float(value)) <= tolerance(dtype)
    np.testing.assert_allclose(gradient, 0.0, atol=tolerance(dtype))
    worse = target.copy()
    worse[0, 0] = 0.5 * worse[0, 0] + 0.05
    assert float(getattr(F, name)(worse, target, *others)) > 1e-3


@name_law
@pytest.mark.covers("L2: which losses are never negative")
@given(st.integers(0, 10**6))
def test_losses_are_finite_and_not_negative(name, seed):
    arrays = operands(name, 6, 4, seed=seed)
    facts = LOSSES[name]["facts"]
    # The exponential of what is so far out is infinite.
    if facts["predictions"] == "real" and facts["output"] != "exp":
        arrays[0] = 1e3 * arrays[0]
    value, gradient = value_and_slope(name, arrays, reduction="sum")
    each = getattr(F, name)(*arrays, reduction="none")
    assert np.isfinite(each).all()
    assert np.isfinite(gradient).all()
    if facts["non_negative"]:
        assert (each >= -1e-13 * max(1.0, abs(value))).all()


@pytest.mark.covers("L2: which losses are never negative")
def test_some_losses_may_be_negative():
    assert F.poisson(np.array([0.0]), np.array([0.0])) == 1.0
    assert F.poisson(np.array([3.0]), np.array([20.0])) < 0
    assert F.gaussian_nll_loss(np.array([1.0]), np.array([1.0]), variance=np.array([0.01])) < 0
    assert F.cosine_distance(np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]]), style="keras") < 0


@name_law
def test_order_of_samples_is_irrelevant(name, dtype):
    arrays = operands(name, 500, 4, dtype=dtype)
    turned = by_rows(name, arrays, np.random.default_rng(1).permutation(500))
    order = np.random.default_rng(1).permutation(500)
    each = getattr(F, name)(*arrays, reduction="none")
    assert_near(getattr(F, name)(*turned), getattr(F, name)(*arrays), dtype)
    np.testing.assert_array_equal(getattr(F, name)(*turned, reduction="none"), each[order])


@name_law
def test_layout_is_irrelevant(name, dtype):
    prediction, target, *others = operands(name, 24, 6, dtype=dtype)
    each = getattr(F, name)(prediction, target, *others, reduction="none")
    wide = np.zeros((48, 2 * prediction.shape[1]), dtype)
    wide[::2, ::2] = prediction
    np.testing.assert_array_equal(getattr(F, name)(wide[::2, ::2], target, *others, reduction="none"), each)
    strange = [np.asfortranarray(each) if each.ndim == 2 else np.repeat(each, 2)[::2] for each in (target, *others)]
    np.testing.assert_array_equal(getattr(F, name)(np.asfortranarray(prediction), *strange, reduction="none"), each)


@name_law
def test_fused_instruction_sets_agree_bit_for_bit(name, with_isa, dtype):
    arrays = operands(name, 333, 7, dtype=dtype)
    seen = []
    for isa in (isa for isa in _core.machine()["isas"] if isa != "baseline"):
        with_isa(isa)
        value, gradient = value_and_slope(name, arrays)
        seen.append((np.asarray(value), gradient, getattr(F, name)(*arrays, reduction="none")))
    for result in seen:
        assert all(same_bits(a, b) for a, b in zip(result, seen[0], strict=True))


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.covers("L1: every loss is a function on arrays and an objective for training, with a reduction")
def test_class_function_and_name_are_one_thing(name):
    arrays = operands(name)
    value = getattr(F, name)(*arrays)
    types = {key.lower(): kind for key, kind in vars(losses).items() if isinstance(kind, type)}
    made = types[name.replace("_", "")]()
    assert float(made(*arrays)) == float(value)
    assert made.output in ("identity", "sigmoid", "softmax", "exp")
    assert repr(made) == f"{type(made).__name__}()"


@name_law
@pytest.mark.covers("L19: class weights with both normalisations")
def test_a_sample_of_weight_zero_is_removed(name, dtype):
    arrays = operands(name, 30, 4, dtype=dtype)
    weight = np.random.default_rng(0).integers(0, 3, 30).astype(dtype)
    kept = weight > 0
    fewer = by_rows(name, arrays, kept)
    for reduction in ("mean", "sum"):
        value, gradient = value_and_slope(name, arrays, sample_weight=weight, reduction=reduction)
        less, smaller = value_and_slope(name, fewer, sample_weight=weight[kept], reduction=reduction)
        assert_near(value, less, dtype, 8)
        assert_near(gradient[kept], smaller, dtype, 8)
        np.testing.assert_array_equal(gradient[~kept], 0.0)
    # The mean is the weighted sum over the sum of weights.
    each = getattr(F, name)(*arrays, reduction="none").astype(np.float64)
    mean = (each.reshape(30, -1).mean(axis=1) * weight).sum() / weight.sum()
    assert_near(getattr(F, name)(*arrays, sample_weight=weight, reduction="mean"), mean, dtype, 8)
    # A batch without weight moves nothing.
    assert not value_and_slope(name, arrays, sample_weight=np.zeros(30))[1].any()


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.covers("L19: class weights with both normalisations")
def test_class_weights_and_ignored_classes(name):
    arrays = operands(name, 60, 4)
    labels, weight = arrays[1], np.array([1.0, 3.0, 0.5, 0.0])
    each = getattr(F, name)(*arrays, reduction="none")
    np.testing.assert_allclose(
        getattr(F, name)(*arrays, weight=weight, reduction="none"), each * weight[labels], rtol=1e-12
    )
    for normalization, count in (("weights", weight[labels].sum()), ("samples", 60)):
        value = getattr(F, name)(*arrays, weight=weight, normalization=normalization)
        np.testing.assert_allclose(value, (each * weight[labels]).sum() / count, rtol=1e-12)
    marked = np.where(labels == 2, -100, labels)
    value, gradient = value_and_slope(name, [arrays[0], marked, *arrays[2:]], ignore_index=-100)
    np.testing.assert_allclose(value, each[labels != 2].mean(), rtol=1e-12)
    np.testing.assert_array_equal(gradient[labels == 2], 0.0)
    one_hot = np.eye(4)[labels]
    np.testing.assert_allclose(getattr(F, name)(arrays[0], one_hot, *arrays[2:], reduction="none"), each, rtol=1e-12)


@name_law
def test_gradients_have_gradients(name):
    """The Hessian times a direction, by the graph and by differences of the gradient."""
    prediction, *others = operands(name, 3, 3, seed=3)
    direction = np.random.default_rng(0).standard_normal(prediction.shape)
    gradient = tg.grad(lambda x: getattr(F, name)(x, *others))
    product = tg.grad(lambda x: (tg.grad(lambda y: getattr(F, name)(y, *others))(x) * direction).sum())(prediction)

    def differences(step):
        terms = [gradient(prediction + offset * step * direction) for offset in (-2, -1, 1, 2)]
        return (terms[0] - 8 * terms[1] + 8 * terms[2] - terms[3]) / (12 * step)

    numeric, finer = differences(1e-4), differences(5e-5)
    smooth = np.abs(numeric - finer) <= 1e-6 * np.maximum(1, np.abs(finer))
    assert smooth.mean() > 0.5
    np.testing.assert_allclose(product[smooth], finer[smooth], rtol=1e-5, atol=1e-6)


@name_law
def test_parameters_beyond_their_defaults_equal_the_reference(name):
    """Each parameter once at another value of its range, each choice at each option."""
    arrays, entry = operands(name, 40, 4), LOSSES[name]
    for parameter in entry["parameters"]:
        if parameter["name"] in ("normalization", "label_smoothing") and name == "cross_entropy":
            continue
        for value in others_of(parameter):
            settings = {parameter["name"]: value}
            taken = [of_domain_under(entry, operand, settings, array) for operand, array in enumerate(arrays)]
            if name == "distillation_loss" and parameter["name"] == "alpha":
                settings["labels"] = np.arange(40) % 4
            expected, slope = getattr(reference, name)(*taken, **settings)
            value, gradient = value_and_slope(name, taken, reduction="mean", **settings)
            assert_near(value, expected.mean(), np.float64)
            assert_near(gradient * expected.size, slope, np.float64, factor=8)


ODD = (float("nan"), float("inf"), -float("inf"), -1.0, -1e-300, 0.0, 1e300, True, "word", None, [1.0], object(), 1j)


@name_law
def test_every_setting_outside_its_range_is_refused_by_name(name):
    arrays = operands(name, 6, 4)
    others = [{"name": each, "default": None} for each in ("reduction", "style", "sample_weight")]
    if name in OF_CLASSES:
        others += [{"name": each, "default": None} for each in ("weight", "normalization", "ignore_index")]
    for parameter in [*LOSSES[name]["parameters"], *others]:
        for odd in ODD:
            if odd is None and parameter["name"] in ("style", "sample_weight", "weight", "ignore_index"):
                continue
            given, taken = {parameter["name"]: odd}, arrays
            if allowed(parameter, odd):
                taken = [of_domain_under(LOSSES[name], place, given, array) for place, array in enumerate(arrays)]
            if name == "distillation_loss" and parameter["name"] == "alpha":
                given["labels"] = np.arange(6) % 4
            if allowed(parameter, odd):
                assert not np.isnan(getattr(F, name)(*taken, **given)) or odd >= 1e300, given
                continue
            with pytest.raises((ValueError, TypeError), match=f"{name}: .*`{parameter['name']}`"):
                getattr(F, name)(*arrays, **given)


def allowed(parameter, value):
    """Whether a parameter may have this value."""
    if "choices" in parameter:
        return any(value == choice and type(value) is type(choice) for choice in parameter["choices"])
    if "low" not in parameter:
        return False
    if value is None:
        return parameter["default"] is None
    if parameter.get("per_class") and isinstance(value, list):
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, float):
        return False
    low, high = parameter["low"], parameter["high"]
    above = value >= low if parameter["low_closed"] else value > low
    return above and (value <= high if parameter["high_closed"] else value < high)


@name_law
@pytest.mark.parametrize("operand", ["prediction", "target"])
def test_numbers_outside_a_domain_are_refused_with_their_place(name, operand):
    arrays = operands(name, 6, 4)
    place = ["prediction", "target"].index(operand)
    domain = LOSSES[name]["facts"]["predictions" if place == 0 else "targets"]
    outside = {
        "unit_interval": [-0.1, 1.1, np.nan],
        "sign": [0.0, 0.5, np.nan],
        "non_negative": [-1e-3, np.nan],
        "above_minus_one": [-1.0, -3.0, np.nan],
        "distribution": [-0.1, 0.9, np.nan],
        "log_probabilities": [0.5, np.nan],
        "classes": [-1, 4],
    }.get(domain, [])
    for number in outside:
        wrong = arrays[place].copy()
        wrong[(2, *[1] * (wrong.ndim - 1))] = number
        given = [wrong if index == place else array for index, array in enumerate(arrays)]
        before = [array.copy() for array in given]
        with pytest.raises(ValueError, match=f"{name}: expected `{operand}`"):
            getattr(F, name)(*given)
        assert all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(given, before, strict=True))


@name_law
def test_shapes_and_dtypes_that_do_not_fit_are_refused(name):
    prediction, target, *others = operands(name, 6, 4)
    function = getattr(F, name)
    with pytest.raises(TypeError, match="prediction"):
        function(prediction.astype(np.int64), target, *others)
    with pytest.raises(TypeError, match="target"):
        function(prediction, target.astype(complex), *others)
    for wrong in (target[:5], target[None], np.concatenate([target, target])):
        with pytest.raises((ValueError, TypeError), match="target"):
            function(prediction, wrong, *others)
    with pytest.raises(ValueError, match=r"prediction|target"):
        function(*by_rows(name, [prediction, target, *others], slice(0)))
    for place in range(len(others)):
        with pytest.raises((ValueError, TypeError), match="expected"):
            function(prediction, target, *[each[:, :1, None] if place == i else each for i, each in enumerate(others)])


def others_of(parameter):
    """Values of a parameter other than its default."""
    if "choices" in parameter:
        return [each for each in parameter["choices"] if each != parameter["default"]]
    low, high = max(parameter["low"], -2.0), min(parameter["high"], 4.0)
    inside = [low + share * (high - low) for share in (0.2, 0.6)]
    return [*inside, parameter["low"]] if parameter["low_closed"] else inside


def of_domain_under(entry, operand, settings, array):
    """The operand itself, or one of the domain that these settings ask for."""
    for name, option, which, domain in entry["facts"]["domains"]:
        if settings.get(name) == option and ["prediction", "target"].index(which) == operand:
            return of_domain(domain, array.shape, array.dtype, np.random.default_rng(0))
    return array


@name_law
def test_the_examples_of_a_loss_run(name):
    for documented in (getattr(F, name), losses.NAMED[name]):
        names = {name: getattr(F, name), "np": np}
        test = doctest.DocTestParser().get_doctest(documented.__doc__, names, name, None, 0)
        assert test.examples
        assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", [name for name in NAMES if LOSSES[name]["facts"]["targets"] == "real"])
def test_losses_of_amounts_have_a_slope_toward_the_target(name):
    prediction, target, *others = operands(name, 4, 3)
    # Inside a function of one's own the target is an argument like any other.
    loss = tg.value_and_grad(lambda x, t: getattr(F, name)(x, t, *others))
    _, (_, slope) = loss(prediction, target)
    numeric, finer = (
        fourth_order_gradient(lambda moved: loss(prediction, moved)[0], target, SMOOTH_STEP / cut) for cut in (1, 2)
    )
    smooth = np.abs(numeric - finer) <= 1e-7 * np.maximum(1, np.abs(finer))
    assert smooth.mean() > 0.6
    np.testing.assert_allclose(slope[smooth], finer[smooth], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_object_can_be_copied(name):
    """A copy has the settings, also as attributes."""
    loss = losses.NAMED[name](reduction="sum")
    for copied in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert repr(copied) == repr(loss)
        assert all(getattr(copied, each) is value for each, value in loss.settings().items() if value is None)
        assert set(loss.settings()) <= set(vars(copied))

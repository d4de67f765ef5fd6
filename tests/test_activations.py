"""Laws of every activation in the registry, on every instruction set of this machine, in float32 and float64."""

import numpy as np
import pytest
import reference
from helpers import ACTIVATIONS, is_normal, kinks_of, same_bits, settings_of, ulp_error
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS, arrays, moderate, sample, strided
from tilegrad import _core
from tilegrad import functional as F

NAMES = list(ACTIVATIONS)
name_law = pytest.mark.parametrize("name", NAMES)


CASES = [(name, values) for name in NAMES for values in settings_of(name)]
case_law = pytest.mark.parametrize(("name", "values"), CASES, ids=lambda case: str(case))


def expected(name, values, x):
    return getattr(reference, name)(x, *values)


def amplification(name, values, x):
    """How much the *formula itself* magnifies the rounding of an inner argument, in units of the last place.

    A float64 oracle for a float64 kernel has this error too: near a zero of f, or where exp of a large rounded argument
    is taken.
    """
    value, slope = expected(name, values, x)
    with np.errstate(all="ignore"):
        condition = np.abs(x * slope / value)
    return np.where(np.isfinite(condition), condition, 0.0)


@case_law
def test_value_is_within_its_stated_bound(name, values, isa, dtype):
    x = sample(dtype)
    if not is_default(name, values):
        # A parameter times x may overflow at the very end, where x itself does not.
        x = x[np.isinf(x) | (np.abs(x) < np.finfo(dtype).max / 4)]
    value, _ = expected(name, values, x)
    actual = _core.Activation(name, values)(x)
    assert actual.dtype == dtype
    assert actual.shape == x.shape
    bound = ACTIVATIONS[name]["facts"]["ulp_f32" if dtype == np.float32 else "ulp_f64"]
    if not is_default(name, values):
        # The product with a parameter rounds once more and the exponential magnifies that.
        bound = bound + 2 + 2 * amplification(name, values, x)
    if dtype == np.float64:
        bound = bound + 4 + 6 * amplification(name, values, x)
    # Half a unit in the last place belongs to the rounding of the exact result itself.
    worse = (ulp_error(actual, value) > bound + 0.5) & is_normal(value, dtype)
    assert not worse.any(), report(x, actual, value, worse)
    with np.errstate(over="ignore"):
        rounded = value.astype(dtype)
    overflown = np.isinf(rounded)
    np.testing.assert_array_equal(actual[overflown], rounded[overflown])
    small = ~is_normal(value, dtype) & ~overflown
    # Below the normal numbers, where the oracle itself has few digits: near enough, and exact where nothing is rounded.
    error = np.abs(actual[small].astype(float) - value[small])
    exact = is_default(name, values) and ACTIVATIONS[name]["facts"]["ulp_f32"] == 0
    assert np.all(error <= (0.0 if exact else np.finfo(dtype).tiny))


def is_default(name, values):
    return values == tuple(parameter["default"] for parameter in ACTIVATIONS[name]["parameters"])


def report(x, actual, value, worse):
    worst = np.argmax(np.where(worse, ulp_error(actual, value), -1))
    return f"{worse.sum()} values; worst at {x[worst]!r}: {actual[worst]!r} for {value[worst]!r}"


@case_law
def test_slope_equals_the_reference(name, values, isa, dtype):
    x = sample(dtype)
    # The kink's own derivative is a table of its own; far out float32 squares overflow to limits both agree on.
    _, slope = expected(name, values, x)
    actual = _core.Activation(name, values).backward(np.ones_like(x), x)
    assert actual.dtype == dtype
    tolerance = 40 * np.finfo(dtype).eps
    with np.errstate(over="ignore"):
        slope = slope.astype(dtype)
    np.testing.assert_allclose(actual, slope, rtol=tolerance, atol=tolerance)


@case_law
def test_slope_equals_a_central_difference(name, values, isa):
    activation = _core.Activation(name, values)
    x = np.linspace(-6, 6, 997)
    for kink in (0.0, *kinks_of(name, values)):
        x = x[np.abs(x - kink) > 1e-3]
    step = 1e-4
    terms = [activation(x + offset * step) for offset in (-2, -1, 1, 2)]
    difference = (terms[0] - 8 * terms[1] + 8 * terms[2] - terms[3]) / (12 * step)
    np.testing.assert_allclose(activation.backward(np.ones_like(x), x), difference, rtol=1e-8, atol=1e-9)


@name_law
def test_backward_multiplies_by_the_arriving_gradient(name, isa, dtype):
    x = np.linspace(-3, 3, 37).astype(dtype)
    gradient = np.linspace(2, -5, 37).astype(dtype)
    activation = _core.Activation(name)
    product = gradient * activation.backward(np.ones_like(x), x)
    np.testing.assert_allclose(activation.backward(gradient, x), product, rtol=4 * np.finfo(dtype).eps, atol=1e-30)


@name_law
def test_the_head_of_the_result_is_the_result_of_the_head(name, isa, dtype):
    """A tail that is computed by other arithmetic than the body shows up here."""
    x = sample(dtype, count=200)[:130]
    gradient = sample(dtype, count=200, seed=1)[:130]
    activation = _core.Activation(name)
    whole, whole_back = activation(x), activation.backward(gradient, x)
    for length in range(len(x)):
        assert same_bits(activation(x[:length]), whole[:length]), length
        assert same_bits(activation.backward(gradient[:length], x[:length]), whole_back[:length]), length


@name_law
def test_fused_instruction_sets_agree_bit_for_bit(name, with_isa, dtype):
    x = sample(dtype)
    gradient = np.roll(x, 7)
    activation = _core.Activation(name)
    results = []
    for isa in (isa for isa in _core.machine()["isas"] if isa != "baseline"):
        with_isa(isa)
        results.append((activation(x), activation.backward(gradient, x)))
    for value, back in results[1:]:
        assert same_bits(value, results[0][0])
        assert same_bits(back, results[0][1])


@name_law
def test_in_place_equals_out_of_place(name, isa, dtype):
    x = sample(dtype, count=3000)
    activation = _core.Activation(name)
    out = np.full_like(x, 7)
    assert activation(x, out=out) is out
    assert same_bits(out, activation(x))
    own = x.copy()
    assert activation(own, out=own) is own
    assert same_bits(own, out)
    gradient = np.roll(x, 11)
    back = activation.backward(gradient, x)
    own = gradient.copy()
    activation.backward(own, x, out=own)
    assert same_bits(own, back)
    own = x.copy()
    activation.backward(gradient, own, out=own)
    assert same_bits(own, back)


@name_law
@given(pair=strided())
def test_layout_is_irrelevant(name, pair):
    view, plain = pair
    activation = _core.Activation(name)
    before = view.copy()
    assert same_bits(activation(view), activation(plain))
    assert same_bits(activation.backward(view, view), activation.backward(plain, plain))
    assert same_bits(view, before), "the input was changed"
    out = np.empty(view.shape, view.dtype)[::-1] if view.ndim == 1 else np.empty_like(view, order="F")
    activation(view, out=out)
    assert same_bits(out, activation(plain))


@name_law
@given(x=arrays())
def test_shape_and_dtype_are_kept_and_nan_stays(name, x):
    activation = _core.Activation(name)
    result = activation(x)
    assert result.shape == x.shape
    assert result.dtype == x.dtype
    assert np.isnan(result[np.isnan(x)]).all()
    assert not np.isnan(result[~np.isnan(x)]).any(), "a number became NaN"
    back = activation.backward(np.ones_like(x), x)
    assert back.shape == x.shape
    _, slope = getattr(reference, name)(x)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(slope))


@case_law
def test_limits_at_the_infinities(name, values, isa, dtype):
    x = np.array([-np.inf, np.inf, -0.0, 0.0], dtype)
    value, slope = expected(name, values, x)
    activation = _core.Activation(name, values)
    np.testing.assert_array_equal(activation(x)[:2], value[:2].astype(dtype))
    np.testing.assert_allclose(activation(x)[2:], value[2:], rtol=np.finfo(dtype).eps)
    np.testing.assert_allclose(activation.backward(np.ones_like(x), x), slope, rtol=4 * np.finfo(dtype).eps)


@name_law
def test_declared_bounds_hold_everywhere(name, isa, dtype):
    low, high = ACTIVATIONS[name]["facts"]["bounds"]
    result = _core.Activation(name)(sample(dtype))
    slack = 4 * np.finfo(dtype).eps
    low_slack = slack * abs(low) if low not in (0.0, -1.0) else 0.0
    assert result.min() >= low - low_slack if np.isfinite(low) else True
    assert result.max() <= high
    # A bound that is never approached says nothing.
    if np.isfinite(low):
        assert result.min() <= low + 1e-3
    if np.isfinite(high):
        assert result.max() >= high - 1e-3


@name_law
def test_declared_parity_holds_bit_for_bit(name, isa, dtype):
    x = sample(dtype)
    activation = _core.Activation(name)
    parity = ACTIVATIONS[name]["facts"]["parity"]
    if parity == "odd":
        assert same_bits(activation(-x), -activation(x))
    elif parity == "even":
        assert same_bits(activation(-x), activation(x))
    else:
        assert not same_bits(activation(-x), -activation(x)), "it is odd, but not declared so"
        assert not same_bits(activation(-x), activation(x)), "it is even, but not declared so"


@name_law
def test_declared_monotone_holds_in_the_tails_too(name, isa, dtype):
    activation = _core.Activation(name)
    facts = ACTIVATIONS[name]["facts"]
    if not facts["monotone"]:
        falls = np.diff(activation(np.linspace(-6, 6, 241).astype(dtype)))
        assert (falls < -1e-3).any(), "it never falls, but is not declared monotone"
        return
    x = np.unique(sample(dtype))
    y = activation(x)
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    # Between neighbours the rounding of each may show, but never more than the stated error allows.
    unit = np.finfo(dtype).eps * np.maximum(np.abs(y[:-1]), np.abs(y[1:])) + np.finfo(dtype).tiny
    bound = facts["ulp_f32" if dtype == np.float32 else "ulp_f64"]
    fall = y[:-1].astype(np.float64) - y[1:]
    assert np.all(fall <= 2 * (bound + 0.5) * unit)
    # Where it is saturated or straight there is no excuse.
    _, slope = expected(name, settings_of(name)[0], x)
    eps = np.finfo(dtype).eps
    with np.errstate(invalid="ignore", over="ignore"):
        rise = np.abs(x * slope)
    plain = (rise <= eps * np.abs(y) / 4) | (np.abs(rise - np.abs(y)) <= eps * np.abs(y) / 4)
    far = ((x[:-1] > 50) | (x[1:] < -110 if dtype == np.float32 else x[1:] < -750)) & plain[:-1] & plain[1:]
    assert far.sum() > 1000
    assert np.all(fall[far] <= 0)


# At a kink the derivative is a convention: ours is documented and stands here, beside those of the peers.
KINKS = [
    ("relu", (), 0.0, 0.0),  # PyTorch 0, JAX 0
    ("relu", (), -0.0, 0.0),
    ("leaky_relu", (0.01,), 0.0, 0.01),  # PyTorch 0.01, JAX 1
    ("elu", (1.0,), 0.0, 1.0),  # both 1
    ("elu", (0.5,), 0.0, 0.5),
    ("selu", (), 0.0, 1.7580993408473768),  # both
    ("relu6", (), 0.0, 0.0),  # both 0
    ("relu6", (), 6.0, 0.0),  # both 0
    ("threshold", (0.5, -2.0), 0.5, 0.0),  # PyTorch 0
    ("hard_tanh", (-1.0, 1.0), -1.0, 0.0),  # PyTorch 0, JAX 1
    ("hard_tanh", (-1.0, 1.0), 1.0, 0.0),
    ("hard_sigmoid", (), -3.0, 0.0),  # PyTorch 0
    ("hard_sigmoid", (), 3.0, 0.0),
    ("hard_swish", (), -3.0, 0.0),
    ("hard_swish", (), 3.0, 1.0),
    ("soft_shrink", (0.5,), 0.5, 0.0),  # PyTorch 0
    ("soft_shrink", (0.5,), -0.5, 0.0),
    ("hard_shrink", (0.5,), 0.5, 0.0),  # PyTorch 0
    ("hard_shrink", (0.5,), -0.5, 0.0),
    # No kinks, but often taken for some.
    ("identity", (), 0.0, 1.0),
    ("celu", (2.0,), 0.0, 1.0),
    ("squared_relu", (), 0.0, 0.0),
    ("softsign", (), 0.0, 1.0),
    ("tanh_shrink", (), 0.0, 0.0),
]


@pytest.mark.covers("A18: the derivative at kinks")
@pytest.mark.parametrize(("name", "values", "x", "slope"), KINKS)
def test_slope_at_kinks(name, values, x, slope, isa, dtype):
    one = np.ones(1, dtype)
    assert _core.Activation(name, values).backward(one, np.array([x], dtype))[0] == dtype(slope)


@pytest.mark.covers("A18: the derivative at kinks")
@case_law
def test_slope_at_every_kink_is_that_of_the_reference(name, values):
    x = np.array([*kinks_of(name, values), -0.0, 0.0])
    _, slope = expected(name, values, x)
    actual = _core.Activation(name, values).backward(np.ones_like(x), x)
    np.testing.assert_allclose(actual, slope, rtol=4 * np.finfo(x.dtype).eps)


@name_law
def test_function_and_its_backward_take_the_same_parameters(name, dtype):
    x = np.linspace(-4, 4, 33).astype(dtype).reshape(3, 11)
    gradient = np.ones_like(x)
    for values in settings_of(name):
        activation = _core.Activation(name, values)
        assert same_bits(getattr(F, name)(x, *values), activation(x))
        assert same_bits(getattr(F, f"{name}_backward")(gradient, x, *values), activation.backward(gradient, x))
        keywords = {
            parameter["name"]: value for parameter, value in zip(ACTIVATIONS[name]["parameters"], values, strict=True)
        }
        assert same_bits(getattr(F, name)(x, **keywords), activation(x))
        out = np.empty_like(x)
        assert getattr(F, name)(x, *values, out=out) is out
        assert same_bits(out, activation(x))
    for alias in ACTIVATIONS[name]["aliases"]:
        assert same_bits(getattr(F, alias)(x), getattr(F, name)(x))


@given(data=st.data())
def test_a_sum_of_parts_is_the_whole(data):
    """Cutting the work anywhere changes no bit."""
    dtype = data.draw(st.sampled_from(FLOATS))
    x = data.draw(arrays(dtype=dtype, shape=data.draw(st.integers(1, 200)), elements=moderate(dtype)))
    cut = data.draw(st.integers(0, len(x)))
    for name in NAMES:
        activation = _core.Activation(name)
        parts = np.concatenate([activation(x[:cut]), activation(x[cut:])])
        assert same_bits(parts, activation(x)), name


@pytest.mark.parametrize("count", [1, 2, 3])
def test_large_arrays_give_the_same_bits_for_any_number_of_threads(count, with_threads):
    x = np.linspace(-30, 30, 1_000_003).astype(np.float32)
    with_threads(1)
    alone = F.gelu(x)
    with_threads(count)
    assert same_bits(F.gelu(x), alone)

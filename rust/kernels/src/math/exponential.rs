//! exp and what is made of it: expm1, tanh, sigmoid, softplus.
//!
//! All begin with Cody and Waite's reduction `x = n ln 2 + r`, |r| up to ln(2)/2 (Software Manual for the Elementary
//! Functions, 1980), and the series `exp(r) - 1 = r + r^2 q(r)`.

use super::Tables;
use super::exact::product_error;
use crate::real::Real;

/// `exp(x) = 2^n (1 + fraction)`, with `shifted = ROUNDER + n` and `fraction = remainder + remainder^2 series`.
pub(super) struct Power<R> {
    shifted: R,
    remainder: R,
    series: R,
    fraction: R,
}

/// Splits `exp(x + tail)`; x is within the range of exp, or NaN.
#[inline(always)]
pub(super) fn split<R: Real>(x: R, tail: Option<R>) -> Power<R> {
    let (shifted, remainder) = reduce(x, tail);
    let series = R::Element::exp_series(remainder);
    Power { shifted, remainder, series, fraction: (remainder * remainder).mul_add(series, remainder) }
}

/// As [`split`], where the power and not its fraction counts.
#[inline(always)]
pub(super) fn split_short<R: Real>(x: R, tail: Option<R>) -> Power<R> {
    let (shifted, remainder) = reduce(x, tail);
    let series = R::Element::exp_short(remainder, 1.0, 1.0);
    Power { shifted, remainder, series, fraction: (remainder * remainder).mul_add(series, remainder) }
}

/// `ROUNDER + n` and r of `x + tail = n ln 2 + r`.
#[inline(always)]
fn reduce<R: Real>(x: R, tail: Option<R>) -> (R, R) {
    let rounder = R::constant(R::Element::ROUNDER);
    let shifted = x.mul_add(R::constant(std::f64::consts::LOG2_E), rounder);
    let n = shifted - rounder;
    // The first product is exact, and so is the difference.
    let high = n.mul_add(R::constant(-R::Element::LN_2_HIGH), x);
    let low = R::constant(-R::Element::LN_2_LOW);
    (shifted, if let Some(tail) = tail { high + n.mul_add(low, tail) } else { n.mul_add(low, high) })
}

impl<R: Real> Power<R> {
    /// `2^(n + offset)`, where that is a normal number.
    #[inline(always)]
    pub(super) fn scale(&self, offset: i32) -> R {
        R::load(R::Element::power_of_two(self.shifted.store(), offset))
    }

    /// `1 + fraction` in two numbers: 1 is added to the remainder first, and what that rounds off goes into the rest,
    /// which saves the rounding of `fraction`.
    #[inline(always)]
    fn significand(&self) -> (R, R) {
        let sum = R::one() + self.remainder;
        let low = self.remainder - (sum - R::one());
        (sum, (self.remainder * self.remainder).mul_add(self.series, low))
    }

    /// The whole power, down to subnormal numbers.
    #[inline(always)]
    fn value(&self) -> R {
        let (first, second) = R::Element::powers_of_two(self.shifted.store());
        let (sum, rest) = self.significand();
        (sum + rest) * R::load(first) * R::load(second)
    }

    /// `(1 + fraction) factor`.
    #[inline(always)]
    pub(super) fn times(&self, factor: R) -> R {
        if !R::FUSED {
            // Rounding the large product would cost more than `fraction` does.
            return self.fraction.mul_add(factor, factor);
        }
        let (sum, rest) = self.significand();
        factor.mul_add(sum, factor * rest)
    }
}

/// `exp(x)`. Error at most 1 ULP; measured 0.80 (f32), 0.71 (f64).
///
/// `exp(±0) = 1`, `exp(-inf) = 0`, `exp(inf) = inf`, NaN stays. Results become subnormal, then zero, without a jump.
#[inline(always)]
pub(crate) fn exp<R: Real>(x: R) -> R {
    split_short(x.clamp(R::constant(R::Element::EXP_LOW), R::constant(R::Element::EXP_HIGH)), None).value()
}

/// `exp(x + tail)`, as [`exp`]. `tail` is small against a unit of 1.
#[inline(always)]
pub(crate) fn exp_sum<R: Real>(x: R, tail: R) -> R {
    split_short(x.clamp(R::constant(R::Element::EXP_LOW), R::constant(R::Element::EXP_HIGH)), Some(tail)).value()
}

/// `exp(x) 2^LIFT` for x up to 0, without its subnormal numbers: what it takes to sum exponentials, whose lift goes
/// with a division by the sum. Relative error: 2e-7 and 3e-9 for each unit that x is below 0 (f32); 3e-16 (f64).
///
/// `x = -inf` gives `2^LIFT` times a number that is zero without the lift; NaN stays.
#[inline(always)]
pub(crate) fn exp_lifted<R: Real>(x: R) -> R {
    let x = least_exponent(x);
    rough(x, R::Element::LIFT)
}

/// `exp(x)` for `x` from -87 to 87, with the error of [`exp_lifted`]: for slopes, whose errors count beside 1.
#[inline(always)]
pub(crate) fn exp_rough<R: Real>(x: R) -> R {
    rough(x, 0)
}

/// `exp(x) 2^lift`, a normal number.
#[inline(always)]
fn rough<R: Real>(x: R, lift: i32) -> R {
    let (one, rounder) = (R::one(), R::constant(R::Element::ROUNDER + f64::from(lift)));
    let shifted = x.mul_add(R::constant(std::f64::consts::LOG2_E), rounder);
    let n = shifted - rounder;
    let remainder = if R::Element::LN_2_IN_ONE {
        n.mul_add(R::constant(-std::f64::consts::LN_2), x)
    } else {
        n.mul_add(R::constant(-R::Element::LN_2_LOW), n.mul_add(R::constant(-R::Element::LN_2_HIGH), x))
    };
    let power = remainder.mul_add(remainder.mul_add(R::Element::exp_short(remainder, 1.0, 1.0), one), one);
    R::load(R::Element::times_power_of_two(power.store(), shifted.store()))
}

/// `exp(x) - 1`, as `2^n (exp(r) - 1) + (2^n - 1)`. Error at most 2 ULP; measured 1.44 (f32), 1.74 (f64).
///
/// `expm1(±0) = ±0`, `expm1(-inf) = -1`, `expm1(inf) = inf`, NaN stays.
#[inline(always)]
pub(crate) fn expm1<R: Real>(x: R) -> R {
    let power = split(x.clamp(R::constant(R::Element::EXPM1_LOW), R::constant(R::Element::EXP_HIGH)), None);
    // Half of it: 2^n itself may be beyond the largest number where the result is not.
    let half = power.scale(-1);
    let result = power.fraction.mul_add(half, half - R::constant(0.5));
    (result + result).copysign(x)
}

/// `scale expm1(x)` for x up to 0, where `scale` lacks `low` of the constant meant: expm1 and the product come in two
/// numbers, and all is rounded once. Relative error at most that of expm1.
#[inline(always)]
pub(crate) fn expm1_scaled<R: Real>(x: R, scale: f64, low: f64) -> R {
    let power = split(x.clamp(R::constant(R::Element::EXPM1_LOW), R::zero()), None);
    let factor = power.scale(0);
    // The product with a power of two is exact, and so is what the sum lacks.
    let whole = factor - R::one();
    let sum = power.fraction.mul_add(factor, whole);
    let rest = power.fraction.mul_add(factor, whole - sum);
    let (scale, scale_low) = R::split_constant(scale, low);
    let product = sum * scale;
    let product_low = sum.mul_add(scale_low, product_error(sum, scale, product));
    (product + rest.mul_add(scale, product_low)).copysign(x)
}

/// `x - tanh(x)`: a series in x^2 times x^3 in two numbers up to 1.5, the difference beyond.
///
/// Odd: `tanh_shrink(±0) = ±0`, `tanh_shrink(±inf) = ±inf`, NaN stays.
#[inline(always)]
pub(crate) fn tanh_shrink<R: Real>(x: R) -> R {
    let square = x * x;
    let square_low = product_error(x, x, square);
    let cube = square * x;
    let cube_low = square_low.mul_add(x, product_error(square, x, cube));
    let series = R::Element::tanh_shrink_series(square);
    let inner = cube.mul_add(series, cube_low * series);
    R::select(x.abs() < R::constant(R::Element::SHRINK_SERIES_HIGH), inner, x - tanh(x)).copysign(x)
}

/// `x tanh(ln(1 + exp(x)))`, as `x e (1 - e (e + 1) / (e (e + 2) + 2))` with `e = exp(x)` below 0, and
/// `x (1 - 2 e^2 / (2 e (e + 1) + 1))` with `e = exp(-x)` above: what is taken from 1 needs few digits.
///
/// Accurate down to the smallest normal result. `mish(-inf) = -0`, `mish(inf) = inf`, NaN stays.
#[inline(always)]
pub(crate) fn mish<R: Real>(x: R) -> R {
    let (one, two, lower) = (R::one(), R::constant(2.0), R::constant(R::Element::LOWER));
    let power = split_short(least_exponent(-x.abs()), None);
    let lifted = power.scale(R::Element::LIFT);
    let lifted = power.fraction.mul_add(lifted, lifted);
    let e = lifted * lower;
    let below = x < R::zero();
    let numerator = e * R::select(below, e + one, e + e);
    let denominator = R::select(below, e.mul_add(e + two, two), (e + e).mul_add(e + one, one));
    let low = R::constant(R::Element::EXP_LOW);
    let limited = R::select(low > x, low, x);
    let gate = one - numerator / denominator;
    (limited * gate) * R::select(below, lifted, one) * R::select(below, lower, one)
}

/// `tanh(x)`, as `-e / (2 + e)` with `e = expm1(-2|x|)`. Error at most 2 ULP; measured 1.91 (f32), 1.82 (f64).
///
/// Odd: `tanh(±0) = ±0`, `tanh(±inf) = ±1`, never beyond ±1; NaN stays; subnormal numbers stay.
#[inline(always)]
pub(crate) fn tanh<R: Real>(x: R) -> R {
    let size = x.abs();
    let limit = R::constant(R::Element::TANH_HIGH);
    let size = R::select(limit < size, limit, size);
    let power = split(R::constant(-2.0) * size, None);
    let scale = power.scale(0);
    let numerator = power.fraction.mul_add(scale, scale - R::one());
    let denominator = power.fraction.mul_add(scale, scale + R::one());
    (numerator / denominator).copysign(x)
}

/// `1 / (1 + exp(-x))`. Error at most 2 ULP; measured 1.70 (f32), 1.34 (f64).
///
/// Accurate down to the smallest normal result. `sigmoid(-inf) = 0`, `sigmoid(inf) = 1`, NaN stays.
#[inline(always)]
pub(crate) fn sigmoid<R: Real>(x: R) -> R {
    sigmoid_scaled(x.clamp(R::constant(R::Element::EXP_LOW), R::constant(50.0)), None, R::one())
}

/// `scale * sigmoid(x + tail)`, as `scale / (1 + e)` with `e = exp(-x - tail)`, where the sum is rounded once. Error at
/// most 2 ULP; measured 1.70, with a scale 1.78 (f32), 1.34 (f64). With a tail at most 4 ULP.
///
/// Accurate down to the smallest normal result; `x` is from `EXP_LOW`, where the result is zero, to 50, where it is
/// `scale`, or NaN. `scale` is below a 2^40th (f64: 2^64th) of the largest number.
// A closure need not be inlined, and would then be compiled for the baseline.
#[allow(clippy::manual_map)]
#[inline(always)]
pub(crate) fn sigmoid_scaled<R: Real>(x: R, tail: Option<R>, scale: R) -> R {
    let power = split_short(-x, if let Some(tail) = tail { Some(-tail) } else { None });
    let (lower, lowered) = (R::constant(R::Element::LOWER), power.scale(-R::Element::LIFT));
    // Where 2^n is so large that 1 is lost beside it, 1 over it goes into the fraction.
    let lost = lower - ((lower + lowered) - lowered);
    let reciprocal = R::load(R::Element::one_over_power_of_two(lowered.store()));
    one_over_one_plus(lost.mul_add(reciprocal, power.fraction), lowered, scale)
}

/// `scale / (1 + 2^-(x + tail))`, as [`sigmoid_scaled`]; `x` is from -1088 (f32: -164) to 72.
#[inline(always)]
pub(crate) fn sigmoid2_scaled<R: Real>(x: R, tail: R, scale: R) -> R {
    let rounder = R::constant(R::Element::ROUNDER);
    let shifted = rounder - x;
    let remainder = ((rounder - shifted) - x) - tail;
    let lowered = R::load(R::Element::power_of_two(shifted.store(), -R::Element::LIFT));
    one_over_one_plus(R::Element::exp2_fraction(remainder), lowered, scale)
}

/// `scale / (1 + e)` for `e = (1 + fraction) lowered / LOWER`. All is lowered, for e may be beyond the largest number.
#[inline(always)]
fn one_over_one_plus<R: Real>(fraction: R, lowered: R, scale: R) -> R {
    let lower = R::constant(R::Element::LOWER);
    (scale / fraction.mul_add(lowered, lower + lowered)) * lower
}

/// `ln(1 + exp(x + tail))`, as `max(x, 0) + ln(1 + e)` with `e = exp(-|x|)`. Error at most 2 ULP; measured
/// 1.86 (f32), 1.39 (f64).
///
/// Accurate down to the smallest normal result. `x = -inf` gives 0, `x = inf` gives inf, NaN stays.
#[inline(always)]
pub(crate) fn softplus<R: Real>(x: R, tail: Option<R>) -> R {
    let power = split_short(least_exponent(-x.abs()), signed(tail, x));
    let lifted = power.scale(R::Element::LIFT);
    let e = power.fraction.mul_add(lifted, lifted) * R::constant(R::Element::LOWER);
    R::select(x > R::zero(), x, R::zero()) + R::Element::ln_1p_series(e)
}

/// The rounding error of -|x|, from that of x.
// A closure need not be inlined, and would then be compiled for the baseline.
#[allow(clippy::manual_map)]
#[inline(always)]
fn signed<R: Real>(tail: Option<R>, x: R) -> Option<R> {
    if let Some(tail) = tail { Some(R::select(x < R::zero(), tail, -tail)) } else { None }
}

/// A negative argument of exp, or `EXP_LOW` where it is less; NaN stays.
#[inline(always)]
pub(crate) fn least_exponent<R: Real>(argument: R) -> R {
    let lowest = R::constant(R::Element::EXP_LOW);
    R::select(lowest > argument, lowest, argument)
}

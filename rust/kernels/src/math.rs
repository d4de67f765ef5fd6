//! Transcendental functions, branch-free, each with its method and measured error.
//!
//! - One method serves both precisions: it is written over [`Real`], and [`Tables`] gives what depends on the precision
//!   (coefficients, ends of the range, the layout of the bits). Coefficients are minimax fits of our own over the
//!   stated range.
//! - [`Fused`](crate::real::Fused) numbers of either precision and [`Plain`](crate::real::Plain) doubles run these
//!   functions as they are; plain singles run them in double precision and round once.
//! - Where rounding an argument would cost digits (exponentials far from zero), functions take its rounding error too.
//! - Errors are in units in the last place of the true result, wherever that is a normal number; below, absolute errors
//!   stay within one or two of the smallest subnormal. Single precision was measured over all 2^32 inputs
//!   (`tests/exhaustive.rs`), double precision against 12,000 values a function to 50 digits (`tests/golden.rs`).

mod bits;
mod double;
mod exact;
mod exponential;
mod gaussian;
mod logarithm;
mod single;

pub(crate) use exact::exact_product;
pub(crate) use exponential::{
    exp, exp_lifted, exp_rough, exp_sum, expm1, expm1_scaled, least_exponent, mish, sigmoid, sigmoid_scaled,
    sigmoid2_scaled, softplus, tanh, tanh_shrink,
};
pub(crate) use gaussian::{erf, erfc, gelu, gelu_slope};
pub(crate) use logarithm::{ln, ln_1p};

use bits::bits;

use crate::real::Real;

/// What the functions of this module need to know of a precision.
pub trait Tables: Sized {
    /// Adding it to a small number leaves the nearest integer in the low bits: 1.5 times two to the digits after the
    /// first.
    const ROUNDER: f64;
    /// Leading bits of ln 2, so few that an exponent times it is exact.
    const LN_2_HIGH: f64;
    /// The rest of ln 2.
    const LN_2_LOW: f64;
    /// Whether the nearest number is near enough to ln 2 for a rough exponential.
    const LN_2_IN_ONE: bool;
    /// Below, `exp` is zero, even times the largest scale that comes with such an argument.
    const EXP_LOW: f64;
    /// Above, `exp` is infinite.
    const EXP_HIGH: f64;
    /// Below, `expm1` is -1.
    const EXPM1_LOW: f64;
    /// Above, `tanh` is 1.
    const TANH_HIGH: f64;
    /// Above, `normal_cdf` of the negative number is zero.
    const NORMAL_HIGH: f64;
    /// Below, `gelu_tanh` is zero.
    const GELU_TANH_LOW: f64;
    /// How far exponents are lifted so that `exp` of anything above `EXP_LOW` is a normal number.
    const LIFT: i32;
    /// Two to the power of minus `LIFT`.
    const LOWER: f64;
    /// Smallest normal number.
    const SMALLEST_NORMAL: f64;
    /// Largest number.
    const LARGEST: f64;
    /// A power of two over which the square of the largest number is far from infinite.
    const LARGE_UNIT: f64;
    /// Where `tanh_shrink` goes over from its series to the difference.
    const SHRINK_SERIES_HIGH: f64 = 1.5;

    /// `q` in `exp(r) = 1 + r + r^2 q(r)`, for |r| up to ln(2)/2.
    fn exp_series<R: Real<Element = Self>>(r: R) -> R;
    /// `first q(ratio r)` with the q of `exp_series`, good enough where `exp(r)` and not `exp(r) - 1` counts; `first`
    /// and `ratio` are powers of two.
    fn exp_short<R: Real<Element = Self>>(r: R, first: f64, ratio: f64) -> R;
    /// `2^f - 1`, for |f| up to 1/2, good enough where `2^f` counts.
    fn exp2_fraction<R: Real<Element = Self>>(f: R) -> R;
    /// `ln(1 + f) - f`, for 1 + f from sqrt(1/2) to sqrt(2).
    fn ln_series<R: Real<Element = Self>>(f: R) -> R;
    /// `ln(1 + e)`, for e from 0 to 1.
    fn ln_1p_series<R: Real<Element = Self>>(e: R) -> R;
    /// `exp(t^2 / 2) erfc(t / sqrt(2)) / 2` for t from 0 to `NORMAL_HIGH`, as `p / (2 p(0) + t (sqrt(2 pi) p + q))`
    /// with polynomials p and q: far out, what rounds p rounds both halves of the fraction, and most of the error goes.
    /// Gives p and `unit` times the denominator, `unit` being a power of two.
    fn mills_series<R: Real<Element = Self>>(t: R, unit: f64) -> (R, R);
    /// [`Tables::mills_series`] with an error of half a unit in the last place, for slopes.
    fn mills_short<R: Real<Element = Self>>(t: R) -> (R, R);
    /// `erf(z) / z - 1` from the square of z, for |z| up to 1.
    fn erf_series<R: Real<Element = Self>>(square: R) -> R;
    /// `(x - tanh(x)) / x^3` from the square of x, for |x| up to `SHRINK_SERIES_HIGH`.
    fn tanh_shrink_series<R: Real<Element = Self>>(square: R) -> R;
    /// Two to the power of `n + offset`, for `shifted = ROUNDER + n`; the power is that of a normal number.
    fn power_of_two(shifted: Self, offset: i32) -> Self;
    /// One over a power of two, both normal numbers.
    fn one_over_power_of_two(power: Self) -> Self;
    /// `value` times two to the power of `n`, for `shifted = ROUNDER + n`; both are normal numbers.
    fn times_power_of_two(value: Self, shifted: Self) -> Self;
    /// Two factors whose product is two to the power of `n`, for `shifted = ROUNDER + n`, down to subnormal numbers.
    fn powers_of_two(shifted: Self) -> (Self, Self);
    /// `(m, k, s)` with `x = 2^k m`, m from sqrt(1/2) to sqrt(2), and `s = 2^(1 - k)` (zero where k is the largest);
    /// for positive normal x.
    fn split_exponent(x: Self) -> (Self, Self, Self);
    /// The leading half of the digits.
    fn leading_half(x: Self) -> Self;
}

/// p and `unit (2 p(0) + t (sqrt(2 pi) p + q))`, from the coefficients of p and q.
#[inline(always)]
pub(crate) fn mills<R: Real, const P: usize, const Q: usize>(t: R, p: [f64; P], q: [f64; Q], unit: f64) -> (R, R) {
    const ROOT_TAU: f64 = 2.506_628_274_631_000_7;
    let first = p[0];
    let p = horner(t, p);
    let q = horner_scaled(t, q, unit, 1.0);
    (p, p.mul_add(R::constant(ROOT_TAU * unit), q).mul_add(t, R::constant(2.0 * first * unit)))
}

/// Polynomial of `ratio x` times `first`, both powers of two.
#[inline(always)]
pub(crate) fn horner_scaled<R: Real, const N: usize>(x: R, coefficients: [f64; N], first: f64, ratio: f64) -> R {
    let (mut scaled, mut factor) = (coefficients, first);
    for index in 0..N {
        scaled[index] *= factor;
        factor *= ratio;
    }
    horner(x, scaled)
}

/// Polynomial by Horner's rule, the coefficients in ascending order.
#[inline(always)]
pub(crate) fn horner<R: Real, const N: usize>(x: R, coefficients: [f64; N]) -> R {
    let mut sum = R::constant(coefficients[N - 1]);
    let mut index = N - 1;
    while index > 0 {
        index -= 1;
        sum = sum.mul_add(x, R::constant(coefficients[index]));
    }
    sum
}

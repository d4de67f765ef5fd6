//! Transcendental functions, branch-free, each with its method and measured error.
//!
//! - One method serves both precisions: it is written over [`Real`], and [`Tables`] gives what depends on the precision
//!   (coefficients, ends of the range, the layout of the bits). Coefficients are minimax fits of our own over the stated range.
//! - [`Fused`](crate::real::Fused) numbers of either precision and [`Plain`](crate::real::Plain) doubles run these
//!   functions as they are; plain singles run them in double precision and round once.
//! - Where rounding an argument would cost digits (exponentials far from zero), functions take its rounding error too.
//! - Errors are in units in the last place of the true result, wherever that is a normal number; below, absolute errors stay
//!   within one or two of the smallest subnormal. Single precision was measured over all 2^32 inputs
//!   (`tests/exhaustive.rs`), double precision against 12,000 values a function to 50 digits (`tests/golden.rs`).

mod bits;
mod double;
mod exact;
mod exponential;
mod gaussian;
mod logarithm;
mod single;

pub(crate) use exact::exact_product;
pub(crate) use exponential::{exp, exp_lifted, exp_sum, expm1, least_exponent, sigmoid_scaled, softplus, tanh};
pub(crate) use gaussian::{erf, erfc, normal_cdf_scaled};
pub(crate) use logarithm::{ln, ln_1p};

use bits::bits;

use crate::real::Real;

/// What the functions of this module need to know of a precision.
pub trait Tables: Sized {
    /// Adding it to a small number leaves the nearest integer in the low bits: 1.5 times two to the digits after the first.
    const ROUNDER: f64;
    /// Leading bits of ln 2, so few that an exponent times it is exact.
    const LN_2_HIGH: f64;
    /// The rest of ln 2.
    const LN_2_LOW: f64;
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
    /// How far exponents are lifted so that `exp` of anything above `EXP_LOW` is a normal number.
    const LIFT: i32;
    /// Two to the power of minus `LIFT`.
    const LOWER: f64;
    /// Smallest normal number.
    const SMALLEST_NORMAL: f64;

    /// `q` in `exp(r) = 1 + r + r^2 q(r)`, for |r| up to ln(2)/2.
    fn exp_series<R: Real<Element = Self>>(r: R) -> R;
    /// `exp(r)`, for |r| up to ln(2)/2: a polynomial alone, whose value is as good as its rounding.
    fn exp_whole<R: Real<Element = Self>>(r: R) -> R;
    /// `ln(1 + f) - f`, for 1 + f from sqrt(1/2) to sqrt(2).
    fn ln_series<R: Real<Element = Self>>(f: R) -> R;
    /// `ln(1 + e)`, for e from 0 to 1.
    fn ln_1p_series<R: Real<Element = Self>>(e: R) -> R;
    /// `exp(t^2 / 2) erfc(t / sqrt(2)) / 2` for t from 0 to `NORMAL_HIGH`, as `p / (2 + t (sqrt(2 pi) p + q))` with polynomials
    /// p and q: far out, what rounds p rounds both halves of the fraction, and most of the error goes.
    fn mills_series<R: Real<Element = Self>>(t: R) -> R;
    /// `erf(z) / z - 1` from the square of z, for |z| up to 1.
    fn erf_series<R: Real<Element = Self>>(square: R) -> R;
    /// Two to the power of `n + offset`, for `shifted = ROUNDER + n`; the power is that of a normal number.
    fn power_of_two(shifted: Self, offset: i32) -> Self;
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

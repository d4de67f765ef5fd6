//! Zero around zero.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Shrinks towards zero by a fixed amount: `soft_shrink(x) = sign(x) max(|x| - threshold, 0)`.
    ///
    /// The slope is 0 up to and including the threshold and 1 beyond, as in PyTorch. It is the proximal map of the L1
    /// norm. (Donoho, 1995.)
    SoftShrink "soft_shrink"
    { threshold: 0.5 in Range::non_negative(), "Largest size that becomes zero." } {
        slope_from: SlopeFrom::Output, ulp_f32: 0.5, ulp_f64: 0.5, ulp_slope: 0.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::Odd, monotone: true,
        kinks: &["-threshold", "threshold"], own_default: false,
    }
    value(this, x) {
        let threshold = R::parameter(this.threshold);
        (x - x.clamp(-threshold, threshold)).copysign(x)
    }
    slope(_this, x, y) { slope_off_zero(y) }
}

activation! {
    /// Sets small numbers to zero: `hard_shrink(x) = x` where `|x| > threshold`, else 0.
    ///
    /// It jumps at the threshold, where value and slope are 0, as in PyTorch. (Donoho and Johnstone, 1994.)
    HardShrink "hard_shrink"
    { threshold: 0.5 in Range::non_negative(), "Largest size that becomes zero." } {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::Odd, monotone: true,
        kinks: &["-threshold", "threshold"], own_default: false,
    }
    value(this, x) {
        R::select(x.abs() <= R::parameter(this.threshold), R::zero().copysign(x), x)
    }
    slope(_this, x, y) { slope_off_zero(y) }
}

/// 1 where a number is not zero, 0 where it is; NaN stays.
#[inline(always)]
fn slope_off_zero<R: Real>(y: R) -> R {
    R::select(y == R::zero(), y, R::select(y.is_nan(), y, R::one())).abs()
}

activation! {
    /// Difference from the hyperbolic tangent: `tanh_shrink(x) = x - tanh(x)`.
    ///
    /// Odd; near 0 it is `x^3 / 3`, and accurate relative to that. The slope is `tanh(x)^2`.
    TanhShrink "tanh_shrink" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 4.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::Odd, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x.tanh_shrink() }
    slope(_this, x, y) { x.tanh().square() }
}

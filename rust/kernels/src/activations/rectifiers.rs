//! Made of straight pieces, with a corner at zero.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// The identity: `identity(x) = x`, slope 1.
    Identity "identity" or "linear" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::Odd, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x }
    slope(_this, x, y) { R::one() }
}

activation! {
    /// Rectified linear unit: `relu(x) = max(0, x)`.
    ///
    /// The slope at 0 is 0, as in PyTorch and JAX. NaN stays NaN. (Nair and Hinton, 2010.)
    Relu "relu" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &["0"], own_default: false,
    }
    value(_this, x) { R::select(x < R::zero(), R::zero(), x) }
    slope(_this, x, y) { R::select(y > R::zero(), R::one(), R::select(y.is_nan(), y, R::zero())) }
}

activation! {
    /// Leaky rectified linear unit: `leaky_relu(x) = x` where `x > 0`, else `negative_slope x`.
    ///
    /// The default `negative_slope` of 0.01 is that of the paper and PyTorch; the Keras function has 0.2, its layer
    /// 0.3. The slope at 0 is `negative_slope`, as in PyTorch (JAX: 1). (Maas, Hannun and Ng, 2013.)
    LeakyRelu "leaky_relu"
    { negative_slope: 0.01 in Range::non_negative(), "Slope where `x` is negative." } {
        slope_from: SlopeFrom::Output, ulp_f32: 1.0, ulp_f64: 0.5, ulp_slope: 0.5,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &["0"], own_default: false,
    }
    value(this, x) {
        // Zero times infinity would be NaN.
        let negative = if this.negative_slope == 0.0 { R::zero() } else { R::parameter(this.negative_slope) * x };
        R::select(x < R::zero(), negative, x)
    }
    slope(this, x, y) {
        let negative_slope = R::parameter(this.negative_slope);
        R::select(y > R::zero(), R::one(), R::select(y.is_nan(), y, negative_slope))
    }
}

activation! {
    /// Rectified linear unit with a ceiling: `relu6(x) = min(max(0, x), 6)`.
    ///
    /// The slope is 0 at both corners, 0 and 6, as in PyTorch and JAX. (Krizhevsky, 2010.)
    Relu6 "relu6" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (0.0, 6.0), parity: Parity::None, monotone: true,
        kinks: &["0", "6"], own_default: false,
    }
    value(_this, x) { x.clamp(R::zero(), R::constant(6.0)) }
    slope(_this, x, y) { slope_between(y, R::zero(), R::constant(6.0)) }
}

activation! {
    /// Linear between two limits: `hard_tanh(x) = min(max(minimum, x), maximum)`.
    ///
    /// The slope is 0 at both corners, as in PyTorch (JAX: 1). With the limits 0 and 6 it is [`relu6`](Relu6).
    /// (Collobert, 2004.)
    HardTanh "hard_tanh" {
        minimum: -1.0 in Range::non_positive(), "Lower level.";
        maximum: 1.0 in Range::non_negative(), "Upper level."
    } {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (-1.0, 1.0), parity: Parity::Odd, monotone: true,
        kinks: &["minimum", "maximum"], own_default: false,
    }
    value(this, x) { x.clamp(R::parameter(this.minimum), R::parameter(this.maximum)) }
    slope(this, x, y) { slope_between(y, R::parameter(this.minimum), R::parameter(this.maximum)) }
}

/// 1 between two levels, 0 at and beyond them; NaN stays.
#[inline(always)]
fn slope_between<R: Real>(y: R, low: R, high: R) -> R {
    R::select((y > low) & (y < high), R::one(), R::select(y.is_nan(), y, R::zero()))
}

activation! {
    /// The input where it is above a threshold, else a fixed value: `threshold(x) = x` where `x > threshold`, else
    /// `value`.
    ///
    /// With the defaults it is [`relu`](Relu); PyTorch and JAX have no defaults. It jumps at the threshold unless both
    /// parameters are equal; the slope there is 0, as in PyTorch.
    Threshold "threshold" {
        threshold: 0.0 in Range::finite(), "Where the identity begins.";
        value: 0.0 in Range::finite(), "Value at and below the threshold."
    } {
        slope_from: SlopeFrom::Input, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &["threshold"], own_default: false,
    }
    value(this, x) { R::select(x <= R::parameter(this.threshold), R::parameter(this.value), x) }
    slope(this, x, y) {
        R::select(x > R::parameter(this.threshold), R::one(), R::select(x.is_nan(), x, R::zero()))
    }
}

activation! {
    /// Square of the rectified linear unit: `squared_relu(x) = max(0, x)^2`.
    ///
    /// Infinite above `x = 1.8e19` (f32), where the square exceeds the largest number. The slope is `2 max(0, x)`, 0
    /// at 0. (So et al., 2021.)
    SquaredRelu "squared_relu" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 0.5, ulp_f64: 0.5, ulp_slope: 0.5,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { R::select(x < R::zero(), R::zero(), x * x) }
    slope(_this, x, y) { R::select(x < R::zero(), R::zero(), x + x) }
}

//! Smooth rectifiers.

use super::formula::{activation, steepened};
use crate::math::Tables as _;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Smooth rectifier: `softplus(x) = ln(1 + exp(beta x)) / beta`.
    ///
    /// Computed as `max(z, 0) + ln(1 + exp(-|z|))` with `z = beta x`, so it needs no threshold above which it becomes
    /// linear (PyTorch: 20); accurate relative to its value in the negative tail. The slope is `sigmoid(beta x)`.
    /// (Dugas, Bengio, Belisle, Nadeau and Garcia, 2001.)
    Softplus "softplus"
    { beta: 1.0 in Range::positive(), "Steepness; the larger, the nearer to `relu`." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &[], own_default: true,
    }
    value(this, x) {
        let (argument, tail) = steepened(x, this.beta);
        (R::one() / R::parameter(this.beta)) * argument.softplus(tail)
    }
    slope(this, x, y) {
        let (argument, tail) = steepened(x, this.beta);
        if let Some(tail) = tail {
            // Beyond, the sigmoid is 0 or 1.
            let argument = argument.clamp(R::constant(R::Element::EXP_LOW), R::constant(50.0));
            return argument.sigmoid_scaled(Some(tail), R::one());
        }
        argument.sigmoid()
    }
}

activation! {
    /// Logarithm of the logistic function: `log_sigmoid(x) = -ln(1 + exp(-x))`.
    ///
    /// Accurate relative to its value even where the sigmoid is near 1; `log_sigmoid(-inf) = -inf`,
    /// `log_sigmoid(inf) = -0`. The slope is `sigmoid(-x)`.
    LogSigmoid "log_sigmoid" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (f64::NEG_INFINITY, 0.0), parity: Parity::None, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { -(-x).softplus(None) }
    slope(_this, x, y) {
        // Beyond, the slope is 0 or 1 to the last bit, beside 1.
        let far = R::constant(87.0);
        let slope = R::one() / (R::one() + x.clamp(-far, far).exp_rough());
        R::select(x >= far, R::zero(), slope)
    }
}

activation! {
    /// Smooth rectifier without an exponential: `squareplus(x) = (x + sqrt(x^2 + smoothness)) / 2`.
    ///
    /// Computed as `smoothness / 2 / (sqrt(x^2 + smoothness) - x)` below 0, so that it is accurate relative to its
    /// value; its square is scaled where it would overflow. With `smoothness = 0` it is [`relu`](super::Relu), with
    /// slope 0 at 0. The default is that of Keras and JAX (`b = 4`), with which the value at 0 is 1. (Barron, 2021.)
    Squareplus "squareplus"
    { smoothness: 4.0 in Range::closed(0.0, 1e36), "Added to the square: the smaller, the nearer to `relu`." } {
        slope_from: SlopeFrom::Input, ulp_f32: 3.0, ulp_f64: 3.0, ulp_slope: 2.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &[], own_default: false,
    }
    value(this, x) {
        if this.smoothness == 0.0 {
            return R::select(x < R::zero(), R::zero(), x);
        }
        let (scaled, root, unit) = scaled_root(x, this.smoothness);
        let half_sum = (R::constant(0.5) * (root + scaled.abs())) * unit;
        R::select(x < R::zero(), R::parameter(0.25 * this.smoothness) / half_sum, half_sum)
    }
    slope(this, x, y) {
        if this.smoothness == 0.0 {
            return R::select(x > R::zero(), R::one(), R::select(x.is_nan(), x, R::zero()));
        }
        // The largest number stands for infinity, over which infinity would be NaN.
        let largest = R::constant(R::Element::LARGEST);
        let (scaled, root, _) = scaled_root(x.clamp(-largest, largest), this.smoothness);
        let half = R::constant(0.5);
        (scaled / root).mul_add(half, half)
    }
}

/// x and `sqrt(x^2 + smoothness)`, both over a unit with which the square does not overflow, and the unit.
#[inline(always)]
fn scaled_root<R: Real>(x: R, smoothness: f64) -> (R, R, R) {
    let unit = R::Element::LARGE_UNIT;
    let (summand, scaled_summand) = (R::parameter(smoothness), R::parameter(smoothness / unit / unit));
    let is_large = x.abs() > R::constant(unit / 16.0);
    let scaled = x * R::select(is_large, R::constant(1.0 / unit), R::one());
    let root = scaled.mul_add(scaled, R::select(is_large, scaled_summand, summand)).sqrt();
    (scaled, root, R::select(is_large, R::constant(unit), R::one()))
}

//! Smooth rectifiers.

use super::formula::activation;
use super::steepened;
use crate::math::Tables as _;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Smooth rectifier: `softplus(x) = ln(1 + exp(beta x)) / beta`.
    ///
    /// Computed as `max(z, 0) + ln(1 + exp(-|z|))` with `z = beta x`, so it needs no threshold beyond which it would be linear
    /// (PyTorch: 20); accurate relative to its value in the negative tail. The slope is `sigmoid(beta x)`.
    /// (Dugas, Bengio, Belisle, Nadeau and Garcia, 2001.)
    Softplus "softplus"
    { beta: 1.0 in Range::positive(), "Steepness; the larger, the nearer to `relu`." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
    }
    value(this, x) {
        let (argument, tail) = steepened(x, this.beta);
        R::constant(1.0 / this.beta) * argument.softplus(tail)
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

/// The formulas of this file, after those of the others.
macro_rules! smooth {
    ([$next:ident $($rest:ident)*] $($known:ident)*) => {
        $next! { [$($rest)*] $($known)* Softplus }
    };
}

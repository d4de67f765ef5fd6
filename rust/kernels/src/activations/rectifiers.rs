//! Made of straight pieces, with a corner at zero.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// The identity: `identity(x) = x`, slope 1.
    Identity "identity" or "linear" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0, ulp_slope: 0.0,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::Odd, monotone: true,
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
    }
    value(_this, x) { R::select(x < R::zero(), R::zero(), x) }
    slope(_this, x, y) { R::select(y > R::zero(), R::one(), R::select(y.is_nan(), y, R::zero())) }
}

activation! {
    /// Rectified linear unit that leaks: `leaky_relu(x) = x` where `x > 0`, else `negative_slope x`.
    ///
    /// The default `negative_slope` is the paper's and PyTorch's 0.01; the Keras function has 0.2, its layer 0.3. The slope
    /// at 0 is `negative_slope`, as in PyTorch (JAX: 1). (Maas, Hannun and Ng, 2013.)
    LeakyRelu "leaky_relu"
    { negative_slope: 0.01 in Range::non_negative(), "Slope where `x` is negative." } {
        slope_from: SlopeFrom::Output, ulp_f32: 1.0, ulp_f64: 0.5, ulp_slope: 0.5,
        bounds: (f64::NEG_INFINITY, f64::INFINITY), parity: Parity::None, monotone: true,
    }
    value(this, x) {
        // Zero times infinity would be NaN.
        let negative = if this.negative_slope == 0.0 { R::zero() } else { R::constant(this.negative_slope) * x };
        R::select(x < R::zero(), negative, x)
    }
    slope(this, x, y) {
        let negative_slope = R::constant(this.negative_slope);
        R::select(y > R::zero(), R::one(), R::select(y.is_nan(), y, negative_slope))
    }
}

/// The formulas of this file, after those of the others.
macro_rules! rectifiers {
    ([$next:ident $($rest:ident)*] $($known:ident)*) => {
        $next! { [$($rest)*] $($known)* Identity Relu LeakyRelu }
    };
}

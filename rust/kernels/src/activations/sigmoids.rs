//! From one level to another.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parity, SlopeFrom};

activation! {
    /// Logistic function: `sigmoid(x) = 1 / (1 + exp(-x))`.
    ///
    /// Accurate relative to its value down to the smallest numbers; `sigmoid(-inf) = 0`, `sigmoid(inf) = 1`. The slope is taken
    /// from the output, `y (1 - y)`, at most 0.25: where `y` is near 1 its error is that of `1 - y`.
    Sigmoid "sigmoid" or "logistic" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (0.0, 1.0), parity: Parity::None, monotone: true,
    }
    value(_this, x) { x.sigmoid() }
    slope(_this, x, y) { y * (R::one() - y) }
}

activation! {
    /// Hyperbolic tangent: `tanh(x) = (exp(2x) - 1) / (exp(2x) + 1)`.
    ///
    /// Odd, within ±1, `tanh(±inf) = ±1`. The slope is taken from the output, `(1 - y) (1 + y)`: where `y` is near ±1 its error
    /// is that of `1 - |y|`.
    Tanh "tanh" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-1.0, 1.0), parity: Parity::Odd, monotone: true,
    }
    value(_this, x) { x.tanh() }
    slope(_this, x, y) { (R::one() - y) * (R::one() + y) }
}

/// The formulas of this file, after those of the others.
macro_rules! sigmoids {
    ([$next:ident $($rest:ident)*] $($known:ident)*) => {
        $next! { [$($rest)*] $($known)* Sigmoid Tanh }
    };
}

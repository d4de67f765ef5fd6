//! Exponential on one side or on both.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Exponential linear unit: `elu(x) = x` where `x > 0`, else `alpha (exp(x) - 1)`.
    ///
    /// The slope is taken from the output, `y + alpha` below 0: its error there is half a unit of `alpha`, not of itself.
    /// At 0 it is `alpha`. (Clevert, Unterthiner and Hochreiter, 2015.)
    Elu "elu"
    { alpha: 1.0 in Range::non_negative(), "Depth of the negative side: `elu(-inf) = -alpha`." } {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-1.0, f64::INFINITY), parity: Parity::None, monotone: true,
    }
    value(this, x) { R::select(x > R::zero(), x, R::constant(this.alpha) * x.expm1()) }
    slope(this, x, y) { R::select(y > R::zero(), R::one(), y + R::constant(this.alpha)) }
}

/// The formulas of this file, after those of the others.
macro_rules! exponentials {
    ([$next:ident $($rest:ident)*] $($known:ident)*) => {
        $next! { [$($rest)*] $($known)* Elu }
    };
}

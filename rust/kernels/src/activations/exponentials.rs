//! Exponential on one side or on both.

use super::formula::activation;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Exponential linear unit: `elu(x) = x` where `x > 0`, else `alpha (exp(x) - 1)`.
    ///
    /// The slope is computed from the output, `y + alpha` below 0: its error there is half a unit of `alpha`, not of
    /// the slope. At 0 the slope is `alpha`. (Clevert, Unterthiner and Hochreiter, 2015.)
    Elu "elu"
    { alpha: 1.0 in Range::non_negative(), "Depth of the negative side: `elu(-inf) = -alpha`." } {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-1.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &["0"], own_default: false,
    }
    value(this, x) { R::select(x > R::zero(), x, R::parameter(this.alpha) * x.expm1()) }
    slope(this, x, y) { R::select(y > R::zero(), R::one(), y + R::parameter(this.alpha)) }
}

activation! {
    /// Scaled exponential linear unit: `selu(x) = s x` where `x > 0`, else `s a (exp(x) - 1)`, with
    /// `s = 1.0507009873554805` and `a = 1.6732632423543773`.
    ///
    /// Layers that use it keep mean 0 and variance 1 if the weights have mean 0 and variance 1 / fan-in. The slope is
    /// computed from the output, `y + s a` below 0; at 0 it is `s a`, as in PyTorch and JAX. `selu(-inf) = -s a`.
    /// (Klambauer, Unterthiner, Mayr and Hochreiter, 2017.)
    Selu "selu" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 3.0,
        bounds: (-1.758_099_340_847_376_8, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &["0"], own_default: false,
    }
    value(_this, x) {
        let below = x.expm1_scaled(1.758_099_340_847_376_8, 1.415_351_938_008_45e-17);
        // x and what s is above 1 times x: rounded once, and no larger than the largest number where the result is not.
        R::select(x > R::zero(), x.mul_add(R::constant(0.050_700_987_355_480_493), x), below)
    }
    slope(_this, x, y) {
        R::select(y > R::zero(), R::constant(1.050_700_987_355_480_5), y + R::constant(1.758_099_340_847_376_8))
    }
}

activation! {
    /// Exponential linear unit with a continuous slope: `celu(x) = x` where `x > 0`, else `alpha (exp(x / alpha) - 1)`.
    ///
    /// The slope is `exp(x / alpha)` below 0, and 1 at 0. With `alpha = 1` it equals [`elu`](Elu), with other values
    /// it does not: at -2 with `alpha = 2` it is -1.2642, and `elu` is -1.7293. (Barron, 2017.)
    Celu "celu"
    { alpha: 1.0 in Range::positive(), "Depth of the negative side, and the scale on which it is reached." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 3.0,
        bounds: (-1.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &[], own_default: true,
    }
    value(this, x) {
        if this.alpha == 1.0 {
            return R::select(x > R::zero(), x, x.expm1());
        }
        let alpha = R::parameter(this.alpha);
        let below = alpha * (x * (R::one() / alpha)).expm1();
        // Where x / alpha is beneath the digits of 1, the function is x, even if 1 / alpha has lost its digits.
        let near = x > R::constant(-1e-17) * alpha;
        R::select(near, x, below)
    }
    slope(this, x, y) {
        let argument = x * (R::one() / R::parameter(this.alpha));
        let far = R::constant(-87.0);
        let below = R::select(argument <= far, R::zero(), argument.clamp(far, R::zero()).exp_rough());
        R::select(x > R::zero(), R::one(), below)
    }
}

activation! {
    /// Exponential: `exponential(x) = exp(x)`.
    ///
    /// For outputs that are rates or counts. `exp(-inf) = 0`; infinite above 88.7 (f32). The slope equals the output.
    Exponential "exponential" or "exp" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 1.0, ulp_f64: 1.0, ulp_slope: 1.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x.exp() }
    slope(_this, x, y) { y }
}

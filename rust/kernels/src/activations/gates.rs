//! The input times a gate that opens from 0 to 1.

use super::formula::{activation, steepened};
use crate::math::Tables as _;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom};

activation! {
    /// Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.
    ///
    /// Accurate relative to its value in the negative tail; `swish(-inf) = -0`. The error of the slope is relative to
    /// 1: below -87 / beta the slope is 0. The minimum is -0.27846 / beta at -1.27846 / beta. (Ramachandran, Zoph and
    /// Le, 2017; Elfwing, Uchibe and Doya, 2017.)
    Swish "swish" or "silu"
    { beta: 1.0 in Range::finite(), "Steepness of the gate." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-0.278_464_542_761_073_8, f64::INFINITY), parity: Parity::None, monotone: false,
        kinks: &[], own_default: true,
    }
    value(this, x) {
        let low = R::constant(R::Element::EXP_LOW);
        if this.beta == 1.0 {
            // There the gate is small enough for the product to be -0.
            let x_low = R::select(low > x, low, x);
            return R::select(x > R::constant(40.0), x, x_low.sigmoid_scaled(None, x_low));
        }
        if this.beta == 0.0 {
            return R::constant(0.5) * x;
        }
        let (argument, tail) = steepened(x, this.beta);
        if this.beta.abs() < 1e-20 {
            // The gate differs from 1/2 only where x is beyond what the quotient takes.
            let gate = argument.sigmoid();
            return R::select(gate == R::zero(), gate.copysign(x), x * gate);
        }
        // Beyond the gate's smallest number the scale is only a sign: it may be infinite, and 0 * inf is NaN.
        let scale = R::select(argument < low, R::zero().copysign(x), x);
        let limited = R::select(low > argument, low, argument);
        // Where the gate is 1 the value is x, infinite or not.
        R::select(argument > R::constant(40.0), x, limited.sigmoid_scaled(tail, scale))
    }
    slope(this, x, y) {
        // Beyond, the slope is 0 or 1 to the last bit, beside 1; clamping keeps infinity out of 0 * inf.
        let far = R::constant(87.0);
        let x = if this.beta == 0.0 { x.clamp(-far, far) } else { x };
        let argument = (R::parameter(this.beta) * x).clamp(-far, far);
        R::select(argument <= -far, R::zero(), gate_slope(argument, argument))
    }
}

activation! {
    /// Gaussian error linear unit, exact: `gelu(x) = x P(x)` with the normal distribution function
    /// `P(x) = erfc(-x / sqrt(2)) / 2`.
    ///
    /// As in PyTorch and Keras; JAX's default is [`gelu_tanh`](GeluTanh). Accurate relative to its value in the
    /// negative tail, down to the smallest normal number near x = -13; `gelu(-inf) = -0`. (Hendrycks and Gimpel, 2016.)
    Gelu "gelu" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 4.0, ulp_f64: 4.0, ulp_slope: 2.0,
        bounds: (-0.169_971_207_479_903_7, f64::INFINITY), parity: Parity::None, monotone: false,
        kinks: &[], own_default: false,
    }
    value(_this, x) {
        x.gelu()
    }
    slope(_this, x, y) { x.gelu_slope() }
}

activation! {
    /// Gaussian error linear unit, tanh approximation: `gelu_tanh(x) = x (1 + tanh(u)) / 2`,
    /// `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
    ///
    /// Computed as `x sigmoid(2u)` with `2u` in two numbers, so that it is accurate relative to its value in the
    /// negative tail too, where `1 + tanh(u)` has no digits left; `gelu_tanh(-inf) = -0`. (Hendrycks and Gimpel, 2016.)
    GeluTanh "gelu_tanh" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 4.0, ulp_f64: 4.0, ulp_slope: 2.0,
        bounds: (-0.170_040_750_571_254_06, f64::INFINITY), parity: Parity::None, monotone: false,
        kinks: &[], own_default: false,
    }
    value(_this, x) {
        let low = R::constant(R::Element::GELU_TANH_LOW);
        let limited = R::select(low > x, low, x);
        let (argument, tail) = gelu_tanh_argument(limited);
        R::select(x > R::constant(8.0), x, argument.sigmoid2_scaled(tail, limited))
    }
    slope(_this, x, y) {
        // Beyond, the slope is 0 or 1 to the last bit, beside 1.
        let x = x.clamp(R::constant(-9.98), R::constant(9.98));
        let square = x * x;
        // 2u and x d(2u)/dx, with 2 sqrt(2/pi), that times 0.044715, and that times 3.
        let linear = R::constant(1.595_769_121_605_730_7);
        let argument = x * square.mul_add(R::constant(0.071_354_816_272_600_25), linear);
        let growth = x * square.mul_add(R::constant(0.214_064_448_817_800_73), linear);
        R::select(x <= R::constant(-9.98), R::zero(), gate_slope(argument, growth))
    }
}

/// `2 sqrt(2/pi) (x + 0.044715 x^3) / ln 2`, twice the argument of the tanh in [`GeluTanh`] as an exponent of 2, and
/// its rounding error. For |x| up to 40.
#[inline(always)]
fn gelu_tanh_argument<R: Real>(x: R) -> (R, R) {
    // Both factors in two numbers: 2 sqrt(2/pi) / ln 2, and that times 0.044715.
    let (linear, linear_low) = (R::constant(2.302_734_375), R::constant(-0.000_526_176_855_675_110_9));
    let (cubic, cubic_low) = R::split_constant(0.102_943_239_580_023_5, -5.978_177_400_718_744e-18);
    let (square, square_low) = x.exact_product(x);
    let (product, product_low) = square.exact_product(cubic);
    let product_low = square.mul_add(cubic_low, square_low.mul_add(cubic, product_low));
    // linear + product and its rounding error: `linear` has so few digits that two operations find it, whichever is
    // larger.
    let sum = linear + product;
    let lost = product - (sum - linear);
    let sum_low = lost + (product_low + linear_low);
    let (argument, argument_low) = x.exact_product(sum);
    (argument, x.mul_add(sum_low, argument_low))
}

/// The derivative of `x sigmoid(z(x))`, from z and `x dz/dx`. Both are within 87.
#[inline(always)]
fn gate_slope<R: Real>(z: R, growth: R) -> R {
    let e = (-z).exp_rough();
    let gate = R::one() / (R::one() + e);
    gate * growth.mul_add(e * gate, R::one())
}

activation! {
    /// Piecewise version of swish: `hard_swish(x) = x min(max(0, x + 3), 6) / 6`.
    ///
    /// 0 up to -3 and x from 3 on, without a product that overflows. The slope is `(2 x + 3) / 6` in between; at the
    /// corners it is that of the straight side, 0 at -3 and 1 at 3. The minimum is -0.375 at -1.5. (Howard et al.,
    /// 2019.)
    HardSwish "hard_swish" or "hard_silu" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 1.0,
        bounds: (-0.375, f64::INFINITY), parity: Parity::None, monotone: false,
        kinks: &["-3", "3"], own_default: false,
    }
    value(_this, x) {
        let (three, six) = (R::constant(3.0), R::constant(6.0));
        let inside = x.clamp(-three, three);
        R::select(x >= three, x, (inside * (inside + three)) / six)
    }
    slope(_this, x, y) {
        let three = R::constant(3.0);
        let inside = x.mul_add(R::constant(1.0 / 3.0), R::constant(0.5));
        R::select(x <= -three, R::zero(), R::select(x >= three, R::one(), inside))
    }
}

activation! {
    /// Self-gated by a smooth rectifier: `mish(x) = x tanh(ln(1 + exp(x)))`.
    ///
    /// Accurate relative to its value in the negative tail; `mish(-inf) = -0`. The minimum is -0.30884 at -1.19243.
    /// (Misra, 2019.)
    Mish "mish" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 4.0, ulp_f64: 3.0, ulp_slope: 4.0,
        bounds: (-0.308_843_413_017_250_43, f64::INFINITY), parity: Parity::None, monotone: false,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x.mish() }
    slope(_this, x, y) {
        // Beyond, the slope is 0 or 1 to the last bit, beside 1.
        let (low, one) = (R::constant(-87.0), R::one());
        let limited = x.clamp(low, R::constant(22.0));
        let e = limited.exp_rough();
        let numerator = e * (e + R::constant(2.0));
        let inverse = one / (numerator + R::constant(2.0));
        let growth = (limited * R::constant(4.0)) * ((e * (e + one)) * inverse);
        R::select(x <= low, R::zero(), (numerator + growth) * inverse)
    }
}

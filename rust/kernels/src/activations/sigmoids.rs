//! From one level to another.

use super::formula::activation;
use crate::math::Tables as _;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parity, SlopeFrom};

activation! {
    /// Logistic function: `sigmoid(x) = 1 / (1 + exp(-x))`.
    ///
    /// Accurate relative to its value down to the smallest numbers; `sigmoid(-inf) = 0`, `sigmoid(inf) = 1`. The slope
    /// is computed from the output, `y (1 - y)`, and is at most 0.25: where `y` is near 1, its error is that of
    /// `1 - y`.
    Sigmoid "sigmoid" or "logistic" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (0.0, 1.0), parity: Parity::None, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x.sigmoid() }
    slope(_this, x, y) { y * (R::one() - y) }
}

activation! {
    /// Hyperbolic tangent: `tanh(x) = (exp(2x) - 1) / (exp(2x) + 1)`.
    ///
    /// Odd, within ±1, `tanh(±inf) = ±1`. The slope is computed from the output, `(1 - y) (1 + y)`: where `y` is near
    /// ±1, its error is that of `1 - |y|`.
    Tanh "tanh" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-1.0, 1.0), parity: Parity::Odd, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) { x.tanh() }
    slope(_this, x, y) { (R::one() - y) * (R::one() + y) }
}

activation! {
    /// Piecewise linear version of the sigmoid: `hard_sigmoid(x) = min(max(0, x + 3), 6) / 6`.
    ///
    /// As in PyTorch, Keras 3 and JAX; older Keras and burn have `0.2 x + 0.5`. The slope is 1/6 between -3 and 3, and
    /// 0 at both corners, as in PyTorch. (Courbariaux, Bengio and David, 2015; the form of Howard et al., 2019.)
    HardSigmoid "hard_sigmoid" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 0.5,
        bounds: (0.0, 1.0), parity: Parity::None, monotone: true,
        kinks: &["-3", "3"], own_default: false,
    }
    value(_this, x) {
        let six = R::constant(6.0);
        (x + R::constant(3.0)).clamp(R::zero(), six) / six
    }
    slope(_this, x, y) {
        let inside = x.abs() < R::constant(3.0);
        R::select(inside, R::constant(1.0 / 6.0), R::select(x.is_nan(), x, R::zero()))
    }
}

activation! {
    /// Sigmoid without an exponential: `softsign(x) = x / (1 + |x|)`.
    ///
    /// Odd, within ±1, `softsign(±inf) = ±1`; it approaches its limits slowly. The slope is `1 / (1 + |x|)^2`.
    /// (Bergstra, Desjardins, Lamblin and Bengio, 2009.)
    Softsign "softsign" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-1.0, 1.0), parity: Parity::Odd, monotone: true,
        kinks: &[], own_default: false,
    }
    value(_this, x) {
        // The largest number stands for infinity, over which infinity would be NaN.
        let largest = R::constant(R::Element::LARGEST);
        let x = x.clamp(-largest, largest);
        x / (R::one() + x.abs())
    }
    slope(_this, x, y) { (R::one() / (R::one() + x.abs())).square() }
}

//! Every activation: documentation, value and slope side by side; one list at the foot.
//!
//! To add one: write its entry here (struct, facts, formula), add its name to the list at the foot, and write the
//! function of the same name in `tests/reference/activations.py`.

mod running;

use std::marker::PhantomData;

use running::{Defaults, Visitor};

use crate::math::Tables as _;
use crate::real::Real;
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom, check_parameters};

/// The formula of an activation.
pub trait Formula: Copy + PartialEq + Send + Sync + 'static {
    /// What is known of it.
    const ENTRY: ActivationEntry;
    /// The formula with its default hyperparameters.
    const DEFAULT: Self;
    /// The formula with these hyperparameters, which are known to be in range.
    fn new(parameters: &[f64]) -> Self;
    /// The hyperparameters, in the order of the entry.
    fn parameters(&self) -> Vec<f64>;
    /// `f(x)`.
    fn value<R: Real>(&self, x: R) -> R;
    /// `f'(x)`, from the input `x` and the output `y = f(x)`. An entry with [`SlopeFrom::Output`] reads `y` only, one with
    /// [`SlopeFrom::Input`] reads `x` only.
    fn slope<R: Real>(&self, x: R, y: R) -> R;
}

/// Declares a formula: its documentation, parameters and facts beside the formula itself.
macro_rules! activation {
    (
        $(#[doc = $doc:literal])*
        $type:ident $name:literal $(or $alias:literal)*
        { $($parameter:ident : $default:literal in $range:expr, $parameter_doc:literal);* }
        { $($fact:ident : $fact_value:expr),* $(,)? }
        value($this:ident, $x:ident) $value:block
        slope($slope_this:ident, $slope_x:ident, $slope_y:ident) $slope:block
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $(#[doc = $parameter_doc] pub $parameter: f64,)*
        }
        impl Formula for $type {
            const ENTRY: ActivationEntry = ActivationEntry {
                name: $name,
                aliases: &[$($alias),*],
                doc: concat!($($doc, "\n"),*),
                parameters: &[$(Parameter {
                    name: stringify!($parameter), default: $default, range: $range, doc: $parameter_doc,
                }),*],
                $($fact: $fact_value,)*
            };
            const DEFAULT: Self = Self { $($parameter: $default,)* };
            #[allow(unused_mut, unused_variables)]
            fn new(parameters: &[f64]) -> Self {
                let mut values = parameters.iter().copied();
                Self { $($parameter: values.next().unwrap_or($default),)* }
            }
            fn parameters(&self) -> Vec<f64> {
                vec![$(self.$parameter),*]
            }
            #[inline(always)]
            fn value<R: Real>(&self, $x: R) -> R {
                let $this = self;
                $value
            }
            #[inline(always)]
            #[allow(unused_variables)]
            fn slope<R: Real>(&self, $slope_x: R, $slope_y: R) -> R {
                let $slope_this = self;
                $slope
            }
        }
    };
}

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

activation! {
    /// Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.
    ///
    /// Accurate relative to its value in the negative tail; `swish(-inf) = -0`. The slope's error counts beside 1: from
    /// -87 / beta on it is 0. The least value is -0.27846 / beta at
    /// -1.27846 / beta. (Ramachandran, Zoph and Le, 2017; Elfwing, Uchibe and Doya, 2017.)
    Swish "swish" or "silu"
    { beta: 1.0 in Range::finite(), "Steepness of the gate." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0, ulp_slope: 2.0,
        bounds: (-0.278_464_542_761_073_8, f64::INFINITY), parity: Parity::None, monotone: false,
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
            return x * argument.sigmoid();
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
        let argument = (R::constant(this.beta) * x).clamp(-far, far);
        R::select(argument <= -far, R::zero(), gate_slope(argument, argument))
    }
}

activation! {
    /// Gaussian error linear unit, exact: `gelu(x) = x P(x)` with the normal distribution function `P(x) = erfc(-x / sqrt(2)) / 2`.
    ///
    /// As in PyTorch and Keras; JAX's default is [`gelu_tanh`](GeluTanh). Accurate relative to its value in the negative
    /// tail, down to the smallest normal number near x = -13; `gelu(-inf) = -0`. (Hendrycks and Gimpel, 2016.)
    Gelu "gelu" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 4.0, ulp_f64: 4.0, ulp_slope: 2.0,
        bounds: (-0.169_971_207_479_903_7, f64::INFINITY), parity: Parity::None, monotone: false,
    }
    value(_this, x) {
        x.gelu()
    }
    slope(_this, x, y) { x.gelu_slope() }
}

activation! {
    /// Gaussian error linear unit by the tanh formula: `gelu_tanh(x) = x (1 + tanh(u)) / 2`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
    ///
    /// Computed as `x sigmoid(2u)` with `2u` in two numbers, so that it is accurate relative to its value in the negative
    /// tail too, where `1 + tanh(u)` has no digits left; `gelu_tanh(-inf) = -0`. (Hendrycks and Gimpel, 2016.)
    GeluTanh "gelu_tanh" {} {
        slope_from: SlopeFrom::Input, ulp_f32: 4.0, ulp_f64: 4.0, ulp_slope: 2.0,
        bounds: (-0.170_040_750_571_254_06, f64::INFINITY), parity: Parity::None, monotone: false,
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

/// `2 sqrt(2/pi) (x + 0.044715 x^3) / ln 2`, twice the argument of the tanh in [`GeluTanh`] as an exponent of 2, and its rounding
/// error. For |x| up to 40.
#[inline(always)]
fn gelu_tanh_argument<R: Real>(x: R) -> (R, R) {
    // Both factors in two numbers: 2 sqrt(2/pi) / ln 2, and that times 0.044715.
    let (linear, linear_low) = (R::constant(2.302_734_375), R::constant(-0.000_526_176_855_675_110_9));
    let (cubic, cubic_low) = R::split_constant(0.102_943_239_580_023_5, -5.978_177_400_718_744e-18);
    let (square, square_low) = x.exact_product(x);
    let (product, product_low) = square.exact_product(cubic);
    let product_low = square.mul_add(cubic_low, square_low.mul_add(cubic, product_low));
    // linear + product and its rounding error: `linear` has so few digits that two operations find it, whichever is larger.
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

/// `beta x` and its rounding error, zero where the product is beyond every exponential.
#[inline(always)]
fn steepened<R: Real>(x: R, beta: f64) -> (R, Option<R>) {
    if beta == 1.0 {
        return (x, None);
    }
    let (product, tail) = x.exact_product(R::constant(beta));
    (product, Some(R::select(product.abs() < R::constant(2000.0), tail, R::zero())))
}

/// Lists the formulas: makes [`Activation`], which stands for any of them, and [`ENTRIES`].
macro_rules! activations {
    ($($type:ident),* $(,)?) => {
        /// Any activation with its hyperparameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*
        }

        /// Every activation there is.
        pub const ENTRIES: &[ActivationEntry] = &[$($type::ENTRY),*];

        impl Activation {
            /// The activation of this name or alias. The parameters are checked against their ranges.
            pub fn new(name: &str, parameters: &[f64]) -> Result<Self, String> {
                $(
                    let entry = $type::ENTRY;
                    if entry.name == name || entry.aliases.contains(&name) {
                        check_parameters(name, entry.parameters, parameters)?;
                        return Ok(Self::$type($type::new(parameters)));
                    }
                )*
                Err(format!("activation: unknown name {name:?}"))
            }

            /// What is known of it.
            pub fn entry(&self) -> &'static ActivationEntry {
                match self {
                    $(Self::$type(_) => const { &$type::ENTRY },)*
                }
            }

            /// Its hyperparameters, in the order of the entry.
            pub fn parameters(&self) -> Vec<f64> {
                match self {
                    $(Self::$type(formula) => formula.parameters(),)*
                }
            }

            fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
                match self {
                    $(Self::$type(formula) if *formula == $type::DEFAULT => visitor.visit(Defaults::<$type>(PhantomData)),)*
                    $(Self::$type(formula) => visitor.visit(*formula),)*
                }
            }
        }
    };
}

activations![Identity, Relu, LeakyRelu, Elu, Sigmoid, Tanh, Swish, Gelu, GeluTanh, Softplus];

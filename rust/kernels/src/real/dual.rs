//! Dual numbers: a formula over them gives its derivative with its value.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Real;

/// A value with its derivative: the formula's exact slope comes out with the value.
#[derive(Clone, Copy, Debug)]
pub struct Dual<R> {
    /// The value.
    pub value: R,
    /// The derivative with respect to the seeded variable.
    pub derivative: R,
}

impl<R: Real> Dual<R> {
    /// The variable itself: derivative one.
    #[inline(always)]
    pub fn variable(value: R) -> Self {
        Self { value, derivative: R::one() }
    }

    /// The value of the tail, and the derivative of the number with its tail.
    #[inline(always)]
    fn lower_part(self, tail: Option<Self>) -> (Option<R>, R) {
        if let Some(tail) = tail {
            (Some(tail.value), self.derivative + tail.derivative)
        } else {
            (None, self.derivative)
        }
    }

    #[inline(always)]
    fn chain(self, value: R, slope: R) -> Self {
        Self { value, derivative: self.derivative * slope }
    }
}

/// `exp(-x^2 / 2) / sqrt(2 pi)`.
#[inline(always)]
fn normal_density<R: Real>(x: R) -> R {
    R::constant(0.398_942_280_401_432_7) * (R::constant(-0.5) * x * x).exp()
}

impl<R: Real> PartialEq for Dual<R> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<R: Real> PartialOrd for Dual<R> {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<R: Real> Add for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

impl<R: Real> Sub for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, derivative: self.derivative - other.derivative }
    }
}

impl<R: Real> Mul for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            derivative: self.derivative * other.value + self.value * other.derivative,
        }
    }
}

impl<R: Real> Div for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, derivative: (self.derivative - value * other.derivative) / other.value }
    }
}

impl<R: Real> Neg for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, derivative: -self.derivative }
    }
}

impl<R: Real> Real for Dual<R> {
    type Element = R::Element;
    const FUSED: bool = R::FUSED;
    #[inline(always)]
    fn load(element: Self::Element) -> Self {
        Self { value: R::load(element), derivative: R::zero() }
    }
    #[inline(always)]
    fn store(self) -> Self::Element {
        self.value.store()
    }
    #[inline(always)]
    fn constant(value: f64) -> Self {
        Self { value: R::constant(value), derivative: R::zero() }
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        self * factor + summand
    }
    #[inline(always)]
    fn abs(self) -> Self {
        let sign = R::select(self.value == R::zero(), R::zero(), R::one().copysign(self.value));
        self.chain(self.value.abs(), sign)
    }
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        let flip = R::one().copysign(self.value) * R::one().copysign(sign.value);
        self.chain(self.value.copysign(sign.value), flip)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, R::constant(0.5) / root)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        self.chain(value, value)
    }
    #[inline(always)]
    fn expm1(self) -> Self {
        self.chain(self.value.expm1(), self.value.exp())
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.value.ln(), R::one() / self.value)
    }
    #[inline(always)]
    fn ln_1p(self) -> Self {
        self.chain(self.value.ln_1p(), R::one() / (R::one() + self.value))
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        let value = self.value.tanh();
        self.chain(value, R::one() - value * value)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        let slope = R::constant(std::f64::consts::FRAC_2_SQRT_PI) * (-(self.value * self.value)).exp();
        self.chain(self.value.erf(), slope)
    }
    #[inline(always)]
    fn erfc(self) -> Self {
        let slope = R::constant(-std::f64::consts::FRAC_2_SQRT_PI) * (-(self.value * self.value)).exp();
        self.chain(self.value.erfc(), slope)
    }
    #[inline(always)]
    fn exp_sum(self, tail: Self) -> Self {
        let value = self.value.exp_sum(tail.value);
        Self { value, derivative: (self.derivative + tail.derivative) * value }
    }
    #[inline(always)]
    fn exp_lifted(self) -> Self {
        let value = self.value.exp_lifted();
        self.chain(value, value)
    }
    #[inline(always)]
    fn exp_rough(self) -> Self {
        let value = self.value.exp_rough();
        self.chain(value, value)
    }
    #[inline(always)]
    fn sigmoid_scaled(self, tail: Option<Self>, scale: Self) -> Self {
        let (lower, rest) = self.lower_part(tail);
        let value = self.value.sigmoid_scaled(lower, scale.value);
        let gate = self.value.sigmoid_scaled(lower, R::one());
        let other = R::one() / (R::one() + self.value.exp());
        Self { value, derivative: scale.derivative * gate + scale.value * rest * (gate * other) }
    }
    #[inline(always)]
    fn sigmoid2_scaled(self, tail: Self, scale: Self) -> Self {
        let ln_2 = R::constant(std::f64::consts::LN_2);
        let rest = ln_2 * (self.derivative + tail.derivative);
        let gate = self.value.sigmoid2_scaled(tail.value, R::one());
        let other = R::one() / (R::one() + (ln_2 * (self.value + tail.value)).exp());
        let value = self.value.sigmoid2_scaled(tail.value, scale.value);
        Self { value, derivative: scale.derivative * gate + scale.value * rest * (gate * other) }
    }
    #[inline(always)]
    fn softplus(self, tail: Option<Self>) -> Self {
        let (lower, rest) = self.lower_part(tail);
        Self { value: self.value.softplus(lower), derivative: rest * self.value.sigmoid() }
    }
    #[inline(always)]
    fn gelu(self) -> Self {
        let cdf = R::constant(0.5) * (R::constant(-std::f64::consts::FRAC_1_SQRT_2) * self.value).erfc();
        self.chain(self.value.gelu(), self.value.mul_add(normal_density(self.value), cdf))
    }
    #[inline(always)]
    fn gelu_slope(self) -> Self {
        // Far out the density is zero, and its factor may be infinite.
        let x = self.value.clamp(R::constant(-50.0), R::constant(50.0));
        let curvature = normal_density(x) * (R::constant(2.0) - x * x);
        self.chain(self.value.gelu_slope(), curvature)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let value = self.value.sigmoid();
        self.chain(value, value * (-self.value).sigmoid())
    }
    #[inline(always)]
    fn expm1_scaled(self, scale: f64, low: f64) -> Self {
        self.chain(self.value.expm1_scaled(scale, low), R::constant(scale) * self.value.exp())
    }
    #[inline(always)]
    fn mish(self) -> Self {
        let gate = self.value.softplus(None).tanh();
        // 1 - tanh(ln(1 + e))^2, by exp(-ln(1 + e)) = sigmoid(-x).
        let closed = (-self.value).sigmoid();
        let secant = (closed + closed) / closed.mul_add(closed, R::one());
        let growth = self.value * (secant * secant * self.value.sigmoid());
        self.chain(self.value.mish(), gate + growth)
    }
    #[inline(always)]
    fn tanh_shrink(self) -> Self {
        let value = self.value.tanh();
        self.chain(self.value.tanh_shrink(), value * value)
    }
    /// The rounding error is a constant to the derivative: the rounded product carries it whole.
    #[inline(always)]
    fn exact_product(self, factor: Self) -> (Self, Self) {
        let (product, tail) = self.value.exact_product(factor.value);
        let derivative = self.derivative * factor.value + self.value * factor.derivative;
        (Self { value: product, derivative }, Self { value: tail, derivative: R::zero() })
    }
}

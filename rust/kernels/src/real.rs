//! The number trait that formulas are written over.
//!
//! [`Real`] is implemented by [`Fused`] and [`Plain`] numbers of both precisions and by [`Dual`] numbers over any of
//! them. A formula written once therefore runs with fused multiply-add where the machine has it, without it elsewhere
//! (where a `mul_add` would be a library call), and over dual numbers, which give its exact derivative.

mod dual;

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub use dual::Dual;

use crate::math::{self, Tables as _};

/// A number as it lies in memory: `f32` or `f64`.
pub trait Element: math::Tables + Copy + Default + PartialEq + PartialOrd + Send + Sync + Debug + 'static {
    /// Arithmetic on machines with fused multiply-add.
    type Fused: Real<Element = Self>;
    /// Arithmetic on machines without it.
    type Plain: Real<Element = Self>;
    /// Name of the type as NumPy spells it.
    const NAME: &'static str;
    /// Nearest element to a double.
    fn from_f64(value: f64) -> Self;
    /// The element as a double, exactly.
    fn to_f64(self) -> f64;
}

/// A number that formulas compute with.
pub trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Send
    + Sync
    + Debug
    + 'static
{
    /// What memory holds.
    type Element: Element;
    /// Whether [`Real::mul_add`] rounds once.
    const FUSED: bool;
    /// Takes a number from memory.
    fn load(element: Self::Element) -> Self;
    /// The number to put into memory.
    fn store(self) -> Self::Element;
    /// Nearest number to a double; a hyperparameter or a literal.
    fn constant(value: f64) -> Self;
    /// A hyperparameter as a number that is finite, and zero only if the hyperparameter is: a product with it is no
    /// NaN.
    #[inline(always)]
    fn parameter(value: f64) -> Self {
        let size = value.abs().clamp(Self::Element::SMALLEST_NORMAL, Self::Element::LARGEST);
        Self::constant(if value == 0.0 { value } else { size.copysign(value) })
    }
    /// `high + low` as a number and its rounding error; `low` is what `high` lacks of the constant meant.
    #[inline(always)]
    fn split_constant(high: f64, low: f64) -> (Self, Self) {
        let number = Self::constant(high);
        (number, Self::constant((high - number.store().to_f64()) + low))
    }
    /// `self * factor + summand`, rounded once where the machine can.
    fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// `then` where the condition holds, else `otherwise`; both are computed.
    #[inline(always)]
    fn select(condition: bool, then: Self, otherwise: Self) -> Self {
        if condition { then } else { otherwise }
    }
    /// Absolute value; its derivative at zero is zero.
    fn abs(self) -> Self;
    /// Magnitude of `self`, sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// The larger number; NaN if either is NaN.
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        // A comparison with NaN is false, so a NaN in `self` falls through; one in `other` is chosen by the first test.
        Self::select(other > self || other.is_nan(), other, self)
    }
    /// The smaller number; NaN if either is NaN.
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        Self::select(other < self || other.is_nan(), other, self)
    }
    /// Whether the number is NaN.
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn is_nan(self) -> bool {
        self != self
    }
    /// Square root.
    fn sqrt(self) -> Self;
    /// See [`crate::math`] for these: formula, error bound, behaviour at the ends.
    fn exp(self) -> Self;
    /// `exp(x) - 1` without cancellation.
    fn expm1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// `ln(1 + x)` without cancellation.
    fn ln_1p(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// Complementary error function, accurate in the tail.
    fn erfc(self) -> Self;
    /// `1 / (1 + exp(-x))`, accurate in the tail.
    fn sigmoid(self) -> Self;
    /// `exp(x + tail)`, where `tail` is the rounding error of `x`.
    fn exp_sum(self, tail: Self) -> Self;
    /// `exp(x)` for x up to 0, times 2 to the power of [`math::Tables::LIFT`] and without subnormal numbers: for sums.
    fn exp_lifted(self) -> Self;
    /// `exp(x)` for x from -87 to 87, with an error of 3 units: for slopes.
    fn exp_rough(self) -> Self;
    /// `scale * sigmoid(x + tail)`, where `tail` is the rounding error of `x`, if it has one; `x` is from
    /// [`math::Tables::EXP_LOW`], where the result is zero, to 50, where it is `scale`; `scale` is below 2^88.
    fn sigmoid_scaled(self, tail: Option<Self>, scale: Self) -> Self;
    /// `scale / (1 + 2^-(x + tail))`, as [`Real::sigmoid_scaled`]; `x` is at most 72, and `EXP_LOW / ln(2)` at least.
    fn sigmoid2_scaled(self, tail: Self, scale: Self) -> Self;
    /// `ln(1 + exp(x + tail))`, where `tail` is the rounding error of `x`, if it has one.
    fn softplus(self, tail: Option<Self>) -> Self;
    /// The error linear unit `x erfc(-x / sqrt(2)) / 2`, accurate in the tail.
    fn gelu(self) -> Self;
    /// The derivative of [`Real::gelu`].
    fn gelu_slope(self) -> Self;
    /// `scale (exp(x) - 1)`, where `scale` lacks `low` of the constant meant; for x up to 0.
    fn expm1_scaled(self, scale: f64, low: f64) -> Self;
    /// `x tanh(ln(1 + exp(x)))`, accurate in the tail.
    fn mish(self) -> Self;
    /// `x - tanh(x)` without cancellation.
    fn tanh_shrink(self) -> Self;
    /// The product rounded, and what rounding took from it: NaN where the product is not finite.
    fn exact_product(self, factor: Self) -> (Self, Self);
    /// The nearest number in `low..=high`; NaN stays.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        let raised = Self::select(low > self, low, self);
        Self::select(high < raised, high, raised)
    }
    /// Zero.
    #[inline(always)]
    fn zero() -> Self {
        Self::constant(0.0)
    }
    /// One.
    #[inline(always)]
    fn one() -> Self {
        Self::constant(1.0)
    }
    /// `self * self`.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
}

/// A number on a machine with fused multiply-add.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Fused<E>(pub E);

/// A number on a machine without fused multiply-add.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Plain<E>(pub E);

macro_rules! element {
    ($e:ident, $name:literal) => {
        impl Element for $e {
            type Fused = Fused<$e>;
            type Plain = Plain<$e>;
            const NAME: &'static str = $name;
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $e
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    };
}
element!(f32, "float32");
element!(f64, "float64");

macro_rules! operators {
    ($n:ident, $e:ident, $($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for $n<$e> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
    )*};
}

macro_rules! real {
    ($n:ident, $e:ident, $fused:literal, $through:ident, |$a:ident, $b:ident, $c:ident| $mul_add:expr) => {
        operators!($n, $e, Add add +, Sub sub -, Mul mul *, Div div /);
        impl Neg for $n<$e> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl Real for $n<$e> {
            type Element = $e;
            const FUSED: bool = $fused;
            #[inline(always)]
            fn load(element: $e) -> Self {
                Self(element)
            }
            #[inline(always)]
            fn store(self) -> $e {
                self.0
            }
            #[inline(always)]
            fn constant(value: f64) -> Self {
                Self($e::from_f64(value))
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, summand: Self) -> Self {
                let ($a, $b, $c) = (self.0, factor.0, summand.0);
                Self($mul_add)
            }
            #[inline(always)]
            fn select(condition: bool, then: Self, otherwise: Self) -> Self {
                Self(std::hint::select_unpredictable(condition, then.0, otherwise.0))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(self.0.abs())
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                Self(self.0.copysign(sign.0))
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(self.0.sqrt())
            }
            $through!();
        }
    };
}

/// The functions of [`math`], in the precision itself.
macro_rules! directly {
    () => {
        directly!(@ exp expm1 ln ln_1p tanh erf erfc sigmoid gelu gelu_slope exp_lifted exp_rough mish tanh_shrink);
        #[inline(always)]
        fn exp_sum(self, tail: Self) -> Self {
            math::exp_sum(self, tail)
        }
        #[inline(always)]
        fn sigmoid_scaled(self, tail: Option<Self>, scale: Self) -> Self {
            math::sigmoid_scaled(self, tail, scale)
        }
        #[inline(always)]
        fn softplus(self, tail: Option<Self>) -> Self {
            math::softplus(self, tail)
        }
        #[inline(always)]
        fn sigmoid2_scaled(self, tail: Self, scale: Self) -> Self {
            math::sigmoid2_scaled(self, tail, scale)
        }
        #[inline(always)]
        fn expm1_scaled(self, scale: f64, low: f64) -> Self {
            math::expm1_scaled(self, scale, low)
        }
        #[inline(always)]
        fn exact_product(self, factor: Self) -> (Self, Self) {
            math::exact_product(self, factor)
        }
    };
    (@ $($function:ident)*) => {$(
        #[inline(always)]
        fn $function(self) -> Self {
            math::$function(self)
        }
    )*};
}

/// The functions of [`math`] for single precision without fused multiply-add: in double precision, rounded once. Faster
/// than the many operations it would take to get a product's rounding error otherwise.
macro_rules! through_double {
    () => {
        through_double!(@ exp expm1 ln ln_1p tanh erf erfc sigmoid gelu gelu_slope exp_rough mish tanh_shrink);
        #[inline(always)]
        fn exp_sum(self, tail: Self) -> Self {
            (self.widened() + tail.widened()).exp().narrowed()
        }
        #[inline(always)]
        fn exp_lifted(self) -> Self {
            let lift = Plain(1.0 / <f32 as math::Tables>::LOWER);
            (math::least_exponent(self).widened().exp() * lift).narrowed()
        }
        #[inline(always)]
        fn sigmoid_scaled(self, tail: Option<Self>, scale: Self) -> Self {
            math::sigmoid_scaled(self.widened_sum(tail), None, scale.widened()).narrowed()
        }
        #[inline(always)]
        fn softplus(self, tail: Option<Self>) -> Self {
            math::softplus(self.widened_sum(tail), None).narrowed()
        }
        #[inline(always)]
        fn sigmoid2_scaled(self, tail: Self, scale: Self) -> Self {
            math::sigmoid2_scaled(self.widened_sum(Some(tail)), Plain(0.0), scale.widened()).narrowed()
        }
        #[inline(always)]
        fn expm1_scaled(self, scale: f64, low: f64) -> Self {
            math::expm1_scaled(self.widened(), scale, low).narrowed()
        }
        #[inline(always)]
        fn exact_product(self, factor: Self) -> (Self, Self) {
            let exact = self.widened() * factor.widened();
            let product = exact.narrowed();
            (product, (exact - product.widened()).narrowed())
        }
    };
    (@ $($function:ident)*) => {$(
        #[inline(always)]
        fn $function(self) -> Self {
            self.widened().$function().narrowed()
        }
    )*};
}

impl Plain<f32> {
    #[inline(always)]
    fn widened(self) -> Plain<f64> {
        Plain(f64::from(self.0))
    }
}

impl Plain<f32> {
    #[inline(always)]
    fn widened_sum(self, tail: Option<Self>) -> Plain<f64> {
        if let Some(tail) = tail { self.widened() + tail.widened() } else { self.widened() }
    }
}

impl Plain<f64> {
    #[inline(always)]
    fn narrowed(self) -> Plain<f32> {
        Plain(self.0 as f32)
    }
}

real!(Fused, f32, true, directly, |a, b, c| a.mul_add(b, c));
real!(Fused, f64, true, directly, |a, b, c| a.mul_add(b, c));
real!(Plain, f32, false, through_double, |a, b, c| a * b + c);
real!(Plain, f64, false, directly, |a, b, c| a * b + c);

//! Arithmetic on whole arrays: broadcast binary operations, unary functions, reductions, transposition.
//!
//! Arrays are contiguous and row-major. Where a shape is involved, it is folded once, before any run, into a small
//! fixed-size description ([`Broadcast`], [`Reduction`], [`Permutation`]), so that a run neither allocates nor decides.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{self, Binary, Unary};

mod layout;
mod reduce;

pub use layout::{Broadcast, Permutation, broadcast_shape, permute};
pub(crate) use reduce::{CHAIN, sum_columns};
pub use reduce::{Reduction, ReductionKind};

/// Declares what stands for any of some functions, and their names.
macro_rules! named_functions {
    ($(#[$of:meta])* $functions:ident { $($(#[$doc:meta])* $variant:ident $name:literal)* }) => {
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $functions {
            $($(#[$doc])* $variant,)*
        }

        impl $functions {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The function of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|function| function.name() == name)
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

/// Declares functions of one number that act on arrays: a name, its summary and its formula.
macro_rules! unary_functions {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal ($x:ident) $value:block)*) => {
        named_functions! {
            /// A function of one number.
            UnaryFunction { $($(#[doc = $doc])* $variant $name)* }
        }

        $(#[derive(Clone, Copy)]
        struct $variant;
        impl Unary for $variant {
            #[inline(always)]
            fn apply<R: Real>(&self, $x: R) -> R $value
        })*

        impl UnaryFunction {
            /// `out[i] = f(x[i])`.
            pub fn apply<E: Element>(self, x: &[E], out: &mut [E]) {
                match self {
                    $(UnaryFunction::$variant => sweep::map($variant, x, out),)*
                }
            }

            /// `x[i] = f(x[i])`.
            pub fn apply_in_place<E: Element>(self, x: &mut [E]) {
                match self {
                    $(UnaryFunction::$variant => sweep::map_in_place($variant, x),)*
                }
            }
        }
    };
}

unary_functions! {
    /// `-x`.
    Negative "negative" (x) { -x }
    /// `exp(x)`.
    Exp "exp" (x) { x.exp() }
    /// `exp(x) - 1`.
    Expm1 "expm1" (x) { x.expm1() }
    /// Natural logarithm: NaN below zero, minus infinity at zero.
    Log "log" (x) { x.ln() }
    /// `ln(1 + x)`.
    Log1p "log1p" (x) { x.ln_1p() }
    /// Square root: NaN below zero.
    Sqrt "sqrt" (x) { x.sqrt() }
    /// Absolute value.
    Abs "abs" (x) { x.abs() }
    /// `x * x`.
    Square "square" (x) { x.square() }
    /// -1, 0 or 1; NaN stays NaN.
    Sign "sign" (x) {
        let side = R::select(x > R::zero(), R::one(), R::select(x < R::zero(), -R::one(), R::zero()));
        R::select(x.is_nan(), x, side)
    }
}

/// Declares functions of two numbers that act on arrays.
macro_rules! binary_functions {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal ($x:ident, $y:ident) $value:block)*) => {
        named_functions! {
            /// A function of two numbers.
            BinaryFunction { $($(#[doc = $doc])* $variant $name)* }
        }

        /// The formulas of [`BinaryFunction`].
        mod formulas {
            use super::{Binary, Real};
            $(#[derive(Clone, Copy)]
            pub(super) struct $variant;
            impl Binary for $variant {
                #[inline(always)]
                fn apply<R: Real>(&self, $x: R, $y: R) -> R $value
            })*
        }

        impl BinaryFunction {
            /// `out = f(x, y)`, broadcast.
            pub fn apply<E: Element>(self, broadcast: &Broadcast, x: &[E], y: &[E], out: &mut [E]) {
                match self {
                    $(BinaryFunction::$variant => zip(formulas::$variant, broadcast, x, y, out),)*
                }
            }

            /// `x = f(x, y)`, where only `y` is broadcast.
            pub fn apply_in_place<E: Element>(self, broadcast: &Broadcast, x: &mut [E], y: &[E]) {
                match self {
                    $(BinaryFunction::$variant => zip_in_place(formulas::$variant, broadcast, x, y),)*
                }
            }

            /// `y = f(x, y)`, where only `x` is broadcast; the description is that of (y, x), see
            /// [`Broadcast::flipped`].
            pub fn apply_in_place_flipped<E: Element>(self, broadcast: &Broadcast, x: &[E], y: &mut [E]) {
                match self {
                    $(BinaryFunction::$variant => zip_in_place(Flip(formulas::$variant), broadcast, y, x),)*
                }
            }
        }
    };
}

binary_functions! {
    /// `x + y`.
    Add "add" (x, y) { x + y }
    /// `x - y`.
    Subtract "subtract" (x, y) { x - y }
    /// `x * y`.
    Multiply "multiply" (x, y) { x * y }
    /// `x / y`.
    Divide "divide" (x, y) { x / y }
    /// `x` to the power `y`: see `power`.
    Power "power" (x, y) { super::power(x, y) }
    /// The larger number; NaN if either is NaN.
    Maximum "maximum" (x, y) { x.maximum(y) }
    /// The smaller number; NaN if either is NaN.
    Minimum "minimum" (x, y) { x.minimum(y) }
    /// The share of `x` in the slope of the maximum of `x` and `y`: 1 above, 1/2 at a tie, 0 below.
    LargerShare "larger_share" (x, y) {
        R::select(x > y, R::one(), R::select(x == y, R::constant(0.5), R::zero()))
    }
    /// `x` above zero, else `y x`: a rectifier whose slope below zero is `y` (He et al., 2015).
    Prelu "prelu" (x, y) {
        // A slope of zero times minus infinity would be NaN.
        let below = R::select((y == R::zero()) & !x.is_nan(), R::zero(), y * x);
        R::select(x > R::zero(), x, below)
    }
    /// The derivative of `prelu` with respect to `x`: 1 above zero, else `y`.
    PreluSlope "prelu_slope" (x, y) { R::select(x > R::zero(), R::one(), R::select(x.is_nan(), x, y)) }
    /// 1 where the numbers are equal, else 0.
    Equal "equal" (x, y) { R::select(x == y, R::one(), R::zero()) }
}

/// The operands the other way round.
#[derive(Clone, Copy)]
struct Flip<F>(F);
impl<F: Binary> Binary for Flip<F> {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R, y: R) -> R {
        self.0.apply(y, x)
    }
}

/// `x` to the power `y`. A negative `x` takes whole `y` only, else the result is NaN; `power(x, 0) = 1`.
///
/// Small whole exponents (up to 4 in size) multiply; others go through `exp(y ln|x|)`, whose relative error grows with
/// the size of `y ln|x|`.
#[inline(always)]
fn power<R: Real>(x: R, y: R) -> R {
    let (zero, one) = (R::zero(), R::one());
    let magnitude = (y * x.abs().ln()).exp();
    // Adding 1.5 * 2^52 (2^23 in single precision) leaves no bits for a fraction, so the sum rounds to a whole number.
    let unit = R::constant(if std::mem::size_of::<R::Element>() == 4 { 12_582_912.0 } else { 6_755_399_441_055_744.0 });
    let limit = unit * R::constant(0.25);
    let large = y.abs() > limit;
    let half = y * R::constant(0.5);
    let whole = large || (y + unit) - unit == y;
    let even = large || (half + unit) - unit == half;
    let signed = R::select(whole, R::select(even, magnitude, -magnitude), R::constant(f64::NAN));
    let result = R::select(x < zero, signed, magnitude);
    let squared = x * x;
    let size = y.abs();
    let small = R::select(size == one, x, squared);
    let small = R::select(size == R::constant(3.0), squared * x, small);
    let small = R::select(size == R::constant(4.0), squared * squared, small);
    let is_small = size == one || size == R::constant(2.0) || size == R::constant(3.0) || size == R::constant(4.0);
    let result = R::select(is_small, R::select(y < zero, one / small, small), result);
    R::select(y == zero || x == one, one, result)
}

/// `out = f(x, y)`, broadcast, in one function of the instruction set.
fn zip<E: Element, F: Binary>(f: F, broadcast: &Broadcast, x: &[E], y: &[E], out: &mut [E]) {
    struct Zip<'a, E, F>(F, &'a Broadcast, &'a [E], &'a [E], &'a mut [E]);
    impl<E: Element, F: Binary> Kernel<E> for Zip<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            let Zip(f, broadcast, x, y, out) = self;
            let (x_unit, y_unit) = broadcast.units();
            broadcast.rows(|start, count, x_start, y_start| {
                let out = &mut out[start..start + count];
                match (x_unit, y_unit) {
                    (true, true) => {
                        let (x, y) = (&x[x_start..x_start + count], &y[y_start..y_start + count]);
                        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                            *out = f.apply(R::load(*x), R::load(*y)).store();
                        }
                    }
                    (true, false) => {
                        let y = R::load(y[y_start]);
                        for (out, x) in out.iter_mut().zip(&x[x_start..x_start + count]) {
                            *out = f.apply(R::load(*x), y).store();
                        }
                    }
                    (false, true) => {
                        let x = R::load(x[x_start]);
                        for (out, y) in out.iter_mut().zip(&y[y_start..y_start + count]) {
                            *out = f.apply(x, R::load(*y)).store();
                        }
                    }
                    (false, false) => out.fill(f.apply(R::load(x[x_start]), R::load(y[y_start])).store()),
                }
            });
        }
    }
    assert!(broadcast.fits(x.len(), y.len(), out.len()));
    isa::run(Zip(f, broadcast, x, y, out));
}

/// `x = f(x, y)`, where only `y` is broadcast.
fn zip_in_place<E: Element, F: Binary>(f: F, broadcast: &Broadcast, x: &mut [E], y: &[E]) {
    struct Zip<'a, E, F>(F, &'a Broadcast, &'a mut [E], &'a [E]);
    impl<E: Element, F: Binary> Kernel<E> for Zip<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            let Zip(f, broadcast, x, y) = self;
            let (_, y_unit) = broadcast.units();
            broadcast.rows(|start, count, _, y_start| {
                let x = &mut x[start..start + count];
                if y_unit {
                    for (x, y) in x.iter_mut().zip(&y[y_start..y_start + count]) {
                        *x = f.apply(R::load(*x), R::load(*y)).store();
                    }
                } else {
                    let y = R::load(y[y_start]);
                    for x in x {
                        *x = f.apply(R::load(*x), y).store();
                    }
                }
            });
        }
    }
    assert!(broadcast.fits(x.len(), y.len(), x.len()));
    isa::run(Zip(f, broadcast, x, y));
}

#[cfg(test)]
mod tests {
    use super::{BinaryFunction, Broadcast, Permutation, permute};

    #[test]
    fn powers_of_any_sign() {
        let cases = [
            (-2.0, 3.0, -8.0),
            (-2.0, 4.0, 16.0),
            (-2.0, -1.0, -0.5),
            (-2.0, 5.0, -32.0),
            (-2.0, 6.0, 64.0),
            (9.0, 0.5, 3.0),
            (0.0, 0.0, 1.0),
            (0.0, 2.0, 0.0),
            (5.0, 0.0, 1.0),
        ];
        let broadcast = Broadcast::new(&[1], &[1]).unwrap();
        for (x, y, expected) in cases {
            let mut out = [0f64];
            BinaryFunction::Power.apply(&broadcast, &[x], &[y], &mut out);
            assert!((out[0] - expected).abs() <= 1e-14 * f64::abs(expected), "{x} to the power {y}: {}", out[0]);
            let mut single = [0f32];
            BinaryFunction::Power.apply(&broadcast, &[x as f32], &[y as f32], &mut single);
            assert!(
                (f64::from(single[0]) - expected).abs() <= 1e-5 * f64::abs(expected),
                "{x} to the power {y}: {}",
                single[0]
            );
        }
        let mut out = [0f64];
        BinaryFunction::Power.apply(&broadcast, &[-2.0], &[0.5], &mut out);
        assert!(out[0].is_nan());
    }

    #[test]
    fn permutations_reach_beyond_a_block() {
        let (rows, columns, depth) = (37, 41, 3);
        let x: Vec<usize> = (0..rows * columns * depth).collect();
        let mut out = vec![0; x.len()];
        permute(&Permutation::new(&[rows, columns, depth], &[2, 1, 0]), &x, &mut out);
        for (index, &value) in out.iter().enumerate() {
            let (plane, column, row) = (index / (columns * rows), index / rows % columns, index % rows);
            assert_eq!(value, (row * columns + column) * depth + plane);
        }
    }
}

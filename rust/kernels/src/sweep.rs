//! The only elementwise loops: map, zip, update, rows, reduce. Formulas are given as small structs.
//!
//! In place and out of place are separate functions, because the compiler must know which operands overlap.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};

/// A formula of one number.
pub trait Unary: Copy + Send + Sync {
    /// `f(x)`.
    fn apply<R: Real>(&self, x: R) -> R;
}

/// A formula of two numbers.
pub trait Binary: Copy + Send + Sync {
    /// `f(x, y)`.
    fn apply<R: Real>(&self, x: R, y: R) -> R;
}

/// A formula of three numbers.
pub trait Ternary: Copy + Send + Sync {
    /// `f(x, y, z)`.
    fn apply<R: Real>(&self, x: R, y: R, z: R) -> R;
}

/// `out[i] = f(x[i])`. The slices have equal lengths.
pub fn map<E: Element, F: Unary>(f: F, x: &[E], out: &mut [E]) {
    struct Map<'a, E, F>(F, &'a [E], &'a mut [E]);
    impl<E: Element, F: Unary> Kernel<E> for Map<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            for (out, x) in self.2.iter_mut().zip(self.1) {
                *out = self.0.apply(R::load(*x)).store();
            }
        }
    }
    assert_eq!(x.len(), out.len());
    isa::run(Map(f, x, out));
}

/// `x[i] = f(x[i])`.
pub fn map_in_place<E: Element, F: Unary>(f: F, x: &mut [E]) {
    struct Map<'a, E, F>(F, &'a mut [E]);
    impl<E: Element, F: Unary> Kernel<E> for Map<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            for x in self.1 {
                *x = self.0.apply(R::load(*x)).store();
            }
        }
    }
    isa::run(Map(f, x));
}

/// `out[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip<E: Element, F: Binary>(f: F, x: &[E], y: &[E], out: &mut [E]) {
    struct Zip<'a, E, F>(F, &'a [E], &'a [E], &'a mut [E]);
    impl<E: Element, F: Binary> Kernel<E> for Zip<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            for ((out, x), y) in self.3.iter_mut().zip(self.1).zip(self.2) {
                *out = self.0.apply(R::load(*x), R::load(*y)).store();
            }
        }
    }
    assert!(x.len() == out.len() && y.len() == out.len());
    isa::run(Zip(f, x, y, out));
}

/// `x[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip_in_place<E: Element, F: Binary>(f: F, x: &mut [E], y: &[E]) {
    struct Zip<'a, E, F>(F, &'a mut [E], &'a [E]);
    impl<E: Element, F: Binary> Kernel<E> for Zip<'_, E, F> {
        type Output = ();
        #[inline(always)]
        fn run<R: Real<Element = E>>(self) {
            for (x, y) in self.1.iter_mut().zip(self.2) {
                *x = self.0.apply(R::load(*x), R::load(*y)).store();
            }
        }
    }
    assert_eq!(x.len(), y.len());
    isa::run(Zip(f, x, y));
}

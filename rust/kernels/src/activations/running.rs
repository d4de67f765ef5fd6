//! Runs an activation, whichever it is, as a sweep: forward, backward, out of place and in place.

use std::marker::PhantomData;

use super::Formula;
use crate::real::{Dual, Element, Real};
use crate::registry::ActivationEntry;
use crate::sweep::{self, Binary, Unary};

/// A formula with its default hyperparameters compiled in: multiplications by 1 go.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Defaults<F>(pub(super) PhantomData<F>);

impl<F: Formula> Formula for Defaults<F> {
    const ENTRY: ActivationEntry = F::ENTRY;
    const DEFAULT: Self = Self(PhantomData);
    fn new(_: &[f64]) -> Self {
        Self::DEFAULT
    }
    fn parameters(&self) -> Vec<f64> {
        F::DEFAULT.parameters()
    }
    #[inline(always)]
    fn value<R: Real>(&self, x: R) -> R {
        F::DEFAULT.value(x)
    }
    #[inline(always)]
    fn slope<R: Real>(&self, x: R, y: R) -> R {
        F::DEFAULT.slope(x, y)
    }
}

/// Work that is written once for every formula.
pub(super) trait Visitor {
    type Output;
    fn visit<F: Formula>(self, formula: F) -> Self::Output;
}

/// `f(x)` as a sweep.
#[derive(Clone, Copy)]
struct Value<F>(F);
impl<F: Formula> Unary for Value<F> {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        self.0.value(x)
    }
}

/// What a gradient is multiplied by.
trait Factor: Copy + Send + Sync {
    fn of<F: Formula, R: Real>(self, formula: &F, operand: R) -> R;
}

/// `f'` from the input or the output, as the entry says.
#[derive(Clone, Copy)]
struct SlopeFromSaved;
impl Factor for SlopeFromSaved {
    #[inline(always)]
    fn of<F: Formula, R: Real>(self, formula: &F, saved: R) -> R {
        formula.slope(saved, saved)
    }
}

/// `f'(x)`; a slope that is made from the output gets it anew.
#[derive(Clone, Copy)]
struct SlopeFromInput;
impl Factor for SlopeFromInput {
    #[inline(always)]
    fn of<F: Formula, R: Real>(self, formula: &F, x: R) -> R {
        formula.slope(x, formula.value(x))
    }
}

/// `f''(x)`: the slope over dual numbers.
#[derive(Clone, Copy)]
struct Curvature;
impl Factor for Curvature {
    #[inline(always)]
    fn of<F: Formula, R: Real>(self, formula: &F, x: R) -> R {
        let x = Dual::variable(x);
        formula.slope(x, formula.value(x)).derivative
    }
}

/// `gradient * factor` as a sweep.
#[derive(Clone, Copy)]
struct Times<F, T>(F, T);
impl<F: Formula, T: Factor> Binary for Times<F, T> {
    #[inline(always)]
    fn apply<R: Real>(&self, gradient: R, operand: R) -> R {
        gradient * self.1.of(&self.0, operand)
    }
}

impl super::Activation {
    /// `y[i] = f(x[i])`.
    pub fn forward<E: Element>(&self, x: &[E], y: &mut [E]) {
        struct Run<'a, E>(&'a [E], &'a mut [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::map(Value(formula), self.0, self.1);
            }
        }
        self.visit(Run(x, y));
    }

    /// `x[i] = f(x[i])`.
    pub fn forward_in_place<E: Element>(&self, x: &mut [E]) {
        struct Run<'a, E>(&'a mut [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::map_in_place(Value(formula), self.0);
            }
        }
        self.visit(Run(x));
    }

    /// `out[i] = gradient[i] * f'`, where `saved` is the input or the output of the forward pass, as
    /// [`ActivationEntry::slope_from`] says.
    pub fn backward<E: Element>(&self, gradient: &[E], saved: &[E], out: &mut [E]) {
        self.times(SlopeFromSaved, gradient, saved, out);
    }

    /// `gradient[i] = gradient[i] * f'`; `saved` as in `Activation::backward`.
    pub fn backward_in_place<E: Element>(&self, gradient: &mut [E], saved: &[E]) {
        self.times_in_place(SlopeFromSaved, gradient, saved);
    }

    /// `out[i] = gradient[i] * f'(x[i])`, from the *input* always.
    pub fn backward_from_input<E: Element>(&self, gradient: &[E], x: &[E], out: &mut [E]) {
        self.times(SlopeFromInput, gradient, x, out);
    }

    /// `gradient[i] = gradient[i] * f'(x[i])`, from the *input* always.
    pub fn backward_from_input_in_place<E: Element>(&self, gradient: &mut [E], x: &[E]) {
        self.times_in_place(SlopeFromInput, gradient, x);
    }

    /// `out[i] = gradient[i] * f''(x[i])`: what the second derivative needs, from the *input* always.
    pub fn curvature<E: Element>(&self, gradient: &[E], x: &[E], out: &mut [E]) {
        self.times(Curvature, gradient, x, out);
    }

    /// `out[i] = gradient[i] * factor(operand[i])`.
    fn times<E: Element, T: Factor>(&self, factor: T, gradient: &[E], operand: &[E], out: &mut [E]) {
        struct Run<'a, E, T>(T, &'a [E], &'a [E], &'a mut [E]);
        impl<E: Element, T: Factor> Visitor for Run<'_, E, T> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip(Times(formula, self.0), self.1, self.2, self.3);
            }
        }
        self.visit(Run(factor, gradient, operand, out));
    }

    /// `gradient[i] = gradient[i] * factor(operand[i])`.
    fn times_in_place<E: Element, T: Factor>(&self, factor: T, gradient: &mut [E], operand: &[E]) {
        struct Run<'a, E, T>(T, &'a mut [E], &'a [E]);
        impl<E: Element, T: Factor> Visitor for Run<'_, E, T> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip_in_place(Times(formula, self.0), self.1, self.2);
            }
        }
        self.visit(Run(factor, gradient, operand));
    }

    /// `f'(x)` as dual numbers give it from the formula of the value: what the slopes are tested against.
    pub fn derivative<R: Real>(&self, x: R) -> R {
        struct Run<R>(R);
        impl<R: Real> Visitor for Run<R> {
            type Output = R;
            fn visit<F: Formula>(self, formula: F) -> R {
                formula.value(Dual::variable(self.0)).derivative
            }
        }
        self.visit(Run(x))
    }
}

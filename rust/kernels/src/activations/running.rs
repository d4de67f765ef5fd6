//! Runs an activation, whichever it is, as a sweep: forward, backward, out of place and in place.

use super::formula::{Formula, Visitor};
use super::list::Activation;
use crate::isa::{self, Kernel};
use crate::real::{Dual, Element, Real};
use crate::registry::SlopeFrom;
use crate::sweep::{self, Binary, HELD, Unary, in_pieces};

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
    /// Whether it is asked of every formula, or only of those with [`SlopeFrom::Output`].
    const APPLIES_TO_ALL: bool;
    fn of<F: Formula, R: Real>(self, formula: &F, operand: R) -> R;
}

/// `f'` from the input or the output, as the entry says.
#[derive(Clone, Copy)]
struct SlopeFromSaved;
impl Factor for SlopeFromSaved {
    const APPLIES_TO_ALL: bool = true;
    #[inline(always)]
    fn of<F: Formula, R: Real>(self, formula: &F, saved: R) -> R {
        formula.slope(saved, saved)
    }
}

/// `f'(x)`; a slope that is made from the output gets it anew.
#[derive(Clone, Copy)]
struct SlopeFromInput;
impl Factor for SlopeFromInput {
    const APPLIES_TO_ALL: bool = false;
    #[inline(always)]
    fn of<F: Formula, R: Real>(self, formula: &F, x: R) -> R {
        formula.slope(x, formula.value(x))
    }
}

/// `gradient[i] f''(x[i])`: the slope over dual numbers.
struct Curvature<'a, F>(F, &'a [f64; HELD], &'a [f64; HELD], &'a mut [f64; HELD]);

impl<F: Formula> Kernel<f64> for Curvature<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f64>>(self) {
        let Self(formula, gradient, x, out) = self;
        for lane in 0..HELD {
            let x = Dual::variable(R::load(x[lane]));
            out[lane] = (R::load(gradient[lane]) * formula.slope(x, formula.value(x)).derivative).store();
        }
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

impl Activation {
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
    /// [`crate::registry::ActivationEntry::slope_from`] says.
    pub fn backward<E: Element>(&self, gradient: &[E], saved: &[E], out: &mut [E]) {
        self.times(SlopeFromSaved, gradient, saved, out);
    }

    /// `gradient[i] = gradient[i] * f'`; `saved` as in `Activation::backward`.
    pub fn backward_in_place<E: Element>(&self, gradient: &mut [E], saved: &[E]) {
        struct Run<'a, E>(&'a mut [E], &'a [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip_in_place(Times(formula, SlopeFromSaved), self.0, self.1);
            }
        }
        self.visit(Run(gradient, saved));
    }

    /// `out[i] = gradient[i] * f'(x[i])`, from the *input* always.
    pub fn backward_from_input<E: Element>(&self, gradient: &[E], x: &[E], out: &mut [E]) {
        match self.entry().slope_from {
            SlopeFrom::Input => self.backward(gradient, x, out),
            SlopeFrom::Output => self.times(SlopeFromInput, gradient, x, out),
        }
    }

    /// `gradient[i] = gradient[i] * f'(x[i])`, from the *input* always.
    pub fn backward_from_input_in_place<E: Element>(&self, gradient: &mut [E], x: &[E]) {
        if self.entry().slope_from == SlopeFrom::Input {
            return self.backward_in_place(gradient, x);
        }
        // Rare: a copy of some numbers at a time, instead of code of its own.
        in_pieces(gradient, &|start, gradient: &mut [E]| {
            let mut held = [E::default(); HELD];
            let held = &mut held[..gradient.len()];
            held.copy_from_slice(gradient);
            self.backward_from_input(held, &x[start..start + gradient.len()], gradient);
        });
    }

    /// `out[i] = gradient[i] * f''(x[i])`: what the second derivative needs, from the *input* always. In double
    /// precision whatever the elements: it is rare, and its code long.
    pub fn curvature<E: Element>(&self, gradient: &[E], x: &[E], out: &mut [E]) {
        struct Run<'a>(&'a [f64; HELD], &'a [f64; HELD], &'a mut [f64; HELD]);
        impl Visitor for Run<'_> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                isa::run_rarely(Curvature(formula, self.0, self.1, self.2));
            }
        }
        assert!(gradient.len() == out.len() && x.len() == out.len());
        in_pieces(out, &|start, out: &mut [E]| {
            let (mut gradients, mut inputs, mut results) = ([0.0; HELD], [0.0; HELD], [0.0; HELD]);
            for index in 0..out.len() {
                gradients[index] = gradient[start + index].to_f64();
                inputs[index] = x[start + index].to_f64();
            }
            self.visit(Run(&gradients, &inputs, &mut results));
            for (out, result) in out.iter_mut().zip(results) {
                *out = E::from_f64(result);
            }
        });
    }

    /// `out[i] = gradient[i] * factor(operand[i])`.
    fn times<E: Element, T: Factor>(&self, factor: T, gradient: &[E], operand: &[E], out: &mut [E]) {
        struct Run<'a, E, T>(T, &'a [E], &'a [E], &'a mut [E]);
        impl<E: Element, T: Factor> Visitor for Run<'_, E, T> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                // The others are backward passes from the input already, and need no code for it.
                if T::APPLIES_TO_ALL || F::ENTRY.slope_from == SlopeFrom::Output {
                    sweep::zip(Times(formula, self.0), self.1, self.2, self.3);
                }
            }
        }
        self.visit(Run(factor, gradient, operand, out));
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

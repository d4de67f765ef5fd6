//! Every activation: documentation, value and slope side by side; one list at the foot.
//!
//! To add one: write its entry here (struct, facts, formula), add its name to the list at the foot, and write the
//! function of the same name in `tests/reference.py`.

use crate::real::{Dual, Element, Real};
use crate::registry::{ActivationEntry, Parameter, Parity, Range, SlopeFrom, check_parameters};
use crate::sweep::{self, Binary, Unary};

/// The formula of an activation.
pub trait Formula: Copy + Send + Sync + 'static {
    /// What is known of it.
    const ENTRY: ActivationEntry;
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
    /// Rectified linear unit: `relu(x) = max(0, x)`.
    ///
    /// The derivative at 0 is 0. NaN stays NaN. (Nair and Hinton, 2010.)
    Relu "relu" {} {
        slope_from: SlopeFrom::Output, ulp_f32: 0.0, ulp_f64: 0.0,
        bounds: (0.0, f64::INFINITY), parity: Parity::None, monotone: true,
    }
    value(_this, x) { R::select(x < R::zero(), R::zero(), x) }
    slope(_this, x, y) { R::select(y > R::zero(), R::one(), R::select(y.is_nan(), y, R::zero())) }
}

activation! {
    /// Sigmoid linear unit with slope `beta`: `swish(x) = x sigmoid(beta x)`; `silu` is `swish` with `beta = 1`.
    ///
    /// (Ramachandran, Zoph and Le, 2017; Elfwing, Uchibe and Doya, 2017.)
    Swish "swish" or "silu"
    { beta: 1.0 in Range::finite(), "Steepness of the gate." } {
        slope_from: SlopeFrom::Input, ulp_f32: 2.0, ulp_f64: 2.0,
        bounds: (-0.278_464_542_761, f64::INFINITY), parity: Parity::None, monotone: false,
    }
    value(this, x) { x * (R::constant(this.beta) * x).sigmoid() }
    slope(this, x, y) {
        let beta = R::constant(this.beta);
        let gate = (beta * x).sigmoid();
        gate + beta * x * gate * (R::one() - gate)
    }
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
                    $(Self::$type(formula) => visitor.visit(*formula),)*
                }
            }
        }
    };
}

/// Work that is written once for every formula.
trait Visitor {
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

/// `gradient * f'` as a sweep; the second operand is the input or the output, as the entry says.
#[derive(Clone, Copy)]
struct Backward<F>(F);
impl<F: Formula> Binary for Backward<F> {
    #[inline(always)]
    fn apply<R: Real>(&self, gradient: R, saved: R) -> R {
        gradient * self.0.slope(saved, saved)
    }
}

/// `gradient * f''(x)` as a sweep: the slope over dual numbers.
#[derive(Clone, Copy)]
struct Curvature<F>(F);
impl<F: Formula> Binary for Curvature<F> {
    #[inline(always)]
    fn apply<R: Real>(&self, gradient: R, x: R) -> R {
        let x = Dual::variable(x);
        gradient * self.0.slope(x, self.0.value(x)).derivative
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
    /// [`ActivationEntry::slope_from`] says.
    pub fn backward<E: Element>(&self, gradient: &[E], saved: &[E], out: &mut [E]) {
        struct Run<'a, E>(&'a [E], &'a [E], &'a mut [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip(Backward(formula), self.0, self.1, self.2);
            }
        }
        self.visit(Run(gradient, saved, out));
    }

    /// `gradient[i] = gradient[i] * f'`; `saved` as in [`Activation::backward`].
    pub fn backward_in_place<E: Element>(&self, gradient: &mut [E], saved: &[E]) {
        struct Run<'a, E>(&'a mut [E], &'a [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip_in_place(Backward(formula), self.0, self.1);
            }
        }
        self.visit(Run(gradient, saved));
    }

    /// `out[i] = gradient[i] * f''(x[i])`: what the second derivative needs, from the *input* always.
    pub fn curvature<E: Element>(&self, gradient: &[E], x: &[E], out: &mut [E]) {
        struct Run<'a, E>(&'a [E], &'a [E], &'a mut [E]);
        impl<E: Element> Visitor for Run<'_, E> {
            type Output = ();
            fn visit<F: Formula>(self, formula: F) {
                sweep::zip(Curvature(formula), self.0, self.1, self.2);
            }
        }
        self.visit(Run(gradient, x, out));
    }
}

activations![Relu, Swish];

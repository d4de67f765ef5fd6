//! What a formula is, the macro that declares one, and what several formulas share.

use std::marker::PhantomData;

use crate::real::Real;
use crate::registry::ActivationEntry;

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
    /// `f'(x)`, from the input `x` and the output `y = f(x)`. An entry with `SlopeFrom::Output` reads `y` only, one
    /// with `SlopeFrom::Input` reads `x` only.
    fn slope<R: Real>(&self, x: R, y: R) -> R;
}

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
        impl $crate::activations::formula::Formula for $type {
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
pub(super) use activation;

/// `beta x` and its rounding error, zero where the product is beyond every exponential.
#[inline(always)]
pub(super) fn steepened<R: Real>(x: R, beta: f64) -> (R, Option<R>) {
    if beta == 1.0 {
        return (x, None);
    }
    let (product, tail) = x.exact_product(R::parameter(beta));
    (product, Some(R::select(product.abs() < R::constant(2000.0), tail, R::zero())))
}

//! What the formula of a point loss is, and the macro that declares one.

use crate::real::Real;
use crate::registry::{Domain, LossEntry, LossKind, LossReduction, OutputActivation};

/// What the loop over a batch computes of each element.
pub trait PointSlope: Copy + Send + Sync + 'static {
    /// The loss of a prediction `x` against a target `t`, and its derivative with respect to `x`.
    fn value_and_slope<R: Real>(&self, x: R, t: R) -> (R, R);
}

/// The formula of a point loss.
pub trait PointFormula: PointSlope {
    /// Its names, each with the reduction that is meant when none is given.
    const NAMES: &'static [(&'static str, LossReduction)];
    /// What is known of it, under its first name.
    const ENTRY: LossEntry;
    /// The formula with these hyperparameters, which are known to be in range, and then its choices: 0 for no, 1 for
    /// yes.
    fn new(values: &[f64]) -> Self;
    /// What [`PointFormula::new`] took.
    fn values(&self) -> Vec<f64>;
}

/// Declares a point loss: documentation, names with their reductions, parameters, choices of yes or no, facts, and its
/// formula, in which `this` holds the hyperparameters.
macro_rules! point_loss {
    (
        $(#[doc = $doc:literal])*
        $type:ident [$($reduction:ident $name:literal),+]
        { $($parameter:ident : $default:tt in $range:expr, $parameter_doc:literal);* $(;)? }
        $(choices { $($choice:ident : $choice_default:literal, $choice_doc:literal);* $(;)? })?
        { $($fact:ident : $fact_value:expr),* $(,)? }
        ($this:ident, $x:ident, $t:ident) $formula:block
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $(#[doc = $parameter_doc] pub $parameter: f64,)*
            $($(#[doc = $choice_doc] pub $choice: bool,)*)?
        }
        impl $crate::losses::formula::PointFormula for $type {
            const NAMES: &'static [(&'static str, $crate::registry::LossReduction)] =
                &[$(($name, $crate::registry::LossReduction::$reduction)),+];
            const ENTRY: $crate::registry::LossEntry = $crate::registry::LossEntry {
                name: Self::NAMES[0].0,
                doc: concat!($($doc, "\n"),*),
                parameters: &[$($crate::registry::Parameter {
                    name: stringify!($parameter), default: $default, range: $range, doc: $parameter_doc,
                }),*],
                choices: &[$($($crate::registry::Choice {
                    name: stringify!($choice), default: stringify!($choice_default), options: &["false", "true"],
                    meanings: &[], doc: $choice_doc,
                }),*)?],
                reduction: Self::NAMES[0].1,
                kind: $crate::registry::LossKind::Point,
                $($fact: $fact_value,)*
                ..$crate::losses::formula::PLAIN
            };
            #[allow(unused_mut, unused_variables)]
            fn new(values: &[f64]) -> Self {
                let mut values = values.iter().copied();
                Self {
                    $($parameter: values.next().unwrap_or($default),)*
                    $($($choice: values.next().map_or($choice_default, |value| value != 0.0),)*)?
                }
            }
            fn values(&self) -> Vec<f64> {
                vec![$(self.$parameter,)* $($(f64::from(u8::from(self.$choice)),)*)?]
            }
        }
        impl $crate::losses::formula::PointSlope for $type {
            #[inline(always)]
            fn value_and_slope<R: $crate::real::Real>(&self, $x: R, $t: R) -> (R, R) {
                let $this = self;
                $formula
            }
        }
    };
}
pub(super) use point_loss;

/// What most point losses have in common.
pub(super) const PLAIN: LossEntry = LossEntry {
    name: "",
    doc: "",
    parameters: &[],
    choices: &[],
    reduction: LossReduction::Mean,
    kind: LossKind::Point,
    targets: Domain::Real,
    predictions: Domain::Real,
    domains: &[],
    output: OutputActivation::Identity,
    styles: &[],
    non_negative: true,
    zero_at_perfect: true,
    ulp_f32: 4.0,
    ulp_f64: 4.0,
};

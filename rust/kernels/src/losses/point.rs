//! Losses that compare numbers one by one: what an entry is, and what is made of the list of all [`super::formulas`].

use super::formulas::*;
use super::{Totals, points};
use crate::error::{Result, name_error};
use crate::real::{Dual, Element, Real};
use crate::registry::{Domain, LossEntry, LossKind, LossReduction, OutputActivation, check_parameters};

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
    /// The formula with these hyperparameters, which are known to be in range, and then its choices: 0 for no, 1 for yes.
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
        impl $crate::losses::point::PointFormula for $type {
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
                ..$crate::losses::point::PLAIN
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
        impl $crate::losses::point::PointSlope for $type {
            #[inline(always)]
            fn value_and_slope<R: $crate::real::Real>(&self, $x: R, $t: R) -> (R, R) {
                let $this = self;
                $formula
            }
        }
    };
}
pub(crate) use point_loss;

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

/// Lists the formulas: makes [`PointLoss`], which stands for any of them, and [`ENTRIES`].
macro_rules! point_losses {
    ([] $($type:ident)+) => {
        /// Any point loss with its hyperparameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum PointLoss {
            $(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*
        }

        const COUNT: usize = 0 $(+ $type::NAMES.len())*;

        const ALL: [LossEntry; COUNT] = {
            let families: &[(LossEntry, &[(&str, LossReduction)])] = &[$(($type::ENTRY, $type::NAMES)),*];
            let mut all = [families[0].0; COUNT];
            let (mut place, mut family) = (0, 0);
            while family < families.len() {
                let (entry, names) = families[family];
                let mut index = 0;
                while index < names.len() {
                    all[place] = LossEntry { name: names[index].0, reduction: names[index].1, ..entry };
                    place += 1;
                    index += 1;
                }
                family += 1;
            }
            all
        };

        /// Every point loss there is.
        pub const ENTRIES: &[LossEntry] = &ALL;

        impl PointLoss {
            /// The point loss of this name. The values of the parameters are checked against their ranges; those of the
            /// choices follow, 0 for no and 1 for yes. No values at all are the defaults.
            pub fn new(name: &str, values: &[f64]) -> Result<Self> {
                $(
                    if $type::NAMES.iter().any(|known| known.0 == name) {
                        if !values.is_empty() {
                            let parameters = $type::ENTRY.parameters;
                            check_parameters(name, parameters, &values[..parameters.len().min(values.len())])?;
                        }
                        return Ok(Self::$type($type::new(values)));
                    }
                )*
                let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
                name_error!("point loss: unknown name {name:?}; expected one of {}", known.join(", "))
            }

            /// The values of the parameters, then of the choices, as [`PointLoss::new`] takes them.
            pub fn values(&self) -> Vec<f64> {
                match self {
                    $(Self::$type(formula) => formula.values(),)*
                }
            }

            /// Value and gradient in one pass; either can be left out.
            ///
            /// With weight `w` (1 where there is none) and arriving gradient `u` (1 where there is none) of an element:
            /// `values = w * loss`, `gradient = scale * u * w * slope`. The totals are the sum of `w * loss` and of `w`.
            /// An element of weight zero counts as absent, its numbers may be anything.
            pub fn run<E: Element>(
                &self,
                batch: &PointBatch<'_, E>,
                scale: f64,
                values: Option<&mut [E]>,
                gradient: Option<&mut [E]>,
            ) -> Totals {
                match self {
                    $(Self::$type(formula) => points::run(*formula, batch, scale, values, gradient),)*
                }
            }

            /// `curvature = scale * u * w * slope'`: what the second derivative needs. At a kink, the side above it counts.
            pub fn curvature<E: Element>(&self, batch: &PointBatch<'_, E>, scale: f64, curvature: &mut [E]) {
                match self {
                    $(Self::$type(formula) => points::further(Curved(*formula), batch, scale, curvature),)*
                }
            }

            /// `slope = scale * u * w * d loss / d target`.
            pub fn target_slope<E: Element>(&self, batch: &PointBatch<'_, E>, scale: f64, slope: &mut [E]) {
                match self {
                    $(Self::$type(formula) => points::further(TowardTarget(*formula), batch, scale, slope),)*
                }
            }
        }
    };
}

/// The slope of a formula in place of its value, and the slope's slope by dual numbers.
#[derive(Clone, Copy)]
struct Curved<F>(F);

impl<F: PointSlope> PointSlope for Curved<F> {
    #[inline(always)]
    fn value_and_slope<R: Real>(&self, x: R, t: R) -> (R, R) {
        // |x| has no slope at zero, so formulas that are smooth there but use it are asked just above.
        let x = R::select(x == R::zero(), R::constant(1e-30), x);
        let (_, slope) = self.0.value_and_slope(Dual::variable(x), Dual { value: t, derivative: R::zero() });
        (slope.value, slope.derivative)
    }
}

/// A formula with its slope toward the target, by dual numbers.
#[derive(Clone, Copy)]
struct TowardTarget<F>(F);

impl<F: PointSlope> PointSlope for TowardTarget<F> {
    #[inline(always)]
    fn value_and_slope<R: Real>(&self, x: R, t: R) -> (R, R) {
        let (value, _) = self.0.value_and_slope(Dual { value: x, derivative: R::zero() }, Dual::variable(t));
        (value.value, value.derivative)
    }
}

/// What a point loss is computed of. All slices have the length of the prediction but for `weight`.
#[derive(Clone, Copy, Debug)]
pub struct PointBatch<'a, E> {
    /// The predictions (or logits).
    pub prediction: &'a [E],
    /// What they should be.
    pub target: &'a [E],
    /// Weights: one an element, or one a row, whose length is then the quotient of the lengths.
    pub weight: Option<&'a [E]>,
    /// Arriving gradient of every unreduced loss.
    pub upstream: Option<&'a [E]>,
}

impl<E: Element> PointBatch<'_, E> {
    /// Elements that share a weight.
    pub(super) fn row(&self) -> usize {
        match self.weight {
            Some(weight) if !weight.is_empty() => self.prediction.len() / weight.len(),
            _ => 1,
        }
    }

    /// The sum of the elements' weights: what a mean divides by.
    pub fn denominator(&self) -> f64 {
        match self.weight {
            None => self.prediction.len() as f64,
            Some(weight) => self.row() as f64 * weight.iter().map(|weight| weight.to_f64()).sum::<f64>(),
        }
    }
}

// From family to family, each of which adds its formulas.
regression! { [binary margins point_losses] }

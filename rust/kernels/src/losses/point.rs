//! Losses that compare numbers one by one: entries with value and slope, and the loop that runs them; the list at the foot.

use super::{Totals, points};
use crate::real::{Dual, Element, Real};
use crate::registry::{LossEntry, LossKind, LossReduction, TargetDomain, check_parameters};

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
    /// The formula with these hyperparameters, which are known to be in range.
    fn new(parameters: &[f64]) -> Self;
}

/// Declares a point loss: documentation, names with their reductions, parameters, facts and formula.
macro_rules! point_loss {
    (
        $(#[doc = $doc:literal])*
        $type:ident [$($reduction:ident $name:literal),+]
        { $($parameter:ident : $default:literal in $range:expr, $parameter_doc:literal);* }
        { $($fact:ident : $fact_value:expr),* $(,)? }
        ($this:ident, $x:ident, $t:ident) $formula:block
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $(#[doc = $parameter_doc] pub $parameter: f64,)*
        }
        impl PointFormula for $type {
            const NAMES: &'static [(&'static str, LossReduction)] = &[$(($name, LossReduction::$reduction)),+];
            const ENTRY: LossEntry = LossEntry {
                name: Self::NAMES[0].0,
                doc: concat!($($doc, "\n"),*),
                parameters: &[$($crate::registry::Parameter {
                    name: stringify!($parameter), default: $default, range: $range, doc: $parameter_doc,
                }),*],
                choices: &[],
                reduction: Self::NAMES[0].1,
                kind: LossKind::Point,
                $($fact: $fact_value,)*
            };
            #[allow(unused_mut, unused_variables)]
            fn new(parameters: &[f64]) -> Self {
                let mut values = parameters.iter().copied();
                Self { $($parameter: values.next().unwrap_or($default),)* }
            }
        }
        impl PointSlope for $type {
            #[inline(always)]
            fn value_and_slope<R: Real>(&self, $x: R, $t: R) -> (R, R) {
                let $this = self;
                $formula
            }
        }
    };
}

point_loss! {
    /// Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.
    ///
    /// Texts call both its mean and its sum "MSE"; here `mean_squared_error` is the mean over all elements and
    /// `sum_squared_error` the sum. There is no factor 1/2 (optax's `l2_loss` and scikit-learn's MLP have one).
    SquaredError [Mean "mean_squared_error", Sum "sum_squared_error"] {} {
        targets: TargetDomain::Real, non_negative: true, zero_at_perfect: true, ulp_f32: 2.0, ulp_f64: 2.0,
    }
    (_this, x, t) {
        let error = x - t;
        (error * error, error + error)
    }
}

point_loss! {
    /// Absolute error: `|x - t|` for a prediction `x` and a target `t`; slope the sign of `x - t`, and 0 where they are equal.
    ///
    /// Its slope does not shrink near the minimum, so a fixed learning rate does not settle there.
    /// `mean_absolute_error` is the mean over all elements, `sum_absolute_error` the sum.
    AbsoluteError [Mean "mean_absolute_error", Sum "sum_absolute_error"] {} {
        targets: TargetDomain::Real, non_negative: true, zero_at_perfect: true, ulp_f32: 1.0, ulp_f64: 1.0,
    }
    (_this, x, t) {
        let error = x - t;
        let sign = R::select(error == R::zero(), R::zero(), R::one().copysign(error));
        (error.abs(), R::select(error.is_nan(), error, sign))
    }
}

point_loss! {
    /// Binary cross-entropy of logits: `-(t ln p + (1 - t) ln(1 - p))` with `p = sigmoid(x)` and a target `t` in [0, 1].
    ///
    /// Computed as `max(x, 0) - x t + ln(1 + exp(-|x|))`, exact far out: 200 at `x = 200, t = 0`, where the form of
    /// probabilities gives infinity or a clipped 100. The slope `p - t` is `(1 - t) p - t (1 - p)`, each factor
    /// without cancellation.
    BinaryCrossEntropyWithLogits [Mean "binary_cross_entropy_with_logits"] {} {
        targets: TargetDomain::UnitInterval, non_negative: true, zero_at_perfect: false, ulp_f32: 4.0, ulp_f64: 4.0,
    }
    (_this, x, t) {
        let small = (-x.abs()).exp();
        let larger = R::one() / (R::one() + small);
        let smaller = small * larger;
        let negative = x < R::zero();
        let (p, q) = (R::select(negative, smaller, larger), R::select(negative, larger, smaller));
        let value = R::select(negative, -(x * t), x * (R::one() - t)) + small.ln_1p();
        (value, (R::one() - t) * p - t * q)
    }
}

/// Lists the formulas: makes [`PointLoss`], which stands for any of them, and [`ENTRIES`].
macro_rules! point_losses {
    ($($type:ident),+ $(,)?) => {
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
            /// The point loss of this name. The parameters are checked against their ranges.
            pub fn new(name: &str, parameters: &[f64]) -> Result<Self, String> {
                $(
                    if $type::NAMES.iter().any(|known| known.0 == name) {
                        check_parameters(name, $type::ENTRY.parameters, parameters)?;
                        return Ok(Self::$type($type::new(parameters)));
                    }
                )*
                let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
                Err(format!("point loss: unknown name {name:?}; expected one of {}", known.join(", ")))
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
                    $(Self::$type(formula) => {
                        points::run(Curved(*formula), batch, scale, None, Some(curvature));
                    })*
                }
            }

            /// `slope = scale * u * w * d loss / d target`.
            pub fn target_slope<E: Element>(&self, batch: &PointBatch<'_, E>, scale: f64, slope: &mut [E]) {
                match self {
                    $(Self::$type(formula) => {
                        points::run(TowardTarget(*formula), batch, scale, None, Some(slope));
                    })*
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

point_losses![SquaredError, AbsoluteError, BinaryCrossEntropyWithLogits];

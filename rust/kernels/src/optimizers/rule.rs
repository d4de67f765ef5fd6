//! What a rule is: its settings, the scalars of a step, and what several formulas share.

use super::Step;
use super::settings::WeightDecayStyle;
use crate::error::Result;
use crate::real::Real;
use crate::registry::{OptimizerEntry, Range};

/// A rule's settings; written by the macro `rule!`.
pub(super) trait Settings: Copy {
    /// What is known of it.
    const ENTRY: OptimizerEntry;
    /// The rule with every setting at its default.
    fn defaults() -> Self;
    /// The parameter of this index.
    fn number_mut(&mut self, index: usize) -> &mut f64;
    /// The option of the choice of this index.
    fn option(&self, index: usize) -> usize;
    /// Sets the option of the choice of this index.
    fn set_option(&mut self, index: usize, option: usize);
}

/// What a rule does with its settings.
pub(super) trait Rule: Settings {
    /// The scalars of step `step`, which counts from 1.
    fn prepare(&self, step: u64) -> Step;
    /// The slots it has with these settings.
    fn slots(&self) -> &'static [&'static str] {
        Self::ENTRY.slots
    }
    /// What a slot starts from.
    fn slot_start(&self, _slot: &str) -> f64 {
        0.0
    }
    /// The weights to evaluate with, where they are not those that are trained.
    fn evaluation(&self) -> Option<Evaluation> {
        None
    }
    /// Whether the settings, each in its range, agree with each other.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// The weights to evaluate with: `weight * w + share * slot`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Factor of the weight that is trained.
    pub weight: f64,
    /// Name of the slot.
    pub slot: &'static str,
    /// Factor of the slot.
    pub share: f64,
}

/// Smallest epsilon: small enough for every use, and not yet zero in single precision, where 0 / 0 would follow.
const SMALLEST_EPSILON: f64 = 1e-30;
/// Range of an epsilon.
pub(super) const EPSILON: Range =
    Range { low: SMALLEST_EPSILON, high: f64::INFINITY, low_closed: true, high_closed: false };
/// Range of a factor that an average keeps of its past.
pub(super) const DECAY: Range = Range::half_open(0.0, 1.0);

/// `1 - beta^step`, without cancellation for a beta close to one.
pub(super) fn correction(beta: f64, step: u64) -> f64 {
    -(beta.ln() * step as f64).exp_m1()
}

/// How a step decays the weight: by what it adds to the gradient, or by the weight itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decay {
    coupled: f64,
    keep: f64,
}

impl Decay {
    /// The scalars for a rate of decay.
    pub(super) fn new(style: WeightDecayStyle, weight_decay: f64, learning_rate: f64) -> Self {
        match style {
            WeightDecayStyle::Coupled => Self { coupled: weight_decay, keep: 1.0 },
            WeightDecayStyle::Decoupled => Self { coupled: 0.0, keep: 1.0 - learning_rate * weight_decay },
        }
    }

    /// The gradient with what coupled decay adds to it.
    #[inline(always)]
    pub(super) fn pull<R: Real>(&self, weight: R, gradient: R) -> R {
        gradient + R::constant(self.coupled) * weight
    }

    /// What decoupled decay leaves of the weight.
    #[inline(always)]
    pub(super) fn kept<R: Real>(&self, weight: R) -> R {
        R::constant(self.keep) * weight
    }
}

/// Finite gradients beyond 2^56 in single precision, 2^480 in double, are taken as that: their squares, and sums of 65,536
/// of them, stay finite. Without this a gradient of 1e38 would make an average of squares infinite, and stop its weight for
/// ever. Infinities and NaN stay, so that what went wrong is seen.
#[inline(always)]
pub(super) fn tamed<R: Real>(gradient: R) -> R {
    let is_single = size_of::<R::Element>() == 4;
    let limit = R::constant(if is_single { LIMIT_SINGLE } else { LIMIT_DOUBLE });
    let magnitude = gradient.abs();
    let is_huge = (magnitude > limit) & (magnitude < R::constant(f64::INFINITY));
    R::select(is_huge, limit.copysign(gradient), gradient)
}

/// The square of a gradient, at most that of the limit of [`tamed`]: for rules that use the gradient itself as it is. NaN stays;
/// an infinity shows where the gradient stands alone.
#[inline(always)]
pub(super) fn tamed_square<R: Real>(gradient: R) -> R {
    let is_single = size_of::<R::Element>() == 4;
    let limit = R::constant(if is_single { LIMIT_SINGLE * LIMIT_SINGLE } else { LIMIT_DOUBLE * LIMIT_DOUBLE });
    let square = gradient * gradient;
    R::select(square > limit, limit, square)
}

/// 2^56.
const LIMIT_SINGLE: f64 = 72_057_594_037_927_936.0;
/// 2^480.
const LIMIT_DOUBLE: f64 = f64::from_bits((1023 + 480) << 52);

//! What a rule is: its settings, the scalars of a step, and what several formulas share.

use std::fmt::Debug;

use super::words::WeightDecayStyle;
use crate::error::Result;
use crate::real::{Element, Real};
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
    /// What [`Rule::prepare`] gives.
    type Scalars: Scalars;
    /// The scalars of step `step`, which counts from 1, computed in double precision.
    fn prepare(&self, step: u64) -> Self::Scalars;
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

/// The scalars of one step, with which every parameter is updated: range by range or whole.
pub(super) trait Scalars: Copy + Debug + Send + Sync {
    /// Updates a range of the parameters, on this thread alone or with `THREADS` over all.
    fn update<E: Element, const THREADS: bool>(&self, _weight: &mut [E], _gradient: &[E], _slots: &mut [&mut [E]]) {
        panic!("{self:?} needs whole parameters")
    }
    /// Updates a whole parameter.
    fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
        self.update::<E, true>(parameter.weight, parameter.gradient, parameter.slots);
    }
    /// Scratch elements that a whole parameter of this shape needs.
    fn scratch<E: Element>(_shape: &[usize]) -> usize {
        0
    }
}

/// A whole parameter with all that an update of it needs.
pub(super) struct WholeParameter<'a, 's, E> {
    pub(super) weight: &'a mut [E],
    pub(super) gradient: &'a [E],
    pub(super) slots: &'a mut [&'s mut [E]],
    pub(super) shape: &'a [usize],
    /// At least as many elements as [`Scalars::scratch`] says, whatever is in them.
    pub(super) scratch: &'a mut [E],
}

impl<'a, 's, E> WholeParameter<'a, 's, E> {
    /// The slots of a rule that has `K` of them.
    pub(super) fn slots<const K: usize>(slots: &'a mut [&'s mut [E]]) -> [&'a mut [E]; K] {
        let slots: &mut [&mut [E]; K] = slots.try_into().expect("the rule has so many slots");
        slots.each_mut().map(|slot| &mut **slot)
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

/// Finite gradients beyond 2^56 in single precision, 2^480 in double, are taken as that: their squares, and sums of
/// 65,536 of them, stay finite. Without this a gradient of 1e38 would make an average of squares infinite, and stop its
/// weight for ever. Infinities and NaN stay, so that what went wrong is seen.
#[inline(always)]
pub(super) fn tamed<R: Real>(gradient: R) -> R {
    let is_single = size_of::<R::Element>() == 4;
    let limit = R::constant(if is_single { LIMIT_SINGLE } else { LIMIT_DOUBLE });
    let magnitude = gradient.abs();
    let is_huge = (magnitude > limit) & (magnitude < R::constant(f64::INFINITY));
    R::select(is_huge, limit.copysign(gradient), gradient)
}

/// The square of a gradient, at most that of the limit of [`tamed`]: for rules that use the gradient itself as it is.
/// NaN stays; an infinity shows where the gradient stands alone.
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

/// What is said of a setting: its own documentation, or that of a name that means the same in most rules.
macro_rules! said {
    ($setting:ident $($doc:literal)+) => { concat!($($doc, "\n"),+) };
    (learning_rate) => { " Size of a step.\n" };
    (beta1) => { " Share of the mean of gradients `m` that is kept.\n" };
    (beta2) => { " Share of the mean of squares `v` that is kept.\n" };
    (epsilon) => { " Keeps the divisor away from zero.\n" };
    (weight_decay) => { " How strongly weights are pulled towards zero.\n" };
    (weight_decay_style) => { " How weights are pulled towards zero.\n" };
    (nesterov) => { " Whether to look one step ahead along the velocity.\n" };
    (amsgrad) => {
        " Whether to use the largest `v` so far instead of `v` (AMSGrad: Reddi, Kale and Kumar, 2018).\n"
    };
    (amsgrad_mode) => { " Which `v` is the largest so far.\n" };
}
pub(super) use said;

/// The range of a parameter: its own, or that of a name that means the same in most rules.
macro_rules! range {
    ($parameter:ident $range:expr) => {
        $range
    };
    (learning_rate) => {
        $crate::registry::Range::non_negative()
    };
    (weight_decay) => {
        $crate::registry::Range::non_negative()
    };
    (epsilon) => {
        $crate::optimizers::rule::EPSILON
    };
    (beta1) => {
        $crate::optimizers::rule::DECAY
    };
    (beta2) => {
        $crate::optimizers::rule::DECAY
    };
}
pub(super) use range;

/// Declares a rule: its documentation, name and class, settings, what other libraries set, slots and facts, beside
/// which its scalars and formula are written. Settings whose name means the same in most rules take their documentation
/// from [`said!`] and their range from [`range!`] where they state none. Everything that is said of a rule is said
/// here: the classes of other languages are written from it.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $type:ident $name:literal $class:literal
        { $($(#[doc = $number_doc:literal])* $number:ident : $default:literal $(in $range:expr)?;)* }
        { $($(#[doc = $choice_doc:literal])* $choice:ident : $word:ty = $choice_default:literal;)* }
        styles { $($style:ident { $($set:ident : $kind:ident $value:literal),* $(,)? })* }
        slots $slots:expr;
        facts $facts:expr;
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $type {
            $(#[doc = $crate::optimizers::rule::said!($number $($number_doc)*)] pub $number: f64,)*
            $(#[doc = $crate::optimizers::rule::said!($choice $($choice_doc)*)] pub $choice: $word,)*
        }

        impl $crate::optimizers::rule::Settings for $type {
            const ENTRY: $crate::registry::OptimizerEntry = $crate::registry::OptimizerEntry {
                name: $name,
                class: $class,
                doc: concat!($($doc, "\n"),*),
                parameters: &[$($crate::registry::Parameter {
                    name: stringify!($number),
                    default: $default,
                    range: $crate::optimizers::rule::range!($number $($range)?),
                    doc: $crate::optimizers::rule::said!($number $($number_doc)*),
                }),*],
                choices: &[$($crate::registry::Choice {
                    name: stringify!($choice),
                    default: $choice_default,
                    options: <$word as $crate::optimizers::words::Word>::WORDS,
                    meanings: <$word as $crate::optimizers::words::Word>::MEANINGS,
                    doc: $crate::optimizers::rule::said!($choice $($choice_doc)*),
                }),*],
                styles: &[$((stringify!($style), &[
                    $((stringify!($set), $crate::registry::Setting::$kind($value))),*
                ])),*],
                slots: $slots,
                facts: $facts,
            };

            fn defaults() -> Self {
                #[allow(unused_imports)]
                use $crate::optimizers::words::Word;
                Self {
                    $($number: $default,)*
                    $($choice: <$word>::from_index(
                        const { $crate::optimizers::words::place_of(<$word>::WORDS, $choice_default) },
                    ),)*
                }
            }

            fn number_mut(&mut self, index: usize) -> &mut f64 {
                let numbers = [$(&mut self.$number),*];
                numbers.into_iter().nth(index).expect("the entry has this parameter")
            }

            #[allow(unused_variables)]
            fn option(&self, index: usize) -> usize {
                let options: &[usize] = &[$($crate::optimizers::words::Word::index(self.$choice)),*];
                options[index]
            }

            #[allow(unused_variables, unused_mut, unused_assignments)]
            fn set_option(&mut self, index: usize, option: usize) {
                let mut place = 0;
                $(
                    if place == index {
                        self.$choice = <$word as $crate::optimizers::words::Word>::from_index(option);
                    }
                    place += 1;
                )*
            }
        }
    };
}
pub(super) use rule;

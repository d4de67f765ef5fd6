//! The lists: every rule, and every formula with its counts of slots.

use super::adaptive::{Adadelta, Adagrad, Centred, Driven, Relative, Rmsprop, Scaled};
use super::averaged::{Asgd, Averaged, ScheduleFree, ScheduleFreeAdamw};
use super::descent::{Descent, Momentum, Sgd};
use super::factored::Adafactor;
use super::moments::{Adam, Adamw, Moments, Nadam, Radam};
use super::orthogonal::Muon;
use super::pass;
use super::relatives::{Adabelief, Adamax, Adan, Belief, Differences, Largest};
use super::rule::{Evaluation, Rule, Settings};
use super::signs::{Agreement, Direction, Lion, Rprop};
use super::trust::{Lamb, Lars};
use super::whole::Whole;
use crate::error::{Result, name_error};
use crate::real::Element;
use crate::registry::OptimizerEntry;

/// Most slots a rule has.
pub const MOST_SLOTS: usize = 4;

/// Lists the formulas with the counts of slots each takes: makes [`Step`].
macro_rules! formulas {
    ($($(#[doc = $doc:literal])* $type:ident: $($slots:literal)|+,)*) => {
        /// The formula of a step with its scalars: what a whole step over all parameters shares.
        #[derive(Clone, Copy, Debug)]
        pub enum Step {
            $($(#[doc = $doc])* $type($type),)*
            /// A rule that needs the whole gradient.
            Whole(Whole),
        }

        impl Step {
            #[inline]
            fn run<E: Element, const THREADS: bool>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
                match (self, slots.len()) {
                    $($((Step::$type(step), $slots) => {
                        pass::run::<E, _, $slots, { $slots + 1 }, THREADS>(*step, weight, gradient, slots);
                    })+)*
                    (step, count) => panic!("{step:?} does not take {count} slots"),
                }
            }
        }
    };
}

impl Step {
    /// Updates a range of the parameters: `weight`, `gradient` and every slot are slices of the same range.
    ///
    /// Any cut into ranges gives the same bits. `slots` has as many slices as [`Optimizer::slots`] has names. A long range
    /// is spread over the threads.
    pub fn update<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.run::<E, true>(weight, gradient, slots);
    }

    /// [`Step::update`] on this thread alone: for short ranges, within a kernel that is cut for the threads already.
    #[inline]
    pub fn update_here<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.run::<E, false>(weight, gradient, slots);
    }
}

/// Lists the rules: makes [`Optimizer`], which stands for any of them, and [`ENTRIES`].
macro_rules! rules {
    ($($type:ident),* $(,)?) => {
        /// Any update rule with its settings.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Optimizer {
            $(#[doc = concat!("The rule `", stringify!($type), "`.")] $type($type),)*
        }

        /// Every update rule there is.
        pub const ENTRIES: &[OptimizerEntry] = &[$($type::ENTRY),*];

        impl Optimizer {
            /// The rule of this name, every setting at its default.
            pub(super) fn of_name(name: &str) -> Result<Self> {
                match name {
                    $(name if name == $type::ENTRY.name => Ok(Self::$type($type::defaults())),)*
                    _ => {
                        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
                        name_error!("optimizer: unknown name {name:?}; expected one of {}", known.join(", "))
                    }
                }
            }

            /// What is known of it.
            pub fn entry(&self) -> &'static OptimizerEntry {
                match self {
                    $(Self::$type(_) => const { &$type::ENTRY },)*
                }
            }

            /// Names of the slots it has with these settings, in the order of [`Step::update`].
            pub fn slots(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$type(rule) => rule.slots(),)*
                }
            }

            /// What every element of this slot is before the first step.
            pub fn slot_start(&self, slot: &str) -> f64 {
                match self {
                    $(Self::$type(rule) => rule.slot_start(slot),)*
                }
            }

            /// The weights to evaluate with, where they are not those that are trained.
            pub fn evaluation(&self) -> Option<Evaluation> {
                match self {
                    $(Self::$type(rule) => rule.evaluation(),)*
                }
            }

            /// The scalars of step `step`, which counts from 1, computed in double precision.
            pub fn prepare(&self, step: u64) -> Step {
                match self {
                    $(Self::$type(rule) => rule.prepare(step),)*
                }
            }

            pub(super) fn check(&self) -> Result<()> {
                match self {
                    $(Self::$type(rule) => rule.check(),)*
                }
            }

            pub(super) fn number_mut(&mut self, index: usize) -> &mut f64 {
                match self {
                    $(Self::$type(rule) => rule.number_mut(index),)*
                }
            }

            pub(super) fn option(&self, index: usize) -> usize {
                match self {
                    $(Self::$type(rule) => rule.option(index),)*
                }
            }

            pub(super) fn set_option(&mut self, index: usize, option: usize) {
                match self {
                    $(Self::$type(rule) => rule.set_option(index, option),)*
                }
            }
        }
    };
}

formulas! {
    /// Plain descent.
    Descent: 0,
    /// Descent with a velocity.
    Momentum: 1,
    /// Descent that gathers the average of its weights.
    Averaged: 1,
    /// Division by gathered squares.
    Scaled: 1,
    /// Division by gathered squares, with a velocity.
    Driven: 2,
    /// Division by a gathered variance, perhaps with a velocity.
    Centred: 2 | 3,
    /// Division by gathered squares, times gathered squares of the steps.
    Relative: 2,
    /// Two moments, perhaps with the largest second one so far.
    Moments: 2 | 3,
    /// A moment divided by the largest gradient so far.
    Largest: 2,
    /// A moment divided by how far gradients were from it.
    Belief: 2,
    /// Moments of the gradient and of its differences.
    Differences: 4,
    /// Descent of a base point, from between it and its average.
    ScheduleFree: 2,
    /// The sign of a moment.
    Direction: 1,
    /// Steps that grow while signs agree.
    Agreement: 2,
}

rules![
    Sgd,
    Asgd,
    Rmsprop,
    Adagrad,
    Adadelta,
    Adam,
    Adamw,
    Nadam,
    Radam,
    Adamax,
    Adabelief,
    Adan,
    Lion,
    Rprop,
    ScheduleFreeAdamw,
    Lamb,
    Lars,
    Adafactor,
    Muon,
];

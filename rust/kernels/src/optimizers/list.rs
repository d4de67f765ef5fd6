//! The list: every update rule there is, each under its family. Nothing else has to name them one by one.

use super::rule::{Evaluation, Rule, Scalars, Settings, WholeParameter};
use crate::error::{Result, name_error};
use crate::real::Element;
use crate::registry::OptimizerEntry;

/// Most slots a rule has.
pub const MOST_SLOTS: usize = {
    let (mut most, mut index) = (0, 0);
    while index < ENTRIES.len() {
        if ENTRIES[index].slots.len() > most {
            most = ENTRIES[index].slots.len();
        }
        index += 1;
    }
    most
};

/// A step with its scalars: what is computed once, and every parameter is then updated with.
#[derive(Clone, Copy, Debug)]
pub struct Step(Kind);

impl Step {
    /// Updates a range of the parameters: `weight`, `gradient` and every slot are slices of the same range.
    ///
    /// Any cut into ranges gives the same bits. `slots` has as many slices as [`Optimizer::slots`] has names. A long
    /// range is spread over the threads.
    pub fn update<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.0.update::<E, true>(weight, gradient, slots);
    }

    /// [`Step::update`] on this thread alone: for short ranges, within a kernel that is cut for the threads already.
    #[inline]
    pub fn update_here<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.0.update::<E, false>(weight, gradient, slots);
    }

    /// Updates a whole parameter of this shape: any rule. `scratch` has at least [`Step::scratch`] elements, whatever
    /// is in them.
    pub fn update_whole<E: Element>(
        &self,
        weight: &mut [E],
        gradient: &[E],
        slots: &mut [&mut [E]],
        shape: &[usize],
        scratch: &mut [E],
    ) {
        self.0.update_whole(WholeParameter { weight, gradient, slots, shape, scratch });
    }

    /// Scratch elements that [`Step::update_whole`] needs for a parameter of this shape.
    pub fn scratch<E: Element>(&self, shape: &[usize]) -> usize {
        self.0.scratch::<E>(shape)
    }
}

/// Takes the names from the files of their families; makes [`Optimizer`], which stands for any of them, the scalars of
/// its steps, and [`ENTRIES`].
macro_rules! rules {
    ($($family:ident { $($type:ident)* })*) => {
        $(use super::$family::{$($type),*};)*

        /// The scalars of any rule.
        #[derive(Clone, Copy, Debug)]
        enum Kind {
            $($($type(<$type as Rule>::Scalars),)*)*
        }

        impl Kind {
            #[inline]
            fn update<E: Element, const THREADS: bool>(
                &self,
                weight: &mut [E],
                gradient: &[E],
                slots: &mut [&mut [E]],
            ) {
                match self {
                    $($(Self::$type(scalars) => scalars.update::<E, THREADS>(weight, gradient, slots),)*)*
                }
            }

            fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
                match self {
                    $($(Self::$type(scalars) => scalars.update_whole(parameter),)*)*
                }
            }

            fn scratch<E: Element>(&self, shape: &[usize]) -> usize {
                match self {
                    $($(Self::$type(_) => <$type as Rule>::Scalars::scratch::<E>(shape),)*)*
                }
            }
        }

        /// Any update rule with its settings.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Optimizer {
            $($(#[doc = concat!("The rule `", stringify!($type), "`.")] $type($type),)*)*
        }

        /// Every update rule there is.
        pub const ENTRIES: &[OptimizerEntry] = &[$($($type::ENTRY),*),*];

        impl Optimizer {
            /// The rule of this name, every setting at its default.
            pub(super) fn of_name(name: &str) -> Result<Self> {
                match name {
                    $($(name if name == $type::ENTRY.name => Ok(Self::$type($type::defaults())),)*)*
                    _ => {
                        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
                        name_error!("optimizer: unknown name {name:?}; expected one of {}", known.join(", "))
                    }
                }
            }

            /// What is known of it.
            pub fn entry(&self) -> &'static OptimizerEntry {
                match self {
                    $($(Self::$type(_) => const { &$type::ENTRY },)*)*
                }
            }

            /// Names of the slots it has with these settings, in the order of [`Step::update`].
            pub fn slots(&self) -> &'static [&'static str] {
                match self {
                    $($(Self::$type(rule) => rule.slots(),)*)*
                }
            }

            /// What every element of this slot is before the first step.
            pub fn slot_start(&self, slot: &str) -> f64 {
                match self {
                    $($(Self::$type(rule) => rule.slot_start(slot),)*)*
                }
            }

            /// The weights to evaluate with, where they are not those that are trained.
            pub fn evaluation(&self) -> Option<Evaluation> {
                match self {
                    $($(Self::$type(rule) => rule.evaluation(),)*)*
                }
            }

            /// The scalars of step `step`, which counts from 1, computed in double precision.
            pub fn prepare(&self, step: u64) -> Step {
                match self {
                    $($(Self::$type(rule) => Step(Kind::$type(rule.prepare(step))),)*)*
                }
            }

            pub(super) fn check(&self) -> Result<()> {
                match self {
                    $($(Self::$type(rule) => rule.check(),)*)*
                }
            }

            pub(super) fn number_mut(&mut self, index: usize) -> &mut f64 {
                match self {
                    $($(Self::$type(rule) => rule.number_mut(index),)*)*
                }
            }

            pub(super) fn option(&self, index: usize) -> usize {
                match self {
                    $($(Self::$type(rule) => rule.option(index),)*)*
                }
            }

            pub(super) fn set_option(&mut self, index: usize, option: usize) {
                match self {
                    $($(Self::$type(rule) => rule.set_option(index, option),)*)*
                }
            }
        }
    };
}

rules! {
    descent { Sgd }
    averaged { Asgd }
    adaptive { Rmsprop Adagrad Adadelta }
    moments { Adam Adamw Nadam Radam }
    relatives { Adamax Adabelief Adan }
    signs { Lion Rprop }
    schedule_free { ScheduleFreeAdamw }
    trust { Lamb Lars }
    factored { Adafactor }
    orthogonal { Muon }
}

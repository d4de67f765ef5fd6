//! The list: every point loss there is, each under its family, and cross-entropy. Nothing else has to name them one by
//! one.

use super::cross_entropy;
use super::derivatives::{Curved, TowardTarget, further};
use super::formula::PointFormula;
use super::pointwise::{self, PointBatch};
use super::totals::Totals;
use crate::error::{Error, Result, name_error, value_error};
use crate::real::Element;
use crate::registry::{LossEntry, LossReduction, check_parameters};

/// Takes the names from the files of their families; makes [`PointLoss`], which stands for any of them, and
/// [`ENTRIES`].
macro_rules! point_losses {
    ($($family:ident { $($type:ident)* })*) => {
        $(pub use super::$family::{$($type),*};)*

        /// Any point loss with its hyperparameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum PointLoss {
            $($(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*)*
        }

        const COUNT: usize = 0 $($(+ $type::NAMES.len())*)*;
        const ALL: [LossEntry; COUNT + 1] =
            entries(&[$($(($type::ENTRY, $type::NAMES),)*)*], cross_entropy::ENTRY);

        /// Every loss there is.
        pub const ENTRIES: &[LossEntry] = &ALL;

        /// Every point loss there is.
        pub const POINT_ENTRIES: &[LossEntry] = ENTRIES.split_at(COUNT).0;

        impl PointLoss {
            /// The point loss of this name. The values of the parameters are checked against their ranges; those of the
            /// choices follow, 0 for no and 1 for yes. No values at all are the defaults.
            pub fn new(name: &str, values: &[f64]) -> Result<Self> {
                $($(
                    if $type::NAMES.iter().any(|known| known.0 == name) {
                        check_values(name, &$type::ENTRY, values)?;
                        return Ok(Self::$type($type::new(values)));
                    }
                )*)*
                let known: Vec<&str> = POINT_ENTRIES.iter().map(|entry| entry.name).collect();
                name_error!("point loss: unknown name {name:?}; expected one of {}", known.join(", "))
            }

            /// The values of the parameters, then of the choices, as [`PointLoss::new`] takes them.
            pub fn values(&self) -> Vec<f64> {
                match self {
                    $($(Self::$type(formula) => formula.values(),)*)*
                }
            }

            /// Value and gradient in one pass; either can be left out.
            ///
            /// With weight `w` (1 where there is none) and arriving gradient `u` (1 where there is none) of an element:
            /// `values = w * loss`, `gradient = scale * u * w * slope`. The totals are the sum of `w * loss` and of
            /// `w`. An element of weight zero counts as absent, its numbers may be anything.
            pub fn run<E: Element>(
                &self,
                batch: &PointBatch<'_, E>,
                scale: f64,
                values: Option<&mut [E]>,
                gradient: Option<&mut [E]>,
            ) -> Totals {
                match self {
                    $($(Self::$type(formula) => pointwise::run(*formula, batch, scale, values, gradient),)*)*
                }
            }

            /// `curvature = scale * u * w * slope'`: what the second derivative needs. At a kink, the side above it
            /// counts.
            pub fn curvature<E: Element>(&self, batch: &PointBatch<'_, E>, scale: f64, curvature: &mut [E]) {
                match self {
                    $($(Self::$type(formula) => further(Curved(*formula), batch, scale, curvature),)*)*
                }
            }

            /// `slope = scale * u * w * d loss / d target`.
            pub fn target_slope<E: Element>(&self, batch: &PointBatch<'_, E>, scale: f64, slope: &mut [E]) {
                match self {
                    $($(Self::$type(formula) => further(TowardTarget(*formula), batch, scale, slope),)*)*
                }
            }
        }
    };
}

point_losses! {
    regression {
        SquaredError AbsoluteError Huber SmoothL1 LogCosh Pinball Poisson SquaredLogarithmicError
        AbsolutePercentageError
    }
    binary { BinaryCrossEntropyWithLogits BinaryCrossEntropy BinaryFocal }
    margins { Hinge SquaredHinge SoftMargin HingeEmbedding Contrastive }
}

/// An entry for each name of each formula, and one more at the end.
const fn entries<const N: usize>(
    formulas: &[(LossEntry, &[(&'static str, LossReduction)])],
    last: LossEntry,
) -> [LossEntry; N] {
    let mut all = [last; N];
    let (mut place, mut formula) = (0, 0);
    while formula < formulas.len() {
        let (entry, names) = formulas[formula];
        let mut index = 0;
        while index < names.len() {
            all[place] = LossEntry { name: names[index].0, reduction: names[index].1, ..entry };
            place += 1;
            index += 1;
        }
        formula += 1;
    }
    all
}

/// An error unless there are no values, or one for each parameter and then as many for choices as are said.
fn check_values(name: &str, entry: &LossEntry, values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    let (parameters, flags) = values.split_at(entry.parameters.len().min(values.len()));
    check_parameters(name, entry.parameters, parameters)?;
    let most = entry.choices.len();
    if flags.len() > most || flags.iter().any(|flag| ![0.0, 1.0].contains(flag)) {
        return value_error!("{name}: expected at most {most} choices, each 0 or 1, got {flags:?}");
    }
    Ok(())
}

/// The entry of this name, or an error that lists the names.
pub fn entry(name: &str) -> Result<&'static LossEntry> {
    ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
        Error::Name(format!("loss: unknown name {name:?}; expected one of {}", known.join(", ")))
    })
}

//! Every activation: documentation, value and slope side by side, in a file for each family.
//!
//! To add one: write its entry in the file of its family (struct, facts, formula), add its name to the list at the foot of that
//! file, and write the function of the same name in `tests/reference/activations.py`.

mod formula;
mod running;

// Each leaves the list of its formulas to the last macro of this file.
#[macro_use]
mod exponentials;
#[macro_use]
mod gates;
#[macro_use]
mod rectifiers;
#[macro_use]
mod shrinks;
#[macro_use]
mod sigmoids;
#[macro_use]
mod smooth;

use std::marker::PhantomData;

use running::{Defaults, Visitor};

use crate::error::{Result, name_error};
use crate::real::Real;
use crate::registry::{ActivationEntry, check_parameters};

pub use exponentials::*;
pub use formula::Formula;
pub use gates::*;
pub use rectifiers::*;
pub use shrinks::*;
pub use sigmoids::*;
pub use smooth::*;

/// `beta x` and its rounding error, zero where the product is beyond every exponential.
#[inline(always)]
fn steepened<R: Real>(x: R, beta: f64) -> (R, Option<R>) {
    if beta == 1.0 {
        return (x, None);
    }
    let (product, tail) = x.exact_product(R::parameter(beta));
    (product, Some(R::select(product.abs() < R::constant(2000.0), tail, R::zero())))
}

/// Lists the formulas: makes [`Activation`], which stands for any of them, and [`ENTRIES`].
macro_rules! activations {
    ([] $($type:ident)*) => {
        /// Any activation with its hyperparameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*
        }

        /// Every activation there is.
        pub const ENTRIES: &[ActivationEntry] = &[$($type::ENTRY),*];

        impl Activation {
            /// The activation of this name or alias. The parameters are checked against their ranges.
            pub fn new(name: &str, parameters: &[f64]) -> Result<Self> {
                $(
                    let entry = $type::ENTRY;
                    if entry.name == name || entry.aliases.contains(&name) {
                        check_parameters(name, entry.parameters, parameters)?;
                        return Ok(Self::$type($type::new(parameters)));
                    }
                )*
                name_error!("activation: unknown name {name:?}")
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
                    $(Self::$type(formula) if $type::ENTRY.own_default && *formula == $type::DEFAULT => visitor.visit(Defaults::<$type>(PhantomData)),)*
                    $(Self::$type(formula) => visitor.visit(*formula),)*
                }
            }
        }
    };
}

// From family to family, each of which adds its formulas.
rectifiers! { [exponentials sigmoids gates smooth shrinks activations] }

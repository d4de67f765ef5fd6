//! The list: every activation there is, each under its family. Nothing else has to name them one by one.

use std::marker::PhantomData;

use super::formula::{Defaults, Formula, Visitor};
use crate::error::{Result, name_error};
use crate::registry::{ActivationEntry, check_parameters};

/// Takes the names from the files of their families; makes [`Activation`], which stands for any of them, and
/// [`ENTRIES`].
macro_rules! activations {
    ($($family:ident { $($type:ident)* })*) => {
        $(pub use super::$family::{$($type),*};)*

        /// Any activation with its hyperparameters.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $($(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*)*
        }

        /// Every activation there is.
        pub const ENTRIES: &[ActivationEntry] = &[$($($type::ENTRY),*),*];

        impl Activation {
            /// The activation of this name or alias. The parameters are checked against their ranges.
            pub fn new(name: &str, parameters: &[f64]) -> Result<Self> {
                $($(
                    let entry = $type::ENTRY;
                    if entry.name == name || entry.aliases.contains(&name) {
                        check_parameters(name, entry.parameters, parameters)?;
                        return Ok(Self::$type($type::new(parameters)));
                    }
                )*)*
                let names = |entry: &ActivationEntry| [&[entry.name], entry.aliases].concat();
                let known: Vec<&str> = ENTRIES.iter().flat_map(names).collect();
                name_error!("activation: unknown name {name:?}; expected one of {}", known.join(", "))
            }

            /// What is known of it.
            pub fn entry(&self) -> &'static ActivationEntry {
                match self {
                    $($(Self::$type(_) => const { &$type::ENTRY },)*)*
                }
            }

            /// Its hyperparameters, in the order of the entry.
            pub fn parameters(&self) -> Vec<f64> {
                match self {
                    $($(Self::$type(formula) => formula.parameters(),)*)*
                }
            }

            pub(super) fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
                match self {
                    $($(
                        Self::$type(formula) if $type::ENTRY.own_default && *formula == $type::DEFAULT => {
                            visitor.visit(Defaults::<$type>(PhantomData))
                        }
                    )*)*
                    $($(Self::$type(formula) => visitor.visit(*formula),)*)*
                }
            }
        }
    };
}

activations! {
    rectifiers { Identity Relu LeakyRelu Relu6 HardTanh Threshold SquaredRelu }
    exponentials { Elu Selu Celu Exponential }
    sigmoids { Sigmoid Tanh HardSigmoid Softsign }
    gates { Swish Gelu GeluTanh HardSwish Mish }
    smooth { Softplus LogSigmoid Squareplus }
    shrinks { SoftShrink HardShrink TanhShrink }
}

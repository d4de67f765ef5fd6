//! Every activation: documentation, value and slope side by side, in a file for each family.
//!
//! To add one: write its entry in the file of its family (struct, facts, formula), add its name to
//! `list.rs`, and write the function of the same name in `tests/reference/activations.py`.
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `formula` | what a formula is, the macro that declares one, what several share | nothing here |
//! | `rectifiers`, `exponentials`, `sigmoids`, `gates`, `smooth`, `shrinks` | the families | `formula` |
//! | `list` | the names of all: [`Activation`], [`ENTRIES`] | the families |
//! | `running` | an activation as a sweep: forward, backward, in place, curvature | `list` |

mod exponentials;
mod formula;
mod gates;
mod list;
mod rectifiers;
mod running;
mod shrinks;
mod sigmoids;
mod smooth;

pub use formula::Formula;
pub use list::*;

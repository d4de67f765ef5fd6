//! The formulas of the point losses, by family: documentation, value and slope side by side.

// Each leaves the list of its formulas to the last macro of `super::point`.
#[macro_use]
mod binary;
#[macro_use]
mod margins;
#[macro_use]
mod regression;

pub use binary::*;
pub use margins::*;
pub use regression::*;

//! Cross-entropy of rows of logits.
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `definition` | the entry, the settings, what a batch is and what a row weighs in it | nothing here |
//! | `block` | losses and slopes of a block of rows | `definition` |
//! | `passes` | the loops over the rows of a batch, and [`CrossEntropy::run`] | both |

mod block;
mod definition;
mod passes;

pub(super) use definition::ENTRY;
pub use definition::{CrossEntropy, Normalization, RowBatch, RowTarget, check_classes};

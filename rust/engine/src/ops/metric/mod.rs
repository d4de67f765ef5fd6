//! The terms of metrics, as operations that are part of a step.
//!
//! Every operation adds up one term over the rows of a batch, weighted by sample weights if they are given, in double
//! precision whatever the dtype of the model. Sums over batches then do not depend on how the rows were divided. The
//! metrics themselves are computed from these sums at the end of an epoch, by the caller.

mod amounts;
mod batch;
mod classes;

pub use amounts::AmountSum;
pub use classes::{ClassSum, thresholds};

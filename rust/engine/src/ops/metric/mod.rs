//! What metrics add up, as operations: they ride along with a step.
//!
//! Each adds up one term over the rows of a batch, weighted by sample weights where they are given, in double precision
//! whatever the model computes in. Sums over batches then do not depend on how rows were divided. Metrics themselves are
//! made of such sums at the end of an epoch, outside.

mod amounts;
mod batch;
mod classes;

pub use amounts::AmountSum;
pub use classes::{ClassSum, thresholds};

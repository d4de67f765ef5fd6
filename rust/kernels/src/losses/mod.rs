//! Every loss: documentation, value and slope together; one list.
//!
//! - **Point losses** ([`PointLoss`]) compare numbers one by one. To add one: write its entry in the file of its
//!   family, its type in `list.rs`, and the function of the same name in `tests/reference/losses.py`.
//! - **Row losses** (the softmax family, [`CrossEntropy`]) compare a row of scores with a class or a distribution.
//!
//! Both write the gradient in the same pass as the value. A kernel only sums: it returns [`Totals`], the weighted sum
//! of the losses and the sum of the weights, and multiplies gradients by the `scale` it is given. The *mean* of a batch
//! is `totals.mean()`, and its gradient has `scale = 1 / denominator`, known before the pass from `denominator(...)`;
//! for the *sum* the scale is 1. So `mean_squared_error` and `sum_squared_error` are one formula under two names, which
//! differ in the reduction that is meant when none is given (`LossReduction`).
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `totals` | what a batch gives: [`Totals`], gathered part by part | nothing here |
//! | `formula` | what the formula of a point loss is, the macro that declares one | nothing here |
//! | `regression`, `binary`, `margins` | the families of point losses | `formula` |
//! | `pointwise` | the loop over elements: value and gradient in one pass | `formula`, `totals` |
//! | `derivatives` | second derivatives and slopes toward the target | `formula`, `pointwise` |
//! | `cross_entropy` | the row loss | `totals` |
//! | `list` | the names of all: [`PointLoss`], [`ENTRIES`] | all of these |

mod binary;
mod cross_entropy;
mod derivatives;
mod formula;
mod list;
mod margins;
mod pointwise;
mod regression;
mod totals;

pub use cross_entropy::{CrossEntropy, Normalization, RowBatch, RowTarget, check_classes};
pub use formula::{PointFormula, PointSlope};
pub use list::*;
pub use pointwise::PointBatch;
pub use totals::Totals;

//! Every loss: documentation, value and slope together; one list.
//!
//! - **Point losses** ([`PointLoss`]) compare numbers one by one. To add one: write its entry in a file of
//!   [`formulas`], with its type in the list at that file's foot, and the function of the same name in
//!   `tests/reference/losses.py`.
//! - **Row losses** (the softmax family, [`CrossEntropy`]) compare a row of scores with a class or a distribution.
//!
//! Both write the gradient in the same pass as the value. A kernel only sums: it returns [`Totals`], the weighted sum of
//! the losses and the sum of the weights, and multiplies gradients by the `scale` it is given. The *mean* of a batch is
//! `totals.mean()`, and its gradient has `scale = 1 / denominator`, known before the pass from `denominator(...)`; for the
//! *sum* the scale is 1. So `mean_squared_error` and `sum_squared_error` are one formula under two names, which differ in
//! the reduction that is meant when none is given ([`LossReduction`]).

mod cross_entropy;
#[macro_use]
pub mod formulas;
pub mod point;
mod points;
mod rows;

use crate::error::{Error, Result};
use crate::registry::{LossEntry, LossReduction};
pub use cross_entropy::{CrossEntropy, Normalization, RowBatch, RowTarget, check_classes};
pub use point::{PointBatch, PointLoss};

/// What a loss reports of a batch: sums in double precision, so that a mean does not depend on how batches are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Sum of weight times loss.
    pub loss: f64,
    /// Sum of weights (the number of elements or rows where there are none).
    pub weight: f64,
}

impl Totals {
    /// The weighted mean. With no weight at all (an empty batch, every row ignored) it is NaN, as the mean of nothing.
    pub fn mean(&self) -> f64 {
        self.loss / self.weight
    }

    /// The sum or the mean.
    pub fn reduced(&self, reduction: LossReduction) -> f64 {
        match reduction {
            LossReduction::Mean => self.mean(),
            LossReduction::Sum => self.loss,
        }
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.loss += other.loss;
        self.weight += other.weight;
    }
}

/// Every loss there is.
pub const ENTRIES: &[LossEntry] = &ALL;

const ALL: [LossEntry; point::ENTRIES.len() + 1] = {
    let mut all = [cross_entropy::ENTRY; point::ENTRIES.len() + 1];
    let mut index = 0;
    while index < point::ENTRIES.len() {
        all[index] = point::ENTRIES[index];
        index += 1;
    }
    all
};

/// The entry of this name, or an error that lists the names.
pub fn entry(name: &str) -> Result<&'static LossEntry> {
    ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
        Error::Name(format!("loss: unknown name {name:?}; expected one of {}", known.join(", ")))
    })
}

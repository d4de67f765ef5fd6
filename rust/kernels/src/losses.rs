//! Every loss: value and slope together; one list.
//!
//! Point losses compare numbers one by one; row losses (the softmax family) compare a row of scores with a class or a
//! distribution. Both write the gradient in the same pass as the value, scaled by what the reduction asks for.

use crate::real::Element;

/// What a loss reports of a batch: sums in double precision, so that a mean does not depend on how batches are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Sum of weight times loss.
    pub loss: f64,
    /// Sum of weights (the number of elements or rows where there are none).
    pub weight: f64,
}

/// What a row loss compares a row with.
#[derive(Clone, Copy, Debug)]
pub enum RowTarget<'a, E> {
    /// A class index per row. Out of range is the caller's mistake and is checked before.
    Classes(&'a [i32]),
    /// A distribution per row (one-hot or soft), row-major like the scores.
    Distributions(&'a [E]),
}

//! What a loss reports of a batch, and how it is gathered from parts of it.

use std::ops::Range;

use crate::real::Element;
use crate::registry::LossReduction;
use crate::sweep::PARTS_AT_ONCE;
use crate::threads;

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

/// Runs `work` over the threads on parts of `count` elements or rows, each with its share of two outputs, of which
/// either may be empty; the totals are added in the order of the parts. Beside each output: how many of its numbers an
/// element or a row has.
pub(super) fn in_parts<E: Element>(
    count: usize,
    part: usize,
    mut outputs: [(&mut [E], usize); 2],
    work: &(impl Fn(Range<usize>, [&mut [E]; 2]) -> Totals + Sync),
) -> Totals {
    let mut totals = Totals::default();
    for first in (0..count).step_by(part * PARTS_AT_ONCE) {
        let end = count.min(first + part * PARTS_AT_ONCE);
        let group = outputs.each_mut().map(|(output, width)| {
            let taken = ((end - first) * *width).min(output.len());
            let (now, later) = std::mem::take(output).split_at_mut(taken);
            *output = later;
            (now, part * *width)
        });
        let mut sums = [Totals::default(); PARTS_AT_ONCE];
        let sums = &mut sums[..(end - first).div_ceil(part)];
        threads::for_each_split(group, sums, &|index, outputs, sum| {
            let start = first + index * part;
            *sum = work(start..end.min(start + part), outputs);
        });
        sums.iter().for_each(|sum| totals += *sum);
    }
    totals
}

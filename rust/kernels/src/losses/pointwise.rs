//! The loops of point losses: value and gradient in one pass.
//!
//! A part is done in pieces that stay in the first cache: values and slopes of a piece, then weights, sums and what is
//! written. Sums have a fixed number of running results in double precision, joined by a fixed tree.

use super::formula::PointSlope;
use super::totals::{Totals, in_parts};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sums::tree;
use crate::sweep::PART;

/// Running sums; what is shorter is padded to as many.
const LANES: usize = 64;
/// Elements of a piece.
const PIECE: usize = 8 * LANES;

/// What a point loss is computed of. All slices have the length of the prediction but for `weight`.
#[derive(Clone, Copy, Debug)]
pub struct PointBatch<'a, E> {
    /// The predictions (or logits).
    pub prediction: &'a [E],
    /// What they should be.
    pub target: &'a [E],
    /// Weights: one an element, or one a row, whose length is then the quotient of the lengths.
    pub weight: Option<&'a [E]>,
    /// Arriving gradient of every unreduced loss.
    pub upstream: Option<&'a [E]>,
}

impl<E: Element> PointBatch<'_, E> {
    /// Elements that share a weight.
    pub(super) fn row(&self) -> usize {
        match self.weight {
            Some(weight) if !weight.is_empty() => self.prediction.len() / weight.len(),
            _ => 1,
        }
    }

    /// The sum of the elements' weights: what a mean divides by.
    pub fn denominator(&self) -> f64 {
        match self.weight {
            None => self.prediction.len() as f64,
            Some(weight) => self.row() as f64 * weight.iter().map(|weight| weight.to_f64()).sum::<f64>(),
        }
    }
}

/// Value and gradient of every element, parts of them over the threads.
pub(super) fn run<E: Element, F: PointSlope>(
    formula: F,
    batch: &PointBatch<'_, E>,
    scale: f64,
    values: Option<&mut [E]>,
    gradient: Option<&mut [E]>,
) -> Totals {
    let len = batch.prediction.len();
    let row = batch.row();
    assert!(batch.target.len() == len && batch.upstream.is_none_or(|upstream| upstream.len() == len));
    assert!(batch.weight.is_none_or(|weight| weight.len() * row == len));
    let (values, gradient) = (values.unwrap_or_default(), gradient.unwrap_or_default());
    assert!((values.is_empty() || values.len() == len) && (gradient.is_empty() || gradient.len() == len));
    in_parts(len, PART, [(values, 1), (gradient, 1)], &|range, [values, gradient]| {
        isa::run(PointPart { formula, batch, row, range, scale, values, gradient })
    })
}

/// One part: the range of elements; `values` and `gradient` are of that range, or empty.
struct PointPart<'a, E, F> {
    formula: F,
    batch: &'a PointBatch<'a, E>,
    row: usize,
    range: std::ops::Range<usize>,
    scale: f64,
    values: &'a mut [E],
    gradient: &'a mut [E],
}

impl<E: Element, F: PointSlope> Kernel<E> for PointPart<'_, E, F> {
    type Output = Totals;
    #[inline(always)]
    fn run<R: Real<Element = E>>(mut self) -> Totals {
        let (mut value, mut slope) = ([E::default(); PIECE], [E::default(); PIECE]);
        let (mut losses, mut weights) = ([0.0; LANES], [0.0; LANES]);
        let mut first = self.range.start;
        while first < self.range.end {
            let left = self.range.end - first;
            // Whole lanes, then what is left.
            let count = if left < LANES { left } else { PIECE.min(left - left % LANES) };
            let (value, slope) =
                (&mut value[..count.next_multiple_of(LANES)], &mut slope[..count.next_multiple_of(LANES)]);
            self.formulas::<R>(first, count, value, slope);
            // What the padding holds is no loss of anyone.
            value[count..].fill(E::default());
            if let Some(given) = self.batch.weight {
                let mut weight = [E::default(); PIECE];
                let weight = &mut weight[..value.len()];
                self.spread(given, first, &mut weight[..count]);
                weigh::<R>(weight, value);
                weigh::<R>(weight, slope);
                sum(weight, &mut weights);
            }
            sum(value, &mut losses);
            self.write::<R>(first, &value[..count], &slope[..count]);
            first += count;
        }
        let weight = if self.batch.weight.is_some() { tree(weights) } else { self.range.len() as f64 };
        Totals { loss: tree(losses), weight }
    }
}

impl<E: Element, F: PointSlope> PointPart<'_, E, F> {
    /// Values and slopes of `count` elements, whole lanes or less than one; the outputs are padded to whole lanes.
    #[inline(always)]
    fn formulas<R: Real<Element = E>>(&self, first: usize, count: usize, value: &mut [E], slope: &mut [E]) {
        let (mut x, mut t) = (&self.batch.prediction[first..first + count], &self.batch.target[first..first + count]);
        let (mut padded_x, mut padded_t) = ([E::default(); LANES], [E::default(); LANES]);
        // One loop for both cases: formulas can be long.
        if count < LANES {
            padded_x[..count].copy_from_slice(x);
            padded_t[..count].copy_from_slice(t);
            (x, t) = (&padded_x, &padded_t);
        }
        evaluate::<R, F>(&self.formula, x, t, value, slope);
    }

    /// The weights of a piece, from weights of elements or rows.
    #[inline(always)]
    fn spread(&self, given: &[E], first: usize, weight: &mut [E]) {
        if self.row == 1 {
            return weight.copy_from_slice(&given[first..first + weight.len()]);
        }
        let (mut place, mut column) = (first / self.row, first % self.row);
        for weight in weight {
            *weight = given[place];
            column += 1;
            if column == self.row {
                (place, column) = (place + 1, 0);
            }
        }
    }

    /// Writes what was asked for.
    #[inline(always)]
    fn write<R: Real<Element = E>>(&mut self, first: usize, value: &[E], slope: &[E]) {
        let place = first - self.range.start;
        if !self.values.is_empty() {
            self.values[place..place + value.len()].copy_from_slice(value);
        }
        if self.gradient.is_empty() {
            return;
        }
        let scale = R::constant(self.scale);
        let gradient = &mut self.gradient[place..place + slope.len()];
        if let Some(upstream) = self.batch.upstream {
            let arriving = upstream[first..first + slope.len()].iter().zip(slope);
            for (gradient, (upstream, slope)) in gradient.iter_mut().zip(arriving) {
                *gradient = (scale * R::load(*upstream) * R::load(*slope)).store();
            }
        } else {
            for (gradient, slope) in gradient.iter_mut().zip(slope) {
                *gradient = (scale * R::load(*slope)).store();
            }
        }
    }
}

/// One loop over as many elements as there are; the operands are parameters, so they are known not to overlap.
#[inline(always)]
fn evaluate<R: Real, F: PointSlope>(
    formula: &F,
    x: &[R::Element],
    t: &[R::Element],
    value: &mut [R::Element],
    slope: &mut [R::Element],
) {
    let len = x.len();
    let (t, value, slope) = (&t[..len], &mut value[..len], &mut slope[..len]);
    for index in 0..len {
        let (loss, derivative) = formula.value_and_slope(R::load(x[index]), R::load(t[index]));
        value[index] = loss.store();
        slope[index] = derivative.store();
    }
}

/// `numbers = weight * numbers`; zero where the weight is, whatever stood there.
#[inline(always)]
fn weigh<R: Real>(weight: &[R::Element], numbers: &mut [R::Element]) {
    for (number, weight) in numbers.iter_mut().zip(weight) {
        let weight = R::load(*weight);
        *number = R::select(weight == R::zero(), R::zero(), weight * R::load(*number)).store();
    }
}

/// Adds numbers, as many as a multiple of the lanes, to the running sums.
#[inline(always)]
fn sum<E: Element>(numbers: &[E], sums: &mut [f64; LANES]) {
    for numbers in numbers.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            sums[lane] += numbers[lane].to_f64();
        }
    }
}

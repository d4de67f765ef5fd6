//! The loops of cross-entropy: rows block by block, narrow ones side by side, wide ones along the lanes.

use super::block::{AsGiven, Header, RowShares, at_class, take, weighted};
use super::definition::{CrossEntropy, RowBatch, RowTarget};
use crate::isa::{self, Kernel};
use crate::losses::totals::{Totals, in_parts};
use crate::real::{Element, Real};
use crate::softmax::blocks::{Across, Group, transpose_in, transpose_out};
use crate::softmax::lanes::{Aligned, LANES, Lanes, NARROW, rows_per_part, rows_together};

impl CrossEntropy {
    /// Loss and gradient in one pass; either can be left out.
    ///
    /// With sample weight `s` (1 where there is none) and arriving gradient `u` (1 where there is none) of a row:
    /// `row_losses = s * loss`, `gradient = scale * u * s * slope`. The totals are the sum of `s * loss` and what a
    /// mean divides by. A row of weight zero and an ignored row count as absent: zero loss, zero gradient, whatever the
    /// logits.
    pub fn run<E: Element>(
        &self,
        batch: &RowBatch<'_, E>,
        scale: f64,
        row_losses: Option<&mut [E]>,
        gradient: Option<&mut [E]>,
    ) -> Totals {
        let columns = batch.columns;
        let (row_losses, gradient) = (row_losses.unwrap_or_default(), gradient.unwrap_or_default());
        check(batch, row_losses, gradient);
        let outputs = [(row_losses, 1), (gradient, columns)];
        in_parts(batch.rows(), rows_per_part(columns), outputs, &|rows, [row_losses, gradient]| {
            let part = RowPart { loss: self, batch, start: rows.start, end: rows.end, scale, row_losses, gradient };
            if columns > NARROW { isa::run(Wide(part)) } else { isa::run(Narrow(part)) }
        })
    }
}

fn check<E: Element>(batch: &RowBatch<'_, E>, row_losses: &[E], gradient: &[E]) {
    let (columns, rows) = (batch.columns, batch.rows());
    assert!(columns > 0 && batch.logits.len() == rows * columns);
    match batch.target {
        RowTarget::Classes(classes) => assert_eq!(classes.len(), rows),
        RowTarget::Distributions(shares) => assert_eq!(shares.len(), rows * columns),
    }
    assert!(batch.class_weight.is_none_or(|weight| weight.len() == columns));
    assert!(batch.sample_weight.is_none_or(|weight| weight.len() == rows));
    assert!(batch.upstream.is_none_or(|upstream| upstream.len() == rows));
    assert!(row_losses.is_empty() || row_losses.len() == rows);
    assert!(gradient.is_empty() || gradient.len() == batch.logits.len());
}

/// A part: rows `start` to `end`; `row_losses` and `gradient` are of these rows, or empty.
struct RowPart<'a, E> {
    loss: &'a CrossEntropy,
    batch: &'a RowBatch<'a, E>,
    start: usize,
    end: usize,
    scale: f64,
    row_losses: &'a mut [E],
    gradient: &'a mut [E],
}

/// A kernel for each kind of rows: neither has the other's memory on its stack.
struct Narrow<'a, E>(RowPart<'a, E>);
struct Wide<'a, E>(RowPart<'a, E>);

impl<E: Element> Kernel<E> for Narrow<'_, E> {
    type Output = Totals;
    #[inline(always)]
    fn run<R: Real<Element = E>>(mut self) -> Totals {
        if self.0.is_simple() { self.0.narrow::<R, true>() } else { self.0.narrow::<R, false>() }
    }
}

impl<E: Element> Kernel<E> for Wide<'_, E> {
    type Output = Totals;
    #[inline(always)]
    fn run<R: Real<Element = E>>(mut self) -> Totals {
        if self.0.is_simple() { self.0.wide::<R, true>() } else { self.0.wide::<R, false>() }
    }
}

impl<E: Element> RowPart<'_, E> {
    /// Whether the shares are 1 at a class and 0 elsewhere.
    #[inline(always)]
    fn is_simple(&self) -> bool {
        matches!(self.batch.target, RowTarget::Classes(_)) && self.loss.label_smoothing == 0.0
    }

    /// Many rows at a time, a lane each.
    #[inline(always)]
    fn narrow<R: Real<Element = E>, const SIMPLE: bool>(&mut self) -> Totals {
        let columns = self.batch.columns;
        let none = [[E::default(); LANES]; NARROW];
        let (mut numbers, mut shares) = (Aligned(none), Aligned(none));
        let (numbers, shares) = (&mut numbers.0[..columns], &mut shares.0[..if SIMPLE { 0 } else { columns }]);
        let mut totals = Totals::default();
        let gradient = std::mem::take(&mut self.gradient);
        let keep = !gradient.is_empty();
        for first in (self.start..self.end).step_by(LANES) {
            let count = LANES.min(self.end - first);
            transpose_in(&self.batch.logits[first * columns..(first + count) * columns], numbers);
            let (header, class) = self.headers::<R>(first, count);
            if !SIMPLE {
                self.shares_across::<R>(first, count, &class, shares);
            }
            let chosen: Lanes<E> = std::array::from_fn(|lane| numbers[class[lane]][lane]);
            let mut block = Across { numbers, second: shares };
            let value = take::<E, R, _, _, SIMPLE>(&mut block, &header, &chosen, &AsGiven, keep);
            if keep {
                if SIMPLE {
                    for lane in 0..count {
                        let slope = &mut numbers[class[lane]][lane];
                        *slope = at_class::<R>(*slope, &header, lane);
                    }
                }
                let range = (first - self.start) * columns..(first - self.start + count) * columns;
                transpose_out(numbers, &mut gradient[range]);
            }
            totals += self.finish(first, count, &value);
            self.clear_absent(first, &header.sample[..count], gradient);
        }
        totals
    }

    /// A few rows at a time, each along the lanes.
    #[inline(always)]
    fn wide<R: Real<Element = E>, const SIMPLE: bool>(&mut self) -> Totals {
        let columns = self.batch.columns;
        let mut totals = Totals::default();
        let gradient = std::mem::take(&mut self.gradient);
        let keep = !gradient.is_empty();
        let together = rows_together(columns);
        for first in (self.start..self.end).step_by(together) {
            let count = together.min(self.end - first);
            let (header, class) = self.headers::<R>(first, count);
            let given = first * columns..(first + count) * columns;
            let logits = &self.batch.logits[given.clone()];
            let second = match self.batch.target {
                RowTarget::Distributions(shares) => &shares[given],
                RowTarget::Classes(_) => &[],
            };
            let place = (first - self.start) * columns;
            let rows = if keep { &mut gradient[place..place + count * columns] } else { &mut [] };
            let mut chosen = [E::default(); LANES];
            for row in 0..count {
                chosen[row] = logits[row * columns + class[row]];
            }
            let mut block = Group { columns, source: Some(logits), rows, second };
            let shares = RowShares { loss: self.loss, batch: self.batch, class: &class };
            let value = take::<E, R, _, _, SIMPLE>(&mut block, &header, &chosen, &shares, keep);
            if keep && SIMPLE {
                for row in 0..count {
                    let slope = &mut block.rows[row * columns + class[row]];
                    *slope = at_class::<R>(*slope, &header, row);
                }
            }
            totals += self.finish(first, count, &value);
            self.clear_absent(first, &header.sample[..count], gradient);
        }
        totals
    }

    /// Weight, factor of the gradient, class (0 where there is none) and its weight.
    #[inline(always)]
    fn header<R: Real<Element = E>>(&self, row: usize) -> ([E; 3], usize) {
        let batch = self.batch;
        let ignored = self.loss.is_ignored(batch.target, row);
        let class = match batch.target {
            RowTarget::Classes(classes) if !ignored => classes[row] as usize,
            _ => 0,
        };
        let mut sample = batch.sample_weight.map_or(R::one(), |weight| R::load(weight[row]));
        if ignored {
            sample = R::zero();
        }
        let scale = R::constant(self.scale);
        let factor = batch.upstream.map_or(scale, |upstream| scale * R::load(upstream[row])) * sample;
        let class_weight = match (batch.target, batch.class_weight) {
            (RowTarget::Classes(_), Some(weight)) => weight[class],
            _ => R::one().store(),
        };
        ([sample.store(), factor.store(), class_weight], class)
    }

    /// The headers of rows, and their classes.
    #[inline(always)]
    fn headers<R: Real<Element = E>>(&self, first: usize, count: usize) -> (Header<E>, [usize; LANES]) {
        let none = [R::one().store(); LANES];
        let mut headers = Header { sample: none, factor: none, class_weight: none };
        let mut classes = [0; LANES];
        for lane in 0..count {
            let ([sample, factor, class_weight], class) = self.header::<R>(first + lane);
            headers.sample[lane] = sample;
            headers.factor[lane] = factor;
            headers.class_weight[lane] = class_weight;
            classes[lane] = class;
        }
        (headers, classes)
    }

    /// `q` of a block of narrow rows.
    #[inline(always)]
    fn shares_across<R: Real<Element = E>>(
        &self,
        first: usize,
        count: usize,
        class: &[usize; LANES],
        shares: &mut [Lanes<E>],
    ) {
        let columns = self.batch.columns;
        match self.batch.target {
            RowTarget::Distributions(given) => transpose_in(&given[first * columns..(first + count) * columns], shares),
            RowTarget::Classes(_) => {
                shares.fill([E::default(); LANES]);
                for lane in 0..count {
                    shares[class[lane]][lane] = R::one().store();
                }
            }
        }
        for (column, shares) in shares.iter_mut().enumerate() {
            *shares = weighted::<E, R>(
                self.loss,
                columns,
                *shares,
                self.batch.class_weight.map(|weight| [weight[column]; LANES]),
            );
        }
    }

    /// Writes the rows' losses and sums them.
    #[inline(always)]
    fn finish(&mut self, first: usize, count: usize, value: &[E]) -> Totals {
        let place = first - self.start;
        if !self.row_losses.is_empty() {
            self.row_losses[place..place + count].copy_from_slice(&value[..count]);
        }
        let batch = self.batch;
        let counted = batch.class_weight.is_none() && batch.sample_weight.is_none() && self.loss.ignore_index.is_none();
        let mut totals = Totals { loss: 0.0, weight: if counted { count as f64 } else { 0.0 } };
        for lane in 0..count {
            totals.loss += value[lane].to_f64();
            if !counted {
                totals.weight += self.loss.row_weight(batch, first + lane);
            }
        }
        totals
    }

    /// Zeros in the gradient of absent rows, whose logits may be anything.
    #[inline(always)]
    fn clear_absent(&self, first: usize, samples: &[E], gradient: &mut [E]) {
        let any = self.batch.sample_weight.is_some() || self.loss.ignore_index.is_some();
        if !any || gradient.is_empty() {
            return;
        }
        let columns = self.batch.columns;
        for (lane, _) in samples.iter().enumerate().filter(|(_, sample)| **sample == E::default()) {
            let place = (first - self.start + lane) * columns;
            gradient[place..place + columns].fill(E::default());
        }
    }
}

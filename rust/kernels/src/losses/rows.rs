//! The loops of cross-entropy: value and gradient of a block of rows in one pass.
//!
//! With shifted logits `z = x - max`, `e = exp(z)`, `s = sum(e)` and weighted shares `q_c = w_c y'_c`, `Q = sum(q)`: the loss
//! of a row is `Q ln(s) - sum(q z)` and its slope `e Q / s - q`. For classes without smoothing `q` is `w` at the class and 0
//! elsewhere; that form needs no shares in memory and gives the same bits as the one-hot distribution.

use super::{CrossEntropy, RowBatch, RowTarget, Totals};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::softmax::lanes::{
    Across, Along, Block, LANES, Lanes, NARROW, lanes, rows_per_part, transpose_in, transpose_out, vector,
};
use crate::threads;

/// Parts whose totals are held at a time.
const AT_ONCE: usize = 64;

/// Runs the batch, parts of rows over the threads; `row_losses` and `gradient` may be empty.
pub(super) fn run<E: Element>(
    loss: &CrossEntropy,
    batch: &RowBatch<'_, E>,
    scale: f64,
    mut row_losses: &mut [E],
    mut gradient: &mut [E],
) -> Totals {
    let (columns, rows) = (batch.columns, batch.rows());
    check(batch, row_losses, gradient);
    let part = rows_per_part(columns);
    let mut totals = Totals::default();
    for first in (0..rows).step_by(part * AT_ONCE) {
        let count = (rows - first).min(part * AT_ONCE);
        let (group_losses, later) = std::mem::take(&mut row_losses).split_at_mut_checked(count).unwrap_or_default();
        row_losses = later;
        let (group_gradient, later) =
            std::mem::take(&mut gradient).split_at_mut_checked(count * columns).unwrap_or_default();
        gradient = later;
        let mut sums = [Totals::default(); AT_ONCE];
        let slices = [(group_losses, part), (group_gradient, part * columns)];
        let sums = &mut sums[..count.div_ceil(part)];
        threads::for_each_split(slices, sums, &|index, [row_losses, gradient], sum| {
            let start = first + index * part;
            let end = (first + count).min(start + part);
            *sum = isa::run(Pass { loss, batch, start, end, scale, row_losses, gradient });
        });
        sums.iter().for_each(|sum| totals += *sum);
    }
    totals
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
struct Pass<'a, E> {
    loss: &'a CrossEntropy,
    batch: &'a RowBatch<'a, E>,
    start: usize,
    end: usize,
    scale: f64,
    row_losses: &'a mut [E],
    gradient: &'a mut [E],
}

/// What is known of the rows of a block before their logits are looked at.
struct Header<E> {
    /// Weight of the row; zero where it counts as absent.
    sample: Lanes<E>,
    /// Factor of the gradient.
    factor: Lanes<E>,
    /// Class, 0 where there is none.
    class: [usize; LANES],
    /// Weight of the class.
    class_weight: Lanes<E>,
}

impl<E: Element> Kernel<E> for Pass<'_, E> {
    type Output = Totals;
    #[inline(always)]
    fn run<R: Real<Element = E>>(mut self) -> Totals {
        let simple = matches!(self.batch.target, RowTarget::Classes(_)) && self.loss.label_smoothing == 0.0;
        match (self.batch.columns <= NARROW, simple) {
            (true, true) => self.narrow::<R, true>(),
            (true, false) => self.narrow::<R, false>(),
            (false, true) => self.wide::<R, true>(),
            (false, false) => self.wide::<R, false>(),
        }
    }
}

impl<E: Element> Pass<'_, E> {
    /// Many rows at a time, a lane each.
    #[inline(always)]
    fn narrow<R: Real<Element = E>, const SIMPLE: bool>(&mut self) -> Totals {
        let columns = self.batch.columns;
        let (mut block, mut shares) = ([[E::default(); LANES]; NARROW], [[E::default(); LANES]; NARROW]);
        let (block, shares) = (&mut block[..columns], &mut shares[..columns]);
        let mut totals = Totals::default();
        for first in (self.start..self.end).step_by(LANES) {
            let count = LANES.min(self.end - first);
            transpose_in(&self.batch.logits[first * columns..(first + count) * columns], block);
            let header = self.header::<R>(first, count);
            if !SIMPLE {
                self.shares_across::<R>(first, count, &header, shares);
            }
            let shift = Across(block).maximum::<R>();
            let chosen: Lanes<E> = std::array::from_fn(|lane| block[header.class[lane]][lane]);
            let (all, dot) = weigh::<E, R, SIMPLE, _>(&Across(block), &header, &shift, &chosen, |v| shares[v]);
            let sum = Across(block).exponentials::<R, true>(&shift);
            let value = values::<E, R>(&header, &all, &dot, &sum);
            totals += self.finish(first, count, &value);
            if !self.gradient.is_empty() {
                slopes::<E, R, SIMPLE>(&mut Across(block), &header, &all, &sum, |v| shares[v]);
                if SIMPLE {
                    for lane in 0..count {
                        let slope = &mut block[header.class[lane]][lane];
                        *slope = at_class::<R>(*slope, &header, lane);
                    }
                }
                let range = (first - self.start) * columns..(first - self.start + count) * columns;
                transpose_out(block, &mut self.gradient[range]);
                self.clear_absent(first, count, &header);
            }
        }
        totals
    }

    /// A row at a time, along the lanes.
    #[inline(always)]
    fn wide<R: Real<Element = E>, const SIMPLE: bool>(&mut self) -> Totals {
        let columns = self.batch.columns;
        let mut totals = Totals::default();
        for row in self.start..self.end {
            let header = self.header::<R>(row, 1);
            let header = Header {
                sample: [header.sample[0]; LANES],
                factor: [header.factor[0]; LANES],
                class: [header.class[0]; LANES],
                class_weight: [header.class_weight[0]; LANES],
            };
            let logits = &self.batch.logits[row * columns..(row + 1) * columns];
            let range = (row - self.start) * columns..(row - self.start + 1) * columns;
            let gradient = std::mem::take(&mut self.gradient);
            let out = gradient.get_mut(range).unwrap_or_default();
            let keep = !out.is_empty();
            let mut block = Along { source: Some(logits), row: out };
            let share = |v: usize| self.shares_along::<R>(row, header.class[0], v);
            let shift = block.maximum::<R>();
            let chosen = [logits[header.class[0]]; LANES];
            let (all, dot) = weigh::<E, R, SIMPLE, _>(&block, &header, &shift, &chosen, share);
            let sum = if keep { block.exponentials::<R, true>(&shift) } else { block.exponentials::<R, false>(&shift) };
            if keep {
                slopes::<E, R, SIMPLE>(&mut block, &header, &all, &sum, share);
                if SIMPLE {
                    let slope = &mut block.row[header.class[0]];
                    *slope = at_class::<R>(*slope, &header, 0);
                }
            }
            self.gradient = gradient;
            let value = values::<E, R>(&header, &all, &dot, &sum);
            totals += self.finish(row, 1, &value);
            if keep {
                self.clear_absent(row, 1, &header);
            }
        }
        totals
    }

    #[inline(always)]
    fn header<R: Real<Element = E>>(&self, first: usize, count: usize) -> Header<E> {
        let one = R::one().store();
        let batch = self.batch;
        let mut header = Header {
            sample: [one; LANES],
            factor: [R::constant(self.scale).store(); LANES],
            class: [0; LANES],
            class_weight: [one; LANES],
        };
        if let Some(weight) = batch.sample_weight {
            header.sample[..count].copy_from_slice(&weight[first..first + count]);
        }
        if let RowTarget::Classes(classes) = batch.target {
            let classes = &classes[first..first + count];
            if let Some(ignored) = self.loss.ignore_index {
                for (lane, class) in classes.iter().enumerate().filter(|(_, class)| **class != ignored) {
                    header.class[lane] = *class as usize;
                }
                for (sample, _) in header.sample.iter_mut().zip(classes).filter(|(_, class)| **class == ignored) {
                    *sample = E::default();
                }
            } else {
                header.class.iter_mut().zip(classes).for_each(|(class, given)| *class = *given as usize);
            }
            if let Some(weight) = batch.class_weight {
                header.class_weight = header.class.map(|class| weight[class]);
            }
        }
        if let Some(upstream) = batch.upstream {
            for (factor, upstream) in header.factor.iter_mut().zip(&upstream[first..first + count]) {
                *factor = (R::load(*factor) * R::load(*upstream)).store();
            }
        }
        header.factor = lanes(|lane| R::load(header.factor[lane]) * R::load(header.sample[lane]));
        header
    }

    /// Makes `q` of the shares of a column, whose weight is the same in all lanes or not.
    #[inline(always)]
    fn weighted<R: Real<Element = E>>(&self, shares: Lanes<E>, weight: Option<Lanes<E>>) -> Lanes<E> {
        let mut q = shares;
        if self.loss.label_smoothing != 0.0 {
            let keep = R::constant(1.0 - self.loss.label_smoothing);
            let even = R::constant(self.loss.label_smoothing / self.batch.columns as f64);
            q = lanes(|lane| keep * R::load(q[lane]) + even);
        }
        if let Some(weight) = weight {
            q = lanes(|lane| R::load(weight[lane]) * R::load(q[lane]));
        }
        q
    }

    /// `q` of a block of narrow rows.
    #[inline(always)]
    fn shares_across<R: Real<Element = E>>(
        &self,
        first: usize,
        count: usize,
        header: &Header<E>,
        shares: &mut [Lanes<E>],
    ) {
        let columns = self.batch.columns;
        match self.batch.target {
            RowTarget::Distributions(given) => transpose_in(&given[first * columns..(first + count) * columns], shares),
            RowTarget::Classes(_) => {
                shares.fill([E::default(); LANES]);
                for lane in 0..count {
                    shares[header.class[lane]][lane] = R::one().store();
                }
            }
        }
        for (column, shares) in shares.iter_mut().enumerate() {
            *shares = self.weighted::<R>(*shares, self.batch.class_weight.map(|weight| [weight[column]; LANES]));
        }
    }

    /// `q` of vector `v` of a wide row; zero beyond its end.
    #[inline(always)]
    fn shares_along<R: Real<Element = E>>(&self, row: usize, class: usize, v: usize) -> Lanes<E> {
        let columns = self.batch.columns;
        let given = match self.batch.target {
            RowTarget::Distributions(given) => vector(&given[row * columns..(row + 1) * columns], v, E::default()),
            RowTarget::Classes(_) => {
                let mut shares = [E::default(); LANES];
                if class / LANES == v {
                    shares[class % LANES] = R::one().store();
                }
                shares
            }
        };
        let weight = self.batch.class_weight.map(|weight| vector(weight, v, E::default()));
        let mut q = self.weighted::<R>(given, weight);
        let valid = LANES.min(columns - v * LANES);
        q[valid..].fill(E::default());
        q
    }

    /// Writes the rows' losses and sums them.
    #[inline(always)]
    fn finish(&mut self, first: usize, count: usize, value: &Lanes<E>) -> Totals {
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
    fn clear_absent(&mut self, first: usize, count: usize, header: &Header<E>) {
        if self.batch.sample_weight.is_none() && self.loss.ignore_index.is_none() {
            return;
        }
        let columns = self.batch.columns;
        for lane in (0..count).filter(|&lane| header.sample[lane] == E::default()) {
            let place = (first - self.start + lane) * columns;
            self.gradient[place..place + columns].fill(E::default());
        }
    }
}

/// `Q` and `sum(q z)` of every row; `chosen` is the logit of a lane's class.
#[inline(always)]
fn weigh<E: Element, R: Real<Element = E>, const SIMPLE: bool, B: Block<E>>(
    block: &B,
    header: &Header<E>,
    shift: &Lanes<E>,
    chosen: &Lanes<E>,
    shares: impl Fn(usize) -> Lanes<E>,
) -> (Lanes<E>, Lanes<E>) {
    if SIMPLE {
        let dot = lanes(|lane| R::load(header.class_weight[lane]) * (R::load(chosen[lane]) - R::load(shift[lane])));
        return (header.class_weight, dot);
    }
    let (mut all, mut dot) = ([E::default(); LANES], [E::default(); LANES]);
    for v in 0..block.vectors() {
        let (x, q) = (block.get(v, E::default()), shares(v));
        all = lanes(|lane| R::load(all[lane]) + R::load(q[lane]));
        dot = lanes(|lane| {
            let (q, total) = (R::load(q[lane]), R::load(dot[lane]));
            // A share of zero counts nothing, even of a logit of minus infinity.
            R::select(q == R::zero(), total, total + q * (R::load(x[lane]) - R::load(shift[lane])))
        });
    }
    (B::join(all, |a: R, b| a + b), B::join(dot, |a: R, b| a + b))
}

/// The losses times the rows' weights.
#[inline(always)]
fn values<E: Element, R: Real<Element = E>>(
    header: &Header<E>,
    all: &Lanes<E>,
    dot: &Lanes<E>,
    sum: &Lanes<E>,
) -> Lanes<E> {
    lanes(|lane| {
        let sample = R::load(header.sample[lane]);
        let value = sample * (R::load(all[lane]) * R::load(sum[lane]).ln() - R::load(dot[lane]));
        R::select(sample == R::zero(), R::zero(), value)
    })
}

/// Turns exponentials into slopes times the rows' factors; for classes, all but the summand at the class.
#[inline(always)]
fn slopes<E: Element, R: Real<Element = E>, const SIMPLE: bool>(
    block: &mut impl Block<E>,
    header: &Header<E>,
    all: &Lanes<E>,
    sum: &Lanes<E>,
    shares: impl Fn(usize) -> Lanes<E>,
) {
    let share = lanes(|lane| R::load(all[lane]) / R::load(sum[lane]) * R::load(header.factor[lane]));
    for v in 0..block.vectors() {
        let e = block.again(v);
        let slope = lanes(|lane| R::load(e[lane]) * R::load(share[lane]));
        block.put(v, slope);
        if !SIMPLE {
            let q = shares(v);
            block.put(v, lanes(|lane| R::load(slope[lane]) - R::load(q[lane]) * R::load(header.factor[lane])));
        }
    }
}

/// The slope at the class: its summand taken off.
#[inline(always)]
fn at_class<R: Real>(slope: R::Element, header: &Header<R::Element>, lane: usize) -> R::Element {
    (R::load(slope) - R::load(header.class_weight[lane]) * R::load(header.factor[lane])).store()
}

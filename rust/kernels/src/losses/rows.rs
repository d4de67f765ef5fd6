//! The loops of cross-entropy: value and gradient of a block of rows in one pass.
//!
//! With shifted logits `z = x - max`, `e = exp(z)`, `s = sum(e)` and weighted shares `q_c = w_c y'_c`, `Q = sum(q)`: the loss
//! of a row is `Q ln(s) - sum(q z)` and its slope `e Q / s - q`. For classes without smoothing `q` is `w` at the class and 0
//! elsewhere; that form needs no shares in memory and gives the same bits as the one-hot distribution.

use std::marker::PhantomData;

use super::{CrossEntropy, RowBatch, RowTarget, Totals};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::softmax::blocks::{Across, Group, transpose_in, transpose_out};
use crate::softmax::lanes::{
    Aligned, Block, Gathered, LANES, Lanes, NARROW, PerRow, Place, Step, Times, gather, lanes, lowered, rows_per_part,
    rows_together,
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
            let pass = Pass { loss, batch, start, end, scale, row_losses, gradient };
            *sum = if columns > NARROW { isa::run(Wide(pass)) } else { isa::run(Narrow(pass)) };
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

/// What is known of the rows of a block before their logits are looked at; aligned, so that no register crosses a line.
#[repr(align(64))]
struct Header<E> {
    /// Weight of the row; zero where it counts as absent.
    sample: Lanes<E>,
    /// Factor of the gradient.
    factor: Lanes<E>,
    /// Weight of the class.
    class_weight: Lanes<E>,
}

/// A kernel for each kind of rows: neither has the other's memory on its stack.
struct Narrow<'a, E>(Pass<'a, E>);
struct Wide<'a, E>(Pass<'a, E>);

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

impl<E: Element> Pass<'_, E> {
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
            let shares = RowShares { pass: self, class: &class };
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

    /// Makes `q` of the shares of some columns.
    #[inline(always)]
    fn weighted<R: Real<Element = E>>(&self, shares: Lanes<E>, weight: Option<Lanes<E>>) -> Lanes<E> {
        let mut q = shares;
        if self.loss.label_smoothing != 0.0 {
            let keep = R::constant(1.0 - self.loss.label_smoothing);
            let even = R::constant(self.loss.label_smoothing / self.batch.columns as f64);
            q = lanes(|lane| keep.mul_add(R::load(q[lane]), even));
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
            *shares = self.weighted::<R>(*shares, self.batch.class_weight.map(|weight| [weight[column]; LANES]));
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

/// Where `q` of a vector comes from, given the second operand of the block.
trait Shares<E: Element> {
    fn shares<R: Real<Element = E>>(&self, place: Place, second: &Lanes<E>) -> Lanes<E>;
}

/// The second operand is `q` itself.
struct AsGiven;

impl<E: Element> Shares<E> for AsGiven {
    #[inline(always)]
    fn shares<R: Real<Element = E>>(&self, _place: Place, second: &Lanes<E>) -> Lanes<E> {
        *second
    }
}

/// `q` of a wide row, from its class or from the distribution that is the second operand.
struct RowShares<'a, 'b, E> {
    pass: &'a Pass<'b, E>,
    class: &'a [usize; LANES],
}

impl<E: Element> Shares<E> for RowShares<'_, '_, E> {
    #[inline(always)]
    fn shares<R: Real<Element = E>>(&self, place: Place, second: &Lanes<E>) -> Lanes<E> {
        let batch = self.pass.batch;
        // Rows shorter than the lanes end with them.
        let before = LANES.saturating_sub(batch.columns);
        let given: Lanes<E> = match batch.target {
            RowTarget::Distributions(_) => *second,
            RowTarget::Classes(_) => {
                let class = self.class[place.row] + before;
                let here = class >= place.start && class < place.start + LANES;
                let class = R::constant(if here { (class - place.start) as f64 } else { -1.0 });
                lanes(|lane| R::select(R::constant(lane as f64) == class, R::one(), R::zero()))
            }
        };
        let weight = batch.class_weight.map(|weight| {
            let mut lanes = [E::default(); LANES];
            lanes[before..].copy_from_slice(&weight[place.start..place.start + LANES - before]);
            lanes
        });
        self.pass.weighted::<R>(given, weight)
    }
}

/// Losses of the rows of a block, times their weights; turns the logits into slopes times the rows' factors if `keep` says
/// so, for classes all but the summand at the class. `chosen` is the logit of the class.
#[inline(always)]
fn take<E: Element, R: Real<Element = E>, B: Block<E>, S: Shares<E>, const SIMPLE: bool>(
    block: &mut B,
    header: &Header<E>,
    chosen: &Lanes<E>,
    shares: &S,
    keep: bool,
) -> Lanes<E> {
    let shift = block.maximum::<R>();
    let (all, dot, sum) = if SIMPLE {
        let dot = lanes(|lane| R::load(header.class_weight[lane]) * (R::load(chosen[lane]) - R::load(shift[lane])));
        let sum = if keep { block.exponentials::<R, true>(&shift) } else { block.exponentials::<R, false>(&shift) };
        (header.class_weight, dot, sum)
    } else if keep {
        weigh::<E, R, B, S, true>(block, shift, shares)
    } else {
        weigh::<E, R, B, S, false>(block, shift, shares)
    };
    if keep {
        let share = lanes(|lane| R::load(all[lane]) / R::load(sum[lane]) * R::load(header.factor[lane]));
        if SIMPLE {
            block.pass::<R, _, true>(&mut Times::<E, B::Row>::new(share));
        } else {
            block.pass::<R, _, true>(&mut Slopes::<_, B::Row, _> {
                share,
                factor: header.factor,
                shares,
                kind: PhantomData,
            });
        }
    }
    lanes(|lane| {
        let sample = R::load(header.sample[lane]);
        let logarithm = lowered(R::load(sum[lane])).ln();
        let value = sample * (R::load(all[lane]) * logarithm - R::load(dot[lane]));
        R::select(sample == R::zero(), R::zero(), value)
    })
}

/// `Q`, `sum(q z)` and the sum of the exponentials of every row; the exponentials are put if `KEEP` says so.
#[inline(always)]
fn weigh<E: Element, R: Real<Element = E>, B: Block<E>, S: Shares<E>, const KEEP: bool>(
    block: &mut B,
    shift: Lanes<E>,
    shares: &S,
) -> (Lanes<E>, Lanes<E>, Lanes<E>) {
    let none = [E::default(); LANES];
    let mut gathered = Aligned([B::Gathered::none(), B::Gathered::none(), B::Gathered::none()]);
    let rows = &mut gathered.0;
    let mut step = Weigh::<E, B, S, KEEP> { shift: &shift, shares, all: none, dot: none, sum: none, gathered: rows };
    block.pass::<R, _, false>(&mut step);
    let count = block.count();
    let [all, dot, sum] = &mut gathered.0;
    let plus = |a: R, b| a + b;
    (all.joined(count, plus), dot.joined(count, plus), sum.joined(count, plus))
}

struct Weigh<'a, E: Element, B: Block<E>, S, const KEEP: bool> {
    shift: &'a Lanes<E>,
    shares: &'a S,
    all: Lanes<E>,
    dot: Lanes<E>,
    sum: Lanes<E>,
    /// Of each row: `all`, `dot` and `sum`.
    gathered: &'a mut [B::Gathered; 3],
}

impl<E: Element, B: Block<E>, S: Shares<E>, const KEEP: bool> Step<E> for Weigh<'_, E, B, S, KEEP> {
    const PUTS: bool = KEEP;
    #[inline(always)]
    fn begin(&mut self) {
        let none = [E::default(); LANES];
        (self.all, self.dot, self.sum) = (none, none, none);
    }
    #[inline(always)]
    fn end(&mut self, row: usize) {
        self.gathered[0].put(row, self.all);
        self.gathered[1].put(row, self.dot);
        self.gathered[2].put(row, self.sum);
    }
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, second: &Lanes<E>) -> Lanes<E> {
        let q = self.shares.shares::<R>(place, second);
        let shift = B::Row::of(self.shift, place.row);
        let z: Lanes<E> = lanes(|lane| R::load(x[lane]) - R::load(shift.at(lane)));
        let y: Lanes<E> = lanes(|lane| R::load(z[lane]).exp_lifted());
        self.sum = gather(place, &self.sum, |lane, total: R| total + R::load(y[lane]));
        self.all = gather(place, &self.all, |lane, total: R| total + R::load(q[lane]));
        self.dot = gather(place, &self.dot, |lane, total: R| {
            let q = R::load(q[lane]);
            // A share of zero counts nothing, even of a logit of minus infinity.
            R::select(q == R::zero(), total, q.mul_add(R::load(z[lane]), total))
        });
        y
    }
}

/// Turns exponentials into slopes.
struct Slopes<'a, E, P, S> {
    share: Lanes<E>,
    factor: Lanes<E>,
    shares: &'a S,
    kind: PhantomData<P>,
}

impl<E: Element, P: PerRow<E>, S: Shares<E>> Step<E> for Slopes<'_, E, P, S> {
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, second: &Lanes<E>) -> Lanes<E> {
        let q = self.shares.shares::<R>(place, second);
        let (share, factor) = (P::of(&self.share, place.row), P::of(&self.factor, place.row));
        lanes(|lane| {
            let slope = R::load(x[lane]) * R::load(share.at(lane));
            (-R::load(q[lane])).mul_add(R::load(factor.at(lane)), slope)
        })
    }
}

/// The slope at the class: its summand taken off.
#[inline(always)]
fn at_class<R: Real>(slope: R::Element, header: &Header<R::Element>, lane: usize) -> R::Element {
    (-R::load(header.class_weight[lane])).mul_add(R::load(header.factor[lane]), R::load(slope)).store()
}

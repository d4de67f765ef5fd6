//! Cross-entropy of a block of rows: losses and slopes, in one pass where the shares are plain.
//!
//! With shifted logits `z = x - max`, `e = exp(z)`, `s = sum(e)` and weighted shares `q_c = w_c y'_c`, `Q = sum(q)`:
//! the loss of a row is `Q ln(s) - sum(q z)` and its slope `e Q / s - q`. For classes without smoothing `q` is `w` at
//! the class and 0 elsewhere; that form needs no shares in memory and gives the same bits as the one-hot distribution.

use std::marker::PhantomData;

use super::definition::{CrossEntropy, RowBatch, RowTarget};
use crate::real::{Element, Real};
use crate::softmax::lanes::{
    Aligned, Block, Gathered, LANES, Lanes, PerRow, Place, Times, VectorStep, gather, lanes, lowered,
};

/// What is known of the rows of a block before their logits are looked at; aligned, so that no register crosses a line.
#[repr(align(64))]
pub(super) struct Header<E> {
    /// Weight of the row; zero where it counts as absent.
    pub(super) sample: Lanes<E>,
    /// Factor of the gradient.
    pub(super) factor: Lanes<E>,
    /// Weight of the class.
    pub(super) class_weight: Lanes<E>,
}

/// Makes `q` of the shares of some columns.
#[inline(always)]
pub(super) fn weighted<E: Element, R: Real<Element = E>>(
    loss: &CrossEntropy,
    columns: usize,
    shares: Lanes<E>,
    weight: Option<Lanes<E>>,
) -> Lanes<E> {
    let mut q = shares;
    if loss.label_smoothing != 0.0 {
        let keep = R::constant(1.0 - loss.label_smoothing);
        let even = R::constant(loss.label_smoothing / columns as f64);
        q = lanes(|lane| keep.mul_add(R::load(q[lane]), even));
    }
    if let Some(weight) = weight {
        q = lanes(|lane| R::load(weight[lane]) * R::load(q[lane]));
    }
    q
}

/// Where `q` of a vector comes from, given the second operand of the block.
pub(super) trait Shares<E: Element> {
    fn shares<R: Real<Element = E>>(&self, place: Place, second: &Lanes<E>) -> Lanes<E>;
}

/// The second operand is `q` itself.
pub(super) struct AsGiven;

impl<E: Element> Shares<E> for AsGiven {
    #[inline(always)]
    fn shares<R: Real<Element = E>>(&self, _place: Place, second: &Lanes<E>) -> Lanes<E> {
        *second
    }
}

/// `q` of a wide row, from its class or from the distribution that is the second operand.
pub(super) struct RowShares<'a, 'b, E> {
    pub(super) loss: &'a CrossEntropy,
    pub(super) batch: &'a RowBatch<'b, E>,
    pub(super) class: &'a [usize; LANES],
}

impl<E: Element> Shares<E> for RowShares<'_, '_, E> {
    #[inline(always)]
    fn shares<R: Real<Element = E>>(&self, place: Place, second: &Lanes<E>) -> Lanes<E> {
        let batch = self.batch;
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
        weighted::<E, R>(self.loss, batch.columns, given, weight)
    }
}

/// Losses of the rows of a block, times their weights; turns the logits into slopes times the rows' factors if `keep`
/// says so, for classes all but the summand at the class. `chosen` is the logit of the class.
#[inline(always)]
pub(super) fn take<E: Element, R: Real<Element = E>, B: Block<E>, S: Shares<E>, const SIMPLE: bool>(
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
            block.pass::<R, _, true>(&mut RowSlopes::<_, B::Row, _> {
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

impl<E: Element, B: Block<E>, S: Shares<E>, const KEEP: bool> VectorStep<E> for Weigh<'_, E, B, S, KEEP> {
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
struct RowSlopes<'a, E, P, S> {
    share: Lanes<E>,
    factor: Lanes<E>,
    shares: &'a S,
    kind: PhantomData<P>,
}

impl<E: Element, P: PerRow<E>, S: Shares<E>> VectorStep<E> for RowSlopes<'_, E, P, S> {
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
pub(super) fn at_class<R: Real>(slope: R::Element, header: &Header<R::Element>, lane: usize) -> R::Element {
    (-R::load(header.class_weight[lane])).mul_add(R::load(header.factor[lane]), R::load(slope)).store()
}

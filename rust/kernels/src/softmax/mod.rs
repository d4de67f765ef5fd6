//! Softmax and log-softmax over rows, with their gradients.
//!
//! All take row-major matrices with `columns` numbers a row, at least one. The largest number of a row is taken off
//! first, so logits of any size are safe. A row's result depends on that row alone, bit for bit; a NaN, or a row of
//! nothing but minus infinity, makes its row NaN. Relative error of a share, for logits from -8 to 8 and up to 1000
//! columns: 2e-6 in single and 4e-15 in double precision, of which the difference from the largest logit is the greater
//! part; a log-softmax has the same bounds as absolute errors up to 1, as relative ones beyond.
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `lanes` | rows as vectors of lanes, and what a pass over a block of them is | nothing here |
//! | `blocks` | blocks of narrow rows side by side and of wide rows, and transposing into them | `lanes` |

pub(crate) mod blocks;
pub(crate) mod lanes;

use std::marker::PhantomData;

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::threads;
use blocks::{Across, Group, transpose_in, transpose_out};
use lanes::{
    Aligned, Block, Gathered, LANES, Lanes, NARROW, PerRow, Place, Times, VectorStep, gather, lanes, lowered,
    rows_per_part, rows_together,
};

/// `y = exp(x - max) / sum(exp(x - max))` for every row of `columns` numbers.
pub fn softmax<E: Element>(x: &[E], columns: usize, y: &mut [E]) {
    run(Softmax, Some(x), &[], columns, y);
}

/// [`softmax`] in place.
pub fn softmax_in_place<E: Element>(x: &mut [E], columns: usize) {
    run(Softmax, None, &[], columns, x);
}

/// `y = x - max - ln(sum(exp(x - max)))` for every row of `columns` numbers.
pub fn log_softmax<E: Element>(x: &[E], columns: usize, y: &mut [E]) {
    run(LogSoftmax, Some(x), &[], columns, y);
}

/// [`log_softmax`] in place.
pub fn log_softmax_in_place<E: Element>(x: &mut [E], columns: usize) {
    run(LogSoftmax, None, &[], columns, x);
}

/// Gradient of softmax from its output `y`: `out = y * (gradient - sum(gradient * y))` for every row.
pub fn softmax_backward<E: Element>(gradient: &[E], y: &[E], columns: usize, out: &mut [E]) {
    run(SoftmaxBackward, Some(gradient), y, columns, out);
}

/// [`softmax_backward`], written over the arriving gradient.
pub fn softmax_backward_in_place<E: Element>(gradient: &mut [E], y: &[E], columns: usize) {
    run(SoftmaxBackward, None, y, columns, gradient);
}

/// Gradient of log-softmax from its output `y`: `out = gradient - exp(y) * sum(gradient)` for every row.
pub fn log_softmax_backward<E: Element>(gradient: &[E], y: &[E], columns: usize, out: &mut [E]) {
    run(LogSoftmaxBackward, Some(gradient), y, columns, out);
}

/// [`log_softmax_backward`], written over the arriving gradient.
pub fn log_softmax_backward_in_place<E: Element>(gradient: &mut [E], y: &[E], columns: usize) {
    run(LogSoftmaxBackward, None, y, columns, gradient);
}

/// What is done to a block of rows.
trait RowFormula: Copy + Send + Sync {
    /// Whether there is a second operand.
    const TWO: bool;
    fn apply<E: Element, R: Real<Element = E>, B: Block<E>>(&self, block: &mut B);
}

#[derive(Clone, Copy)]
struct Softmax;

impl RowFormula for Softmax {
    const TWO: bool = false;
    #[inline(always)]
    fn apply<E: Element, R: Real<Element = E>, B: Block<E>>(&self, block: &mut B) {
        let shift = block.maximum::<R>();
        let sum = block.exponentials::<R, true>(&shift);
        // The lift of the exponentials is that of their sum.
        let share = lanes(|lane| R::one() / R::load(sum[lane]));
        block.pass::<R, _, true>(&mut Times::<E, B::Row>::new(share));
    }
}

#[derive(Clone, Copy)]
struct LogSoftmax;

impl RowFormula for LogSoftmax {
    const TWO: bool = false;
    #[inline(always)]
    fn apply<E: Element, R: Real<Element = E>, B: Block<E>>(&self, block: &mut B) {
        struct Logarithms<E, P>(Lanes<E>, Lanes<E>, PhantomData<P>);
        impl<E: Element, P: PerRow<E>> VectorStep<E> for Logarithms<E, P> {
            #[inline(always)]
            fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
                let (shift, log) = (P::of(&self.0, place.row), P::of(&self.1, place.row));
                lanes(|lane| R::load(x[lane]) - R::load(shift.at(lane)) - R::load(log.at(lane)))
            }
        }
        let shift = block.maximum::<R>();
        let sum = block.exponentials::<R, false>(&shift);
        let log = lanes(|lane| lowered(R::load(sum[lane])).ln());
        block.pass::<R, _, false>(&mut Logarithms::<E, B::Row>(shift, log, PhantomData));
    }
}

#[derive(Clone, Copy)]
struct SoftmaxBackward;

impl RowFormula for SoftmaxBackward {
    const TWO: bool = true;
    #[inline(always)]
    fn apply<E: Element, R: Real<Element = E>, B: Block<E>>(&self, block: &mut B) {
        struct Dot<'a, E, G>(&'a mut G, Lanes<E>);
        impl<E: Element, G: Gathered<E>> VectorStep<E> for Dot<'_, E, G> {
            const PUTS: bool = false;
            #[inline(always)]
            fn begin(&mut self) {
                self.1 = [E::default(); LANES];
            }
            #[inline(always)]
            fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, y: &Lanes<E>) -> Lanes<E> {
                self.1 = gather(place, &self.1, |lane, total: R| R::load(x[lane]).mul_add(R::load(y[lane]), total));
                self.1
            }
            #[inline(always)]
            fn end(&mut self, row: usize) {
                self.0.put(row, self.1);
            }
        }
        struct Slopes<E, P>(Lanes<E>, PhantomData<P>);
        impl<E: Element, P: PerRow<E>> VectorStep<E> for Slopes<E, P> {
            #[inline(always)]
            fn step<R: Real<Element = E>>(&mut self, place: Place, gradient: &Lanes<E>, y: &Lanes<E>) -> Lanes<E> {
                let dot = P::of(&self.0, place.row);
                lanes(|lane| R::load(y[lane]) * (R::load(gradient[lane]) - R::load(dot.at(lane))))
            }
        }
        let mut rows = Aligned(B::Gathered::none());
        block.pass::<R, _, false>(&mut Dot(&mut rows.0, [E::default(); LANES]));
        let dot = rows.0.joined(block.count(), |a: R, b| a + b);
        block.pass::<R, _, false>(&mut Slopes::<E, B::Row>(dot, PhantomData));
    }
}

#[derive(Clone, Copy)]
struct LogSoftmaxBackward;

impl RowFormula for LogSoftmaxBackward {
    const TWO: bool = true;
    #[inline(always)]
    fn apply<E: Element, R: Real<Element = E>, B: Block<E>>(&self, block: &mut B) {
        struct Slopes<E, P>(Lanes<E>, PhantomData<P>);
        impl<E: Element, P: PerRow<E>> VectorStep<E> for Slopes<E, P> {
            #[inline(always)]
            fn step<R: Real<Element = E>>(&mut self, place: Place, gradient: &Lanes<E>, y: &Lanes<E>) -> Lanes<E> {
                let sum = P::of(&self.0, place.row);
                lanes(|lane| R::load(gradient[lane]) - R::load(y[lane]).exp_lifted() * R::load(sum.at(lane)))
            }
        }
        let sum = block.sum::<R>();
        let sum = lanes(|lane| lowered(R::load(sum[lane])));
        block.pass::<R, _, false>(&mut Slopes::<E, B::Row>(sum, PhantomData));
    }
}

/// Runs a formula over all rows, `source` to `out` (in place without a source), parts of rows over the threads.
fn run<E: Element, F: RowFormula>(formula: F, source: Option<&[E]>, other: &[E], columns: usize, out: &mut [E]) {
    assert!(columns > 0 && out.len().is_multiple_of(columns));
    assert!(source.is_none_or(|source| source.len() == out.len()) && (!F::TWO || other.len() == out.len()));
    threads::for_each_part([out], rows_per_part(columns) * columns, &|start, [out]| {
        let range = start..start + out.len();
        let source = source.map(|source| &source[range.clone()]);
        let other = if F::TWO { &other[range] } else { other };
        isa::run(RowsPart { formula, source, other, columns, out });
    });
}

struct RowsPart<'a, E, F> {
    formula: F,
    source: Option<&'a [E]>,
    other: &'a [E],
    columns: usize,
    out: &'a mut [E],
}

impl<E: Element, F: RowFormula> Kernel<E> for RowsPart<'_, E, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self { formula, source, other, columns, out } = self;
        if columns > NARROW {
            let step = rows_together(columns) * columns;
            // One loop for each, so that in either it is known which memory may be the same.
            if let Some(source) = source {
                for (index, (rows, source)) in out.chunks_mut(step).zip(source.chunks(step)).enumerate() {
                    let second = if F::TWO { &other[index * step..][..rows.len()] } else { other };
                    formula.apply::<E, R, _>(&mut Group { columns, source: Some(source), rows, second });
                }
            } else {
                for (index, rows) in out.chunks_mut(step).enumerate() {
                    let second = if F::TWO { &other[index * step..][..rows.len()] } else { other };
                    formula.apply::<E, R, _>(&mut Group { columns, source: None, rows, second });
                }
            }
            return;
        }
        let none = [[E::default(); LANES]; NARROW];
        let (mut block, mut second) = (Aligned(none), Aligned(none));
        let numbers = &mut block.0[..columns];
        let second = if F::TWO { &mut second.0[..columns] } else { &mut [] };
        for (index, rows) in out.chunks_mut(columns * LANES).enumerate() {
            let range = index * columns * LANES..index * columns * LANES + rows.len();
            transpose_in(source.map_or(&*rows, |source| &source[range.clone()]), numbers);
            if F::TWO {
                transpose_in(&other[range], second);
            }
            formula.apply::<E, R, _>(&mut Across { numbers, second });
            transpose_out(numbers, rows);
        }
    }
}

//! Elementwise loops: map, zip and reduce, for formulas that are given as small structs. What needs more at
//! once (losses with their totals, updates with their slots, rows) has loops of its own, cut by the sizes named here.
//!
//! - Every loop works on blocks of [`BLOCK`] elements, held in a local array: the compiler turns a block into whole
//!   vector registers, and needs to know nothing about which operands overlap. The last, short block is padded, so the
//!   remainder takes the same instructions as the rest, and `f(x)[..k]` has the same bits as `f(x[..k])`.
//! - Long operands are cut into parts of [`PART`] elements over the pool's threads; the cuts depend on the length only.
//! - A reduction has [`BLOCK`] running results, joined by a fixed tree, and one result a part, joined in order.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::threads;

/// Elements an update or a reduction takes at once; a reduction has as many running results.
pub const BLOCK: usize = 64;

/// Elements the rest of a loop is padded to: one AVX-512 register of `f32`, four NEON registers.
const LANES: usize = 16;

/// Elements from which on a loop begins at a whole line of the cache.
const LONG: usize = 1 << 12;

/// Elements a thread takes at once.
pub const PART: usize = 1 << 16;

/// Parts whose results are held on the stack at a time: enough to keep the pool busy.
pub(crate) const PARTS_AT_ONCE: usize = 64;

/// Numbers that are held on the stack at a time, where work needs a copy of some.
pub(crate) const HELD: usize = 256;

/// Runs work on pieces of at most [`HELD`] numbers, each with its place, over the threads if there are many.
pub(crate) fn in_pieces<E: Element>(values: &mut [E], work: &(impl Fn(usize, &mut [E]) + Sync)) {
    threads::for_each_part([values], PART, &|start, [values]| {
        for (index, piece) in values.chunks_mut(HELD).enumerate() {
            work(start + index * HELD, piece);
        }
    });
}

/// A formula of one number.
pub trait Unary: Copy + Send + Sync {
    /// `f(x)`.
    fn apply<R: Real>(&self, x: R) -> R;
}

/// A formula of two numbers.
pub trait Binary: Copy + Send + Sync {
    /// `f(x, y)`.
    fn apply<R: Real>(&self, x: R, y: R) -> R;
}

/// A rule that updates a number and its `K` slots from a gradient; its loops are in [`crate::optimizers`].
pub trait Update<const K: usize>: Copy + Send + Sync {
    /// The new weight and slots.
    fn apply<R: Real>(&self, weight: R, gradient: R, slots: [R; K]) -> (R, [R; K]);
}

/// A reduction of numbers to one. `join` is associative up to rounding, and `start` changes nothing.
pub trait Reduction: Copy + Send + Sync {
    /// The result of no numbers.
    fn start<R: Real>(&self) -> R;
    /// The result with the pair `(x, y)` taken in; [`reduce`] gives `y = x`.
    fn step<R: Real>(&self, total: R, x: R, y: R) -> R;
    /// Two results made one.
    fn join<R: Real>(&self, first: R, second: R) -> R;
}

/// `out[i] = f(x[i])`. The slices have equal lengths.
pub fn map<E: Element, F: Unary>(f: F, x: &[E], out: &mut [E]) {
    write(One(f), [x], out);
}

/// `x[i] = f(x[i])`.
pub fn map_in_place<E: Element, F: Unary>(f: F, x: &mut [E]) {
    rewrite(One(f), x, []);
}

/// `out[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip<E: Element, F: Binary>(f: F, x: &[E], y: &[E], out: &mut [E]) {
    write(Two(f), [x, y], out);
}

/// `x[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip_in_place<E: Element, F: Binary>(f: F, x: &mut [E], y: &[E]) {
    rewrite(Two(f), x, [y]);
}

/// The reduction of all `x[i]`.
pub fn reduce<E: Element, F: Reduction>(f: F, x: &[E]) -> E {
    reduce_zip(f, x, x)
}

/// The reduction of all pairs `(x[i], y[i])`. The slices have equal lengths.
pub fn reduce_zip<E: Element, F: Reduction>(f: F, x: &[E], y: &[E]) -> E {
    assert_eq!(x.len(), y.len());
    if x.len() <= PART {
        return isa::run(Reduce(f, x, y));
    }
    isa::run(ReduceParts(f, x, y))
}

/// A formula of `N` inputs that gives one number.
trait Point<const N: usize>: Copy + Send + Sync {
    fn point<R: Real>(&self, inputs: [R; N]) -> R;
}

/// A formula that changes a number, with `N` further inputs.
trait Change<const N: usize>: Copy + Send + Sync {
    fn change<R: Real>(&self, value: R, inputs: [R; N]) -> R;
}

#[derive(Clone, Copy)]
struct One<F>(F);
#[derive(Clone, Copy)]
struct Two<F>(F);

impl<F: Unary> Point<1> for One<F> {
    #[inline(always)]
    fn point<R: Real>(&self, [x]: [R; 1]) -> R {
        self.0.apply(x)
    }
}
impl<F: Unary> Change<0> for One<F> {
    #[inline(always)]
    fn change<R: Real>(&self, x: R, []: [R; 0]) -> R {
        self.0.apply(x)
    }
}
impl<F: Binary> Point<2> for Two<F> {
    #[inline(always)]
    fn point<R: Real>(&self, [x, y]: [R; 2]) -> R {
        self.0.apply(x, y)
    }
}
impl<F: Binary> Change<1> for Two<F> {
    #[inline(always)]
    fn change<R: Real>(&self, x: R, [y]: [R; 1]) -> R {
        self.0.apply(x, y)
    }
}

/// Writes one operand from the others, over the threads if it is long.
#[inline]
fn write<E: Element, F: Point<N>, const N: usize>(f: F, inputs: [&[E]; N], out: &mut [E]) {
    if is_whole(out.len()) {
        return isa::run(Write(f, whole(inputs, out.len()), out));
    }
    in_segments(inputs, out, &|inputs, out| isa::run(Write(f, inputs, out)));
}

/// Changes an operand in place, over the threads if it is long.
#[inline]
fn rewrite<E: Element, F: Change<N>, const N: usize>(f: F, values: &mut [E], inputs: [&[E]; N]) {
    if is_whole(values.len()) {
        return isa::run(Rewrite(f, values, whole(inputs, values.len())));
    }
    in_segments(inputs, values, &|inputs, values| isa::run(Rewrite(f, values, inputs)));
}

/// Whether a loop over so many elements needs neither threads nor anything done at its edges.
#[inline]
fn is_whole(len: usize) -> bool {
    len < LONG && len.is_multiple_of(LANES)
}

/// The inputs, which are known to be as long as the output.
#[inline]
fn whole<E, const N: usize>(inputs: [&[E]; N], len: usize) -> [&[E]; N] {
    assert!(inputs.iter().all(|input| input.len() == len));
    inputs
}

/// A formula's loop over an output, which may also be read, and inputs of its length, a multiple of [`LANES`].
type Loop<'a, E, const N: usize> = &'a (dyn Fn([&[E]; N], &mut [E]) + Sync);

/// Runs a formula's loop over operands of any length, over the threads if they are long. Behind a pointer, so that a
/// formula is compiled into one loop for each instruction set, and all of this once for all formulas.
#[inline(never)]
fn in_segments<E: Element, const N: usize>(inputs: [&[E]; N], out: &mut [E], run: Loop<'_, E, N>) {
    let inputs = whole(inputs, out.len());
    if out.len() <= PART {
        return segments(inputs, out, run);
    }
    threads::for_each_part([out], PART, &|start, [out]| {
        segments(inputs.map(|input| &input[start..start + out.len()]), out, run);
    });
}

/// The middle of the operands, then their edges, padded.
fn segments<E: Element, const N: usize>(inputs: [&[E]; N], out: &mut [E], run: Loop<'_, E, N>) {
    let len = out.len();
    // Registers that cross lines of the cache cost a tenth of a long loop's speed.
    let head = if len < LONG { 0 } else { out.as_ptr().align_offset(64) };
    let end = head + (len - head) / LANES * LANES;
    if head < end {
        run(inputs.map(|input| &input[head..end]), &mut out[head..end]);
    }
    for (start, end) in [(0, head), (end, len)] {
        if start < end {
            let (blocks, [mut result]) = (padded(&inputs, start, end), padded::<E, 1, LANES>(&[out], start, end));
            run(blocks.each_ref().map(|block: &[E; LANES]| &block[..]), &mut result);
            out[start..end].copy_from_slice(&result[..end - start]);
        }
    }
}

// Everything below is inlined into the function of an instruction set, or it would be compiled for the baseline: plain
// loops therefore, where closures would be shorter.

/// The whole blocks of each slice, all of them equally many.
#[inline(always)]
fn blocks_of<'a, E: Element, const N: usize>(slices: &[&'a [E]; N], count: usize) -> [&'a [[E; BLOCK]]; N] {
    let mut blocks: [&[[E; BLOCK]]; N] = [&[]; N];
    for n in 0..N {
        blocks[n] = &slices[n].as_chunks().0[..count];
    }
    blocks
}

/// One block of each slice.
#[inline(always)]
fn nth<E: Element, const N: usize>(blocks: &[&[[E; BLOCK]]; N], index: usize) -> [[E; BLOCK]; N] {
    let mut values = [[E::default(); BLOCK]; N];
    for n in 0..N {
        values[n] = blocks[n][index];
    }
    values
}

/// Some numbers of each slice, padded with zeros.
#[inline(always)]
fn padded<E: Element, const N: usize, const W: usize>(slices: &[&[E]; N], start: usize, end: usize) -> [[E; W]; N] {
    let mut blocks = [[E::default(); W]; N];
    for n in 0..N {
        blocks[n][..end - start].copy_from_slice(&slices[n][start..end]);
    }
    blocks
}

/// The numbers in one lane of each block.
#[inline(always)]
fn lane_of<R: Real, const N: usize>(blocks: &[[R::Element; BLOCK]; N], lane: usize) -> [R; N] {
    let mut values = [R::zero(); N];
    for n in 0..N {
        values[n] = R::load(blocks[n][lane]);
    }
    values
}

struct Write<'a, E, F, const N: usize>(F, [&'a [E]; N], &'a mut [E]);

/// One loop over as many elements as there are: a number known to the compiler would have it unroll the loop instead.
#[inline(always)]
fn point_all<R: Real, F: Point<N>, const N: usize>(f: &F, inputs: [&[R::Element]; N], out: &mut [R::Element]) {
    let len = out.len();
    let mut operands = inputs;
    for n in 0..N {
        operands[n] = &inputs[n][..len];
    }
    for index in 0..len {
        let mut values = [R::zero(); N];
        for n in 0..N {
            values[n] = R::load(operands[n][index]);
        }
        out[index] = f.point(values).store();
    }
}

impl<E: Element, F: Point<N>, const N: usize> Kernel<E> for Write<'_, E, F, N> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        point_all::<R, F, N>(&self.0, self.1, self.2);
    }
}

struct Rewrite<'a, E, F, const N: usize>(F, &'a mut [E], [&'a [E]; N]);

/// As [`point_all`], over the first operand.
#[inline(always)]
fn change_all<R: Real, F: Change<N>, const N: usize>(f: &F, values: &mut [R::Element], inputs: [&[R::Element]; N]) {
    let len = values.len();
    let mut operands = inputs;
    for n in 0..N {
        operands[n] = &inputs[n][..len];
    }
    for index in 0..len {
        let mut numbers = [R::zero(); N];
        for n in 0..N {
            numbers[n] = R::load(operands[n][index]);
        }
        values[index] = f.change(R::load(values[index]), numbers).store();
    }
}

impl<E: Element, F: Change<N>, const N: usize> Kernel<E> for Rewrite<'_, E, F, N> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        change_all::<R, F, N>(&self.0, self.1, self.2);
    }
}

struct Reduce<'a, E, F>(F, &'a [E], &'a [E]);

#[inline(always)]
fn step_block<R: Real, F: Reduction>(
    f: &F,
    totals: &[R::Element; BLOCK],
    operands: &[[R::Element; BLOCK]; 2],
) -> [R::Element; BLOCK] {
    let mut result = [R::Element::default(); BLOCK];
    for lane in 0..BLOCK {
        let [x, y] = lane_of::<R, 2>(operands, lane);
        result[lane] = f.step(R::load(totals[lane]), x, y).store();
    }
    result
}

impl<E: Element, F: Reduction> Kernel<E> for Reduce<'_, E, F> {
    type Output = E;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> E {
        let Self(f, x, y) = self;
        let len = x.len();
        let operands = [x, y];
        let blocks = blocks_of(&operands, len / BLOCK);
        let mut totals = [f.start::<R>().store(); BLOCK];
        let end = len - len % BLOCK;
        for index in 0..len / BLOCK {
            totals = step_block::<R, F>(&f, &totals, &nth(&blocks, index));
        }
        if end < len {
            let last = step_block::<R, F>(&f, &totals, &padded(&operands, end, len));
            totals[..len - end].copy_from_slice(&last[..len - end]);
        }
        let mut width = BLOCK;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                totals[lane] = f.join(R::load(totals[lane]), R::load(totals[lane + width])).store();
            }
        }
        totals[0]
    }
}

/// Joins the results of the parts in their order: one running result, whatever thread made a part.
struct ReduceParts<'a, E, F>(F, &'a [E], &'a [E]);

impl<E: Element, F: Reduction> Kernel<E> for ReduceParts<'_, E, F> {
    type Output = E;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> E {
        let Self(f, x, y) = self;
        let mut total = f.start::<R>();
        for (x, y) in x.chunks(PART * PARTS_AT_ONCE).zip(y.chunks(PART * PARTS_AT_ONCE)) {
            let mut results = [E::default(); PARTS_AT_ONCE];
            let parts = x.len().div_ceil(PART);
            threads::for_each_part([&mut results[..parts]], 1, &|part, [result]| {
                let range = part * PART..x.len().min((part + 1) * PART);
                result[0] = isa::run(Reduce(f, &x[range.clone()], &y[range]));
            });
            for &result in &results[..parts] {
                total = f.join(total, R::load(result));
            }
        }
        total.store()
    }
}

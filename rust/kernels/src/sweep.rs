//! The only elementwise loops: map, zip, ternary, update, reduce. Formulas are given as small structs.
//!
//! - Every loop works on blocks of [`BLOCK`] elements, held in a local array: the compiler turns a block into whole vector
//!   registers, and needs to know nothing about which operands overlap. The last, short block is padded, so the remainder
//!   takes the same instructions as the rest, and `f(x)[..k]` has the same bits as `f(x[..k])`.
//! - Long operands are cut into parts of [`PART`] elements over the pool's threads; the cuts depend on the length only.
//! - A reduction has [`BLOCK`] running results, joined by a fixed tree, and one result a part, joined in order.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::threads;

/// Elements an update or a reduction takes at once; a reduction has as many running results.
pub const BLOCK: usize = 64;

/// Elements the rest of a loop is padded to: one AVX-512 register of `f32`, four NEON registers.
const LANES: usize = 16;

/// Elements a thread takes at once.
pub const PART: usize = 1 << 16;

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

/// A formula of three numbers.
pub trait Ternary: Copy + Send + Sync {
    /// `f(x, y, z)`.
    fn apply<R: Real>(&self, x: R, y: R, z: R) -> R;
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
    rewrite(One(f), [x], []);
}

/// `out[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip<E: Element, F: Binary>(f: F, x: &[E], y: &[E], out: &mut [E]) {
    write(Two(f), [x, y], out);
}

/// `x[i] = f(x[i], y[i])`. The slices have equal lengths.
pub fn zip_in_place<E: Element, F: Binary>(f: F, x: &mut [E], y: &[E]) {
    rewrite(Two(f), [x], [y]);
}

/// `out[i] = f(x[i], y[i], z[i])`. The slices have equal lengths.
pub fn ternary<E: Element, F: Ternary>(f: F, x: &[E], y: &[E], z: &[E], out: &mut [E]) {
    write(Three(f), [x, y, z], out);
}

/// `x[i] = f(x[i], y[i], z[i])`. The slices have equal lengths.
pub fn ternary_in_place<E: Element, F: Ternary>(f: F, x: &mut [E], y: &[E], z: &[E]) {
    rewrite(Three(f), [x], [y, z]);
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

/// A formula that changes `M` numbers, with `N` further inputs.
trait Change<const M: usize, const N: usize>: Copy + Send + Sync {
    fn change<R: Real>(&self, values: [R; M], inputs: [R; N]) -> [R; M];
}

#[derive(Clone, Copy)]
struct One<F>(F);
#[derive(Clone, Copy)]
struct Two<F>(F);
#[derive(Clone, Copy)]
struct Three<F>(F);

impl<F: Unary> Point<1> for One<F> {
    #[inline(always)]
    fn point<R: Real>(&self, [x]: [R; 1]) -> R {
        self.0.apply(x)
    }
}
impl<F: Unary> Change<1, 0> for One<F> {
    #[inline(always)]
    fn change<R: Real>(&self, [x]: [R; 1], []: [R; 0]) -> [R; 1] {
        [self.0.apply(x)]
    }
}
impl<F: Binary> Point<2> for Two<F> {
    #[inline(always)]
    fn point<R: Real>(&self, [x, y]: [R; 2]) -> R {
        self.0.apply(x, y)
    }
}
impl<F: Binary> Change<1, 1> for Two<F> {
    #[inline(always)]
    fn change<R: Real>(&self, [x]: [R; 1], [y]: [R; 1]) -> [R; 1] {
        [self.0.apply(x, y)]
    }
}
impl<F: Ternary> Point<3> for Three<F> {
    #[inline(always)]
    fn point<R: Real>(&self, [x, y, z]: [R; 3]) -> R {
        self.0.apply(x, y, z)
    }
}
impl<F: Ternary> Change<1, 2> for Three<F> {
    #[inline(always)]
    fn change<R: Real>(&self, [x]: [R; 1], [y, z]: [R; 2]) -> [R; 1] {
        [self.0.apply(x, y, z)]
    }
}
/// Writes one operand from the others, over the threads if it is long.
#[inline]
fn write<E: Element, F: Point<N>, const N: usize>(f: F, inputs: [&[E]; N], out: &mut [E]) {
    assert!(inputs.iter().all(|input| input.len() == out.len()));
    if out.len() <= PART {
        return isa::run(Write(f, inputs, out));
    }
    threads::for_each_part([out], PART, &|start, [out]| {
        isa::run(Write(f, inputs.map(|input| &input[start..start + out.len()]), out));
    });
}

/// Changes some operands in place, over the threads if they are long.
#[inline]
fn rewrite<E: Element, F: Change<M, N>, const M: usize, const N: usize>(
    f: F,
    values: [&mut [E]; M],
    inputs: [&[E]; N],
) {
    let len = values[0].len();
    assert!(values.iter().all(|value| value.len() == len) && inputs.iter().all(|input| input.len() == len));
    if len <= PART {
        return isa::run(Rewrite(f, values, inputs));
    }
    threads::for_each_part(values, PART, &|start, values: [&mut [E]; M]| {
        let end = start + values[0].len();
        isa::run(Rewrite(f, values, inputs.map(|input| &input[start..end])));
    });
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

/// The rests that begin at `start`, padded with zeros.
#[inline(always)]
fn padded<E: Element, const N: usize>(slices: &[&[E]; N], start: usize) -> [[E; BLOCK]; N] {
    let mut blocks = [[E::default(); BLOCK]; N];
    for n in 0..N {
        let rest = &slices[n][start..];
        blocks[n][..rest.len()].copy_from_slice(rest);
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
        let Self(f, inputs, out) = self;
        let end = out.len() - out.len() % LANES;
        let (whole, rest) = out.split_at_mut(end);
        point_all::<R, F, N>(&f, inputs, whole);
        if !rest.is_empty() {
            let mut blocks = [[E::default(); LANES]; N];
            let mut operands = inputs;
            for n in 0..N {
                blocks[n][..rest.len()].copy_from_slice(&inputs[n][end..]);
            }
            for n in 0..N {
                operands[n] = &blocks[n];
            }
            let mut result = [E::default(); LANES];
            // The length is LANES, which the compiler is not to know.
            point_all::<R, F, N>(&f, operands, &mut result[..std::hint::black_box(LANES)]);
            rest.copy_from_slice(&result[..rest.len()]);
        }
    }
}

struct Rewrite<'a, E, F, const M: usize, const N: usize>(F, [&'a mut [E]; M], [&'a [E]; N]);

#[inline(always)]
fn change_block<R: Real, F: Change<M, N>, const M: usize, const N: usize>(
    f: &F,
    values: &mut [[R::Element; BLOCK]; M],
    inputs: &[[R::Element; BLOCK]; N],
) {
    for lane in 0..BLOCK {
        let changed = f.change(lane_of::<R, M>(values, lane), lane_of::<R, N>(inputs, lane));
        for m in 0..M {
            values[m][lane] = changed[m].store();
        }
    }
}

impl<E: Element, F: Change<M, N>, const M: usize, const N: usize> Kernel<E> for Rewrite<'_, E, F, M, N> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self(f, values, inputs) = self;
        let len = values[0].len();
        let (count, end) = (len / BLOCK, len - len % BLOCK);
        let input_blocks = blocks_of(&inputs, count);
        let mut value_blocks: [&mut [[E; BLOCK]]; M] = std::array::from_fn(|_| Default::default());
        let mut rests: [&mut [E]; M] = std::array::from_fn(|_| Default::default());
        for (m, value) in values.into_iter().enumerate() {
            let (blocks, rest) = value.as_chunks_mut();
            value_blocks[m] = &mut blocks[..count];
            rests[m] = rest;
        }
        let mut blocks = [[E::default(); BLOCK]; M];
        for index in 0..count {
            for m in 0..M {
                blocks[m] = value_blocks[m][index];
            }
            change_block::<R, F, M, N>(&f, &mut blocks, &nth(&input_blocks, index));
            for m in 0..M {
                value_blocks[m][index] = blocks[m];
            }
        }
        if end < len {
            for m in 0..M {
                blocks[m][..len - end].copy_from_slice(rests[m]);
            }
            change_block::<R, F, M, N>(&f, &mut blocks, &padded(&inputs, end));
            for m in 0..M {
                rests[m].copy_from_slice(&blocks[m][..len - end]);
            }
        }
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
            let last = step_block::<R, F>(&f, &totals, &padded(&operands, end));
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
        // Enough results at a time to keep the pool busy, on the stack.
        const AT_ONCE: usize = 64;
        let mut total = f.start::<R>();
        for (x, y) in x.chunks(PART * AT_ONCE).zip(y.chunks(PART * AT_ONCE)) {
            let mut results = [E::default(); AT_ONCE];
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

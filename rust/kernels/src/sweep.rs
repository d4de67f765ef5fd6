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

/// Elements a loop takes at once: one AVX-512 register of `f32`, four NEON registers.
pub const BLOCK: usize = 16;

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

/// A rule that updates a number and its `K` slots from a gradient.
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

/// One pass over weights, gradients and `K` slots, weights and slots in place. The slices have equal lengths.
pub fn update<E: Element, F: Update<0>>(f: F, weight: &mut [E], gradient: &[E]) {
    rewrite(Rule(f), [weight], [gradient]);
}

/// [`update`] for a rule with one slot.
pub fn update_one<E: Element, F: Update<1>>(f: F, weight: &mut [E], gradient: &[E], slot: &mut [E]) {
    rewrite(Rule(f), [weight, slot], [gradient]);
}

/// [`update`] for a rule with two slots.
pub fn update_two<E: Element, F: Update<2>>(f: F, weight: &mut [E], gradient: &[E], slots: [&mut [E]; 2]) {
    let [first, second] = slots;
    rewrite(Rule(f), [weight, first, second], [gradient]);
}

/// [`update`] for a rule with three slots.
pub fn update_three<E: Element, F: Update<3>>(f: F, weight: &mut [E], gradient: &[E], slots: [&mut [E]; 3]) {
    let [first, second, third] = slots;
    rewrite(Rule(f), [weight, first, second, third], [gradient]);
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
#[derive(Clone, Copy)]
struct Rule<F>(F);

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
macro_rules! rule {
    ($slots:literal, $values:literal, $($slot:ident),*) => {
        impl<F: Update<$slots>> Change<$values, 1> for Rule<F> {
            #[inline(always)]
            fn change<R: Real>(&self, [weight, $($slot),*]: [R; $values], [gradient]: [R; 1]) -> [R; $values] {
                let (weight, [$($slot),*]) = self.0.apply(weight, gradient, [$($slot),*]);
                [weight, $($slot),*]
            }
        }
    };
}
rule!(0, 1,);
rule!(1, 2, first);
rule!(2, 3, first, second);
rule!(3, 4, first, second, third);

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

/// The block that begins at `start`, padded with zeros where the slice ends.
#[inline(always)]
fn padded<E: Element>(slice: &[E], start: usize) -> [E; BLOCK] {
    let mut block = [E::default(); BLOCK];
    let rest = &slice[start..];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[inline(always)]
fn whole<E: Element>(slice: &[E], start: usize) -> [E; BLOCK] {
    let mut block = [E::default(); BLOCK];
    block.copy_from_slice(&slice[start..start + BLOCK]);
    block
}

struct Write<'a, E, F, const N: usize>(F, [&'a [E]; N], &'a mut [E]);

impl<E: Element, F: Point<N>, const N: usize> Kernel<E> for Write<'_, E, F, N> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self(f, inputs, out) = self;
        let len = out.len();
        let inputs = inputs.map(|input| &input[..len]);
        let block = |inputs: [[E; BLOCK]; N]| {
            let mut result = [E::default(); BLOCK];
            for lane in 0..BLOCK {
                result[lane] = f.point(std::array::from_fn(|n| R::load(inputs[n][lane]))).store();
            }
            result
        };
        let end = len - len % BLOCK;
        for start in (0..end).step_by(BLOCK) {
            let result = block(inputs.map(|input| whole(input, start)));
            out[start..start + BLOCK].copy_from_slice(&result);
        }
        if end < len {
            let result = block(inputs.map(|input| padded(input, end)));
            out[end..].copy_from_slice(&result[..len - end]);
        }
    }
}

struct Rewrite<'a, E, F, const M: usize, const N: usize>(F, [&'a mut [E]; M], [&'a [E]; N]);

impl<E: Element, F: Change<M, N>, const M: usize, const N: usize> Kernel<E> for Rewrite<'_, E, F, M, N> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self(f, values, inputs) = self;
        let len = values[0].len();
        let inputs = inputs.map(|input| &input[..len]);
        let values = values.map(|value| &mut value[..len]);
        let block = |values: [[E; BLOCK]; M], inputs: [[E; BLOCK]; N]| {
            let mut result = [[E::default(); BLOCK]; M];
            for lane in 0..BLOCK {
                let changed = f.change(
                    std::array::from_fn(|m| R::load(values[m][lane])),
                    std::array::from_fn(|n| R::load(inputs[n][lane])),
                );
                for m in 0..M {
                    result[m][lane] = changed[m].store();
                }
            }
            result
        };
        let end = len - len % BLOCK;
        for start in (0..end).step_by(BLOCK) {
            let old = std::array::from_fn(|m| whole(values[m], start));
            let result = block(old, inputs.map(|input| whole(input, start)));
            for m in 0..M {
                values[m][start..start + BLOCK].copy_from_slice(&result[m]);
            }
        }
        if end < len {
            let old = std::array::from_fn(|m| padded(values[m], end));
            let result = block(old, inputs.map(|input| padded(input, end)));
            for m in 0..M {
                values[m][end..].copy_from_slice(&result[m][..len - end]);
            }
        }
    }
}

struct Reduce<'a, E, F>(F, &'a [E], &'a [E]);

impl<E: Element, F: Reduction> Kernel<E> for Reduce<'_, E, F> {
    type Output = E;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> E {
        let Self(f, x, y) = self;
        let len = x.len();
        let (x, y) = (&x[..len], &y[..len]);
        let step = |totals: [E; BLOCK], x: [E; BLOCK], y: [E; BLOCK]| {
            let mut result = [E::default(); BLOCK];
            for lane in 0..BLOCK {
                result[lane] = f.step(R::load(totals[lane]), R::load(x[lane]), R::load(y[lane])).store();
            }
            result
        };
        let mut totals = [f.start::<R>().store(); BLOCK];
        let end = len - len % BLOCK;
        for start in (0..end).step_by(BLOCK) {
            totals = step(totals, whole(x, start), whole(y, start));
        }
        if end < len {
            let last = step(totals, padded(x, end), padded(y, end));
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

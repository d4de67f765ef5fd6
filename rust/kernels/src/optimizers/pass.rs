//! The loop of an update: weights, gradients and slots in one pass, weights and slots in place.
//!
//! The formulas of update rules have no fused multiply-add and no transcendental function, so an element has the same bits
//! in whatever vector or remainder it is computed. Each count of slots has a loop of its own, whose operands are parameters
//! of their own: so the compiler knows that they do not overlap, and keeps everything in registers.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{PART, Update};
use crate::threads;

/// Elements that the main loop takes at a time: the compiler turns them into several whole registers.
const BLOCK: usize = 64;

/// Elements that what is left over is taken in, and that the end of a range is padded to: one register of the widest set.
const REGISTER: usize = 16;

/// The loops over elements, for a rule with `K` slots.
pub(super) trait Walk<const K: usize>: Update<K> {
    /// Updates every element of equally long slices.
    fn walk<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], slots: [&mut [R::Element]; K]);
}

/// Runs a rule over equally long slices, with `THREADS` parts of them over the threads.
pub(super) fn run<E: Element, F: Walk<0>, const THREADS: bool>(formula: F, weight: &mut [E], gradient: &[E]) {
    cut::<E, F, 0, 1, THREADS>(formula, [weight], gradient, |[weight]| (weight, []));
}

/// [`run`] for a rule with one slot.
pub(super) fn run_one<E: Element, F: Walk<1>, const THREADS: bool>(
    formula: F,
    weight: &mut [E],
    gradient: &[E],
    slot: &mut [E],
) {
    cut::<E, F, 1, 2, THREADS>(formula, [weight, slot], gradient, |[weight, slot]| (weight, [slot]));
}

/// [`run`] for a rule with two slots.
pub(super) fn run_two<E: Element, F: Walk<2>, const THREADS: bool>(
    formula: F,
    weight: &mut [E],
    gradient: &[E],
    [first, second]: [&mut [E]; 2],
) {
    cut::<E, F, 2, 3, THREADS>(formula, [weight, first, second], gradient, |[weight, first, second]| {
        (weight, [first, second])
    });
}

/// Weights and slots as one array are cut alike; `apart` tells them apart again.
#[inline]
fn cut<E: Element, F: Walk<K>, const K: usize, const ALL: usize, const THREADS: bool>(
    formula: F,
    changed: [&mut [E]; ALL],
    gradient: &[E],
    apart: impl Fn([&mut [E]; ALL]) -> (&mut [E], [&mut [E]; K]) + Sync,
) {
    let len = gradient.len();
    assert!(changed.iter().all(|slice| slice.len() == len), "the operands of an update differ in length");
    let one = |start: usize, changed: [&mut [E]; ALL]| {
        let gradient = &gradient[start..start + changed[0].len()];
        let (weight, slots) = apart(changed);
        isa::run(Range { formula, weight, gradient, slots });
    };
    if !THREADS || len <= PART { one(0, changed) } else { threads::for_each_part(changed, PART, &one) }
}

/// A range of the operands.
struct Range<'a, E, F, const K: usize> {
    formula: F,
    weight: &'a mut [E],
    gradient: &'a [E],
    slots: [&'a mut [E]; K],
}

impl<E: Element, F: Walk<K>, const K: usize> Kernel<E> for Range<'_, E, F, K> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self { formula, weight, gradient, slots } = self;
        let mut rest = Operands { weight, gradient, slots };
        // The end of a range is taken from its last whole register, computed before the elements in front change: reading
        // numbers one by one into a register would hold up every range.
        let len = rest.weight.len();
        let ending =
            (len > REGISTER && !len.is_multiple_of(REGISTER)).then(|| rest.changed::<R, F>(len - REGISTER, &formula));
        let blocks = rest.weight.len() - rest.weight.len() % BLOCK;
        if blocks > 0 {
            let whole = rest.take(blocks);
            formula.walk::<R>(whole.weight, whole.gradient, whole.slots);
        }
        while rest.weight.len() >= REGISTER {
            let whole = rest.take(REGISTER);
            // Said once more for the compiler, which then needs no loop.
            let slots = whole.slots.map(|slot| &mut slot[..REGISTER]);
            formula.walk::<R>(&mut whole.weight[..REGISTER], &whole.gradient[..REGISTER], slots);
        }
        if !rest.weight.is_empty() {
            let count = rest.weight.len();
            let (skip, (weight, slots)) = match ending {
                Some(ending) => (REGISTER - count, ending),
                None => (0, rest.changed::<R, F>(0, &formula)),
            };
            rest.weight.copy_from_slice(&weight[skip..skip + count]);
            for (slot, new) in rest.slots.into_iter().zip(&slots) {
                slot.copy_from_slice(&new[skip..skip + count]);
            }
        }
    }
}

/// Equally long slices, used up from the front.
struct Operands<'a, E, const K: usize> {
    weight: &'a mut [E],
    gradient: &'a [E],
    slots: [&'a mut [E]; K],
}

impl<'a, E: Element, const K: usize> Operands<'a, E, K> {
    /// The first `count` elements of each; the others stay.
    #[inline(always)]
    fn take(&mut self, count: usize) -> Operands<'a, E, K> {
        let (weight, weights) = std::mem::take(&mut self.weight).split_at_mut(count);
        let (gradient, gradients) = self.gradient.split_at(count);
        self.weight = weights;
        self.gradient = gradients;
        let slots = self.slots.each_mut().map(|slot| {
            let (first, others) = std::mem::take(slot).split_at_mut(count);
            *slot = others;
            first
        });
        Operands { weight, gradient, slots }
    }

    /// What a register of elements from `start` becomes, filled up with zeros where they are fewer.
    #[inline(always)]
    fn changed<R: Real<Element = E>, F: Walk<K>>(&self, start: usize, formula: &F) -> Register<E, K> {
        let count = REGISTER.min(self.weight.len() - start);
        let taken = |slice: &[E]| match slice[start..].first_chunk() {
            Some(register) => *register,
            None => {
                let mut register = [E::default(); REGISTER];
                register[..count].copy_from_slice(&slice[start..]);
                register
            }
        };
        let (mut weight, gradient) = (taken(self.weight), taken(self.gradient));
        let mut slots = self.slots.each_ref().map(|slot| taken(slot));
        formula.walk::<R>(&mut weight, &gradient, slots.each_mut().map(|slot| slot.as_mut_slice()));
        (weight, slots)
    }
}

/// A register of weights, and of every slot.
type Register<E, const K: usize> = ([E; REGISTER], [[E; REGISTER]; K]);

impl<F: Update<0>> Walk<0> for F {
    #[inline(always)]
    fn walk<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], []: [&mut [R::Element]; 0]) {
        for (weight, gradient) in weight.iter_mut().zip(gradient) {
            *weight = self.apply(R::load(*weight), R::load(*gradient), []).0.store();
        }
    }
}

impl<F: Update<1>> Walk<1> for F {
    #[inline(always)]
    fn walk<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], [slot]: [&mut [R::Element]; 1]) {
        #[inline(always)]
        fn elements<R: Real, F: Update<1>>(
            formula: &F,
            weight: &mut [R::Element],
            gradient: &[R::Element],
            slot: &mut [R::Element],
        ) {
            let len = weight.len();
            let (gradient, slot) = (&gradient[..len], &mut slot[..len]);
            for index in 0..len {
                let (new, [state]) =
                    formula.apply(R::load(weight[index]), R::load(gradient[index]), [R::load(slot[index])]);
                weight[index] = new.store();
                slot[index] = state.store();
            }
        }
        elements::<R, F>(self, weight, gradient, slot);
    }
}

impl<F: Update<2>> Walk<2> for F {
    #[inline(always)]
    fn walk<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], slots: [&mut [R::Element]; 2]) {
        #[inline(always)]
        fn elements<R: Real, F: Update<2>>(
            formula: &F,
            weight: &mut [R::Element],
            gradient: &[R::Element],
            first: &mut [R::Element],
            second: &mut [R::Element],
        ) {
            let len = weight.len();
            let (gradient, first, second) = (&gradient[..len], &mut first[..len], &mut second[..len]);
            for index in 0..len {
                let old = [R::load(first[index]), R::load(second[index])];
                let (new, state) = formula.apply(R::load(weight[index]), R::load(gradient[index]), old);
                weight[index] = new.store();
                first[index] = state[0].store();
                second[index] = state[1].store();
            }
        }
        let [first, second] = slots;
        elements::<R, F>(self, weight, gradient, first, second);
    }
}

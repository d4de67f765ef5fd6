//! The loop of an update: weights, gradients and slots in one pass, weights and slots in place.
//!
//! The formulas of update rules have no fused multiply-add and no transcendental function, so an element has the same bits
//! in whatever vector or remainder it is computed. Each count of slots has a loop of its own, whose operands are parameters
//! of their own: so the compiler knows that they do not overlap, and keeps everything in registers.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{PART, Update};
use crate::threads;

/// Elements that the end of a range is padded to: the compiler turns them into whole registers.
const BLOCK: usize = 64;

/// The loops over elements, for a rule with `K` slots.
pub(super) trait Walk<const K: usize>: Update<K> {
    /// Updates every element of equally long slices.
    fn walk<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], slots: [&mut [R::Element]; K]);
}

/// Runs a rule over equally long slices, parts of them over the threads.
pub(super) fn run<E: Element, F: Walk<0>>(formula: F, weight: &mut [E], gradient: &[E]) {
    cut(formula, [weight], gradient, |[weight]| (weight, []));
}

/// [`run`] for a rule with one slot.
pub(super) fn run_one<E: Element, F: Walk<1>>(formula: F, weight: &mut [E], gradient: &[E], slot: &mut [E]) {
    cut(formula, [weight, slot], gradient, |[weight, slot]| (weight, [slot]));
}

/// [`run`] for a rule with two slots.
pub(super) fn run_two<E: Element, F: Walk<2>>(formula: F, weight: &mut [E], gradient: &[E], slots: [&mut [E]; 2]) {
    let [first, second] = slots;
    cut(formula, [weight, first, second], gradient, |[weight, first, second]| (weight, [first, second]));
}

/// Weights and slots as one array are cut alike; `apart` tells them apart again.
fn cut<E: Element, F: Walk<K>, const K: usize, const ALL: usize>(
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
    if len <= PART { one(0, changed) } else { threads::for_each_part(changed, PART, &one) }
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
        let end = weight.len() - weight.len() % BLOCK;
        let (weight, last_weight) = weight.split_at_mut(end);
        let (gradient, last_gradient) = gradient.split_at(end);
        let mut rests: [&mut [E]; K] = std::array::from_fn(|_| Default::default());
        let mut wholes: [&mut [E]; K] = std::array::from_fn(|_| Default::default());
        for (n, slot) in slots.into_iter().enumerate() {
            (wholes[n], rests[n]) = slot.split_at_mut(end);
        }
        formula.walk::<R>(weight, gradient, wholes);
        let count = last_weight.len();
        if count == 0 {
            return;
        }
        let padded = |slice: &[E]| {
            let mut block = [E::default(); BLOCK];
            block[..count].copy_from_slice(slice);
            block
        };
        let (mut weight, gradient) = (padded(last_weight), padded(last_gradient));
        let mut slots = [[E::default(); BLOCK]; K];
        for n in 0..K {
            slots[n] = padded(rests[n]);
        }
        formula.walk::<R>(&mut weight, &gradient, slots.each_mut().map(|slot| slot.as_mut_slice()));
        last_weight.copy_from_slice(&weight[..count]);
        for n in 0..K {
            rests[n].copy_from_slice(&slots[n][..count]);
        }
    }
}

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

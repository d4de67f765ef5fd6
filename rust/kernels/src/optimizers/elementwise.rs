//! The loop of an update of each number on its own: weights, gradients and slots in one pass, weights and slots in
//! place.
//!
//! The formulas of update rules have no fused multiply-add and no transcendental function, so an element has the same
//! bits in whatever vector or remainder it is computed. Each count of slots has a loop of its own, whose operands are
//! parameters of their own: so the compiler knows that they do not overlap, and keeps everything in registers.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{PART, Update};
use crate::threads;

/// Elements that the main loop takes at a time: the compiler turns them into several whole registers.
const BLOCK: usize = 64;

/// Elements that what is left over is taken in, and that the end of a range is padded to: one register of the widest
/// set.
const REGISTER: usize = 16;

/// The loops over elements, for a rule with `K` slots.
pub(super) trait UpdateLoop<const K: usize>: Update<K> {
    /// Updates every element of equally long slices.
    fn update_each<R: Real>(&self, weight: &mut [R::Element], gradient: &[R::Element], slots: [&mut [R::Element]; K]);
}

/// Runs a rule over equally long slices, with `THREADS` parts of them over the threads. `ALL` is `K + 1`.
#[inline]
pub(super) fn run<E: Element, F: UpdateLoop<K>, const K: usize, const ALL: usize, const THREADS: bool>(
    formula: F,
    weight: &mut [E],
    gradient: &[E],
    slots: &mut [&mut [E]],
) {
    let len = gradient.len();
    let slots: &mut [&mut [E]; K] = slots.try_into().expect("the rule has so many slots");
    let equal = weight.len() == len && slots.iter().all(|slot| slot.len() == len);
    assert!(equal, "the operands of an update differ in length");
    let slots = slots.each_mut().map(|slot| &mut **slot);
    if !THREADS || len <= PART {
        return isa::run(UpdateRange { formula, weight, gradient, slots });
    }
    // Weights and slots as one array are cut alike.
    let mut each = slots.into_iter();
    let mut weight = Some(weight);
    let changed =
        std::array::from_fn::<_, ALL, _>(|_| each.next().or_else(|| weight.take()).expect("a slice for each"));
    threads::for_each_part(changed, PART, &|start, changed| {
        let gradient = &gradient[start..start + changed[0].len()];
        let mut each = changed.into_iter();
        let slots = std::array::from_fn(|_| each.next().expect("a slice for each slot"));
        let weight = each.next().expect("the weight comes last");
        isa::run(UpdateRange { formula, weight, gradient, slots });
    });
}

/// A range of the operands.
struct UpdateRange<'a, E, F, const K: usize> {
    formula: F,
    weight: &'a mut [E],
    gradient: &'a [E],
    slots: [&'a mut [E]; K],
}

impl<E: Element, F: UpdateLoop<K>, const K: usize> Kernel<E> for UpdateRange<'_, E, F, K> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self { formula, weight, gradient, slots } = self;
        let mut rest = Operands { weight, gradient, slots };
        // The end of a range is taken from its last whole register, computed before the elements in front change:
        // reading numbers one by one into a register would hold up every range.
        let len = rest.weight.len();
        let ending =
            (len > REGISTER && !len.is_multiple_of(REGISTER)).then(|| rest.changed::<R, F>(len - REGISTER, &formula));
        let blocks = rest.weight.len() - rest.weight.len() % BLOCK;
        if blocks > 0 {
            let whole = rest.take(blocks);
            formula.update_each::<R>(whole.weight, whole.gradient, whole.slots);
        }
        while rest.weight.len() >= REGISTER {
            let whole = rest.take(REGISTER);
            // Said once more for the compiler, which then needs no loop.
            let slots = whole.slots.map(|slot| &mut slot[..REGISTER]);
            formula.update_each::<R>(&mut whole.weight[..REGISTER], &whole.gradient[..REGISTER], slots);
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
    fn changed<R: Real<Element = E>, F: UpdateLoop<K>>(&self, start: usize, formula: &F) -> Register<E, K> {
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
        formula.update_each::<R>(&mut weight, &gradient, slots.each_mut().map(|slot| slot.as_mut_slice()));
        (weight, slots)
    }
}

/// A register of weights, and of every slot.
type Register<E, const K: usize> = ([E; REGISTER], [[E; REGISTER]; K]);

/// Makes the loop for a count of slots, with a name for each.
macro_rules! update_loop {
    ($count:literal: $($slot:ident $at:literal),*) => {
        impl<F: Update<$count>> UpdateLoop<$count> for F {
            #[inline(always)]
            fn update_each<R: Real>(
                &self,
                weight: &mut [R::Element],
                gradient: &[R::Element],
                [$($slot),*]: [&mut [R::Element]; $count],
            ) {
                #[inline(always)]
                fn elements<R: Real, F: Update<$count>>(
                    formula: &F,
                    weight: &mut [R::Element],
                    gradient: &[R::Element],
                    $($slot: &mut [R::Element],)*
                ) {
                    let len = weight.len();
                    let gradient = &gradient[..len];
                    $(let $slot = &mut $slot[..len];)*
                    for index in 0..len {
                        let old = [$(R::load($slot[index])),*];
                        let (new, _state) = formula.apply(R::load(weight[index]), R::load(gradient[index]), old);
                        weight[index] = new.store();
                        $($slot[index] = _state[$at].store();)*
                    }
                }
                elements::<R, F>(self, weight, gradient, $($slot),*);
            }
        }
    };
}

update_loop!(0:);
update_loop!(1: first 0);
update_loop!(2: first 0, second 1);
update_loop!(3: first 0, second 1, third 2);
update_loop!(4: first 0, second 1, third 2, fourth 3);

/// Makes scalars of a step of formulas of one number, each for these counts of slots.
macro_rules! elementwise {
    ($($type:ident: $($slots:literal)|+);+) => {
        $(impl $crate::optimizers::rule::Scalars for $type {
            #[inline]
            fn update<E: $crate::real::Element, const THREADS: bool>(
                &self,
                weight: &mut [E],
                gradient: &[E],
                slots: &mut [&mut [E]],
            ) {
                use $crate::optimizers::elementwise::run;
                match slots.len() {
                    $($slots => run::<E, _, $slots, { $slots + 1 }, THREADS>(*self, weight, gradient, slots),)+
                    count => panic!("{self:?} does not take {count} slots"),
                }
            }
        })+
    };
}
pub(super) use elementwise;

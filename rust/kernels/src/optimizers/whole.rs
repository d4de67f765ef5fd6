//! What rules share that need the whole gradient of a parameter: passes over it that bring sums, and scratch memory.
//!
//! Sums are taken in double precision with a fixed number of running results in each part, the parts are cut by length
//! alone, and their results are joined in order: the bits do not depend on the machine or on the number of threads.

use super::Step;
use super::factored::Factored;
use super::orthogonal::Orthogonal;
use super::trust::{Layered, Rescaled};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sums::{RUNNING, add_squares, tree};
use crate::sweep::PART;
use crate::threads;

/// The step of a rule that needs the whole gradient.
#[derive(Clone, Copy, Debug)]
pub enum Whole {
    /// Two moments and a trust ratio.
    Layered(Layered),
    /// A velocity of rescaled gradients.
    Rescaled(Rescaled),
    /// A factored second moment.
    Factored(Factored),
    /// Orthogonal steps for matrices.
    Orthogonal(Orthogonal),
}

/// Rows and columns of a parameter that counts as a matrix: all axes but the last are rows. A single row or column is a vector.
pub(super) fn matrix(shape: &[usize]) -> Option<(usize, usize)> {
    let (&columns, rows) = shape.split_last()?;
    let rows: usize = rows.iter().product();
    (rows > 1 && columns > 1).then_some((rows, columns))
}

impl Step {
    /// Updates a whole parameter of this shape: any rule. `scratch` has at least [`Step::scratch`] elements, whatever is in them.
    pub fn update_whole<E: Element>(
        &self,
        weight: &mut [E],
        gradient: &[E],
        slots: &mut [&mut [E]],
        shape: &[usize],
        scratch: &mut [E],
    ) {
        match (self, slots) {
            (Step::Whole(Whole::Layered(step)), [first, second]) => {
                step.update(weight, gradient, [first, second], scratch);
            }
            (Step::Whole(Whole::Rescaled(step)), [velocity]) => step.update(weight, gradient, velocity),
            (Step::Whole(Whole::Factored(step)), [squares]) => step.update(weight, gradient, squares, shape, scratch),
            (Step::Whole(Whole::Orthogonal(step)), [first, second]) => {
                step.update(weight, gradient, [first, second], shape, scratch);
            }
            (step, slots) => step.update(weight, gradient, slots),
        }
    }

    /// Scratch elements that [`Step::update_whole`] needs for a parameter of this shape.
    pub fn scratch<E: Element>(&self, shape: &[usize]) -> usize {
        match self {
            Step::Whole(Whole::Layered(_)) => shape.iter().product(),
            Step::Whole(Whole::Factored(_)) => Factored::scratch(shape),
            Step::Whole(Whole::Orthogonal(_)) => Orthogonal::scratch::<E>(shape),
            _ => 0,
        }
    }
}

/// Most parts a parameter is cut into: as many results lie on the stack.
pub(super) const MOST_PARTS: usize = 64;

/// Elements of a part of so many.
pub(super) fn part(len: usize) -> usize {
    PART * len.div_ceil(PART * MOST_PARTS).max(1)
}

/// A pass over equally long operands, of which some are changed and some read, that brings `S` sums of squares.
pub(super) trait Pass<const C: usize, const I: usize, const S: usize>: Copy + Send + Sync {
    /// Changes a number of each operand, and brings a number for each sum, which is that of their squares.
    fn visit<R: Real>(&self, changed: [R; C], inputs: [R; I]) -> ([R; C], [R; S]);
}

/// The loop of a pass.
pub(super) trait Walk<const C: usize, const I: usize, const S: usize>: Pass<C, I, S> {
    /// Visits the elements of a range, and keeps what they bring to the sums at the beginning of `added`.
    fn walk<R: Real>(
        &self,
        changed: &mut [&mut [R::Element]; C],
        inputs: &[&[R::Element]; I],
        added: &mut [[R::Element; CHUNK]; S],
        range: (usize, usize),
    );
}

/// Elements visited before what they bring is squared and summed: it stays in the nearest cache.
pub(super) const CHUNK: usize = 512;

/// Takes a pass over the operands, in parts over the threads, and returns the sums.
pub(super) fn sweep<E: Element, F: Walk<C, I, S>, const C: usize, const I: usize, const S: usize>(
    pass: F,
    changed: [&mut [E]; C],
    inputs: [&[E]; I],
) -> [f64; S] {
    let len = changed.first().map(|slice| slice.len()).or(inputs.first().map(|slice| slice.len())).unwrap_or(0);
    assert!(inputs.iter().all(|slice| slice.len() == len) && changed.iter().all(|slice| slice.len() == len));
    let part = part(len);
    let mut results = [[0.0; S]; MOST_PARTS];
    let results = &mut results[..len.div_ceil(part)];
    threads::for_each_split(changed.map(|slice| (slice, part)), results, &|index, changed, sums: &mut [f64; S]| {
        let start = index * part;
        let end = len.min(start + part);
        *sums = isa::run(Range { pass, changed, inputs: inputs.map(|slice| &slice[start..end]) });
    });
    let mut sums = [0.0; S];
    for result in results {
        for index in 0..S {
            sums[index] += result[index];
        }
    }
    sums
}

struct Range<'a, E, F, const C: usize, const I: usize, const S: usize> {
    pass: F,
    changed: [&'a mut [E]; C],
    inputs: [&'a [E]; I],
}

impl<E: Element, F: Walk<C, I, S>, const C: usize, const I: usize, const S: usize> Kernel<E>
    for Range<'_, E, F, C, I, S>
{
    type Output = [f64; S];
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> [f64; S] {
        let Self { pass, mut changed, inputs } = self;
        let mut len = 0;
        for n in 0..C {
            len = changed[n].len();
        }
        for n in 0..I {
            len = inputs[n].len();
        }
        let mut added = [[E::default(); CHUNK]; S];
        let mut lanes = [[0.0; RUNNING]; S];
        // Nothing is kept where nothing is summed.
        let chunk = if S == 0 { len } else { CHUNK };
        let mut start = 0;
        while start < len {
            let end = len.min(start + chunk);
            pass.walk::<R>(&mut changed, &inputs, &mut added, (start, end));
            for n in 0..S {
                // Squared in double precision: no weight is too large for it in single.
                add_squares(&added[n][..end - start], 1.0, &mut lanes[n]);
            }
            start = end;
        }
        let mut sums = [0.0; S];
        for n in 0..S {
            sums[n] = tree(lanes[n]);
        }
        sums
    }
}

/// Makes the loop for counts of operands, with a name for each: as parameters of their own, of which the compiler knows
/// that they do not overlap.
macro_rules! walk {
    ($changes:literal, $reads:literal, $sums:literal:
        $($old:ident $at:literal),*; $($read:ident),*; $($sum:ident $of:literal),*) => {
        impl<F: Pass<$changes, $reads, $sums>> Walk<$changes, $reads, $sums> for F {
            #[inline(always)]
            fn walk<R: Real>(
                &self,
                [$($old),*]: &mut [&mut [R::Element]; $changes],
                [$($read),*]: &[&[R::Element]; $reads],
                [$($sum),*]: &mut [[R::Element; CHUNK]; $sums],
                (start, end): (usize, usize),
            ) {
                #[inline(always)]
                fn elements<R: Real, F: Pass<$changes, $reads, $sums>>(
                    pass: &F,
                    len: usize,
                    $($old: &mut [R::Element],)*
                    $($read: &[R::Element],)*
                    $($sum: &mut [R::Element],)*
                ) {
                    $(let $old = &mut $old[..len];)*
                    $(let $read = &$read[..len];)*
                    $(let $sum = &mut $sum[..len];)*
                    for index in 0..len {
                        let old = [$(R::load($old[index])),*];
                        let read = [$(R::load($read[index])),*];
                        let (_new, _added) = pass.visit::<R>(old, read);
                        $($old[index] = _new[$at].store();)*
                        $($sum[index] = _added[$of].store();)*
                    }
                }
                elements::<R, F>(
                    self,
                    end - start,
                    $(&mut $old[start..end],)*
                    $(&$read[start..end],)*
                    $(&mut $sum[..end - start],)*
                );
            }
        }
    };
}

walk!(0, 2, 2: ; x, y; first_sum 0, second_sum 1);
walk!(1, 0, 0: first 0; ; );
walk!(1, 1, 0: first 0; x; );
walk!(1, 1, 1: first 0; x; first_sum 0);
walk!(1, 2, 0: first 0; x, y; );
walk!(2, 1, 1: first 0, second 1; x; first_sum 0);
walk!(3, 2, 2: first 0, second 1, third 2; x, y; first_sum 0, second_sum 1);

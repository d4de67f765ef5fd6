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

/// Running results of each sum.
const LANES: usize = 16;

/// Takes a pass over the operands, in parts over the threads, and returns the sums.
pub(super) fn sweep<E: Element, F: Pass<C, I, S>, const C: usize, const I: usize, const S: usize>(
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

/// A block of numbers of each operand, in place; `sums` takes in what the pass adds.
#[inline(always)]
fn block<R: Real, F: Pass<C, I, S>, const C: usize, const I: usize, const S: usize>(
    pass: &F,
    changed: &mut [[R::Element; LANES]; C],
    inputs: &[[R::Element; LANES]; I],
    sums: &mut [[f64; LANES]; S],
) {
    for lane in 0..LANES {
        let (mut old, mut read) = ([R::zero(); C], [R::zero(); I]);
        for n in 0..C {
            old[n] = R::load(changed[n][lane]);
        }
        for n in 0..I {
            read[n] = R::load(inputs[n][lane]);
        }
        let (new, added) = pass.visit(old, read);
        for n in 0..C {
            changed[n][lane] = new[n].store();
        }
        for n in 0..S {
            // Squared in double precision: no weight is too large for it in single.
            let number = added[n].store().to_f64();
            sums[n][lane] += number * number;
        }
    }
}

impl<E: Element, F: Pass<C, I, S>, const C: usize, const I: usize, const S: usize> Kernel<E>
    for Range<'_, E, F, C, I, S>
{
    type Output = [f64; S];
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> [f64; S] {
        let Self { pass, changed, inputs } = self;
        let mut len = 0;
        for n in 0..C {
            len = changed[n].len();
        }
        for n in 0..I {
            len = inputs[n].len();
        }
        let mut sums = [[0.0; LANES]; S];
        let mut start = 0;
        while start < len {
            let count = LANES.min(len - start);
            let mut old = [[E::default(); LANES]; C];
            let mut read = [[E::default(); LANES]; I];
            if count == LANES {
                for n in 0..C {
                    old[n].copy_from_slice(&changed[n][start..start + LANES]);
                }
                for n in 0..I {
                    read[n].copy_from_slice(&inputs[n][start..start + LANES]);
                }
                block::<R, F, C, I, S>(&pass, &mut old, &read, &mut sums);
                for n in 0..C {
                    changed[n][start..start + LANES].copy_from_slice(&old[n]);
                }
            } else {
                for n in 0..C {
                    old[n][..count].copy_from_slice(&changed[n][start..]);
                }
                for n in 0..I {
                    read[n][..count].copy_from_slice(&inputs[n][start..]);
                }
                // What pads the block must not be added.
                let mut last = [[0.0; LANES]; S];
                block::<R, F, C, I, S>(&pass, &mut old, &read, &mut last);
                for n in 0..S {
                    for lane in 0..count {
                        sums[n][lane] += last[n][lane];
                    }
                }
                for n in 0..C {
                    changed[n][start..].copy_from_slice(&old[n][..count]);
                }
            }
            start += count;
        }
        let mut totals = [0.0; S];
        for n in 0..S {
            let mut width = LANES;
            while width > 1 {
                width /= 2;
                for lane in 0..width {
                    sums[n][lane] += sums[n][lane + width];
                }
            }
            totals[n] = sums[n][0];
        }
        totals
    }
}

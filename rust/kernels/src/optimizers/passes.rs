//! Passes over a whole parameter that bring sums: what rules share that need the whole gradient.
//!
//! Sums are taken in double precision with a fixed number of running results in each part, the parts are cut by length
//! alone, and their results are joined in order: the bits do not depend on the machine or on the number of threads.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sums::{RUNNING, add_squares, tree};
use crate::sweep::PART;
use crate::threads;

/// Rows and columns of a parameter that counts as a matrix: all axes but the last are rows. A single row or column is a
/// vector.
pub(super) fn matrix(shape: &[usize]) -> Option<(usize, usize)> {
    let (&columns, rows) = shape.split_last()?;
    let rows: usize = rows.iter().product();
    (rows > 1 && columns > 1).then_some((rows, columns))
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
pub(super) trait PassLoop<const C: usize, const I: usize, const S: usize>: Pass<C, I, S> {
    /// Visits the elements of a range, and keeps what they bring to the sums at the beginning of `added`.
    fn visit_range<R: Real>(
        &self,
        changed: &mut [&mut [R::Element]; C],
        inputs: &[&[R::Element]; I],
        added: &mut [[R::Element; CHUNK]; S],
        range: (usize, usize),
    );
}

/// Elements visited before what they bring is squared and summed: it stays in the nearest cache.
pub(super) const CHUNK: usize = 512;

/// The length of the operands, which [`pass_over`] has found to be equal: that of the first.
#[inline(always)]
fn len_of<E, const C: usize, const I: usize>(changed: &[&mut [E]; C], inputs: &[&[E]; I]) -> usize {
    changed.first().map(|slice| slice.len()).or(inputs.first().map(|slice| slice.len())).unwrap_or(0)
}

/// Takes a pass over the operands, in parts over the threads, and returns the sums.
pub(super) fn pass_over<E: Element, F: PassLoop<C, I, S>, const C: usize, const I: usize, const S: usize>(
    pass: F,
    changed: [&mut [E]; C],
    inputs: [&[E]; I],
) -> [f64; S] {
    let len = len_of(&changed, &inputs);
    assert!(inputs.iter().all(|slice| slice.len() == len) && changed.iter().all(|slice| slice.len() == len));
    let part = part(len);
    let mut results = [[0.0; S]; MOST_PARTS];
    let results = &mut results[..len.div_ceil(part)];
    threads::for_each_split(changed.map(|slice| (slice, part)), results, &|index, changed, sums: &mut [f64; S]| {
        let start = index * part;
        let end = len.min(start + part);
        *sums = isa::run(PassRange { pass, changed, inputs: inputs.map(|slice| &slice[start..end]) });
    });
    let mut sums = [0.0; S];
    for result in results {
        for index in 0..S {
            sums[index] += result[index];
        }
    }
    sums
}

struct PassRange<'a, E, F, const C: usize, const I: usize, const S: usize> {
    pass: F,
    changed: [&'a mut [E]; C],
    inputs: [&'a [E]; I],
}

impl<E: Element, F: PassLoop<C, I, S>, const C: usize, const I: usize, const S: usize> Kernel<E>
    for PassRange<'_, E, F, C, I, S>
{
    type Output = [f64; S];
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> [f64; S] {
        let Self { pass, mut changed, inputs } = self;
        let len = len_of(&changed, &inputs);
        let mut added = [[E::default(); CHUNK]; S];
        let mut lanes = [[0.0; RUNNING]; S];
        // Nothing is kept where nothing is summed.
        let chunk = if S == 0 { len } else { CHUNK };
        let mut start = 0;
        while start < len {
            let end = len.min(start + chunk);
            pass.visit_range::<R>(&mut changed, &inputs, &mut added, (start, end));
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
macro_rules! pass_loop {
    ($changes:literal, $reads:literal, $sums:literal:
        $($old:ident $at:literal),*; $($read:ident),*; $($sum:ident $of:literal),*) => {
        impl<F: Pass<$changes, $reads, $sums>> PassLoop<$changes, $reads, $sums> for F {
            #[inline(always)]
            fn visit_range<R: Real>(
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

pass_loop!(0, 2, 2: ; x, y; first_sum 0, second_sum 1);
pass_loop!(1, 0, 0: first 0; ; );
pass_loop!(1, 1, 0: first 0; x; );
pass_loop!(1, 1, 1: first 0; x; first_sum 0);
pass_loop!(1, 2, 0: first 0; x, y; );
pass_loop!(2, 1, 1: first 0, second 1; x; first_sum 0);
pass_loop!(3, 2, 2: first 0, second 1, third 2; x, y; first_sum 0, second_sum 1);

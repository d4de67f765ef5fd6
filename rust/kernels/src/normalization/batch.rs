//! Normalisation of features over a batch (Ioffe and Szegedy, 2015): moments of columns, the normalised numbers,
//! gradients.
//!
//! All take row-major matrices with `columns` numbers a row. Each column is summed in runs of `RUN` rows in its own
//! precision, and the runs in double precision, in ascending order: a result depends on the numbers alone, not on the
//! columns beside it, nor on threads. The variance is taken from the differences to the mean, in a second pass, so that
//! a mean far from zero costs no digits.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::PART;
use crate::threads;

/// Rows whose sum is one chain in the precision of the numbers.
const RUN: usize = 256;

/// Columns that a block holds in registers.
const BLOCK: usize = 64;

/// Mean and variance of every column: `moments` has the means, then the variances, which are divided by the count of
/// rows.
pub fn moments<E: Element>(x: &[E], columns: usize, moments: &mut [E]) {
    assert!(columns > 0 && x.len().is_multiple_of(columns) && moments.len() == 2 * columns);
    let (mean, variance) = moments.split_at_mut(columns);
    let part = columns_of_a_part(x.len(), columns);
    threads::for_each_part([mean, variance], part, &|first, [mean, variance]| {
        isa::run(InBlocks(Moments { x, columns, first, mean, variance }));
    });
}

/// `y = (x - mean) / sqrt(variance + epsilon)` with the moments of each column, times a weight and plus a bias where
/// given.
pub fn normalize<E: Element>(x: &[E], moments: &[E], epsilon: f64, affine: Option<(&[E], &[E])>, y: &mut [E]) {
    let columns = moments.len() / 2;
    assert!(columns > 0 && x.len() == y.len() && x.len().is_multiple_of(columns) && moments.len() == 2 * columns);
    assert!(affine.is_none_or(|(weight, bias)| weight.len() == columns && bias.len() == columns));
    threads::for_each_part([y], rows_of_a_part(columns) * columns, &|start, [y]| {
        isa::run(InBlocks(Normalize { x: &x[start..start + y.len()], moments, epsilon, affine, y }));
    });
}

/// Sums over every column: of the gradient that arrives at the result, and of its products with the normalised numbers.
/// They are the gradients of bias and weight.
pub fn sums<E: Element>(gradient: &[E], x: &[E], moments: &[E], epsilon: f64, sums: &mut [E]) {
    let columns = moments.len() / 2;
    assert!(columns > 0 && x.len() == gradient.len() && x.len().is_multiple_of(columns) && sums.len() == 2 * columns);
    let (plain, product) = sums.split_at_mut(columns);
    let part = columns_of_a_part(x.len(), columns);
    threads::for_each_part([plain, product], part, &|first, [plain, product]| {
        isa::run(InBlocks(Sums { gradient, x, moments, epsilon, first, plain, product }));
    });
}

/// Gradient of [`normalize`] by `x`, what it does to the moments included, from the gradient of the result and its
/// [`sums`]: `weight / sqrt(variance + epsilon) * (gradient - (sum + normalised * product) / rows)`.
pub fn backward<E: Element>(
    gradient: &[E],
    x: &[E],
    moments: &[E],
    sums: &[E],
    epsilon: f64,
    weight: Option<&[E]>,
    out: &mut [E],
) {
    let columns = moments.len() / 2;
    assert!(columns > 0 && x.len() == gradient.len() && x.len() == out.len() && sums.len() == moments.len());
    assert!(x.len().is_multiple_of(columns) && weight.is_none_or(|weight| weight.len() == columns));
    let rows = x.len() / columns;
    threads::for_each_part([out], rows_of_a_part(columns) * columns, &|start, [out]| {
        let range = start..start + out.len();
        let (gradient, x) = (&gradient[range.clone()], &x[range]);
        isa::run(InBlocks(Backward { gradient, x, moments, sums, epsilon, weight, rows, out }));
    });
}

/// How many columns a thread takes at once: whole blocks, about [`PART`] numbers.
fn columns_of_a_part(len: usize, columns: usize) -> usize {
    if len <= PART { columns } else { (PART / (len / columns)).next_multiple_of(BLOCK) }
}

/// How many rows a thread takes at once.
fn rows_of_a_part(columns: usize) -> usize {
    (PART / columns).max(1)
}

/// What is done to `N` neighbouring columns.
trait Columns<E: Element> {
    /// How many columns there are.
    fn count(&self) -> usize;
    fn block<R: Real<Element = E>, const N: usize>(&mut self, start: usize);
}

/// Every column in blocks, wide ones first.
struct InBlocks<T>(T);

impl<E: Element, T: Columns<E>> Kernel<E> for InBlocks<T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(mut self) {
        let count = self.0.count();
        let task = &mut self.0;
        let mut start = 0;
        while start < count {
            match count - start {
                BLOCK.. => {
                    task.block::<R, BLOCK>(start);
                    start += BLOCK;
                }
                16.. => {
                    task.block::<R, 16>(start);
                    start += 16;
                }
                4.. => {
                    task.block::<R, 4>(start);
                    start += 4;
                }
                _ => {
                    task.block::<R, 1>(start);
                    start += 1;
                }
            }
        }
    }
}

/// The `N` numbers from `start`.
#[inline(always)]
fn chunk<E, const N: usize>(numbers: &[E], start: usize) -> &[E; N] {
    numbers[start..].first_chunk().expect("a whole block")
}

#[inline(always)]
fn chunk_mut<E, const N: usize>(numbers: &mut [E], start: usize) -> &mut [E; N] {
    numbers[start..].first_chunk_mut().expect("a whole block")
}

/// `K` sums over the rows for each of `N` columns; `add` takes a row into them.
#[inline(always)]
fn totals<R: Real, const N: usize, const K: usize>(
    rows: usize,
    mut add: impl FnMut(usize, &mut [[R; N]; K]),
) -> [[f64; N]; K] {
    let mut totals = [[0.0; N]; K];
    let mut row = 0;
    while row < rows {
        let mut run = [[R::zero(); N]; K];
        let end = rows.min(row + RUN);
        while row < end {
            add(row, &mut run);
            row += 1;
        }
        for (totals, run) in totals.iter_mut().zip(&run) {
            for (total, sum) in totals.iter_mut().zip(run) {
                *total += sum.store().to_f64();
            }
        }
    }
    totals
}

struct Moments<'a, E> {
    x: &'a [E],
    columns: usize,
    /// The first of the columns that `mean` and `variance` are of.
    first: usize,
    mean: &'a mut [E],
    variance: &'a mut [E],
}

impl<E: Element> Columns<E> for Moments<'_, E> {
    fn count(&self) -> usize {
        self.mean.len()
    }

    #[inline(always)]
    fn block<R: Real<Element = E>, const N: usize>(&mut self, start: usize) {
        let (x, columns, place) = (self.x, self.columns, self.first + start);
        let rows = x.len() / columns;
        let [sums] = totals::<R, N, 1>(rows, |row, [sums]| {
            let numbers = chunk::<E, N>(x, row * columns + place);
            for lane in 0..N {
                sums[lane] = sums[lane] + R::load(numbers[lane]);
            }
        });
        let mean = sums.map(|sum| E::from_f64(sum / rows as f64));
        let [squares] = totals::<R, N, 1>(rows, |row, [squares]| {
            let numbers = chunk::<E, N>(x, row * columns + place);
            for lane in 0..N {
                let difference = R::load(numbers[lane]) - R::load(mean[lane]);
                squares[lane] = difference.mul_add(difference, squares[lane]);
            }
        });
        *chunk_mut(self.mean, start) = mean;
        *chunk_mut(self.variance, start) = squares.map(|square| E::from_f64(square / rows as f64));
    }
}

/// `1 / sqrt(variance + epsilon)` of some columns.
#[inline(always)]
fn inverse_deviations<R: Real, const N: usize>(moments: &[R::Element], epsilon: f64, start: usize) -> [R; N] {
    let variance = chunk::<R::Element, N>(&moments[moments.len() / 2..], start);
    let mut inverse = [R::zero(); N];
    for lane in 0..N {
        inverse[lane] = R::one() / (R::load(variance[lane]) + R::constant(epsilon)).sqrt();
    }
    inverse
}

/// Multiplies by the weights of some columns, where there are any.
#[inline(always)]
fn weighted<R: Real, const N: usize>(mut numbers: [R; N], weight: Option<&[R::Element]>, start: usize) -> [R; N] {
    if let Some(weight) = weight {
        let weight = chunk::<R::Element, N>(weight, start);
        for lane in 0..N {
            numbers[lane] = numbers[lane] * R::load(weight[lane]);
        }
    }
    numbers
}

struct Normalize<'a, E> {
    x: &'a [E],
    moments: &'a [E],
    epsilon: f64,
    affine: Option<(&'a [E], &'a [E])>,
    y: &'a mut [E],
}

impl<E: Element> Columns<E> for Normalize<'_, E> {
    fn count(&self) -> usize {
        self.moments.len() / 2
    }

    #[inline(always)]
    fn block<R: Real<Element = E>, const N: usize>(&mut self, start: usize) {
        let columns = self.moments.len() / 2;
        let inverse = inverse_deviations::<R, N>(self.moments, self.epsilon, start);
        let factor = weighted(inverse, self.affine.map(|(weight, _)| weight), start);
        let mean = *chunk::<E, N>(self.moments, start);
        let bias = self.affine.map_or([E::default(); N], |(_, bias)| *chunk(bias, start));
        let (x, y) = (self.x.chunks_exact(columns), self.y.chunks_exact_mut(columns));
        for (x, y) in x.zip(y) {
            let (x, y) = (chunk::<E, N>(x, start), chunk_mut::<E, N>(y, start));
            for lane in 0..N {
                let difference = R::load(x[lane]) - R::load(mean[lane]);
                y[lane] = difference.mul_add(factor[lane], R::load(bias[lane])).store();
            }
        }
    }
}

struct Sums<'a, E> {
    gradient: &'a [E],
    x: &'a [E],
    moments: &'a [E],
    epsilon: f64,
    /// The first of the columns that `plain` and `product` are of.
    first: usize,
    plain: &'a mut [E],
    product: &'a mut [E],
}

impl<E: Element> Columns<E> for Sums<'_, E> {
    fn count(&self) -> usize {
        self.plain.len()
    }

    #[inline(always)]
    fn block<R: Real<Element = E>, const N: usize>(&mut self, start: usize) {
        let (gradient, x, place) = (self.gradient, self.x, self.first + start);
        let columns = self.moments.len() / 2;
        let mean = *chunk::<E, N>(self.moments, place);
        let inverse = inverse_deviations::<R, N>(self.moments, self.epsilon, place);
        let [plain, product] = totals::<R, N, 2>(x.len() / columns, |row, [plain, product]| {
            let (gradient, x) =
                (chunk::<E, N>(gradient, row * columns + place), chunk::<E, N>(x, row * columns + place));
            for lane in 0..N {
                let arriving = R::load(gradient[lane]);
                plain[lane] = plain[lane] + arriving;
                product[lane] = arriving.mul_add(R::load(x[lane]) - R::load(mean[lane]), product[lane]);
            }
        });
        *chunk_mut(self.plain, start) = plain.map(E::from_f64);
        let out = chunk_mut::<E, N>(self.product, start);
        for lane in 0..N {
            out[lane] = (R::load(E::from_f64(product[lane])) * inverse[lane]).store();
        }
    }
}

struct Backward<'a, E> {
    gradient: &'a [E],
    x: &'a [E],
    moments: &'a [E],
    sums: &'a [E],
    epsilon: f64,
    weight: Option<&'a [E]>,
    /// Rows of the whole batch.
    rows: usize,
    out: &'a mut [E],
}

impl<E: Element> Columns<E> for Backward<'_, E> {
    fn count(&self) -> usize {
        self.moments.len() / 2
    }

    #[inline(always)]
    fn block<R: Real<Element = E>, const N: usize>(&mut self, start: usize) {
        let columns = self.moments.len() / 2;
        let inverse = inverse_deviations::<R, N>(self.moments, self.epsilon, start);
        let factor = weighted(inverse, self.weight, start);
        let mean = *chunk::<E, N>(self.moments, start);
        let (plain, product) = (*chunk::<E, N>(self.sums, start), *chunk::<E, N>(&self.sums[columns..], start));
        // out = factor gradient + slope (x - mean) + offset.
        let (mut slope, mut offset) = ([R::zero(); N], [R::zero(); N]);
        let share = R::constant(-1.0) / R::constant(self.rows as f64);
        for lane in 0..N {
            let part = factor[lane] * share;
            offset[lane] = part * R::load(plain[lane]);
            slope[lane] = part * inverse[lane] * R::load(product[lane]);
        }
        let rows = self.gradient.chunks_exact(columns).zip(self.x.chunks_exact(columns));
        for ((gradient, x), out) in rows.zip(self.out.chunks_exact_mut(columns)) {
            let (gradient, x) = (chunk::<E, N>(gradient, start), chunk::<E, N>(x, start));
            let out = chunk_mut::<E, N>(out, start);
            for lane in 0..N {
                let rest = (R::load(x[lane]) - R::load(mean[lane])).mul_add(slope[lane], offset[lane]);
                out[lane] = R::load(gradient[lane]).mul_add(factor[lane], rest).store();
            }
        }
    }
}

//! Rows as vectors of lanes: many narrow rows side by side, or one wide row along its length.
//!
//! A narrow row (up to [`NARROW`] columns) is a lane: blocks of [`LANES`] rows are transposed, so ten columns cost ten
//! vectors and no lane is idle. A wide row fills the lanes itself, and its reductions end with a fixed tree over them. Which of
//! the two depends on the number of columns only, so a row's bits do not depend on the rows beside it.

use crate::real::{Element, Real};

/// Lanes of a block, on every machine: four AVX-512 registers of `f32`. With a single register the compiler would unroll
/// the loops over lanes before it vectorises them.
pub(crate) const LANES: usize = 64;

/// A number for each lane.
pub(crate) type Lanes<E> = [E; LANES];

/// Most columns of a row that is a lane.
pub(crate) const NARROW: usize = 32;

/// Elements a thread takes at once, about.
const PART: usize = 1 << 15;

/// Rows a thread takes at once: a multiple of the lanes that depends on the number of columns only.
pub(crate) fn rows_per_part(columns: usize) -> usize {
    (PART / columns).max(1).next_multiple_of(LANES)
}

/// A number for each lane, computed.
#[inline(always)]
pub(crate) fn lanes<E: Element, R: Real<Element = E>>(f: impl Fn(usize) -> R) -> Lanes<E> {
    let mut lanes = [E::default(); LANES];
    for lane in 0..LANES {
        lanes[lane] = f(lane).store();
    }
    lanes
}

/// Narrow rows or a wide one, being worked on.
pub(crate) trait Block<E: Element> {
    /// Number of vectors.
    fn vectors(&self) -> usize;
    /// Vector `v` as it came; lanes beyond the row's end are `pad`.
    fn get(&self, v: usize, pad: E) -> Lanes<E>;
    /// Vector `v` as it was last put.
    fn again(&self, v: usize) -> Lanes<E>;
    /// Replaces vector `v`.
    fn put(&mut self, v: usize, lanes: Lanes<E>);
    /// Joins what the lanes of a row have gathered; every lane of the row gets the result.
    fn join<R: Real<Element = E>>(lanes: Lanes<E>, f: impl Fn(R, R) -> R) -> Lanes<E>;

    /// Gathers every number of a row by `total = f(total, x)`; `start` changes nothing and stands for missing numbers.
    #[inline(always)]
    fn fold<R: Real<Element = E>>(&self, start: R, f: impl Fn(R, R) -> R) -> Lanes<E> {
        let mut totals = [start.store(); LANES];
        for v in 0..self.vectors() {
            let x = self.get(v, start.store());
            totals = lanes(|lane| f(R::load(totals[lane]), R::load(x[lane])));
        }
        Self::join(totals, f)
    }

    /// The largest number of each row.
    #[inline(always)]
    fn maximum<R: Real<Element = E>>(&self) -> Lanes<E> {
        self.fold(R::constant(f64::NEG_INFINITY), R::maximum)
    }

    /// `exp(x - shift)` and its sum over each row; the numbers are put if `KEEP` says so.
    #[inline(always)]
    fn exponentials<R: Real<Element = E>, const KEEP: bool>(&mut self, shift: &Lanes<E>) -> Lanes<E> {
        let mut totals = [E::default(); LANES];
        for v in 0..self.vectors() {
            let x = self.get(v, E::from_f64(f64::NEG_INFINITY));
            let y = lanes(|lane| (R::load(x[lane]) - R::load(shift[lane])).exp());
            totals = lanes(|lane| R::load(totals[lane]) + R::load(y[lane]));
            if KEEP {
                self.put(v, y);
            }
        }
        Self::join(totals, |a: R, b| a + b)
    }
}

/// Narrow rows, a lane each: `numbers[column][row]`.
pub(crate) struct Across<'a, E>(pub(crate) &'a mut [Lanes<E>]);

impl<E: Element> Block<E> for Across<'_, E> {
    #[inline(always)]
    fn vectors(&self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn get(&self, v: usize, _pad: E) -> Lanes<E> {
        self.0[v]
    }
    #[inline(always)]
    fn again(&self, v: usize) -> Lanes<E> {
        self.0[v]
    }
    #[inline(always)]
    fn put(&mut self, v: usize, lanes: Lanes<E>) {
        self.0[v] = lanes;
    }
    #[inline(always)]
    fn join<R: Real<Element = E>>(lanes: Lanes<E>, _f: impl Fn(R, R) -> R) -> Lanes<E> {
        lanes
    }
}

/// One wide row, [`LANES`] columns at a time.
pub(crate) struct Along<'a, E> {
    /// Where the numbers come from, if not from `row` itself.
    pub(crate) source: Option<&'a [E]>,
    /// Where numbers are put.
    pub(crate) row: &'a mut [E],
}

impl<E: Element> Block<E> for Along<'_, E> {
    #[inline(always)]
    fn vectors(&self) -> usize {
        self.source.map_or(self.row.len(), <[E]>::len).div_ceil(LANES)
    }
    #[inline(always)]
    fn get(&self, v: usize, pad: E) -> Lanes<E> {
        vector(self.source.unwrap_or(self.row), v, pad)
    }
    #[inline(always)]
    fn again(&self, v: usize) -> Lanes<E> {
        vector(self.row, v, E::default())
    }
    #[inline(always)]
    fn put(&mut self, v: usize, lanes: Lanes<E>) {
        let rest = &mut self.row[v * LANES..];
        match rest.first_chunk_mut::<LANES>() {
            Some(whole) => *whole = lanes,
            None => rest.copy_from_slice(&lanes[..rest.len()]),
        }
    }
    #[inline(always)]
    fn join<R: Real<Element = E>>(mut lanes: Lanes<E>, f: impl Fn(R, R) -> R) -> Lanes<E> {
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                lanes[lane] = f(R::load(lanes[lane]), R::load(lanes[lane + width])).store();
            }
        }
        [lanes[0]; LANES]
    }
}

/// Vector `v` of a row, padded where the row ends.
#[inline(always)]
pub(crate) fn vector<E: Element>(row: &[E], v: usize, pad: E) -> Lanes<E> {
    let rest = &row[v * LANES..];
    match rest.first_chunk::<LANES>() {
        Some(whole) => *whole,
        None => {
            let mut lanes = [pad; LANES];
            lanes[..rest.len()].copy_from_slice(rest);
            lanes
        }
    }
}

/// Rows that are transposed together: their numbers are gathered in a register.
const TOGETHER: usize = 4;

/// Takes up to [`LANES`] rows as lanes; the lanes of missing rows are zero.
#[inline(always)]
pub(crate) fn transpose_in<E: Element>(rows: &[E], block: &mut [Lanes<E>]) {
    let columns = block.len();
    let count = rows.len() / columns;
    if count < LANES {
        block.fill([E::default(); LANES]);
    }
    for (group, rows) in rows.chunks_exact(TOGETHER * columns).take(LANES / TOGETHER).enumerate() {
        let row = |index: usize| &rows[index * columns..(index + 1) * columns];
        let rows: [&[E]; TOGETHER] = [row(0), row(1), row(2), row(3)];
        for (column, lanes) in block.iter_mut().enumerate() {
            lanes.as_chunks_mut().0[group] = [rows[0][column], rows[1][column], rows[2][column], rows[3][column]];
        }
    }
    for lane in count - count % TOGETHER..count {
        for (lanes, x) in block.iter_mut().zip(&rows[lane * columns..]) {
            lanes[lane] = *x;
        }
    }
}

/// Gives the lanes back as up to [`LANES`] rows.
#[inline(always)]
pub(crate) fn transpose_out<E: Element>(block: &[Lanes<E>], rows: &mut [E]) {
    let columns = block.len();
    let count = rows.len() / columns;
    for (group, rows) in rows.chunks_exact_mut(TOGETHER * columns).take(LANES / TOGETHER).enumerate() {
        let (first, rest) = rows.split_at_mut(columns);
        let (second, rest) = rest.split_at_mut(columns);
        let (third, fourth) = rest.split_at_mut(columns);
        for (column, lanes) in block.iter().enumerate() {
            let numbers: [E; TOGETHER] = lanes.as_chunks().0[group];
            (first[column], second[column], third[column], fourth[column]) =
                (numbers[0], numbers[1], numbers[2], numbers[3]);
        }
    }
    for lane in count - count % TOGETHER..count {
        for (x, lanes) in rows[lane * columns..].iter_mut().zip(block) {
            *x = lanes[lane];
        }
    }
}

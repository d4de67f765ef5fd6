//! Rows as blocks of lanes: narrow rows side by side, wide ones along their length.

use super::lanes::{Aligned, Block, GROUP, LANES, Lanes, Place, Single, VectorStep};
use crate::real::{Element, Real};

/// Narrow rows, a lane each: `numbers[column][row]`.
pub(crate) struct Across<'a, E> {
    /// The rows.
    pub(crate) numbers: &'a mut [Lanes<E>],
    /// The second operand, if there is one.
    pub(crate) second: &'a [Lanes<E>],
}

impl<E: Element> Block<E> for Across<'_, E> {
    type Row = Lanes<E>;
    type Gathered = Lanes<E>;
    #[inline(always)]
    fn pass<R: Real<Element = E>, S: VectorStep<E>, const AGAIN: bool>(&mut self, step: &mut S) {
        step.begin();
        for v in 0..self.numbers.len() {
            let second = if self.second.is_empty() { [E::default(); LANES] } else { self.second[v] };
            let y = step.step::<R>(Place { row: 0, start: v, stale: 0 }, &self.numbers[v], &second);
            if S::PUTS {
                self.numbers[v] = y;
            }
        }
        step.end(0);
    }
    #[inline(always)]
    fn count(&self) -> usize {
        LANES
    }
}

/// Wide rows, up to [`GROUP`] of them.
pub(crate) struct Group<'a, E> {
    /// Numbers of a row.
    pub(crate) columns: usize,
    /// Where the numbers come from, if not from `rows` itself.
    pub(crate) source: Option<&'a [E]>,
    /// Where numbers are put; may be empty if no pass puts.
    pub(crate) rows: &'a mut [E],
    /// The second operand, or nothing.
    pub(crate) second: &'a [E],
}

/// A row, or nothing of nothing.
#[inline(always)]
fn row_of<E>(rows: &[E], row: usize, columns: usize) -> &[E] {
    if rows.is_empty() { &[] } else { &rows[row * columns..(row + 1) * columns] }
}

impl<E: Element> Block<E> for Group<'_, E> {
    type Row = Single<E>;
    type Gathered = [Lanes<E>; GROUP];
    #[inline(always)]
    fn pass<R: Real<Element = E>, S: VectorStep<E>, const AGAIN: bool>(&mut self, step: &mut S) {
        let columns = self.columns;
        for row in 0..self.count() {
            let source = if let Some(source) = self.source { Some(row_of(source, row, columns)) } else { None };
            let second = row_of(self.second, row, columns);
            let out = if self.rows.is_empty() { &mut [] } else { &mut self.rows[row * columns..(row + 1) * columns] };
            step.begin();
            Along { index: row, source, row: out, second }.pass::<R, S, AGAIN>(step);
            step.end(row);
        }
    }
    #[inline(always)]
    fn count(&self) -> usize {
        let numbers = if let Some(source) = self.source { source.len() } else { self.rows.len() };
        (numbers / self.columns).min(GROUP)
    }
}

/// One wide row, [`LANES`] columns at a time.
struct Along<'a, E> {
    /// Which row of its group it is.
    index: usize,
    /// Where the numbers come from, if not from `row` itself.
    source: Option<&'a [E]>,
    /// Where numbers are put.
    row: &'a mut [E],
    /// The second operand, or nothing.
    second: &'a [E],
}

impl<E: Element> Along<'_, E> {
    /// A pass over the row.
    #[inline(always)]
    fn pass<R: Real<Element = E>, S: VectorStep<E>, const AGAIN: bool>(&mut self, step: &mut S) {
        let columns = self.source.map_or(self.row.len(), <[E]>::len);
        let (whole, rest) = (columns / LANES, columns % LANES);
        if whole == 0 {
            return self.short::<R, S, AGAIN>(step);
        }
        // The rest is taken with what is before it. Where a pass puts what it reads, it is read before it is written.
        let last = columns - LANES;
        let from = if AGAIN { &*self.row } else { self.source.unwrap_or(self.row) };
        let saves = S::PUTS && (AGAIN || self.source.is_none());
        let saved = Aligned(if saves { chunk(from, last) } else { [E::default(); LANES] });
        // Cut to one length beforehand, so that no check is left in the loop.
        let seconds = if self.second.is_empty() { None } else { Some(&self.second.as_chunks().0[..whole]) };
        let none = [E::default(); LANES];
        if let (Some(source), false) = (self.source, AGAIN) {
            let (source, out) = (&source.as_chunks().0[..whole], self.row.as_chunks_mut().0);
            let out = if S::PUTS { &mut out[..whole] } else { out };
            for v in 0..whole {
                let second = if let Some(seconds) = seconds { seconds[v] } else { none };
                let y = step.step::<R>(Place { row: self.index, start: v * LANES, stale: 0 }, &source[v], &second);
                if S::PUTS {
                    out[v] = y;
                }
            }
        } else {
            let row = &mut self.row.as_chunks_mut().0[..whole];
            for v in 0..whole {
                let second = if let Some(seconds) = seconds { seconds[v] } else { none };
                let y = step.step::<R>(Place { row: self.index, start: v * LANES, stale: 0 }, &row[v], &second);
                if S::PUTS {
                    row[v] = y;
                }
            }
        }
        if rest > 0 {
            let from = if AGAIN { &*self.row } else { self.source.unwrap_or(self.row) };
            let end = if saves { saved.0 } else { chunk(from, last) };
            let second = if self.second.is_empty() { [E::default(); LANES] } else { chunk(self.second, last) };
            let y = step.step::<R>(Place { row: self.index, start: last, stale: LANES - rest }, &end, &second);
            if S::PUTS
                && let Some(place) = self.row[last..].first_chunk_mut()
            {
                *place = y;
            }
        }
    }

    /// A pass over a row of less than [`LANES`] columns, padded in front.
    #[inline(always)]
    fn short<R: Real<Element = E>, S: VectorStep<E>, const AGAIN: bool>(&mut self, step: &mut S) {
        let from = if AGAIN { &*self.row } else { self.source.unwrap_or(self.row) };
        let missing = LANES - from.len();
        let (mut x, mut second) = ([E::default(); LANES], [E::default(); LANES]);
        x[missing..].copy_from_slice(from);
        if !self.second.is_empty() {
            second[missing..].copy_from_slice(self.second);
        }
        let y = step.step::<R>(Place { row: self.index, start: 0, stale: missing }, &x, &second);
        if S::PUTS {
            self.row.copy_from_slice(&y[missing..]);
        }
    }
}

/// The numbers of a row from a column on.
#[inline(always)]
fn chunk<E: Element>(row: &[E], start: usize) -> Lanes<E> {
    let mut lanes = [E::default(); LANES];
    lanes.copy_from_slice(&row[start..start + LANES]);
    lanes
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

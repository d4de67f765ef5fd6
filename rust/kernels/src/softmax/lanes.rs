//! Rows as vectors of lanes: many narrow rows side by side, or wide rows along their length.
//!
//! A narrow row (up to [`NARROW`] columns) is a lane: blocks of [`LANES`] rows are transposed, so ten columns cost ten
//! vectors and no lane is idle. A wide row fills the lanes itself, and its reductions end with a fixed tree over them. Wide rows
//! are taken a few together, each pass over all of them: what a row waits for (the tree, a logarithm) is then done for all at
//! once. Which of the two depends on the number of columns only, and a row's bits do not depend on the rows beside it.

use std::hint::black_box;
use std::marker::PhantomData;

use crate::math::Tables as _;
use crate::real::{Element, Real};

/// Lanes of a block, on every machine: four AVX-512 registers of `f32`. With a single register the compiler would unroll
/// the loops over lanes before it vectorises them.
pub(crate) const LANES: usize = 64;

/// A number for each lane.
pub(crate) type Lanes<E> = [E; LANES];

/// Most columns of a row that is a lane.
pub(crate) const NARROW: usize = 32;

/// Most wide rows taken together.
pub(crate) const GROUP: usize = 16;

/// Elements of the rows taken together, at most: all operands stay in the second cache.
const TOGETHER_ELEMENTS: usize = 1 << 13;

/// Wide rows taken together: a divisor of [`LANES`].
pub(crate) fn rows_together(columns: usize) -> usize {
    1 << (TOGETHER_ELEMENTS / columns).clamp(1, GROUP).ilog2()
}

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

/// What the lanes of a vector are given of a number for each row: their own, or that of the one row that fills them.
pub(crate) trait PerRow<E: Element>: Copy {
    /// The numbers for a vector of this row.
    fn of(rows: &Lanes<E>, row: usize) -> Self;
    /// The number that belongs to a lane.
    fn at(&self, lane: usize) -> E;
}

impl<E: Element> PerRow<E> for Lanes<E> {
    #[inline(always)]
    fn of(rows: &Lanes<E>, _row: usize) -> Self {
        *rows
    }
    #[inline(always)]
    fn at(&self, lane: usize) -> E {
        self[lane]
    }
}

/// The number of a row that fills the lanes.
#[derive(Clone, Copy)]
pub(crate) struct Single<E>(E);

impl<E: Element> PerRow<E> for Single<E> {
    #[inline(always)]
    fn of(rows: &Lanes<E>, row: usize) -> Self {
        Self(rows[row])
    }
    #[inline(always)]
    fn at(&self, _lane: usize) -> E {
        self.0
    }
}

/// What the lanes of each row have gathered.
pub(crate) trait Gathered<E: Element> {
    /// Nothing yet.
    fn none() -> Self;
    /// Takes what the lanes of a row have gathered.
    fn put(&mut self, row: usize, lanes: Lanes<E>);
    /// The numbers of the first `count` rows, their lanes joined; of a narrow block all rows'.
    fn joined<R: Real<Element = E>>(&mut self, count: usize, f: impl Fn(R, R) -> R) -> Lanes<E>;
}

impl<E: Element> Gathered<E> for Lanes<E> {
    #[inline(always)]
    fn none() -> Self {
        [E::default(); LANES]
    }
    #[inline(always)]
    fn put(&mut self, _row: usize, lanes: Lanes<E>) {
        *self = lanes;
    }
    #[inline(always)]
    fn joined<R: Real<Element = E>>(&mut self, _count: usize, _f: impl Fn(R, R) -> R) -> Lanes<E> {
        *self
    }
}

impl<E: Element> Gathered<E> for [Lanes<E>; GROUP] {
    #[inline(always)]
    fn none() -> Self {
        [[E::default(); LANES]; GROUP]
    }
    #[inline(always)]
    fn put(&mut self, row: usize, lanes: Lanes<E>) {
        self[row] = lanes;
    }
    #[inline(always)]
    fn joined<R: Real<Element = E>>(&mut self, count: usize, f: impl Fn(R, R) -> R) -> Lanes<E> {
        // A loop for each level of the tree: in a single one the compiler would take the vectors apart into numbers.
        let rows = &mut self[..count];
        halve::<R, 32>(rows, &f);
        halve::<R, 16>(rows, &f);
        halve::<R, 8>(rows, &f);
        halve::<R, 4>(rows, &f);
        let mut joined = [E::default(); LANES];
        for (joined, row) in joined.iter_mut().zip(rows) {
            let [a, b, c, d] = [R::load(row[0]), R::load(row[1]), R::load(row[2]), R::load(row[3])];
            *joined = f(f(a, c), f(b, d)).store();
        }
        joined
    }
}

/// Joins the first lanes of every row with as many that follow them: a level of the fixed tree.
#[inline(always)]
fn halve<R: Real, const WIDTH: usize>(rows: &mut [Lanes<R::Element>], f: &impl Fn(R, R) -> R) {
    for row in rows {
        // The compiler would otherwise take the same lane of many rows for a vector.
        let row = black_box(row);
        for lane in 0..WIDTH {
            row[lane] = f(R::load(row[lane]), R::load(row[lane + WIDTH])).store();
        }
    }
}

/// Where a vector is in its row.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Row of the block; 0 in a narrow block.
    pub(crate) row: usize,
    /// Column of lane 0; in a narrow block, the column of all lanes.
    pub(crate) start: usize,
    /// Lanes below this one were in the vector before already, or are before the row's beginning: they are not gathered again.
    pub(crate) stale: usize,
}

/// What one pass over a block does to each of its vectors. A trait and not a closure, so that it is inlined wherever it stands.
/// What is kept for each row is held by reference: beside it, a running result would not stay in registers.
pub(crate) trait Step<E: Element> {
    /// Whether the pass puts what it computes.
    const PUTS: bool = true;
    /// Before the vectors of a row.
    #[inline(always)]
    fn begin(&mut self) {}
    /// After the vectors of a row.
    #[inline(always)]
    fn end(&mut self, _row: usize) {}
    /// Of the numbers `x` of a vector and those of the second operand at the same place.
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, second: &Lanes<E>) -> Lanes<E>;
}

/// Narrow rows or wide ones, being worked on.
pub(crate) trait Block<E: Element> {
    /// What a vector is given of a number for each row.
    type Row: PerRow<E>;
    /// What the lanes of the rows have gathered.
    type Gathered: Gathered<E>;
    /// Takes the step at each vector as it came, or, if `AGAIN`, as it was last put.
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S);
    /// Number of rows.
    fn count(&self) -> usize;

    /// The largest number of each row; minus infinity if all are NaN.
    #[inline(always)]
    fn maximum<R: Real<Element = E>>(&mut self) -> Lanes<E> {
        let mut rows = Aligned(Self::Gathered::none());
        self.pass::<R, _, false>(&mut Largest(&mut rows.0, [E::default(); LANES]));
        rows.0.joined(self.count(), larger::<R>)
    }

    /// The sum of each row.
    #[inline(always)]
    fn sum<R: Real<Element = E>>(&mut self) -> Lanes<E> {
        let mut rows = Aligned(Self::Gathered::none());
        self.pass::<R, _, false>(&mut Sum(&mut rows.0, [E::default(); LANES]));
        rows.0.joined(self.count(), |a: R, b| a + b)
    }

    /// `exp(x - shift)`, lifted as by [`Real::exp_lifted`], and its sum over each row; the numbers are put if `KEEP` says so.
    #[inline(always)]
    fn exponentials<R: Real<Element = E>, const KEEP: bool>(&mut self, shift: &Lanes<E>) -> Lanes<E> {
        let mut sums = Aligned(Self::Gathered::none());
        let totals = [E::default(); LANES];
        self.pass::<R, _, false>(&mut Exponentials::<E, Self, KEEP> { shift, totals, sums: &mut sums.0 });
        sums.0.joined(self.count(), |a: R, b| a + b)
    }
}

/// Takes the lift of [`Real::exp_lifted`] off.
#[inline(always)]
pub(crate) fn lowered<R: Real>(lifted: R) -> R {
    lifted * R::constant(R::Element::LOWER)
}

/// The totals with what a vector adds to them.
#[inline(always)]
pub(crate) fn gather<E: Element, R: Real<Element = E>>(
    place: Place,
    totals: &Lanes<E>,
    f: impl Fn(usize, R) -> R,
) -> Lanes<E> {
    lanes(|lane| {
        let total = R::load(totals[lane]);
        R::select((lane as u32) < place.stale as u32, total, f(lane, total))
    })
}

/// The larger number, the second if the first is NaN.
#[inline(always)]
fn larger<R: Real>(x: R, total: R) -> R {
    R::select(x > total, x, total)
}

struct Largest<'a, E, G>(&'a mut G, Lanes<E>);

impl<E: Element, G: Gathered<E>> Step<E> for Largest<'_, E, G> {
    const PUTS: bool = false;
    #[inline(always)]
    fn begin(&mut self) {
        self.1 = [E::from_f64(f64::NEG_INFINITY); LANES];
    }
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        self.1 = gather(place, &self.1, |lane, total: R| larger(R::load(x[lane]), total));
        self.1
    }
    #[inline(always)]
    fn end(&mut self, row: usize) {
        self.0.put(row, self.1);
    }
}

struct Sum<'a, E, G>(&'a mut G, Lanes<E>);

impl<E: Element, G: Gathered<E>> Step<E> for Sum<'_, E, G> {
    const PUTS: bool = false;
    #[inline(always)]
    fn begin(&mut self) {
        self.1 = [E::default(); LANES];
    }
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        self.1 = gather(place, &self.1, |lane, total: R| total + R::load(x[lane]));
        self.1
    }
    #[inline(always)]
    fn end(&mut self, row: usize) {
        self.0.put(row, self.1);
    }
}

struct Exponentials<'a, E: Element, B: Block<E> + ?Sized, const KEEP: bool> {
    shift: &'a Lanes<E>,
    totals: Lanes<E>,
    sums: &'a mut B::Gathered,
}

impl<E: Element, B: Block<E> + ?Sized, const KEEP: bool> Step<E> for Exponentials<'_, E, B, KEEP> {
    const PUTS: bool = KEEP;
    #[inline(always)]
    fn begin(&mut self) {
        self.totals = [E::default(); LANES];
    }
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        let shift = B::Row::of(self.shift, place.row);
        let y: Lanes<E> = lanes(|lane| (R::load(x[lane]) - R::load(shift.at(lane))).exp_lifted());
        self.totals = gather(place, &self.totals, |lane, total: R| total + R::load(y[lane]));
        y
    }
    #[inline(always)]
    fn end(&mut self, row: usize) {
        self.sums.put(row, self.totals);
    }
}

/// Each number times the number of its row.
pub(crate) struct Times<E, P>(Lanes<E>, PhantomData<P>);

impl<E, P> Times<E, P> {
    /// Times these.
    #[inline(always)]
    pub(crate) fn new(factors: Lanes<E>) -> Self {
        Self(factors, PhantomData)
    }
}

impl<E: Element, P: PerRow<E>> Step<E> for Times<E, P> {
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        let factor = P::of(&self.0, place.row);
        lanes(|lane| R::load(x[lane]) * R::load(factor.at(lane)))
    }
}

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
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S) {
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
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S) {
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
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S) {
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
    fn short<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S) {
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

/// Lanes that are whole lines of the cache: what is stored so can be loaded at once, and no register crosses a line.
#[repr(align(64))]
pub(crate) struct Aligned<T>(pub(crate) T);

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

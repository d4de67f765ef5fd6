//! Rows as vectors of lanes: many narrow rows side by side, or one wide row along its length.
//!
//! A narrow row (up to [`NARROW`] columns) is a lane: blocks of [`LANES`] rows are transposed, so ten columns cost ten
//! vectors and no lane is idle. A wide row fills the lanes itself, and its reductions end with a fixed tree over them. Which of
//! the two depends on the number of columns only, so a row's bits do not depend on the rows beside it.

use crate::math::Tables as _;
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

/// A number for each row of a block: one for each lane, or a single one where the row fills the lanes.
pub(crate) trait PerRow<E: Element>: Copy {
    /// The numbers, computed.
    fn compute<R: Real<Element = E>>(f: impl Fn(usize) -> R) -> Self;
    /// The number that belongs to a lane.
    fn at(&self, lane: usize) -> E;
}

impl<E: Element> PerRow<E> for Lanes<E> {
    #[inline(always)]
    fn compute<R: Real<Element = E>>(f: impl Fn(usize) -> R) -> Self {
        lanes(f)
    }
    #[inline(always)]
    fn at(&self, lane: usize) -> E {
        self[lane]
    }
}

/// The number of a row that fills the lanes.
#[derive(Clone, Copy)]
pub(crate) struct Single<E>(pub(crate) E);

impl<E: Element> PerRow<E> for Single<E> {
    #[inline(always)]
    fn compute<R: Real<Element = E>>(f: impl Fn(usize) -> R) -> Self {
        Self(f(0).store())
    }
    #[inline(always)]
    fn at(&self, _lane: usize) -> E {
        self.0
    }
}

/// Where a vector is in its row.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Column of lane 0; in a narrow block, the column of all lanes.
    pub(crate) start: usize,
    /// Lanes below this one were in the vector before already, or are before the row's beginning: they are not gathered again.
    pub(crate) stale: usize,
}

/// What one pass over a block does to each of its vectors. A trait and not a closure, so that it is inlined wherever it stands.
pub(crate) trait Step<E: Element> {
    /// Whether the pass puts what it computes.
    const PUTS: bool = true;
    /// Of the numbers `x` of a vector and those of the second operand at the same place.
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, second: &Lanes<E>) -> Lanes<E>;
}

/// Narrow rows or a wide one, being worked on.
pub(crate) trait Block<E: Element> {
    /// A number for each row.
    type Rows: PerRow<E>;
    /// Takes the step at each vector as it came, or, if `AGAIN`, as it was last put.
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S);
    /// Joins what the lanes of a row have gathered.
    fn join<R: Real<Element = E>>(lanes: Lanes<E>, f: impl Fn(R, R) -> R) -> Self::Rows;

    /// The largest number of each row; minus infinity if all are NaN.
    #[inline(always)]
    fn maximum<R: Real<Element = E>>(&mut self) -> Self::Rows {
        let mut largest = Largest([E::from_f64(f64::NEG_INFINITY); LANES]);
        self.pass::<R, _, false>(&mut largest);
        Self::join(largest.0, larger::<R>)
    }

    /// The sum of each row.
    #[inline(always)]
    fn sum<R: Real<Element = E>>(&mut self) -> Self::Rows {
        let mut sum = Sum([E::default(); LANES]);
        self.pass::<R, _, false>(&mut sum);
        Self::join(sum.0, |a: R, b| a + b)
    }

    /// `exp(x - shift)`, lifted as by [`Real::exp_lifted`], and its sum over each row; the numbers are put if `KEEP` says so.
    #[inline(always)]
    fn exponentials<R: Real<Element = E>, const KEEP: bool>(&mut self, shift: &Self::Rows) -> Self::Rows {
        let mut step = Exponentials::<E, Self::Rows, KEEP> { shift: *shift, totals: [E::default(); LANES] };
        self.pass::<R, _, false>(&mut step);
        Self::join(step.totals, |a: R, b| a + b)
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
        R::select(lane < place.stale, total, f(lane, total))
    })
}

/// The larger number, the second if the first is NaN.
#[inline(always)]
fn larger<R: Real>(x: R, total: R) -> R {
    R::select(x > total, x, total)
}

struct Largest<E>(Lanes<E>);

impl<E: Element> Step<E> for Largest<E> {
    const PUTS: bool = false;
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        self.0 = gather(place, &self.0, |lane, total: R| larger(R::load(x[lane]), total));
        self.0
    }
}

struct Sum<E>(Lanes<E>);

impl<E: Element> Step<E> for Sum<E> {
    const PUTS: bool = false;
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        self.0 = gather(place, &self.0, |lane, total: R| total + R::load(x[lane]));
        self.0
    }
}

struct Exponentials<E, P, const KEEP: bool> {
    shift: P,
    totals: Lanes<E>,
}

impl<E: Element, P: PerRow<E>, const KEEP: bool> Step<E> for Exponentials<E, P, KEEP> {
    const PUTS: bool = KEEP;
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        let y: Lanes<E> = lanes(|lane| (R::load(x[lane]) - R::load(self.shift.at(lane))).exp_lifted());
        self.totals = gather(place, &self.totals, |lane, total: R| total + R::load(y[lane]));
        y
    }
}

/// Each number times the number of its row.
pub(crate) struct Times<P>(pub(crate) P);

impl<E: Element, P: PerRow<E>> Step<E> for Times<P> {
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, _place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        lanes(|lane| R::load(x[lane]) * R::load(self.0.at(lane)))
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
    type Rows = Lanes<E>;
    #[inline(always)]
    fn pass<R: Real<Element = E>, S: Step<E>, const AGAIN: bool>(&mut self, step: &mut S) {
        for v in 0..self.numbers.len() {
            let second = if self.second.is_empty() { [E::default(); LANES] } else { self.second[v] };
            let y = step.step::<R>(Place { start: v, stale: 0 }, &self.numbers[v], &second);
            if S::PUTS {
                self.numbers[v] = y;
            }
        }
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
    /// The second operand, or nothing.
    pub(crate) second: &'a [E],
}

impl<E: Element> Block<E> for Along<'_, E> {
    type Rows = Single<E>;
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
        for v in 0..whole {
            let from = if AGAIN { &*self.row } else { self.source.unwrap_or(self.row) };
            let second = if self.second.is_empty() { [E::default(); LANES] } else { chunk(self.second, v * LANES) };
            let y = step.step::<R>(Place { start: v * LANES, stale: 0 }, &chunk(from, v * LANES), &second);
            if S::PUTS {
                self.row.as_chunks_mut().0[v] = y;
            }
        }
        if rest > 0 {
            let from = if AGAIN { &*self.row } else { self.source.unwrap_or(self.row) };
            let end = if saves { saved.0 } else { chunk(from, last) };
            let second = if self.second.is_empty() { [E::default(); LANES] } else { chunk(self.second, last) };
            let y = step.step::<R>(Place { start: last, stale: LANES - rest }, &end, &second);
            if S::PUTS
                && let Some(place) = self.row[last..].first_chunk_mut()
            {
                *place = y;
            }
        }
    }
    #[inline(always)]
    fn join<R: Real<Element = E>>(mut lanes: Lanes<E>, f: impl Fn(R, R) -> R) -> Single<E> {
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                lanes[lane] = f(R::load(lanes[lane]), R::load(lanes[lane + width])).store();
            }
        }
        Single(lanes[0])
    }
}

impl<E: Element> Along<'_, E> {
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
        let y = step.step::<R>(Place { start: 0, stale: missing }, &x, &second);
        if S::PUTS {
            self.row.copy_from_slice(&y[missing..]);
        }
    }
}

/// Lanes that are whole lines of the cache: what is stored so can be loaded at once.
#[repr(align(64))]
struct Aligned<E>(Lanes<E>);

/// The numbers of a row from a column on.
#[inline(always)]
fn chunk<E: Element>(row: &[E], start: usize) -> Lanes<E> {
    *row[start..].first_chunk().unwrap_or(&[E::default(); LANES])
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

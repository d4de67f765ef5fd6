//! Rows as vectors of lanes: many narrow rows side by side, or wide rows along their length.
//!
//! A narrow row (up to [`NARROW`] columns) is a lane: blocks of [`LANES`] rows are transposed, so ten columns cost ten
//! vectors and no lane is idle. A wide row fills the lanes itself, and its reductions end with a fixed tree over them.
//! Wide rows are taken a few together, each pass over all of them: what a row waits for (the tree, a logarithm) is then
//! done for all at once. Which of the two depends on the number of columns only, and a row's bits do not depend on the
//! rows beside it.

use std::hint::black_box;
use std::marker::PhantomData;

use crate::math::Tables as _;
use crate::real::{Element, Real};

/// Lanes of a block, on every machine: four AVX-512 registers of `f32`. With a single register the compiler would
/// unroll the loops over lanes before it vectorises them.
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
    /// Lanes below this one were in the vector before already, or are before the row's beginning: they are not gathered
    /// again.
    pub(crate) stale: usize,
}

/// What one pass over a block does to each of its vectors. A trait and not a closure, so that it is inlined wherever it
/// stands. What is kept for each row is held by reference: beside it, a running result would not stay in registers.
pub(crate) trait VectorStep<E: Element> {
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
    fn pass<R: Real<Element = E>, S: VectorStep<E>, const AGAIN: bool>(&mut self, step: &mut S);
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

    /// `exp(x - shift)`, lifted as by [`Real::exp_lifted`], and its sum over each row; the numbers are put if `KEEP`
    /// says so.
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

impl<E: Element, G: Gathered<E>> VectorStep<E> for Largest<'_, E, G> {
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

impl<E: Element, G: Gathered<E>> VectorStep<E> for Sum<'_, E, G> {
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

impl<E: Element, B: Block<E> + ?Sized, const KEEP: bool> VectorStep<E> for Exponentials<'_, E, B, KEEP> {
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

impl<E: Element, P: PerRow<E>> VectorStep<E> for Times<E, P> {
    #[inline(always)]
    fn step<R: Real<Element = E>>(&mut self, place: Place, x: &Lanes<E>, _second: &Lanes<E>) -> Lanes<E> {
        let factor = P::of(&self.0, place.row);
        lanes(|lane| R::load(x[lane]) * R::load(factor.at(lane)))
    }
}

/// Lanes that are whole lines of the cache: what is stored so can be loaded at once, and no register crosses a line.
#[repr(align(64))]
pub(crate) struct Aligned<T>(pub(crate) T);

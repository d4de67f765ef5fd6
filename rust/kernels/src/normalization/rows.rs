//! Normalisation of each row by itself: layer normalisation (Ba, Kiros and Hinton, 2016) and, without the mean, by the
//! root of the mean square (Zhang and Sennrich, 2019).
//!
//! All take row-major matrices with `columns` numbers a row, at least one. A row's result depends on that row alone,
//! bit for bit. Statistics are taken again in the backward passes, while the row is in the first cache, so none are
//! stored. The mean is corrected by that of the differences to it, so that a mean far from zero costs no digits. A
//! row's sums have a fixed number of lanes, joined by a fixed tree. A number that is not finite makes its row NaN; so
//! does, without the mean, a row whose squares overflow.
//!
//! Error of the results: at most 4 units in the last place of `1 + |y|`, for weights of 1 and rows of up to 4096
//! numbers.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::PART;
use crate::threads;

/// Lanes of a row's sums: as many for rows that fill them, fewer for shorter rows.
const WIDE: usize = 64;
const SHORT: usize = 16;

/// Rows whose sums over each column are one chain in the precision of the numbers.
const RUN: usize = 256;

/// What is taken off a row before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// Its mean: layer normalisation.
    Mean,
    /// Nothing: the root of the mean square.
    Zero,
}

/// How rows are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowNorm {
    /// Numbers of a row.
    pub columns: usize,
    /// What is taken off them.
    pub centre: Centre,
    /// What is added to the mean square of what is left, above 0.
    pub epsilon: f64,
}

impl RowNorm {
    /// `y = (x - centre) / sqrt(mean((x - centre)^2) + epsilon) * weight + bias` of each row. Without numbers, `weight`
    /// is one and `bias` nothing.
    pub fn forward<E: Element>(&self, x: &[E], weight: &[E], bias: &[E], y: &mut [E]) {
        self.check(x.len(), &[y.len()], &[weight.len(), bias.len()]);
        threads::for_each_part([y], self.part(), &|start, [y]| {
            isa::run(InLanes(Forward { norm: *self, x: &x[start..start + y.len()], weight, bias, y }));
        });
    }

    /// Gradient of [`RowNorm::forward`] by `x`: with the normalised numbers `n` and `h = gradient * weight`,
    /// `(h - mean(h) - n mean(h n)) / sqrt(...)`; without centre the mean of `h` stays.
    pub fn backward<E: Element>(&self, gradient: &[E], x: &[E], weight: &[E], out: &mut [E]) {
        self.check(x.len(), &[gradient.len(), out.len()], &[weight.len()]);
        threads::for_each_part([out], self.part(), &|start, [out]| {
            let range = start..start + out.len();
            isa::run(InLanes(Backward { norm: *self, gradient: &gradient[range.clone()], x: &x[range], weight, out }));
        });
    }

    /// Sums over all rows: of the products of gradient and normalised numbers, the gradient of the weight; then, if
    /// `sums` has room for twice as many numbers, of the gradient, that of the bias. `scratch` has [`RowNorm::scratch`]
    /// numbers.
    pub fn sums<E: Element>(&self, gradient: &[E], x: &[E], scratch: &mut [E], sums: &mut [E]) {
        self.check(x.len(), &[gradient.len()], &[]);
        assert!(sums.len() == self.columns || sums.len() == 2 * self.columns);
        let (rows, width) = (x.len() / self.columns, sums.len());
        let scratch = &mut scratch[..self.scratch(rows, width)];
        threads::for_each_part([scratch], width, &|start, [sums]| {
            let first = start / width * RUN;
            let range = first * self.columns..rows.min(first + RUN) * self.columns;
            isa::run(InLanes(Sums { norm: *self, gradient: &gradient[range.clone()], x: &x[range], sums }));
        });
        for (column, sum) in sums.iter_mut().enumerate() {
            let runs = scratch.iter().skip(column).step_by(width);
            *sum = E::from_f64(runs.map(|run| run.to_f64()).sum());
        }
    }

    /// Numbers of scratch memory that [`RowNorm::sums`] of so many rows and sums needs.
    pub fn scratch(&self, rows: usize, sums: usize) -> usize {
        rows.div_ceil(RUN) * sums
    }

    fn check(&self, len: usize, like: &[usize], per_column: &[usize]) {
        assert!(self.columns > 0 && len.is_multiple_of(self.columns) && like.iter().all(|other| *other == len));
        assert!(per_column.iter().all(|count| [0, self.columns].contains(count)));
    }

    /// Numbers a thread takes at once: whole rows.
    fn part(&self) -> usize {
        (PART / self.columns).max(1) * self.columns
    }
}

/// As many numbers of a row as there are lanes, from a column on; `filling` where there are none.
#[inline(always)]
fn lanes_at<E: Element, const W: usize>(row: &[E], start: usize, filling: E) -> [E; W] {
    if start + W <= row.len() {
        let mut lanes = [filling; W];
        lanes.copy_from_slice(&row[start..start + W]);
        return lanes;
    }
    let mut lanes = [filling; W];
    if start < row.len() {
        lanes[..row.len() - start].copy_from_slice(&row[start..]);
    }
    lanes
}

/// Puts lanes where they belong, those beyond the row nowhere.
#[inline(always)]
fn put<E: Element, const W: usize>(lanes: &[E; W], row: &mut [E], start: usize) {
    if start + W <= row.len() {
        row[start..start + W].copy_from_slice(lanes);
    } else {
        let count = row.len() - start;
        row[start..].copy_from_slice(&lanes[..count]);
    }
}

/// The sum of the lanes by a fixed tree.
#[inline(always)]
fn joined<R: Real, const W: usize>(mut lanes: [R::Element; W]) -> R {
    let mut width = W;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = (R::load(lanes[lane]) + R::load(lanes[lane + width])).store();
        }
    }
    R::load(lanes[0])
}

/// A row's statistics: its numbers are normalised as `((x - mean) - rest) * inverse`.
#[derive(Clone, Copy)]
struct Statistics<R> {
    mean: R,
    /// What the mean lacks of the true one.
    rest: R,
    /// `1 / sqrt(mean square + epsilon)`.
    inverse: R,
}

impl<R: Real> Statistics<R> {
    #[inline(always)]
    fn of<const W: usize>(norm: RowNorm, x: &[R::Element]) -> Self {
        let count = R::constant(x.len() as f64);
        let mut mean = R::zero();
        if norm.centre == Centre::Mean {
            let mut sums = [R::Element::default(); W];
            let mut start = 0;
            while start < x.len() {
                let numbers = lanes_at::<_, W>(x, start, R::Element::default());
                for lane in 0..W {
                    sums[lane] = (R::load(sums[lane]) + R::load(numbers[lane])).store();
                }
                start += W;
            }
            mean = joined::<R, W>(sums) / count;
        }
        let (mut sums, mut squares) = ([R::Element::default(); W], [R::Element::default(); W]);
        let mut start = 0;
        while start < x.len() {
            // What is filled in differs by nothing from the mean.
            let numbers = lanes_at::<_, W>(x, start, mean.store());
            for lane in 0..W {
                let difference = R::load(numbers[lane]) - mean;
                sums[lane] = (R::load(sums[lane]) + difference).store();
                squares[lane] = difference.mul_add(difference, R::load(squares[lane])).store();
            }
            start += W;
        }
        let mut square = joined::<R, W>(squares) / count;
        let mut rest = R::zero();
        if norm.centre == Centre::Mean {
            rest = joined::<R, W>(sums) / count;
            square = (-rest).mul_add(rest, square);
        }
        Self { mean, rest, inverse: R::one() / (square + R::constant(norm.epsilon)).sqrt() }
    }

    #[inline(always)]
    fn normal(&self, x: R) -> R {
        ((x - self.mean) - self.rest) * self.inverse
    }
}

/// A number for each column, or nothing: then one (a factor) or minus zero (a summand), which change nothing.
const ONE: f64 = 1.0;
const NOTHING: f64 = -0.0;

/// What is done to rows, with `W` lanes for each.
trait Rows<E: Element> {
    fn columns(&self) -> usize;
    fn rows<R: Real<Element = E>, const W: usize>(self);
}

/// Runs with the lanes that suit the length of a row.
struct InLanes<T>(T);

impl<E: Element, T: Rows<E>> Kernel<E> for InLanes<T> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        if self.0.columns() < WIDE { self.0.rows::<R, SHORT>() } else { self.0.rows::<R, WIDE>() }
    }
}

struct Forward<'a, E> {
    norm: RowNorm,
    x: &'a [E],
    weight: &'a [E],
    bias: &'a [E],
    y: &'a mut [E],
}

impl<E: Element> Rows<E> for Forward<'_, E> {
    fn columns(&self) -> usize {
        self.norm.columns
    }

    #[inline(always)]
    fn rows<R: Real<Element = E>, const W: usize>(self) {
        let columns = self.norm.columns;
        for (x, y) in self.x.chunks_exact(columns).zip(self.y.chunks_exact_mut(columns)) {
            let row = Statistics::<R>::of::<W>(self.norm, x);
            let mut start = 0;
            while start < columns {
                let mut lanes = lanes_at::<E, W>(x, start, E::default());
                let weight = lanes_at::<E, W>(self.weight, start, E::from_f64(ONE));
                let bias = lanes_at::<E, W>(self.bias, start, E::from_f64(NOTHING));
                for lane in 0..W {
                    let normal = row.normal(R::load(lanes[lane]));
                    lanes[lane] = normal.mul_add(R::load(weight[lane]), R::load(bias[lane])).store();
                }
                put(&lanes, y, start);
                start += W;
            }
        }
    }
}

struct Backward<'a, E> {
    norm: RowNorm,
    gradient: &'a [E],
    x: &'a [E],
    weight: &'a [E],
    out: &'a mut [E],
}

impl<E: Element> Rows<E> for Backward<'_, E> {
    fn columns(&self) -> usize {
        self.norm.columns
    }

    #[inline(always)]
    fn rows<R: Real<Element = E>, const W: usize>(self) {
        let columns = self.norm.columns;
        let rows = self.gradient.chunks_exact(columns).zip(self.x.chunks_exact(columns));
        for ((gradient, x), out) in rows.zip(self.out.chunks_exact_mut(columns)) {
            let row = Statistics::<R>::of::<W>(self.norm, x);
            let (mean, along) = self.norm.means::<R, W>(&row, gradient, x, self.weight);
            let mut start = 0;
            while start < columns {
                let mut lanes = lanes_at::<E, W>(gradient, start, E::default());
                let numbers = lanes_at::<E, W>(x, start, E::default());
                let weight = lanes_at::<E, W>(self.weight, start, E::from_f64(ONE));
                for lane in 0..W {
                    let arriving = R::load(lanes[lane]) * R::load(weight[lane]) - mean;
                    let normal = row.normal(R::load(numbers[lane]));
                    lanes[lane] = ((-normal).mul_add(along, arriving) * row.inverse).store();
                }
                put(&lanes, out, start);
                start += W;
            }
        }
    }
}

impl RowNorm {
    /// Means over a row of what arrives times the weight (0 without centre), and of its products with the normalised
    /// numbers.
    #[inline(always)]
    fn means<R: Real, const W: usize>(
        self,
        row: &Statistics<R>,
        gradient: &[R::Element],
        x: &[R::Element],
        weight: &[R::Element],
    ) -> (R, R) {
        let (mut plain, mut product) = ([R::Element::default(); W], [R::Element::default(); W]);
        let mut start = 0;
        while start < x.len() {
            let arriving = lanes_at::<_, W>(gradient, start, R::Element::default());
            let numbers = lanes_at::<_, W>(x, start, row.mean.store());
            let weight = lanes_at::<_, W>(weight, start, R::Element::from_f64(ONE));
            for lane in 0..W {
                let arriving = R::load(arriving[lane]) * R::load(weight[lane]);
                plain[lane] = (R::load(plain[lane]) + arriving).store();
                let normal = row.normal(R::load(numbers[lane]));
                product[lane] = arriving.mul_add(normal, R::load(product[lane])).store();
            }
            start += W;
        }
        let count = R::constant(x.len() as f64);
        let along = joined::<R, W>(product) / count;
        if self.centre == Centre::Zero {
            return (R::zero(), along);
        }
        (joined::<R, W>(plain) / count, along)
    }
}

/// The sums of a run of rows.
struct Sums<'a, E> {
    norm: RowNorm,
    gradient: &'a [E],
    x: &'a [E],
    sums: &'a mut [E],
}

impl<E: Element> Rows<E> for Sums<'_, E> {
    fn columns(&self) -> usize {
        self.norm.columns
    }

    #[inline(always)]
    fn rows<R: Real<Element = E>, const W: usize>(self) {
        let columns = self.norm.columns;
        self.sums.fill(E::default());
        let (products, plain) = self.sums.split_at_mut(columns);
        for (gradient, x) in self.gradient.chunks_exact(columns).zip(self.x.chunks_exact(columns)) {
            let row = Statistics::<R>::of::<W>(self.norm, x);
            for ((sum, arriving), x) in products.iter_mut().zip(gradient).zip(x) {
                *sum = R::load(*arriving).mul_add(row.normal(R::load(*x)), R::load(*sum)).store();
            }
            for (sum, arriving) in plain.iter_mut().zip(gradient) {
                *sum = (R::load(*sum) + R::load(*arriving)).store();
            }
        }
    }
}

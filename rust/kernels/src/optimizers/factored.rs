//! Adafactor: a second moment of rows and columns instead of one for each number.

use super::passes::{CHUNK, MOST_PARTS, Pass, matrix, part, pass_over};
use super::rule::{Rule, Scalars, WholeParameter, rule, tamed};
use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::registry::{OptimizerFacts, Range};
use crate::sums::{RUNNING, add_squares, square_sum, tree};
use crate::threads;

rule! {
    /// Divides by a second moment that is kept only per row and column of a matrix (Shazeer and Stern, 2018).
    ///
    /// In step `t`, with `d = t^decay_exponent` the share of the new: a matrix keeps `R = (1 - d) R + d
    /// mean(gradient^2)` of each row and `C` of each column, and `s = R C / mean(R)`; a vector keeps `s` of each
    /// number. Then `u = gradient / sqrt(max(s, epsilon^2))`, divided by `max(1, rms(u) / clip_threshold)`, and
    /// `weight = (1 - learning_rate * weight_decay) * weight - max(smallest_scale, rms(weight)) * min(learning_rate,
    /// 1 / sqrt(t)) * u`, with `rms` the root of the mean square of the tensor. All axes but the last count as rows.
    /// Follows PyTorch. Slot, from zero: `second_moment`, of which a matrix uses one number for each row, then one
    /// for each column.
    Adafactor "adafactor" "Adafactor"
    {
        /// Largest step, relative to the size of the weights.
        learning_rate: 0.01;
        /// How fast the share of a new gradient falls; from -1 to below 0.
        decay_exponent: -0.8 in Range::half_open(-1.0, 0.0);
        /// Smallest root of the second moment; PyTorch uses the machine epsilon of the dtype.
        epsilon: 1e-15;
        /// Smallest size of the weights that a step is relative to.
        smallest_scale: 1e-3 in Range::non_negative();
        /// Root mean square of `u` above which it is scaled down.
        clip_threshold: 1.0 in Range::positive();
        /// Share of each weight that a step removes, times the learning rate.
        weight_decay: 0.0;
    }
    {}
    styles {
        torch {} paper {}
    }
    slots &["second_moment"];
    facts OptimizerFacts {
        parabola_rate: 0.05,
        rosenbrock_rate: 0.003,
        elementwise: false,
        ..OptimizerFacts::SCALE_FREE
    };
}

impl Rule for Adafactor {
    type Scalars = Factored;

    fn prepare(&self, step: u64) -> Factored {
        let time = step as f64;
        Factored {
            intake: time.powf(self.decay_exponent),
            rate: self.learning_rate.min(1.0 / time.sqrt()),
            keep_weight: 1.0 - self.learning_rate * self.weight_decay,
            largest: 1.0 / self.epsilon,
            smallest_scale: self.smallest_scale,
            clip_threshold: self.clip_threshold,
        }
    }
}

/// Scalars of Adafactor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factored {
    intake: f64,
    rate: f64,
    keep_weight: f64,
    /// Largest reciprocal of a root.
    largest: f64,
    smallest_scale: f64,
    clip_threshold: f64,
}

/// A gradient over the root of its second moment.
#[inline(always)]
fn scaled<R: Real>(gradient: R, squares: R, largest: f64) -> R {
    tamed(gradient) * (R::one() / squares.sqrt()).minimum(R::constant(largest))
}

/// The second moment of a vector, and the squares of its step.
#[derive(Clone, Copy)]
struct Moment {
    intake: f64,
    largest: f64,
}

impl Pass<1, 1, 1> for Moment {
    #[inline(always)]
    fn visit<R: Real>(&self, [squares]: [R; 1], [gradient]: [R; 1]) -> ([R; 1], [R; 1]) {
        let pull = tamed(gradient);
        let squares = squares + R::constant(self.intake) * (pull * pull - squares);
        let step = scaled(gradient, squares, self.largest);
        ([squares], [step])
    }
}

/// The step of a vector.
#[derive(Clone, Copy)]
struct Descend {
    keep_weight: f64,
    factor: f64,
    largest: f64,
}

impl Pass<1, 2, 0> for Descend {
    #[inline(always)]
    fn visit<R: Real>(&self, [weight]: [R; 1], [gradient, squares]: [R; 2]) -> ([R; 1], [R; 0]) {
        let step = scaled(gradient, squares, self.largest);
        ([R::constant(self.keep_weight) * weight - R::constant(self.factor) * step], [])
    }
}

impl Scalars for Factored {
    fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
        let WholeParameter { weight, gradient, slots, shape, scratch } = parameter;
        let [slot] = WholeParameter::slots(slots);
        let count = weight.len() as f64;
        if weight.is_empty() {
            return;
        }
        let weights = square_sum(weight, 1.0);
        let rate = self.rate * (weights / count).sqrt().max(self.smallest_scale);
        let factor = |steps: f64| rate / (((steps / count).sqrt()) / self.clip_threshold).max(1.0);
        let Self { intake, largest, keep_weight, .. } = *self;
        let Some((rows, columns)) = matrix(shape) else {
            let [steps] = pass_over(Moment { intake, largest }, [slot], [gradient]);
            pass_over(Descend { keep_weight, factor: factor(steps), largest }, [weight], [gradient, slot]);
            return;
        };
        let (of_row, rest) = scratch.split_at_mut(rows);
        let (of_column, partial) = rest.split_at_mut(columns);
        self.gather(gradient, slot, (rows, columns), of_row, of_column, partial);
        let (rows_of_part, parts) = parts_of(rows, columns);
        let (of_row, of_column) = (&*of_row, &*of_column);
        let mut sums = [[0.0; 1]; MOST_PARTS];
        let visit = |index: usize, weight: &mut [E], factor: Option<f64>| {
            let first = index * rows_of_part;
            let last = rows.min(first + rows_of_part);
            let gradient = &gradient[first * columns..last * columns];
            let (of_row, largest) = (&of_row[first..last], largest);
            isa::run(ScaledRows { gradient, weight, of_row, of_column, largest, factor, keep_weight })
        };
        threads::for_each_split([], &mut sums[..parts], &|index, []: [&mut [E]; 0], sum: &mut [f64; 1]| {
            sum[0] = visit(index, &mut [], None);
        });
        let factor = factor(sums[..parts].iter().map(|sum| sum[0]).sum());
        threads::for_each_split([(weight, rows_of_part * columns)], &mut sums[..parts], &|index, [weight], _| {
            visit(index, weight, Some(factor));
        });
    }

    /// A column of partial sums for each part, a column and a row of factors.
    fn scratch<E: Element>(shape: &[usize]) -> usize {
        matrix(shape).map_or(0, |(rows, columns)| parts_of(rows, columns).1 * columns + rows + columns)
    }
}

impl Factored {
    /// Takes the gradient into the moments of rows and columns, and makes their factors: the reciprocal root of the
    /// second moment is the product of one for the row and one for the column.
    fn gather<E: Element>(
        &self,
        gradient: &[E],
        slot: &mut [E],
        (rows, columns): (usize, usize),
        of_row: &mut [E],
        of_column: &mut [E],
        partial: &mut [E],
    ) {
        let (rows_of_part, parts) = parts_of(rows, columns);
        let mut done = [(); MOST_PARTS];
        let slices = [(&mut *of_row, rows_of_part), (&mut partial[..parts * columns], columns)];
        threads::for_each_split(slices, &mut done[..parts], &|index, [sums, column_sums], _| {
            let first = index * rows_of_part * columns;
            isa::run(MeanSquares { gradient: &gradient[first..first + sums.len() * columns], sums, column_sums });
        });
        let (row_moments, column_moments) = slot[..rows + columns].split_at_mut(rows);
        let intake = |moment: &mut E, mean: f64| {
            let old = moment.to_f64();
            *moment = E::from_f64(old + self.intake * (mean - old));
        };
        let mut mean = 0.0;
        for (moment, &sum) in row_moments.iter_mut().zip(&*of_row) {
            intake(moment, sum.to_f64() / columns as f64);
            mean += moment.to_f64() / rows as f64;
        }
        for (column, moment) in column_moments.iter_mut().enumerate() {
            let sum: f64 = (0..parts).map(|part| partial[part * columns + column].to_f64()).sum();
            intake(moment, sum / rows as f64);
            of_column[column] = E::from_f64(moment.to_f64().sqrt().recip().min(BOUND));
        }
        for (factor, moment) in of_row.iter_mut().zip(row_moments) {
            *factor = E::from_f64((mean / moment.to_f64()).sqrt().min(BOUND));
        }
    }
}

/// Keeps the factors of rows and columns that never had a gradient finite in single precision.
const BOUND: f64 = 1e18;

/// Rows of a part of a matrix, and the number of parts.
fn parts_of(rows: usize, columns: usize) -> (usize, usize) {
    let rows_of_part = (part(rows * columns) / columns).max(rows.div_ceil(MOST_PARTS)).max(1);
    (rows_of_part, rows.div_ceil(rows_of_part))
}

/// The sums of squares of each row and of each column.
struct MeanSquares<'a, E> {
    gradient: &'a [E],
    sums: &'a mut [E],
    column_sums: &'a mut [E],
}

impl<E: Element> Kernel<E> for MeanSquares<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        let Self { gradient, sums, column_sums } = self;
        let columns = column_sums.len();
        for number in column_sums.iter_mut() {
            *number = E::default();
        }
        for row in 0..sums.len() {
            let numbers = &gradient[row * columns..(row + 1) * columns];
            sums[row] = row_squares::<R>(numbers, column_sums);
        }
    }
}

/// Numbers of a row taken at a time: several registers, whose sums do not wait for each other.
const ROW_LANES: usize = 64;

/// Adds the squares of a row to the sums of the columns, and returns their sum.
#[inline(always)]
fn row_squares<R: Real>(numbers: &[R::Element], column_sums: &mut [R::Element]) -> R::Element {
    let mut lanes = [R::Element::default(); ROW_LANES];
    let (blocks, rest) = numbers.as_chunks::<ROW_LANES>();
    let (column_blocks, column_rest) = column_sums.as_chunks_mut::<ROW_LANES>();
    for index in 0..blocks.len() {
        add_row_squares::<R>(&blocks[index], &mut column_blocks[index], &mut lanes);
    }
    add_row_squares::<R>(rest, column_rest, &mut lanes);
    let mut width = ROW_LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = (R::load(lanes[lane]) + R::load(lanes[lane + width])).store();
        }
    }
    lanes[0]
}

/// Adds squares to two lists of sums.
#[inline(always)]
fn add_row_squares<R: Real>(numbers: &[R::Element], columns: &mut [R::Element], lanes: &mut [R::Element; ROW_LANES]) {
    let len = numbers.len();
    let (columns, lanes) = (&mut columns[..len], &mut lanes[..len]);
    for index in 0..len {
        let pull = tamed(R::load(numbers[index]));
        let square = pull * pull;
        lanes[index] = (R::load(lanes[index]) + square).store();
        columns[index] = (R::load(columns[index]) + square).store();
    }
}

/// The scaled gradient of some rows: the sum of its squares, or the step by it where there is a factor.
struct ScaledRows<'a, E> {
    gradient: &'a [E],
    weight: &'a mut [E],
    of_row: &'a [E],
    of_column: &'a [E],
    largest: f64,
    factor: Option<f64>,
    keep_weight: f64,
}

impl<E: Element> Kernel<E> for ScaledRows<'_, E> {
    type Output = f64;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> f64 {
        let Self { gradient, weight, of_row, of_column, largest, factor, keep_weight } = self;
        let columns = of_column.len();
        let largest = R::constant(largest.min(BOUND * BOUND));
        let mut lanes = [0.0; RUNNING];
        for row in 0..of_row.len() {
            let (start, end) = (row * columns, (row + 1) * columns);
            let own = R::load(of_row[row]);
            match factor {
                None => step_squares(&gradient[start..end], own, of_column, largest, &mut lanes),
                Some(factor) => {
                    let factors = (R::constant(keep_weight), R::constant(factor));
                    descend_row(&mut weight[start..end], &gradient[start..end], own, of_column, largest, factors);
                }
            }
        }
        tree(lanes)
    }
}

/// A gradient times the factors of its row and its column.
#[inline(always)]
fn row_step<R: Real>(gradient: R::Element, row: R, column: R::Element, largest: R) -> R {
    tamed(R::load(gradient)) * (row * R::load(column)).minimum(largest)
}

/// Adds the squares of the steps of a row, in double precision.
#[inline(always)]
fn step_squares<R: Real>(
    gradient: &[R::Element],
    row: R,
    columns: &[R::Element],
    largest: R,
    lanes: &mut [f64; RUNNING],
) {
    let mut steps = [R::Element::default(); CHUNK];
    let mut start = 0;
    while start < gradient.len() {
        let count = CHUNK.min(gradient.len() - start);
        let (numbers, factors) = (&gradient[start..start + count], &columns[start..start + count]);
        let steps = &mut steps[..count];
        for index in 0..count {
            steps[index] = row_step(numbers[index], row, factors[index], largest).store();
        }
        add_squares(steps, 1.0, lanes);
        start += count;
    }
}

/// The step of a row; `keep` is what is left of the weights.
#[inline(always)]
fn descend_row<R: Real>(
    weight: &mut [R::Element],
    gradient: &[R::Element],
    row: R,
    columns: &[R::Element],
    largest: R,
    (keep, factor): (R, R),
) {
    let len = weight.len();
    let (gradient, columns) = (&gradient[..len], &columns[..len]);
    for index in 0..len {
        let step = row_step(gradient[index], row, columns[index], largest);
        weight[index] = (keep * R::load(weight[index]) - factor * step).store();
    }
}

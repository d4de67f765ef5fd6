//! Reductions over any axes, with a fixed lane count and a fixed order: the result depends on the numbers and shape
//! only.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};

/// What a reduction does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReductionKind {
    /// The sum times a factor: 1 for a sum, 1 / count for a mean.
    Sum {
        /// The factor.
        factor: f64,
    },
    /// The largest number; NaN if there is one.
    Maximum,
}

/// Neighbouring axes that are all kept or all reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    count: usize,
    reduced: bool,
}

/// A shape with some axes reduced, folded into alternating groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    kind: ReductionKind,
    groups: Vec<Group>,
    lengths: (usize, usize),
}

/// Partial results of a contiguous run; a power of two, the same for every instruction set.
const LANES: usize = 32;
/// A run of this many numbers is summed in its own precision; runs are added up in double precision.
const RUN: usize = 2048;
/// Rows up to which the sum of each of several columns is one chain over ascending rows, beginning with zero.
pub(crate) const CHAIN: usize = RUN;
/// Columns that are reduced together, in registers.
const COLUMNS: usize = 64;

impl Reduction {
    /// The reduction of an array of this shape over the axes that are marked.
    pub fn new(kind: ReductionKind, shape: &[usize], reduced: &[bool]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (&count, &reduced) in shape.iter().zip(reduced).filter(|(count, _)| **count != 1) {
            match groups.last_mut() {
                Some(group) if group.reduced == reduced => group.count *= count,
                _ => groups.push(Group { count, reduced }),
            }
        }
        let kept = groups.iter().filter(|group| !group.reduced).map(|group| group.count).product();
        Self { kind, groups, lengths: (shape.iter().product(), kept) }
    }

    /// Reduces `x` into `out`. An empty sum is zero, an empty maximum minus infinity.
    pub fn run<E: Element>(&self, x: &[E], out: &mut [E]) {
        assert!(self.lengths == (x.len(), out.len()));
        isa::run(Reduce { kind: self.kind, groups: &self.groups, x, out });
    }
}

/// The sum of each column of a row-major matrix, as many as `out` has numbers: as a [`Reduction`] over the first axis.
pub(crate) fn sum_columns<E: Element>(x: &[E], out: &mut [E]) {
    let kind = ReductionKind::Sum { factor: 1.0 };
    let groups = [
        Group { count: x.len().checked_div(out.len()).unwrap_or(0), reduced: true },
        Group { count: out.len(), reduced: false },
    ];
    // A single column is a run of numbers.
    let groups = if out.len() == 1 { &groups[..1] } else { &groups[..] };
    isa::run(Reduce { kind, groups, x, out });
}

struct Reduce<'a, E> {
    kind: ReductionKind,
    groups: &'a [Group],
    x: &'a [E],
    out: &'a mut [E],
}

impl<E: Element> Kernel<E> for Reduce<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) {
        match self.kind {
            ReductionKind::Sum { factor } => {
                descend::<R, Sum>(self.groups, self.x, self.out);
                if factor != 1.0 {
                    for out in self.out {
                        *out = (R::load(*out) * R::constant(factor)).store();
                    }
                }
            }
            ReductionKind::Maximum => descend::<R, Largest>(self.groups, self.x, self.out),
        }
    }
}

/// How two numbers become one.
trait Join {
    fn empty() -> f64;
    fn join<R: Real>(x: R, y: R) -> R;
    fn join_f64(x: f64, y: f64) -> f64;
}

struct Sum;
impl Join for Sum {
    fn empty() -> f64 {
        0.0
    }
    #[inline(always)]
    fn join<R: Real>(x: R, y: R) -> R {
        x + y
    }
    fn join_f64(x: f64, y: f64) -> f64 {
        x + y
    }
}

struct Largest;
impl Join for Largest {
    fn empty() -> f64 {
        f64::NEG_INFINITY
    }
    #[inline(always)]
    fn join<R: Real>(x: R, y: R) -> R {
        x.maximum(y)
    }
    fn join_f64(x: f64, y: f64) -> f64 {
        if y > x || y.is_nan() { y } else { x }
    }
}

/// Reduces group by group: the innermost two directly, those before them slice by slice.
#[inline(always)]
fn descend<R: Real, J: Join>(groups: &[Group], x: &[R::Element], out: &mut [R::Element]) {
    match groups {
        _ if x.is_empty() => out.fill(R::Element::from_f64(J::empty())),
        [] => out.copy_from_slice(x),
        [Group { reduced: false, .. }] => out.copy_from_slice(x),
        [Group { reduced: true, .. }] => out[0] = run::<R, J>(x),
        [Group { reduced: true, .. }, Group { count, reduced: false }] => columns::<R, J>(x, *count, out),
        [Group { reduced: false, .. }, Group { count, reduced: true }] => {
            for (row, out) in out.iter_mut().enumerate() {
                *out = run::<R, J>(&x[row * count..(row + 1) * count]);
            }
        }
        _ => nested::<R, J>(groups, x, out),
    }
}

/// Three groups and more, without recursion in the compiled loops: one odometer over the outer groups, the last group
/// by itself.
#[inline(always)]
fn nested<R: Real, J: Join>(groups: &[Group], x: &[R::Element], out: &mut [R::Element]) {
    let (last, outer) = groups.split_last().expect("at least three groups");
    out.fill(R::Element::from_f64(J::empty()));
    let rows: usize = outer.iter().map(|group| group.count).product();
    let width = if last.reduced { 1 } else { last.count };
    for row in 0..rows {
        // The row's place in the result: its index along the kept groups.
        let (mut rest, mut place, mut step) = (row, 0, width);
        for group in outer.iter().rev() {
            if !group.reduced {
                place += rest % group.count * step;
                step *= group.count;
            }
            rest /= group.count;
        }
        let slice = &x[row * last.count..(row + 1) * last.count];
        let out = &mut out[place..place + width];
        if last.reduced {
            out[0] = J::join(R::load(out[0]), R::load(run::<R, J>(slice))).store();
        } else {
            for (out, x) in out.iter_mut().zip(slice) {
                *out = J::join(R::load(*out), R::load(*x)).store();
            }
        }
    }
}

/// Reduces contiguous numbers.
#[inline(always)]
fn run<R: Real, J: Join>(x: &[R::Element]) -> R::Element {
    let mut total = J::empty();
    for x in x.chunks(RUN) {
        let mut lanes = [R::constant(J::empty()); LANES];
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                lanes[lane] = J::join(lanes[lane], R::load(chunk[lane]));
            }
        }
        for (lane, x) in rest.iter().enumerate() {
            lanes[lane] = J::join(lanes[lane], R::load(*x));
        }
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] = J::join(lanes[lane], lanes[lane + width]);
            }
            width /= 2;
        }
        total = J::join_f64(total, lanes[0].store().to_f64());
    }
    R::Element::from_f64(total)
}

/// Reduces each column of a row-major matrix: partial results of `RUN` rows, one after the other.
#[inline(always)]
fn columns<R: Real, J: Join>(x: &[R::Element], count: usize, out: &mut [R::Element]) {
    let empty = R::constant(J::empty());
    out.fill(empty.store());
    for block in x.chunks(RUN * count) {
        for start in (0..count).step_by(COLUMNS) {
            let width = COLUMNS.min(count - start);
            if width == COLUMNS {
                let mut lanes = [empty; COLUMNS];
                for row in block.chunks_exact(count) {
                    let row: &[R::Element; COLUMNS] = row[start..].first_chunk().expect("a whole chunk");
                    for lane in 0..COLUMNS {
                        lanes[lane] = J::join(lanes[lane], R::load(row[lane]));
                    }
                }
                for (out, lane) in out[start..].iter_mut().zip(lanes) {
                    *out = J::join(R::load(*out), lane).store();
                }
            } else {
                narrow::<R, J>(block, count, start, &mut out[start..]);
            }
        }
    }
}

/// The columns from `start` to the last, fewer than `COLUMNS`; in the same order of rows.
#[inline(always)]
fn narrow<R: Real, J: Join>(block: &[R::Element], count: usize, start: usize, out: &mut [R::Element]) {
    let mut lanes = [R::constant(J::empty()); COLUMNS];
    let lanes = &mut lanes[..count - start];
    for row in block.chunks_exact(count) {
        for (lane, x) in lanes.iter_mut().zip(&row[start..]) {
            *lane = J::join(*lane, R::load(*x));
        }
    }
    for (out, lane) in out.iter_mut().zip(lanes) {
        *out = J::join(R::load(*out), *lane).store();
    }
}

#[cfg(test)]
mod tests {
    use super::{Reduction, ReductionKind};

    /// Sum and maximum by one number at a time.
    fn plain(shape: &[usize], reduced: &[bool], x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let kept: usize = shape.iter().zip(reduced).filter(|(_, reduced)| !**reduced).map(|(count, _)| count).product();
        let (mut sum, mut largest) = (vec![0.0; kept], vec![f64::NEG_INFINITY; kept]);
        for (index, &x) in x.iter().enumerate() {
            let (mut rest, mut place, mut step) = (index, 0, 1);
            for (&count, &reduced) in shape.iter().zip(reduced).rev() {
                if !reduced {
                    place += rest % count * step;
                    step *= count;
                }
                rest /= count;
            }
            sum[place] += x;
            largest[place] = f64::max(largest[place], x);
        }
        (sum, largest)
    }

    /// Shapes beyond a run, beyond a block of columns, and with up to five groups of axes.
    #[test]
    fn large_reductions_match_plain_loops() {
        let cases: [(&[usize], &[bool]); 8] = [
            (&[5000], &[true]),
            (&[4100, 130], &[true, false]),
            (&[7, 5000], &[false, true]),
            (&[3, 2500, 70], &[false, true, false]),
            (&[4, 3, 100], &[true, false, true]),
            (&[2, 3, 4, 5, 6], &[true, false, true, false, true]),
            (&[2, 3, 4, 5, 6], &[false, true, false, true, false]),
            (&[0, 3], &[true, false]),
        ];
        for (shape, reduced) in cases {
            let count: usize = shape.iter().product();
            let x: Vec<f64> = (0..count).map(|index| (index as f64 * 0.618_034).fract() - 0.5).collect();
            let (sum, largest) = plain(shape, reduced, &x);
            let mut out = vec![f64::NAN; sum.len()];
            Reduction::new(ReductionKind::Sum { factor: 1.0 }, shape, reduced).run(&x, &mut out);
            assert!(out.iter().zip(&sum).all(|(a, b)| (a - b).abs() < 1e-10), "sum {shape:?} {reduced:?}");
            Reduction::new(ReductionKind::Maximum, shape, reduced).run(&x, &mut out);
            assert_eq!(out, largest, "maximum {shape:?} {reduced:?}");
        }
    }
}

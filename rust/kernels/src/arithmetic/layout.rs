//! Shapes folded into loops: which axes run together, and how far apart their elements lie.

/// Most axes a folded shape keeps.
pub(super) const MAXIMUM_RANK: usize = 8;

/// One loop of a folded shape: how often, and how far each operand moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Axis {
    count: usize,
    x: usize,
    y: usize,
}

/// Two operands and their common shape, folded: neighbouring axes that both operands run through alike are one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    axes: [Axis; MAXIMUM_RANK],
    rank: usize,
    lengths: (usize, usize, usize),
}

/// The shape both broadcast to as in NumPy (aligned at the last axis, 1 stretches), if they do.
pub fn broadcast_shape(x: &[usize], y: &[usize]) -> Option<Vec<usize>> {
    let rank = x.len().max(y.len());
    let axis = |shape: &[usize], index: usize| (index + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|index| match (axis(x, index), axis(y, index)) {
            (a, b) if a == b => Some(a),
            (1, b) => Some(b),
            (a, 1) => Some(a),
            _ => None,
        })
        .collect()
}

/// Distance between neighbours along each axis of `out`, zero where the shape is stretched.
fn strides(shape: &[usize], out: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; out.len()];
    let mut step = 1;
    for (index, &count) in shape.iter().enumerate().rev() {
        strides[index + out.len() - shape.len()] = if count == 1 { 0 } else { step };
        step *= count;
    }
    strides
}

/// Folds loops into as few as possible; there is always at least one.
fn fold(counts: &[usize], x: &[usize], y: &[usize]) -> ([Axis; MAXIMUM_RANK], usize) {
    let mut folded: Vec<Axis> = Vec::new();
    for (index, &count) in counts.iter().enumerate() {
        let axis = Axis { count, x: x[index], y: y[index] };
        if count == 1 {
            continue;
        }
        match folded.last_mut() {
            Some(outer) if outer.x == axis.x * count && outer.y == axis.y * count => {
                *outer = Axis { count: outer.count * count, ..axis };
            }
            _ => folded.push(axis),
        }
    }
    if folded.is_empty() {
        folded.push(Axis { count: 1, x: 1, y: 1 });
    }
    assert!(folded.len() <= MAXIMUM_RANK, "at most {MAXIMUM_RANK} axes");
    let mut axes = [Axis::default(); MAXIMUM_RANK];
    axes[..folded.len()].copy_from_slice(&folded);
    (axes, folded.len())
}

/// Calls `row` with the offsets of each innermost row, in order of the result.
#[inline(always)]
fn walk(axes: &[Axis], mut row: impl FnMut(usize, usize)) {
    let mut index = [0; MAXIMUM_RANK];
    let (mut x, mut y) = (0, 0);
    loop {
        row(x, y);
        let mut position = axes.len();
        loop {
            if position == 0 {
                return;
            }
            position -= 1;
            let axis = axes[position];
            (x, y) = (x + axis.x, y + axis.y);
            index[position] += 1;
            if index[position] < axis.count {
                break;
            }
            (x, y) = (x - axis.x * axis.count, y - axis.y * axis.count);
            index[position] = 0;
        }
    }
}

impl Broadcast {
    /// The description of two shapes, if they broadcast to a common one of at most 8 axes.
    pub fn new(x: &[usize], y: &[usize]) -> Option<Self> {
        let out = broadcast_shape(x, y).filter(|out| out.len() <= MAXIMUM_RANK)?;
        let (axes, rank) = fold(&out, &strides(x, &out), &strides(y, &out));
        let length = |shape: &[usize]| shape.iter().product();
        Some(Self { axes, rank, lengths: (length(x), length(y), length(&out)) })
    }

    /// The description with the operands the other way round.
    #[must_use]
    pub fn flipped(&self) -> Self {
        let mut flipped = self.clone();
        flipped.axes = self.axes.map(|axis| Axis { count: axis.count, x: axis.y, y: axis.x });
        flipped.lengths = (self.lengths.1, self.lengths.0, self.lengths.2);
        flipped
    }

    /// Whether slices of these lengths fit.
    pub(super) fn fits(&self, x: usize, y: usize, out: usize) -> bool {
        self.lengths == (x, y, out)
    }

    /// Whether the operands move along the innermost axis; else they stand still.
    #[inline(always)]
    pub(super) fn units(&self) -> (bool, bool) {
        let inner = self.axes[self.rank - 1];
        (inner.x == 1, inner.y == 1)
    }

    /// Calls `row(start, count, x_start, y_start)` for each innermost row.
    #[inline(always)]
    pub(super) fn rows(&self, mut row: impl FnMut(usize, usize, usize, usize)) {
        if self.lengths.2 == 0 {
            return;
        }
        let count = self.axes[self.rank - 1].count;
        let mut start = 0;
        walk(&self.axes[..self.rank - 1], |x, y| {
            row(start, count, x, y);
            start += count;
        });
    }
}

/// A permutation of axes, folded; made by [`Permutation::new`], run by [`permute`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    axes: [Axis; MAXIMUM_RANK],
    rank: usize,
    length: usize,
}

impl Permutation {
    /// Axis `i` of the result is axis `order[i]` of an array of this shape.
    pub fn new(shape: &[usize], order: &[usize]) -> Self {
        let mut steps = vec![1; shape.len()];
        for index in (1..shape.len()).rev() {
            steps[index - 1] = steps[index] * shape[index];
        }
        let counts: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let from: Vec<usize> = order.iter().map(|&axis| steps[axis]).collect();
        let mut to = vec![1; shape.len()];
        for index in (1..shape.len()).rev() {
            to[index - 1] = to[index] * counts[index];
        }
        let (axes, rank) = fold(&counts, &from, &to);
        Self { axes, rank, length: shape.iter().product() }
    }
}

/// Edge of the square block in which a transposition reads and writes whole cache lines.
const BLOCK: usize = 16;

/// Copies `x` into `out` with its axes permuted.
pub fn permute<T: Copy>(permutation: &Permutation, x: &[T], out: &mut [T]) {
    assert!(permutation.length == x.len() && x.len() == out.len());
    if x.is_empty() {
        return;
    }
    let axes = &permutation.axes[..permutation.rank];
    let inner = axes[axes.len() - 1];
    if axes.len() == 1 {
        for index in 0..inner.count {
            out[index * inner.y] = x[index * inner.x];
        }
        return;
    }
    let outer = axes[axes.len() - 2];
    walk(&axes[..axes.len() - 2], |from, to| {
        for row in (0..outer.count).step_by(BLOCK) {
            for column in (0..inner.count).step_by(BLOCK) {
                for i in row..outer.count.min(row + BLOCK) {
                    for j in column..inner.count.min(column + BLOCK) {
                        out[to + i * outer.y + j * inner.y] = x[from + i * outer.x + j * inner.x];
                    }
                }
            }
        }
    });
}

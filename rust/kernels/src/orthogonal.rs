//! Vectors made orthogonal to one another, for initial weights.

use crate::isa::{self, Kernel};
use crate::real::Real;

/// Sums of a dot product that run side by side; they are added up in a fixed tree.
const LANES: usize = 16;

/// Makes rows of this length orthonormal: Gram-Schmidt, again where a row has lost much of its length ("twice is
/// enough").
///
/// There are at most `length` rows. From normal numbers it makes rows that are spread evenly over all directions.
/// Nothing is fused: the same bits on every machine.
pub fn orthonormalize(rows: &mut [f64], length: usize) {
    assert!(length > 0 && rows.len().is_multiple_of(length) && rows.len() / length <= length);
    isa::run(Orthonormalize { rows, length });
}

struct Orthonormalize<'a> {
    rows: &'a mut [f64],
    length: usize,
}

impl Kernel<f64> for Orthonormalize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<R: Real<Element = f64>>(self) {
        let Self { rows, length } = self;
        for index in 0..rows.len() / length {
            let (done, rest) = rows.split_at_mut(index * length);
            let row = &mut rest[..length];
            let mut before = dot(row, row);
            loop {
                for other in done.chunks_exact(length) {
                    let shadow = dot(row, other);
                    row.iter_mut().zip(other).for_each(|(x, y)| *x -= shadow * y);
                }
                let after = dot(row, row);
                if after > 0.5 * before || after == 0.0 {
                    let scale = if after > 0.0 { 1.0 / after.sqrt() } else { 0.0 };
                    row.iter_mut().for_each(|x| *x *= scale);
                    break;
                }
                before = after;
            }
        }
    }
}

#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let tail: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + tail
}

#[cfg(test)]
mod tests {
    use super::orthonormalize;
    use crate::random::Stream;

    #[test]
    fn rows_become_orthonormal() {
        for (count, length) in [(1, 1), (3, 3), (5, 40), (70, 70)] {
            let mut rows = vec![0.0; count * length];
            Stream { seed: 1, stream: 2 }.normal(0, &mut rows);
            orthonormalize(&mut rows, length);
            for first in 0..count {
                for second in 0..count {
                    let pairs = rows[first * length..][..length].iter().zip(&rows[second * length..][..length]);
                    let product: f64 = pairs.map(|(x, y)| x * y).sum();
                    let expected = f64::from(u8::from(first == second));
                    assert!((product - expected).abs() < 1e-14, "{count} x {length}: {product}");
                }
            }
        }
    }
}

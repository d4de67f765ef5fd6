//! Sums in double precision that do not depend on the machine or on the number of threads: a fixed number of running
//! results in each part, joined by a fixed tree, the parts cut by length alone and joined in their order.

use crate::isa::{self, Kernel};
use crate::real::{Element, Real};
use crate::sweep::{PART, PARTS_AT_ONCE};
use crate::threads;

/// The running results as one: by halves. Their number is a power of two.
#[inline(always)]
pub(crate) fn tree<const N: usize>(mut running: [f64; N]) -> f64 {
    const { assert!(N.is_power_of_two()) };
    let mut width = N;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            running[lane] += running[lane + width];
        }
    }
    running[0]
}

/// Running results of a sum of squares.
pub(crate) const RUNNING: usize = 32;

/// The Euclidean norm, in double precision; infinite or NaN exactly where a number is.
pub fn norm<E: Element>(x: &[E]) -> f64 {
    let sum = square_sum(x, 1.0);
    // Squares of doubles may be too large or too small where the norm is neither.
    if sum.is_normal() || E::from_f64(1e200).to_f64().is_infinite() {
        return sum.sqrt();
    }
    let largest = x.iter().fold(0.0, |largest: f64, &x| {
        let size = x.to_f64().abs();
        if size > largest || size.is_nan() { size } else { largest }
    });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    // A power of two scales exactly; it is bounded, for the reciprocal of a subnormal number is infinite.
    let unit = 2f64.powi((-(largest.log2().floor()) as i32).clamp(-1000, 1000));
    square_sum(x, unit).sqrt() / unit
}

/// The sum of `(unit * x)^2`.
pub fn square_sum<E: Element>(x: &[E], unit: f64) -> f64 {
    if x.len() <= PART {
        return isa::run(Squares(x, unit));
    }
    let mut total = 0.0;
    for x in x.chunks(PART * PARTS_AT_ONCE) {
        let mut results = [0.0; PARTS_AT_ONCE];
        let parts = x.len().div_ceil(PART);
        threads::for_each_part([&mut results[..parts]], 1, &|part, [result]| {
            result[0] = isa::run(Squares(&x[part * PART..x.len().min((part + 1) * PART)], unit));
        });
        total += results[..parts].iter().sum::<f64>();
    }
    total
}

struct Squares<'a, E>(&'a [E], f64);

impl<E: Element> Kernel<E> for Squares<'_, E> {
    type Output = f64;
    #[inline(always)]
    fn run<R: Real<Element = E>>(self) -> f64 {
        let Self(x, unit) = self;
        let mut lanes = [0.0; RUNNING];
        add_squares(x, unit, &mut lanes);
        tree(lanes)
    }
}

/// Takes `(unit * x)^2` into the running results.
#[inline(always)]
pub(crate) fn add_squares<E: Element>(x: &[E], unit: f64, lanes: &mut [f64; RUNNING]) {
    let (blocks, rest) = x.as_chunks::<RUNNING>();
    // A copy, which the compiler keeps in registers.
    let mut sums = *lanes;
    for block in blocks {
        for lane in 0..RUNNING {
            let number = unit * block[lane].to_f64();
            sums[lane] += number * number;
        }
    }
    for lane in 0..rest.len() {
        let number = unit * rest[lane].to_f64();
        sums[lane] += number * number;
    }
    *lanes = sums;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_any_size_are_right() {
        for scale in [1e-320, 1e-300, 1e-160, 1.0, 1e160, 1e300] {
            let x = [3.0 * scale, -4.0 * scale];
            assert!((norm(&x) / (5.0 * scale) - 1.0).abs() < 1e-3 * (1e-318 / scale).max(1e-12));
        }
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert!((norm(&[f32::MAX, f32::MAX]) / f64::from(f32::MAX) - 2f64.sqrt()).abs() < 1e-12);
        assert!(norm(&[1.0f32, f32::INFINITY]).is_infinite() && norm(&[f64::NAN, f64::INFINITY]).is_nan());
        assert!(norm(&[f64::INFINITY, 1.0]).is_infinite());
    }
}

//! Derivatives of point losses beyond the gradient: rarely asked for, made of the formulas by dual numbers, in double
//! precision whatever the elements.

use super::formula::PointSlope;
use super::pointwise::PointBatch;
use crate::isa::{self, Kernel};
use crate::real::{Dual, Element, Real};
use crate::sweep::{HELD, in_pieces};

/// The slope of a formula in place of its value, and the slope's slope by dual numbers.
#[derive(Clone, Copy)]
pub(super) struct Curved<F>(pub(super) F);

impl<F: PointSlope> PointSlope for Curved<F> {
    #[inline(always)]
    fn value_and_slope<R: Real>(&self, x: R, t: R) -> (R, R) {
        // |x| has no slope at zero, so formulas that are smooth there but use it are asked just above.
        let x = R::select(x == R::zero(), R::constant(1e-30), x);
        let (_, slope) = self.0.value_and_slope(Dual::variable(x), Dual { value: t, derivative: R::zero() });
        (slope.value, slope.derivative)
    }
}

/// A formula with its slope toward the target, by dual numbers.
#[derive(Clone, Copy)]
pub(super) struct TowardTarget<F>(pub(super) F);

impl<F: PointSlope> PointSlope for TowardTarget<F> {
    #[inline(always)]
    fn value_and_slope<R: Real>(&self, x: R, t: R) -> (R, R) {
        let (value, _) = self.0.value_and_slope(Dual { value: x, derivative: R::zero() }, Dual::variable(t));
        (value.value, value.derivative)
    }
}

/// What [`further`] asks a formula for: inputs, targets, and the slopes to be written.
type SlopeFunction<'a> = &'a (dyn Fn(&[f64; HELD], &[f64; HELD], &mut [f64; HELD]) + Sync);

/// `out = scale * u * w * slope` and nothing else, in double precision whatever the elements: for derivatives that are
/// rarely asked for and whose code is long.
pub(super) fn further<E: Element, F: PointSlope>(formula: F, batch: &PointBatch<'_, E>, scale: f64, out: &mut [E]) {
    multiplied(batch, scale, out, &|x, t, slope| isa::run_rarely(Further { formula, x, t, slope }));
}

/// Once for all formulas: what a further derivative is multiplied by, piece by piece, over the threads.
#[inline(never)]
fn multiplied<E: Element>(batch: &PointBatch<'_, E>, scale: f64, out: &mut [E], slopes: SlopeFunction<'_>) {
    let row = batch.row();
    assert!(batch.prediction.len() == out.len() && batch.target.len() == out.len());
    assert!(batch.upstream.is_none_or(|upstream| upstream.len() == out.len()));
    assert!(batch.weight.is_none_or(|weight| weight.len() * row == out.len()));
    in_pieces(out, &|first, out: &mut [E]| {
        let (mut x, mut t, mut slope) = ([0.0; HELD], [0.0; HELD], [0.0; HELD]);
        for index in 0..out.len() {
            x[index] = batch.prediction[first + index].to_f64();
            t[index] = batch.target[first + index].to_f64();
        }
        slopes(&x, &t, &mut slope);
        for (index, out) in out.iter_mut().enumerate() {
            let place = first + index;
            let upstream = batch.upstream.map_or(1.0, |upstream| upstream[place].to_f64());
            let weight = batch.weight.map_or(1.0, |weight| weight[place / row].to_f64());
            let slope = if weight == 0.0 { 0.0 } else { weight * slope[index] };
            *out = E::from_f64(scale * upstream * slope);
        }
    });
}

/// The slopes of a piece.
struct Further<'a, F> {
    formula: F,
    x: &'a [f64; HELD],
    t: &'a [f64; HELD],
    slope: &'a mut [f64; HELD],
}

impl<F: PointSlope> Kernel<f64> for Further<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Real<Element = f64>>(self) {
        for lane in 0..HELD {
            self.slope[lane] = self.formula.value_and_slope(R::load(self.x[lane]), R::load(self.t[lane])).1.store();
        }
    }
}

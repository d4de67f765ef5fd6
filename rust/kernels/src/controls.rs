//! What may happen to gradients between the backward pass and the update: accumulation, clipping, skipping, averages.
//!
//! The order is fixed: gradients of several batches are joined; each tensor is clipped by its own norm, then all by the
//! norm of all, then each number by its value; a step whose gradients are not finite can be left out; the average of
//! the weights follows the update. The formulas use no fused multiply-add, so that every machine gives the same bits.

use crate::real::{Element, Real};
use crate::sweep::{self, Binary, Unary};

/// Which controls are on, with their bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Controls {
    /// Bound of each number of a gradient.
    pub clip_value: Option<f64>,
    /// Bound of the norm of each gradient.
    pub clip_norm: Option<f64>,
    /// Bound of the norm of all gradients together.
    pub clip_global_norm: Option<f64>,
    /// Batches whose gradients are joined before an update; 0 and 1 join none.
    pub accumulation_steps: u64,
    /// What the moving average of the weights keeps of its past.
    pub average_decay: Option<f64>,
    /// Whether a step with a gradient that is not finite is left out.
    pub skip_if_not_finite: bool,
}

impl Controls {
    /// Whether gradients of several batches are joined before an update.
    pub fn accumulates(&self) -> bool {
        self.accumulation_steps > 1
    }

    /// Whether the norms of the gradients must be known before an update.
    pub fn measures(&self) -> bool {
        self.clip_norm.is_some() || self.clip_global_norm.is_some() || self.skip_if_not_finite
    }

    /// Turns the norm of each gradient into what it is multiplied by. False if the step is to be left out.
    pub fn factors(&self, norms: &mut [f64]) -> bool {
        let finite = norms.iter().all(|norm| norm.is_finite());
        // Factor and clipped norm, in turn, in the same place: the norm of all needs the clipped norms.
        let factor = |bound: Option<f64>, norm: f64| match bound {
            Some(bound) if norm > bound => bound / norm,
            _ => 1.0,
        };
        let all = joined(norms.iter().map(|&norm| norm * factor(self.clip_norm, norm)));
        let shared = factor(self.clip_global_norm, all);
        for norm in norms.iter_mut() {
            *norm = factor(self.clip_norm, *norm) * shared;
        }
        finite || !self.skip_if_not_finite
    }

    /// Weight of the newest numbers in the average after `updates` updates: `(1 - decay) / (1 - decay^updates)`.
    ///
    /// That is the exponential average with its start at zero corrected: after the first update it is the weights, at
    /// last it moves by `1 - decay`.
    pub fn average_share(&self, updates: u64) -> f64 {
        let Some(decay) = self.average_decay else { return 0.0 };
        let kept = if decay == 0.0 { 0.0 } else { (decay.ln() * updates as f64).exp() };
        ((1.0 - decay) / (1.0 - kept)).min(1.0)
    }
}

/// Root of the sum of squares, of numbers of any size.
fn joined(norms: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = norms.clone().map(|norm| norm * norm).sum();
    if sum.is_normal() {
        return sum.sqrt();
    }
    let largest =
        norms.clone().fold(0.0, |largest: f64, norm| if norm > largest || norm.is_nan() { norm } else { largest });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * norms.map(|norm| (norm / largest).powi(2)).sum::<f64>().sqrt()
}

#[derive(Clone, Copy)]
struct Scale(f64);
impl Unary for Scale {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        R::constant(self.0) * x
    }
}

#[derive(Clone, Copy)]
struct Temper {
    factor: f64,
    bound: f64,
}
impl Unary for Temper {
    #[inline(always)]
    fn apply<R: Real>(&self, x: R) -> R {
        (R::constant(self.factor) * x).clamp(R::constant(-self.bound), R::constant(self.bound))
    }
}

#[derive(Clone, Copy)]
struct AddScaled(f64);
impl Binary for AddScaled {
    #[inline(always)]
    fn apply<R: Real>(&self, total: R, x: R) -> R {
        total + R::constant(self.0) * x
    }
}

#[derive(Clone, Copy)]
struct Approach(f64);
impl Binary for Approach {
    #[inline(always)]
    fn apply<R: Real>(&self, average: R, weight: R) -> R {
        average + R::constant(self.0) * (weight - average)
    }
}

/// `out[i] = factor * x[i]`.
pub fn scale<E: Element>(factor: f64, x: &[E], out: &mut [E]) {
    sweep::map(Scale(factor), x, out);
}

/// `out[i] = factor * x[i]`, brought into `-bound..=bound` where there is one; NaN stays.
pub fn temper<E: Element>(factor: f64, bound: Option<f64>, x: &[E], out: &mut [E]) {
    match bound {
        Some(bound) => sweep::map(Temper { factor, bound }, x, out),
        None => scale(factor, x, out),
    }
}

/// `x[i]` brought into `-bound..=bound`; NaN stays.
pub fn clip_in_place<E: Element>(bound: f64, x: &mut [E]) {
    sweep::map_in_place(Temper { factor: 1.0, bound }, x);
}

/// `total[i] = weight * x[i]` if it is the first, else `total[i] + weight * x[i]`.
pub fn gather<E: Element>(total: &mut [E], x: &[E], weight: f64, first: bool) {
    if first {
        scale(weight, x, total);
    } else {
        sweep::zip_in_place(AddScaled(weight), total, x);
    }
}

/// `average[i]` moves to `weight[i]` by this share of the way; by all of it, it is the weight to the bit.
pub fn approach<E: Element>(average: &mut [E], weight: &[E], share: f64) {
    if share >= 1.0 {
        average.copy_from_slice(weight);
    } else {
        sweep::zip_in_place(Approach(share), average, weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_bring_norms_under_their_bounds() {
        let controls = Controls { clip_norm: Some(2.0), clip_global_norm: Some(1.0), ..Controls::default() };
        let mut norms = [4.0, 0.0, 1.0];
        assert!(controls.factors(&mut norms));
        let all = (4.0f64 * norms[0]).hypot(norms[2]);
        assert!((all - 1.0).abs() < 1e-15 && (norms[0] / norms[2] - 0.5).abs() < 1e-15);
        assert!(Controls::default().factors(&mut [f64::NAN]));
        let skipping = Controls { skip_if_not_finite: true, ..Controls::default() };
        assert!(!skipping.factors(&mut [1.0, f64::INFINITY]) && skipping.factors(&mut [1.0]));
    }

    #[test]
    fn an_average_begins_with_the_weights() {
        let controls = Controls { average_decay: Some(0.9), ..Controls::default() };
        assert_eq!(controls.average_share(1), 1.0);
        assert!((controls.average_share(2) - 1.0 / 1.9).abs() < 1e-15);
        assert!((controls.average_share(1000) - 0.1).abs() < 1e-15);
    }
}

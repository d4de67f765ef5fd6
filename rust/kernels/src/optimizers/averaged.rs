//! ASGD: descent that evaluates with an average of the trained weights.

use super::elementwise::elementwise;
use super::rule::{Evaluation, Rule, rule};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

elementwise! { Averaged: 1 }

rule! {
    /// Gradient descent with decreasing steps, evaluated with the average of its weights (Polyak and Juditsky, 1992).
    ///
    /// In step `t`, with `r = learning_rate / (1 + shrink * learning_rate * (t - 1))^power` (Xu, 2011): `weight = (1
    /// - shrink * r) * weight - r * gradient`, and `average = average + (weight - average) / max(1, t - 1 -
    /// average_from)`: until `average_from` steps the average is the weight itself. The average is the weight to
    /// evaluate with. The defaults are PyTorch's. Slot: `mean_weight`.
    Asgd "asgd" "ASGD"
    {
        /// Size of the first step.
        learning_rate: 0.01;
        /// How fast steps decrease and weights shrink, PyTorch's `lambd`; the paper does not shrink weights: 0.
        shrink: 1e-4 in Range::non_negative();
        /// How steeply steps decrease, PyTorch's `alpha`.
        power: 0.75 in Range::non_negative();
        /// Steps before averaging begins, PyTorch's `t0`; 0 in the paper.
        average_from: 1e6 in Range::non_negative();
        /// Added to the gradient, times the weight (an L2 penalty).
        weight_decay: 0.0;
    }
    {}
    styles {
        paper { shrink: Number 0.0, average_from: Number 0.0 }
        torch {}
    }
    slots &["mean_weight"];
    facts OptimizerFacts { rests_at_zero_gradient: false, ..OptimizerFacts::USUAL };
}

impl Rule for Asgd {
    type Scalars = Averaged;

    fn evaluation(&self) -> Option<Evaluation> {
        Some(Evaluation { weight: 0.0, slot: "mean_weight", share: 1.0 })
    }

    fn prepare(&self, step: u64) -> Averaged {
        let Self { learning_rate, shrink, power, average_from, weight_decay } = *self;
        let past = (step - 1) as f64;
        let rate = learning_rate / (1.0 + shrink * learning_rate * past).powf(power);
        let share = 1.0 / (past - average_from).max(1.0);
        Averaged { coupled: weight_decay, keep: 1.0 - shrink * rate, rate, share }
    }
}

/// Scalars of ASGD.
#[derive(Clone, Copy, Debug)]
pub(super) struct Averaged {
    coupled: f64,
    keep: f64,
    rate: f64,
    share: f64,
}

impl Update<1> for Averaged {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [average]: [R; 1]) -> (R, [R; 1]) {
        let gradient = gradient + R::constant(self.coupled) * weight;
        let weight = R::constant(self.keep) * weight - R::constant(self.rate) * gradient;
        let share = R::constant(self.share);
        // The sum would not quite be the weight where all of it is taken over.
        let moved = average + share * (weight - average);
        (weight, [R::select(share < R::one(), moved, weight)])
    }
}

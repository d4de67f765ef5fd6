//! Rules that take the sign of a gradient only: Lion, Rprop.

use super::Step;
use super::rule::{DECAY, Decay, Rule};
use super::settings::{WeightDecayStyle, rule};
use crate::error::{Result, value_error};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

/// -1, 0 or 1; NaN stays.
#[inline(always)]
fn sign<R: Real>(x: R) -> R {
    R::select(x > R::zero(), R::one(), R::select(x < R::zero(), -R::one(), x))
}

rule! {
    /// Lion: every weight moves by the same step, against the sign of a momentum.
    ///
    /// `weight = weight - learning_rate * sign(beta1 * m + (1 - beta1) * gradient)`, then
    /// `m = beta2 * m + (1 - beta2) * gradient`; decay is decoupled. Learning rates are three to ten times smaller than
    /// Adam's. Keras starts at 1e-3; optax decays by 1e-3. Slot, from zero: `first_moment`. (Chen et al., 2023.)
    Lion "lion"
    {
        learning_rate: 1e-4, Range::non_negative(), "Step size: how far each weight moves.";
        beta1: 0.9, DECAY, "Share of the momentum in the step.";
        beta2: 0.99, DECAY, "What the momentum keeps of its past.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    { weight_decay_style: WeightDecayStyle = "decoupled", "Whether the gradient or the weight itself is decayed."; }
    slots &["first_moment"];
    facts OptimizerFacts { parabola_rate: 0.05, rosenbrock_rate: 0.001, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Lion {
    fn prepare(&self, _step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, .. } = *self;
        let decay = Decay::new(self.weight_decay_style, self.weight_decay, learning_rate);
        Step::Direction(Direction { decay, learning_rate, ahead: beta1, keep: beta2 })
    }
}

/// Scalars of Lion.
#[derive(Clone, Copy, Debug)]
pub struct Direction {
    decay: Decay,
    learning_rate: f64,
    ahead: f64,
    keep: f64,
}

impl Update<1> for Direction {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first]: [R; 1]) -> (R, [R; 1]) {
        let gradient = self.decay.pull(weight, gradient);
        let step = sign(R::constant(self.ahead) * first + R::constant(1.0 - self.ahead) * gradient);
        let first = R::constant(self.keep) * first + R::constant(1.0 - self.keep) * gradient;
        (self.decay.kept(weight) - R::constant(self.learning_rate) * step, [first])
    }
}

rule! {
    /// Rprop: each weight has a step size of its own, which grows while the sign of its gradient stays. For full batches.
    ///
    /// The size of a step is that of the last one times `increase` if the gradient has the sign it had, times `decrease` if
    /// it has the other one, always from `smallest_step` to `largest_step`; `weight = weight - size * sign(gradient)`. Where
    /// the sign changed the weight rests for a step, and the next one counts as without a gradient before it. Sizes start at
    /// `learning_rate`, which counts before the first step only. Slots: `previous_gradient`, `step_size`.
    /// (Riedmiller and Braun, 1993; this form: Igel and Huesken, 2000, as PyTorch; optax takes each step one call later.)
    Rprop "rprop"
    {
        learning_rate: 0.01, Range::non_negative(), "Size of the first step.";
        decrease: 0.5, Range { low: 0.0, high: 1.0, low_closed: false, high_closed: false }, "Factor of a step's size after a change of sign.";
        increase: 1.2, Range { low: 1.0, high: f64::INFINITY, low_closed: false, high_closed: false }, "Factor of a step's size while the sign stays.";
        smallest_step: 1e-6, Range::non_negative(), "Smallest size of a step.";
        largest_step: 50.0, Range::non_negative(), "Largest size of a step.";
    }
    {}
    slots &["previous_gradient", "step_size"];
    facts OptimizerFacts { parabola_rate: 0.1, rosenbrock_rate: 0.01, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Rprop {
    fn slot_start(&self, slot: &str) -> f64 {
        if slot == "step_size" { self.learning_rate } else { 0.0 }
    }

    fn check(&self) -> Result<()> {
        let Self { smallest_step: least, largest_step: most, .. } = *self;
        if least > most {
            return value_error!("rprop: expected `smallest_step` of at most `largest_step`, got {least} and {most}");
        }
        Ok(())
    }

    fn prepare(&self, _step: u64) -> Step {
        let Self { decrease, increase, smallest_step, largest_step, .. } = *self;
        Step::Agreement(Agreement { decrease, increase, least: smallest_step, most: largest_step })
    }
}

/// Scalars of Rprop.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    decrease: f64,
    increase: f64,
    least: f64,
    most: f64,
}

impl Update<2> for Agreement {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [previous, size]: [R; 2]) -> (R, [R; 2]) {
        // A product of signs: that of two small gradients may be zero, that of two large ones infinite.
        let agreement = sign(gradient) * sign(previous);
        let factor = R::select(
            agreement > R::zero(),
            R::constant(self.increase),
            R::select(agreement < R::zero(), R::constant(self.decrease), R::one()),
        );
        let size = (size * factor).clamp(R::constant(self.least), R::constant(self.most));
        let gradient = R::select(agreement < R::zero(), R::zero(), gradient);
        (weight - size * sign(gradient), [gradient, size])
    }
}

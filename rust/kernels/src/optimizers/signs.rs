//! Rules that use only the sign of a gradient: Lion, Rprop.

use super::elementwise::elementwise;
use super::rule::{Decay, Rule, rule};
use super::words::WeightDecayStyle;
use crate::error::{Result, value_error};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

/// -1, 0 or 1; NaN stays.
#[inline(always)]
fn sign<R: Real>(x: R) -> R {
    R::select(x > R::zero(), R::one(), R::select(x < R::zero(), -R::one(), x))
}

elementwise! { Direction: 1; Agreement: 2 }

rule! {
    /// Moves every weight by the same distance, against the sign of a momentum (Chen et al., 2023).
    ///
    /// `weight = weight - learning_rate * sign(beta1 * m + (1 - beta1) * gradient)`, then `m = beta2 * m + (1 -
    /// beta2) * gradient`, from zero. Use a learning rate three to ten times smaller than for Adam, and a decay
    /// larger by the same factor. Slot: `first_moment`.
    Lion "lion" "Lion"
    {
        /// How far each weight moves; 1e-4 as in the paper, Keras uses 1e-3.
        learning_rate: 1e-4;
        /// Share of the momentum in the step.
        beta1: 0.9;
        /// Share of the momentum that is kept.
        beta2: 0.99;
        /// How strongly weights are pulled towards zero; optax uses 1e-3.
        weight_decay: 0.0;
    }
    {
        /// How weights are pulled towards zero; decoupled in the paper.
        weight_decay_style: WeightDecayStyle = "decoupled";
    }
    styles {
        paper {}
        keras { learning_rate: Number 1e-3 }
        optax { weight_decay: Number 1e-3 }
    }
    slots &["first_moment"];
    facts OptimizerFacts { parabola_rate: 0.05, rosenbrock_rate: 0.001, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Lion {
    type Scalars = Direction;

    fn prepare(&self, _step: u64) -> Direction {
        let Self { learning_rate, beta1, beta2, .. } = *self;
        let decay = Decay::new(self.weight_decay_style, self.weight_decay, learning_rate);
        Direction { decay, learning_rate, ahead: beta1, keep: beta2 }
    }
}

/// Scalars of Lion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direction {
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
    /// Gives each weight its own step size, using only signs (Riedmiller and Braun, 1993). For full batches.
    ///
    /// The size of a step is that of the last one times `increase` if the gradient has the sign it had, times
    /// `decrease` if it has the other one, always from `smallest_step` to `largest_step`; `weight = weight - size *
    /// sign(gradient)`. Where the sign changed the weight rests for a step, and the next one counts as without a
    /// gradient before it. This is the form of Igel and Hüsken (2000), as in PyTorch; optax takes each step one call
    /// later. Slots: `previous_gradient`, `step_size`.
    Rprop "rprop" "Rprop"
    {
        /// Size of the first step; has no effect later. PyTorch starts at 0.01, the paper at 0.0125.
        learning_rate: 0.01;
        /// Factor of a step's size after a change of sign.
        decrease: 0.5 in Range::open(0.0, 1.0);
        /// Factor of a step's size while the sign stays.
        increase: 1.2 in Range::open(1.0, f64::INFINITY);
        /// Smallest size of a step.
        smallest_step: 1e-6 in Range::non_negative();
        /// Largest size of a step.
        largest_step: 50.0 in Range::non_negative();
    }
    {}
    styles {
        paper { learning_rate: Number 0.0125, smallest_step: Number 0.0 }
        torch {}
    }
    slots &["previous_gradient", "step_size"];
    facts OptimizerFacts { parabola_rate: 0.1, rosenbrock_rate: 0.01, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Rprop {
    type Scalars = Agreement;

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

    fn prepare(&self, _step: u64) -> Agreement {
        let Self { decrease, increase, smallest_step, largest_step, .. } = *self;
        Agreement { decrease, increase, least: smallest_step, most: largest_step }
    }
}

/// Scalars of Rprop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
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

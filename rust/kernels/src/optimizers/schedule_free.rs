//! Schedule-free AdamW, which evaluates with the average of its steps.

use super::elementwise::elementwise;
use super::rule::{Decay, Evaluation, Rule, correction, rule, tamed};
use super::words::{Averaging, WeightDecayStyle};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

elementwise! { ScheduleFree: 2 }

rule! {
    /// AdamW that needs no schedule, because it evaluates with the average of its iterates (Defazio et al., 2024).
    ///
    /// Three points: `z` takes the steps, `x` is their average, and gradients are taken at `y = (1 - beta1) * z +
    /// beta1 * x`, which is the weight that is trained. In step `t`, with `r = learning_rate * min(1, t /
    /// warmup_steps)` and `vc = v / (1 - beta2^t)`, `v` as in `adam`: `z = z - r * (gradient / (sqrt(vc) + epsilon) +
    /// weight_decay * y)`, `x = (1 - c) * x + c * z`; without warm-up `c = 1 / t`. The weight to evaluate with is `x
    /// = (y - (1 - beta1) * z) / beta1`. Slots: `base` (`z`, which starts at the weight), `second_moment`.
    ScheduleFreeAdamw "schedule_free_adamw" "ScheduleFreeAdamW"
    {
        /// Size of a step; 0.0025 as in the authors' code, Keras and optax.
        learning_rate: 0.0025;
        /// Share of the average in the point at which gradients are computed.
        beta1: 0.9 in Range::open(0.0, 1.0);
        beta2: 0.999;
        epsilon: 1e-8;
        weight_decay: 0.0;
        /// Steps until the learning rate is reached. (optax's own warm-up is one step behind.)
        warmup_steps: 0.0 in Range::non_negative();
    }
    {
        /// How points are weighted in the average during warm-up. Changing the learning rate later does not change
        /// their weights.
        averaging: Averaging = "weighted";
    }
    styles {
        paper {}
        keras { averaging: Option "uniform" }
        optax {}
    }
    slots &["base", "second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.5, rosenbrock_rate: 0.005, ..OptimizerFacts::SCALE_FREE };
}

impl ScheduleFreeAdamw {
    /// Share of step `step` in the average.
    fn share(&self, step: u64) -> f64 {
        let (step, most) = (step as f64, self.warmup_steps.floor());
        if self.averaging == Averaging::Uniform || most < 1.0 {
            return 1.0 / step;
        }
        // Sums of the squares of 1 to n, over the square of the warm-up.
        let squares = |count: f64| count * (count + 1.0) * (2.0 * count + 1.0) / 6.0 / (most * most);
        let weight = (step / most).min(1.0).powi(2);
        weight / (squares(step.min(most)) + (step - most).max(0.0))
    }
}

impl Rule for ScheduleFreeAdamw {
    type Scalars = ScheduleFree;

    fn evaluation(&self) -> Option<Evaluation> {
        Some(Evaluation { weight: 1.0 / self.beta1, slot: "base", share: 1.0 - 1.0 / self.beta1 })
    }

    fn prepare(&self, step: u64) -> ScheduleFree {
        let Self { learning_rate, beta1, beta2, epsilon, weight_decay, warmup_steps, .. } = *self;
        let warm = if warmup_steps < 1.0 { 1.0 } else { (step as f64 / warmup_steps.floor()).min(1.0) };
        let (rate, second, share) = (learning_rate * warm, correction(beta2, step).sqrt(), self.share(step));
        ScheduleFree {
            is_first: step == 1,
            keep: beta2,
            epsilon: epsilon * second,
            rate: rate * second,
            decay: Decay::new(WeightDecayStyle::Coupled, rate * weight_decay, 0.0),
            share,
            ahead: 1.0 - beta1 * (1.0 - share),
        }
    }
}

/// Scalars of schedule-free AdamW.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScheduleFree {
    is_first: bool,
    keep: f64,
    epsilon: f64,
    rate: f64,
    /// What decay adds to a step.
    decay: Decay,
    share: f64,
    /// Share of a step that the weight takes at once.
    ahead: f64,
}

impl Update<2> for ScheduleFree {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [base, second]: [R; 2]) -> (R, [R; 2]) {
        let base = R::select(self.is_first, weight, base);
        let gradient = tamed(gradient);
        let second = R::constant(self.keep) * second + R::constant(1.0 - self.keep) * (gradient * gradient);
        let root = second.sqrt() + R::constant(self.epsilon);
        let step = self.decay.pull(weight, R::constant(self.rate) * gradient / root);
        // A difference, so that a weight that lies on its base stays there.
        let weight = weight + R::constant(self.share) * (base - weight) - R::constant(self.ahead) * step;
        (weight, [base - step, second])
    }
}

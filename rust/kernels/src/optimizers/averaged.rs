//! Rules that evaluate with an average of the weights that are trained: ASGD, schedule-free AdamW.

use super::Step;
use super::rule::{DECAY, Decay, EPSILON, Evaluation, Rule, correction, tamed};
use super::settings::{Averaging, WeightDecayStyle, rule};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

rule! {
    /// ASGD: gradient descent with falling steps, which gathers the average of its weights.
    ///
    /// In step `t`, with `r = learning_rate / (1 + shrink * learning_rate * (t - 1))^power`:
    /// `weight = (1 - shrink * r) * weight - r * gradient`, and `average = average + (weight - average) / max(1, t - 1 -
    /// average_from)`: until `average_from` steps the average is the weight itself. Evaluate with the average. The defaults
    /// are PyTorch's; the paper averages from the first step on. Slot: `mean_weight`. (Polyak and Juditsky, 1992; the steps:
    /// Xu, 2011.)
    Asgd "asgd"
    {
        learning_rate: 0.01, Range::non_negative(), "Size of the first step.";
        shrink: 1e-4, Range::non_negative(), "How fast steps fall and weights shrink; PyTorch's `lambd`.";
        power: 0.75, Range::non_negative(), "How steeply steps fall; PyTorch's `alpha`.";
        average_from: 1e6, Range::non_negative(), "Steps before averaging begins; PyTorch's `t0`.";
        weight_decay: 0.0, Range::non_negative(), "Added to the gradient, times the weight (an L2 penalty).";
    }
    {}
    slots &["mean_weight"];
    facts OptimizerFacts { rests_at_zero_gradient: false, ..OptimizerFacts::USUAL };
}

impl Rule for Asgd {
    fn evaluation(&self) -> Option<Evaluation> {
        Some(Evaluation { weight: 0.0, slot: "mean_weight", share: 1.0 })
    }

    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, shrink, power, average_from, weight_decay } = *self;
        let past = (step - 1) as f64;
        let rate = learning_rate / (1.0 + shrink * learning_rate * past).powf(power);
        let share = 1.0 / (past - average_from).max(1.0);
        Step::Averaged(Averaged { coupled: weight_decay, keep: 1.0 - shrink * rate, rate, share })
    }
}

/// Scalars of ASGD.
#[derive(Clone, Copy, Debug)]
pub struct Averaged {
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

rule! {
    /// Schedule-free AdamW: AdamW that needs no schedule, since it evaluates with an average of its steps.
    ///
    /// Three points: `z` takes the steps, `x` is their average, and gradients are taken at `y = (1 - beta1) z + beta1 x`,
    /// which is the weight that is trained. In step `t`, with `r = learning_rate * min(1, t / warmup_steps)` and
    /// `vc = v / (1 - beta2^t)`, `v` as in `adam`: `z = z - r * (gradient / (sqrt(vc) + epsilon) + weight_decay * y)`,
    /// `x = (1 - c) x + c z`. Points are weighted by the square of the warm-up (`averaging` "weighted", as the authors and
    /// optax), or all alike ("uniform", as Keras); without warm-up `c = 1 / t`. Evaluate with `x = (y - (1 - beta1) z) /
    /// beta1`. Slots: `base` (`z`, which starts at the weight), `second_moment`. (Defazio et al., 2024.)
    ScheduleFreeAdamw "schedule_free_adamw"
    {
        learning_rate: 0.0025, Range::non_negative(), "Step size.";
        beta1: 0.9, Range { low: 0.0, high: 1.0, low_closed: false, high_closed: false }, "Share of the average in the point where gradients are taken.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "Share of the weight taken off, times the learning rate.";
        warmup_steps: 0.0, Range::non_negative(), "Steps until the learning rate is reached.";
    }
    { averaging: Averaging = "weighted", "How points count in the average."; }
    slots &["base", "second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.5, rosenbrock_rate: 0.005, scale_free_start: true, ..OptimizerFacts::USUAL };
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
    fn evaluation(&self) -> Option<Evaluation> {
        Some(Evaluation { weight: 1.0 / self.beta1, slot: "base", share: 1.0 - 1.0 / self.beta1 })
    }

    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, weight_decay, warmup_steps, .. } = *self;
        let warm = if warmup_steps < 1.0 { 1.0 } else { (step as f64 / warmup_steps.floor()).min(1.0) };
        let (rate, second, share) = (learning_rate * warm, correction(beta2, step).sqrt(), self.share(step));
        Step::ScheduleFree(ScheduleFree {
            is_first: step == 1,
            keep: beta2,
            epsilon: epsilon * second,
            rate: rate * second,
            decay: Decay::new(WeightDecayStyle::Coupled, rate * weight_decay, 0.0),
            share,
            ahead: 1.0 - beta1 * (1.0 - share),
        })
    }
}

/// Scalars of schedule-free AdamW.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleFree {
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

//! Relatives of Adam that divide by something else than a mean of squared gradients: Adamax, AdaBelief, Adan.

use super::Step;
use super::rule::{DECAY, Decay, EPSILON, Rule, correction, tamed};
use super::settings::{EpsilonModeLargest, Epsilons, WeightDecayStyle, rule};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

rule! {
    /// Adamax: Adam that divides by the largest gradient lately, not by a root of squares.
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient`, `u = max(beta2 * u, |gradient| + epsilon)`,
    /// `weight = weight - learning_rate / (1 - beta1^t) * m / u`. With `epsilon_mode` "outside" epsilon joins the divisor
    /// instead, `m / (u + epsilon)`, as Keras does; PyTorch and optax are as here. Slots, from zero: `first_moment`,
    /// `largest`. (Kingma and Ba, 2014, section 7.)
    Adamax "adamax"
    {
        learning_rate: 2e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the largest gradient keeps of itself in a step.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    {
        epsilon_mode: EpsilonModeLargest = "inside", "Whether epsilon joins the gradient, inside the maximum, or the divisor.";
        weight_decay_style: WeightDecayStyle = "coupled", "Whether the gradient or the weight itself is decayed.";
    }
    slots &["first_moment", "largest"];
    facts OptimizerFacts { divisions: 1, parabola_rate: 0.05, rosenbrock_rate: 0.02, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Adamax {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        Step::Largest(Largest {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            step: learning_rate / correction(beta1, step),
            epsilons: match self.epsilon_mode {
                EpsilonModeLargest::Inside => Epsilons { inner: epsilon, outer: 0.0 },
                EpsilonModeLargest::Outside => Epsilons { inner: 0.0, outer: epsilon },
            },
        })
    }
}

/// Scalars of Adamax.
#[derive(Clone, Copy, Debug)]
pub struct Largest {
    decay: Decay,
    keep: (f64, f64),
    step: f64,
    epsilons: Epsilons,
}

impl Update<2> for Largest {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, largest]: [R; 2]) -> (R, [R; 2]) {
        let gradient = self.decay.pull(weight, gradient);
        let first = R::constant(self.keep.0) * first + R::constant(1.0 - self.keep.0) * gradient;
        let size = gradient.abs() + R::constant(self.epsilons.inner);
        let largest = (R::constant(self.keep.1) * largest).maximum(size);
        let divisor = largest + R::constant(self.epsilons.outer);
        (self.decay.kept(weight) - R::constant(self.step) * (first / divisor), [first, largest])
    }
}

rule! {
    /// AdaBelief: Adam that divides by how far gradients are from their mean, so that it strides where they agree.
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient`, `s = beta2 * s + (1 - beta2) * (gradient - m)^2 + epsilon`, both from zero
    /// and bias corrected as in `adam`; `weight = weight - learning_rate * mc / (sqrt(sc) + epsilon)`. optax is as here, with
    /// epsilon 1e-16. Slots: `first_moment`, `spread`. (Zhuang et al., 2020.)
    Adabelief "adabelief"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the spread keeps of its past.";
        epsilon: 1e-16, EPSILON, "Keeps the spread and the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    { weight_decay_style: WeightDecayStyle = "decoupled", "Whether the gradient or the weight itself is decayed."; }
    slots &["first_moment", "spread"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Adabelief {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let (first, second) = (correction(beta1, step), correction(beta2, step));
        Step::Belief(Belief {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            step: learning_rate * second.sqrt() / first,
            epsilons: Epsilons { inner: epsilon, outer: epsilon * second.sqrt() },
        })
    }
}

/// Scalars of AdaBelief.
#[derive(Clone, Copy, Debug)]
pub struct Belief {
    decay: Decay,
    keep: (f64, f64),
    step: f64,
    epsilons: Epsilons,
}

impl Update<2> for Belief {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, spread]: [R; 2]) -> (R, [R; 2]) {
        let gradient = tamed(self.decay.pull(weight, gradient));
        let first = R::constant(self.keep.0) * first + R::constant(1.0 - self.keep.0) * gradient;
        let distance = gradient - first;
        let spread = R::constant(self.keep.1) * spread + R::constant(1.0 - self.keep.1) * (distance * distance);
        let spread = spread + R::constant(self.epsilons.inner);
        let root = spread.sqrt() + R::constant(self.epsilons.outer);
        (self.decay.kept(weight) - R::constant(self.step) * first / root, [first, spread])
    }
}

rule! {
    /// Adan: Adam with a momentum of its own for how gradients change from step to step.
    ///
    /// With `d = gradient - previous gradient` (0 in the first step): `m = beta1 * m + (1 - beta1) * gradient`,
    /// `n = beta2 * n + (1 - beta2) * d`, `s = beta3 * s + (1 - beta3) * (gradient + beta2 * d)^2`, all from zero and bias
    /// corrected; `weight = weight - learning_rate * (mc + beta2 * nc) / (sqrt(sc) + epsilon)`. This is the authors' code; in
    /// optax `1 - beta2` stands before `d` and `nc`, and the decay of the paper divides the weight by
    /// `1 + learning_rate * weight_decay`, where ours multiplies it. Slots: `first_moment`, `mean_difference`,
    /// `second_moment`, `previous_gradient`. (Xie et al., 2022.)
    Adan "adan"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.98, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.92, DECAY, "What the average of differences keeps of its past.";
        beta3: 0.99, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    { weight_decay_style: WeightDecayStyle = "decoupled", "Whether the gradient or the weight itself is decayed."; }
    slots &["first_moment", "mean_difference", "second_moment", "previous_gradient"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.0005, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Adan {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, beta3, epsilon, .. } = *self;
        let [first, second, third] = [beta1, beta2, beta3].map(|beta| correction(beta, step));
        Step::Differences(Differences {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: [beta1, beta2, beta3],
            share: beta2,
            is_later: if step == 1 { 0.0 } else { 1.0 },
            step: [learning_rate * third.sqrt() / first, beta2 * learning_rate * third.sqrt() / second],
            epsilon: epsilon * third.sqrt(),
        })
    }
}

/// Scalars of Adan.
#[derive(Clone, Copy, Debug)]
pub struct Differences {
    decay: Decay,
    keep: [f64; 3],
    share: f64,
    /// 0 in the first step, which has no gradient before it, else 1.
    is_later: f64,
    step: [f64; 2],
    epsilon: f64,
}

impl Update<4> for Differences {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, mean, second, previous]: [R; 4]) -> (R, [R; 4]) {
        let gradient = tamed(self.decay.pull(weight, gradient));
        let difference = R::constant(self.is_later) * (gradient - previous);
        let ahead = gradient + R::constant(self.share) * difference;
        // Written out: closures would be calls in the loop, since they do not share its instruction set.
        let first = R::constant(self.keep[0]) * first + R::constant(1.0 - self.keep[0]) * gradient;
        let mean = R::constant(self.keep[1]) * mean + R::constant(1.0 - self.keep[1]) * difference;
        let second = R::constant(self.keep[2]) * second + R::constant(1.0 - self.keep[2]) * (ahead * ahead);
        let step = R::constant(self.step[0]) * first + R::constant(self.step[1]) * mean;
        let root = second.sqrt() + R::constant(self.epsilon);
        (self.decay.kept(weight) - step / root, [first, mean, second, gradient])
    }
}

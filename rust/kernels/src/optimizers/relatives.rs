//! Relatives of Adam that divide by something other than a mean of squared gradients: Adamax, AdaBelief, Adan.

use super::elementwise::elementwise;
use super::rule::{DECAY, Decay, Rule, correction, rule, tamed};
use super::words::{EpsilonModeLargest, Epsilons, WeightDecayStyle};
use crate::real::Real;
use crate::registry::OptimizerFacts;
use crate::sweep::Update;

elementwise! { Largest: 2; Belief: 2; Differences: 4 }

rule! {
    /// Adam that divides by the largest recent gradient (Kingma and Ba, 2015, section 7).
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient`, `u = max(beta2 * u, |gradient| + epsilon)`, `weight = weight -
    /// learning_rate / (1 - beta1^t) * m / u`. It squares nothing, so it accepts gradients of any size. Slots, from
    /// zero: `first_moment`, `largest`.
    Adamax "adamax" "Adamax"
    {
        /// Size of a step; 0.002 as in the paper and PyTorch, Keras uses 0.001.
        learning_rate: 2e-3;
        beta1: 0.9;
        /// Share of the largest gradient `u` that is kept.
        beta2: 0.999;
        /// Keeps the divisor away from zero; Keras uses 1e-7.
        epsilon: 1e-8;
        weight_decay: 0.0;
    }
    {
        /// Whether epsilon is added to the gradient, inside the maximum (PyTorch, optax), or to the divisor, `m / (u +
        /// epsilon)` (Keras).
        epsilon_mode: EpsilonModeLargest = "inside";
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {} torch {}
        keras {
            learning_rate: Number 1e-3, epsilon: Number 1e-7, epsilon_mode: Option "outside",
            weight_decay_style: Option "decoupled",
        }
        optax { weight_decay_style: Option "decoupled" }
    }
    slots &["first_moment", "largest"];
    facts OptimizerFacts { divisions: 1, parabola_rate: 0.05, rosenbrock_rate: 0.02, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Adamax {
    type Scalars = Largest;

    fn prepare(&self, step: u64) -> Largest {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        Largest {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            step: learning_rate / correction(beta1, step),
            epsilons: match self.epsilon_mode {
                EpsilonModeLargest::Inside => Epsilons { inner: epsilon, outer: 0.0 },
                EpsilonModeLargest::Outside => Epsilons { inner: 0.0, outer: epsilon },
            },
        }
    }
}

/// Scalars of Adamax.
#[derive(Clone, Copy, Debug)]
pub(super) struct Largest {
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
    /// Adam with large steps where gradients agree, since it divides by their spread (Zhuang et al., 2020).
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient`, `s = beta2 * s + (1 - beta2) * (gradient - m)^2 + epsilon`, both
    /// corrected for starting at zero as in `adam`; `weight = weight - learning_rate * mc / (sqrt(sc) + epsilon)`.
    /// Follows optax. Slots: `first_moment`, `spread`.
    Adabelief "adabelief" "AdaBelief"
    {
        learning_rate: 1e-3;
        beta1: 0.9;
        /// Share of the spread `s` that is kept.
        beta2: 0.999;
        /// Keeps the spread and the divisor away from zero; 1e-16 as in optax.
        epsilon: 1e-16;
        weight_decay: 0.0;
    }
    {
        weight_decay_style: WeightDecayStyle = "decoupled";
    }
    styles {
        paper { epsilon: Number 1e-8 }
        optax {}
    }
    slots &["first_moment", "spread"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Adabelief {
    type Scalars = Belief;

    fn prepare(&self, step: u64) -> Belief {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let (first, second) = (correction(beta1, step), correction(beta2, step));
        Belief {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            step: learning_rate * second.sqrt() / first,
            epsilons: Epsilons { inner: epsilon, outer: epsilon * second.sqrt() },
        }
    }
}

/// Scalars of AdaBelief.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
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
    /// Adam with a separate momentum for how gradients change from step to step (Xie et al., 2022).
    ///
    /// With `d = gradient - previous gradient` (0 in the first step): `m = beta1 * m + (1 - beta1) * gradient`, `n =
    /// beta2 * n + (1 - beta2) * d`, `s = beta3 * s + (1 - beta3) * (gradient + beta2 * d)^2`, all corrected for
    /// their start at zero; `weight = weight - learning_rate * (mc + beta2 * nc) / (sqrt(sc) + epsilon)`. This is the
    /// authors' code; optax has `1 - beta2` before `d` and `nc`, and the decay of the paper divides the weight by `1
    /// + learning_rate * weight_decay`, where ours multiplies it. Four arrays are kept beside each weight:
    /// `first_moment`, `mean_difference`, `second_moment`, `previous_gradient`.
    Adan "adan" "Adan"
    {
        learning_rate: 1e-3;
        beta1: 0.98;
        /// Share of the mean of differences `n` that is kept.
        beta2: 0.92;
        /// Share of the mean of squares `s` that is kept.
        beta3: 0.99 in DECAY;
        epsilon: 1e-8;
        weight_decay: 0.0;
    }
    {
        weight_decay_style: WeightDecayStyle = "decoupled";
    }
    styles {
        paper {}
    }
    slots &["first_moment", "mean_difference", "second_moment", "previous_gradient"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.0005, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Adan {
    type Scalars = Differences;

    fn prepare(&self, step: u64) -> Differences {
        let Self { learning_rate, beta1, beta2, beta3, epsilon, .. } = *self;
        let [first, second, third] = [beta1, beta2, beta3].map(|beta| correction(beta, step));
        Differences {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: [beta1, beta2, beta3],
            share: beta2,
            is_later: if step == 1 { 0.0 } else { 1.0 },
            step: [learning_rate * third.sqrt() / first, beta2 * learning_rate * third.sqrt() / second],
            epsilon: epsilon * third.sqrt(),
        }
    }
}

/// Scalars of Adan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Differences {
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

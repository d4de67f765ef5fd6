//! Adam and its kin: a mean of gradients, divided by the root of a mean of squares.

use super::Step;
use super::rule::{DECAY, Decay, EPSILON, Rule, Settings, correction, tamed_square};
use super::settings::{AmsgradMode, EpsilonMode, Epsilons, WeightDecayStyle, rule};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

rule! {
    /// Adam: momentum, divided by the root of a moving average of squared gradients, both bias corrected.
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient` and `v = beta2 * v + (1 - beta2) * gradient^2`, from zero; in step `t`,
    /// `mc = m / (1 - beta1^t)` and `vc = v / (1 - beta2^t)`; `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)`.
    /// `epsilon_mode` "inside" is `... / sqrt(vc + epsilon)`; "hat" adds epsilon to `sqrt(v)` before the correction, as
    /// Keras and scikit-learn do. With `amsgrad` the largest `v` so far stands for `v` (`amsgrad_mode` "raw", as PyTorch and
    /// Keras), or the largest `vc` for `vc` ("corrected", as optax). Slots: `first_moment`, `second_moment`,
    /// `largest_second_moment` with `amsgrad`. (Kingma and Ba, 2014; Reddi, Kale and Kumar, 2018.)
    Adam "adam"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    {
        epsilon_mode: EpsilonMode = "outside", "Where epsilon stands.";
        weight_decay_style: WeightDecayStyle = "coupled", "Whether the gradient or the weight itself is decayed.";
        amsgrad: bool = "false", "Whether the largest second moment so far divides.";
        amsgrad_mode: AmsgradMode = "raw", "Whether that is the largest before or after bias correction.";
    }
    slots &["first_moment", "second_moment", "largest_second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, scale_free_start: true, ..OptimizerFacts::USUAL };
}

impl Rule for Adam {
    fn slots(&self) -> &'static [&'static str] {
        if self.amsgrad { Self::ENTRY.slots } else { &Self::ENTRY.slots[..2] }
    }

    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let (first, second) = (correction(beta1, step), correction(beta2, step));
        // The largest of corrected moments needs them corrected before, all others after the root.
        let (lift, second) = match (self.amsgrad, self.amsgrad_mode) {
            (true, AmsgradMode::Corrected) => (1.0 / second, 1.0),
            _ => (1.0, second),
        };
        Step::Moments(Moments {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            intake: (1.0 - beta1, 1.0 - beta2),
            step: (learning_rate * second.sqrt() / first, 0.0),
            root: 1.0,
            epsilons: self.epsilon_mode.split(epsilon, second),
            lift,
        })
    }
}

rule! {
    /// Adam with decoupled weight decay: the weight itself shrinks, the averages do not see it.
    ///
    /// `weight = (1 - learning_rate * weight_decay) * weight`, then the step of `adam`, with its slots. The default decay is
    /// PyTorch's; Keras has 0.004, optax 1e-4. (Loshchilov and Hutter, 2017.)
    Adamw "adamw"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.01, Range::non_negative(), "Share of the weight taken off, times the learning rate.";
    }
    {
        epsilon_mode: EpsilonMode = "outside", "Where epsilon stands.";
        amsgrad: bool = "false", "Whether the largest second moment so far divides.";
        amsgrad_mode: AmsgradMode = "raw", "Whether that is the largest before or after bias correction.";
    }
    slots Adam::ENTRY.slots;
    facts OptimizerFacts { scale_free_start: false, rests_at_zero_gradient: false, ..Adam::ENTRY.facts };
}

impl Adamw {
    /// The rule that it is.
    fn adam(&self) -> Adam {
        let Self { learning_rate, beta1, beta2, epsilon, weight_decay, epsilon_mode, amsgrad, amsgrad_mode } = *self;
        let weight_decay_style = WeightDecayStyle::Decoupled;
        Adam {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            weight_decay,
            epsilon_mode,
            weight_decay_style,
            amsgrad,
            amsgrad_mode,
        }
    }
}

impl Rule for Adamw {
    fn slots(&self) -> &'static [&'static str] {
        self.adam().slots()
    }

    fn prepare(&self, step: u64) -> Step {
        self.adam().prepare(step)
    }
}

rule! {
    /// NAdam: Adam that looks one step ahead along its momentum, which is warmed up.
    ///
    /// With `m` and `vc` of `adam`, `p(t) = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay))` and `P(t) = p(1) ... p(t)`:
    /// `mc = p(t+1) * m / (1 - P(t+1)) + (1 - p(t)) * gradient / (1 - P(t))`,
    /// `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)`. PyTorch has `momentum_decay` 0.004, as the paper; Keras
    /// 1; optax a constant momentum, which is what any large number gives. Slots: `first_moment`, `second_moment`.
    /// (Dozat, 2016.)
    Nadam "nadam"
    {
        learning_rate: 2e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past, and the momentum at last.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        momentum_decay: 0.004, Range::non_negative(), "How fast the momentum rises from the half of beta1 to beta1.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    { weight_decay_style: WeightDecayStyle = "coupled", "Whether the gradient or the weight itself is decayed."; }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts { scale_free_start: true, ..Adam::ENTRY.facts };
}

impl Nadam {
    /// `p` of a step.
    fn momentum(&self, step: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * (step as f64 * self.momentum_decay * 0.96f64.ln()).exp())
    }

    /// The product of `p` up to a step: zero once nothing of it is left beside one.
    fn product(&self, step: u64) -> f64 {
        if self.beta1.powf(step as f64) < NOTHING {
            return 0.0;
        }
        let shrink = (self.momentum_decay * 0.96f64.ln()).exp();
        let (mut product, mut lack) = (1.0, 0.5);
        for done in 0..step {
            if product < NOTHING {
                return 0.0;
            }
            lack *= shrink;
            if lack < NOTHING {
                return product * self.beta1.powf((step - done) as f64);
            }
            product *= self.beta1 * (1.0 - lack);
        }
        product
    }
}

/// Less than what is lost when one is rounded.
const NOTHING: f64 = 1e-18;

impl Rule for Nadam {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let second = correction(beta2, step);
        let (now, next) = (self.momentum(step), self.momentum(step + 1));
        let product = self.product(step);
        let rate = learning_rate * second.sqrt();
        Step::Moments(Moments {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            intake: (1.0 - beta1, 1.0 - beta2),
            step: (rate * next / (1.0 - product * next), rate * (1.0 - now) / (1.0 - product)),
            root: 1.0,
            epsilons: EpsilonMode::Outside.split(epsilon, second),
            lift: 1.0,
        })
    }
}

rule! {
    /// RAdam: Adam whose first steps, while the second moment is too uncertain to divide by, are momentum alone.
    ///
    /// With `mc` and `vc` of `adam`, `r = 2 / (1 - beta2) - 1` and `rho = r - 2 t beta2^t / (1 - beta2^t)`: where `rho` is
    /// above `rectify_above`, `weight = weight - learning_rate * f * mc / (sqrt(vc) + epsilon)` with
    /// `f^2 = (rho - 4) (rho - 2) r / ((r - 4) (r - 2) rho)`; before, `weight = weight - learning_rate * mc`. PyTorch and
    /// optax rectify above 5, the paper above 4; PyTorch has epsilon at the "hat". Slots: `first_moment`, `second_moment`.
    /// (Liu, Jiang, He, Chen, Liu, Gao and Han, 2020.)
    Radam "radam"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        rectify_above: 5.0, Range { low: 4.0, high: f64::INFINITY, low_closed: true, high_closed: false },
            "How many gradients the second moment must stand for before it divides.";
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    {
        epsilon_mode: EpsilonMode = "outside", "Where epsilon stands.";
        weight_decay_style: WeightDecayStyle = "coupled", "Whether the gradient or the weight itself is decayed.";
    }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.001, ..OptimizerFacts::USUAL };
}

impl Rule for Radam {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let (first, second) = (correction(beta1, step), correction(beta2, step));
        let most = 2.0 / (1.0 - beta2) - 1.0;
        let held = most - 2.0 * step as f64 * (1.0 - second) / second;
        let moments = Moments {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            intake: (1.0 - beta1, 1.0 - beta2),
            step: (learning_rate / first, 0.0),
            root: 0.0,
            epsilons: Epsilons { inner: 0.0, outer: 1.0 },
            lift: 1.0,
        };
        if held <= self.rectify_above {
            return Step::Moments(moments);
        }
        let share = ((held - 4.0) * (held - 2.0) * most / ((most - 4.0) * (most - 2.0) * held)).sqrt();
        Step::Moments(Moments {
            step: (share * learning_rate * second.sqrt() / first, 0.0),
            root: 1.0,
            epsilons: self.epsilon_mode.split(epsilon, second),
            ..moments
        })
    }
}

/// Scalars of Adam: `w = kept(w) - (step.0 * m + step.1 * g) / (root * sqrt(v + inner) + outer)`.
///
/// Both bias corrections are in `step` and the epsilons, so an element costs one root and one division in every mode.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    decay: Decay,
    keep: (f64, f64),
    intake: (f64, f64),
    step: (f64, f64),
    root: f64,
    epsilons: Epsilons,
    /// Factor of the second moment before the largest so far is taken.
    lift: f64,
}

impl Moments {
    /// The gradient that is taken in, and both moments with it.
    #[inline(always)]
    fn gathered<R: Real>(&self, weight: R, gradient: R, first: R, second: R) -> [R; 3] {
        let gradient = self.decay.pull(weight, gradient);
        let first = R::constant(self.keep.0) * first + R::constant(self.intake.0) * gradient;
        let second = R::constant(self.keep.1) * second + R::constant(self.intake.1) * tamed_square(gradient);
        [gradient, first, second]
    }

    /// The new weight.
    #[inline(always)]
    fn moved<R: Real>(&self, weight: R, gradient: R, first: R, squares: R) -> R {
        let root = R::constant(self.root) * (squares + R::constant(self.epsilons.inner)).sqrt()
            + R::constant(self.epsilons.outer);
        let step = R::constant(self.step.0) * first + R::constant(self.step.1) * gradient;
        self.decay.kept(weight) - step / root
    }
}

impl Update<2> for Moments {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, second]: [R; 2]) -> (R, [R; 2]) {
        let [gradient, first, second] = self.gathered(weight, gradient, first, second);
        (self.moved(weight, gradient, first, second), [first, second])
    }
}

impl Update<3> for Moments {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, second, largest]: [R; 3]) -> (R, [R; 3]) {
        let [gradient, first, second] = self.gathered(weight, gradient, first, second);
        let largest = largest.maximum(R::constant(self.lift) * second);
        (self.moved(weight, gradient, first, largest), [first, second, largest])
    }
}

//! Adam and its relatives: a mean of gradients, divided by the root of a mean of squares.

use super::elementwise::elementwise;
use super::rule::{Decay, Rule, Settings, correction, rule, tamed_square};
use super::words::{AmsgradMode, EpsilonMode, Epsilons, WeightDecayStyle};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

elementwise! { Moments: 2 | 3 }

rule! {
    /// Momentum and a running root mean square, both corrected for starting at zero (Kingma and Ba, 2015).
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient` and `v = beta2 * v + (1 - beta2) * gradient^2`; in step `t`, `mc = m
    /// / (1 - beta1^t)` and `vc = v / (1 - beta2^t)`; `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)`.
    /// The first step equals the learning rate, whatever the scale of the gradient. For decoupled decay use `adamw`.
    /// Slots: `first_moment`, `second_moment`, `largest_second_moment` with `amsgrad`.
    Adam "adam" "Adam"
    {
        /// Size of a step: about how far each weight moves.
        learning_rate: 1e-3;
        beta1: 0.9;
        beta2: 0.999;
        /// Keeps the divisor away from zero; 1e-8 as in the paper and PyTorch, Keras uses 1e-7.
        epsilon: 1e-8;
        weight_decay: 0.0;
    }
    {
        /// Where epsilon is added: outside the root (paper, PyTorch, optax), inside it, or outside before the
        /// correction of `v` (Keras, scikit-learn).
        epsilon_mode: EpsilonMode = "outside";
        weight_decay_style: WeightDecayStyle = "coupled";
        amsgrad: bool = "false";
        amsgrad_mode: AmsgradMode = "raw";
    }
    styles {
        paper {} torch {}
        keras { epsilon: Number 1e-7, epsilon_mode: Option "hat", weight_decay_style: Option "decoupled" }
        optax { amsgrad_mode: Option "corrected", weight_decay_style: Option "decoupled" }
        sklearn { epsilon_mode: Option "hat" }
    }
    slots &["first_moment", "second_moment", "largest_second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Adam {
    type Scalars = Moments;

    fn slots(&self) -> &'static [&'static str] {
        if self.amsgrad { Self::ENTRY.slots } else { &Self::ENTRY.slots[..2] }
    }

    fn prepare(&self, step: u64) -> Moments {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let (first, second) = (correction(beta1, step), correction(beta2, step));
        // The largest of corrected moments needs them corrected before, all others after the root.
        let (lift, second) = match (self.amsgrad, self.amsgrad_mode) {
            (true, AmsgradMode::Corrected) => (1.0 / second, 1.0),
            _ => (1.0, second),
        };
        Moments {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            intake: (1.0 - beta1, 1.0 - beta2),
            step: (learning_rate * second.sqrt() / first, 0.0),
            root: 1.0,
            epsilons: self.epsilon_mode.split(epsilon, second),
            lift,
        }
    }
}

rule! {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    ///
    /// `weight = (1 - learning_rate * weight_decay) * weight`, then the step of `adam`, whose averages do not include
    /// the decay. (In the paper, the decay is that product without the learning rate.) Slots: those of `adam`.
    Adamw "adamw" "AdamW"
    {
        learning_rate: 1e-3;
        beta1: 0.9;
        beta2: 0.999;
        /// Keeps the divisor away from zero; Keras uses 1e-7.
        epsilon: 1e-8;
        /// Share of each weight that a step removes, times the learning rate; 0.01 as in PyTorch (Keras 0.004,
        /// optax 1e-4).
        weight_decay: 0.01;
    }
    {
        /// Where epsilon is added, as in `adam`.
        epsilon_mode: EpsilonMode = "outside";
        amsgrad: bool = "false";
        amsgrad_mode: AmsgradMode = "raw";
    }
    styles {
        paper {} torch {}
        keras { epsilon: Number 1e-7, epsilon_mode: Option "hat", weight_decay: Number 0.004 }
        optax { weight_decay: Number 1e-4, amsgrad_mode: Option "corrected" }
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
    type Scalars = Moments;

    fn slots(&self) -> &'static [&'static str] {
        self.adam().slots()
    }

    fn prepare(&self, step: u64) -> Moments {
        self.adam().prepare(step)
    }
}

rule! {
    /// Adam that looks one step ahead along its momentum, which is warmed up (Dozat, 2016).
    ///
    /// With `m` and `vc` of `adam`, `p(t) = beta1 * (1 - 0.5 * 0.96^(t * momentum_decay))` and `P(t) = p(1) ...
    /// p(t)`: `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)` with `mc = p(t+1) * m / (1 - P(t+1)) + (1
    /// - p(t)) * gradient / (1 - P(t))`. Slots: `first_moment`, `second_moment`.
    Nadam "nadam" "NAdam"
    {
        /// Size of a step; 0.002 as in PyTorch, Keras uses 0.001.
        learning_rate: 2e-3;
        /// Share of the mean of gradients `m` that is kept, and the final momentum.
        beta1: 0.9;
        beta2: 0.999;
        /// Keeps the divisor away from zero; Keras uses 1e-7.
        epsilon: 1e-8;
        /// How fast the momentum rises from half its final value; 0.004 as in the paper and PyTorch, Keras uses 1, and
        /// optax has a constant momentum, which any large number gives.
        momentum_decay: 0.004 in Range::non_negative();
        weight_decay: 0.0;
    }
    {
        /// How weights are pulled towards zero; optax does as Keras does.
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {} torch {}
        keras {
            learning_rate: Number 1e-3, epsilon: Number 1e-7, momentum_decay: Number 1.0,
            weight_decay_style: Option "decoupled",
        }
        optax { momentum_decay: Number 1e4, weight_decay_style: Option "decoupled" }
    }
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
    type Scalars = Moments;

    fn prepare(&self, step: u64) -> Moments {
        let Self { learning_rate, beta1, beta2, epsilon, .. } = *self;
        let second = correction(beta2, step);
        let (now, next) = (self.momentum(step), self.momentum(step + 1));
        let product = self.product(step);
        let rate = learning_rate * second.sqrt();
        Moments {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            keep: (beta1, beta2),
            intake: (1.0 - beta1, 1.0 - beta2),
            step: (rate * next / (1.0 - product * next), rate * (1.0 - now) / (1.0 - product)),
            root: 1.0,
            epsilons: EpsilonMode::Outside.split(epsilon, second),
            lift: 1.0,
        }
    }
}

rule! {
    /// Adam whose first steps use only momentum, until the second moment is reliable (Liu et al., 2020).
    ///
    /// With `mc` and `vc` of `adam`, `r = 2 / (1 - beta2) - 1` and `q = r - 2 t beta2^t / (1 - beta2^t)`: once `q` is
    /// above `rectify_above`, `weight = weight - learning_rate * f * mc / (sqrt(vc) + epsilon)` with `f^2 = (q - 4)
    /// (q - 2) r / ((r - 4) (r - 2) q)`; before, `weight = weight - learning_rate * mc`. Slots: `first_moment`,
    /// `second_moment`.
    Radam "radam" "RAdam"
    {
        learning_rate: 1e-3;
        beta1: 0.9;
        beta2: 0.999;
        epsilon: 1e-8;
        /// How many gradients `v` must represent before it is used; 5 as in PyTorch and optax, 4 in the paper.
        rectify_above: 5.0 in Range::half_open(4.0, f64::INFINITY);
        weight_decay: 0.0;
    }
    {
        /// Where epsilon is added, as in `adam`; PyTorch uses `"hat"`.
        epsilon_mode: EpsilonMode = "outside";
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper { rectify_above: Number 4.0 }
        torch { epsilon_mode: Option "hat" }
        optax { weight_decay_style: Option "decoupled" }
    }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts {
        divisions: 2,
        parabola_rate: 0.05,
        rosenbrock_rate: 0.001,
        ..OptimizerFacts::USUAL
    };
}

impl Rule for Radam {
    type Scalars = Moments;

    fn prepare(&self, step: u64) -> Moments {
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
            return moments;
        }
        let share = ((held - 4.0) * (held - 2.0) * most / ((most - 4.0) * (most - 2.0) * held)).sqrt();
        Moments {
            step: (share * learning_rate * second.sqrt() / first, 0.0),
            root: 1.0,
            epsilons: self.epsilon_mode.split(epsilon, second),
            ..moments
        }
    }
}

/// Scalars of Adam: `w = kept(w) - (step.0 * m + step.1 * g) / (root * sqrt(v + inner) + outer)`.
///
/// Both bias corrections are in `step` and the epsilons, so an element costs one root and one division in every mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
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

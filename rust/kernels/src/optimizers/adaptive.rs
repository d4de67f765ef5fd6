//! Rules that divide by accumulated squares of the gradient: RMSprop, Adagrad, Adadelta.

use super::elementwise::elementwise;
use super::rule::{DECAY, Decay, Rule, Scalars, Settings, rule, tamed};
use super::words::{EpsilonModeUncorrected, Epsilons, MomentumStyle, WeightDecayStyle};
use crate::real::{Element, Real};
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

elementwise! { Scaled: 1; Driven: 2; Centred: 2 | 3; Relative: 2 }

rule! {
    /// Divides by a running root mean square of the gradient (Tieleman and Hinton, 2012, lecture 6e).
    ///
    /// `s = decay * s + (1 - decay) * gradient^2`, `weight = weight - learning_rate * gradient / sqrt(s + epsilon)`,
    /// from zero and without bias correction: the first step is `1 / sqrt(1 - decay)` times the learning rate. With
    /// `momentum` the divided gradients drive a velocity, as in `sgd`. Slots: `mean_square`, `mean_gradient` if
    /// centred, `velocity` with momentum.
    Rmsprop "rmsprop" "RMSprop"
    {
        /// Size of a step; PyTorch uses 0.01.
        learning_rate: 1e-3;
        /// Share of `s` that is kept; 0.9 as in Keras and optax, PyTorch uses 0.99.
        decay: 0.9 in DECAY;
        /// Keeps the divisor away from zero; Keras uses 1e-7.
        epsilon: 1e-8;
        /// Share of the velocity that is kept, which the divided gradient drives; 0 means no velocity.
        momentum: 0.0 in DECAY;
        weight_decay: 0.0;
    }
    {
        /// Where epsilon is added: inside the root (Keras, optax) or outside it (PyTorch).
        epsilon_mode: EpsilonModeUncorrected = "inside";
        /// Whether to subtract the square of a running mean of the gradient from `s`, so as to divide by the standard
        /// deviation (Graves, 2013).
        centered: bool = "false";
        /// How the divided gradient enters the velocity, as in `sgd`; PyTorch uses `"heavy-ball"`, Keras and optax
        /// `"keras"`.
        momentum_style: MomentumStyle = "heavy-ball";
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {}
        torch { learning_rate: Number 0.01, decay: Number 0.99, epsilon_mode: Option "outside" }
        keras { epsilon: Number 1e-7, momentum_style: Option "keras", weight_decay_style: Option "decoupled" }
        optax { momentum_style: Option "keras" }
    }
    slots &["mean_square", "mean_gradient", "velocity"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.01, rosenbrock_rate: 0.001, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Rmsprop {
    type Scalars = Divided;

    fn slots(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum == 0.0) {
            (false, true) => &["mean_square"],
            (false, false) => &["mean_square", "velocity"],
            (true, true) => &["mean_square", "mean_gradient"],
            (true, false) => Self::ENTRY.slots,
        }
    }

    fn prepare(&self, _step: u64) -> Divided {
        let Self { learning_rate, decay, momentum, .. } = *self;
        let scaled = Scaled {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, learning_rate),
            learning_rate,
            keep: decay,
            intake: 1.0 - decay,
            epsilons: self.epsilon_mode.0.split(self.epsilon, 1.0),
        };
        let (intake, factor) = self.momentum_style.split(momentum, learning_rate);
        let driven = Driven { scaled, momentum, intake, factor };
        match (self.centered, momentum == 0.0) {
            (false, true) => Divided::Plain(scaled),
            (false, false) => Divided::Driven(driven),
            (true, _) => Divided::Centred(Centred(driven)),
        }
    }
}

/// Scalars of RMSprop, by what its settings ask for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Divided {
    /// By the root of a mean of squares.
    Plain(Scaled),
    /// That, with a velocity.
    Driven(Driven),
    /// By a deviation, perhaps with a velocity.
    Centred(Centred),
}

impl Scalars for Divided {
    #[inline]
    fn update<E: Element, const THREADS: bool>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        match self {
            Divided::Plain(step) => step.update::<E, THREADS>(weight, gradient, slots),
            Divided::Driven(step) => step.update::<E, THREADS>(weight, gradient, slots),
            Divided::Centred(step) => step.update::<E, THREADS>(weight, gradient, slots),
        }
    }
}

/// Scalars of a rule that divides by the root of gathered squares: RMSprop, Adagrad.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    decay: Decay,
    learning_rate: f64,
    keep: f64,
    intake: f64,
    epsilons: Epsilons,
}

impl Scaled {
    /// The gradient that is taken in, and the squares with it.
    #[inline(always)]
    fn gathered<R: Real>(&self, weight: R, gradient: R, squares: R) -> (R, R) {
        let gradient = tamed(self.decay.pull(weight, gradient));
        (gradient, R::constant(self.keep) * squares + R::constant(self.intake) * (gradient * gradient))
    }

    /// The deviation's square and the new mean, for squares that are new already.
    #[inline(always)]
    fn spread<R: Real>(&self, gradient: R, squares: R, mean: R) -> (R, R) {
        let mean = R::constant(self.keep) * mean + R::constant(self.intake) * gradient;
        // Rounding may leave less than nothing.
        ((squares - mean * mean).maximum(R::zero()), mean)
    }
}

impl Update<1> for Scaled {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares]: [R; 1]) -> (R, [R; 1]) {
        let (gradient, squares) = self.gathered(weight, gradient, squares);
        let root = self.epsilons.root(squares);
        (self.decay.kept(weight) - R::constant(self.learning_rate) * gradient / root, [squares])
    }
}

/// Scalars of [`Scaled`] with a velocity: `v = momentum * v + intake * d / root`, and the weight moves by `factor * v`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Driven {
    scaled: Scaled,
    momentum: f64,
    intake: f64,
    factor: f64,
}

impl Driven {
    /// The new weight and velocity.
    #[inline(always)]
    fn moved<R: Real>(&self, weight: R, gradient: R, root: R, velocity: R) -> (R, R) {
        let velocity = R::constant(self.momentum) * velocity + R::constant(self.intake) * gradient / root;
        (self.scaled.decay.kept(weight) + R::constant(self.factor) * velocity, velocity)
    }
}

impl Update<2> for Driven {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares, velocity]: [R; 2]) -> (R, [R; 2]) {
        let (gradient, squares) = self.scaled.gathered(weight, gradient, squares);
        let (weight, velocity) = self.moved(weight, gradient, self.scaled.epsilons.root(squares), velocity);
        (weight, [squares, velocity])
    }
}

/// Scalars of a rule that divides by a deviation: without a velocity it has two slots, with one three.
#[derive(Clone, Copy, Debug)]
pub(super) struct Centred(Driven);

impl Update<2> for Centred {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares, mean]: [R; 2]) -> (R, [R; 2]) {
        let scaled = &self.0.scaled;
        let (gradient, squares) = scaled.gathered(weight, gradient, squares);
        let (variance, mean) = scaled.spread(gradient, squares, mean);
        let root = scaled.epsilons.root(variance);
        (scaled.decay.kept(weight) - R::constant(scaled.learning_rate) * gradient / root, [squares, mean])
    }
}

impl Update<3> for Centred {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares, mean, velocity]: [R; 3]) -> (R, [R; 3]) {
        let scaled = &self.0.scaled;
        let (gradient, squares) = scaled.gathered(weight, gradient, squares);
        let (variance, mean) = scaled.spread(gradient, squares, mean);
        let (weight, velocity) = self.0.moved(weight, gradient, scaled.epsilons.root(variance), velocity);
        (weight, [squares, mean, velocity])
    }
}

rule! {
    /// Divides by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer, 2011).
    ///
    /// `s = s + gradient^2`, `weight = weight - learning_rate * gradient / (sqrt(s) + epsilon)`. Follows PyTorch;
    /// Keras and optax start `s` at 0.1, with epsilon 1e-7 inside the root. Slot: `sum_of_squares`.
    Adagrad "adagrad" "Adagrad"
    {
        /// Size of a step; Keras uses 0.001.
        learning_rate: 0.01;
        /// Initial value of `s`.
        initial_accumulator: 0.0 in Range::non_negative();
        epsilon: 1e-10;
        weight_decay: 0.0;
    }
    {
        /// Where epsilon is added: outside the root (PyTorch) or inside it (Keras, optax).
        epsilon_mode: EpsilonModeUncorrected = "outside";
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {} torch {}
        keras {
            learning_rate: Number 1e-3, initial_accumulator: Number 0.1, epsilon: Number 1e-7,
            epsilon_mode: Option "inside", weight_decay_style: Option "decoupled",
        }
        optax { initial_accumulator: Number 0.1, epsilon: Number 1e-7, epsilon_mode: Option "inside" }
    }
    slots &["sum_of_squares"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.5, rosenbrock_rate: 0.5, ..OptimizerFacts::SCALE_FREE };
}

impl Rule for Adagrad {
    type Scalars = Scaled;

    fn slot_start(&self, _slot: &str) -> f64 {
        self.initial_accumulator
    }

    fn prepare(&self, _step: u64) -> Scaled {
        Scaled {
            decay: Decay::new(self.weight_decay_style, self.weight_decay, self.learning_rate),
            learning_rate: self.learning_rate,
            keep: 1.0,
            intake: 1.0,
            epsilons: self.epsilon_mode.0.split(self.epsilon, 1.0),
        }
    }
}

rule! {
    /// Takes steps the size of recent steps, relative to the size of recent gradients (Zeiler, 2012).
    ///
    /// `s = decay * s + (1 - decay) * gradient^2`, `d = sqrt(u + epsilon) / sqrt(s + epsilon) * gradient`, `u = decay
    /// * u + (1 - decay) * d^2`, `weight = weight - learning_rate * d`; both averages start at zero, so the first
    /// steps are about `sqrt(epsilon)`. Slots: `mean_square` (`s`), `mean_square_step` (`u`).
    Adadelta "adadelta" "Adadelta"
    {
        /// Factor of a step; 1 as in PyTorch and in the paper, which has no such factor. Keras uses 0.001.
        learning_rate: 1.0;
        /// Share of both averages that is kept; 0.95 as in the paper and Keras, PyTorch and optax use 0.9.
        decay: 0.95 in DECAY;
        /// Gets the first steps going; 1e-6 as in the paper, PyTorch and optax, Keras uses 1e-7.
        epsilon: 1e-6;
        weight_decay: 0.0;
    }
    {
        /// How weights are pulled towards zero; optax does as PyTorch does.
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {}
        torch { decay: Number 0.9 }
        keras { learning_rate: Number 1e-3, epsilon: Number 1e-7, weight_decay_style: Option "decoupled" }
        optax { decay: Number 0.9 }
    }
    slots &["mean_square", "mean_square_step"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 3.0, rosenbrock_rate: 0.01, ..OptimizerFacts::USUAL };
}

impl Rule for Adadelta {
    type Scalars = Relative;

    fn prepare(&self, _step: u64) -> Relative {
        let Self { learning_rate, decay, epsilon, .. } = *self;
        let weights = Decay::new(self.weight_decay_style, self.weight_decay, learning_rate);
        Relative { decay: weights, learning_rate, keep: decay, intake: 1.0 - decay, epsilon }
    }
}

/// Scalars of Adadelta.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relative {
    decay: Decay,
    learning_rate: f64,
    keep: f64,
    intake: f64,
    epsilon: f64,
}

impl Update<2> for Relative {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares, steps]: [R; 2]) -> (R, [R; 2]) {
        let (keep, intake, epsilon) = (R::constant(self.keep), R::constant(self.intake), R::constant(self.epsilon));
        let gradient = tamed(self.decay.pull(weight, gradient));
        let squares = keep * squares + intake * (gradient * gradient);
        // One root of the quotient: two would take as long as the division beside them.
        let step = ((steps + epsilon) / (squares + epsilon)).sqrt() * gradient;
        let steps = keep * steps + intake * (step * step);
        (self.decay.kept(weight) - R::constant(self.learning_rate) * step, [squares, steps])
    }
}

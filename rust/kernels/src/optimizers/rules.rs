//! The rules: entry, scalars of a step and formula, side by side; the list at the foot.

use super::pass;
use super::settings::{EpsilonMode, MomentumStyle, Word, rule};
use crate::real::{Element, Real};
use crate::registry::{Choice, OptimizerEntry, OptimizerFacts, Parameter, Range};
use crate::sweep::Update;

/// A rule's settings; written by the macro `rule!`.
trait Settings: Copy {
    /// What is known of it.
    const ENTRY: OptimizerEntry;
    /// The rule with every setting at its default.
    fn defaults() -> Self;
    /// The parameter of this index.
    fn number_mut(&mut self, index: usize) -> &mut f64;
    /// The option of the choice of this index.
    fn option(&self, index: usize) -> usize;
    /// Sets the option of the choice of this index.
    fn set_option(&mut self, index: usize, option: usize);
}

/// What a rule does with its settings.
trait Rule: Settings {
    /// The scalars of step `step`, which counts from 1.
    fn prepare(&self, step: u64) -> Step;
    /// The slots it has with these settings.
    fn slots(&self) -> &'static [&'static str] {
        Self::ENTRY.slots
    }
    /// What a slot starts from.
    fn slot_start(&self) -> f64 {
        0.0
    }
    /// Whether the settings, each in its range, agree with each other.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Smallest epsilon: small enough for every use, and not yet zero in single precision, where 0 / 0 would follow.
const SMALLEST_EPSILON: f64 = 1e-30;
/// Range of an epsilon.
const EPSILON: Range = Range { low: SMALLEST_EPSILON, high: f64::INFINITY, low_closed: true, high_closed: false };
/// Range of a factor that an average keeps of its past.
const DECAY: Range = Range::half_open(0.0, 1.0);

rule! {
    /// Gradient descent, with momentum if asked for.
    ///
    /// With `d = gradient + weight_decay * weight`: without momentum `weight = weight - learning_rate * d`. With momentum
    /// `m` the slot `velocity`, zero at first, is `v = m v + d` (`momentum_style` "heavy-ball", as PyTorch and optax),
    /// `v = m v + (1 - m) d` ("ema", as textbooks write it) or `v = m v - learning_rate * d` ("keras", also scikit-learn);
    /// then `weight = weight - learning_rate * v` (keras: `weight + v`). With `nesterov`, what the weight moves by is not
    /// `v` but the next velocity under the same gradient (`m v + d`, and alike).
    ///
    /// (Robbins and Monro, 1951; Polyak, 1964; Nesterov, 1983, in the form of Sutskever et al., 2013.)
    Sgd "sgd"
    {
        learning_rate: 0.01, Range::non_negative(), "Step size.";
        momentum: 0.0, DECAY, "What the velocity keeps of its past; 0 is plain descent.";
        weight_decay: 0.0, Range::non_negative(), "Added to the gradient, times the weight (an L2 penalty).";
    }
    {
        momentum_style: MomentumStyle = "heavy-ball", "How the velocity takes in the gradient.";
        nesterov: bool = "false", "Whether to look one step ahead.";
    }
    slots &["velocity"];
    facts OptimizerFacts { divisions: 0, parabola_rate: 0.1, rosenbrock_rate: 0.001, scale_free_start: false, rests_at_zero_gradient: true };
}

impl Rule for Sgd {
    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { Self::ENTRY.slots }
    }

    fn check(&self) -> Result<(), String> {
        if self.nesterov && self.momentum == 0.0 {
            return Err("sgd: expected `momentum` above 0 with `nesterov`, got 0".to_string());
        }
        Ok(())
    }

    fn prepare(&self, _step: u64) -> Step {
        let Self { learning_rate, momentum, weight_decay, .. } = *self;
        if momentum == 0.0 {
            return Step::Descent(Descent { learning_rate, weight_decay });
        }
        let (intake, factor) = match self.momentum_style {
            MomentumStyle::HeavyBall => (1.0, -learning_rate),
            MomentumStyle::Ema => (1.0 - momentum, -learning_rate),
            MomentumStyle::Keras => (-learning_rate, 1.0),
        };
        let ahead = if self.nesterov { (momentum, intake) } else { (1.0, 0.0) };
        Step::Momentum(Momentum { momentum, weight_decay, intake, factor, ahead })
    }
}

/// Scalars of plain descent.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    learning_rate: f64,
    weight_decay: f64,
}

impl Update<0> for Descent {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, []: [R; 0]) -> (R, [R; 0]) {
        let gradient = gradient + R::constant(self.weight_decay) * weight;
        (weight - R::constant(self.learning_rate) * gradient, [])
    }
}

/// Scalars of descent with momentum: the weight moves by `factor * (ahead.0 * v + ahead.1 * d)`.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    momentum: f64,
    weight_decay: f64,
    intake: f64,
    factor: f64,
    ahead: (f64, f64),
}

impl Update<1> for Momentum {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [velocity]: [R; 1]) -> (R, [R; 1]) {
        let gradient = gradient + R::constant(self.weight_decay) * weight;
        let velocity = R::constant(self.momentum) * velocity + R::constant(self.intake) * gradient;
        let move_by = R::constant(self.ahead.0) * velocity + R::constant(self.ahead.1) * gradient;
        (weight + R::constant(self.factor) * move_by, [velocity])
    }
}

rule! {
    /// RMSprop: each step is divided by the root of a moving average of squared gradients.
    ///
    /// `s = decay * s + (1 - decay) * gradient^2`, from zero and without bias correction, so the first steps are larger by
    /// `1 / sqrt(1 - decay)`; `weight = weight - learning_rate * gradient / sqrt(s + epsilon)`, or with `epsilon_mode`
    /// "outside" `... / (sqrt(s) + epsilon)`. Slot: `mean_square`. Keras and optax stand inside, PyTorch outside with
    /// decay 0.99. (Tieleman and Hinton, 2012, lecture 6e.)
    Rmsprop "rmsprop"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        decay: 0.9, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "Added to the gradient, times the weight (an L2 penalty).";
    }
    { epsilon_mode: EpsilonModeUncorrected = "inside", "Where epsilon stands."; }
    slots &["mean_square"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.01, rosenbrock_rate: 0.001, scale_free_start: true, rests_at_zero_gradient: true };
}

impl Rule for Rmsprop {
    fn prepare(&self, _step: u64) -> Step {
        Step::Scaled(Scaled {
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            keep: self.decay,
            intake: 1.0 - self.decay,
            epsilons: self.epsilon_mode.0.split(self.epsilon, 1.0),
        })
    }
}

/// [`EpsilonMode`] of a rule without bias correction, where "hat" would be "outside".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpsilonModeUncorrected(pub EpsilonMode);

impl Word for EpsilonModeUncorrected {
    const WORDS: &'static [&'static str] = &["outside", "inside"];
    fn from_index(index: usize) -> Self {
        Self(EpsilonMode::from_index(index))
    }
    fn index(self) -> usize {
        self.0.index()
    }
}

/// Scalars of a rule that divides by the root of gathered squares: RMSprop, Adagrad.
#[derive(Clone, Copy, Debug)]
pub struct Scaled {
    learning_rate: f64,
    weight_decay: f64,
    keep: f64,
    intake: f64,
    epsilons: super::settings::Epsilons,
}

impl Update<1> for Scaled {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [squares]: [R; 1]) -> (R, [R; 1]) {
        let gradient = gradient + R::constant(self.weight_decay) * weight;
        let squares = R::constant(self.keep) * squares + R::constant(self.intake) * (gradient * gradient);
        let root = (squares + R::constant(self.epsilons.inner)).sqrt() + R::constant(self.epsilons.outer);
        (weight - R::constant(self.learning_rate) * gradient / root, [squares])
    }
}

rule! {
    /// Adagrad: each step is divided by the root of the sum of all squared gradients so far.
    ///
    /// `s = s + gradient^2`, from `initial_accumulator`; `weight = weight - learning_rate * gradient / (sqrt(s) + epsilon)`,
    /// or with `epsilon_mode` "inside" `... / sqrt(s + epsilon)`. Slot: `sum_of_squares`. PyTorch is as here; Keras and
    /// optax stand inside with epsilon 1e-7 and start from 0.1. (Duchi, Hazan and Singer, 2011.)
    Adagrad "adagrad"
    {
        learning_rate: 0.01, Range::non_negative(), "Step size.";
        initial_accumulator: 0.0, Range::non_negative(), "What the sum of squares starts from.";
        epsilon: 1e-10, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.0, Range::non_negative(), "Added to the gradient, times the weight (an L2 penalty).";
    }
    { epsilon_mode: EpsilonModeUncorrected = "outside", "Where epsilon stands."; }
    slots &["sum_of_squares"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.5, rosenbrock_rate: 0.5, scale_free_start: true, rests_at_zero_gradient: true };
}

impl Rule for Adagrad {
    fn slot_start(&self) -> f64 {
        self.initial_accumulator
    }

    fn prepare(&self, _step: u64) -> Step {
        Step::Scaled(Scaled {
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            keep: 1.0,
            intake: 1.0,
            epsilons: self.epsilon_mode.0.split(self.epsilon, 1.0),
        })
    }
}

rule! {
    /// Adam: momentum, divided by the root of a moving average of squared gradients, both bias corrected.
    ///
    /// `m = beta1 * m + (1 - beta1) * gradient` and `v = beta2 * v + (1 - beta2) * gradient^2`, from zero; in step `t`,
    /// `mc = m / (1 - beta1^t)` and `vc = v / (1 - beta2^t)`; `weight = weight - learning_rate * mc / (sqrt(vc) + epsilon)`.
    /// `epsilon_mode` "inside" is `... / sqrt(vc + epsilon)`; "hat" adds epsilon to `sqrt(v)` before the correction, as
    /// Keras and scikit-learn do. Slots: `first_moment`, `second_moment`. (Kingma and Ba, 2014.)
    Adam "adam"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
    }
    { epsilon_mode: EpsilonMode = "outside", "Where epsilon stands."; }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, scale_free_start: true, rests_at_zero_gradient: true };
}

impl Rule for Adam {
    fn prepare(&self, step: u64) -> Step {
        // `1 - beta^t` without cancellation for a beta close to one.
        let correction = |beta: f64| -(beta.ln() * step as f64).exp_m1();
        let (first, second) = (correction(self.beta1), correction(self.beta2));
        Step::Moments(Moments {
            keep_weight: 1.0,
            keep: (self.beta1, self.beta2),
            intake: (1.0 - self.beta1, 1.0 - self.beta2),
            step: self.learning_rate * second.sqrt() / first,
            epsilons: self.epsilon_mode.split(self.epsilon, second),
        })
    }
}

rule! {
    /// Adam with decoupled weight decay: the weight itself shrinks, the averages do not see it.
    ///
    /// `weight = (1 - learning_rate * weight_decay) * weight`, then the step of `adam`. Slots: `first_moment`,
    /// `second_moment`. The default decay is PyTorch's; Keras has 0.004, optax 1e-4. (Loshchilov and Hutter, 2017.)
    Adamw "adamw"
    {
        learning_rate: 1e-3, Range::non_negative(), "Step size.";
        beta1: 0.9, DECAY, "What the average of gradients keeps of its past.";
        beta2: 0.999, DECAY, "What the average of squares keeps of its past.";
        epsilon: 1e-8, EPSILON, "Keeps the divisor from zero.";
        weight_decay: 0.01, Range::non_negative(), "Share of the weight taken off, times the learning rate.";
    }
    { epsilon_mode: EpsilonMode = "outside", "Where epsilon stands."; }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts { divisions: 2, parabola_rate: 0.05, rosenbrock_rate: 0.01, scale_free_start: false, rests_at_zero_gradient: false };
}

impl Rule for Adamw {
    fn prepare(&self, step: u64) -> Step {
        let Self { learning_rate, beta1, beta2, epsilon, epsilon_mode, weight_decay } = *self;
        let adam = Adam { learning_rate, beta1, beta2, epsilon, epsilon_mode };
        match adam.prepare(step) {
            Step::Moments(moments) => {
                Step::Moments(Moments { keep_weight: 1.0 - learning_rate * weight_decay, ..moments })
            }
            other => other,
        }
    }
}

/// Scalars of Adam: `w = keep_weight * w - step * m / (sqrt(v + inner) + outer)`.
///
/// Both bias corrections are in `step` and the epsilons, so an element costs one root and one division in every mode.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    keep_weight: f64,
    keep: (f64, f64),
    intake: (f64, f64),
    step: f64,
    epsilons: super::settings::Epsilons,
}

impl Update<2> for Moments {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [first, second]: [R; 2]) -> (R, [R; 2]) {
        let first = R::constant(self.keep.0) * first + R::constant(self.intake.0) * gradient;
        let second = R::constant(self.keep.1) * second + R::constant(self.intake.1) * (gradient * gradient);
        let root = (second + R::constant(self.epsilons.inner)).sqrt() + R::constant(self.epsilons.outer);
        (R::constant(self.keep_weight) * weight - R::constant(self.step) * first / root, [first, second])
    }
}

/// The formula of a step with its scalars: what a whole step over all parameters shares.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Plain descent.
    Descent(Descent),
    /// Descent with a velocity.
    Momentum(Momentum),
    /// Division by gathered squares.
    Scaled(Scaled),
    /// Two moments.
    Moments(Moments),
}

impl Step {
    /// Updates a range of the parameters: `weight`, `gradient` and every slot are slices of the same range.
    ///
    /// Any cut into ranges gives the same bits. `slots` has as many slices as [`Optimizer::slots`] has names. A long range
    /// is spread over the threads.
    pub fn update<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.run::<E, true>(weight, gradient, slots);
    }

    /// [`Step::update`] on this thread alone: for short ranges, within a kernel that is cut for the threads already.
    #[inline]
    pub fn update_here<E: Element>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        self.run::<E, false>(weight, gradient, slots);
    }

    #[inline]
    fn run<E: Element, const THREADS: bool>(&self, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]) {
        match (self, slots) {
            (Step::Descent(step), []) => pass::run::<E, _, THREADS>(*step, weight, gradient),
            (Step::Momentum(step), [velocity]) => pass::run_one::<E, _, THREADS>(*step, weight, gradient, velocity),
            (Step::Scaled(step), [squares]) => pass::run_one::<E, _, THREADS>(*step, weight, gradient, squares),
            (Step::Moments(step), [first, second]) => {
                pass::run_two::<E, _, THREADS>(*step, weight, gradient, [first, second]);
            }
            (step, slots) => panic!("{step:?} does not take {} slots", slots.len()),
        }
    }
}

/// Lists the rules: makes [`Optimizer`], which stands for any of them, and [`ENTRIES`].
macro_rules! rules {
    ($($type:ident),* $(,)?) => {
        /// Any update rule with its settings.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Optimizer {
            $(#[doc = concat!("See [`", stringify!($type), "`].")] $type($type),)*
        }

        /// Every update rule there is.
        pub const ENTRIES: &[OptimizerEntry] = &[$($type::ENTRY),*];

        impl Optimizer {
            /// The rule of this name, every setting at its default.
            pub(super) fn of_name(name: &str) -> Result<Self, String> {
                match name {
                    $(name if name == $type::ENTRY.name => Ok(Self::$type($type::defaults())),)*
                    _ => {
                        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
                        Err(format!("optimizer: unknown name {name:?}; expected one of {}", known.join(", ")))
                    }
                }
            }

            /// What is known of it.
            pub fn entry(&self) -> &'static OptimizerEntry {
                match self {
                    $(Self::$type(_) => const { &$type::ENTRY },)*
                }
            }

            /// Names of the slots it has with these settings, in the order of [`Step::update`].
            pub fn slots(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$type(rule) => rule.slots(),)*
                }
            }

            /// What every element of every slot is before the first step.
            pub fn slot_start(&self) -> f64 {
                match self {
                    $(Self::$type(rule) => rule.slot_start(),)*
                }
            }

            /// The scalars of step `step`, which counts from 1, computed in double precision.
            pub fn prepare(&self, step: u64) -> Step {
                match self {
                    $(Self::$type(rule) => rule.prepare(step),)*
                }
            }

            pub(super) fn check(&self) -> Result<(), String> {
                match self {
                    $(Self::$type(rule) => rule.check(),)*
                }
            }

            pub(super) fn number_mut(&mut self, index: usize) -> &mut f64 {
                match self {
                    $(Self::$type(rule) => rule.number_mut(index),)*
                }
            }

            pub(super) fn option(&self, index: usize) -> usize {
                match self {
                    $(Self::$type(rule) => rule.option(index),)*
                }
            }

            pub(super) fn set_option(&mut self, index: usize, option: usize) {
                match self {
                    $(Self::$type(rule) => rule.set_option(index, option),)*
                }
            }
        }
    };
}

rules![Sgd, Rmsprop, Adagrad, Adam, Adamw];

//! Gradient descent, plain and with momentum.

use super::Step;
use super::rule::{DECAY, Decay, Rule, Settings};
use super::settings::{MomentumStyle, WeightDecayStyle, rule};
use crate::error::{Result, value_error};
use crate::real::Real;
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

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
        weight_decay: 0.0, Range::non_negative(), "How strongly weights are pulled towards zero.";
    }
    {
        momentum_style: MomentumStyle = "heavy-ball", "How the velocity takes in the gradient.";
        nesterov: bool = "false", "Whether to look one step ahead.";
        weight_decay_style: WeightDecayStyle = "coupled", "Whether the gradient or the weight itself is decayed.";
    }
    slots &["velocity"];
    facts OptimizerFacts { parabola_rate: 0.1, rosenbrock_rate: 0.001, ..OptimizerFacts::USUAL };
}

impl Rule for Sgd {
    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { Self::ENTRY.slots }
    }

    fn check(&self) -> Result<()> {
        if self.nesterov && self.momentum == 0.0 {
            return value_error!("sgd: expected `momentum` above 0 with `nesterov`, got 0");
        }
        Ok(())
    }

    fn prepare(&self, _step: u64) -> Step {
        let Self { learning_rate, momentum, .. } = *self;
        let decay = Decay::new(self.weight_decay_style, self.weight_decay, learning_rate);
        if momentum == 0.0 {
            return Step::Descent(Descent { decay, learning_rate });
        }
        let (intake, factor) = self.momentum_style.split(momentum, learning_rate);
        let ahead = if self.nesterov { (momentum, intake) } else { (1.0, 0.0) };
        Step::Momentum(Momentum { decay, momentum, intake, factor, ahead })
    }
}

/// Scalars of plain descent.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    decay: Decay,
    learning_rate: f64,
}

impl Update<0> for Descent {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, []: [R; 0]) -> (R, [R; 0]) {
        let gradient = self.decay.pull(weight, gradient);
        (self.decay.kept(weight) - R::constant(self.learning_rate) * gradient, [])
    }
}

/// Scalars of descent with momentum: the weight moves by `factor * (ahead.0 * v + ahead.1 * d)`.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    decay: Decay,
    momentum: f64,
    intake: f64,
    factor: f64,
    ahead: (f64, f64),
}

impl Update<1> for Momentum {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [velocity]: [R; 1]) -> (R, [R; 1]) {
        let gradient = self.decay.pull(weight, gradient);
        let velocity = R::constant(self.momentum) * velocity + R::constant(self.intake) * gradient;
        let move_by = R::constant(self.ahead.0) * velocity + R::constant(self.ahead.1) * gradient;
        (self.decay.kept(weight) + R::constant(self.factor) * move_by, [velocity])
    }
}

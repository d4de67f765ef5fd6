//! Gradient descent, plain and with momentum.

use super::elementwise::elementwise;
use super::rule::{DECAY, Decay, Rule, Settings, rule};
use super::words::{MomentumStyle, WeightDecayStyle};
use crate::error::{Result, value_error};
use crate::real::Real;
use crate::registry::OptimizerFacts;
use crate::sweep::Update;

elementwise! { Descent: 0 | 1 }

rule! {
    /// Stochastic gradient descent, with momentum if asked for (Robbins and Monro, 1951; Polyak, 1964).
    ///
    /// Without momentum, `weight = weight - learning_rate * gradient`. With momentum `m`, the gradient `g` enters a
    /// velocity `v`, which starts at zero:
    ///
    /// - `"heavy-ball"` (PyTorch, optax): `v = m v + g`, `weight = weight - learning_rate * v`
    /// - `"ema"` (textbooks): `v = m v + (1 - m) g`, `weight = weight - learning_rate * v`
    /// - `"keras"` (Keras, scikit-learn): `v = m v - learning_rate * g`, `weight = weight + v`; a changed learning
    ///   rate leaves the velocity as it was.
    ///
    /// With `nesterov` the weight moves not by `v` but by the next velocity under the same gradient, such as `m v + g`;
    /// it needs a momentum above 0 (Nesterov, 1983, in the form of Sutskever et al., 2013). Slot: `velocity`
    /// with momentum.
    Sgd "sgd" "SGD"
    {
        /// Size of a step. The default is that of Keras; PyTorch and scikit-learn use 0.001.
        learning_rate: 0.01;
        /// Share of the velocity that is kept; 0 is plain descent, scikit-learn uses 0.9.
        momentum: 0.0 in DECAY;
        weight_decay: 0.0;
    }
    {
        /// How the gradient enters the velocity.
        momentum_style: MomentumStyle = "heavy-ball";
        /// Whether to look one step ahead along the velocity; scikit-learn does.
        nesterov: bool = "false";
        /// How weights are pulled towards zero. scikit-learn's `alpha` is coupled, divided by the number of rows in
        /// the batch, and does not affect biases.
        weight_decay_style: WeightDecayStyle = "coupled";
    }
    styles {
        paper {}
        torch { learning_rate: Number 1e-3 }
        keras { momentum_style: Option "keras", weight_decay_style: Option "decoupled" }
        optax {}
        sklearn {
            learning_rate: Number 1e-3, momentum: Number 0.9, momentum_style: Option "keras", nesterov: Flag true,
        }
    }
    slots &["velocity"];
    facts OptimizerFacts { parabola_rate: 0.1, rosenbrock_rate: 0.001, ..OptimizerFacts::USUAL };
}

impl Rule for Sgd {
    type Scalars = Descent;

    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { Self::ENTRY.slots }
    }

    fn check(&self) -> Result<()> {
        if self.nesterov && self.momentum == 0.0 {
            return value_error!("sgd: expected `momentum` above 0 with `nesterov`, got 0");
        }
        Ok(())
    }

    fn prepare(&self, _step: u64) -> Descent {
        let Self { learning_rate, momentum, .. } = *self;
        let decay = Decay::new(self.weight_decay_style, self.weight_decay, learning_rate);
        let (intake, factor) = self.momentum_style.split(momentum, learning_rate);
        let ahead = if self.nesterov { (momentum, intake) } else { (1.0, 0.0) };
        Descent { decay, learning_rate, momentum, intake, factor, ahead }
    }
}

/// Scalars of descent: without a slot the weight moves by `-learning_rate * d`, with a velocity by
/// `factor * (ahead.0 * v + ahead.1 * d)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descent {
    decay: Decay,
    learning_rate: f64,
    momentum: f64,
    intake: f64,
    factor: f64,
    ahead: (f64, f64),
}

impl Update<0> for Descent {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, []: [R; 0]) -> (R, [R; 0]) {
        let gradient = self.decay.pull(weight, gradient);
        (self.decay.kept(weight) - R::constant(self.learning_rate) * gradient, [])
    }
}

impl Update<1> for Descent {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [velocity]: [R; 1]) -> (R, [R; 1]) {
        let gradient = self.decay.pull(weight, gradient);
        let velocity = R::constant(self.momentum) * velocity + R::constant(self.intake) * gradient;
        let move_by = R::constant(self.ahead.0) * velocity + R::constant(self.ahead.1) * gradient;
        (self.decay.kept(weight) + R::constant(self.factor) * move_by, [velocity])
    }
}

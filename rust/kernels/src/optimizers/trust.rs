//! Rules whose step is proportional to the size of the weights: LAMB, LARS.

use super::elementwise::run;
use super::passes::{Pass, pass_over};
use super::rule::{DECAY, Rule, Scalars, WholeParameter, correction, rule, tamed};
use crate::real::{Element, Real};
use crate::registry::{OptimizerFacts, Range};
use crate::sweep::Update;

/// Norm of a tensor over that of its step, or 1 where one of them is zero.
fn ratio(weight: f64, step: f64) -> f64 {
    if weight > 0.0 && step > 0.0 { weight / step } else { 1.0 }
}

/// Largest factor of a step: beside subnormal gradients a ratio may be larger than any number of the type.
fn largest<E: Element>() -> f64 {
    if size_of::<E>() == 4 { 1e37 } else { 1e300 }
}

rule! {
    /// Adam's direction, with the step of each tensor proportional to the norm of its weights (You et al., 2019): for
    /// large batches.
    ///
    /// `r = mc / (sqrt(vc) + epsilon) + weight_decay * weight` with the moments of `adam`, then `weight = weight -
    /// learning_rate * |weight| / |r| * r`, with the norms of the whole tensor, and 1 for their ratio where one is
    /// zero. Without a bound of the norm of the weight, as optax and PyTorch's users have it. Slots, from zero:
    /// `first_moment`, `second_moment`.
    Lamb "lamb" "LAMB"
    {
        /// Share of its norm by which a tensor moves in a step.
        learning_rate: 1e-3;
        beta1: 0.9;
        beta2: 0.999;
        /// Keeps the divisor away from zero; 1e-6 as in the paper and optax.
        epsilon: 1e-6;
        /// Share of the weight that is added to the direction.
        weight_decay: 0.0;
    }
    {}
    styles {
        paper {} optax {}
        keras { epsilon: Number 1e-7 }
    }
    slots &["first_moment", "second_moment"];
    facts OptimizerFacts {
        divisions: 2,
        parabola_rate: 0.05,
        rosenbrock_rate: 0.003,
        elementwise: false,
        ..OptimizerFacts::SCALE_FREE
    };
}

impl Rule for Lamb {
    type Scalars = Layered;

    fn prepare(&self, step: u64) -> Layered {
        let (first, second) = (correction(self.beta1, step), correction(self.beta2, step));
        Layered {
            learning_rate: self.learning_rate,
            moments: DirectionPass {
                keep: (self.beta1, self.beta2),
                intake: (1.0 - self.beta1, 1.0 - self.beta2),
                factor: second.sqrt() / first,
                epsilon: self.epsilon * second.sqrt(),
                weight_decay: self.weight_decay,
            },
        }
    }
}

/// Scalars of LAMB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layered {
    learning_rate: f64,
    moments: DirectionPass,
}

/// The first pass: moments, the direction, and the squares of direction and weight.
#[derive(Clone, Copy, Debug)]
struct DirectionPass {
    keep: (f64, f64),
    intake: (f64, f64),
    factor: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Pass<3, 2, 2> for DirectionPass {
    #[inline(always)]
    fn visit<R: Real>(&self, [first, second, _]: [R; 3], [weight, gradient]: [R; 2]) -> ([R; 3], [R; 2]) {
        let gradient = tamed(gradient);
        let first = R::constant(self.keep.0) * first + R::constant(self.intake.0) * gradient;
        let second = R::constant(self.keep.1) * second + R::constant(self.intake.1) * (gradient * gradient);
        let scaled = R::constant(self.factor) * first / (second.sqrt() + R::constant(self.epsilon));
        let direction = scaled + R::constant(self.weight_decay) * weight;
        ([first, second, direction], [weight, direction])
    }
}

/// The weight moves against a direction.
#[derive(Clone, Copy)]
struct Against(f64);

impl Update<0> for Against {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, direction: R, []: [R; 0]) -> (R, [R; 0]) {
        (weight - R::constant(self.0) * direction, [])
    }
}

impl Scalars for Layered {
    fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
        let WholeParameter { weight, gradient, slots, scratch, .. } = parameter;
        let [first, second] = WholeParameter::slots(slots);
        let direction = &mut scratch[..weight.len()];
        let [weights, steps] = pass_over(self.moments, [first, second, direction], [weight, gradient]);
        let factor = self.learning_rate * ratio(weights.sqrt(), steps.sqrt());
        run::<E, Against, 0, 1, true>(Against(factor.min(largest::<E>())), weight, direction, &mut []);
    }

    fn scratch<E: Element>(shape: &[usize]) -> usize {
        shape.iter().product()
    }
}

rule! {
    /// Descent with momentum, with each tensor's gradient scaled to a share of the norm of its weights (You et al.,
    /// 2017).
    ///
    /// With `d = gradient + weight_decay * weight`: `v = momentum * v + learning_rate * trust * |weight| / |d| * d`,
    /// with the norms of the whole tensor and 1 for their ratio times `trust` where one is zero; `weight = weight -
    /// v`, with `nesterov` the next velocity under the same gradient. Follows optax; the paper divides by `|gradient|
    /// + weight_decay * |weight|`. Biases are usually left to another rule (`Groups`). Slot, from zero: `velocity`.
    Lars "lars" "LARS"
    {
        /// Size of a step, relative to the share that `trust` allows.
        learning_rate: 1.0;
        /// Share of the velocity that is kept.
        momentum: 0.9 in DECAY;
        /// Share of its norm by which a tensor moves at a learning rate of 1.
        trust: 1e-3 in Range::non_negative();
        /// Added to the gradient, times the weight.
        weight_decay: 0.0;
    }
    {
        nesterov: bool = "false";
    }
    styles {
        paper {} optax {}
    }
    slots &["velocity"];
    facts OptimizerFacts {
        parabola_rate: 10.0,
        rosenbrock_rate: 1.0,
        elementwise: false,
        ..OptimizerFacts::SCALE_FREE
    };
}

impl Rule for Lars {
    type Scalars = Rescaled;

    fn prepare(&self, _step: u64) -> Rescaled {
        let Self { learning_rate, momentum, trust, weight_decay, nesterov } = *self;
        Rescaled { learning_rate, trust, momentum, weight_decay, nesterov }
    }
}

/// Scalars of LARS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rescaled {
    learning_rate: f64,
    trust: f64,
    momentum: f64,
    weight_decay: f64,
    nesterov: bool,
}

/// The weight and its gradient with decay.
#[derive(Clone, Copy)]
struct Lengths {
    weight_decay: f64,
}

impl Pass<0, 2, 2> for Lengths {
    #[inline(always)]
    fn visit<R: Real>(&self, []: [R; 0], [weight, gradient]: [R; 2]) -> ([R; 0], [R; 2]) {
        let pull = tamed(gradient) + R::constant(self.weight_decay) * weight;
        ([], [weight, pull])
    }
}

/// The velocity takes in the gradient, and the weight follows.
#[derive(Clone, Copy)]
struct Follow {
    momentum: f64,
    weight_decay: f64,
    intake: f64,
    ahead: (f64, f64),
}

impl Update<1> for Follow {
    #[inline(always)]
    fn apply<R: Real>(&self, weight: R, gradient: R, [velocity]: [R; 1]) -> (R, [R; 1]) {
        let pull = R::constant(self.intake) * (tamed(gradient) + R::constant(self.weight_decay) * weight);
        let velocity = R::constant(self.momentum) * velocity + pull;
        let move_by = R::constant(self.ahead.0) * velocity + R::constant(self.ahead.1) * pull;
        (weight - move_by, [velocity])
    }
}

impl Scalars for Rescaled {
    fn update_whole<E: Element>(&self, parameter: WholeParameter<'_, '_, E>) {
        let WholeParameter { weight, gradient, slots, .. } = parameter;
        let [velocity] = WholeParameter::slots(slots);
        let Self { learning_rate, trust, momentum, weight_decay, nesterov } = *self;
        let [weights, pulls] = pass_over(Lengths { weight_decay }, [], [weight, gradient]);
        let share = if weights > 0.0 && pulls > 0.0 { trust * weights.sqrt() / pulls.sqrt() } else { 1.0 };
        let ahead = if nesterov { (momentum, 1.0) } else { (1.0, 0.0) };
        let follow = Follow { momentum, weight_decay, intake: (learning_rate * share).min(largest::<E>()), ahead };
        run::<E, Follow, 1, 2, true>(follow, weight, gradient, &mut [velocity]);
    }
}

#[cfg(test)]
mod tests {
    use crate::optimizers::Optimizer;

    #[test]
    fn subnormal_gradients_leave_finite_weights() {
        for name in ["lamb", "lars"] {
            let optimizer = Optimizer::new(name, &[("learning_rate", crate::registry::Setting::Number(1.0))]).unwrap();
            let (mut weight, mut slots, mut scratch) = ([1.0f32, -2.0], [[0.0f32; 2]; 2], [0.0; 2]);
            let mut slots: Vec<&mut [f32]> =
                slots.iter_mut().take(optimizer.slots().len()).map(|slot| &mut slot[..]).collect();
            optimizer.prepare(1).update_whole(&mut weight, &[1e-45, -1e-45], &mut slots, &[2], &mut scratch);
            assert!(weight.iter().all(|weight| weight.is_finite()), "{name}: {weight:?}");
        }
    }
}

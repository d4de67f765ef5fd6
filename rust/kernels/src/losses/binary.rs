//! Losses of yes-or-no probabilities, from logits and from the probabilities themselves.

use super::formula::point_loss;
use crate::real::Real;
use crate::registry::{Domain, OutputActivation, Range, Setting};

point_loss! {
    /// Binary cross-entropy of logits: `-(t ln p + (1 - t) ln(1 - p))` with `p = sigmoid(x)` and a target `t` in [0,
    /// 1].
    ///
    /// Computed as `max(x, 0) - x t + ln(1 + exp(-|x|))`, exact for large logits: 200 at `x = 200, t = 0`, where the
    /// form for probabilities gives infinity or a clipped 100. The slope `p - t` is computed as
    /// `(1 - t) p - t (1 - p)`, each factor without cancellation. `positive_weight` multiplies the term with `t`, like
    /// PyTorch's `pos_weight`; smoothing makes the target `(1 - label_smoothing) t + label_smoothing / 2`, as in Keras.
    BinaryCrossEntropyWithLogits [Mean "binary_cross_entropy_with_logits"]
    {
        label_smoothing: 0.0 in Range::closed(0.0, 1.0), "Share by which targets move towards one half.";
        positive_weight: 1.0 in Range::positive(), "Weight of positive targets, for when they are rare.";
    }
    { targets: Domain::UnitInterval, output: OutputActivation::Sigmoid, zero_at_perfect: false }
    (this, x, t) {
        let (yes, no) = shares(t, this.label_smoothing);
        let yes = yes * R::constant(this.positive_weight);
        let (p, q, logarithm) = probabilities(x);
        let value = R::select(x < R::zero(), -(x * yes), x * no) + (yes + no) * logarithm;
        (value, no * p - yes * q)
    }
}

point_loss! {
    /// Binary cross-entropy of probabilities: `-(t ln p + (1 - t) ln(1 - p))` for a prediction `p` and a target `t` in
    /// [0, 1].
    ///
    /// For predictions that already are probabilities; it is better to train a model on logits with
    /// `binary_cross_entropy_with_logits`, which stays exact for large logits. Predictions outside [0, 1] are rejected.
    /// A logarithm is at least -100 and the slope divides by at least 1e-12, as in PyTorch, so `p = 0, t = 1` costs
    /// 100; Keras first clips `p` to [1e-7, 1 - 1e-7], where it costs 16.118 (`style="keras"`).
    BinaryCrossEntropy [Mean "binary_cross_entropy"]
    { epsilon: 0.0 in Range::half_open(0.0, 0.5), "Predictions are first clipped to [epsilon, 1 - epsilon]."; }
    {
        targets: Domain::UnitInterval, predictions: Domain::UnitInterval,
        styles: &[("torch", &[]), ("keras", &[("epsilon", Setting::Number(1e-7))])],
        zero_at_perfect: false,
    }
    (this, x, t) {
        let (epsilon, one) = (R::constant(this.epsilon), R::one());
        let p = x.clamp(epsilon, one - epsilon);
        let (least, smallest) = (R::constant(-100.0), R::constant(1e-12));
        let (q, rest) = (one - p, one - t);
        let value = -(t * p.ln().maximum(least) + rest * (-p).ln_1p().maximum(least));
        (value, rest / q.maximum(smallest) - t / p.maximum(smallest))
    }
}

point_loss! {
    /// Binary focal loss of logits: `-alpha_t (1 - p_t)^gamma ln(p_t)` with `p = sigmoid(x)`, `p_t` the probability
    /// given to the target (`p` for 1, `1 - p` for 0) and `alpha_t` likewise `alpha` or `1 - alpha`.
    ///
    /// Samples that are already predicted well count little. With `gamma = 0` and no `alpha` it is
    /// `binary_cross_entropy_with_logits`. For targets between 0 and 1, `p_t = t p + (1 - t)(1 - p)`, and `alpha_t`
    /// likewise, as in Keras and optax. There is no `alpha` by default: Keras has 0.25 but does not apply it unless
    /// told to. (Lin et al., 2017.)
    BinaryFocal [Mean "binary_focal_loss"]
    {
        gamma: 2.0 in Range::non_negative(), "How much less well-predicted samples count; 0 gives cross-entropy.";
        alpha: NONE in Range::closed(0.0, 1.0), "Weight of the target 1; the target 0 has weight 1 - alpha.";
    }
    {
        targets: Domain::UnitInterval, output: OutputActivation::Sigmoid, zero_at_perfect: false,
        ulp_f32: 12.0, ulp_f64: 12.0,
    }
    (this, x, t) {
        let (yes, no) = shares(t, 0.0);
        let (p, q, logarithm) = probabilities(x);
        let cross_entropy = R::select(x < R::zero(), -(x * yes), x * no) + logarithm;
        let gamma = R::constant(this.gamma);
        let missing = no * p + yes * q;
        let factor = R::select(gamma == R::zero(), R::one(), (gamma * missing.ln()).exp());
        // The slope of `missing`, over itself: `(1 - 2 t) p q / missing`.
        let change = R::select(missing == R::zero(), R::zero(), (no - yes) * (p * q) / missing);
        let slope = factor * (no * p - yes * q + gamma * change * cross_entropy);
        let alpha = R::constant(this.alpha);
        let weight = R::select(alpha.is_nan(), R::one(), yes * alpha + no * (R::one() - alpha));
        (weight * (factor * cross_entropy), weight * slope)
    }
}

/// Default of a parameter that the formula goes without.
const NONE: f64 = f64::NAN;

/// Shares of yes and of no, for a target with some smoothing.
#[inline(always)]
fn shares<R: Real>(t: R, smoothing: f64) -> (R, R) {
    let yes = R::constant(1.0 - smoothing).mul_add(t, R::constant(0.5 * smoothing));
    (yes, R::one() - yes)
}

/// `p = sigmoid(x)` and `1 - p`, each without cancellation, and `ln(1 + exp(-|x|))`.
#[inline(always)]
fn probabilities<R: Real>(x: R) -> (R, R, R) {
    let small = (-x.abs()).exp();
    let larger = R::one() / (R::one() + small);
    let smaller = small * larger;
    let negative = x < R::zero();
    (R::select(negative, smaller, larger), R::select(negative, larger, smaller), small.ln_1p())
}

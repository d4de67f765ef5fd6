//! Losses of a margin: of scores whose sign is the answer, and of distances.

use super::formula::point_loss;
use crate::real::Real;
use crate::registry::{Domain, DomainRule, Range, Setting};

/// Targets of 0 and 1 go with the choice of that name.
const ZERO_ONE: &[DomainRule] =
    &[DomainRule { choice: "zero_one_targets", option: "true", prediction: false, domain: Domain::ZeroOrOne }];

point_loss! {
    /// Hinge loss: `max(0, 1 - t x)` for a score `x` and a target `t` of -1 or 1; slope `-t` below the margin, 0 at it
    /// and beyond.
    ///
    /// The loss of support vector machines. PyTorch and optax expect targets of -1 and 1; Keras converts 0 and 1
    /// (`style="keras"`). (Cortes and Vapnik, 1995.)
    Hinge [Mean "hinge"] {}
    choices { zero_one_targets: false, "Whether targets are 0 and 1, which are converted to -1 and 1." }
    { targets: Domain::Sign, domains: ZERO_ONE, styles: &[("keras", &[("zero_one_targets", Setting::Flag(true))])] }
    (this, x, t) {
        let t = sign(t, this.zero_one_targets);
        let lack = R::one() - t * x;
        (lack.maximum(R::zero()), R::select(lack <= R::zero(), R::zero(), -t))
    }
}

point_loss! {
    /// Squared hinge loss: `max(0, 1 - t x)^2` for a score `x` and a target `t` of -1 or 1; smooth at the margin.
    ///
    /// Targets are as in `hinge`.
    SquaredHinge [Mean "squared_hinge"] {}
    choices { zero_one_targets: false, "Whether targets are 0 and 1, which are converted to -1 and 1." }
    { targets: Domain::Sign, domains: ZERO_ONE, styles: &[("keras", &[("zero_one_targets", Setting::Flag(true))])] }
    (this, x, t) {
        let t = sign(t, this.zero_one_targets);
        let lack = (R::one() - t * x).maximum(R::zero());
        (lack * lack, -(t * (lack + lack)))
    }
}

point_loss! {
    /// Soft margin loss: `ln(1 + exp(-t x))` for a score `x` and a target `t` of -1 or 1; slope `-t sigmoid(-t x)`.
    ///
    /// The binary cross-entropy of a logit, written as a margin loss; it does not overflow. Same as in PyTorch.
    SoftMargin [Mean "soft_margin"] {} { targets: Domain::Sign, zero_at_perfect: false }
    (_this, x, t) {
        let z = -(t * x);
        (z.softplus(None), -(t * z.sigmoid()))
    }
}

point_loss! {
    /// Hinge loss of distances: `x` for a target of 1 (similar), `max(0, margin - x)` for -1 (dissimilar).
    ///
    /// The prediction is a distance, at least 0. The default margin is PyTorch's.
    HingeEmbedding [Mean "hinge_embedding"]
    { margin: 1.0 in Range::positive(), "Distance beyond which dissimilar pairs cost nothing."; }
    { targets: Domain::Sign, predictions: Domain::NonNegative, zero_at_perfect: false }
    (this, x, t) {
        let lack = R::constant(this.margin) - x;
        let apart = R::select(lack <= R::zero(), R::zero(), -R::one());
        let alike = t > R::zero();
        (R::select(alike, x, lack.maximum(R::zero())), R::select(alike, R::one(), apart))
    }
}

point_loss! {
    /// Contrastive loss of distances: `t x^2 / 2 + (1 - t) max(0, margin - x)^2 / 2` with a target of 1 for similar, 0
    /// for dissimilar.
    ///
    /// The prediction is a distance, at least 0. The factors 1/2 are those of the paper. (Hadsell, Chopra and LeCun,
    /// 2006, where 1 means dissimilar.)
    Contrastive [Mean "contrastive"]
    { margin: 1.0 in Range::positive(), "Distance beyond which dissimilar pairs cost nothing."; }
    { targets: Domain::UnitInterval, predictions: Domain::NonNegative, zero_at_perfect: false }
    (this, x, t) {
        let (lack, rest) = ((R::constant(this.margin) - x).maximum(R::zero()), R::one() - t);
        (R::constant(0.5) * (t * x * x + rest * lack * lack), t * x - rest * lack)
    }
}

/// The target itself, or -1 and 1 made of 0 and 1.
#[inline(always)]
fn sign<R: Real>(t: R, is_zero_one: bool) -> R {
    if is_zero_one { t + t - R::one() } else { t }
}

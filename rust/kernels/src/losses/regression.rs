//! Losses of continuous values.

use super::formula::point_loss;
use crate::real::Real;
use crate::registry::{Domain, DomainRule, OutputActivation, Range, Setting};

point_loss! {
    /// Squared error: `(x - t)^2` for a prediction `x` and a target `t`; slope `2 (x - t)`.
    ///
    /// Both its mean and its sum are called "MSE" in the literature; here `mean_squared_error` is the mean over all
    /// elements and `sum_squared_error` the sum. As in PyTorch and Keras, there is no factor 1/2 unless `half` asks
    /// for it, as in optax's `l2_loss` and scikit-learn's MLP.
    SquaredError [Mean "mean_squared_error", Sum "sum_squared_error"] {}
    choices { half: false, "Whether to use half the square, whose slope is the error itself." }
    {
        styles: &[("optax", &[("half", Setting::Flag(true))]), ("sklearn", &[("half", Setting::Flag(true))])],
        ulp_f32: 2.0, ulp_f64: 2.0,
    }
    (this, x, t) {
        let error = x - t;
        let factor = R::constant(if this.half { 0.5 } else { 1.0 });
        (error * error * factor, (error + error) * factor)
    }
}

point_loss! {
    /// Absolute error: `|x - t|` for a prediction `x` and a target `t`; the slope is the sign of `x - t`, and 0 where
    /// they are equal.
    ///
    /// Its slope does not shrink near the minimum, so training with a fixed learning rate does not settle there. At
    /// equality the slope is 0 in PyTorch too, and 1 in JAX. `mean_absolute_error` is the mean over all elements,
    /// `sum_absolute_error` the sum.
    AbsoluteError [Mean "mean_absolute_error", Sum "sum_absolute_error"] {} { ulp_f32: 1.0, ulp_f64: 1.0 }
    (_this, x, t) {
        let error = x - t;
        (error.abs(), sign(error))
    }
}

point_loss! {
    /// Huber's loss: `(x - t)^2 / 2` up to an error of `delta`, and `delta (|x - t| - delta / 2)` beyond.
    ///
    /// Squared near the target and absolute far from it, so outliers pull with a slope of at most `delta`. It is
    /// `delta` times `smooth_l1` with `beta = delta`, so the two agree only at 1. The default is that of PyTorch,
    /// Keras and optax. (Huber, 1964.)
    Huber [Mean "huber"] { delta: 1.0 in Range::positive(), "Error at which the square turns into a line." } {}
    (this, x, t) {
        let (error, delta) = (x - t, R::constant(this.delta));
        let size = error.abs();
        let half = R::constant(0.5);
        let far = delta * (size - half * delta);
        (R::select(size <= delta, half * error * error, far), error.clamp(-delta, delta))
    }
}

point_loss! {
    /// Smooth absolute error: `(x - t)^2 / (2 beta)` below an error of `beta`, and `|x - t| - beta / 2` beyond.
    ///
    /// Its slope is -1 or 1 beyond `beta`; `huber` with `delta = beta` is `beta` times this. The default is PyTorch's.
    /// (Girshick, 2015.)
    SmoothL1 [Mean "smooth_l1"] { beta: 1.0 in Range::positive(), "Error at which the square turns into a line." } {}
    (this, x, t) {
        let (error, beta) = (x - t, R::constant(this.beta));
        let (size, half) = (error.abs(), R::constant(0.5));
        let near = half * error * (error / beta);
        (R::select(size < beta, near, size - half * beta), (error / beta).clamp(-R::one(), R::one()))
    }
}

point_loss! {
    /// Logarithm of the hyperbolic cosine of the error: `ln(cosh(x - t))`; slope `tanh(x - t)`.
    ///
    /// About half the square for small errors and `|x - t| - ln 2` for large ones, smooth everywhere. Same as in Keras
    /// and optax; it does not overflow, and keeps its digits near zero.
    LogCosh [Mean "log_cosh"] {} {}
    (_this, x, t) {
        let error = x - t;
        let (size, slope) = (error.abs(), error.tanh());
        let near = size < R::one();
        // cosh^2 = 1 / (1 - tanh^2) near zero, cosh = exp(|e|) (1 + exp(-2 |e|)) / 2 far out.
        let logarithm = R::select(near, -(slope * slope), (-(size + size)).exp()).ln_1p();
        let far = size - R::constant(std::f64::consts::LN_2) + logarithm;
        (R::select(near, R::constant(-0.5) * logarithm, far), slope)
    }
}

point_loss! {
    /// Pinball (quantile) loss: `max(q (t - x), (q - 1) (t - x))` with `q` the `quantile`; slope `-q` below the target,
    /// `1 - q` above, 0 at it.
    ///
    /// The constant that minimises its mean is the quantile `q` of the targets; with one half it is half the absolute
    /// error. scikit-learn's `mean_pinball_loss` is the same with `alpha`. (Koenker and Bassett, 1978.)
    Pinball [Mean "pinball"]
    { quantile: 0.5 in Range::open(0.0, 1.0), "Share of targets that should lie below the prediction." } {}
    (this, x, t) {
        let (lack, quantile) = (t - x, R::constant(this.quantile));
        let rest = quantile - R::one();
        let value = lack * R::select(lack >= R::zero(), quantile, rest);
        let slope = -R::select(lack > R::zero(), quantile, rest);
        let slope = R::select(lack == R::zero(), R::zero(), slope);
        (value, R::select(lack.is_nan(), lack, slope))
    }
}

point_loss! {
    /// Poisson loss of counts: `exp(x) - t x` for the logarithm `x` of a rate, or `x - t ln(x + epsilon)` for the rate
    /// itself.
    ///
    /// The negative log-likelihood without the term that depends only on the target, so it may be negative.
    /// `log_input` says whether `x` is a logarithm: yes by default, as in PyTorch; Keras expects the rate
    /// (`style="keras"`).
    Poisson [Mean "poisson"]
    { epsilon: 1e-8 in Range::non_negative(), "Added to a rate before its logarithm is taken." }
    choices { log_input: true, "Whether the prediction is the logarithm of the rate." }
    {
        targets: Domain::NonNegative,
        domains: &[DomainRule { choice: "log_input", option: "false", prediction: true, domain: Domain::NonNegative }],
        output: OutputActivation::Exp,
        styles: &[
            ("torch", &[("log_input", Setting::Flag(true))]),
            ("keras", &[("log_input", Setting::Flag(false)), ("epsilon", Setting::Number(1e-7))]),
        ],
        non_negative: false, zero_at_perfect: false,
    }
    (this, x, t) {
        if this.log_input {
            let rate = x.exp();
            (rate - t * x, rate - t)
        } else {
            let safe = x + R::constant(this.epsilon);
            (x - t * safe.ln(), R::one() - t / safe)
        }
    }
}

point_loss! {
    /// Squared logarithmic error: `(ln(1 + x) - ln(1 + t))^2`; slope `2 (ln(1 + x) - ln(1 + t)) / (1 + x)`.
    ///
    /// For values whose ratio matters: predictions and targets must be greater than -1. (Keras clips predictions at
    /// 1e-7, which makes no difference above that.)
    SquaredLogarithmicError [Mean "mean_squared_logarithmic_error"] {} {
        targets: Domain::AboveMinusOne, predictions: Domain::AboveMinusOne,
    }
    (_this, x, t) {
        let error = x.ln_1p() - t.ln_1p();
        (error * error, (error + error) / (R::one() + x))
    }
}

point_loss! {
    /// Absolute percentage error: `|x - t| / max(|t|, epsilon)`, as a fraction, or times 100 with `percent`.
    ///
    /// The default is that of scikit-learn, whose `epsilon` makes a target of zero cost `4.5e15 |x|`; Keras uses 1e-7
    /// and percent (`style="keras"`). The slope is 0 where prediction and target are equal.
    AbsolutePercentageError [Mean "mean_absolute_percentage_error"]
    { epsilon: 2.220446049250313e-16 in Range::positive(), "Smallest absolute target to divide by." }
    choices { percent: false, "Whether the result is a percentage instead of a fraction." }
    {
        styles: &[
            ("sklearn", &[]),
            ("keras", &[("epsilon", Setting::Number(1e-7)), ("percent", Setting::Flag(true))]),
        ],
    }
    (this, x, t) {
        let error = x - t;
        let scale = R::constant(if this.percent { 100.0 } else { 1.0 }) / t.abs().maximum(R::constant(this.epsilon));
        (error.abs() * scale, sign(error) * scale)
    }
}

/// -1, 0 or 1; NaN of NaN.
#[inline(always)]
fn sign<R: Real>(x: R) -> R {
    let sign = R::select(x == R::zero(), R::zero(), R::one().copysign(x));
    R::select(x.is_nan(), x, sign)
}

//! Terms of metrics for continuous values, summed column by column.

use tilegrad_kernels::real::Element;

use crate::error::Result;
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::reader::{Reader, word_for};
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Site, Type, require_type, with_element};

use super::batch::{check_rows, sums, weights};

/// The term to add up, for a predicted value `p` and a true value `y`, with the error `e = p - y` and a parameter `a`.
#[derive(Debug)]
struct Term {
    name: &'static str,
    total: Total,
    value: fn(a: f64, p: f64, y: f64) -> f64,
}

/// How the terms of all rows are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Total {
    /// Their weighted sum.
    Sum,
    /// The maximum over rows with a nonzero weight.
    Greatest,
}

impl Term {
    /// A term that is summed.
    const fn sum(name: &'static str, value: fn(a: f64, p: f64, y: f64) -> f64) -> Self {
        Self { name, total: Total::Sum, value }
    }
}

static TERMS: [Term; 14] = [
    Term::sum("weight", |_, _, _| 1.0),
    Term::sum("error", |_, p, y| p - y),
    Term::sum("squared_error", |_, p, y| (p - y) * (p - y)),
    Term::sum("absolute_error", |_, p, y| (p - y).abs()),
    Term { name: "greatest_error", total: Total::Greatest, value: |_, p, y| (p - y).abs() },
    Term::sum("target", |_, _, y| y),
    Term::sum("squared_target", |_, _, y| y * y),
    Term::sum("error_target", |_, p, y| (p - y) * y),
    // |e| / |y|, with the machine epsilon of a double instead of a target of 0, as in scikit-learn.
    Term::sum("relative_error", |_, p, y| (p - y).abs() / y.abs().max(f64::EPSILON)),
    // 2 |e| / (|y| + |p|), 0 where both are 0.
    Term::sum("symmetric_error", |_, p, y| if p == y { 0.0 } else { 2.0 * (p - y).abs() / (y.abs() + p.abs()) }),
    // (ln(1 + p) - ln(1 + y))^2
    Term::sum("squared_log_error", |_, p, y| (p.ln_1p() - y.ln_1p()).powi(2)),
    // max(a (y - p), (a - 1) (y - p)) for the quantile a
    Term::sum("pinball", |a, p, y| (a * (y - p)).max((a - 1.0) * (y - p))),
    // Unit deviance of the Tweedie family of power a: 0 normal, 1 Poisson, 2 gamma.
    Term::sum("deviance", deviance),
    // The part of the deviance that depends only on y: y^2, y ln y, ln y, otherwise y^(2 - a).
    Term::sum("target_power", |a, _, y| target_power(a, y)),
];

/// `x ln y`, 0 where `x` is 0.
fn x_ln_y(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

/// Twice the difference between the log-likelihoods of `y` and `p`.
fn deviance(power: f64, p: f64, y: f64) -> f64 {
    if power == 0.0 {
        return (p - y).powi(2);
    }
    if power == 1.0 {
        return 2.0 * (x_ln_y(y, y / p) - y + p);
    }
    if power == 2.0 {
        return 2.0 * ((p / y).ln() + y / p - 1.0);
    }
    let (one, two) = (1.0 - power, 2.0 - power);
    2.0 * (y.max(0.0).powf(two) / (one * two) - y * p.powf(one) / one + p.powf(two) / two)
}

fn target_power(power: f64, y: f64) -> f64 {
    if power == 0.0 {
        y * y
    } else if power == 1.0 {
        x_ln_y(y, y)
    } else if power == 2.0 {
        y.ln()
    } else {
        y.max(0.0).powf(2.0 - power)
    }
}

/// What turns the model's output into a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Identity,
    Exp,
    Sigmoid,
}

impl Link {
    const WORDS: [(&'static str, Self); 3] =
        [("identity", Self::Identity), ("exp", Self::Exp), ("sigmoid", Self::Sigmoid)];

    fn amount(self, output: f64) -> f64 {
        match self {
            Self::Identity => output,
            Self::Exp => output.exp(),
            Self::Sigmoid => 1.0 / (1.0 + (-output).exp()),
        }
    }
}

/// The sum of a term over the rows, for each column. The inputs are prediction, target and, if weighted, sample
/// weights.
#[derive(Clone, Copy, Debug)]
pub struct AmountSum {
    term: &'static Term,
    parameter: f64,
    link: Link,
    weighted: bool,
}

impl AmountSum {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let term = reader.choice("term", "weight", &TERMS.each_ref().map(|term| (term.name, term)))?;
        let link = reader.choice("link", "identity", &Link::WORDS)?;
        let (parameter, weighted) = (reader.number("parameter", 0.0)?, reader.flag("weighted", false)?);
        reader.finish()?;
        Ok(Self { term, parameter, link, weighted })
    }
}

impl Operation for AmountSum {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        check_rows("amount_sum", inputs, self.weighted)?;
        require_type("amount_sum", "target", inputs[1], &inputs[..1])?;
        Ok(sums(inputs[0].shape[1..].iter().product()))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        Ok(vec![InputGradient::Zero; rule.inputs.len()])
    }
}

impl Routine for AmountSum {
    fn name(&self) -> &str {
        "amount_sum"
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([
            ("term".to_string(), Attribute::Text(self.term.name.to_string())),
            ("parameter".to_string(), Attribute::Float(self.parameter)),
            ("link".to_string(), Attribute::Text(word_for(&Link::WORDS, &self.link).to_string())),
            ("weighted".to_string(), Attribute::Bool(self.weighted)),
        ])
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let Self { term, parameter, link, weighted } = *self;
        let &Term { total, value, .. } = term;
        with_element!(site.inputs[0].dtype, E => Box::new(move |call| {
            let (weight, sums) = (weights::<E>(call, weighted), call.output::<f64>(0));
            sums.fill(0.0);
            if sums.is_empty() {
                return;
            }
            let rows = call.input::<E>(0).chunks_exact(sums.len()).zip(call.input::<E>(1).chunks_exact(sums.len()));
            for (row, (predictions, targets)) in rows.enumerate() {
                let weight = weight(row);
                // A row with weight zero counts as absent, whatever it contains.
                if weight == 0.0 {
                    continue;
                }
                for ((sum, p), y) in sums.iter_mut().zip(predictions).zip(targets) {
                    let number = value(parameter, link.amount(p.to_f64()), y.to_f64());
                    match total {
                        Total::Sum => *sum += weight * number,
                        Total::Greatest if number > *sum || number.is_nan() => *sum = number,
                        Total::Greatest => {}
                    }
                }
            }
        }))
    }
}

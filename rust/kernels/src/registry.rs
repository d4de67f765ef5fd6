//! What exists: names, documentation, parameters with their ranges, error bounds and the facts that laws are checked
//! by.
//!
//! The entries stand beside their formulas ([`crate::activations`], [`crate::losses`], [`crate::optimizers`]); this
//! file only says what an entry is. Python names, docstrings, validation, property tests and benches are made from it.

use crate::error::{Error, Result, value_error};

/// A hyperparameter: its name, default, allowed range and a one-line description.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Name, as Python takes it.
    pub name: &'static str,
    /// Value when not given. NaN is "none": the formula then goes without it.
    pub default: f64,
    /// Allowed values.
    pub range: Range,
    /// What it does, in a sentence.
    pub doc: &'static str,
}

/// Allowed values of a hyperparameter; NaN never is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether the lower end itself is allowed.
    pub low_closed: bool,
    /// Whether the upper end itself is allowed.
    pub high_closed: bool,
}

impl Range {
    /// `low..=high`.
    pub const fn closed(low: f64, high: f64) -> Self {
        Self { low, high, low_closed: true, high_closed: true }
    }

    /// `low..high`, without the upper end.
    pub const fn half_open(low: f64, high: f64) -> Self {
        Self { low, high, low_closed: true, high_closed: false }
    }

    /// Greater than zero and finite.
    pub const fn positive() -> Self {
        Self { low: 0.0, high: f64::INFINITY, low_closed: false, high_closed: false }
    }

    /// Zero or greater, and finite.
    pub const fn non_negative() -> Self {
        Self { low: 0.0, high: f64::INFINITY, low_closed: true, high_closed: false }
    }

    /// Zero or less, and finite.
    pub const fn non_positive() -> Self {
        Self { low: f64::NEG_INFINITY, high: 0.0, low_closed: false, high_closed: true }
    }

    /// Any finite number.
    pub const fn finite() -> Self {
        Self { low: f64::NEG_INFINITY, high: f64::INFINITY, low_closed: false, high_closed: false }
    }

    /// Greater than `low` and less than `high`.
    pub const fn open(low: f64, high: f64) -> Self {
        Self { low, high, low_closed: false, high_closed: false }
    }

    /// Whether the value is allowed.
    pub fn contains(&self, value: f64) -> bool {
        (value > self.low || (self.low_closed && value == self.low))
            && (value < self.high || (self.high_closed && value == self.high))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (open, close) = (if self.low_closed { '[' } else { '(' }, if self.high_closed { ']' } else { ')' });
        write!(f, "{open}{}, {}{close}", self.low, self.high)
    }
}

/// The values for an entry's parameters: checks their count and ranges. `function` names the caller in the error
/// message.
pub fn check_parameters(function: &str, parameters: &[Parameter], values: &[f64]) -> Result<()> {
    if parameters.len() != values.len() {
        return value_error!("{function}: expected {} parameters, got {}", parameters.len(), values.len());
    }
    for (parameter, &value) in parameters.iter().zip(values) {
        let is_none = parameter.default.is_nan() && value.is_nan();
        if !is_none && !parameter.range.contains(value) {
            return value_error!("{function}: expected `{}` in {}, got {value}", parameter.name, parameter.range);
        }
    }
    Ok(())
}

/// What the backward pass of an activation reads beside the arriving gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlopeFrom {
    /// The input: the forward pass keeps it.
    Input,
    /// The output: the input need not be kept.
    Output,
}

/// Symmetry of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// `f(-x) = -f(x)`.
    Odd,
    /// `f(-x) = f(x)`.
    Even,
    /// Neither.
    None,
}

/// An activation that acts on each element.
#[derive(Clone, Copy, Debug)]
pub struct ActivationEntry {
    /// Name in `F`, and the string that stands for it.
    pub name: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// Documentation in Markdown: summary, formula, source, behaviour at the limits.
    pub doc: &'static str,
    /// Hyperparameters.
    pub parameters: &'static [Parameter],
    /// What the backward pass reads.
    pub slope_from: SlopeFrom,
    /// Largest error of the f32 value in units in the last place, over all normal results.
    pub ulp_f32: f64,
    /// The same for f64.
    pub ulp_f64: f64,
    /// Largest error of the slope, in epsilons of the larger of 1 and its magnitude.
    pub ulp_slope: f64,
    /// Smallest and largest value it takes, at the default parameters.
    pub bounds: (f64, f64),
    /// Symmetry.
    pub parity: Parity,
    /// Whether it never decreases.
    pub monotone: bool,
    /// Where the slopes from left and right differ, or the value jumps: numbers, and names of parameters with or
    /// without a minus.
    pub kinks: &'static [&'static str],
    /// Whether arithmetic gets so much shorter with the default parameters that they have code of their own.
    pub own_default: bool,
}

/// A hyperparameter that is one of a few words. A yes-or-no has the options `false` and `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name, as Python takes it.
    pub name: &'static str,
    /// Option when not given.
    pub default: &'static str,
    /// The options.
    pub options: &'static [&'static str],
    /// What each option stands for, where the options are documented one by one; else nothing.
    pub meanings: &'static [&'static str],
    /// What it does, in a sentence.
    pub doc: &'static str,
}

impl Choice {
    /// Whether it is a yes-or-no.
    pub fn is_flag(&self) -> bool {
        self.options == ["false", "true"]
    }

    /// The place of an option. `function` names the caller in the error message.
    pub fn index(&self, function: &str, option: &str) -> Result<usize> {
        self.options.iter().position(|known| *known == option).ok_or_else(|| {
            let options: Vec<String> = self.options.iter().map(|option| format!("{option:?}")).collect();
            Error::Name(format!(
                "{function}: expected `{}` to be one of {}, got {option:?}",
                self.name,
                options.join(", ")
            ))
        })
    }
}

/// A value for a [`Parameter`] or a [`Choice`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Setting<'a> {
    /// For a parameter.
    Number(f64),
    /// For a choice.
    Option(&'a str),
    /// For a choice between `false` and `true`.
    Flag(bool),
}

impl std::fmt::Display for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Number(number) => write!(f, "{number}"),
            Setting::Option(option) => write!(f, "{option:?}"),
            Setting::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// How a loss reads its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Number by number: prediction and target have the same shape.
    Point,
    /// Row by row: a row of scores against a class or a distribution.
    Row,
}

/// Numbers that an operand of a loss may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any finite number.
    Real,
    /// Numbers from 0 to 1, both included.
    UnitInterval,
    /// Zero and above.
    NonNegative,
    /// Numbers greater than -1.
    AboveMinusOne,
    /// -1 and 1.
    Sign,
    /// 0 and 1.
    ZeroOrOne,
    /// A class index per row, or a row of shares that are not negative and sum to one.
    Classes,
}

/// Another domain of an operand that goes with an option of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainRule {
    /// The choice.
    pub choice: &'static str,
    /// Its option.
    pub option: &'static str,
    /// Whether the prediction is meant; else the target.
    pub prediction: bool,
    /// What the operand may hold then.
    pub domain: Domain,
}

/// The output activation that belongs to a loss: what turns the model's output into what the target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputActivation {
    /// None: the output is the prediction itself.
    Identity,
    /// Logits, each of a probability.
    Sigmoid,
    /// Logits of a distribution over classes.
    Softmax,
    /// The logarithm of an amount.
    Exp,
}

/// Settings under which a loss or an update rule computes what another library does.
pub type Style = (&'static str, &'static [(&'static str, Setting<'static>)]);

/// What is made of the losses of a batch when the caller does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReduction {
    /// The sum over the weights' sum (over the count where there are no weights).
    Mean,
    /// The sum.
    Sum,
}

/// A loss.
#[derive(Clone, Copy, Debug)]
pub struct LossEntry {
    /// Name in `F`, and the string that stands for it.
    pub name: &'static str,
    /// Documentation in Markdown: summary, formula, source, behaviour at kinks and far out.
    pub doc: &'static str,
    /// Hyperparameters.
    pub parameters: &'static [Parameter],
    /// Hyperparameters that are words.
    pub choices: &'static [Choice],
    /// Reduction under this name when the caller does not say.
    pub reduction: LossReduction,
    /// How it reads its operands.
    pub kind: LossKind,
    /// Targets it accepts.
    pub targets: Domain,
    /// Predictions it accepts.
    pub predictions: Domain,
    /// Domains that differ with an option.
    pub domains: &'static [DomainRule],
    /// The output activation that belongs to it.
    pub output: OutputActivation,
    /// What other libraries compute under this name, where it differs from the defaults.
    pub styles: &'static [Style],
    /// Whether it is never below zero for accepted targets.
    pub non_negative: bool,
    /// Whether it is zero where the prediction equals the target. Losses of logits only come close to it far out.
    pub zero_at_perfect: bool,
    /// Largest error of an unreduced f32 value: units in the last place of the largest intermediate result.
    pub ulp_f32: f64,
    /// The same for f64.
    pub ulp_f64: f64,
}

/// Facts of an update rule: what the laws are checked with, and what its work is counted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerFacts {
    /// Divisions and roots that the update of a number takes; they are slower than anything else in it.
    pub divisions: u32,
    /// Learning rate with which 500 steps from `w = 1` bring `w^2 / 2` below `1e-3`.
    pub parabola_rate: f64,
    /// Learning rate with which 20,000 steps from (-1.2, 1) bring Rosenbrock's function below `1e-2`.
    pub rosenbrock_rate: f64,
    /// Whether the size of the first step does not depend on the scale of the gradient (up to epsilon).
    pub scale_free_start: bool,
    /// Whether a parameter whose gradients were always zero stays as it is, at the default settings.
    pub rests_at_zero_gradient: bool,
    /// Whether the update of a number depends on that number alone, and not on others of its parameter.
    pub elementwise: bool,
}

impl OptimizerFacts {
    /// What holds for most rules; an entry says what is different.
    pub const USUAL: Self = Self {
        divisions: 0,
        parabola_rate: 0.1,
        rosenbrock_rate: 0.001,
        scale_free_start: false,
        rests_at_zero_gradient: true,
        elementwise: true,
    };

    /// What holds for most rules whose first step does not depend on the scale of the gradient.
    pub const SCALE_FREE: Self = Self { scale_free_start: true, ..Self::USUAL };
}

/// An update rule.
#[derive(Clone, Copy, Debug)]
pub struct OptimizerEntry {
    /// Name, as the string that stands for it.
    pub name: &'static str,
    /// Name of its class, as people write it.
    pub class: &'static str,
    /// Documentation in Markdown: summary with its source, the update with its state, where other libraries differ,
    /// slots.
    pub doc: &'static str,
    /// Hyperparameters.
    pub parameters: &'static [Parameter],
    /// Hyperparameters that are words.
    pub choices: &'static [Choice],
    /// What other libraries and the paper set where they have the rule.
    pub styles: &'static [Style],
    /// Every slot the rule can have; which it has depends on its settings.
    pub slots: &'static [&'static str],
    /// Facts for the laws.
    pub facts: OptimizerFacts,
}

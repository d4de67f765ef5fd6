//! What exists: names, documentation, parameters with their ranges, error bounds and the facts that laws are checked by.
//!
//! The entries stand beside their formulas ([`crate::activations`], [`crate::losses`], [`crate::optimizers`]); this file
//! only says what an entry is. Python names, docstrings, validation, property tests and benches are made from it.

/// A hyperparameter: its name, default, allowed range and a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Name, as Python takes it.
    pub name: &'static str,
    /// Value when not given.
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

    /// Any finite number.
    pub const fn finite() -> Self {
        Self { low: f64::NEG_INFINITY, high: f64::INFINITY, low_closed: false, high_closed: false }
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

/// The values for an entry's parameters: checks their count and ranges. `function` names the caller in the sentence.
pub fn check_parameters(function: &str, parameters: &[Parameter], values: &[f64]) -> Result<(), String> {
    if parameters.len() != values.len() {
        return Err(format!("{function}: expected {} parameters, got {}", parameters.len(), values.len()));
    }
    for (parameter, &value) in parameters.iter().zip(values) {
        if !parameter.range.contains(value) {
            return Err(format!("{function}: expected `{}` in {}, got {value}", parameter.name, parameter.range));
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
    /// Documentation in Markdown: sentence, formula, source, behaviour at the ends.
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
}

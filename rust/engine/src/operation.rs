//! What an operation is: its shape rule, its gradient rule and, as a [`Routine`], its kernel call.

use std::any::Any;

use tilegrad_kernels::losses::check_classes;

use crate::error::{Error, Result};
use crate::graph::{Graph, ValueId};
use crate::routine::Routine;
use crate::types::Type;

/// A function of values, with its shape rule, its gradient rule and (as [`Routine`]) its kernel call.
pub trait Operation: Routine + Any {
    /// Type of the result, or an error that says which input does not fit.
    fn infer(&self, inputs: &[&Type]) -> Result<Type>;

    /// Adds the nodes of the backward pass: for each input what arrives there.
    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>>;

    /// Whether it reads the numbers of this input when it runs. An input that is not read stands there for the gradient rule.
    fn reads(&self, input: usize) -> bool {
        let _ = input;
        true
    }

    /// Whether the result has the numbers of the first input in the same order, so that no kernel need run.
    fn is_view(&self, training: bool) -> bool {
        let _ = training;
        false
    }

    /// Which input holds class labels that index something, and their range, if one does.
    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        let _ = inputs;
        None
    }

    /// How it changes a parameter in place, if it does: the parameter that its first input is, or that the change before it made.
    fn changes(&self) -> Option<Changer> {
        None
    }
}

/// What changes a parameter in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changer {
    /// The optimizer of this group, as soon as nobody needs the old numbers any more.
    Optimizer(usize),
    /// A statistic that follows what the step computed, once everything else has run.
    Statistic,
}

/// A parameter that is changed in place, and what changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which of the graph's parameters.
    pub parameter: usize,
    /// What changes it.
    pub by: Changer,
}

/// An input of class labels and what they may be: from 0 up to `classes`, or the ignored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Which input.
    pub input: usize,
    /// Number of classes.
    pub classes: usize,
    /// The label that is allowed beside them.
    pub ignored: Option<i32>,
}

impl Labels {
    /// An error unless every label is allowed.
    pub(crate) fn check(&self, function: &str, labels: &[i32]) -> Result<()> {
        check_classes(labels, self.classes, self.ignored).map_err(|(row, label)| {
            let last = self.classes.saturating_sub(1);
            Error::Value(format!("{function}: expected `target` of classes from 0 to {last}, got {label} in row {row}"))
        })
    }
}

/// What arrives at an input in the backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputGradient {
    /// This gradient.
    Value(ValueId),
    /// Nothing: the result does not depend on the input, or only by steps.
    Zero,
    /// There is no rule for it.
    Undefined,
}

/// A gradient rule at work: the node, and the gradient that arrives at its result.
#[derive(Debug)]
pub struct GradientRule<'a> {
    /// The graph, to which the rule adds nodes.
    pub graph: &'a mut Graph,
    /// Inputs of the node.
    pub inputs: &'a [ValueId],
    /// Which of them a gradient is asked for.
    pub needed: &'a [bool],
    /// Result of the node.
    pub output: ValueId,
    /// Gradient with respect to the result.
    pub gradient: ValueId,
}

impl GradientRule<'_> {
    /// The slope of an input, computed only if it is asked for.
    pub fn when_needed(
        &mut self,
        input: usize,
        rule: impl FnOnce(&mut Self) -> Result<ValueId>,
    ) -> Result<InputGradient> {
        if self.needed[input] { Ok(InputGradient::Value(rule(self)?)) } else { Ok(InputGradient::Zero) }
    }
}

//! Operations: a shape rule, a gradient rule and, as a [`Routine`], a kernel call.

use std::any::Any;

use tilegrad_kernels::losses::check_classes;

use crate::error::{Error, Result};
use crate::graph::{Graph, ValueId};
use crate::routine::Routine;
use crate::types::Type;

/// A function of values, with its shape rule, its gradient rule and (as [`Routine`]) its kernel call.
pub trait Operation: Routine + Any {
    /// The type of the result, or an error that says which input does not fit.
    fn infer(&self, inputs: &[&Type]) -> Result<Type>;

    /// Adds the nodes of the backward pass; returns the gradient that arrives at each input. Undefined unless there is
    /// a rule.
    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        Ok(vec![InputGradient::Undefined; rule.inputs.len()])
    }

    /// Whether it reads the numbers of this input when it runs. An input that is not read is there for the gradient
    /// rule; what is changed in place may be accessed as the result instead.
    fn reads(&self, input: usize) -> bool {
        let _ = input;
        true
    }

    /// Whether the result has the numbers of the first input in the same order, so that no kernel needs to run.
    fn is_view(&self, training: bool) -> bool {
        let _ = training;
        false
    }

    /// The input that holds class labels used as indices, and their range, if there is one.
    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        let _ = inputs;
        None
    }

    /// How it changes a parameter in place, if it does: the parameter is its first input, or the result of the previous
    /// change.
    fn changes(&self) -> Option<Changer> {
        None
    }
}

/// What changes a parameter in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changer {
    /// The optimizer of this group, as soon as the old numbers are no longer needed.
    Optimizer(usize),
    /// A running statistic, updated from what the step computed once everything else has run.
    Statistic,
}

/// A parameter that is changed in place, and what changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The index of the parameter in the graph.
    pub parameter: usize,
    /// What changes it.
    pub by: Changer,
}

/// An input of class labels and their allowed values: from 0 up to, but not including, `classes`, or the ignored label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The index of the input.
    pub input: usize,
    /// Number of classes.
    pub classes: usize,
    /// The additional label that is allowed.
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

/// The gradient that arrives at an input in the backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputGradient {
    /// A gradient.
    Value(ValueId),
    /// None: the result does not depend on the input, or only in steps.
    Zero,
    /// Undefined: there is no rule for it.
    Undefined,
}

/// The context of a gradient rule: the node, and the gradient that arrives at its result.
#[derive(Debug)]
pub struct GradientRule<'a> {
    /// The graph, to which the rule adds nodes.
    pub graph: &'a mut Graph,
    /// The inputs of the node.
    pub inputs: &'a [ValueId],
    /// Which inputs need a gradient.
    pub needed: &'a [bool],
    /// The result of the node.
    pub output: ValueId,
    /// The gradient with respect to the result.
    pub gradient: ValueId,
}

impl GradientRule<'_> {
    /// The slope of an input, computed only if it is needed.
    pub fn when_needed(
        &mut self,
        input: usize,
        rule: impl FnOnce(&mut Self) -> Result<ValueId>,
    ) -> Result<InputGradient> {
        if self.needed[input] { Ok(InputGradient::Value(rule(self)?)) } else { Ok(InputGradient::Zero) }
    }
}

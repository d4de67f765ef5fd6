//! Operations, one file per family: shape rule, gradient rule and kernel call side by side.

pub mod activation;
pub mod attributes;
mod constrain;
pub(crate) mod control;
pub mod custom;
pub mod dropout;
pub mod elementwise;
pub mod helpers;
pub mod loss;
pub mod matmul;
pub mod metric;
pub mod normalization;
pub mod reduce;
pub mod shape;
pub mod softmax;
pub mod update;

use std::any::Any;
use std::sync::Arc;

use tilegrad_kernels::losses::check_classes;

pub use attributes::{from_name, names};

use crate::call::Routine;
use crate::error::{Error, Result};
use crate::graph::{Graph, ValueId};
use crate::types::Type;

/// Most axes a value can have.
pub const MAXIMUM_RANK: usize = 8;

/// The group of an operation that changes a parameter in place by itself. It runs after everything else.
pub(crate) const WITHOUT_OPTIMIZER: usize = usize::MAX;

/// A function of values, with its shape rule, its gradient rule and (as [`Routine`]) its kernel call.
pub trait Operation: Routine + Any {
    /// Type of the result, or an error that says which input does not fit.
    fn infer(&self, inputs: &[&Type]) -> Result<Type>;

    /// Adds the nodes of the backward pass: for each input what arrives there.
    fn gradient(&self, rule: &mut Rule<'_>) -> Result<Vec<Slope>>;

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

    /// Which optimizer group (or `WITHOUT_OPTIMIZER`) and parameter it updates in place, if it does.
    fn updates(&self) -> Option<(usize, usize)> {
        None
    }
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
pub enum Slope {
    /// This gradient.
    Value(ValueId),
    /// Nothing: the result does not depend on the input, or only by steps.
    Zero,
    /// There is no rule for it.
    Undefined,
}

/// A gradient rule at work: the node, and the gradient that arrives at its result.
#[derive(Debug)]
pub struct Rule<'a> {
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

impl Rule<'_> {
    /// The slope of an input, computed only if it is asked for.
    pub fn when_needed(&mut self, input: usize, rule: impl FnOnce(&mut Self) -> Result<ValueId>) -> Result<Slope> {
        if self.needed[input] { Ok(Slope::Value(rule(self)?)) } else { Ok(Slope::Zero) }
    }
}

impl Graph {
    /// Applies an operation that was just made.
    pub(crate) fn add_node(&mut self, operation: impl Operation, inputs: &[ValueId]) -> Result<ValueId> {
        self.apply(Arc::new(operation), inputs)
    }
}

//! Gradient rules of operations that are one kernel call, by what the same value is made of.

use crate::error::Result;
use crate::gradient::gradients_since;
use crate::graph::{Graph, ValueId};
use crate::operation::{GradientRule, InputGradient};

/// What arrives at these of an operation's inputs, at the others nothing: the gradients of the same value made of plain
/// operations. Inputs that are functions of others, such as moments, are made again from them and not among these.
pub(crate) fn gradients_of(
    rule: &mut GradientRule<'_>,
    inputs: &[usize],
    make: impl FnOnce(&mut Graph, &[ValueId]) -> Result<ValueId>,
) -> Result<Vec<InputGradient>> {
    let since = rule.graph.nodes().len();
    let made = make(rule.graph, rule.inputs)?;
    let product = rule.graph.multiply(rule.gradient, made)?;
    let total = rule.graph.sum(product, None, false)?;
    let wanted: Vec<usize> =
        (0..rule.inputs.len()).filter(|input| inputs.contains(input) && rule.needed[*input]).collect();
    let values: Vec<ValueId> = wanted.iter().map(|&input| rule.inputs[input]).collect();
    let found = gradients_since(rule.graph, total, &values, since)?;
    let mut slopes = vec![InputGradient::Zero; rule.inputs.len()];
    for (input, slope) in wanted.into_iter().zip(found) {
        slopes[input] = InputGradient::Value(slope);
    }
    Ok(slopes)
}

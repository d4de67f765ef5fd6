//! Reverse-mode differentiation: adds the nodes of the backward pass to the same graph.

use crate::error::{Result, dtype_error, shape_error, value_error};
use crate::graph::{Graph, Origin, ValueId};
use crate::operation::{GradientRule, InputGradient};
use crate::types::{Shape, Type, Values};

/// Gradients of a scalar with respect to values, as new values of the graph; can be applied to its own results.
///
/// A value that is used several times adds up the gradients from all uses, in a fixed order. If `of` does not depend
/// on a value, its gradient is a constant of zeros.
pub fn gradients(graph: &mut Graph, of: ValueId, wrt: &[ValueId]) -> Result<Vec<ValueId>> {
    graph.check("gradients", of)?;
    for &value in wrt {
        graph.check("gradients", value)?;
        if !graph.dtype(value).is_real() {
            let (name, dtype) = (graph.name(value), graph.dtype(value));
            return dtype_error!("gradients: expected `wrt` of dtype float32 or float64, got {name} of dtype {dtype}");
        }
    }
    let kind = graph.kind(of).clone();
    if kind.len() != 1 || !kind.dtype.is_real() {
        let (name, shape) = (graph.name(of), Shape(&kind.shape));
        return shape_error!(
            "gradients: expected `of` to be a scalar, got {name} of shape {shape}; sum it or take its mean"
        );
    }
    gradients_since(graph, of, wrt, 0)
}

/// Gradients as if the values before node number `since` did not depend on one another: the derivative of a part of
/// the graph with respect to its inputs.
pub(crate) fn gradients_since(graph: &mut Graph, of: ValueId, wrt: &[ValueId], since: usize) -> Result<Vec<ValueId>> {
    let kind = graph.kind(of).clone();
    let dependent = dependents(graph, of, wrt, since);
    let mut arriving: Vec<Option<ValueId>> = vec![None; of.index() + 1];
    arriving[of.index()] = Some(filled(graph, &kind, 1.0)?);
    for index in (since..=of.index()).rev() {
        if let (true, Some(gradient)) = (dependent[index], arriving[index]) {
            propagate(graph, index, gradient, &dependent, &mut arriving)?;
        }
    }
    wrt.iter()
        .map(|&value| match arriving.get(value.index()).copied().flatten() {
            Some(gradient) => Ok(gradient),
            None => {
                let kind = graph.kind(value).clone();
                filled(graph, &kind, 0.0)
            }
        })
        .collect()
}

/// Which values up to `of` depend on one of `wrt` (or are one of them), through the nodes from `since` on.
fn dependents(graph: &Graph, of: ValueId, wrt: &[ValueId], since: usize) -> Vec<bool> {
    let mut dependent = vec![false; of.index() + 1];
    for index in 0..=of.index() {
        let node = &graph.nodes()[index];
        dependent[index] = wrt.iter().any(|value| value.index() == index)
            || (index >= since
                && node.operation().is_some()
                && node.inputs.iter().any(|input| dependent[input.index()]));
    }
    dependent
}

/// Passes the gradient of a node on to its inputs.
fn propagate(
    graph: &mut Graph,
    index: usize,
    gradient: ValueId,
    dependent: &[bool],
    arriving: &mut [Option<ValueId>],
) -> Result<()> {
    let node = &graph.nodes()[index];
    let Origin::Operation(operation) = node.origin.clone() else {
        return Ok(());
    };
    let inputs = node.inputs.clone();
    let needed: Vec<bool> = inputs.iter().map(|input| dependent[input.index()]).collect();
    if !needed.contains(&true) {
        return Ok(());
    }
    let output = ValueId(u32::try_from(index).expect("fewer than 2^32 nodes"));
    // The nodes of the backward pass are in the scope of the node that they differentiate.
    let scope = graph.enter_scope_of(output);
    let slopes = operation.gradient(&mut GradientRule { graph, inputs: &inputs, needed: &needed, output, gradient });
    graph.leave_to(scope);
    let slopes = slopes?;
    for (position, (&input, slope)) in inputs.iter().zip(slopes).enumerate() {
        match slope {
            InputGradient::Value(slope) if needed[position] => {
                let place = &mut arriving[input.index()];
                *place = Some(match *place {
                    Some(sum) => graph.add(sum, slope)?,
                    None => slope,
                });
            }
            InputGradient::Undefined if needed[position] => {
                let (name, argument) = (operation.name(), graph.name(input));
                return value_error!(
                    "gradients: expected differentiable operations, got {name}, which has no gradient with respect to {argument}"
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// A constant with a single number.
fn filled(graph: &mut Graph, kind: &Type, value: f64) -> Result<ValueId> {
    if kind.shape.is_empty() {
        return Ok(graph.scalar(value, kind.dtype));
    }
    graph.constant(Values::filled(kind.dtype, kind.len(), value).array(), &kind.shape)
}

//! A value with a given gradient, into which an operation written by a user is turned.

use std::collections::HashMap;

use crate::error::{Result, dtype_error, shape_error};
use crate::graph::{Graph, ValueId};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::shape::copy;
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attributes, Site, Type, require_type};
use crate::work::Work;

/// The first input, with the gradient given by the last inputs.
///
/// The inputs are the value, a placeholder for its upstream gradient, the values that it depends on, and for each of
/// these the gradient that is passed to it, computed from the placeholder. Only the value is read; the backward pass
/// recomputes the others with the actual upstream gradient instead of the placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomGradient;

impl CustomGradient {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        reader.finish()?;
        Ok(Self)
    }
}

impl Operation for CustomGradient {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let (count, sources) = (inputs.len(), inputs.len().saturating_sub(2) / 2);
        if sources == 0 || count % 2 == 1 {
            return shape_error!(
                "custom: expected a value, a placeholder, and as many sources as gradients, got {count} inputs"
            );
        }
        if !inputs[0].dtype.is_real() {
            return dtype_error!("custom: expected a value of float32 or float64, got dtype {}", inputs[0].dtype);
        }
        let pairs = (2..2 + sources).map(|place| (place, place + sources)).chain([(0, 1)]);
        for (source, gradient) in pairs {
            require_type("custom", &format!("input {gradient}"), inputs[gradient], &[inputs[source]])?;
        }
        Ok(inputs[0].clone())
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let sources = (rule.inputs.len() - 2) / 2;
        let (placeholder, gradients) = (rule.inputs[1], &rule.inputs[2 + sources..]);
        let wanted: Vec<ValueId> =
            (0..sources).filter(|&source| rule.needed[2 + source]).map(|source| gradients[source]).collect();
        let made = again(rule.graph, &wanted, placeholder, rule.gradient)?;
        let mut slopes = vec![InputGradient::Zero; rule.inputs.len()];
        let needed = (0..sources).filter(|&source| rule.needed[2 + source]);
        for (source, value) in needed.zip(made) {
            slopes[2 + source] = InputGradient::Value(value);
        }
        Ok(slopes)
    }

    fn reads(&self, input: usize) -> bool {
        input == 0
    }

    fn is_view(&self, _training: bool) -> bool {
        true
    }
}

impl Routine for CustomGradient {
    fn name(&self) -> &str {
        "custom"
    }

    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    fn work(&self, site: &Site<'_>) -> Work {
        Work::moving(site)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        copy(site)
    }
}

/// Recomputes values, with one of the values they were computed from replaced by another.
fn again(graph: &mut Graph, values: &[ValueId], before: ValueId, after: ValueId) -> Result<Vec<ValueId>> {
    let mut changed = HashMap::from([(before, after)]);
    let last = values.iter().map(|value| value.index()).max().unwrap_or(0);
    for index in before.index() + 1..=last {
        let node = &graph.nodes()[index];
        let Some(operation) = node.shared_operation() else { continue };
        if !node.inputs.iter().any(|input| changed.contains_key(input)) {
            continue;
        }
        let inputs: Vec<ValueId> = node.inputs.iter().map(|input| *changed.get(input).unwrap_or(input)).collect();
        let made = graph.apply(operation, &inputs)?;
        changed.insert(ValueId(u32::try_from(index).expect("fewer than 2^32 nodes")), made);
    }
    Ok(values.iter().map(|value| *changed.get(value).unwrap_or(value)).collect())
}

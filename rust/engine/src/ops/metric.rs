//! Metrics as operations: they ride along with a step.

use super::activation::types;
use super::attributes::Reader;
use super::elementwise::require_real;
use super::{Operation, Rule, Slope};
use crate::call::{Routine, Run, Site, with_element};
use crate::types::{Dtype, Type};

/// How many rows of `logits` have their largest score where the target says: at the label's index, or at the largest number
/// of the target's row. One column of logits means two classes: a positive score stands for class 1. NaN never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccuracyCount;

impl AccuracyCount {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, String> {
        reader.finish()?;
        Ok(Self)
    }
}

impl Operation for AccuracyCount {
    fn infer(&self, inputs: &[&Type]) -> Result<Type, String> {
        let [logits, target] = inputs else {
            return Err(format!("accuracy_count: expected 2 inputs, got {}", inputs.len()));
        };
        require_real("accuracy_count", "logits", logits)?;
        let rows = match logits.shape[..] {
            [rows] | [rows, _] => rows,
            _ => return Err(format!("accuracy_count: expected `logits` of 1 or 2 axes, got {}", types(inputs))),
        };
        let dense = target.dtype == logits.dtype && target.shape == logits.shape;
        let labels = target.dtype == Dtype::I32 && target.shape.first() == Some(&rows) && target.len() == rows;
        if dense || labels {
            return Ok(logits.with_shape(&[]));
        }
        Err(format!(
            "accuracy_count: expected `target` of shape ({rows},) and dtype int32, or like `logits`, got {}",
            types(inputs)
        ))
    }

    fn gradient(&self, _rule: &mut Rule<'_>) -> Result<Vec<Slope>, String> {
        Ok(vec![Slope::Zero, Slope::Zero])
    }
}

/// Index of the largest number, the first one among equals; none if there is a NaN.
fn largest<E: PartialOrd>(row: &[E]) -> Option<usize> {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        value.partial_cmp(value)?;
        if *value > row[best] {
            best = index;
        }
    }
    Some(best)
}

/// The class a row stands for; a single number is a score (or target) of class 1, decided at `threshold`.
fn class<E: PartialOrd>(row: &[E], threshold: &E) -> Option<usize> {
    match row {
        [score] => score.partial_cmp(score).map(|_| usize::from(score > threshold)),
        _ => largest(row),
    }
}

impl Routine for AccuracyCount {
    fn name(&self) -> &str {
        "accuracy_count"
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let columns = site.inputs[0].shape.get(1).copied().unwrap_or(1).max(1);
        let labels = site.inputs[1].dtype == Dtype::I32;
        with_element!(site.dtype(), E => Box::new(move |call| {
            let rows = call.input::<E>(0).chunks_exact(columns).map(|row| class(row, &0.0));
            let hits = if labels {
                let right = |(row, label): (Option<usize>, &i32)| row.is_some() && row == usize::try_from(*label).ok();
                rows.zip(call.labels(1)).filter(|pair| right(*pair)).count()
            } else {
                let targets = call.input::<E>(1).chunks_exact(columns).map(|row| class(row, &0.5));
                rows.zip(targets).filter(|(row, target)| row.is_some() && row == target).count()
            };
            {
                call.output::<E>(0)[0] = hits as E;
            }
        }))
    }
}

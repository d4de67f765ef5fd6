//! The gradient of a loss with respect to its prediction, alone or in one pass with the loss.

use std::sync::Arc;

use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::{LossKind, LossReduction};

use super::{Loss, Reduction, Seed, expect, narrow, owned};
use crate::call::{Routine, Run, Site, with_element};
use crate::graph::{Graph, Origin};
use crate::ops::{Operation, Rule, Slope};
use crate::schedule::Item;
use crate::types::{Attributes, Type};

/// Gradient of a loss with respect to the prediction; the last input is the gradient that arrives at the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct LossBackward {
    loss: Loss,
    name: String,
}

impl LossBackward {
    pub(super) fn new(loss: Loss) -> Self {
        Self { loss, name: format!("{}_backward", loss.entry.name) }
    }
}

impl Operation for LossBackward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type, String> {
        let Some((arriving, inputs)) = inputs.split_last() else {
            return Err(format!("{}: expected at least 3 inputs, got none", self.name));
        };
        expect(&self.name, "gradient", arriving, &[&self.loss.infer(inputs)?])?;
        Ok(inputs[0].clone())
    }

    fn gradient(&self, rule: &mut Rule<'_>) -> Result<Vec<Slope>, String> {
        let mut slopes = vec![Slope::Undefined; rule.inputs.len()];
        let last = rule.inputs.len() - 1;
        // Linear in what arrives: its gradient is the sum of what each number of it spreads to.
        let mut inputs = rule.inputs.to_vec();
        let (kind, arriving) = (rule.graph.kind(inputs[last]).clone(), rule.gradient);
        slopes[last] = rule.when_needed(last, |rule| {
            let one = rule.graph.scalar(1.0, kind.dtype);
            inputs[last] = rule.graph.broadcast_to(one, &kind.shape)?;
            let unit = rule.graph.add_node(self.clone(), &inputs)?;
            let product = rule.graph.multiply(arriving, unit)?;
            let by_row = self.loss.reduction == Reduction::None && self.loss.entry.kind == LossKind::Row;
            match self.loss.reduction {
                Reduction::None if !by_row => Ok(product),
                Reduction::None => rule.graph.sum(product, Some(&[-1]), false),
                Reduction::One(_) => rule.graph.sum(product, None, false),
            }
        })?;
        Ok(slopes)
    }
}

impl Routine for LossBackward {
    fn name(&self) -> &str {
        &self.name
    }

    fn attributes(&self) -> Attributes {
        self.loss.attributes()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (loss, last) = (self.loss, site.inputs.len() - 1);
        let inputs = loss.inputs(&owned(&site.inputs[..last])).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let arriving = call.input::<E>(last);
            let seed = match loss.reduction {
                Reduction::None => Seed::Each(arriving),
                Reduction::One(_) => Seed::Scalar(arriving[0].to_f64()),
            };
            loss.pass::<E>(call, inputs, &seed, None, Some(call.output(0)));
        }))
    }
}

/// A loss and its gradient in one pass.
#[derive(Debug)]
struct LossAndGradient {
    loss: Loss,
    reduction: LossReduction,
    name: String,
}

/// One pass for both items, if the second is the gradient of the first and one arrives at the loss.
pub(crate) fn fused(graph: &Graph, forward: &Item, backward: &Item) -> Option<Arc<dyn Routine>> {
    let (loss, second) = (forward.is::<Loss>()?, backward.is::<LossBackward>()?);
    let Reduction::One(reduction) = loss.reduction else { return None };
    let (seed, inputs) = backward.inputs.split_last()?;
    let same = inputs.iter().zip(&forward.inputs).all(|(a, b)| a.value == b.value && a.kind == b.kind);
    let Origin::Constant(values) = &graph.nodes().get(seed.value.index())?.origin else { return None };
    let one = values.array().len() == 1 && values.array().get(0) == 1.0;
    if *loss != second.loss || inputs.len() != forward.inputs.len() || !same || !one {
        return None;
    }
    let name = format!("{} + gradient", loss.entry.name);
    Some(Arc::new(LossAndGradient { loss: *loss, reduction, name }))
}

impl Routine for LossAndGradient {
    fn name(&self) -> &str {
        &self.name
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (loss, reduction) = (self.loss, self.reduction);
        let inputs = loss.inputs(&owned(site.inputs)).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let totals = loss.pass::<E>(call, inputs, &Seed::Scalar(1.0), None, Some(call.output(1)));
            call.output::<E>(0)[0] = narrow(totals.reduced(reduction));
        }))
    }
}

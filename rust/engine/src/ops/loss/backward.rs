//! The gradient of a loss with respect to its prediction, alone or in one pass with the loss.

use std::sync::Arc;

use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::{LossKind, LossReduction};

use crate::error::{Result, shape_error};
use crate::graph::{Graph, Origin, ValueId};
use crate::operation::{GradientRule, InputGradient, Labels, Operation};
use crate::ops::softmax::{Softmax, SoftmaxBackward};
use crate::order::Item;
use crate::routine::{Routine, Run};
use crate::types::{Attributes, Site, Type, require_type, with_element};
use crate::work::Work;

use super::batch::{Derivative, Loss, Reduction, Upstream};
use super::weight::LossWeight;

/// The gradient of a loss with respect to the prediction; the last input is the upstream gradient of the loss.
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
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let Some((arriving, inputs)) = inputs.split_last() else {
            return shape_error!("{}: expected at least 3 inputs, got none", self.name);
        };
        require_type(&self.name, "gradient", arriving, &[&self.loss.infer(inputs)?])?;
        Ok(inputs[0].clone())
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let mut slopes = vec![InputGradient::Undefined; rule.inputs.len()];
        let last = rule.inputs.len() - 1;
        slopes[0] = rule.when_needed(0, |rule| match self.loss.entry.kind {
            LossKind::Point => {
                let curvature =
                    rule.graph.add_node(LossDerivative::new(self.loss, Derivative::Curvature), rule.inputs)?;
                rule.graph.multiply(rule.gradient, curvature)
            }
            LossKind::Row => self.row_curvature(rule),
        })?;
        slopes[last] = rule.when_needed(last, |rule| self.along_seed(rule))?;
        Ok(slopes)
    }

    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        self.loss.labels(&inputs[..inputs.len() - 1])
    }
}

impl LossBackward {
    /// The gradient is linear in the upstream gradient of the loss, so the slope of each of its numbers is a sum over
    /// what it affects.
    fn along_seed(&self, rule: &mut GradientRule<'_>) -> Result<ValueId> {
        let mut inputs = rule.inputs.to_vec();
        let last = inputs.len() - 1;
        let kind = rule.graph.kind(inputs[last]).clone();
        let one = rule.graph.scalar(1.0, kind.dtype);
        inputs[last] = rule.graph.broadcast_to(one, &kind.shape)?;
        let unit = rule.graph.add_node(self.clone(), &inputs)?;
        let product = rule.graph.multiply(rule.gradient, unit)?;
        match (self.loss.reduction, self.loss.entry.kind) {
            (Reduction::None, LossKind::Point) => Ok(product),
            (Reduction::None, LossKind::Row) => rule.graph.sum(product, Some(&[-1]), false),
            (Reduction::One(_), _) => rule.graph.sum(product, None, false),
        }
    }

    /// The slope of a row's gradient is that of softmax, times the sum of the row's weighted shares. That sum is the
    /// row's loss at logits of zero, where every class costs `ln(classes)`.
    fn row_curvature(&self, rule: &mut GradientRule<'_>) -> Result<ValueId> {
        let last = rule.inputs.len() - 1;
        let (seed, arriving) = (rule.inputs[last], rule.gradient);
        let mut inputs = rule.inputs[..last].to_vec();
        let graph = &mut *rule.graph;
        let kind = graph.kind(inputs[0]).clone();
        let classes = kind.shape.last().copied().unwrap_or(1);
        let probabilities = graph.add_node(Softmax::of_rows(), &[inputs[0]])?;
        let turned = graph.add_node(SoftmaxBackward::of_rows(), &[arriving, probabilities])?;
        if classes == 1 {
            return Ok(turned);
        }
        let weight = graph.add_node(LossWeight(self.loss), &inputs)?;
        let zero = graph.scalar(0.0, kind.dtype);
        inputs[0] = graph.broadcast_to(zero, &kind.shape)?;
        let rows = graph.add_node(Loss { reduction: Reduction::None, ..self.loss }, &inputs)?;
        let shares = graph.scaled(rows, 1.0 / (classes as f64).ln())?;
        let mut factor = graph.multiply(shares, seed)?;
        if self.loss.reduction == Reduction::One(LossReduction::Mean) {
            factor = graph.divide(factor, weight)?;
        }
        let mut column = graph.shape(factor).to_vec();
        column.push(1);
        let factor = graph.reshape(factor, &column)?;
        graph.multiply(turned, factor)
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
        let inputs = loss.site_inputs(&site.inputs[..last]);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let seed = loss.seed::<E>(call.input(last));
            loss.pass::<E>(call, inputs, &seed, None, Some(call.output(0)));
        }))
    }
}

/// A second derivative of an elementwise loss, from the inputs of its gradient.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LossDerivative {
    loss: Loss,
    derivative: Derivative,
    name: String,
}

impl LossDerivative {
    pub(super) fn new(loss: Loss, derivative: Derivative) -> Self {
        let what = match derivative {
            Derivative::Curvature => "curvature",
            Derivative::TargetSlope => "target_slope",
        };
        Self { loss, derivative, name: format!("{}_{what}", loss.entry.name) }
    }
}

impl Operation for LossDerivative {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        LossBackward::new(self.loss).infer(inputs)
    }
}

impl Routine for LossDerivative {
    fn name(&self) -> &str {
        &self.name
    }

    fn attributes(&self) -> Attributes {
        self.loss.attributes()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (loss, derivative, last) = (self.loss, self.derivative, site.inputs.len() - 1);
        let inputs = loss.site_inputs(&site.inputs[..last]);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let seed = loss.seed::<E>(call.input(last));
            loss.derive::<E>(derivative, call, inputs, &seed, call.output(0));
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

/// One pass for both items, if the second is the gradient of the first and the upstream gradient is one.
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

    fn work(&self, site: &Site<'_>) -> Work {
        let loss = Work::elementwise(site);
        loss.and(loss.operations)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (loss, reduction) = (self.loss, self.reduction);
        let inputs = loss.inputs(&site.inputs.iter().collect::<Vec<_>>()).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let totals = loss.pass::<E>(call, inputs, &Upstream::Scalar(1.0), None, Some(call.output(1)));
            call.output::<E>(0)[0] = E::from_f64(totals.reduced(reduction));
        }))
    }
}

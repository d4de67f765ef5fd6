//! The loss of a batch, as an operation.

use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::LossKind;

use crate::error::Result;
use crate::operation::{GradientRule, InputGradient, Labels, Operation};
use crate::reader::word_for;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Dtype, Site, Type, with_element};

use super::backward::{LossBackward, LossDerivative};
use super::batch::{Derivative, Formula, Loss, Reduction, Upstream};

impl Operation for Loss {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        self.inputs(inputs)?;
        Ok(match self.reduction {
            Reduction::None => inputs[0].with_shape(&self.unreduced(inputs[0])),
            Reduction::One(_) => inputs[0].with_shape(&[]),
        })
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let mut slopes = vec![InputGradient::Undefined; rule.inputs.len()];
        let inputs: Vec<_> = rule.inputs.iter().copied().chain([rule.gradient]).collect();
        slopes[0] = rule.when_needed(0, |rule| rule.graph.add_node(LossBackward::new(*self), &inputs))?;
        if self.entry.kind == LossKind::Point {
            let toward_target = LossDerivative::new(*self, Derivative::TargetSlope);
            slopes[1] = rule.when_needed(1, |rule| rule.graph.add_node(toward_target, &inputs))?;
        }
        Ok(slopes)
    }

    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        let Formula::Row(loss) = &self.formula else { return None };
        let classes = inputs[0].shape.last().copied().unwrap_or(1);
        (inputs[1].dtype == Dtype::I32).then_some(Labels { input: 1, classes, ignored: loss.ignore_index })
    }
}

impl Routine for Loss {
    fn name(&self) -> &str {
        self.entry.name
    }

    fn attributes(&self) -> Attributes {
        let reduction = word_for(&Reduction::WORDS, &self.reduction);
        let mut attributes = Attributes::from([("reduction".to_string(), Attribute::Text(reduction.to_string()))]);
        if let Formula::Point(loss) = &self.formula {
            let names = self
                .entry
                .parameters
                .iter()
                .map(|each| each.name)
                .chain(self.entry.choices.iter().map(|each| each.name));
            attributes
                .extend(names.zip(loss.values()).map(|(name, value)| (name.to_string(), Attribute::Float(value))));
        }
        if let Formula::Row(loss) = &self.formula {
            attributes.insert("label_smoothing".to_string(), Attribute::Float(loss.label_smoothing));
            let ignored = loss.ignore_index.map(|index| ("ignore_index".to_string(), Attribute::Int(i64::from(index))));
            attributes.extend(ignored);
        }
        attributes
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let loss = *self;
        let inputs = self.inputs(&site.inputs.iter().collect::<Vec<_>>()).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            match loss.reduction {
                Reduction::None => {
                    loss.pass::<E>(call, inputs, &Upstream::Scalar(1.0), Some(out), None);
                }
                Reduction::One(reduction) => {
                    let totals = loss.pass::<E>(call, inputs, &Upstream::Scalar(1.0), None, None);
                    out[0] = E::from_f64(totals.reduced(reduction));
                }
            }
        }))
    }
}

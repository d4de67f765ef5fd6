//! The divisor of a loss's mean.

use tilegrad_kernels::losses::{self, PointBatch};

use crate::error::{Error, Result};
use crate::operation::{GradientRule, InputGradient, Labels, Operation};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Site, Type, with_element};
use crate::work::Work;
use tilegrad_kernels::real::Element;

use super::batch::{Formula, Loss, row_batch};

/// The divisor of a loss's mean: the sum of the weights, or the count. Its inputs are those of the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossWeight(pub(super) Loss);

impl LossWeight {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let known: Vec<&str> = losses::ENTRIES.iter().map(|entry| entry.name).collect();
        let name = reader.word("loss", "", &known)?;
        let entry = losses::entry(&name).map_err(|_| {
            Error::Name(format!("loss_weight: expected `loss` to be one of {}, got none", known.join(", ")))
        })?;
        Ok(Self(Loss::read(entry, reader)?))
    }
}

impl Operation for LossWeight {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        self.0.inputs(inputs).map_err(|error| error.map_message(|message| format!("loss_weight: {message}")))?;
        Ok(inputs[0].with_shape(&[]))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let mut slopes = vec![InputGradient::Undefined; rule.inputs.len()];
        slopes[0] = InputGradient::Zero;
        Ok(slopes)
    }

    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        self.0.labels(inputs)
    }
}

impl Routine for LossWeight {
    fn name(&self) -> &str {
        "loss_weight"
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = self.0.attributes();
        attributes.insert("loss".to_string(), Attribute::Text(self.0.entry.name.to_string()));
        attributes
    }

    fn work(&self, site: &Site<'_>) -> Work {
        // The predictions are only needed for their shape.
        Work::elementwise(&Site { inputs: &site.inputs[1..], ..*site })
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let loss = self.0;
        let inputs = loss.inputs(&site.inputs.iter().collect::<Vec<_>>()).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let prediction = call.input::<E>(0);
            let sample_weight = inputs.sample_weight.map(|index| call.input::<E>(index));
            let weight = match &loss.formula {
                Formula::Point(_) => {
                    let target = call.input(1);
                    PointBatch { prediction, target, weight: sample_weight, upstream: None }.denominator()
                }
                Formula::Row(row) => row.denominator(&row_batch(call, inputs, prediction, sample_weight, None)),
            };
            call.output::<E>(0)[0] = E::from_f64(weight);
        }))
    }
}

//! Class labels as rows of probabilities, for composed losses.

use crate::error::{Error, Result, dtype_error, shape_error, value_error};
use crate::operation::{GradientRule, InputGradient, Labels, Operation};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Dtype, Site, Type, with_element};

/// One row per label: 1 at its class and 0 elsewhere; all 0 for the ignored label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneHot {
    classes: usize,
    dtype: Dtype,
    ignored: Option<i32>,
}

impl OneHot {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let classes = reader.integer("classes")?.unwrap_or(0);
        let Some(classes) = usize::try_from(classes).ok().filter(|classes| *classes > 0) else {
            return value_error!("one_hot: expected `classes` of at least 1, got {classes}");
        };
        let dtype = reader.word("dtype", "float32", &["float32", "float64"])?;
        let ignored = reader.integer("ignore_index")?.map(i32::try_from).transpose();
        let ignored = ignored.map_err(|_| Error::Value("one_hot: expected `ignore_index` of 32 bits".into()))?;
        reader.finish()?;
        Ok(Self { classes, dtype: Dtype::from_name(&dtype)?, ignored })
    }
}

impl Operation for OneHot {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        match inputs {
            [labels] if labels.dtype == Dtype::I32 => {
                let shape: Vec<usize> = labels.shape.iter().copied().chain([self.classes]).collect();
                Ok(Type::new(&shape, self.dtype))
            }
            [other] => dtype_error!("one_hot: expected labels of dtype int32, got dtype {}", other.dtype),
            _ => shape_error!("one_hot: expected 1 input, got {}", inputs.len()),
        }
    }

    fn gradient(&self, _rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        Ok(vec![InputGradient::Zero])
    }

    fn labels(&self, _inputs: &[&Type]) -> Option<Labels> {
        Some(Labels { input: 0, classes: self.classes, ignored: self.ignored })
    }
}

impl Routine for OneHot {
    fn name(&self) -> &str {
        "one_hot"
    }

    fn attributes(&self) -> Attributes {
        let classes = i64::try_from(self.classes).unwrap_or(i64::MAX);
        let mut attributes = Attributes::from([("classes".to_string(), Attribute::Int(classes))]);
        attributes.extend(self.ignored.map(|label| ("ignore_index".to_string(), Attribute::Int(i64::from(label)))));
        attributes
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (classes, ignored) = (self.classes, self.ignored);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            out.fill(0.0);
            for (row, &label) in out.chunks_exact_mut(classes).zip(call.labels(0)) {
                // A label out of range was rejected before the run, unless it is the ignored one.
                if let (false, Ok(class)) = (Some(label) == ignored, usize::try_from(label)) {
                    row[class] = 1.0;
                }
            }
        }))
    }
}

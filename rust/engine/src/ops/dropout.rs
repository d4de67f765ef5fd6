//! Dropout (Srivastava et al., 2014): drops numbers at random, and scales up the others so that the mean stays the
//! same.

use crate::error::{Result, value_error};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::one_real_input;
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Site, Type, with_element};

/// `x mask / (1 - rate)`. The mask depends only on (seed, stream, step, element), so the backward pass recomputes it
/// instead of storing it. Compiled for evaluation, it is the identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    rate: f64,
    stream: u64,
}

impl Dropout {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let (rate, stream) = (reader.number("rate", 0.5)?, reader.integer("stream")?.unwrap_or(0));
        reader.finish()?;
        if !(0.0..1.0).contains(&rate) {
            return value_error!("dropout: expected `rate` in [0, 1), got {rate}");
        }
        let Ok(stream) = u32::try_from(stream) else {
            return value_error!("dropout: expected `stream` from 0 to 4294967295, got {stream}");
        };
        Ok(Self { rate, stream: u64::from(stream) })
    }
}

impl Operation for Dropout {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        one_real_input("dropout", inputs)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        // The same mask, from the same stream: the operation is linear and equals its own transpose.
        Ok(vec![InputGradient::Value(rule.graph.add_node(*self, &[rule.gradient])?)])
    }

    fn is_view(&self, training: bool) -> bool {
        !training || self.rate == 0.0
    }
}

impl Routine for Dropout {
    fn name(&self) -> &str {
        "dropout"
    }

    fn attributes(&self) -> Attributes {
        let stream = Attribute::Int(i64::try_from(self.stream).unwrap_or(i64::MAX));
        Attributes::from([("rate".to_string(), Attribute::Float(self.rate)), ("stream".to_string(), stream)])
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (rate, purpose) = (self.rate, self.stream);
        with_element!(site.dtype(), E => match site.in_place {
            Some(_) => Box::new(move |call| call.stream(purpose).dropout_in_place(0, rate, call.output::<E>(0))),
            None => Box::new(move |call| call.stream(purpose).dropout(0, rate, call.input(0), call.output::<E>(0))),
        })
    }
}

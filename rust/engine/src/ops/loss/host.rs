//! A loss computed by the host language: an external function provides value and gradient.

use std::fmt;
use std::sync::Arc;

use crate::call::Call;
use crate::error::Result;
use crate::graph::{Graph, ValueId};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::require_real;
use crate::routine::{Routine, Run};
use crate::types::{Array, Dtype, Site, Type, with_element};
use tilegrad_kernels::real::Element;

/// Value and gradient for a prediction and a target; the gradient has as many numbers as the prediction. A function
/// that raises an exception must not return.
pub type HostFunction = dyn Fn(Array<'_>, Array<'_>) -> (f64, Vec<f64>) + Send + Sync;

/// Calls the function: the result holds the value, then the gradient.
#[derive(Clone)]
pub struct HostLoss {
    function: Arc<HostFunction>,
}

impl fmt::Debug for HostLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostLoss")
    }
}

impl HostLoss {
    /// The value of the function as a scalar of the graph.
    pub fn apply(
        graph: &mut Graph,
        function: Arc<HostFunction>,
        prediction: ValueId,
        target: ValueId,
    ) -> Result<ValueId> {
        let both = graph.add_node(Self { function }, &[prediction, target])?;
        graph.add_node(HostPart { prediction: None }, &[both])
    }

    /// The numbers of an input.
    fn array<'a>(call: &Call<'a>, index: usize, dtype: Dtype) -> Array<'a> {
        match dtype {
            Dtype::F32 => Array::F32(call.input(index)),
            Dtype::F64 => Array::F64(call.input(index)),
            Dtype::I32 => Array::I32(call.labels(index)),
        }
    }
}

impl Operation for HostLoss {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        require_real("host_loss", "prediction", inputs[0])?;
        Ok(inputs[0].with_shape(&[inputs[0].len() + 1]))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let slope = rule.when_needed(0, |rule| {
            // Only the nodes below read more than the value, so only the first number gets an upstream gradient.
            let prediction = rule.graph.kind(rule.inputs[0]).clone();
            let arriving = rule.graph.add_node(HostPart { prediction: None }, &[rule.gradient])?;
            let slopes = rule.graph.add_node(HostPart { prediction: Some(prediction) }, &[rule.output])?;
            rule.graph.multiply(arriving, slopes)
        })?;
        Ok(vec![slope, InputGradient::Undefined])
    }
}

impl Routine for HostLoss {
    fn name(&self) -> &str {
        "host_loss"
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (function, target) = (Arc::clone(&self.function), site.inputs[1].dtype);
        let prediction = site.inputs[0].dtype;
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (value, gradient) = function(Self::array(call, 0, prediction), Self::array(call, 1, target));
            let out = call.output::<E>(0);
            for (out, number) in out.iter_mut().zip([value].iter().chain(&gradient)) {
                *out = E::from_f64(*number);
            }
        }))
    }
}

/// The value, or the gradient in the shape of the prediction.
#[derive(Clone, Debug, PartialEq)]
struct HostPart {
    prediction: Option<Type>,
}

impl Operation for HostPart {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        Ok(self.prediction.clone().unwrap_or_else(|| inputs[0].with_shape(&[])))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        if self.prediction.is_some() {
            // The derivative of the gradient is unknown.
            return Ok(vec![InputGradient::Undefined]);
        }
        let kind = rule.graph.kind(rule.inputs[0]).clone();
        let slope = rule.when_needed(0, |rule| rule.graph.broadcast_to(rule.gradient, &kind.shape))?;
        Ok(vec![slope])
    }
}

impl Routine for HostPart {
    fn name(&self) -> &str {
        if self.prediction.is_some() { "host_loss_backward" } else { "host_loss_value" }
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let first = usize::from(self.prediction.is_some());
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            out.copy_from_slice(&call.input::<E>(0)[first..first + out.len()]);
        }))
    }
}

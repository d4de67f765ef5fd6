//! Operations on gradients before the update: accumulation over several batches, and clipping by norms.

use tilegrad_kernels::controls::{self, Controls};
use tilegrad_kernels::real::Element;

use crate::error::Result;
use crate::operation::Operation;
use crate::ops::checks::require_real;
use crate::routine::{ControlBuffer, Routine, Run};
use crate::types::{Dtype, Site, Type, require_type, with_element};

/// Adds the gradient of a batch to those of previous batches; after the last of them, the result is the joint gradient.
///
/// The inputs are either the gradient of a mean and the weight of that mean, and the result is the mean over all; or
/// only the gradient of a sum, and the result is the sum. Before the last batch the result has no meaning and is not
/// used.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    parameter: usize,
}

impl Gather {
    pub(crate) fn new(parameter: usize) -> Self {
        Self { parameter }
    }
}

impl Operation for Gather {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        require_real("accumulate", "gradient", inputs[0])?;
        if let Some(weight) = inputs.get(1) {
            let shape: &[usize] = if weight.len() == 1 { &weight.shape } else { &[] };
            require_type("accumulate", "weight", weight, &[&inputs[0].with_shape(shape)])?;
        }
        Ok(inputs[0].clone())
    }
}

impl Routine for Gather {
    fn name(&self) -> &str {
        "accumulate"
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        Some((self.parameter, ControlBuffer::Accumulated))
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (in_place, has_weight) = (site.in_place.is_some(), site.inputs.len() > 1);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let (turn, result, sum) = (call.turn, call.output::<E>(0), call.output::<E>(1));
            let gradient: &[E] = if in_place { &*result } else { call.input(0) };
            let weight = if has_weight { call.input::<E>(1)[0].to_f64() } else { 1.0 };
            let first = turn.gathered == 0;
            turn.weight.set(weight);
            // The mean of a batch without weight is NaN.
            if weight != 0.0 {
                controls::gather(sum, gradient, weight, first);
            } else if first {
                sum.fill(0.0);
            }
            if turn.applies {
                let total = if has_weight { turn.gathered_weight + weight } else { 1.0 };
                controls::scale(if total == 0.0 { 0.0 } else { 1.0 / total }, sum, result);
            }
        }))
    }
}

/// The norms of all gradients, and from them the factor for each. Also decides whether the step is skipped.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    controls: Controls,
    name: String,
}

impl Measure {
    pub(crate) fn new(controls: Controls) -> Self {
        let parts = [
            (controls.clip_norm.is_some(), "clip_norm"),
            (controls.clip_global_norm.is_some(), "clip_global_norm"),
            (controls.skip_if_not_finite, "skip_if_not_finite"),
        ];
        let names: Vec<&str> = parts.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        Self { controls, name: names.join(" + ") }
    }
}

impl Operation for Measure {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        inputs.iter().try_for_each(|kind| require_real(self.name(), "gradient", kind))?;
        Ok(Type::new(&[inputs.len()], Dtype::F64))
    }
}

impl Routine for Measure {
    fn name(&self) -> &str {
        &self.name
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (controls, kinds) = (self.controls, site.inputs.iter().map(|kind| kind.dtype).collect::<Vec<_>>());
        Box::new(move |call| {
            if !call.turn.applies {
                return;
            }
            let factors = call.output::<f64>(0);
            for (index, (norm, kind)) in factors.iter_mut().zip(&kinds).enumerate() {
                *norm = with_element!(*kind, E => tilegrad_kernels::sums::norm(call.input::<E>(index)));
            }
            call.turn.skipped.set(!controls.factors(factors));
        })
    }
}

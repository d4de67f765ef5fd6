//! An optimizer's step on a parameter, in place.

use tilegrad_kernels::optimizers::Optimizer;

use super::activation::types;
use super::elementwise::require_real;
use super::{Operation, Rule, Slope};
use crate::call::{Routine, Run, Site, with_element};
use crate::types::Type;
use crate::work::Work;

/// Updates a parameter and its slots from (parameter, gradient). The result is the parameter itself, afterwards.
#[derive(Clone, Debug)]
pub struct Update {
    optimizer: Optimizer,
    group: usize,
    parameter: usize,
    name: String,
}

impl Update {
    /// The update of a parameter by the optimizer of a group.
    pub(crate) fn new(optimizer: Optimizer, group: usize, parameter: usize) -> Self {
        let name = format!("{}_update", optimizer.entry().name);
        Self { optimizer, group, parameter, name }
    }

    /// The optimizer it was made with.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }
}

impl Operation for Update {
    fn infer(&self, inputs: &[&Type]) -> Result<Type, String> {
        let [parameter, gradient] = inputs else {
            return Err(format!("update: expected 2 inputs, got {}", inputs.len()));
        };
        require_real("update", "parameter", parameter)?;
        if parameter != gradient {
            return Err(format!(
                "update: expected `gradient` of the parameter's shape and dtype, got {}",
                types(inputs)
            ));
        }
        Ok((*parameter).clone())
    }

    fn gradient(&self, _rule: &mut Rule<'_>) -> Result<Vec<Slope>, String> {
        Ok(vec![Slope::Undefined, Slope::Undefined])
    }

    fn reads(&self, input: usize) -> bool {
        // The parameter is reached as the result, in place.
        input != 0
    }

    fn updates(&self) -> Option<(usize, usize)> {
        Some((self.group, self.parameter))
    }
}

/// Most slots a rule has.
pub(crate) const MAXIMUM_SLOTS: usize = 4;

impl Routine for Update {
    fn name(&self) -> &str {
        &self.name
    }

    fn work(&self, site: &Site<'_>) -> Work {
        let gradient = site.inputs[0].bytes() as u64;
        let work = Work::update(&site.outputs[0], self.optimizer.slots().len());
        Work { bytes: work.bytes + gradient, footprint: work.footprint + gradient, ..work }
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (group, slots) = (self.group, self.optimizer.slots().len());
        assert!(slots <= MAXIMUM_SLOTS);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let weight = call.output::<E>(0);
            let mut places: [&mut [E]; MAXIMUM_SLOTS] = std::array::from_fn(|slot| {
                if slot < slots { call.output::<E>(1 + slot) } else { &mut [] as &mut [E] }
            });
            call.optimizer_steps[group].update(weight, call.input::<E>(0), &mut places[..slots]);
        }))
    }
}

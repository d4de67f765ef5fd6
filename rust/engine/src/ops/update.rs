//! An optimizer's step on a parameter, in place.

use tilegrad_kernels::optimizers::{Optimizer, Step};

use super::activation::types;
use super::elementwise::require_real;
use super::{Operation, Rule, Slope};
use crate::call::{Call, Routine, Run, Site, with_element};
use crate::types::{Type, Typed};
use crate::work::Work;

/// Updates a parameter and its slots from (parameter, gradient). The result is the parameter itself, afterwards.
#[derive(Clone, Debug)]
pub struct Update {
    slots: usize,
    divisions: u64,
    group: usize,
    parameter: usize,
    name: String,
}

impl Update {
    /// The update of a parameter by the optimizer of a group.
    pub(crate) fn new(optimizer: &Optimizer, group: usize, parameter: usize) -> Self {
        let slots = optimizer.slots().len();
        assert!(slots <= MAXIMUM_SLOTS);
        let divisions = u64::from(optimizer.entry().facts.divisions);
        Self { slots, divisions, group, parameter, name: format!("{}_update", optimizer.entry().name) }
    }

    /// Which of the plan's optimizers it runs.
    pub(crate) fn group(&self) -> usize {
        self.group
    }

    /// The least work of the update alone, without what brings the gradient.
    pub(crate) fn least(&self, weight: &Type) -> Work {
        Work::update(weight, self.slots, self.divisions)
    }

    /// How many slots its rule has.
    pub(crate) fn slots(&self) -> usize {
        self.slots
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
const MAXIMUM_SLOTS: usize = 4;

impl Routine for Update {
    fn name(&self) -> &str {
        &self.name
    }

    fn work(&self, site: &Site<'_>) -> Work {
        self.least(&site.outputs[0]).reading(site.inputs)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (group, slots) = (self.group, self.slots());
        with_element!(site.dtype(), E => Box::new(move |call| {
            take_step(&call.optimizer_steps[group], call.input::<E>(0), &mut state::<E>(call, slots)[..=slots]);
        }))
    }
}

/// A parameter and its slots: the results of a call that updates it.
pub(crate) fn state<'a, E: Typed>(call: &Call<'a>, slots: usize) -> [&'a mut [E]; 1 + MAXIMUM_SLOTS] {
    std::array::from_fn(|index| if index <= slots { call.output::<E>(index) } else { &mut [] as &mut [E] })
}

/// A step of the optimizer on a parameter, the first of `state`, and its slots, the others.
#[inline]
pub(crate) fn take_step<E: Typed>(step: &Step, gradient: &[E], state: &mut [&mut [E]]) {
    let (weight, slots) = state.split_first_mut().expect("the weight is always there");
    step.update(weight, gradient, slots);
}

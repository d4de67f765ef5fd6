//! The optimizer's step on a parameter, in place.

use std::sync::Arc;

use tilegrad_kernels::controls::{self, Controls};
use tilegrad_kernels::optimizers::{MOST_SLOTS, Optimizer, Step};

use crate::call::Call;
use crate::error::{Error, Result, shape_error, value_error};
use crate::graph::{Graph, Node, Origin, ValueId};
use crate::operation::{Changer, Operation};
use crate::ops::checks::require_real;
use crate::ops::gradient_controls::{Gather, Measure};
use crate::routine::{ControlBuffer, Routine, Run};
use crate::types::{Site, Type, Typed, require_type, with_element};
use crate::work::Work;

/// Updates a parameter and its slots from (parameter, gradient), and from the factors of all gradients if there are
/// any. The result is the parameter itself, afterwards.
#[derive(Clone, Debug)]
pub struct Update {
    action: Action,
    /// The step of a rule that needs the whole gradient; it knows how much scratch memory it needs.
    whole: Option<Step>,
    divisions: u64,
    parameter: usize,
    name: String,
}

/// What an update does, without the names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    group: usize,
    slots: usize,
    /// The bound on every number of the gradient.
    clip: Option<f64>,
    /// The index of this gradient's factor.
    factor: Option<usize>,
    /// Whether a moving average of the parameter is updated too.
    averages: bool,
}

impl Update {
    /// The update of a parameter by the optimizer of a group.
    pub(crate) fn new(optimizer: &Optimizer, group: usize, parameter: usize) -> Self {
        let slots = optimizer.slots().len();
        let divisions = u64::from(optimizer.entry().facts.divisions);
        let action = Action { group, slots, clip: None, factor: None, averages: false };
        let whole = (!optimizer.entry().facts.elementwise).then(|| optimizer.prepare(1));
        Self { action, whole, divisions, parameter, name: format!("{}_update", optimizer.entry().name) }
    }

    /// The same update with a bound, a factor and an average.
    pub(crate) fn controlled(mut self, controls: &Controls, factor: Option<usize>) -> Self {
        let averages = controls.average_decay.is_some();
        self.action = Action { clip: controls.clip_value, factor, averages, ..self.action };
        if controls.clip_value.is_some() {
            self.name.insert_str(0, "clip_value + ");
        }
        if averages {
            self.name.push_str(" + average");
        }
        self
    }

    /// Which parameter it updates.
    pub(crate) fn parameter(&self) -> usize {
        self.parameter
    }

    /// What it does.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// Whether it can take a gradient in pieces as they are computed, without seeing the whole.
    pub(crate) fn takes_pieces(&self) -> bool {
        self.action.factor.is_none() && self.whole.is_none()
    }

    /// The scratch elements of a rule that needs the whole gradient.
    fn scratch<E: Typed>(&self, shape: &[usize]) -> usize {
        self.whole.map_or(0, |step| step.scratch::<E>(shape))
    }

    /// The minimum work of the update alone, without computing the gradient.
    pub(crate) fn least(&self, weight: &Type) -> Work {
        Work::update(weight, self.action.state() - 1, self.divisions)
    }
}

impl Graph {
    /// An optimizer step on a parameter, made in place whenever the plan runs, after everything that reads the
    /// parameter. The value is the new parameter. Equal optimizers are one group.
    pub fn update(&mut self, parameter: ValueId, gradient: ValueId, optimizer: &Optimizer) -> Result<ValueId> {
        let known = self.optimizers().iter().position(|known| known == optimizer);
        let group = known.unwrap_or(self.optimizers().len());
        let update = self.new_update(parameter, gradient, optimizer, group)?;
        if known.is_none() {
            self.add_group(optimizer);
        }
        self.apply(Arc::new(update), &[parameter, gradient])
    }

    /// Steps on many parameters (parameter, gradient, group), whose gradients pass through the controls.
    ///
    /// `weight` is the weight of a batch when gradients of several batches are averaged; without it they are summed.
    pub fn train(
        &mut self,
        updates: &[(ValueId, ValueId, usize)],
        weight: Option<ValueId>,
        controls: Controls,
    ) -> Result<Vec<ValueId>> {
        let mut made = Vec::with_capacity(updates.len());
        for &(parameter, gradient, group) in updates {
            let optimizer = *self
                .optimizers()
                .get(group)
                .ok_or_else(|| Error::Value("train: expected the number of a group".into()))?;
            made.push(self.new_update(parameter, gradient, &optimizer, group)?);
        }
        let mut gradients: Vec<ValueId> = updates.iter().map(|&(_, gradient, _)| gradient).collect();
        self.set_controls(controls);
        if controls.accumulates() {
            for (gradient, update) in gradients.iter_mut().zip(&made) {
                let inputs: Vec<ValueId> = [*gradient].into_iter().chain(weight).collect();
                *gradient = self.apply(Arc::new(Gather::new(update.parameter())), &inputs)?;
            }
        }
        let factors =
            if controls.measures() { Some(self.apply(Arc::new(Measure::new(controls)), &gradients)?) } else { None };
        let mut values = Vec::with_capacity(made.len());
        for (position, (update, gradient)) in made.into_iter().zip(gradients).enumerate() {
            let inputs: Vec<ValueId> = [updates[position].0, gradient].into_iter().chain(factors).collect();
            let update = update.controlled(&controls, factors.map(|_| position));
            values.push(self.apply(Arc::new(update), &inputs)?);
        }
        Ok(values)
    }

    /// The update of a parameter that has none so far.
    fn new_update(&self, parameter: ValueId, gradient: ValueId, optimizer: &Optimizer, group: usize) -> Result<Update> {
        self.check("update", parameter)?;
        self.check("update", gradient)?;
        let Origin::Parameter(index) = self.node(parameter).origin else {
            return value_error!("update: expected `parameter` to be a parameter, got {}", self.name(parameter));
        };
        if self.nodes().iter().any(|node| updates(node, parameter)) {
            return value_error!("update: expected one update of {}, got a second one", self.name(parameter));
        }
        Ok(Update::new(optimizer, group, index))
    }
}

/// Whether a node is the update of this parameter.
fn updates(node: &Node, parameter: ValueId) -> bool {
    let changes = node.operation().and_then(|operation| operation.changes());
    changes.is_some() && node.inputs.first() == Some(&parameter)
}

impl Operation for Update {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let [parameter, gradient, ..] = inputs else {
            return shape_error!("update: expected 2 inputs, got {}", inputs.len());
        };
        require_real("update", "parameter", parameter)?;
        require_type("update", "gradient", gradient, &[parameter])?;
        Ok((*parameter).clone())
    }

    fn reads(&self, input: usize) -> bool {
        // The parameter is accessed as the result, in place.
        input != 0
    }

    fn changes(&self) -> Option<Changer> {
        Some(Changer::Optimizer(self.action.group))
    }
}

/// The most arrays that an update changes: the weight, its slots and its average.
const MAXIMUM_STATE: usize = 2 + MOST_SLOTS;

/// What the updates of a group have in common in a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalars<'a> {
    step: &'a Step,
    average_share: f64,
}

impl Action {
    /// The number of arrays it changes.
    pub(crate) fn state(&self) -> usize {
        1 + self.slots + usize::from(self.averages)
    }

    /// The arrays it changes: the weight, its slots, its average.
    pub(crate) fn changed<'a, E: Typed>(&self, call: &Call<'a>) -> [&'a mut [E]; MAXIMUM_STATE] {
        let count = self.state();
        std::array::from_fn(|index| if index < count { call.output::<E>(index) } else { &mut [] as &mut [E] })
    }

    /// The scalars of the running step.
    #[inline]
    pub(crate) fn scalars<'a>(&self, call: &Call<'a>) -> Scalars<'a> {
        Scalars { step: &call.optimizer_steps[self.group], average_share: call.turn.average_share }
    }

    /// Whether the controls change the numbers of the gradient.
    fn tempers(&self) -> bool {
        self.clip.is_some() || self.factor.is_some()
    }

    /// A step on arrays, or on the same range of each, from a gradient that is no longer needed. `HERE` keeps it on
    /// this thread.
    #[inline]
    pub(crate) fn take<E: Typed, const HERE: bool>(
        &self,
        scalars: &Scalars<'_>,
        gradient: &mut [E],
        state: &mut [&mut [E]],
    ) {
        if let Some(bound) = self.clip {
            controls::clip_in_place(bound, gradient);
        }
        self.take_tempered::<E>(scalars, gradient, state, |step, weight, gradient, slots| {
            if HERE { step.update_here(weight, gradient, slots) } else { step.update(weight, gradient, slots) }
        });
    }

    /// [`Action::take`] from a gradient that needs no controls.
    #[inline]
    fn take_tempered<E: Typed>(
        &self,
        &Scalars { step, average_share }: &Scalars<'_>,
        gradient: &[E],
        state: &mut [&mut [E]],
        update: impl FnOnce(&Step, &mut [E], &[E], &mut [&mut [E]]),
    ) {
        let (weight, slots) = state.split_first_mut().expect("the weight is always there");
        let (slots, averages) = slots.split_at_mut(self.slots);
        update(step, weight, gradient, slots);
        if let (true, [average, ..]) = (self.averages, averages) {
            controls::approach(average, weight, average_share);
        }
    }
}

impl Routine for Update {
    fn name(&self) -> &str {
        &self.name
    }

    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        self.action.averages.then_some((self.parameter, ControlBuffer::Average))
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        let kind = &site.outputs[0];
        let scratch = with_element!(kind.dtype, E => self.scratch::<E>(&kind.shape)) * kind.dtype.size();
        scratch + if self.action.tempers() { kind.bytes() } else { 0 }
    }

    fn work(&self, site: &Site<'_>) -> Work {
        self.least(&site.outputs[0]).reading(site.inputs)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (action, shape) = (self.action, site.outputs[0].shape.clone());
        let tempered_len = if action.tempers() { site.outputs[0].len() } else { 0 };
        with_element!(site.dtype(), E => Box::new(move |call| {
            if !call.turn.applies || call.turn.skipped.get() {
                return;
            }
            let gradient = call.input::<E>(0);
            let (scalars, state) = (&action.scalars(call), &mut action.changed::<E>(call)[..action.state()]);
            let (tempered, scratch) = call.workspace::<E>().split_at_mut(tempered_len);
            let update = |step: &Step, weight: &mut [E], gradient: &[E], slots: &mut [&mut [E]]| {
                step.update_whole(weight, gradient, slots, &shape, scratch);
            };
            let factor = action.factor.map_or(1.0, |position| call.input::<f64>(1)[position]);
            if factor == 1.0 && action.clip.is_none() {
                return action.take_tempered(scalars, gradient, state, update);
            }
            controls::temper(factor, action.clip, gradient, tempered);
            action.take_tempered(scalars, tempered, state, update);
        }))
    }
}

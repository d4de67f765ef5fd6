//! Constraints on a parameter, applied in place right after its update.

use tilegrad_kernels::constraints::Constraint;
use tilegrad_kernels::registry::Setting;

use crate::call::Call;
use crate::error::{Result, shape_error, value_error};
use crate::graph::{Graph, ValueId};
use crate::operation::{Change, Changer, GradientRule, InputGradient, Operation};
use crate::routine::{Routine, Run};
use crate::types::{Site, Type, Typed, with_element};

/// A constraint, or a proximal step, on a parameter after its update. The result is the parameter itself, afterwards.
#[derive(Clone, Copy, Debug)]
struct Constrain {
    constraint: Constraint,
    group: usize,
}

impl Graph {
    /// Constrains a parameter in place after each update, whose value is `updated`. The threshold of `shrink`
    /// is `number` times the optimizer's learning rate.
    pub fn constrain(&mut self, updated: ValueId, name: &str, number: f64) -> Result<ValueId> {
        self.check("constrain", updated)?;
        let constraint = Constraint::named(name, number)?;
        let Some(Change { by: Changer::Optimizer(group), .. }) = self.change(updated) else {
            let got = self.name(updated);
            return value_error!("constrain: expected `updated` to be what an update gave, got {got}");
        };
        self.add_node(Constrain { constraint, group }, &[updated])
    }
}

impl Operation for Constrain {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        match inputs {
            [updated] => Ok((*updated).clone()),
            _ => shape_error!("constrain: expected 1 input, got {}", inputs.len()),
        }
    }

    fn gradient(&self, _rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        Ok(vec![InputGradient::Undefined])
    }

    fn changes(&self) -> Option<Changer> {
        Some(Changer::Optimizer(self.group))
    }
}

impl Routine for Constrain {
    fn name(&self) -> &str {
        match self.constraint {
            Constraint::MaximumNorm(_) => "max_norm",
            Constraint::UnitNorm => "unit_norm",
            Constraint::NonNegative => "non_negative",
            Constraint::Shrink(_) => "shrink",
        }
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        self.constraint.scratch(columns(&site.outputs[0])) * size_of::<f64>()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (this, columns) = (*self, columns(&site.outputs[0]));
        with_element!(site.dtype(), E => Box::new(move |call| {
            // A step without an update does not change its parameter.
            if call.turn.applies && !call.turn.skipped.get() {
                this.run::<E>(call, columns);
            }
        }))
    }
}

impl Constrain {
    fn run<E: Typed>(self, call: &Call<'_>, columns: usize) {
        if !call.turn.applies || call.turn.skipped.get() {
            return;
        }
        let constraint = match self.constraint {
            Constraint::Shrink(strength) => {
                let rate = call.optimizers.get(self.group).and_then(|rule| rule.get("learning_rate"));
                // A rule without a learning rate makes full steps.
                Constraint::Shrink(if let Some(Setting::Number(rate)) = rate { rate * strength } else { strength })
            }
            other => other,
        };
        // The parameter is accessed as the result, in place.
        constraint.apply(call.output::<E>(0), columns, call.workspace::<f64>());
    }
}

/// The columns of a parameter, along its last axis; a vector is one column.
fn columns(kind: &Type) -> usize {
    if kind.shape.len() > 1 { kind.shape[kind.shape.len() - 1] } else { 1 }
}

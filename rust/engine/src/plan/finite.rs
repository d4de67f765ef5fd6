//! Finds non-finite numbers in the step that produces them.
//!
//! The loss is checked before anything is updated. After the updates, the short parameters are checked, mainly biases:
//! the gradient of a bias is a sum over the whole gradient that arrives at its layer, so a non-finite number there
//! shows in it. What slips through, such as a long weight that overflows by itself, shows in the next loss, or at the
//! end of the epoch.

use crate::bindings::{NotFinite, State};
use crate::call::{Operand, PARAMETERS};
use crate::order::{Item, RunningOrder};
use crate::types::Dtype;

/// The length of the longest parameter that is checked in every step.
const SHORT: usize = 4096;

/// How many numbers between two parameters are checked along with them; they are zero.
const GAP: usize = 16;

/// What a plan checks.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The step after which the loss, and its weight if there is one, are known.
    judged: Option<usize>,
    /// Which of the first outputs are known by then.
    known: usize,
    /// The start, length and dtype of stretches of the parameters.
    short: Vec<(usize, usize, Dtype)>,
}

impl Watch {
    /// For the items of a schedule with these updated operands.
    pub(super) fn new(schedule: &RunningOrder, updated: impl Iterator<Item = Operand>) -> Self {
        let makes = |item: &Item, output: usize| {
            schedule.outputs.get(output).is_some_and(|port| item.outputs.iter().any(|made| made.value == port.value))
        };
        let maker = |output: usize| schedule.items.iter().position(|item| makes(item, output));
        let first = schedule.items.iter().position(|item| item.change.is_some()).unwrap_or(usize::MAX);
        let (loss, weight) = (maker(0), maker(1).filter(|&weight| weight < first));
        let mut short: Vec<(usize, usize, Dtype)> = updated
            .filter(|operand| operand.len <= SHORT && operand.base >= PARAMETERS)
            .map(|operand| (operand.offset / operand.dtype.size(), operand.len, operand.dtype))
            .collect();
        short.sort_unstable_by_key(|&(start, _, dtype)| (dtype.size(), start));
        short.dedup();
        short.dedup_by(|next, kept| {
            let joins = next.2 == kept.2 && next.0 <= kept.0 + kept.1 + GAP;
            if joins {
                kept.1 = next.0 + next.1 - kept.0;
            }
            joins
        });
        Self { judged: loss.max(weight.and(loss).and(weight)), known: 1 + usize::from(weight.is_some()), short }
    }

    /// Whether the loss is known after this step and not before.
    #[inline]
    pub(super) fn judges_after(&self, index: usize) -> bool {
        self.judged == Some(index)
    }

    /// Whether the weight of the loss is known along with it.
    pub(super) fn knows_weight(&self) -> bool {
        self.known > 1
    }

    /// Checks the short parameters.
    pub(super) fn look_at_short(&self, state: &mut State<'_>) {
        let finite = self.short.iter().all(|&(start, count, dtype)| match dtype {
            Dtype::F64 => all(&state.parameters.double[start..start + count], f64::is_finite),
            _ => all(&state.parameters.single[start..start + count], f32::is_finite),
        });
        if !finite {
            state.not_finite = Some(NotFinite::Parameters);
        }
    }
}

/// Whether it holds for every number. There is no early exit, so that it takes a few instructions per register.
#[inline]
fn all<T: Copy>(numbers: &[T], holds: impl Fn(T) -> bool) -> bool {
    numbers.iter().fold(true, |all, &number| all & holds(number))
}

/// Whether every parameter is finite.
pub(crate) fn parameters_are_finite(state: &State<'_>) -> bool {
    all(state.parameters.single, f32::is_finite) && all(state.parameters.double, f64::is_finite)
}

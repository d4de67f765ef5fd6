//! What a run is given: inputs, parameters, slots, hyperparameters, seed and step.

use tilegrad_kernels::optimizers::Optimizer;

use crate::types::Array;

/// Flat buffers of both real dtypes, laid out as `Graph::parameters` says. One without parameters of a dtype may be empty.
#[derive(Debug, Default)]
pub struct Buffers<'a> {
    /// Single precision: `Graph::flat_len``(F32)` numbers.
    pub single: &'a mut [f32],
    /// Double precision: `Graph::flat_len``(F64)` numbers.
    pub double: &'a mut [f64],
}

/// Parameters and what belongs to them: buffers that somebody else owns.
#[derive(Debug, Default)]
pub struct State<'a> {
    /// The parameters.
    pub parameters: Buffers<'a>,
    /// What controls keep, sums of gradients and averages, then the optimizer's slots in the order of [`Optimizer::slots`].
    pub slots: Vec<Buffers<'a>>,
    /// The optimizers in use, in the order of `Graph::optimizers`; empty means those the graph was built with.
    pub optimizers: Vec<Optimizer>,
    /// How many updating steps were made before; the caller counts.
    pub step: u64,
    /// Which of them were no update of their own; the plan counts.
    pub tally: Tally,
    /// Whether this is the last batch, after which gathered gradients are applied whatever their number.
    pub ends: bool,
    /// Whether a run that updates stops at a loss that is not finite, and looks at the parameters afterwards.
    pub check_finite: bool,
    /// What the last run found that is not finite.
    pub not_finite: Option<NotFinite>,
}

/// Where a number is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFinite {
    /// In the loss: nothing was updated.
    Loss,
    /// In a parameter, after it was updated.
    Parameters,
}

/// Steps that were no update, and gradients that wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Steps whose gradients were only gathered, or left out.
    pub idle: u64,
    /// Updates left out since a gradient was not finite.
    pub skipped: u64,
    /// Batches whose gradients wait.
    pub gathered: u64,
    /// Sum of their weights.
    pub weight: f64,
}

/// What a run is given.
#[derive(Debug)]
pub struct Bindings<'a, 's> {
    /// The inputs, in the order of making.
    pub inputs: &'a [Array<'a>],
    /// Parameters, slots and step.
    pub state: &'a mut State<'s>,
    /// Seed of the random numbers; together with `state.step` it determines them.
    pub seed: u64,
}

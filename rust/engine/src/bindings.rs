//! What a run needs: inputs, parameters, slots, hyperparameters, seed and step.

use tilegrad_kernels::optimizers::Optimizer;

use crate::types::Array;

/// Flat buffers of both real dtypes, laid out as in `Graph::parameters`. The buffer of a dtype without parameters may
/// be empty.
#[derive(Debug, Default)]
pub struct Buffers<'a> {
    /// Single precision: `Graph::flat_len``(F32)` numbers.
    pub single: &'a mut [f32],
    /// Double precision: `Graph::flat_len``(F64)` numbers.
    pub double: &'a mut [f64],
}

/// Parameters and everything that belongs to them, in buffers that the caller owns.
#[derive(Debug, Default)]
pub struct State<'a> {
    /// The parameters.
    pub parameters: Buffers<'a>,
    /// The buffers of the gradient controls (sums of gradients, averages), then the optimizer's slots in the order of
    /// [`Optimizer::slots`].
    pub slots: Vec<Buffers<'a>>,
    /// The optimizers to use, in the order of `Graph::optimizers`; empty means those that the graph was built with.
    pub optimizers: Vec<Optimizer>,
    /// How many updating steps came before; the caller counts them.
    pub step: u64,
    /// How many of them made no update; the plan counts them.
    pub tally: Tally,
    /// Whether this is the last batch, after which accumulated gradients are applied however few there are.
    pub ends: bool,
    /// Whether a run with updates stops at a loss that is not finite, and checks the parameters afterwards.
    pub check_finite: bool,
    /// The non-finite number that the last run found, if any.
    pub not_finite: Option<NotFinite>,
}

/// Where a non-finite number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFinite {
    /// In the loss: nothing was updated.
    Loss,
    /// In a parameter, after it was updated.
    Parameters,
}

/// Counts of steps without an update, and of gradients waiting for one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Steps whose gradients were only accumulated, or skipped.
    pub idle: u64,
    /// Updates skipped because a gradient was not finite.
    pub skipped: u64,
    /// Batches whose gradients are waiting.
    pub gathered: u64,
    /// Sum of their weights.
    pub weight: f64,
}

/// What a run needs.
#[derive(Debug)]
pub struct Bindings<'a, 's> {
    /// The inputs, in the order in which they were created.
    pub inputs: &'a [Array<'a>],
    /// Parameters, slots and step.
    pub state: &'a mut State<'s>,
    /// Seed of the random numbers; together with `state.step` it determines them.
    pub seed: u64,
}

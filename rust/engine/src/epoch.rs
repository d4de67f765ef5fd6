//! The loop of an epoch: shuffles, gathers the rows of each batch, runs the plan, sums up.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::plan::{Plan, State};
use crate::rows::Rows;
use crate::types::Array;

/// What an epoch runs over.
#[derive(Debug)]
pub struct Epoch<'a> {
    /// Sources of the plan's first inputs, in order: features, targets, and sample weights if the plan has them.
    pub sources: &'a [Rows<'a>],
    /// The plan's further inputs, the same for each batch: class weights.
    pub fixed: &'a [Array<'a>],
    /// Rows of a full batch.
    pub batch_size: usize,
    /// Whether the rows come in the order of `permutation(seed, epoch)`.
    pub shuffle: bool,
    /// Seed of the order and of dropout.
    pub seed: u64,
    /// Which epoch this is.
    pub epoch: u64,
    /// Least time between two reports.
    pub interval: Duration,
}

/// How far an epoch has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Batches done.
    pub batches: usize,
    /// Batches of the whole epoch.
    pub total: usize,
    /// Mean loss so far.
    pub loss: f64,
}

/// What an epoch amounts to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Batches done.
    pub batches: usize,
    /// Rows done.
    pub samples: usize,
    /// Sum over batches of mean loss times weight.
    pub loss_sum: f64,
    /// Sum of weights.
    pub loss_weight: f64,
    /// Sums of the plan's further outputs.
    pub metrics: Vec<f64>,
    /// Whether a report ended it early.
    pub interrupted: bool,
}

/// Runs a plan over all rows, batch by batch; `last` is the plan for a short last batch.
///
/// The plan's outputs are the mean loss, the weight of that mean, then sums of metrics. `report` is called between whole
/// steps, at most once per interval; it can end the epoch. A plan with updates advances `state.step` by one per batch.
pub fn run_epoch(
    plan: &mut Plan,
    last: Option<&mut Plan>,
    state: &mut State<'_>,
    epoch: &Epoch<'_>,
    report: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Sums, String> {
    let _ = (plan, last, state, epoch, report);
    Ok(Sums::default())
}

/// Where the rows of a prediction are written: row-major, without gaps.
#[derive(Debug)]
pub enum RowsMut<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
}

/// Runs a plan over all rows and writes its first output, row by row, into `out`.
pub fn run_batches(
    plan: &mut Plan,
    last: Option<&mut Plan>,
    state: &mut State<'_>,
    epoch: &Epoch<'_>,
    out: &mut RowsMut<'_>,
    report: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Sums, String> {
    let _ = (plan, last, state, epoch, out, report);
    Ok(Sums::default())
}

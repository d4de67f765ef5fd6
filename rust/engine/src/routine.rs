//! Something a plan can run: what it needs, and the kernel call that it becomes.

use std::fmt::Debug;

use crate::call::Call;
use crate::types::{Attributes, Site};
use crate::work::Work;

/// A planned operation, ready to run: a kernel call with everything that is known beforehand inside.
pub type Run = Box<dyn Fn(&Call<'_>) + Send>;

/// Something a plan can run.
pub trait Routine: Debug + Send + Sync {
    /// Name, as plans and error messages show it.
    fn name(&self) -> &str;

    /// What it was made from beside its inputs.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// Inputs whose memory the first result may take over, if it has the same size and nobody reads them later.
    fn in_place(&self) -> &'static [usize] {
        &[]
    }

    /// What it keeps from run to run beside parameters and slots, as operands after those: which parameter it belongs to.
    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        None
    }

    /// Scratch memory it needs while it runs, in bytes.
    fn workspace(&self, site: &Site<'_>) -> usize {
        let _ = site;
        0
    }

    /// What it has to do at least.
    fn work(&self, site: &Site<'_>) -> Work {
        Work::elementwise(site)
    }

    /// The kernel call.
    fn compile(&self, site: &Site<'_>) -> Run;
}

/// Buffers in the layout of the parameters that controls of gradients keep, in this order before the optimizer's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlBuffer {
    /// The sum of the gradients of several batches.
    Accumulated,
    /// The moving average of the weights.
    Average,
}

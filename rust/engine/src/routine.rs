//! What a plan can run: what it needs, and the kernel call that it becomes.

use std::fmt::Debug;

use crate::call::Call;
use crate::types::{Attributes, Site};
use crate::work::Work;

/// A planned operation, ready to run: a kernel call that contains everything known beforehand.
pub type Run = Box<dyn Fn(&Call<'_>) + Send>;

/// What a plan can run.
pub trait Routine: Debug + Send + Sync {
    /// The name in plans and error messages.
    fn name(&self) -> &str;

    /// The attributes it was made from, besides its inputs.
    fn attributes(&self) -> Attributes {
        Attributes::new()
    }

    /// Inputs whose memory the first result may take over, if it has the same size and they are not read later.
    fn in_place(&self) -> &'static [usize] {
        &[]
    }

    /// The buffers it keeps between runs besides parameters and slots, as operands after those: which parameter each
    /// belongs to.
    fn kept(&self) -> Option<(usize, ControlBuffer)> {
        None
    }

    /// The scratch memory it needs while it runs, in bytes.
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

/// The buffers of the gradient controls, in the layout of the parameters and in this order, before the optimizer's
/// slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlBuffer {
    /// The sum of the gradients of several batches.
    Accumulated,
    /// The moving average of the weights.
    Average,
}

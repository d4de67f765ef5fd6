//! How a planned operation reaches its operands: a base and an offset per operand, resolved in every run.

use std::cell::Cell;

use tilegrad_kernels::optimizers::{self, Optimizer};
use tilegrad_kernels::random::Stream;

use crate::types::{Dtype, Typed};

/// What a step does with its gradients, and what happened to them.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether the step ends with an update; if not, its gradients are only accumulated.
    pub(crate) applies: bool,
    /// Number of batches accumulated before.
    pub(crate) gathered: u64,
    /// Sum of their weights.
    pub(crate) gathered_weight: f64,
    /// The share of the new weights in their moving average.
    pub(crate) average_share: f64,
    /// The weight of this batch, written by the operation that accumulates.
    pub(crate) weight: Cell<f64>,
    /// Whether the update was skipped, written by the operation that measures the norms.
    pub(crate) skipped: Cell<bool>,
}

/// The place of an operand: this many bytes after a base that is known in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    /// Which base.
    pub(crate) base: usize,
    /// Bytes after it.
    pub(crate) offset: usize,
    /// Number of elements.
    pub(crate) len: usize,
    /// Their type.
    pub(crate) dtype: Dtype,
}

/// The bases: the arena, the constants, then parameters and slots (single, double), then the inputs.
pub(crate) const ARENA: usize = 0;
pub(crate) const CONSTANTS: usize = 1;
pub(crate) const PARAMETERS: usize = 2;

/// A running call: its operands in memory, and everything that changes from run to run.
#[derive(Debug)]
pub struct Call<'a> {
    /// Addresses that operands count from.
    pub(crate) bases: &'a [*mut u8],
    /// The inputs, then the outputs, then the extra operands (slots, control buffers), then the workspace.
    pub(crate) operands: &'a [Operand],
    /// How many of them are inputs.
    pub(crate) inputs: usize,
    /// The optimizers with their current settings, by group.
    pub(crate) optimizers: &'a [Optimizer],
    /// The optimizers' scalars of this step, by group.
    pub(crate) optimizer_steps: &'a [optimizers::Step],
    /// What the step does with its gradients.
    pub(crate) turn: &'a Turn,
    /// The user's seed.
    pub(crate) seed: u64,
    /// The number of previous steps.
    pub(crate) step: u64,
}

impl<'a> Call<'a> {
    fn address<T>(&self, operand: &Operand) -> *mut T {
        // SAFETY: the plan gives each operand a place inside the memory behind its base.
        unsafe { self.bases[operand.base].add(operand.offset).cast() }
    }

    /// The numbers of an input.
    pub(crate) fn input<E: Typed>(&self, index: usize) -> &'a [E] {
        let operand = &self.operands[index];
        debug_assert!(index < self.inputs && operand.dtype == E::DTYPE);
        // SAFETY: the place holds `len` elements of this dtype, written earlier or bound by the caller, and nobody
        // writes there during this call: an input that shares its memory with a result is only accessed as the result.
        unsafe { std::slice::from_raw_parts(self.address(operand), operand.len) }
    }

    /// The class labels of an input.
    pub(crate) fn labels(&self, index: usize) -> &'a [i32] {
        let operand = &self.operands[index];
        debug_assert!(index < self.inputs && operand.dtype == Dtype::I32);
        // SAFETY: as for `input`.
        unsafe { std::slice::from_raw_parts(self.address(operand), operand.len) }
    }

    /// The memory of a result: outputs come first, then the extra operands.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn output<E: Typed>(&self, index: usize) -> &'a mut [E] {
        let operand = &self.operands[self.inputs + index];
        debug_assert!(operand.dtype == E::DTYPE);
        // SAFETY: results of a call never overlap one another, nor an input it reads; each routine asks once for each.
        unsafe { std::slice::from_raw_parts_mut(self.address(operand), operand.len) }
    }

    /// Scratch memory: the last operand, as elements of this type.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn workspace<E: Typed>(&self) -> &'a mut [E] {
        let operand = &self.operands[self.operands.len() - 1];
        // SAFETY: the plan reserves these bytes for the duration of the call; any bits are a valid number.
        unsafe { std::slice::from_raw_parts_mut(self.address(operand), operand.len / E::DTYPE.size()) }
    }

    /// The random numbers of this step: the same for every call with the same purpose.
    pub(crate) fn stream(&self, purpose: u64) -> Stream {
        // The purpose takes the high word, the step the low one: no two (purpose, step) share a stream below 2^32.
        Stream { seed: self.seed, stream: (purpose << 32) ^ self.step }
    }
}

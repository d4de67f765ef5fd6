//! How a planned operation reaches its operands: a base and an offset per operand, resolved at each run.

use std::cell::Cell;

use tilegrad_kernels::optimizers::{self, Optimizer};
use tilegrad_kernels::random::Stream;

use crate::types::{Dtype, Typed};

/// What a step does with its gradients, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether the step ends with an update; if not, its gradients are only gathered.
    pub(crate) applies: bool,
    /// Batches gathered before.
    pub(crate) gathered: u64,
    /// Sum of their weights.
    pub(crate) gathered_weight: f64,
    /// Share of the weights in their average.
    pub(crate) average_share: f64,
    /// The weight of this batch, written by what gathers.
    pub(crate) weight: Cell<f64>,
    /// Whether the update was left out, written by what measures.
    pub(crate) skipped: Cell<bool>,
}

/// Where an operand lies: so many bytes after a base that is known at each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    /// Which base.
    pub(crate) base: usize,
    /// Bytes after it.
    pub(crate) offset: usize,
    /// Number of elements.
    pub(crate) len: usize,
    /// What they are.
    pub(crate) dtype: Dtype,
}

/// Which base is which: the arena, the constants, then parameters and slots (single, double), then the inputs.
pub(crate) const ARENA: usize = 0;
pub(crate) const CONSTANTS: usize = 1;
pub(crate) const PARAMETERS: usize = 2;

/// A running call: its operands in memory, and what changes from run to run.
#[derive(Debug)]
pub struct Call<'a> {
    /// Addresses that operands count from.
    pub(crate) bases: &'a [*mut u8],
    /// The inputs, then the outputs, then the extra operands (slots, what is kept), then the workspace.
    pub(crate) operands: &'a [Operand],
    /// How many of them are inputs.
    pub(crate) inputs: usize,
    /// The optimizers as they are set, by group.
    pub(crate) optimizers: &'a [Optimizer],
    /// The optimizers' scalars of this step, by group.
    pub(crate) optimizer_steps: &'a [optimizers::Step],
    /// What the step does with its gradients.
    pub(crate) turn: &'a Turn,
    /// The user's seed.
    pub(crate) seed: u64,
    /// How many steps were made before.
    pub(crate) step: u64,
}

impl<'a> Call<'a> {
    fn address<T>(&self, operand: &Operand) -> *mut T {
        // SAFETY: the plan gives each operand a place inside the memory behind its base.
        unsafe { self.bases[operand.base].add(operand.offset).cast() }
    }

    /// An input's numbers.
    pub(crate) fn input<E: Typed>(&self, index: usize) -> &'a [E] {
        let operand = &self.operands[index];
        debug_assert!(index < self.inputs && operand.dtype == E::DTYPE);
        // SAFETY: the place holds `len` elements of this dtype, written earlier or bound by the caller, and during this
        // call nobody writes there: an input that shares its memory with a result is only reached as the result.
        unsafe { std::slice::from_raw_parts(self.address(operand), operand.len) }
    }

    /// An input's class labels.
    pub(crate) fn labels(&self, index: usize) -> &'a [i32] {
        let operand = &self.operands[index];
        debug_assert!(index < self.inputs && operand.dtype == Dtype::I32);
        // SAFETY: as for `input`.
        unsafe { std::slice::from_raw_parts(self.address(operand), operand.len) }
    }

    /// A result's memory: outputs come first, then the extra operands.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn output<E: Typed>(&self, index: usize) -> &'a mut [E] {
        let operand = &self.operands[self.inputs + index];
        debug_assert!(operand.dtype == E::DTYPE);
        // SAFETY: results of a call never overlap one another, nor an input it reads; each routine asks once for each.
        unsafe { std::slice::from_raw_parts_mut(self.address(operand), operand.len) }
    }

    /// Scratch memory: the last operand, in elements of this type.
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn workspace<E: Typed>(&self) -> &'a mut [E] {
        let operand = &self.operands[self.operands.len() - 1];
        // SAFETY: the plan keeps these bytes free for the time of the call; any bits are a number.
        unsafe { std::slice::from_raw_parts_mut(self.address(operand), operand.len / E::DTYPE.size()) }
    }

    /// Random numbers of this step: the same for each call with the same purpose.
    pub(crate) fn stream(&self, purpose: u64) -> Stream {
        // The purpose takes the high word, the step the low one: no two (purpose, step) share a stream below 2^32.
        Stream { seed: self.seed, stream: (purpose << 32) ^ self.step }
    }
}

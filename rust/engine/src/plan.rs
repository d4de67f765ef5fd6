//! The compiled step: a flat list of kernel calls over one arena.

mod compile;
pub(crate) mod finite;
pub mod profile;

use std::ops::Range;

use tilegrad_kernels::controls::Controls;
use tilegrad_kernels::optimizers::{self, Optimizer};

use crate::bindings::{Bindings, Buffers, NotFinite, State, Tally};
use crate::call::{ARENA, CONSTANTS, Call, Operand, PARAMETERS, Turn};
use crate::describe::Description;
use crate::error::{Result, dtype_error, shape_error, value_error};
use crate::fusion::Fusions;
use crate::memory::{self, AlignedBuffer};
use crate::operation::Labels;
use crate::routine::Run;
use crate::types::{Array, Dtype, Type};
use crate::work::Work;

use finite::Watch;

/// How a plan is compiled. The results have the same bits, whatever the choices for fusion and reuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether dropout drops; without it, dropout is the identity.
    pub training: bool,
    /// Which neighbouring operations are fused into one kernel call.
    pub fusions: Fusions,
    /// Whether values reuse memory that is no longer needed.
    pub reuse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { training: true, fusions: Fusions::ALL, reuse: true }
    }
}

/// The addresses that operands count from, renewed in every run.
#[derive(Debug)]
struct Bases(Vec<*mut u8>);

// SAFETY: the addresses are only used inside `run`, which renews all of them from borrows that it holds.
unsafe impl Send for Bases {}

/// An input of class labels, and their allowed values.
#[derive(Debug)]
struct LabelInput {
    function: String,
    input: usize,
    labels: Labels,
}

/// A kernel call and its operands.
struct PlannedCall {
    run: Run,
    operands: Range<usize>,
    inputs: usize,
    work: Work,
}

/// A compiled graph.
pub struct Plan {
    steps: Vec<PlannedCall>,
    operands: Vec<Operand>,
    bases: Bases,
    arena: AlignedBuffer,
    constants: AlignedBuffer,
    inputs: Vec<(String, Type)>,
    labels: Vec<LabelInput>,
    outputs: Vec<(Operand, Vec<usize>)>,
    /// Lengths of the flat parameter buffers of both dtypes; zero if the plan does not touch them.
    parameters: [usize; 2],
    /// How many slots of optimizer state a run binds.
    slots: usize,
    /// The gradient controls before the update.
    controls: Controls,
    optimizers: Vec<Optimizer>,
    /// The optimizers' scalars in the current step, by group.
    optimizer_steps: Vec<optimizers::Step>,
    arena_bytes: usize,
    watch: Watch,
    description: Description,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

impl Plan {
    /// Runs the steps once. Nothing is changed if the bindings do not fit.
    pub fn run(&mut self, bindings: &mut Bindings<'_, '_>) -> Result<()> {
        self.check(bindings)?;
        self.bind(bindings)?;
        let turn = self.turn(bindings.state);
        // A plan that skips such steps deals with them itself.
        let looks = bindings.state.check_finite && self.updates() && !self.skips();
        bindings.state.not_finite = None;
        for index in 0..self.steps.len() {
            self.run_step(index, bindings, &turn);
            if looks && !self.may_go_on(index) {
                bindings.state.not_finite = Some(NotFinite::Loss);
                return Ok(());
            }
        }
        self.tally(&turn, bindings.state);
        if looks {
            self.watch.look_at_short(bindings.state);
        }
        Ok(())
    }

    /// Whether the loss, known after this step, is finite.
    #[inline]
    fn may_go_on(&self, index: usize) -> bool {
        if !self.watch.judges_after(index) {
            return true;
        }
        // A batch with a total weight of zero has no mean, and does not count.
        let without_weight = || self.watch.knows_weight() && self.output(1).len() == 1 && self.output(1).get(0) == 0.0;
        self.output(0).len() != 1 || self.output(0).get(0).is_finite() || without_weight()
    }

    /// What the coming step does with its gradients.
    fn turn(&self, state: &State<'_>) -> Turn {
        let Tally { idle, gathered, weight, .. } = state.tally;
        let average_share = self.controls.average_share(state.step - idle + 1);
        let applies = !self.controls.accumulates() || state.ends || gathered + 1 >= self.controls.accumulation_steps;
        Turn { applies, gathered, gathered_weight: weight, average_share, ..Turn::default() }
    }

    /// Counts steps without an update.
    fn tally(&self, turn: &Turn, state: &mut State<'_>) {
        let tally = &mut state.tally;
        if turn.applies {
            (tally.gathered, tally.weight) = (0, 0.0);
            let skipped = u64::from(turn.skipped.get());
            (tally.idle, tally.skipped) = (tally.idle + skipped, tally.skipped + skipped);
        } else if self.updates() {
            (tally.gathered, tally.weight) = (tally.gathered + 1, tally.weight + turn.weight.get());
            tally.idle += 1;
        }
    }

    #[inline]
    fn run_step(&self, index: usize, bindings: &Bindings<'_, '_>, turn: &Turn) {
        let step = &self.steps[index];
        (step.run)(&Call {
            bases: &self.bases.0,
            operands: &self.operands[step.operands.clone()],
            inputs: step.inputs,
            optimizers: self.optimizers_in_use(bindings.state),
            optimizer_steps: &self.optimizer_steps,
            turn,
            seed: bindings.seed,
            step: bindings.state.step,
        });
    }

    /// The optimizers of the state, or those that the plan was compiled with.
    #[inline]
    fn optimizers_in_use<'a>(&'a self, state: &'a State<'_>) -> &'a [Optimizer] {
        if state.optimizers.is_empty() { &self.optimizers } else { &state.optimizers }
    }

    /// An error unless inputs, parameters, slots and optimizers fit the plan.
    fn check(&self, bindings: &Bindings<'_, '_>) -> Result<()> {
        if bindings.inputs.len() != self.inputs.len() {
            return shape_error!("run: expected {} inputs, got {}", self.inputs.len(), bindings.inputs.len());
        }
        for (array, (name, kind)) in bindings.inputs.iter().zip(&self.inputs) {
            if array.dtype() != kind.dtype {
                return dtype_error!("run: expected `{name}` of dtype {}, got dtype {}", kind.dtype, array.dtype());
            }
            if array.len() != kind.len() {
                return shape_error!("run: expected `{name}` of {} elements, got {}", kind.len(), array.len());
            }
        }
        for LabelInput { function, input, labels } in &self.labels {
            if let Array::I32(values) = bindings.inputs[*input] {
                labels.check(function, values)?;
            }
        }
        let state = &*bindings.state;
        self.check_buffers("parameters", &state.parameters)?;
        let groups = self.optimizers_in_use(state);
        let fits = |(own, given): (&Optimizer, &Optimizer)| {
            own.entry().name == given.entry().name && own.slots() == given.slots()
        };
        if self.updates() && (groups.len() != self.optimizers.len() || !self.optimizers.iter().zip(groups).all(fits)) {
            return value_error!(
                "run: expected the optimizers the plan was compiled with; only their numbers may change"
            );
        }
        if state.slots.len() < self.slots {
            return shape_error!("run: expected {} slots of optimizer state, got {}", self.slots, state.slots.len());
        }
        state.slots[..self.slots].iter().try_for_each(|slot| self.check_buffers("slots", slot))
    }

    fn check_buffers(&self, name: &str, buffers: &Buffers<'_>) -> Result<()> {
        let lengths = [buffers.single.len(), buffers.double.len()];
        for (index, dtype) in [Dtype::F32, Dtype::F64].into_iter().enumerate() {
            if lengths[index] < self.parameters[index] {
                let (expected, got) = (self.parameters[index], lengths[index]);
                return shape_error!("run: expected {name} of {expected} {dtype} elements, got {got}");
            }
        }
        Ok(())
    }

    /// Sets the addresses for this run, and allocates memory if it was taken away.
    fn bind(&mut self, bindings: &mut Bindings<'_, '_>) -> Result<()> {
        if !self.has_memory() {
            self.arena = memory::allocated("run", self.arena_bytes)?;
        }
        let bases = &mut self.bases.0;
        bases[ARENA] = self.arena.pointer();
        bases[CONSTANTS] = self.constants.pointer();
        let state = &mut *bindings.state;
        let buffers = std::iter::once(&mut state.parameters).chain(&mut state.slots[..self.slots]);
        let mut next = PARAMETERS;
        for buffers in buffers {
            bases[next] = buffers.single.as_mut_ptr().cast();
            bases[next + 1] = buffers.double.as_mut_ptr().cast();
            next += 2;
        }
        for (base, input) in bases[next..].iter_mut().zip(bindings.inputs) {
            // Inputs are only read: no step writes to them.
            *base = input.pointer().cast_mut();
        }
        if !self.optimizers.is_empty() {
            let optimizers = if state.optimizers.is_empty() { &self.optimizers } else { &state.optimizers };
            // The vector has room for every group since the plan was compiled. Rules count steps from 1.
            let step = state.step - state.tally.idle + 1;
            self.optimizer_steps.clear();
            self.optimizer_steps.extend(optimizers.iter().map(|optimizer| optimizer.prepare(step)));
        }
        Ok(())
    }

    /// The numbers of an output after the last run.
    pub fn output(&self, index: usize) -> Array<'_> {
        let operand = self.outputs[index].0;
        assert!(self.has_memory(), "the outputs were taken away");
        // SAFETY: the layout keeps the offset and length of every output inside the arena, which exists and holds
        // elements of their dtype there; the arena starts zeroed, so outputs are initialised before any run.
        unsafe {
            let pointer = self.arena.pointer_to_read().add(operand.offset);
            match operand.dtype {
                Dtype::F32 => Array::F32(std::slice::from_raw_parts(pointer.cast(), operand.len)),
                Dtype::F64 => Array::F64(std::slice::from_raw_parts(pointer.cast(), operand.len)),
                Dtype::I32 => Array::I32(std::slice::from_raw_parts(pointer.cast(), operand.len)),
            }
        }
    }

    /// Number of outputs to read.
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// Shape of an output.
    pub fn output_shape(&self, index: usize) -> &[usize] {
        &self.outputs[index].1
    }

    /// Dtype of an output.
    pub fn output_dtype(&self, index: usize) -> Dtype {
        self.outputs[index].0.dtype
    }

    /// The place of an output in the plan's memory, in bytes.
    pub fn output_place(&self, index: usize) -> Range<usize> {
        let Operand { offset, len, dtype, .. } = self.outputs[index].0;
        offset..offset + len * dtype.size()
    }

    /// Whether the plan has memory to run in; if not, the next run allocates it.
    pub fn has_memory(&self) -> bool {
        self.arena.bytes() >= self.arena_bytes
    }

    /// Takes away the memory, which holds the outputs of the last run at their [places](Self::output_place).
    pub fn take_memory(&mut self) -> AlignedBuffer {
        std::mem::take(&mut self.arena)
    }

    /// Provides memory for the next runs, whatever it contains; ignored if it is too small.
    pub fn give_memory(&mut self, memory: AlignedBuffer) {
        self.arena = memory;
    }

    /// The types of the inputs, in the order in which they were created.
    pub fn inputs(&self) -> impl Iterator<Item = &Type> {
        self.inputs.iter().map(|(_, kind)| kind)
    }

    /// Whether a run updates parameters.
    pub fn updates(&self) -> bool {
        !self.optimizers.is_empty()
    }

    /// Whether a step whose gradients are not finite is skipped.
    pub fn skips(&self) -> bool {
        self.controls.skip_if_not_finite
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The number of bytes that all intermediate values and workspaces share.
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// The steps as a table: operation, inputs, result, buffer, bytes.
    pub fn describe(&self) -> String {
        self.description.to_string()
    }
}

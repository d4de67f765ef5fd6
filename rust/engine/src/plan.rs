//! The compiled step: a flat list of kernel calls over one arena.

use std::ops::Range;
use std::time::{Duration, Instant};

use tilegrad_kernels::optimizers::{self, Optimizer};

use crate::call::{Call, Operand, Run};
use crate::describe::Description;
use crate::fusion::{self, Fusions};
use crate::graph::{Graph, Origin, ValueId};
use crate::memory::{self, AlignedBuffer, Kinds, Layout};
use crate::ops::update::Update;
use crate::schedule::{Item, Port, Schedule};
use crate::types::{Array, Dtype, Type};

/// How a plan is compiled. The results have the same bits whatever is chosen for fusion and reuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether dropout drops; without it, dropout is the identity.
    pub training: bool,
    /// Which neighbouring operations become one kernel call.
    pub fusions: Fusions,
    /// Whether values share memory that is no longer needed.
    pub reuse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { training: true, fusions: Fusions::ALL, reuse: true }
    }
}

/// Flat buffers of both real dtypes, laid out as [`Graph::parameters`] says. One without parameters of a dtype may be empty.
#[derive(Debug, Default)]
pub struct Buffers<'a> {
    /// Single precision: [`Graph::flat_len`]`(F32)` numbers.
    pub single: &'a mut [f32],
    /// Double precision: [`Graph::flat_len`]`(F64)` numbers.
    pub double: &'a mut [f64],
}

/// Parameters and what belongs to them: buffers that somebody else owns.
#[derive(Debug, Default)]
pub struct State<'a> {
    /// The parameters.
    pub parameters: Buffers<'a>,
    /// The optimizer's slots, in the order of [`Optimizer::slots`].
    pub slots: Vec<Buffers<'a>>,
    /// The optimizers in use, in the order of [`Graph::optimizers`]; empty means those the graph was built with.
    pub optimizers: Vec<Optimizer>,
    /// How many updating steps were made before; the caller counts.
    pub step: u64,
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

/// Addresses that operands count from, renewed at each run.
#[derive(Debug)]
struct Bases(Vec<*mut u8>);

// SAFETY: the addresses are only followed inside `run`, which has renewed every one of them from borrows it holds.
unsafe impl Send for Bases {}

/// Which base is which: the arena, the constants, then parameters and slots (single, double), then the inputs.
const ARENA: u32 = 0;
const CONSTANTS: u32 = 1;
const PARAMETERS: u32 = 2;

/// A kernel call and its operands.
struct Step {
    run: Run,
    operands: Range<u32>,
    inputs: u32,
}

/// A compiled graph.
pub struct Plan {
    steps: Vec<Step>,
    operands: Vec<Operand>,
    bases: Bases,
    arena: AlignedBuffer,
    constants: AlignedBuffer,
    inputs: Vec<(String, Type)>,
    outputs: Vec<(Operand, Vec<usize>)>,
    /// Lengths of the flat parameter buffers of both dtypes, zero where the plan does not touch them.
    parameters: [usize; 2],
    /// Slots each optimizer group has; empty for a plan without updates.
    slots: Vec<usize>,
    optimizers: Vec<Optimizer>,
    /// Scalars of the running step, by group.
    optimizer_steps: Vec<optimizers::Step>,
    arena_bytes: usize,
    description: Description,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

/// Places of the values of a graph.
struct Places<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    constants: Vec<usize>,
    slots: u32,
}

/// Which of the two flat buffers a dtype has.
fn buffer(dtype: Dtype) -> u32 {
    u32::from(dtype == Dtype::F64)
}

impl Places<'_> {
    fn parameter(&self, index: usize, slot: u32) -> Operand {
        let place = &self.graph.parameters()[index];
        let (dtype, len) = (place.kind.dtype, place.kind.len());
        Operand { base: PARAMETERS + 2 * slot + buffer(dtype), offset: place.offset * dtype.size(), len, dtype }
    }

    fn operand(&self, port: &Port) -> Operand {
        let (dtype, len) = (port.kind.dtype, port.kind.len());
        if let Some(&offset) = self.layout.offsets.get(&port.value) {
            return Operand { base: ARENA, offset, len, dtype };
        }
        match &self.graph.node(port.value).origin {
            Origin::Input(index) => {
                let base = PARAMETERS + 2 * (1 + self.slots) + u32::try_from(*index).expect("few inputs");
                Operand { base, offset: 0, len, dtype }
            }
            Origin::Parameter(index) => self.parameter(*index, 0),
            Origin::Constant(_) => Operand { base: CONSTANTS, offset: self.constants[port.value.index()], len, dtype },
            Origin::Operation(operation) => {
                let (_, parameter) = operation.updates().expect("every other result lies in the arena");
                self.parameter(parameter, 0)
            }
        }
    }

    /// The operands of an item: inputs, outputs, slots, workspace.
    fn operands(&self, item: &Item, index: usize) -> Vec<Operand> {
        let mut operands: Vec<Operand> = item.inputs.iter().map(|port| self.operand(port)).collect();
        operands.extend(item.outputs.iter().map(|port| self.operand(port)));
        if let (Some((_, parameter)), Some(update)) = (item.updates, item.is::<Update>()) {
            let slots = u32::try_from(update.optimizer().slots().len()).expect("few slots");
            operands.extend((1..=slots).map(|slot| self.parameter(parameter, slot)));
        }
        let (offset, bytes) = self.layout.workspaces[index];
        operands.push(Operand { base: ARENA, offset, len: bytes, dtype: Dtype::F32 });
        operands
    }
}

/// Packs the constants that are read; their offsets by value.
fn pack_constants(graph: &Graph, schedule: &Schedule) -> (AlignedBuffer, Vec<usize>) {
    let mut offsets = vec![usize::MAX; graph.nodes().len()];
    let (mut bytes, mut used) = (0, Vec::new());
    for port in schedule.items.iter().flat_map(|item| &item.inputs) {
        if let Some(Origin::Constant(values)) = graph.nodes().get(port.value.index()).map(|node| &node.origin)
            && offsets[port.value.index()] == usize::MAX
        {
            offsets[port.value.index()] = bytes;
            used.push((bytes, values));
            bytes += graph.kind(port.value).bytes().next_multiple_of(memory::ALIGNMENT);
        }
    }
    let mut buffer = AlignedBuffer::zeroed(bytes);
    for (offset, values) in used {
        let target = &mut buffer.as_bytes_mut()[offset..];
        match values.array() {
            Array::F32(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
            Array::F64(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
            Array::I32(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
        }
    }
    (buffer, offsets)
}

fn fill<const N: usize>(target: &mut [u8], numbers: impl Iterator<Item = [u8; N]>) {
    for (place, number) in target.chunks_exact_mut(N).zip(numbers) {
        place.copy_from_slice(&number);
    }
}

impl Plan {
    /// Compiles what the outputs need. Updates among the outputs run, but are not outputs to read.
    pub fn compile(graph: &Graph, outputs: &[ValueId], options: Options) -> Result<Plan, String> {
        for &output in outputs {
            graph.check("compile", output)?;
        }
        let mut schedule = Schedule::new(graph, outputs, options.training)?;
        fusion::fuse(graph, &mut schedule, options.fusions);
        let layout = memory::layout(&schedule, options.reuse);
        let (constants, offsets) = pack_constants(graph, &schedule);
        let slots = graph.optimizers().iter().map(|optimizer| optimizer.slots().len());
        let has_updates = schedule.items.iter().any(|item| item.updates.is_some());
        let slots: Vec<usize> = if has_updates { slots.collect() } else { Vec::new() };
        let most_slots = slots.iter().copied().max().unwrap_or(0);
        let slot_count = u32::try_from(most_slots).expect("few slots");
        let places = Places { graph, layout: &layout, constants: offsets, slots: slot_count };
        let (mut steps, mut operands) = (Vec::with_capacity(schedule.items.len()), Vec::new());
        for (index, item) in schedule.items.iter().enumerate() {
            let start = operands.len();
            operands.extend(places.operands(item, index));
            let run = item.routine.compile(&Kinds::of(item).site(layout.in_place[index]));
            let range =
                |end: usize| u32::try_from(start).expect("few operands")..u32::try_from(end).expect("few operands");
            let inputs = u32::try_from(item.inputs.len()).expect("few inputs");
            steps.push(Step { run, operands: range(operands.len()), inputs });
        }
        let touched = |dtype: Dtype| {
            let mut bases = operands.iter().map(|operand| operand.base);
            let first = PARAMETERS + buffer(dtype);
            if bases.any(|base| base == first) { graph.flat_len(dtype) } else { 0 }
        };
        let base_count = PARAMETERS as usize + 2 * (1 + most_slots) + graph.inputs().len();
        Ok(Plan {
            parameters: [touched(Dtype::F32), touched(Dtype::F64)],
            bases: Bases(vec![std::ptr::null_mut(); base_count]),
            arena: AlignedBuffer::zeroed(layout.bytes),
            inputs: graph.inputs().iter().map(|&v| (graph.name(v).to_string(), graph.kind(v).clone())).collect(),
            outputs: schedule.outputs.iter().map(|port| (places.operand(port), port.kind.shape.clone())).collect(),
            description: Description::new(graph, &schedule, &layout, constants.bytes()),
            arena_bytes: layout.bytes,
            optimizer_steps: Vec::with_capacity(graph.optimizers().len()),
            optimizers: if has_updates { graph.optimizers().to_vec() } else { Vec::new() },
            steps,
            operands,
            constants,
            slots,
        })
    }

    /// Runs the steps once. Nothing is changed if the bindings do not fit.
    pub fn run(&mut self, bindings: &mut Bindings<'_, '_>) -> Result<(), String> {
        self.check(bindings)?;
        self.bind(bindings);
        for index in 0..self.steps.len() {
            self.run_step(index, bindings);
        }
        Ok(())
    }

    /// Runs the steps once like [`Plan::run`] and says how long each took, clock included (about 50 ns a step).
    pub fn profile(&mut self, bindings: &mut Bindings<'_, '_>) -> Result<Vec<(&str, Duration)>, String> {
        self.check(bindings)?;
        self.bind(bindings);
        let mut times = Vec::with_capacity(self.steps.len());
        let mut before = Instant::now();
        for index in 0..self.steps.len() {
            self.run_step(index, bindings);
            let after = Instant::now();
            times.push((self.description.operation(index), after - before));
            before = after;
        }
        Ok(times)
    }

    #[inline]
    fn run_step(&self, index: usize, bindings: &Bindings<'_, '_>) {
        let step = &self.steps[index];
        (step.run)(&Call {
            bases: &self.bases.0,
            operands: &self.operands[step.operands.start as usize..step.operands.end as usize],
            inputs: step.inputs as usize,
            optimizer_steps: &self.optimizer_steps,
            seed: bindings.seed,
            step: bindings.state.step,
        });
    }

    /// A sentence unless inputs, parameters, slots and optimizers fit the plan.
    fn check(&self, bindings: &Bindings<'_, '_>) -> Result<(), String> {
        if bindings.inputs.len() != self.inputs.len() {
            return Err(format!("run: expected {} inputs, got {}", self.inputs.len(), bindings.inputs.len()));
        }
        for (array, (name, kind)) in bindings.inputs.iter().zip(&self.inputs) {
            if array.dtype() != kind.dtype {
                return Err(format!("run: expected `{name}` of dtype {}, got dtype {}", kind.dtype, array.dtype()));
            }
            if array.len() != kind.len() {
                return Err(format!("run: expected `{name}` of {} elements, got {}", kind.len(), array.len()));
            }
        }
        let state = &*bindings.state;
        self.check_buffers("parameters", &state.parameters)?;
        let groups = if state.optimizers.is_empty() { &self.optimizers } else { &state.optimizers };
        let fits = |(own, given): (&Optimizer, &Optimizer)| {
            own.entry().name == given.entry().name && own.slots() == given.slots()
        };
        if self.updates() && (groups.len() != self.optimizers.len() || !self.optimizers.iter().zip(groups).all(fits)) {
            return Err(
                "run: expected the optimizers the plan was compiled with; only their numbers may change".to_string()
            );
        }
        let most = self.slots.iter().copied().max().unwrap_or(0);
        if state.slots.len() < most {
            return Err(format!("run: expected {most} slots of optimizer state, got {}", state.slots.len()));
        }
        state.slots[..most].iter().try_for_each(|slot| self.check_buffers("slots", slot))
    }

    fn check_buffers(&self, name: &str, buffers: &Buffers<'_>) -> Result<(), String> {
        let lengths = [buffers.single.len(), buffers.double.len()];
        for (index, dtype) in [Dtype::F32, Dtype::F64].into_iter().enumerate() {
            if lengths[index] < self.parameters[index] {
                let (expected, got) = (self.parameters[index], lengths[index]);
                return Err(format!("run: expected {name} of {expected} {dtype} elements, got {got}"));
            }
        }
        Ok(())
    }

    /// Takes the addresses of this run.
    fn bind(&mut self, bindings: &mut Bindings<'_, '_>) {
        let most = self.slots.iter().copied().max().unwrap_or(0);
        let bases = &mut self.bases.0;
        bases[ARENA as usize] = self.arena.pointer();
        bases[CONSTANTS as usize] = self.constants.pointer();
        let state = &mut *bindings.state;
        let buffers = std::iter::once(&mut state.parameters).chain(&mut state.slots[..most]);
        let mut next = PARAMETERS as usize;
        for buffers in buffers {
            bases[next] = buffers.single.as_mut_ptr().cast();
            bases[next + 1] = buffers.double.as_mut_ptr().cast();
            next += 2;
        }
        for (base, input) in bases[next..].iter_mut().zip(bindings.inputs) {
            // Inputs are only read: no step has one among its results.
            *base = input.pointer().cast_mut();
        }
        if !self.optimizers.is_empty() {
            let optimizers = if state.optimizers.is_empty() { &self.optimizers } else { &state.optimizers };
            // The vector has room for every group since the plan was compiled. Rules count steps from 1.
            self.optimizer_steps.clear();
            self.optimizer_steps.extend(optimizers.iter().map(|optimizer| optimizer.prepare(state.step + 1)));
        }
    }

    /// The numbers of an output after the last run.
    pub fn output(&self, index: usize) -> Array<'_> {
        let operand = self.outputs[index].0;
        // SAFETY: outputs lie in the arena, at an offset and of a length that the layout has kept inside it, and hold
        // elements of their dtype; the arena is zeroed at first, so they are initialised before any run.
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

    /// Types of the inputs, in the order of making.
    pub fn inputs(&self) -> impl Iterator<Item = &Type> {
        self.inputs.iter().map(|(_, kind)| kind)
    }

    /// Whether a run updates parameters.
    pub fn updates(&self) -> bool {
        !self.optimizers.is_empty()
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Bytes all intermediate values and workspaces share.
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// The steps as a table: operation, inputs, result, buffer, bytes.
    pub fn describe(&self) -> String {
        self.description.to_string()
    }
}

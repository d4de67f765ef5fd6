//! From a graph to a plan: assigns a place to every operand, packs constants, makes kernel calls.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tilegrad_kernels::controls::Controls;

use crate::call::{ARENA, CONSTANTS, Operand, PARAMETERS};
use crate::describe::Description;
use crate::error::Result;
use crate::graph::{Graph, Origin, ValueId};
use crate::memory::{AlignedBuffer, Kinds, Layout};
use crate::operation::{Change, Changer};
use crate::order::{Item, Port, RunningOrder};
use crate::routine::ControlBuffer;
use crate::types::{Array, Dtype, Type};
use crate::{capacity, fusion, memory};

use super::finite::Watch;
use super::{Bases, LabelInput, Options, Plan, PlannedCall};

/// The places of the values of a graph.
struct OperandPlaces<'a> {
    graph: &'a Graph,
    layout: &'a Layout,
    constants: HashMap<ValueId, usize>,
    slots: usize,
}

/// Which of the two flat buffers belongs to a dtype.
fn buffer(dtype: Dtype) -> usize {
    usize::from(dtype == Dtype::F64)
}

impl OperandPlaces<'_> {
    fn parameter(&self, index: usize, slot: usize) -> Operand {
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
            Origin::Input(index) => Operand { base: PARAMETERS + 2 * (1 + self.slots) + index, offset: 0, len, dtype },
            Origin::Parameter(index) => self.parameter(*index, 0),
            Origin::Constant(_) => Operand { base: CONSTANTS, offset: self.constants[&port.value], len, dtype },
            Origin::Operation(_) => {
                let change = self.graph.change(port.value).expect("every other result lies in the arena");
                self.parameter(change.parameter, 0)
            }
        }
    }

    /// The operands of an item: inputs, outputs, slots, workspace.
    fn operands(&self, item: &Item, index: usize) -> Vec<Operand> {
        let mut operands: Vec<Operand> = item.inputs.iter().map(|port| self.operand(port)).collect();
        operands.extend(item.outputs.iter().map(|port| self.operand(port)));
        let controls = self.graph.controls();
        if let Some(Change { parameter, by: Changer::Optimizer(group) }) = item.change {
            let kept = kept_by(&controls);
            let slots = self.graph.optimizers()[group].slots().len();
            operands.extend((1..=slots).map(|slot| self.parameter(parameter, kept + slot)));
        }
        if let Some((parameter, kept)) = item.routine.kept() {
            let own = usize::from(kept == ControlBuffer::Average && controls.accumulates());
            operands.push(self.parameter(parameter, 1 + own));
        }
        let (offset, bytes) = self.layout.workspaces[index];
        operands.push(Operand { base: ARENA, offset, len: bytes, dtype: Dtype::F32 });
        operands
    }

    /// The kernel calls, and all their operands.
    fn steps(&self, schedule: &RunningOrder) -> (Vec<PlannedCall>, Vec<Operand>) {
        let (mut steps, mut operands) = (Vec::with_capacity(schedule.items.len()), Vec::new());
        for (index, item) in schedule.items.iter().enumerate() {
            let start = operands.len();
            operands.extend(self.operands(item, index));
            let kinds = Kinds::of(item);
            let site = kinds.site(self.layout.in_place[index]);
            let (run, work) = (item.routine.compile(&site), item.routine.work(&site));
            steps.push(PlannedCall { run, operands: start..operands.len(), inputs: item.inputs.len(), work });
        }
        (steps, operands)
    }
}

/// How many buffers with the layout of the parameters these controls keep.
pub(super) fn kept_by(controls: &Controls) -> usize {
    usize::from(controls.accumulates()) + usize::from(controls.average_decay.is_some())
}

/// The offsets of the constants that are read, by value, and their total size in bytes.
fn place_constants(graph: &Graph, schedule: &RunningOrder) -> (HashMap<ValueId, usize>, usize) {
    let (mut offsets, mut bytes) = (HashMap::new(), 0usize);
    for port in schedule.items.iter().flat_map(|item| &item.inputs) {
        if let Some(Origin::Constant(_)) = graph.nodes().get(port.value.index()).map(|node| &node.origin)
            && let Entry::Vacant(place) = offsets.entry(port.value)
        {
            place.insert(bytes);
            bytes += graph.kind(port.value).bytes().next_multiple_of(memory::ALIGNMENT);
        }
    }
    (offsets, bytes)
}

/// Copies the constants to their places.
fn pack_constants(graph: &Graph, offsets: &HashMap<ValueId, usize>, buffer: &mut AlignedBuffer) {
    for (&value, &offset) in offsets {
        let Origin::Constant(values) = &graph.node(value).origin else { continue };
        let target = &mut buffer.as_bytes_mut()[offset..];
        match values.array() {
            Array::F32(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
            Array::F64(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
            Array::I32(values) => fill(target, values.iter().map(|value| value.to_ne_bytes())),
        }
    }
}

fn fill<const N: usize>(target: &mut [u8], numbers: impl Iterator<Item = [u8; N]>) {
    for (place, number) in target.chunks_exact_mut(N).zip(numbers) {
        place.copy_from_slice(&number);
    }
}

/// The inputs that hold class labels; constant labels are checked immediately.
fn label_inputs(graph: &Graph, schedule: &RunningOrder) -> Result<Vec<LabelInput>> {
    let mut found: Vec<LabelInput> = Vec::new();
    for item in &schedule.items {
        let Some(operation) = &item.operation else { continue };
        let kinds: Vec<&Type> = item.inputs.iter().map(|port| &port.kind).collect();
        let Some(labels) = operation.labels(&kinds) else { continue };
        match &graph.node(item.inputs[labels.input].value).origin {
            Origin::Input(input) if !found.iter().any(|known| known.input == *input && known.labels == labels) => {
                found.push(LabelInput { function: operation.name().to_string(), input: *input, labels });
            }
            Origin::Constant(values) => {
                if let Array::I32(values) = values.array() {
                    labels.check(operation.name(), values)?;
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

impl Plan {
    /// Compiles what the outputs need. Updates among the outputs run, but are not outputs to read.
    pub fn compile(graph: &Graph, outputs: &[ValueId], options: Options) -> Result<Plan> {
        for &output in outputs {
            graph.check("compile", output)?;
        }
        let mut schedule = RunningOrder::new(graph, outputs, options.training)?;
        let labels = label_inputs(graph, &schedule)?;
        fusion::fuse(graph, &mut schedule, options.fusions);
        let layout = memory::layout(&schedule, options.reuse);
        let (offsets, bytes) = place_constants(graph, &schedule);
        capacity::require("compile", "graph", "a plan", layout.bytes.saturating_add(bytes), memory::SMALLER)?;
        let (arena, mut constants) =
            (memory::allocated("compile", layout.bytes)?, memory::allocated("compile", bytes)?);
        pack_constants(graph, &offsets, &mut constants);
        let has_updates = schedule.items.iter().any(|item| item.change.is_some());
        let optimizers = if has_updates { graph.optimizers().to_vec() } else { Vec::new() };
        let controls = if has_updates { graph.controls() } else { Controls::default() };
        let slots = if has_updates { graph.most_slots() + kept_by(&controls) } else { 0 };
        let places = OperandPlaces { graph, layout: &layout, constants: offsets, slots };
        let (steps, operands) = places.steps(&schedule);
        let updated =
            schedule.items.iter().filter_map(|item| item.change).map(|change| places.parameter(change.parameter, 0));
        let touched = |dtype: Dtype| {
            let base = PARAMETERS + buffer(dtype);
            if operands.iter().any(|operand| operand.base == base) { graph.flat_len(dtype) } else { 0 }
        };
        Ok(Plan {
            parameters: [touched(Dtype::F32), touched(Dtype::F64)],
            bases: Bases(vec![std::ptr::null_mut(); PARAMETERS + 2 * (1 + slots) + graph.inputs().len()]),
            arena,
            inputs: graph.inputs().iter().map(|&v| (graph.name(v).to_string(), graph.kind(v).clone())).collect(),
            outputs: schedule.outputs.iter().map(|port| (places.operand(port), port.kind.shape.clone())).collect(),
            watch: Watch::new(&schedule, updated),
            description: Description::new(graph, &schedule, &layout, constants.bytes()),
            arena_bytes: layout.bytes,
            controls,
            optimizer_steps: Vec::with_capacity(optimizers.len()),
            optimizers,
            labels,
            steps,
            operands,
            constants,
            slots,
        })
    }
}

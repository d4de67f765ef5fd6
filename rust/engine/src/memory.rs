//! The places of values: liveness, work in place, and offsets in one aligned arena.

use std::collections::HashMap;

use crate::capacity;
use crate::error::Result;
use crate::graph::ValueId;
use crate::order::{Item, RunningOrder};
use crate::types::Site;

/// Every value and workspace starts at a multiple of this many bytes.
pub const ALIGNMENT: usize = 64;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "reached through pointers only")] [u8; ALIGNMENT]);

/// Zeroed memory that starts at a multiple of 64 bytes; empty by default.
#[derive(Debug, Default)]
pub struct AlignedBuffer {
    lines: Vec<Line>,
}

impl AlignedBuffer {
    /// At least this many bytes; never empty. `None` if the system does not provide them.
    pub fn try_zeroed(bytes: usize) -> Option<Self> {
        let (mut lines, count) = (Vec::new(), bytes.div_ceil(ALIGNMENT).max(1));
        lines.try_reserve_exact(count).ok()?;
        lines.resize(count, Line([0; ALIGNMENT]));
        Some(Self { lines })
    }

    /// Number of bytes.
    pub fn bytes(&self) -> usize {
        self.lines.len() * ALIGNMENT
    }

    /// Address of the first byte.
    pub fn pointer(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }

    /// Address of the first byte, to read from.
    pub(crate) fn pointer_to_read(&self) -> *const u8 {
        self.lines.as_ptr().cast()
    }

    /// The bytes.
    pub(crate) fn as_bytes_mut(&mut self) -> &mut [u8] {
        let bytes = self.bytes();
        // SAFETY: the lines are that many initialised bytes without padding, and u8 needs no alignment.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(), bytes) }
    }
}

/// The hint on how to make a plan smaller.
pub(crate) const SMALLER: &str =
    "a smaller batch size, float32 instead of float64, or fewer and narrower layers need less";

/// This many bytes of memory, or an error.
pub(crate) fn allocated(function: &str, bytes: usize) -> Result<AlignedBuffer> {
    let refused = || capacity::refusal(function, "graph", "a plan", bytes, None, SMALLER);
    AlignedBuffer::try_zeroed(bytes).ok_or_else(refused)
}

/// The places of everything.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The offset of each value in the arena.
    pub(crate) offsets: HashMap<ValueId, usize>,
    /// The offset and size of each item's workspace.
    pub(crate) workspaces: Vec<(usize, usize)>,
    /// For each item, the input whose memory its first result takes over.
    pub(crate) in_place: Vec<Option<usize>>,
    /// The size of the arena in bytes.
    pub(crate) bytes: usize,
}

/// Memory that is needed from one item up to another.
#[derive(Clone, Copy, Debug)]
struct Block {
    bytes: usize,
    first: usize,
    last: usize,
    offset: usize,
}

impl Block {
    fn meets(&self, other: &Block) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Blocks, and the values in them.
#[derive(Debug, Default)]
struct Blocks {
    blocks: Vec<Block>,
    block_of: HashMap<ValueId, usize>,
}

impl Blocks {
    fn add(&mut self, bytes: usize, first: usize, last: usize) -> usize {
        self.blocks.push(Block { bytes: bytes.next_multiple_of(ALIGNMENT), first, last, offset: 0 });
        self.blocks.len() - 1
    }
}

/// Lays out the values of a schedule. Without `reuse`, every value gets its own memory.
pub(crate) fn layout(schedule: &RunningOrder, reuse: bool) -> Layout {
    let items = &schedule.items;
    let last_use = last_uses(schedule);
    let mut blocks = Blocks::default();
    let (mut in_place, mut workspaces) = (vec![None; items.len()], Vec::with_capacity(items.len()));
    for (index, item) in items.iter().enumerate() {
        if reuse {
            in_place[index] = taken_over(item, index, &blocks, &last_use);
        }
        if item.change.is_none() {
            for (position, output) in item.outputs.iter().enumerate() {
                let last = last_use.get(&output.value).copied().unwrap_or(index);
                let block = match in_place[index].filter(|_| position == 0) {
                    Some(input) => {
                        let block = blocks.block_of[&item.inputs[input].value];
                        blocks.blocks[block].last = last;
                        block
                    }
                    None => blocks.add(output.kind.bytes(), index, last),
                };
                blocks.block_of.insert(output.value, block);
            }
        }
        let bytes = workspace_bytes(item, in_place[index]);
        let block = (bytes > 0).then(|| blocks.add(bytes, index, index));
        workspaces.push((block, bytes));
    }
    let bytes = place(&mut blocks.blocks, reuse);
    Layout {
        offsets: blocks.block_of.iter().map(|(&value, &block)| (value, blocks.blocks[block].offset)).collect(),
        workspaces: workspaces
            .iter()
            .map(|&(block, bytes)| (block.map_or(0, |block: usize| blocks.blocks[block].offset), bytes))
            .collect(),
        in_place,
        bytes,
    }
}

fn workspace_bytes(item: &Item, in_place: Option<usize>) -> usize {
    let kinds = Kinds::of(item);
    item.routine.workspace(&kinds.site(in_place))
}

/// The types of an item's operands.
#[derive(Debug)]
pub(crate) struct Kinds {
    inputs: Vec<crate::types::Type>,
    outputs: Vec<crate::types::Type>,
}

impl Kinds {
    pub(crate) fn of(item: &Item) -> Self {
        Self {
            inputs: item.inputs.iter().map(|port| port.kind.clone()).collect(),
            outputs: item.outputs.iter().map(|port| port.kind.clone()).collect(),
        }
    }

    pub(crate) fn site(&self, in_place: Option<usize>) -> Site<'_> {
        Site { inputs: &self.inputs, outputs: &self.outputs, in_place }
    }
}

/// The last item that reads each value; the plan's outputs are read after all items.
fn last_uses(schedule: &RunningOrder) -> HashMap<ValueId, usize> {
    let mut last = HashMap::new();
    for (index, item) in schedule.items.iter().enumerate() {
        last.extend(item.inputs.iter().map(|port| (port.value, index)));
    }
    last.extend(schedule.outputs.iter().map(|port| (port.value, usize::MAX)));
    last
}

/// An input whose memory the first result may take over: in the arena, of the same size, and read here once and for the
/// last time.
fn taken_over(item: &Item, index: usize, blocks: &Blocks, last_use: &HashMap<ValueId, usize>) -> Option<usize> {
    let output = item.outputs.first()?;
    item.routine.in_place().iter().copied().find(|&input| {
        let port = &item.inputs[input];
        port.kind.bytes() == output.kind.bytes()
            && port.kind.bytes() > 0
            && blocks.block_of.contains_key(&port.value)
            && last_use.get(&port.value) == Some(&index)
            && item.inputs.iter().filter(|other| other.value == port.value).count() == 1
    })
}

/// Gives every block an offset, largest blocks first, each as low as the blocks that live at the same time allow.
fn place(blocks: &mut [Block], reuse: bool) -> usize {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    if reuse {
        order.sort_by_key(|&index| std::cmp::Reverse(blocks[index].bytes));
    }
    let (mut placed, mut total): (Vec<Block>, usize) = (Vec::with_capacity(blocks.len()), 0);
    for index in order {
        let block = &mut blocks[index];
        block.offset = if reuse { lowest_gap(&placed, block) } else { total };
        // Saturated sizes are rejected before anything is allocated.
        total = total.max(block.offset.saturating_add(block.bytes));
        // Kept in order of offset, so that gaps are found in one pass.
        let position = placed.partition_point(|other| other.offset <= block.offset);
        placed.insert(position, *block);
    }
    total
}

fn lowest_gap(placed: &[Block], block: &Block) -> usize {
    let mut offset = 0usize;
    for other in placed.iter().filter(|other| other.meets(block)) {
        if other.offset >= offset.saturating_add(block.bytes) {
            break;
        }
        offset = offset.max(other.offset.saturating_add(other.bytes));
    }
    offset
}

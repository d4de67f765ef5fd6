//! Blocking, packing and threads: how a product is cut into register tiles.
//!
//! The product is cut into tasks of some rows and columns. A task goes through its columns block by block, through the
//! depth within, and then through the rows of one register tile after the other: the block of B stays in the second
//! cache, the rows of A of a tile in the first, and the sums of a block of columns are not left before they are
//! finished. Rows of A are packed when the first block of columns needs them and serve the others; B is packed while
//! the first rows are multiplied, if at all. A few rows against a transposed B go through it panel by panel instead, so
//! that a packed panel never leaves the first cache. Between blocks of depth the sums lie in the target or in a scratch
//! buffer, as exact as in registers, so the chains go on as if nothing had been cut.

use std::any::TypeId;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::Block;
use super::blocking::{Cuts, Packing};
use super::epilogue::{Epilogue, Tile};
use super::matrix::Matrix;
use super::pack::{GAP, PackedPlace, pack_a, packed_place};
use super::portable;
use super::tile::Tiles;
use crate::isa::Isa;
use crate::real::Element;
use crate::threads;

/// The tiles of an instruction set.
pub(super) fn tiles<E: Element>(isa: Isa) -> &'static Tiles<E> {
    let single = TypeId::of::<E>() == TypeId::of::<f32>();
    macro_rules! choose {
        ($single:expr, $double:expr) => {
            if single { (&raw const $single).cast::<Tiles<E>>() } else { (&raw const $double).cast::<Tiles<E>>() }
        };
    }
    assert!(single || TypeId::of::<E>() == TypeId::of::<f64>());
    let tiles = match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => choose!(super::x86::AVX512_F32, super::x86::AVX512_F64),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => choose!(super::x86::AVX2_F32, super::x86::AVX2_F64),
        #[cfg(target_arch = "x86_64")]
        Isa::Baseline => choose!(super::x86::SSE2_F32, super::x86::SSE2_F64),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => choose!(super::neon::NEON_F32, super::neon::NEON_F64),
        _ => choose!(portable::PLAIN_F32, portable::PLAIN_F64),
    };
    // SAFETY: `E` is the element type of the chosen table, as its identity was compared.
    unsafe { &*tiles }
}

/// A product under way, shared by the threads that work on it.
struct Product<'a, E: Element> {
    a: Matrix<'a, E>,
    b: Matrix<'a, E>,
    epilogue: &'a dyn Epilogue<E>,
    /// First element and row stride of the target, if there is one.
    target: Option<(*mut E, usize)>,
    workspace: *mut E,
    cuts: Cuts,
    tiles: &'static Tiles<E>,
    /// Tasks that nobody has taken yet: the first in the low half, the one after the last in the high half.
    open: AtomicU64,
}

// SAFETY: the operands are shared slices, the epilogue is `Sync`, each task writes to a block of the target of its own,
// and each lane to a part of the workspace of its own.
unsafe impl<E: Element> Sync for Product<'_, E> {}

/// The product of two checked matrices with a checked epilogue, on an instruction set that the machine has.
///
/// # Safety
/// The machine has the instruction set; matrices and epilogue were checked for this product, and no side of it is zero.
pub(super) unsafe fn run<E: Element>(
    a: Matrix<'_, E>,
    b: Matrix<'_, E>,
    epilogue: &mut dyn Epilogue<E>,
    workspace: &mut [E],
    mut cuts: Cuts,
    isa: Isa,
) {
    let lane_len = cuts.lane_len();
    assert!(
        workspace.len() >= lane_len,
        "multiply: expected `workspace` to have {lane_len} elements, got {}",
        workspace.len()
    );
    if let Some(lanes) = workspace.len().checked_div(lane_len) {
        cuts.lanes = cuts.lanes.min(lanes);
    }
    let target = epilogue.target().map(|target| (target.pointer, target.stride));
    let workspace = workspace.as_mut_ptr();
    let tasks = u32::try_from(cuts.row_tasks * cuts.column_tasks).expect("fewer tasks than numbers in memory");
    let open = AtomicU64::new(u64::from(tasks) << 32);
    let product = Product { a, b, epilogue, target, workspace, cuts, tiles: tiles::<E>(isa), open };
    if cuts.lanes == 1 {
        product.lane(0);
    } else {
        threads::for_each(cuts.lanes, &|lane| product.lane(lane));
    }
}

impl<E: Element> Product<'_, E> {
    /// Takes tasks until there are none left, with the workspace of this lane.
    fn lane(&self, lane: usize) {
        let cuts = &self.cuts;
        // SAFETY: the workspace has room for every lane, and the three parts lie one after the other in this lane's.
        let (packed_b, packed_a, scratch) = unsafe {
            let start = self.workspace.add(lane * cuts.lane_len());
            (start, start.add(cuts.b_len), start.add(cuts.b_len + cuts.a_len))
        };
        let tasks = cuts.row_tasks * cuts.column_tasks;
        if tasks == 1 {
            // SAFETY: the block is the whole product, and this is the only lane.
            return unsafe { self.task(0, 0, packed_b, packed_a, scratch) };
        }
        while let Some(task) = self.take(lane) {
            let (row, column) = (task % cuts.row_tasks * cuts.rows, task / cuts.row_tasks * cuts.task_columns);
            // SAFETY: tasks are different blocks of the product, and lanes have different workspaces.
            unsafe { self.task(row, column, packed_b, packed_a, scratch) };
        }
    }

    /// A task that nobody has taken yet: the first one for every other lane, the last one for the rest. So a thread
    /// mostly comes back to the parts it had at the step before, which its own cache still holds.
    #[inline]
    fn take(&self, lane: usize) -> Option<usize> {
        let mut open = self.open.load(Ordering::Relaxed);
        loop {
            let (first, end) = (open & u64::from(u32::MAX), open >> 32);
            if first == end {
                return None;
            }
            let (task, left) = if lane.is_multiple_of(2) { (first, open + 1) } else { (end - 1, open - (1 << 32)) };
            match self.open.compare_exchange_weak(open, left, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return usize::try_from(task).ok(),
                Err(now) => open = now,
            }
        }
    }

    /// Computes and finishes the part of the product that begins at (`row`, `column`) and is as large as a task.
    ///
    /// # Safety
    /// The part is within the product and nobody else's; the buffers are as long as the cuts say and nobody else's.
    unsafe fn task(&self, row: usize, column: usize, packed_b: *mut E, packed_a: *mut E, scratch: *mut E) {
        let cuts = &self.cuts;
        let rows = TaskRows::new(cuts.rows.min(self.a.rows - row), self.tiles.rows);
        let end = column + cuts.task_columns.min(self.b.columns - column);
        let depth_blocks = if self.a.columns == cuts.depth { 1 } else { self.a.columns.div_ceil(cuts.depth) };
        let panel_by_panel = cuts.packing == Packing::Single;
        for block_column in (column..end).step_by(cuts.columns) {
            let columns = cuts.columns.min(end - block_column);
            // Sums that are to go on, or to be joined by other columns, need a place for every row.
            let scratch_row = if depth_blocks > 1 || panel_by_panel { columns } else { 0 };
            let c = |first: usize| match self.target {
                Some((target, stride)) => (target.wrapping_add((row + first) * stride + block_column), stride),
                None => (scratch.wrapping_add(first * scratch_row), columns),
            };
            for level in 0..depth_blocks {
                let start = level * cuts.depth;
                let depth = cuts.depth.min(self.a.columns - start);
                let block = Block::new(&self.b, (start, depth), (block_column, columns), packed_b, cuts.packing);
                let store = packed_a.wrapping_add(level * cuts.rows * (cuts.depth + GAP));
                let last = level + 1 == depth_blocks;
                let finish = |first: usize, count: usize| {
                    let (c, c_row) = c(first);
                    // SAFETY: the target was checked to hold the product, and this part of it is this task's; so is the
                    // scratch buffer.
                    unsafe { self.epilogue.finish(Tile::new(c, c_row, (row + first, block_column), (count, columns))) };
                };
                let rows_of_a = |first: usize, count: usize, fresh: bool| {
                    let packed = store.wrapping_add(first * (depth + GAP));
                    let fresh = fresh && block_column == column;
                    // SAFETY: the rows lie in A and in their part of the buffer.
                    unsafe { self.rows_of_a((row + first, count), (start, depth), packed, fresh) }
                };
                if panel_by_panel && block.is_for_transposed(self.tiles, rows.most()) {
                    for (first, count) in rows.tiles() {
                        let a = rows_of_a(first, count, true);
                        // SAFETY: rows, columns and buffers are this task's.
                        unsafe { block.run_transposed(self.tiles, a, count, c(first)) };
                        if last {
                            finish(first, count);
                        }
                    }
                } else if panel_by_panel {
                    for panel in block.panels(self.tiles, rows.most()) {
                        for (first, count) in rows.tiles() {
                            let a = rows_of_a(first, count, panel.is_first());
                            // SAFETY: rows, columns and buffers are this task's.
                            unsafe { block.run_panel(self.tiles, &panel, a, count, c(first)) };
                        }
                    }
                    if last {
                        rows.tiles().for_each(|(first, count)| finish(first, count));
                    }
                } else {
                    for (first, count) in rows.tiles() {
                        let a = rows_of_a(first, count, true);
                        // SAFETY: as above.
                        unsafe { block.run(self.tiles, a, count, c(first), first == 0) };
                        if last {
                            finish(first, count);
                        }
                    }
                }
            }
        }
    }

    /// `count` rows of A for a block of depth, and their strides. If they are to be packed, they are at their place in
    /// the buffer, brought there now if `fresh`.
    ///
    /// # Safety
    /// The rows lie within A, and the buffer has room for them.
    #[inline]
    unsafe fn rows_of_a(
        &self,
        (row, count): (usize, usize),
        (start, depth): (usize, usize),
        packed: *mut E,
        fresh: bool,
    ) -> PackedPlace<E> {
        let Matrix { data, row_stride, column_stride, .. } = self.a;
        let a = data.as_ptr().wrapping_add(row * row_stride + start * column_stride);
        if !self.cuts.pack_a {
            return (a, row_stride, column_stride);
        }
        if fresh {
            // SAFETY: the caller's promise.
            unsafe { pack_a((a, row_stride, column_stride), count, depth, packed) };
        }
        packed_place(packed, count, depth, column_stride == 1)
    }
}

/// Rows of a task, dealt out evenly to tiles: a tile of one or two rows would wait for its own chains.
struct TaskRows {
    tiles: usize,
    fewest: usize,
    larger: usize,
}

impl TaskRows {
    #[inline]
    fn new(rows: usize, most: usize) -> Self {
        if rows <= most {
            return Self { tiles: 1, fewest: rows, larger: 0 };
        }
        let tiles = rows.div_ceil(most);
        Self { tiles, fewest: rows / tiles, larger: rows % tiles }
    }

    /// Most rows of a tile.
    #[inline]
    fn most(&self) -> usize {
        self.fewest + usize::from(self.larger > 0)
    }

    /// First row and number of rows of each tile.
    #[inline]
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.tiles)
            .map(|tile| (tile * self.fewest + tile.min(self.larger), self.fewest + usize::from(tile < self.larger)))
    }
}

//! Blocking, packing and threads: how a product is cut into register tiles.
//!
//! The product is cut into tasks of some rows and columns. A task goes through its columns block by block, through the depth
//! within, and then through the rows of one register tile after the other: the block of B stays in the second cache, the rows
//! of A of a tile in the first, and the sums of a block of columns are not left before they are finished. Rows of A are packed
//! when the first block of columns needs them and serve the others. Between blocks of depth the sums lie in the target or in a
//! scratch buffer, as exact as in registers, so the chains go on as if nothing had been cut.

use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Matrix;
use super::cuts::Cuts;
use super::epilogue::{Epilogue, Tile};
use super::pack::{Block, GAP, Place, pack_a, packed_place};
use super::portable;
use super::tile::{Operands, Tiles};
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
    next: AtomicUsize,
}

// SAFETY: the operands are shared slices, the epilogue is `Sync`, each task writes to a block of the target of its own, and each
// lane to a part of the workspace of its own.
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
    let product =
        Product { a, b, epilogue, target, workspace, cuts, tiles: tiles::<E>(isa), next: AtomicUsize::new(0) };
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
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return;
            }
            let (row, column) = (task % cuts.row_tasks * cuts.rows, task / cuts.row_tasks * cuts.task_columns);
            // SAFETY: tasks are different blocks of the product, and lanes have different workspaces.
            unsafe { self.task(row, column, packed_b, packed_a, scratch) };
        }
    }

    /// Computes and finishes the part of the product that begins at (`row`, `column`) and is as large as a task.
    ///
    /// # Safety
    /// The part is within the product and nobody else's; the buffers are as long as the cuts say and nobody else's.
    unsafe fn task(&self, row: usize, column: usize, packed_b: *mut E, packed_a: *mut E, scratch: *mut E) {
        let cuts = &self.cuts;
        let rows = Rows::new(cuts.rows.min(self.a.rows - row), self.tiles.rows);
        let end = column + cuts.task_columns.min(self.b.columns - column);
        let depth_blocks = if self.a.columns == cuts.depth { 1 } else { self.a.columns.div_ceil(cuts.depth) };
        for block_column in (column..end).step_by(cuts.columns) {
            let columns = cuts.columns.min(end - block_column);
            for block in 0..depth_blocks {
                let start = block * cuts.depth;
                let depth = cuts.depth.min(self.a.columns - start);
                // SAFETY: the block lies in B, and the buffer is long enough for it.
                let strip = unsafe { self.strip((start, depth), (block_column, columns), packed_b) };
                let store = packed_a.wrapping_add(block * cuts.rows * (cuts.depth + GAP));
                // Sums that are to go on need a place for every row; a tile that is finished at once does not.
                let (scratch_row, last) = (if depth_blocks > 1 { columns } else { 0 }, block + 1 == depth_blocks);
                for (first, count) in rows.tiles() {
                    // SAFETY: the rows lie in A and in their part of the buffer; the target was checked to hold the
                    // product, and this part of it is this task's.
                    unsafe {
                        let packed = store.wrapping_add(first * (depth + GAP));
                        let a = self.rows_of_a((row + first, count), (start, depth), packed, block_column == column);
                        let (c, c_row) = match self.target {
                            Some((target, stride)) => (target.add((row + first) * stride + block_column), stride),
                            None => (scratch.add(first * scratch_row), columns),
                        };
                        strip.run(self.tiles, a, count, c, c_row);
                        if last {
                            let place = (row + first, block_column);
                            self.epilogue.finish(Tile::new(c, c_row, place, (count, columns)));
                        }
                    }
                }
            }
        }
    }

    /// A block of B, packed to the buffer if that is called for.
    ///
    /// # Safety
    /// The block lies within B, and the buffer has room for it.
    unsafe fn strip(
        &self,
        (start, depth): (usize, usize),
        (column, columns): (usize, usize),
        packed: *mut E,
    ) -> Strip<E> {
        let Matrix { data, row_stride, column_stride, .. } = self.b;
        let b = data.as_ptr().wrapping_add(start * row_stride + column * column_stride);
        let resume = start > 0;
        // Without cheap masks the tiles read whole vectors of B, so a partial one needs padding.
        if !self.cuts.pack_b && (self.tiles.masks || columns.is_multiple_of(self.tiles.lanes)) {
            return Strip { depth, columns, b, b_step: row_stride, panel: None, resume };
        }
        let panel = self.tiles.lanes * self.tiles.vectors[self.tiles.rows - 1];
        let padding = if self.tiles.masks { 1 } else { self.tiles.lanes };
        let transpose = self.tiles.transpose;
        let block = Block { from: b, row_stride, column_stride, depth, columns, panel, padding, to: packed, transpose };
        // SAFETY: the caller's promise; the function is of the tiles' instruction set.
        unsafe { block.pack() };
        Strip { depth, columns, b: packed, b_step: panel, panel: Some(panel), resume }
    }

    /// `count` rows of A for a block of depth, and their strides. If they are to be packed, they are at their place in the
    /// buffer, brought there now if `fresh`.
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
    ) -> Place<E> {
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
struct Rows {
    tiles: usize,
    fewest: usize,
    larger: usize,
}

impl Rows {
    #[inline]
    fn new(rows: usize, most: usize) -> Self {
        if rows <= most {
            return Self { tiles: 1, fewest: rows, larger: 0 };
        }
        let tiles = rows.div_ceil(most);
        Self { tiles, fewest: rows / tiles, larger: rows % tiles }
    }

    /// First row and number of rows of each tile.
    #[inline]
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.tiles)
            .map(|tile| (tile * self.fewest + tile.min(self.larger), self.fewest + usize::from(tile < self.larger)))
    }
}

/// A block of B, against which the rows of one tile after the other are multiplied.
struct Strip<E> {
    depth: usize,
    columns: usize,
    b: *const E,
    b_step: usize,
    /// Columns of a panel if B is packed.
    panel: Option<usize>,
    resume: bool,
}

impl<E: Element> Strip<E> {
    /// Multiplies `rows` rows of A, given with its strides, by all columns of the block.
    ///
    /// # Safety
    /// All operands lie in memory that can be read and written; the machine has the tiles' instruction set.
    #[inline]
    unsafe fn run(&self, tiles: &Tiles<E>, (a, a_row, a_step): Place<E>, rows: usize, c: *mut E, c_row: usize) {
        let lanes = tiles.lanes;
        let widest = match self.panel {
            Some(panel) => panel / lanes,
            None => tiles.vectors[rows - 1],
        };
        let mut column = 0;
        while column < self.columns {
            let left = self.columns - column;
            let vectors = left.div_ceil(lanes).min(widest);
            let last = left.min(vectors * lanes) - (vectors - 1) * lanes;
            let operands = Operands {
                depth: self.depth,
                a,
                a_row,
                a_step,
                b: match self.panel {
                    Some(_) => self.b.wrapping_add(column * self.depth),
                    None => self.b.wrapping_add(column),
                },
                b_step: self.b_step,
                c: c.wrapping_add(column),
                c_row,
                last,
                resume: self.resume,
            };
            // SAFETY: the caller's promise; the tile's size was chosen from the table's.
            unsafe { tiles.run[rows - 1][vectors - 1][usize::from(last < lanes)](&operands) };
            column += vectors * lanes;
        }
    }
}

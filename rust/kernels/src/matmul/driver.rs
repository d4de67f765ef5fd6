//! Blocking, packing and threads: how a product is cut into register tiles.
//!
//! The product is cut into tasks of some rows and a block of columns. A task takes the depth in blocks, and the rows of one
//! register tile after the other: the block of B stays in the second cache and the rows of A in the first. Between blocks of
//! depth the sums lie in the target or in a scratch buffer, unrounded beyond what a register would hold, so the chains
//! go on as if nothing had been cut.

use std::any::TypeId;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Matrix;
use super::epilogue::{Epilogue, Tile};
use super::pack::{Block, pack_a};
use super::portable;
use super::tile::{Operands, Tiles};
use crate::isa::Isa;
use crate::real::Element;
use crate::threads;

/// Most rows of any instruction set's tile.
const MOST_ROWS: usize = 12;
/// Most columns of any instruction set's packed panel, of `f32`.
const MOST_PANEL: usize = 32;
/// Bytes of a block of B: half of the smallest second cache that is common.
const BLOCK_BYTES: usize = 512 << 10;
/// Most bytes of a block of depth in one column of B.
const DEPTH_BYTES: usize = 4096;
/// Most columns of a block.
const MOST_COLUMNS: usize = 512;
/// Multiply-adds below which a product is not worth handing to another thread.
const THREAD_WORK: usize = 1 << 20;
/// Tasks that a product is cut into, if it is large enough.
const TASKS: usize = 16;
/// Fewest rows of a task, several tiles.
const TASK_ROWS: usize = 4 * MOST_ROWS;

/// Shape of a product and of the memory its operands lie in.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) a_row_major: bool,
    pub(super) b_row_major: bool,
}

/// The sizes a product is cut into. They depend on its shape, and on whether other threads are to help.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cuts {
    /// Most rows, columns and depth of a block.
    rows: usize,
    columns: usize,
    depth: usize,
    /// Whether the block of B and the rows of A are copied to the workspace first.
    pack_a: bool,
    pack_b: bool,
    /// Blocks across the product's rows and columns.
    row_blocks: usize,
    column_blocks: usize,
    /// Threads that work at once, each with a workspace of its own.
    pub(super) lanes: usize,
    /// Elements of the lane's workspace for B, for the rows of A, and for sums without a target.
    b_len: usize,
    a_len: usize,
    scratch_len: usize,
}

/// The size of equal parts that `total` is cut into, none larger than `most`; a multiple of `unit`.
#[inline]
fn part(total: usize, most: usize, unit: usize) -> usize {
    // Divisions would be a good part of the time of the smallest products.
    if total <= most {
        return total;
    }
    let parts = total.div_ceil(most).max(1);
    total.div_ceil(parts).next_multiple_of(unit)
}

impl Cuts {
    pub(super) fn new<E: Element>(shape: Shape, threads: usize) -> Self {
        let bytes = size_of::<E>();
        let panel = MOST_PANEL * 4 / bytes;
        let Shape { rows, depth: full_depth, columns: full_columns, .. } = shape;
        let depth = part(full_depth, DEPTH_BYTES / bytes, 1);
        let mut columns = full_columns;
        if full_columns > panel && (full_columns > MOST_COLUMNS || full_columns * depth * bytes > BLOCK_BYTES) {
            let most = (BLOCK_BYTES / bytes / depth.max(1)).clamp(panel, MOST_COLUMNS) / panel * panel;
            columns = part(full_columns, most, panel);
        }
        let mut task_rows = rows;
        let helped = threads > 1 && rows.saturating_mul(full_columns).saturating_mul(full_depth) >= THREAD_WORK;
        if helped {
            if rows < 2 * TASK_ROWS {
                columns = columns.min(part(full_columns, full_columns.div_ceil(4).max(panel), panel));
            }
            let column_blocks = full_columns.div_ceil(columns);
            task_rows = part(rows, rows.div_ceil(TASKS.div_ceil(column_blocks)).max(TASK_ROWS), MOST_ROWS);
        }
        let cut_depth = depth < full_depth;
        if cut_depth {
            // The scratch buffer holds the sums of all rows of a task.
            task_rows = task_rows.min(20 * MOST_ROWS);
        }
        let blocks = |total: usize, one: usize| if total == one { 1 } else { total.div_ceil(one) };
        let (row_blocks, column_blocks) = (blocks(rows, task_rows), blocks(full_columns, columns));
        let pack_b =
            !shape.b_row_major || (rows > 4 * MOST_ROWS && full_columns * full_depth * bytes > BLOCK_BYTES / 2);
        let pack_a = pack_b && columns >= 4 * panel && shape.a_row_major;
        let scratch_rows = if cut_depth { task_rows } else { MOST_ROWS };
        Self {
            rows: task_rows,
            columns,
            depth,
            pack_a,
            pack_b,
            row_blocks,
            column_blocks,
            lanes: if helped { threads.min(row_blocks * column_blocks).max(1) } else { 1 },
            b_len: if pack_b || !full_columns.is_multiple_of(panel) { depth * (columns + panel) } else { 0 },
            a_len: if pack_a { MOST_ROWS * (depth + panel) } else { 0 },
            scratch_len: scratch_rows * columns.min(full_columns),
        }
    }

    /// Elements of one lane's workspace.
    #[inline]
    pub(super) fn lane_len(&self) -> usize {
        self.b_len + self.a_len + self.scratch_len
    }
}

/// The tiles of an instruction set.
fn tiles<E: Element>(isa: Isa) -> &'static Tiles<E> {
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
        let tasks = cuts.row_blocks * cuts.column_blocks;
        if tasks == 1 {
            // SAFETY: the block is the whole product, and this is the only lane.
            return unsafe { self.block(0, 0, packed_b, packed_a, scratch) };
        }
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return;
            }
            let (row, column) = (task % cuts.row_blocks * cuts.rows, task / cuts.row_blocks * cuts.columns);
            // SAFETY: tasks are different blocks of the product, and lanes have different workspaces.
            unsafe { self.block(row, column, packed_b, packed_a, scratch) };
        }
    }

    /// Computes and finishes the block of the product that begins at (`row`, `column`).
    ///
    /// # Safety
    /// The block is within the product and nobody else's; the buffers are as long as the cuts say and nobody else's.
    unsafe fn block(&self, row: usize, column: usize, packed_b: *mut E, packed_a: *mut E, scratch: *mut E) {
        let cuts = &self.cuts;
        let rows = cuts.rows.min(self.a.rows - row);
        let columns = cuts.columns.min(self.b.columns - column);
        let depth_blocks = if self.a.columns == cuts.depth { 1 } else { self.a.columns.div_ceil(cuts.depth) };
        // Rows are dealt out evenly: a tile of one or two rows would wait for its own chains.
        let tile_count = if rows <= self.tiles.rows { 1 } else { rows.div_ceil(self.tiles.rows) };
        let (fewest, larger) = if tile_count == 1 { (rows, 0) } else { (rows / tile_count, rows % tile_count) };
        for block in 0..depth_blocks {
            let start = block * cuts.depth;
            let depth = cuts.depth.min(self.a.columns - start);
            let mut strip = Strip {
                depth,
                b: self.b.data.as_ptr().wrapping_add(start * self.b.row_stride + column * self.b.column_stride),
                b_step: self.b.row_stride,
                panel: None,
                resume: block > 0,
                columns,
            };
            // Without cheap masks the tiles read whole vectors of B, so a partial one needs padding.
            if cuts.pack_b || (!self.tiles.masks && !columns.is_multiple_of(self.tiles.lanes)) {
                let panel = self.tiles.lanes * self.tiles.vectors[self.tiles.rows - 1];
                let block = Block {
                    from: strip.b,
                    row_stride: self.b.row_stride,
                    column_stride: self.b.column_stride,
                    depth,
                    columns,
                    panel,
                    padding: if self.tiles.masks { 1 } else { self.tiles.lanes },
                    to: packed_b,
                    transpose: self.tiles.transpose,
                };
                // SAFETY: the block of B was checked to lie in its slice, and the buffer holds its panels.
                unsafe { block.pack() };
                (strip.b, strip.b_step, strip.panel) = (packed_b, panel, Some(panel));
            }
            let mut first = 0;
            for index in 0..tile_count {
                let tile_rows = fewest + usize::from(index < larger);
                let a = self.a.data.as_ptr();
                let mut a = (
                    a.wrapping_add((row + first) * self.a.row_stride + start * self.a.column_stride),
                    self.a.row_stride,
                    self.a.column_stride,
                );
                // SAFETY: the rows of A were checked to lie in its slice; the buffers are this lane's; the target
                // was checked to hold the product, and this block of it is this task's.
                unsafe {
                    if cuts.pack_a {
                        a = pack_a(a, tile_rows, depth, packed_a);
                    }
                    let (c, c_row) = match self.target {
                        Some((target, stride)) => (target.add((row + first) * stride + column), stride),
                        None if depth_blocks > 1 => (scratch.add(first * columns), columns),
                        None => (scratch, columns),
                    };
                    strip.run(self.tiles, a, tile_rows, c, c_row);
                    if block + 1 == depth_blocks {
                        let tile = Tile::new(c, c_row, (row + first, column), (tile_rows, columns));
                        self.epilogue.finish(tile);
                    }
                }
                first += tile_rows;
            }
        }
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
    unsafe fn run(
        &self,
        tiles: &Tiles<E>,
        (a, a_row, a_step): (*const E, usize, usize),
        rows: usize,
        c: *mut E,
        c_row: usize,
    ) {
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

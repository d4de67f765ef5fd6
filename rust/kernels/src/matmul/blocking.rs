//! The sizes that a product is cut into.

use super::pack::GAP;
use crate::real::Element;

/// Most rows of any instruction set's tile.
const MOST_ROWS: usize = 12;
/// Most columns of any instruction set's packed panel, of `f32`.
const MOST_PANEL: usize = 32;
/// Bytes of a block of B: half of the smallest second cache that is common.
const BLOCK_BYTES: usize = 512 << 10;
/// Bytes of a row of B, and of all of it, from which on it is packed for wide tiles.
const WIDE_ROW_BYTES: usize = 2048;
const WIDE_BYTES: usize = 4 << 20;
/// Most bytes of a block of depth in one column of B.
const DEPTH_BYTES: usize = 4096;
/// Bytes of the packed rows of A of a task: a part of the third cache.
const ROWS_BYTES: usize = 4 << 20;
/// Distance between rows or columns of A from which on their numbers displace each other in the first cache, so that
/// copying them pays.
const FAR_BYTES: usize = 3072;
/// Most rows of a task whose sums go through a scratch buffer.
const SCRATCH_ROWS: usize = 40 * MOST_ROWS;
/// Most columns of a block.
const MOST_COLUMNS: usize = 512;
/// Multiply-adds below which a product is not worth handing to another thread: what the other one wrote has to come
/// from its cache first. Tests spread small products, too.
const THREAD_WORK: usize = if cfg!(test) { 1 << 16 } else { 1 << 23 };
/// Tasks that a product is cut into, if it is large enough, and how many of them side by side.
const TASKS: usize = 16;
const COLUMN_TASKS: usize = 4;
/// Fewest rows of a task, two tiles.
const TASK_ROWS: usize = 2 * MOST_ROWS;
/// Rows below which B is read where it lies, or panel by panel: four tiles.
const FEW_ROWS: usize = 4 * MOST_ROWS;

/// Whether B is copied to the workspace, in the order in which the tiles read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// It is read where it lies.
    Never,
    /// Each block is, while the first rows are multiplied.
    Ahead,
    /// One panel at a time is, for all rows.
    Single,
}

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
    /// Most rows and columns of a task.
    pub(super) rows: usize,
    pub(super) task_columns: usize,
    /// Most columns and depth of a block of B.
    pub(super) columns: usize,
    pub(super) depth: usize,
    /// Whether blocks of B and the rows of A are copied to the workspace.
    pub(super) packing: Packing,
    pub(super) pack_a: bool,
    /// Tasks across the product's rows and columns.
    pub(super) row_tasks: usize,
    pub(super) column_tasks: usize,
    /// Threads that work at once, each with a workspace of its own.
    pub(super) lanes: usize,
    /// Elements of the lane's workspace for B, for the rows of A, and for sums without a target.
    pub(super) b_len: usize,
    pub(super) a_len: usize,
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

/// Whether it pays to pack a row-major B that many rows are multiplied with.
#[inline]
fn is_packed<E>(shape: &Shape, wide: bool) -> bool {
    let row = shape.columns.saturating_mul(size_of::<E>());
    let all = row.saturating_mul(shape.depth);
    // Tiles that read whole lines take them from the second cache as they are, unless the lines of a block displace
    // each other.
    if wide { row >= WIDE_ROW_BYTES && all >= WIDE_BYTES } else { all >= BLOCK_BYTES / 4 }
}

impl Cuts {
    /// For so many threads at most; `wide` tells whether a row of a tile fills lines of the cache.
    pub(super) fn new<E: Element>(shape: Shape, threads: usize, wide: bool) -> Self {
        let bytes = size_of::<E>();
        let panel = MOST_PANEL * 4 / bytes;
        let Shape { rows, depth: full_depth, columns: full_columns, a_row_major, b_row_major } = shape;
        let depth = part(full_depth, DEPTH_BYTES / bytes, 1);
        let mut columns = full_columns;
        if full_columns > panel && (full_columns > MOST_COLUMNS || full_columns * depth * bytes > BLOCK_BYTES) {
            let most = (BLOCK_BYTES / bytes / depth.max(1)).clamp(panel, MOST_COLUMNS) / panel * panel;
            columns = part(full_columns, most, panel);
        }
        let work = full_columns.saturating_mul(full_depth);
        let (mut task_rows, mut task_columns) = (rows, full_columns);
        let helped = threads > 1 && work.saturating_mul(rows) >= THREAD_WORK;
        if helped {
            let many = rows >= 8 * FEW_ROWS;
            // Tasks of the same columns pack a transposed B again for each, so those of few rows stand side by side;
            // tasks of many rows share a small B instead.
            let side_by_side = match b_row_major {
                true if rows >= TASKS * TASK_ROWS && columns == full_columns => 1,
                false if !many => TASKS,
                _ => COLUMN_TASKS,
            };
            if !many {
                columns = columns.min(part(full_columns, full_columns.div_ceil(side_by_side).max(panel), panel));
            }
            task_columns = part(full_columns, columns.max(full_columns.div_ceil(side_by_side)), columns);
            let column_tasks = full_columns.div_ceil(task_columns);
            let enough = if b_row_major || many { TASKS } else { COLUMN_TASKS };
            task_rows = part(rows, rows.div_ceil(enough.div_ceil(column_tasks)).max(TASK_ROWS), MOST_ROWS);
        }
        let packing = match (b_row_major, task_rows > FEW_ROWS) {
            (true, many) if !many || !is_packed::<E>(&shape, wide) => Packing::Never,
            (false, false) => Packing::Single,
            _ => Packing::Ahead,
        };
        let a_stride = if a_row_major { full_depth } else { rows };
        let pack_a = columns >= 8 * panel && a_stride.saturating_mul(bytes) >= FAR_BYTES;
        if pack_a && task_rows > FEW_ROWS {
            task_rows = part(task_rows, (ROWS_BYTES / bytes / full_depth.max(1)).max(FEW_ROWS), MOST_ROWS);
        } else if depth < full_depth {
            // The scratch buffer holds the sums of all rows of a task.
            task_rows = part(task_rows, SCRATCH_ROWS, MOST_ROWS);
        }
        let parts = |total: usize, one: usize| if total == one { 1 } else { total.div_ceil(one) };
        let (row_tasks, column_tasks) = (parts(rows, task_rows), parts(full_columns, task_columns));
        let b_width = match packing {
            Packing::Ahead => columns + panel,
            Packing::Single => 2 * panel,
            Packing::Never if full_columns.is_multiple_of(panel) => 0,
            Packing::Never => panel,
        };
        let every_row = depth < full_depth || packing == Packing::Single;
        Self {
            rows: task_rows,
            task_columns,
            columns,
            depth,
            packing,
            pack_a,
            row_tasks,
            column_tasks,
            lanes: if helped { threads.min(row_tasks * column_tasks).max(1) } else { 1 },
            b_len: depth * b_width,
            a_len: if pack_a { parts(full_depth, depth) * task_rows * (depth + GAP) } else { 0 },
            scratch_len: if every_row { task_rows } else { MOST_ROWS } * columns,
        }
    }

    /// Elements of one lane's workspace.
    #[inline]
    pub(super) fn lane_len(&self) -> usize {
        self.b_len + self.a_len + self.scratch_len
    }
}

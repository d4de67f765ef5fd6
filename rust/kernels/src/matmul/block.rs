//! A block of B, against which the rows of one tile after the other are multiplied.

use super::blocking::Packing;
use super::matrix::Matrix;
use super::pack::{PackedPlace, Panel};
use super::prefetch;
use super::tile::{Operands, Tiles};
use super::transposed::SIDE_BY_SIDE;
use crate::real::Element;

/// A block of B where it lies, and the buffer it is packed to.
pub(super) struct Block<E> {
    from: *const E,
    row_stride: usize,
    column_stride: usize,
    depth: usize,
    columns: usize,
    packed: *mut E,
    packing: Packing,
    /// Whether the chains go on from what C holds.
    resume: bool,
}

/// Some columns of the block, packed.
pub(super) struct Packed {
    column: usize,
    columns: usize,
    width: usize,
}

impl Packed {
    /// Whether these are the first columns of the block.
    pub(super) fn is_first(&self) -> bool {
        self.column == 0
    }
}

impl<E: Element> Block<E> {
    /// `depth` rows of B from `start` on, and `columns` columns from `column` on, which lie within it. The buffer
    /// `packed` has the length that the cuts say.
    #[inline]
    pub(super) fn new(
        b: &Matrix<'_, E>,
        (start, depth): (usize, usize),
        (column, columns): (usize, usize),
        packed: *mut E,
        packing: Packing,
    ) -> Self {
        let Matrix { row_stride, column_stride, .. } = *b;
        let from = b.data.as_ptr().wrapping_add(start * row_stride + column * column_stride);
        Self { from, row_stride, column_stride, depth, columns, packed, packing, resume: start > 0 }
    }

    /// Packs one panel after the other to the same place, as wide as tiles of so many rows can be. Each is gone when
    /// the next is asked for.
    pub(super) fn panels(&self, tiles: &Tiles<E>, rows: usize) -> impl Iterator<Item = Packed> {
        let width = tiles.lanes * tiles.vectors[rows - 1];
        (0..self.columns).step_by(width).map(move |column| {
            let columns = width.min(self.columns - column);
            // SAFETY: the columns lie within B, and the buffer has room for the widest panel.
            unsafe { self.pack(tiles, (column, columns), self.packed, width) };
            Packed { column, columns, width }
        })
    }

    /// Packs some columns of the block.
    ///
    /// # Safety
    /// They lie within the block, and `to` has room for `depth` rows of `width` numbers.
    unsafe fn pack(&self, tiles: &Tiles<E>, (column, columns): (usize, usize), to: *mut E, width: usize) {
        let Self { row_stride, column_stride, depth, .. } = *self;
        let from = self.from.wrapping_add(column * column_stride);
        let padding = if tiles.masks { 1 } else { tiles.lanes };
        let transpose = tiles.transpose;
        let panel = Panel { from, row_stride, column_stride, depth, columns, width, padding, to, transpose };
        // SAFETY: the caller's promise; the function is of the tiles' instruction set.
        unsafe { panel.pack() };
    }

    /// The tile that reads B at `b` and begins at this column of the block.
    #[inline(always)]
    fn operands(
        &self,
        (a, a_row, a_step): PackedPlace<E>,
        (b, b_step): (*const E, usize),
        (c, c_row): (*mut E, usize),
        column: usize,
    ) -> Operands<E> {
        let c = c.wrapping_add(column);
        let (depth, resume, copy) = (self.depth, self.resume, std::ptr::null_mut());
        Operands { depth, a, a_row, a_step, b, b_step, c, c_row, last: 0, resume, copy, copy_step: 0 }
    }

    /// Multiplies `rows` rows of A, given with its strides, by a packed panel. C is given where the block begins.
    ///
    /// # Safety
    /// All operands lie in memory that can be read and written; the machine has the tiles' instruction set.
    #[inline]
    pub(super) unsafe fn run_panel(
        &self,
        tiles: &Tiles<E>,
        panel: &Packed,
        a: PackedPlace<E>,
        rows: usize,
        c: (*mut E, usize),
    ) {
        let mut operands = self.operands(a, (self.packed, panel.width), c, panel.column);
        // SAFETY: the caller's promise; the panel is no wider than tiles of these rows.
        unsafe { run_tiles(tiles, rows, panel.columns, &mut operands) };
    }

    /// Whether there are tiles that take the block transposed as it lies, for so many rows.
    #[inline]
    pub(super) fn is_for_transposed(&self, tiles: &Tiles<E>, rows: usize) -> bool {
        self.row_stride == 1 && tiles.transposed.is_some_and(|tiles| rows <= tiles.run.len())
    }

    /// Multiplies `rows` rows of A, given with its strides, by all columns of the block, transposed in registers.
    ///
    /// # Safety
    /// As for [`Block::run_panel`]; [`Block::is_for_transposed`] said yes.
    pub(super) unsafe fn run_transposed(&self, tiles: &Tiles<E>, a: PackedPlace<E>, rows: usize, c: (*mut E, usize)) {
        let transposed = tiles.transposed.expect("there are such tiles");
        let mut operands = self.operands(a, (self.from, self.column_stride), c, 0);
        let mut left = self.columns;
        for (run, width) in transposed.run[rows - 1].iter().zip([SIDE_BY_SIDE * transposed.lanes, transposed.lanes]) {
            while left >= width {
                // SAFETY: the caller's promise: so many columns are left.
                unsafe { run(&operands) };
                operands.b = operands.b.wrapping_add(width * self.column_stride);
                operands.c = operands.c.wrapping_add(width);
                left -= width;
            }
        }
        if left > 0 {
            let (column, width) = (self.columns - left, tiles.lanes);
            // SAFETY: as above; fewer columns are left than a vector has lanes, and the buffer has room for one vector
            // a row.
            unsafe {
                self.pack(tiles, (column, left), self.packed, width);
                run_tiles(tiles, rows, left, &mut self.operands(a, (self.packed, width), c, column));
            }
        }
    }

    /// Multiplies `rows` rows of A, given with its strides, by all columns of the block. `fresh` for the first rows.
    ///
    /// # Safety
    /// As for [`Block::run_panel`].
    #[inline]
    pub(super) unsafe fn run(&self, tiles: &Tiles<E>, a: PackedPlace<E>, rows: usize, c: (*mut E, usize), fresh: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.packing {
                Packing::Ahead => self.run_ahead(tiles, a, rows, c, fresh),
                _ => self.run_unpacked(tiles, a, rows, c, fresh),
            }
        }
    }

    /// [`Block::run`] with B where it lies; but for a last vector that cannot be read there.
    ///
    /// # Safety
    /// As for [`Block::run_panel`].
    #[inline]
    unsafe fn run_unpacked(&self, tiles: &Tiles<E>, a: PackedPlace<E>, rows: usize, c: (*mut E, usize), fresh: bool) {
        // Two vectors if there are as many: a tile of one waits for its own chains.
        let (lanes, columns) = (tiles.lanes, self.columns);
        let width = if columns > lanes { 2 * lanes } else { lanes };
        let over = if can_read(tiles, columns) { 0 } else { columns % lanes + width - lanes };
        let end = columns - over;
        let widest = tiles.lanes * tiles.vectors[rows - 1];
        if end > 0 {
            let mut operands = self.operands(a, (self.from, self.row_stride), c, 0);
            // SAFETY: the caller's promise; the tiles are no wider than tiles of these rows.
            unsafe { sweep(tiles, rows, (end, widest, widest), &mut operands) };
        }
        if over > 0 {
            // SAFETY: as above; the buffer has room for two vectors a row.
            unsafe {
                if fresh {
                    self.pack(tiles, (end, over), self.packed, width);
                }
                run_tiles(tiles, rows, over, &mut self.operands(a, (self.packed, width), c, end));
            }
        }
    }

    /// [`Block::run`] with B packed on the way: the tiles of the first rows leave a copy of what they read.
    ///
    /// # Safety
    /// As for [`Block::run_panel`].
    unsafe fn run_ahead(&self, tiles: &Tiles<E>, a: PackedPlace<E>, rows: usize, c: (*mut E, usize), fresh: bool) {
        let width = tiles.lanes * tiles.vectors[tiles.rows - 1];
        if !fresh {
            let mut operands = self.operands(a, (self.packed, width), c, 0);
            // SAFETY: the caller's promise; the panels lie one after the other.
            return unsafe { sweep(tiles, rows, (self.columns, width, width * self.depth), &mut operands) };
        }
        for column in (0..self.columns).step_by(width) {
            let columns = width.min(self.columns - column);
            let packed = self.packed.wrapping_add(column * self.depth);
            // SAFETY: the caller's promise; the buffer has room for all panels.
            unsafe {
                if self.column_stride == 1 && can_read(tiles, columns) {
                    let b = (self.from.wrapping_add(column), self.row_stride);
                    let mut operands = self.operands(a, b, c, column);
                    (operands.copy, operands.copy_step) = (packed, width);
                    run_tiles_copying(tiles, rows, columns, &mut operands);
                } else {
                    self.pack(tiles, (column, columns), packed, width);
                    run_tiles(tiles, rows, columns, &mut self.operands(a, (packed, width), c, column));
                }
            }
        }
    }
}

/// Runs tiles side by side over so many columns: `width` of C and then `advance` numbers of B from one to the next.
///
/// # Safety
/// All operands lie in memory that can be read and written; the machine has the tiles' instruction set, and tiles of
/// these rows can be `width` wide.
#[inline]
unsafe fn sweep<E: Element>(
    tiles: &Tiles<E>,
    rows: usize,
    (columns, width, advance): (usize, usize, usize),
    operands: &mut Operands<E>,
) {
    let mut left = columns;
    if left >= width {
        let run = tiles.run[rows - 1][width / tiles.lanes - 1][0];
        operands.last = tiles.lanes;
        let work = rows * width * operands.depth;
        while left >= width {
            // SAFETY: the caller's promise.
            unsafe { run(operands) };
            prefetch::ask(work);
            operands.b = operands.b.wrapping_add(advance);
            operands.c = operands.c.wrapping_add(width);
            left -= width;
        }
    }
    if left > 0 {
        // SAFETY: as above.
        unsafe { run_tiles(tiles, rows, left, operands) };
    }
}

/// Whether rows of so many columns can be read without padding.
#[inline]
fn can_read<E>(tiles: &Tiles<E>, columns: usize) -> bool {
    tiles.masks || columns & (tiles.lanes - 1) == 0 || for_narrower(tiles, columns) > 0
}

/// Columns at the end that are for tiles of narrower vectors, with a pass over A of their own.
#[inline]
fn for_narrower<E>(tiles: &Tiles<E>, columns: usize) -> usize {
    let over = columns & (tiles.lanes - 1);
    // A tile of few rows and one vector waits for its own chains, so beside others it costs more than it saves.
    let few_rows = tiles.rows < 8 && over < columns;
    if !few_rows && tiles.narrower.is_some_and(|narrower| over <= narrower.lanes) { over } else { 0 }
}

macro_rules! run_tiles {
    ($name:ident, $table:ident, $doc:literal) => {
        #[doc = $doc]
        ///
        /// # Safety
        /// All operands lie in memory that can be read and written; the machine has the tiles' instruction set.
        #[inline]
        unsafe fn $name<E: Element>(mut tiles: &Tiles<E>, rows: usize, columns: usize, operands: &mut Operands<E>) {
            let over = for_narrower(tiles, columns);
            let whole = columns - over;
            if whole > 0 {
                let vectors = whole.div_ceil(tiles.lanes);
                operands.last = whole - (vectors - 1) * tiles.lanes;
                // SAFETY: the caller's promise; the tile's size was chosen from the table's.
                unsafe { tiles.$table[rows - 1][vectors - 1][usize::from(operands.last < tiles.lanes)](operands) };
            }
            if over > 0 {
                while let Some(narrower) = tiles.narrower
                    && over <= narrower.lanes
                {
                    tiles = narrower;
                }
                operands.b = operands.b.wrapping_add(whole);
                operands.c = operands.c.wrapping_add(whole);
                operands.copy = operands.copy.wrapping_add(whole);
                operands.last = over;
                // SAFETY: as above.
                unsafe { tiles.$table[rows - 1][0][usize::from(over < tiles.lanes)](operands) };
            }
        }
    };
}
run_tiles! {
    run_tiles, run,
    "Runs the tile of `rows` rows and `columns` columns, which it can be wide, and one of narrower vectors for the rest."
}
run_tiles! { run_tiles_copying, run_copying, "[`run_tiles`] with tiles that copy B." }

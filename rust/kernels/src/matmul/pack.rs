//! Copies of operands in the order in which the tiles read them.

use crate::real::Element;

/// Side of the squares that are transposed at once.
pub(super) const SIDE: usize = 8;

/// Rows of a panel that are filled before the next ones, so that they stay in the first cache meanwhile.
const PANEL_ROWS: usize = 16 * SIDE;

/// `(from, column_stride, to, width, squares)`: transposes that many squares, one below the other: [`SIDE`] columns,
/// each contiguous and `column_stride` after the one before, become rows, `width` apart.
///
/// # Safety
/// The columns can be read from the first pointer and the rows written to the second; the machine has the instruction
/// set of the table the function is in.
pub(super) type TransposeFunction<E> = unsafe fn(*const E, usize, *mut E, usize, usize);

/// [`TransposeFunction`] without instructions of its own.
///
/// # Safety
/// As for [`TransposeFunction`].
pub(super) unsafe fn transpose<E: Element>(
    from: *const E,
    column_stride: usize,
    to: *mut E,
    width: usize,
    squares: usize,
) {
    for k in 0..squares * SIDE {
        for column in 0..SIDE {
            // SAFETY: the caller's promise.
            unsafe { *to.add(k * width + column) = *from.add(column * column_stride + k) };
        }
    }
}

/// How many rows ahead of its copying a row is asked for.
const PREFETCH_ROWS: usize = 8;

/// Asks for `count` numbers, which need not be in reach, to be brought into the cache.
#[inline]
fn prefetch<E: Element>(from: *const E, count: usize) {
    #[cfg(target_arch = "x86_64")]
    for index in (0..count).step_by(64 / size_of::<E>()) {
        // SAFETY: a prefetch of any address is harmless; the instruction is part of every x86-64.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(index).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, count);
}

/// Copies `count` numbers, too few for a call of memcpy: in short arrays, the last one overlapping.
///
/// # Safety
/// They can be read and written, and do not overlap.
#[inline]
unsafe fn copy_short<E: Element>(from: *const E, to: *mut E, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if count >= SIDE {
            let copy = |start: usize| {
                let part = from.add(start).cast::<[E; SIDE]>().read_unaligned();
                to.add(start).cast::<[E; SIDE]>().write_unaligned(part);
            };
            let mut start = 0;
            while start + SIDE < count {
                copy(start);
                start += SIDE;
            }
            copy(count - SIDE);
        } else {
            for index in 0..count {
                *to.add(index) = *from.add(index);
            }
        }
    }
}

/// A panel of B and where it is packed: row after row, `width` numbers each.
pub(super) struct Panel<E> {
    pub(super) from: *const E,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
    pub(super) depth: usize,
    /// Columns there are, at most `width`.
    pub(super) columns: usize,
    pub(super) width: usize,
    /// The columns are filled up to a multiple of this.
    pub(super) padding: usize,
    pub(super) to: *mut E,
    pub(super) transpose: TransposeFunction<E>,
}

impl<E: Element> Panel<E> {
    /// Packs the panel, with zeros for padding.
    ///
    /// # Safety
    /// `depth` x `columns` numbers with these strides can be read, and `depth * width` written; the machine has the
    /// instruction set that `transpose` is for.
    pub(super) unsafe fn pack(&self) {
        // SAFETY: the parts are those of the panel.
        unsafe {
            if self.column_stride == 1 {
                for k in 0..self.depth {
                    let from = self.from.wrapping_add(k * self.row_stride);
                    prefetch(from.wrapping_add(PREFETCH_ROWS * self.row_stride), self.columns);
                    copy_short(from, self.to.wrapping_add(k * self.width), self.columns);
                }
            } else {
                self.transpose_columns();
            }
            for column in self.columns..self.columns.next_multiple_of(self.padding) {
                for k in 0..self.depth {
                    *self.to.add(k * self.width + column) = E::default();
                }
            }
        }
    }

    /// Packs a panel whose columns are contiguous, or have any stride.
    ///
    /// # Safety
    /// As for [`Panel::pack`].
    unsafe fn transpose_columns(&self) {
        let squares = if self.row_stride == 1 { self.columns / SIDE * SIDE } else { 0 };
        for start in (0..self.depth).step_by(PANEL_ROWS) {
            let rows = PANEL_ROWS.min(self.depth - start);
            let whole = rows / SIDE;
            for column in (0..squares).step_by(SIDE) {
                let from = self.from.wrapping_add(column * self.column_stride + start);
                let to = self.to.wrapping_add(start * self.width + column);
                // SAFETY: the squares are a part of the panel.
                unsafe { (self.transpose)(from, self.column_stride, to, self.width, whole) };
            }
            for column in 0..self.columns {
                let done = if column < squares { whole * SIDE } else { 0 };
                for k in start + done..start + rows {
                    let from = self.from.wrapping_add(k * self.row_stride + column * self.column_stride);
                    // SAFETY: the number is a part of the panel.
                    unsafe { *self.to.add(k * self.width + column) = *from };
                }
            }
        }
    }
}

/// Numbers between the packed rows of A, so that they do not fall into the same sets of the cache.
pub(super) const GAP: usize = 16;

/// Where rows of A lie: the first number, the distance between rows, and that between columns.
pub(super) type PackedPlace<E> = (*const E, usize, usize);

/// Where rows of A of this depth lie once they are packed: row by row if they were contiguous, else column by column.
#[inline]
pub(super) fn packed_place<E>(packed: *mut E, rows: usize, depth: usize, contiguous: bool) -> PackedPlace<E> {
    if contiguous { (packed, depth + GAP, 1) } else { (packed, 1, rows) }
}

/// Copies `rows` rows of A to their [`packed_place`]. With large strides, their numbers would else fall into a few sets
/// of the caches and displace each other.
///
/// # Safety
/// `rows` rows of `depth` numbers can be read, and `rows * (depth + GAP)` numbers written.
pub(super) unsafe fn pack_a<E: Element>(
    (a, row_stride, step): PackedPlace<E>,
    rows: usize,
    depth: usize,
    packed: *mut E,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if step == 1 {
            for row in 0..rows {
                std::ptr::copy_nonoverlapping(a.add(row * row_stride), packed.add(row * (depth + GAP)), depth);
            }
        } else if row_stride == 1 {
            for k in 0..depth {
                prefetch(a.wrapping_add((k + PREFETCH_ROWS) * step), rows);
                copy_short(a.add(k * step), packed.add(k * rows), rows);
            }
        } else {
            for k in 0..depth {
                for row in 0..rows {
                    *packed.add(k * rows + row) = *a.add(row * row_stride + k * step);
                }
            }
        }
    }
}

//! Copies of operands in the order in which the tiles read them.

use crate::real::Element;

/// Copies a block of B into panels of `panel` columns: row after row, each row `panel` numbers, each panel `depth` rows.
/// The columns that the last panel lacks are left as they are; the tiles do not use them.
///
/// # Safety
/// The block of `depth` x `columns` numbers with these strides can be read from `b`, and `packed` has room for
/// `depth * columns.next_multiple_of(panel)` numbers.
pub(super) unsafe fn pack_b<E: Element>(
    b: *const E,
    (depth, columns): (usize, usize),
    (row_stride, column_stride): (usize, usize),
    panel: usize,
    packed: *mut E,
) {
    for column in (0..columns).step_by(panel) {
        let count = panel.min(columns - column);
        let (from, to) = (b.wrapping_add(column * column_stride), packed.wrapping_add(column * depth));
        for k in 0..depth {
            // SAFETY: the caller's promise.
            unsafe {
                if column_stride == 1 {
                    std::ptr::copy_nonoverlapping(from.add(k * row_stride), to.add(k * panel), count);
                } else {
                    for j in 0..count {
                        *to.add(k * panel + j) = *from.add(k * row_stride + j * column_stride);
                    }
                }
            }
        }
    }
}

/// Numbers between the packed rows of A, so that they do not fall into the same sets of the cache.
const GAP: usize = 16;

/// Copies `rows` rows of A and returns where they are, with their strides.
///
/// # Safety
/// `rows` rows of `depth` numbers with the strides of `a` can be read; `packed` has room for `rows * (depth + GAP)` numbers.
pub(super) unsafe fn pack_a<E: Element>(
    (a, row_stride, step): (*const E, usize, usize),
    rows: usize,
    depth: usize,
    packed: *mut E,
) -> (*const E, usize, usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if step == 1 {
            let width = depth + GAP;
            for row in 0..rows {
                std::ptr::copy_nonoverlapping(a.add(row * row_stride), packed.add(row * width), depth);
            }
            (packed, width, 1)
        } else {
            for k in 0..depth {
                for row in 0..rows {
                    *packed.add(k * rows + row) = *a.add(row * row_stride + k * step);
                }
            }
            (packed, 1, rows)
        }
    }
}

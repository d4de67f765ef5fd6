//! Matrix product with an epilogue: `C = A B`, finished tile by tile while the tile is warm.
//!
//! Each element of the product is one chain of fused multiply-adds over ascending k, beginning with zero, so every fused
//! instruction set, any tile size and any number of threads give the same bits.

mod epilogue;

pub use epilogue::{Dense, Each, Epilogue, MOST_MATRICES, Slope, Store, Target, Tile};

use crate::isa;
use crate::real::{Element, Real};

/// A matrix in memory that may be read: element (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, E> {
    /// The elements.
    pub data: &'a [E],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Distance between rows.
    pub row_stride: usize,
    /// Distance between columns.
    pub column_stride: usize,
}

impl<'a, E: Element> Matrix<'a, E> {
    /// A row-major matrix without gaps.
    pub fn new(data: &'a [E], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The transposed view.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Panics unless every element lies in `data`.
    fn check(&self, name: &str) {
        assert!(
            span(self.rows, self.columns, self.row_stride, self.column_stride) <= self.data.len(),
            "multiply: expected `{name}` to hold {} x {} numbers, {} and {} apart, got {}",
            self.rows,
            self.columns,
            self.row_stride,
            self.column_stride,
            self.data.len()
        );
    }
}

/// Length of the memory that a matrix of this shape spans.
fn span(rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
    last(rows, row_stride)
        .zip(last(columns, column_stride))
        .and_then(|(row, column)| row.checked_add(column)?.checked_add(1))
        .expect("multiply: the matrix is larger than memory")
}

/// Length of the workspace that [`multiply`] needs for a product (`rows`, `depth`) x (`depth`, `columns`).
/// `a_row_major` and `b_row_major` tell whether the columns of the matrix are 1 apart.
pub fn workspace_len<E: Element>(
    _rows: usize,
    _depth: usize,
    columns: usize,
    _a_row_major: bool,
    _b_row_major: bool,
) -> usize {
    columns
}

/// The product `A B`, each finished tile given to the epilogue. A depth of zero gives zeros.
///
/// `workspace` has at least [`workspace_len`] elements; what it holds before and after does not matter. Panics if shapes or
/// lengths do not fit.
pub fn multiply<E: Element>(a: Matrix<'_, E>, b: Matrix<'_, E>, epilogue: &mut dyn Epilogue<E>, workspace: &mut [E]) {
    assert_eq!(a.columns, b.rows, "multiply: expected `b` to have as many rows as `a` has columns");
    a.check("a");
    b.check("b");
    epilogue.check(a.rows, b.columns);
    let (target, stride) = match epilogue.target() {
        Some(target) => (target.pointer, target.stride),
        None => (workspace[..b.columns].as_mut_ptr(), 0),
    };
    for i in 0..a.rows {
        for j in 0..b.columns {
            let mut sum = E::default();
            for k in 0..a.columns {
                let x = a.data[i * a.row_stride + k * a.column_stride];
                let y = b.data[k * b.row_stride + j * b.column_stride];
                sum = if isa::current().is_fused() {
                    E::Fused::load(x).mul_add(E::Fused::load(y), E::Fused::load(sum)).store()
                } else {
                    E::Plain::load(x).mul_add(E::Plain::load(y), E::Plain::load(sum)).store()
                };
            }
            // SAFETY: the epilogue has checked that its target holds the product; the workspace holds a row.
            unsafe { *target.add(i * stride + j) = sum };
        }
        // SAFETY: as above; the row is not borrowed otherwise.
        unsafe { epilogue.finish(Tile::new(target.add(i * stride), stride, (i, 0), (1, b.columns))) };
    }
}

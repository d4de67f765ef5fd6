//! Matrix product with an epilogue: `C = A B`, finished tile by tile while the tile is warm.
//!
//! Each element of the product is one chain of fused multiply-adds over ascending k, so every fused instruction set, any
//! tile size and any number of threads give the same bits.

use crate::real::Element;

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
        assert!(data.len() >= rows * columns);
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
}

/// What happens to a finished tile of the product.
///
/// `finish` gets the tile's numbers (row-major, `stride` apart, free to be overwritten) and where the tile lies in the
/// product. It writes the result into the product itself or anywhere else: it alone decides what reaches memory.
pub trait Epilogue<E: Element>: Sync {
    /// Finishes the tile of `rows` x `columns` numbers whose first element is (`row`, `column`) of the product.
    fn finish(&self, row: usize, column: usize, rows: usize, columns: usize, tile: &mut [E], stride: usize);
}

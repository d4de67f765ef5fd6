//! A matrix as the products see it: numbers in memory, with the distances between rows and columns.

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
    pub(super) fn check(&self, name: &str) {
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
#[inline]
pub(super) fn span(rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
    last(rows, row_stride)
        .zip(last(columns, column_stride))
        .and_then(|(row, column)| row.checked_add(column)?.checked_add(1))
        .expect("multiply: the matrix is larger than memory")
}

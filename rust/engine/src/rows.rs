//! Rows of somebody else's array, of any number type and strides: gathered batch by batch, never copied whole.

use std::marker::PhantomData;

/// What the numbers of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Truth values, one byte each.
    Bool,
    /// Whole numbers.
    I8,
    /// Whole numbers.
    I16,
    /// Whole numbers.
    I32,
    /// Whole numbers.
    I64,
    /// Whole numbers.
    U8,
    /// Whole numbers.
    U16,
    /// Whole numbers.
    U32,
    /// Whole numbers.
    U64,
}

/// An array whose rows (first axis) are read in any order.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    pointer: *const u8,
    kind: SourceKind,
    shape: Vec<usize>,
    strides: Vec<isize>,
    scale: Option<f64>,
    owner: PhantomData<&'a [u8]>,
}

impl<'a> Rows<'a> {
    /// The rows of an array with these strides in bytes (any sign, any alignment). Numbers are multiplied by `scale`.
    ///
    /// # Safety
    /// Every element that shape and strides address must be readable memory of this kind for `'a`.
    pub unsafe fn from_raw(
        pointer: *const u8,
        kind: SourceKind,
        shape: &[usize],
        strides: &[isize],
        scale: Option<f64>,
    ) -> Self {
        assert!(!shape.is_empty() && shape.len() == strides.len());
        Self { pointer, kind, shape: shape.to_vec(), strides: strides.to_vec(), scale, owner: PhantomData }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.shape[0]
    }

    /// Numbers in a row.
    pub fn row_len(&self) -> usize {
        self.shape[1..].iter().product()
    }
}

//! The matrix product of NumPy arrays.

use std::cell::RefCell;

use pyo3::prelude::*;
use tilegrad_kernels::matmul::{Matrix, Store, multiply, workspace_len};
use tilegrad_kernels::real::Element;

use crate::arguments::real_array;
use crate::arrays::Array;
use crate::errors::{Result, dtype_error, shape_error, value_error};
use crate::kinds::{Kind, Number};
use crate::work;

/// The matrix product of two matrices of the same dtype. A transposed view is read in place, without a copy.
///
/// ``out`` must be a writable matrix in C order that shares no memory with the others.
#[pyfunction]
#[pyo3(signature = (a, b, out = None))]
pub(crate) fn matmul<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    let (a, kind) = matrix_array("a", a)?;
    let (b, b_kind) = matrix_array("b", b)?;
    if b_kind != kind {
        return dtype_error!("matmul: expected `b` of dtype {}, got {}", a.dtype_name(), b.dtype_name());
    }
    let (rows, depth, columns) = (a.shape()[0], a.shape()[1], b.shape()[1]);
    if b.shape()[0] != depth {
        let got = b.shape()[0];
        return shape_error!("matmul: expected `b` with {depth} rows to match the columns of `a`, got {got}");
    }
    let out = match out {
        Some(out) => target(out, (rows, columns), kind, [("a", &a), ("b", &b)])?,
        None => Array::empty(a.object().py(), &[rows, columns], kind)?,
    };
    match kind {
        Kind::F64 => product::<f64>(&a, &b, &out)?,
        _ => product::<f32>(&a, &b, &out)?,
    }
    Ok(out.into_object())
}

/// An operand: a matrix in C or Fortran order, copied if it is in neither.
fn matrix_array<'py>(argument: &str, object: &Bound<'py, PyAny>) -> Result<(Array<'py>, Kind)> {
    let (array, kind) = real_array("matmul", argument, object)?;
    if array.shape().len() != 2 {
        let got = array.shape();
        return shape_error!("matmul: expected `{argument}` to be a matrix, got an array with {} axes", got.len());
    }
    Ok((if array.is_flat() { array } else { array.contiguous()? }, kind))
}

/// The array for the result, checked.
fn target<'py>(
    out: &Bound<'py, PyAny>,
    (rows, columns): (usize, usize),
    kind: Kind,
    operands: [(&str, &Array<'py>); 2],
) -> Result<Array<'py>> {
    let (out, out_kind) = real_array("matmul", "out", out)?;
    if out_kind != kind {
        return dtype_error!(
            "matmul: expected `out` of dtype {}, got {}",
            operands[0].1.dtype_name(),
            out.dtype_name()
        );
    }
    if out.shape() != [rows, columns] {
        let got = out.shape();
        return shape_error!("matmul: expected `out` of shape ({rows}, {columns}), got {got:?}");
    }
    if !out.is_writable() {
        return value_error!("matmul: expected `out` to be writable, got a read-only array");
    }
    if !(out.is_c_contiguous() && out.is_aligned()) {
        return value_error!("matmul: expected `out` in C order, got a view of another layout");
    }
    for (name, operand) in operands {
        if out.overlaps(operand)? {
            return value_error!("matmul: expected `out` to share no memory with `{name}`, got an overlapping array");
        }
    }
    Ok(out)
}

fn product<E: Scratch>(a: &Array<'_>, b: &Array<'_>, out: &Array<'_>) -> Result<()> {
    let (py, columns) = (a.object().py(), b.shape()[1]);
    let (a, b, out) = (matrix::<E>(a), matrix::<E>(b), out.slice_mut::<E>());
    // Whether to release the lock depends on the work, which equals that of this many elements.
    let elements = a.rows.saturating_mul(a.columns).saturating_mul(columns) / 16;
    let len = workspace_len::<E>(a.rows, a.columns, columns, a.column_stride == 1, b.column_stride == 1);
    work::run(py, elements, || E::scratch(len, |workspace| multiply(a, b, &mut Store::new(out, columns), workspace)))
}

/// An array in C or Fortran order as a matrix.
fn matrix<'a, E: Element + Number>(array: &'a Array<'_>) -> Matrix<'a, E> {
    let (rows, columns) = (array.shape()[0], array.shape()[1]);
    if array.is_c_contiguous() {
        Matrix::new(array.slice(), rows, columns)
    } else {
        Matrix::new(array.slice(), columns, rows).transposed()
    }
}

/// Scratch memory that the thread keeps for its next product.
trait Scratch: Element + Number {
    /// Calls with this many elements, of which the first is aligned to a cache line.
    fn scratch<T>(len: usize, call: impl FnOnce(&mut [Self]) -> T) -> T;
}

macro_rules! scratch {
    ($element:ty) => {
        impl Scratch for $element {
            fn scratch<T>(len: usize, call: impl FnOnce(&mut [Self]) -> T) -> T {
                thread_local! {
                    static MEMORY: RefCell<Vec<$element>> = const { RefCell::new(Vec::new()) };
                }
                const LINE: usize = 64;
                if len == 0 {
                    return call(&mut []);
                }
                MEMORY.with_borrow_mut(|memory| {
                    if memory.len() < len + LINE {
                        memory.resize(len + LINE, 0.0);
                    }
                    let start = memory.as_ptr().align_offset(LINE).min(LINE);
                    call(&mut memory[start..start + len])
                })
            }
        }
    };
}
scratch!(f32);
scratch!(f64);

//! Looking through data for numbers that are none.

use pyo3::prelude::*;

use crate::arguments::type_error_of;
use crate::arrays::Array;
use crate::errors::Result;
use crate::kinds::{Kind, Number};
use crate::work;

/// Index, in C order of the flattened array, of the first number that is infinite or NaN.
#[pyfunction]
pub(crate) fn check_finite(x: &Bound<'_, PyAny>) -> Result<Option<usize>> {
    let x = Array::new("check_finite", "x", x)?;
    match x.kind() {
        Kind::F32 => find(&x, |value: f32| value.is_finite()),
        Kind::F64 => find(&x, |value: f64| value.is_finite()),
        Kind::Other => Err(type_error_of("check_finite", "x", &x, "real numbers")),
        _ => Ok(None),
    }
}

/// Numbers looked at before asking whether one was found: enough for the loop to be vectorised.
const PIECE: usize = 1024;

fn find<E: Number>(x: &Array<'_>, is_finite: impl Fn(E) -> bool + Sync + Send) -> Result<Option<usize>> {
    let (py, len) = (x.object().py(), x.len());
    if x.is_c_contiguous() && x.is_aligned() {
        let values = x.slice::<E>();
        return work::run(py, len, || search(values, &is_finite));
    }
    // Row by row, so that a large array of another layout is never copied whole.
    let row_len: usize = x.shape().iter().skip(1).product();
    for row in 0..x.shape().first().copied().unwrap_or(0) {
        let part = Array::new("check_finite", "x", &x.object().get_item((row, py.Ellipsis()))?)?.contiguous()?;
        let values = part.slice::<E>();
        if let Some(found) = work::run(py, row_len, || search(values, &is_finite))? {
            return Ok(Some(row * row_len + found));
        }
    }
    Ok(None)
}

fn search<E: Copy>(values: &[E], is_finite: &impl Fn(E) -> bool) -> Option<usize> {
    for (piece, numbers) in values.chunks(PIECE).enumerate() {
        if numbers.iter().fold(false, |found, &value| found | !is_finite(value)) {
            return numbers.iter().position(|&value| !is_finite(value)).map(|index| piece * PIECE + index);
        }
    }
    None
}

//! Searches data for NaN, infinity and numbers out of range.

use pyo3::prelude::*;

use crate::arguments::{dtype_error_of, real_array};
use crate::arrays::Array;
use crate::errors::Result;
use crate::kinds::{Kind, Number};
use crate::work;

/// Index, in C order of the flattened array, of the first number that is infinite or NaN.
#[pyfunction]
pub(crate) fn check_finite(x: &Bound<'_, PyAny>) -> Result<Option<usize>> {
    let x = Array::new("check_finite", "x", x)?;
    match x.kind() {
        Kind::F32 => find(&x, 1, |values: &[f32]| search(values, |value| value.is_finite())),
        Kind::F64 => find(&x, 1, |values: &[f64]| search(values, |value| value.is_finite())),
        Kind::Other => Err(dtype_error_of("check_finite", "x", &x, "real numbers")),
        _ => Ok(None),
    }
}

/// Index, in C order of the flattened array, of the first number that is not from 0 to 1.
#[pyfunction]
pub(crate) fn check_unit_interval(x: &Bound<'_, PyAny>) -> Result<Option<usize>> {
    let (x, kind) = real_array("check_unit_interval", "x", x)?;
    match kind {
        Kind::F64 => find(&x, 1, |values: &[f64]| search(values, |value| (0.0..=1.0).contains(&value))),
        _ => find(&x, 1, |values: &[f32]| search(values, |value| (0.0..=1.0).contains(&value))),
    }
}

/// Index of the first row along the last axis that is not a distribution: it has a number below 0, or a sum other than
/// 1.
#[pyfunction]
pub(crate) fn check_distributions(x: &Bound<'_, PyAny>) -> Result<Option<usize>> {
    let (x, kind) = real_array("check_distributions", "x", x)?;
    let columns = x.shape().last().copied().unwrap_or(1);
    if columns == 0 {
        return Ok((x.shape().iter().rev().skip(1).product::<usize>() > 0).then_some(0));
    }
    match kind {
        Kind::F64 => find(&x, columns, |values: &[f64]| first_row(values, columns)),
        _ => find(&x, columns, |values: &[f32]| first_row(values, columns)),
    }
}

/// How far the sum of a row may be from 1.
const SUM_TOLERANCE: f64 = 1e-3;

/// Number of partial sums of a row, which the compiler keeps side by side.
const LANES: usize = 8;

fn first_row<E: Copy + Into<f64>>(values: &[E], columns: usize) -> Option<usize> {
    values.chunks_exact(columns).position(|row| {
        let mut sums = [0.0; LANES];
        let mut fine = true;
        for part in row.chunks(LANES) {
            for (sum, &value) in sums.iter_mut().zip(part) {
                let value: f64 = value.into();
                fine &= value >= 0.0;
                *sum += value;
            }
        }
        let distance = (sums.iter().sum::<f64>() - 1.0).abs();
        !(fine && distance < SUM_TOLERANCE)
    })
}

/// How many numbers are examined before asking whether one was found: enough for the loop to be vectorised.
const PIECE: usize = 1024;

/// What `search` finds, counted in units of this many elements.
fn find<E: Number>(
    x: &Array<'_>,
    unit: usize,
    search: impl Fn(&[E]) -> Option<usize> + Sync + Send,
) -> Result<Option<usize>> {
    let (py, len) = (x.object().py(), x.len());
    if x.is_c_contiguous() && x.is_aligned() {
        let values = x.slice::<E>();
        return work::run(py, len, || search(values));
    }
    if x.shape().len() == 1 && unit > 1 {
        let copy = x.contiguous()?;
        return Ok(search(copy.slice::<E>()));
    }
    // Row by row, so that a large array in another layout is never copied as a whole.
    let row_len: usize = x.shape().iter().skip(1).product();
    for row in 0..x.shape().first().copied().unwrap_or(0) {
        let part = Array::new("check", "x", &x.object().get_item((row, py.Ellipsis()))?)?.contiguous()?;
        let values = part.slice::<E>();
        if let Some(found) = work::run(py, row_len, || search(values))? {
            return Ok(Some(row * (row_len / unit) + found));
        }
    }
    Ok(None)
}

fn search<E: Copy>(values: &[E], is_fine: impl Fn(E) -> bool) -> Option<usize> {
    for (piece, numbers) in values.chunks(PIECE).enumerate() {
        if numbers.iter().fold(false, |found, &value| found | !is_fine(value)) {
            return numbers.iter().position(|&value| !is_fine(value)).map(|index| piece * PIECE + index);
        }
    }
    None
}

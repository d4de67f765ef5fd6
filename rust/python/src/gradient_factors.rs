//! Gradient clipping on NumPy arrays: the norms, and the factors that follow from them.

use pyo3::prelude::*;
use tilegrad_kernels::controls::Controls;
use tilegrad_kernels::sums::norm;

use crate::arguments::{list_of, real_array};
use crate::arrays::Array;
use crate::errors::Result;
use crate::kinds::Kind;
use crate::work;

/// The factor for each gradient that keeps norms within their bounds: first the norm of each tensor, then the norm of
/// all together. None if the step should be skipped because a gradient is not finite.
#[pyfunction]
#[pyo3(signature = (gradients, *, clip_norm = None, clip_global_norm = None, skip_if_not_finite = false))]
pub(crate) fn gradient_factors(
    gradients: &Bound<'_, PyAny>,
    clip_norm: Option<f64>,
    clip_global_norm: Option<f64>,
    skip_if_not_finite: bool,
) -> Result<Option<Vec<f64>>> {
    let controls = Controls { clip_norm, clip_global_norm, skip_if_not_finite, ..Controls::default() };
    let mut factors = Vec::new();
    for object in list_of("gradient_factors", "gradients", gradients)? {
        let (array, kind) = real_array("gradient_factors", "gradients", &object)?;
        factors.push(norm_of(object.py(), &array.contiguous()?, kind)?);
    }
    Ok(controls.factors(&mut factors).then_some(factors))
}

fn norm_of(py: Python<'_>, array: &Array<'_>, kind: Kind) -> Result<f64> {
    match kind {
        Kind::F64 => {
            let numbers = array.slice::<f64>();
            work::run(py, numbers.len(), || norm(numbers))
        }
        _ => {
            let numbers = array.slice::<f32>();
            work::run(py, numbers.len(), || norm(numbers))
        }
    }
}

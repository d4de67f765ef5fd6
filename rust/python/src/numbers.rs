//! Whole numbers from Python: any size is accepted here, so that the function's own range check writes the error
//! message.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::errors::{Result, shape_error, value_error};

/// A whole number; one beyond 64 bits is clamped to the nearest end, far outside every allowed range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole(pub(crate) i64);

impl<'py> FromPyObject<'_, 'py> for Whole {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("expected a whole number, got a truth value"));
        }
        match object.extract::<i64>() {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
                Ok(Self(if object.lt(0)? { i64::MIN } else { i64::MAX }))
            }
            Err(error) => Err(error),
        }
    }
}

/// A seed: any whole number from 0 to 2^64 - 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seed(pub(crate) u64);

impl<'py> FromPyObject<'_, 'py> for Seed {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<u64>() {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
                Err(PyValueError::new_err("expected a whole number from 0 to 2**64 - 1"))
            }
            Err(error) => Err(error),
        }
    }
}

/// A number as a float; `None` for an object that is not a number. A whole number beyond every float counts as
/// infinite, so that the range check rejects it; any other exception that the object raises is passed on.
pub(crate) fn number(object: &Bound<'_, PyAny>) -> Result<Option<f64>> {
    let py = object.py();
    match object.extract::<f64>() {
        Ok(number) => Ok(Some(number)),
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
            Ok(Some(if object.lt(0)? { f64::NEG_INFINITY } else { f64::INFINITY }))
        }
        Err(error) if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A shape: whole numbers, none of them negative.
pub(crate) fn shape(function: &str, axes: &[Whole]) -> Result<Vec<usize>> {
    let mut shape = Vec::with_capacity(axes.len());
    for axis in axes {
        let Ok(axis) = usize::try_from(axis.0) else {
            return shape_error!("{function}: expected `shape` without negative axes, got {}", axis.0);
        };
        shape.push(axis);
    }
    Ok(shape)
}

/// A whole number in a range.
pub(crate) fn in_range(function: &str, argument: &str, value: Whole, low: i64, high: i64) -> Result<usize> {
    if value.0 < low || value.0 > high {
        let upper = if high == i64::MAX { "or more".to_string() } else { format!("to {high}") };
        return value_error!("{function}: expected `{argument}` of {low} {upper}, got {}", value.0);
    }
    Ok(value.0 as usize)
}

//! Softmax and its logarithm over the last axis of NumPy arrays.

use pyo3::prelude::*;
use tilegrad_kernels::real::Element;
use tilegrad_kernels::softmax as kernels;

use crate::arrays::Array;
use crate::elementwise::{Map, Zip, map, zip};
use crate::errors::{Result, shape_error};

/// Softmax over the last axis. ``out`` may be ``x`` itself.
#[pyfunction]
#[pyo3(signature = (x, out = None))]
pub(crate) fn softmax<'py>(x: &Bound<'py, PyAny>, out: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
    has_rows("softmax", "x", x)?;
    map("softmax", &Forward { logarithm: false }, x, out)
}

/// Logarithm of the softmax over the last axis. ``out`` may be ``x`` itself.
#[pyfunction]
#[pyo3(signature = (x, out = None))]
pub(crate) fn log_softmax<'py>(x: &Bound<'py, PyAny>, out: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
    has_rows("log_softmax", "x", x)?;
    map("log_softmax", &Forward { logarithm: true }, x, out)
}

/// Gradient with respect to the input of ``softmax``, from its *output* ``y``.
#[pyfunction]
#[pyo3(signature = (gradient, y, out = None))]
pub(crate) fn softmax_backward<'py>(
    gradient: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    has_rows("softmax_backward", "gradient", gradient)?;
    zip("softmax_backward", &Backward { logarithm: false }, gradient, ("y", y), out)
}

/// Gradient with respect to the input of ``log_softmax``, from its *output* ``y``.
#[pyfunction]
#[pyo3(signature = (gradient, y, out = None))]
pub(crate) fn log_softmax_backward<'py>(
    gradient: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    has_rows("log_softmax_backward", "gradient", gradient)?;
    zip("log_softmax_backward", &Backward { logarithm: true }, gradient, ("y", y), out)
}

fn has_rows(function: &str, argument: &str, object: &Bound<'_, PyAny>) -> Result<()> {
    if Array::new(function, argument, object)?.shape().is_empty() {
        return shape_error!("{function}: expected `{argument}` of at least one axis, got shape ()");
    }
    Ok(())
}

/// The length of a row; the kernels are not called for empty rows.
fn columns(shape: &[usize]) -> usize {
    shape.last().map_or(1, |&columns| columns.max(1))
}

struct Forward {
    logarithm: bool,
}

impl Map for Forward {
    const ROWS: bool = true;
    fn unit(&self, shape: &[usize]) -> usize {
        columns(shape)
    }
    fn apply<E: Element>(&self, unit: usize, x: &[E], out: &mut [E]) {
        if self.logarithm { kernels::log_softmax(x, unit, out) } else { kernels::softmax(x, unit, out) }
    }
    fn apply_in_place<E: Element>(&self, unit: usize, x: &mut [E]) {
        if self.logarithm { kernels::log_softmax_in_place(x, unit) } else { kernels::softmax_in_place(x, unit) }
    }
}

struct Backward {
    logarithm: bool,
}

impl Zip for Backward {
    const ROWS: bool = true;
    fn unit(&self, shape: &[usize]) -> usize {
        columns(shape)
    }
    fn apply<E: Element>(&self, unit: usize, x: &[E], y: &[E], out: &mut [E]) {
        if self.logarithm {
            kernels::log_softmax_backward(x, y, unit, out);
        } else {
            kernels::softmax_backward(x, y, unit, out);
        }
    }
    fn apply_in_place<E: Element>(&self, unit: usize, x: &mut [E], y: &[E]) {
        if self.logarithm {
            kernels::log_softmax_backward_in_place(x, y, unit);
        } else {
            kernels::softmax_backward_in_place(x, y, unit);
        }
    }
}

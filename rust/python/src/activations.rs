//! Activations on NumPy arrays.

use pyo3::prelude::*;
use tilegrad_kernels::activations::{self, ENTRIES};
use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::SlopeFrom;

use crate::arguments::type_name;
use crate::elementwise::{Map, Zip, map, zip};
use crate::errors::{Result, type_error, value_error};
use crate::numbers;

/// An activation with its hyperparameters, for NumPy arrays of any shape and layout.
///
/// ``parameters`` are in the order of the registry; any left out take their defaults.
#[pyclass(frozen, module = "tilegrad._core")]
pub(crate) struct Activation {
    inner: activations::Activation,
    backward_name: String,
}

#[pymethods]
impl Activation {
    #[new]
    #[pyo3(signature = (name, parameters = Vec::new()), text_signature = "(name, parameters=())")]
    fn new(name: &str, parameters: Vec<Bound<'_, PyAny>>) -> Result<Self> {
        let mut values = Vec::with_capacity(parameters.len());
        for parameter in &parameters {
            let Some(number) = numbers::number(parameter)? else {
                return type_error!("{name}: expected `parameters` of numbers, got {}", type_name(parameter));
            };
            values.push(number);
        }
        if let Some(entry) = ENTRIES.iter().find(|entry| entry.name == name || entry.aliases.contains(&name)) {
            if values.len() > entry.parameters.len() {
                let (most, got) = (entry.parameters.len(), values.len());
                return value_error!("{name}: expected at most {most} parameters, got {got}");
            }
            values.extend(entry.parameters[values.len()..].iter().map(|parameter| parameter.default));
        }
        Ok(Self { inner: activations::Activation::new(name, &values)?, backward_name: format!("{name}_backward") })
    }

    /// ``f(x)``, element by element. ``out`` may be ``x`` itself.
    #[pyo3(signature = (x, out = None))]
    fn __call__<'py>(&self, x: &Bound<'py, PyAny>, out: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        map(self.inner.entry().name, &Forward(self.inner), x, out)
    }

    /// ``gradient * f'(x)``. ``x`` is the input of the forward pass; ``out`` may be ``gradient`` itself. Where the
    /// derivative can be computed from the output of the forward pass, ``output`` is read instead of ``x`` if it is
    /// given.
    #[pyo3(signature = (gradient, x, out = None, output = None))]
    fn backward<'py>(
        &self,
        gradient: &Bound<'py, PyAny>,
        x: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
        output: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        if let (Some(output), SlopeFrom::Output) = (output, self.inner.entry().slope_from) {
            return zip(&self.backward_name, &BackwardFromOutput(self.inner), gradient, ("output", output), out);
        }
        zip(&self.backward_name, &Backward(self.inner), gradient, ("x", x), out)
    }

    /// The name in the registry.
    #[getter]
    fn name(&self) -> &'static str {
        self.inner.entry().name
    }

    /// The hyperparameters, in the order of the registry.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyTuple>> {
        pyo3::types::PyTuple::new(py, self.inner.parameters())
    }

    fn __repr__(&self) -> String {
        format!("Activation({:?}, {:?})", self.inner.entry().name, self.inner.parameters())
    }
}

struct Forward(activations::Activation);

impl Map for Forward {
    fn apply<E: Element>(&self, _unit: usize, x: &[E], out: &mut [E]) {
        self.0.forward(x, out);
    }
    fn apply_in_place<E: Element>(&self, _unit: usize, x: &mut [E]) {
        self.0.forward_in_place(x);
    }
}

struct Backward(activations::Activation);

impl Zip for Backward {
    fn apply<E: Element>(&self, _unit: usize, gradient: &[E], x: &[E], out: &mut [E]) {
        self.0.backward_from_input(gradient, x, out);
    }
    fn apply_in_place<E: Element>(&self, _unit: usize, gradient: &mut [E], x: &[E]) {
        self.0.backward_from_input_in_place(gradient, x);
    }
}

struct BackwardFromOutput(activations::Activation);

impl Zip for BackwardFromOutput {
    fn apply<E: Element>(&self, _unit: usize, gradient: &[E], y: &[E], out: &mut [E]) {
        self.0.backward(gradient, y, out);
    }
    fn apply_in_place<E: Element>(&self, _unit: usize, gradient: &mut [E], y: &[E]) {
        self.0.backward_in_place(gradient, y);
    }
}

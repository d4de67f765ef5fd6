//! What exists, as Python sees it: entries as plain dictionaries.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tilegrad_kernels::activations;
use tilegrad_kernels::registry::{ActivationEntry, Parameter, Parity, SlopeFrom};

/// What exists: the entries of ``"activations"``, ``"losses"`` and ``"optimizers"``.
#[pyfunction]
pub(crate) fn registry(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let registry = PyDict::new(py);
    let entries = activations::ENTRIES.iter().map(|entry| activation(py, entry)).collect::<PyResult<Vec<_>>>()?;
    registry.set_item("activations", entries)?;
    Ok(registry)
}

fn activation<'py>(py: Python<'py>, entry: &ActivationEntry) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    let slope_from = match entry.slope_from {
        SlopeFrom::Input => "input",
        SlopeFrom::Output => "output",
    };
    let parity = match entry.parity {
        Parity::Odd => "odd",
        Parity::Even => "even",
        Parity::None => "none",
    };
    facts.set_item("slope_from", slope_from)?;
    facts.set_item("ulp_f32", entry.ulp_f32)?;
    facts.set_item("ulp_f64", entry.ulp_f64)?;
    facts.set_item("ulp_slope", entry.ulp_slope)?;
    facts.set_item("bounds", entry.bounds)?;
    facts.set_item("parity", parity)?;
    facts.set_item("monotone", entry.monotone)?;
    let parameters = numbers(py, entry.parameters)?;
    described(py, (entry.name, entry.aliases, entry.doc), parameters, facts)
}

fn described<'py>(
    py: Python<'py>,
    (name, aliases, doc): (&str, &[&str], &str),
    parameters: Bound<'py, PyList>,
    facts: Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    dictionary.set_item("name", name)?;
    dictionary.set_item("aliases", aliases)?;
    dictionary.set_item("doc", unindented(doc))?;
    dictionary.set_item("parameters", parameters)?;
    dictionary.set_item("facts", facts)?;
    Ok(dictionary)
}

/// Doc comments begin each line with the space after the slashes.
fn unindented(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_string()
}

fn numbers<'py>(py: Python<'py>, parameters: &[Parameter]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for parameter in parameters {
        let dictionary = PyDict::new(py);
        dictionary.set_item("name", parameter.name)?;
        dictionary.set_item("default", parameter.default)?;
        dictionary.set_item("low", parameter.range.low)?;
        dictionary.set_item("high", parameter.range.high)?;
        dictionary.set_item("low_closed", parameter.range.low_closed)?;
        dictionary.set_item("high_closed", parameter.range.high_closed)?;
        dictionary.set_item("doc", unindented(parameter.doc))?;
        list.append(dictionary)?;
    }
    Ok(list)
}

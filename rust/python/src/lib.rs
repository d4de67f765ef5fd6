//! Python bindings.
use pyo3::prelude::*;

/// The compiled core of tilegrad.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}

//! Python bindings: arrays in and out, one error conversion ([`errors`]), one way into long work ([`work`]).
//!
//! Nothing here computes. A function checks what it was given ([`arrays`]), calls the kernels or the engine, and hands the
//! result back; whatever is wrong is said before anything was changed.

mod activations;
mod arrays;
mod elementwise;
mod errors;
mod files;
mod machine;
mod registry;
mod work;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The compiled core of tilegrad: kernels, the compiled training step and the loop of an epoch.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Loaded here, so that a missing NumPy is an ordinary ImportError and not a surprise in the first call.
    module.py().import("numpy")?;
    tilegrad_kernels::isa::from_environment().map_err(|sentence| {
        PyValueError::new_err(format!("the environment variable TILEGRAD_ISA is wrong: {sentence}"))
    })?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<activations::Activation>()?;
    for function in [
        wrap_pyfunction!(registry::registry, module)?,
        wrap_pyfunction!(machine::machine, module)?,
        wrap_pyfunction!(machine::isa, module)?,
        wrap_pyfunction!(machine::set_isa, module)?,
        wrap_pyfunction!(machine::threads, module)?,
        wrap_pyfunction!(machine::set_threads, module)?,
        wrap_pyfunction!(files::save_tensors, module)?,
        wrap_pyfunction!(files::load_tensors, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}

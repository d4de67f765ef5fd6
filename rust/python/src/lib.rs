//! Python bindings: arrays in and out, one error conversion ([`errors`]), one way into long work ([`work`]).
//!
//! Nothing is computed here. A function checks its arguments ([`arguments`], [`arrays`]), calls the kernels or the
//! engine, and returns the result; every error is raised before anything is changed.

// Python passes its arguments by value.
#![allow(clippy::needless_pass_by_value)]

mod activations;
mod arguments;
mod arrays;
mod call;
mod checks;
mod elementwise;
mod epoch;
mod errors;
mod files;
mod gradient_factors;
mod graph;
mod initialize;
mod kinds;
mod limits;
mod locks;
mod machine;
mod matmul;
mod memory;
mod numbers;
mod optimizers;
mod plan;
mod registry;
mod results;
mod softmax;
mod state;
mod updates;
mod work;

use errors::Error;
use pyo3::prelude::*;

/// The compiled core of tilegrad: kernels, the compiled training step and the loop of an epoch.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Loaded here, so that a missing NumPy is an ordinary ImportError instead of a surprise in the first call.
    module.py().import("numpy")?;
    tilegrad_kernels::isa::from_environment().map_err(|error| {
        Error::from(error.map_message(|message| format!("the environment variable TILEGRAD_ISA is wrong: {message}")))
    })?;
    tilegrad_kernels::threads::from_environment().map_err(Error::from)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<activations::Activation>()?;
    module.add_class::<optimizers::Optimizer>()?;
    module.add_class::<graph::Graph>()?;
    module.add_class::<plan::Plan>()?;
    module.add_class::<call::Calls>()?;
    module.add_class::<state::State>()?;
    for function in [
        wrap_pyfunction!(registry::registry, module)?,
        wrap_pyfunction!(registry::class_thresholds, module)?,
        wrap_pyfunction!(machine::machine, module)?,
        wrap_pyfunction!(machine::isa, module)?,
        wrap_pyfunction!(machine::set_isa, module)?,
        wrap_pyfunction!(machine::threads, module)?,
        wrap_pyfunction!(machine::set_threads, module)?,
        wrap_pyfunction!(machine::usable_threads, module)?,
        wrap_pyfunction!(machine::asked_threads, module)?,
        wrap_pyfunction!(limits::measure_limits, module)?,
        wrap_pyfunction!(memory::aligned_zeros, module)?,
        wrap_pyfunction!(matmul::matmul, module)?,
        wrap_pyfunction!(softmax::softmax, module)?,
        wrap_pyfunction!(softmax::log_softmax, module)?,
        wrap_pyfunction!(softmax::softmax_backward, module)?,
        wrap_pyfunction!(softmax::log_softmax_backward, module)?,
        wrap_pyfunction!(epoch::run_epoch, module)?,
        wrap_pyfunction!(epoch::run_batches, module)?,
        wrap_pyfunction!(checks::check_finite, module)?,
        wrap_pyfunction!(checks::check_unit_interval, module)?,
        wrap_pyfunction!(checks::check_distributions, module)?,
        wrap_pyfunction!(gradient_factors::gradient_factors, module)?,
        wrap_pyfunction!(initialize::initialize, module)?,
        wrap_pyfunction!(initialize::permutation, module)?,
        wrap_pyfunction!(files::save_tensors, module)?,
        wrap_pyfunction!(files::load_tensors, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}

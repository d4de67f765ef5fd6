//! The limits of the machine, as Python sees them.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_kernels::{roofline, threads as pool};

use crate::errors::Result;
use crate::machine::{MOST_THREADS, cache_sizes};
use crate::numbers::{Whole, in_range};
use crate::work;

/// Measures the most that this many threads can do (by default, as many as are set), in a few tenths of a second.
///
/// ``flops`` holds floating-point operations per second by dtype (fused multiply-adds on registers, each counted as
/// two); ``divisions`` holds divisions and square roots per second, alternating; ``levels`` lists the caches and
/// memory, nearest first: ``name``, ``capacity`` in bytes for all threads together
/// (``None`` for memory), and ``bandwidth`` in bytes per second, read plus written. No more threads are started than
/// there are processors; ``threads`` says how many were.
#[pyfunction]
#[pyo3(signature = (threads = None), text_signature = "(threads=None)")]
pub(crate) fn measure_limits(py: Python<'_>, threads: Option<Whole>) -> Result<Bound<'_, PyDict>> {
    let threads = match threads {
        Some(threads) => in_range("measure_limits", "threads", threads, 1, MOST_THREADS)?,
        None => pool::count(),
    };
    let limits = work::detached(py, || roofline::measure(threads, cache_sizes()))??;
    let flops = PyDict::new(py);
    flops.set_item("float32", limits.single)?;
    flops.set_item("float64", limits.double)?;
    let divisions = PyDict::new(py);
    divisions.set_item("float32", limits.single_divisions)?;
    divisions.set_item("float64", limits.double_divisions)?;
    let mut levels = Vec::with_capacity(limits.levels.len());
    for level in &limits.levels {
        let row = PyDict::new(py);
        row.set_item("name", level.name)?;
        row.set_item("capacity", level.capacity)?;
        row.set_item("bandwidth", level.bandwidth)?;
        levels.push(row);
    }
    let found = PyDict::new(py);
    found.set_item("threads", limits.threads)?;
    found.set_item("flops", flops)?;
    found.set_item("divisions", divisions)?;
    found.set_item("levels", levels)?;
    Ok(found)
}

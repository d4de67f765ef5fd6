//! The one way into arithmetic: releases the interpreter lock where it pays, and turns a panic into an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pyo3::{PyErr, Python};

use crate::errors::{Error, Result};

/// Below this many elements the work takes less time than giving the lock away and getting it back may cost.
const DETACH_FROM: usize = 32 * 1024;

/// Runs work on so many elements; large work runs with the lock released.
pub(crate) fn run<T: Send>(py: Python<'_>, elements: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    if elements < DETACH_FROM { guarded(work) } else { py.detach(|| guarded(work)) }
}

/// Runs work with the lock released.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> Result<T> {
    py.detach(|| guarded(work))
}

/// The last line of defence: arguments are checked before, so a panic is a fault of ours, and says so.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T> {
    // Whatever a panic leaves half done is numbers in arrays; no invariant of the bindings depends on them.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<Raised>() {
        Ok(raised) => Error::Python(raised.0),
        Err(payload) => Error::Runtime(fault(&*payload)),
    })
}

/// What a function of the user's raised in the middle of a plan.
struct Raised(PyErr);

/// Leaves the plan that called a function of the user's, which raised this: the run ends with the exception.
pub(crate) fn raise(error: PyErr) -> ! {
    resume_unwind(Box::new(Raised(error)))
}

fn fault(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    format!("tilegrad: an internal check failed ({}); please report it", text.unwrap_or("no message"))
}

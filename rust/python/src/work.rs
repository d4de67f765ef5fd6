//! The only way into arithmetic: releases the interpreter lock where it pays off, and turns a panic into an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pyo3::{PyErr, Python};

use crate::errors::{Error, Result};

/// Below this many elements, the work takes less time than releasing the lock and getting it back may cost.
const DETACH_FROM: usize = 32 * 1024;

/// Runs work on this many elements; large work runs with the lock released.
pub(crate) fn run<T: Send>(py: Python<'_>, elements: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    if elements < DETACH_FROM { guarded(work) } else { py.detach(|| guarded(work)) }
}

/// Runs work with the lock released.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> Result<T> {
    py.detach(|| guarded(work))
}

/// The last line of defence: arguments were checked before, so a panic is a bug of ours, and the error message says so.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T> {
    // A panic can only leave half-written numbers in arrays; no invariant of the bindings depends on them.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<Raised>() {
        Ok(raised) => Error::Python(raised.0),
        Err(payload) => Error::Runtime(fault(&*payload)),
    })
}

/// What a user's function raised in the middle of a plan.
struct Raised(PyErr);

/// Leaves the plan that called a user's function, which raised this: the run ends with the exception.
pub(crate) fn raise(error: PyErr) -> ! {
    resume_unwind(Box::new(Raised(error)))
}

fn fault(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    format!("tilegrad: an internal check failed ({}); please report it", text.unwrap_or("no message"))
}

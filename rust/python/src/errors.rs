//! One error type for the whole boundary, and its one conversion into a Python exception.

use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTypeError, PyValueError};
pub(crate) use tilegrad_engine::error::{Error as Refusal, dtype_error, name_error, shape_error, value_error};

/// Everything that can go wrong between Python and the engine.
#[derive(Debug)]
pub(crate) enum Error {
    /// What kernels and engine reject, and what the bindings reject for the same reasons.
    Refused(Refusal),
    /// An object of the wrong type.
    Type(String),
    /// An object that is in use elsewhere, or a bug of ours that was caught.
    Runtime(String),
    /// An error of the file system.
    File(String, std::io::Error),
    /// An exception raised by Python itself.
    Python(PyErr),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        match error {
            Error::Refused(Refusal::Dtype(message)) | Error::Type(message) => PyTypeError::new_err(message),
            Error::Refused(
                Refusal::Shape(message) | Refusal::Value(message) | Refusal::Name(message) | Refusal::Memory(message),
            ) => PyValueError::new_err(message),
            Error::Refused(Refusal::System(message)) | Error::Runtime(message) => PyRuntimeError::new_err(message),
            // Given the error number, Python picks the subclass: FileNotFoundError, PermissionError and so on.
            Error::File(path, error) => match error.raw_os_error() {
                Some(number) => PyOSError::new_err((number, reason(&error), path)),
                None => PyOSError::new_err(format!("{path}: {error}")),
            },
            Error::Python(error) => error,
        }
    }
}

/// The system's message without the number that `std` appends.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Error::Python(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

impl Error {
    /// An error of the same kind with another message, unless Python or the system wrote the message.
    pub(crate) fn map_message(self, change: impl FnOnce(&str) -> String) -> Self {
        match self {
            Error::Refused(refusal) => Error::Refused(refusal.map_message(change)),
            Error::Type(message) => Error::Type(change(&message)),
            Error::Runtime(message) => Error::Runtime(change(&message)),
            error @ (Error::File(..) | Error::Python(_)) => error,
        }
    }
}

/// `Err(Error::Type(format!(...)))`; the macros for the other kinds are in `tilegrad_engine::error`.
macro_rules! type_error {
    ($($part:tt)*) => { Err($crate::errors::Error::Type(format!($($part)*))) };
}

pub(crate) use type_error;

//! One error type for the whole boundary, and its one conversion into a Python exception.

use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTypeError, PyValueError};

/// What can go wrong between Python and the engine.
#[derive(Debug)]
pub(crate) enum Error {
    /// A wrong shape or value: `ValueError`.
    Value(String),
    /// A wrong type or dtype: `TypeError`.
    Type(String),
    /// An object in use elsewhere, or a fault of ours that was caught: `RuntimeError`.
    Runtime(String),
    /// The file system said no: the `OSError` of that kind.
    File(String, std::io::Error),
    /// Python itself raised.
    Python(PyErr),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        match error {
            Error::Value(sentence) => PyValueError::new_err(sentence),
            Error::Type(sentence) => PyTypeError::new_err(sentence),
            Error::Runtime(sentence) => PyRuntimeError::new_err(sentence),
            // With an error number, Python picks the subclass: FileNotFoundError, PermissionError and so on.
            Error::File(path, error) => match error.raw_os_error() {
                Some(number) => PyOSError::new_err((number, reason(&error), path)),
                None => PyOSError::new_err(format!("{path}: {error}")),
            },
            Error::Python(error) => error,
        }
    }
}

/// The system's words without the number that `std` appends.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_string()
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Error::Python(error)
    }
}

impl From<tilegrad_engine::error::Error> for Error {
    fn from(error: tilegrad_engine::error::Error) -> Self {
        use tilegrad_engine::error::Error as Refusal;
        match error {
            Refusal::Shape(message) | Refusal::Value(message) | Refusal::Name(message) | Refusal::Memory(message) => {
                Error::Value(message)
            }
            Refusal::Dtype(message) => Error::Type(message),
            Refusal::System(message) => Error::Runtime(message),
        }
    }
}

/// `Err(Error::Value(format!(...)))`.
macro_rules! value_error {
    ($($part:tt)*) => { Err($crate::errors::Error::Value(format!($($part)*))) };
}

/// `Err(Error::Type(format!(...)))`.
macro_rules! type_error {
    ($($part:tt)*) => { Err($crate::errors::Error::Type(format!($($part)*))) };
}

pub(crate) use {type_error, value_error};

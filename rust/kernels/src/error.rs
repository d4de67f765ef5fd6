//! The one error of kernels and engine: its variant says what was wrong, its message what to do about it.
//!
//! A message names the function, the argument, what was expected and what came: ``matmul: expected matrices, got ...``.
//! Who catches an error decides by the variant, never by the words, which hold names of the user's.

use std::fmt;

/// What can be wrong with what a function was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A shape, or a number of inputs, axes, rows or elements, that does not fit.
    Shape(String),
    /// A value that is not allowed.
    Value(String),
    /// A dtype that does not fit.
    Dtype(String),
    /// A name that nothing has, or that something else has already.
    Name(String),
    /// More memory than there is.
    Memory(String),
    /// The operating system refused something else than memory.
    System(String),
}

/// What a function gives, or why it does not.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What to tell people.
    pub fn message(&self) -> &str {
        match self {
            Error::Shape(message)
            | Error::Value(message)
            | Error::Dtype(message)
            | Error::Name(message)
            | Error::Memory(message)
            | Error::System(message) => message,
        }
    }

    /// An error of the same kind that says something else.
    #[must_use]
    pub fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        let (Error::Shape(message)
        | Error::Value(message)
        | Error::Dtype(message)
        | Error::Name(message)
        | Error::Memory(message)
        | Error::System(message)) = &mut self;
        *message = change(message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Error {}

/// `Err(Error::Shape(format!(...)))`, as whatever error the function returns.
#[macro_export]
macro_rules! shape_error {
    ($($part:tt)*) => { Err($crate::error::Error::Shape(format!($($part)*)).into()) };
}

/// `Err(Error::Value(format!(...)))`, as whatever error the function returns.
#[macro_export]
macro_rules! value_error {
    ($($part:tt)*) => { Err($crate::error::Error::Value(format!($($part)*)).into()) };
}

/// `Err(Error::Dtype(format!(...)))`, as whatever error the function returns.
#[macro_export]
macro_rules! dtype_error {
    ($($part:tt)*) => { Err($crate::error::Error::Dtype(format!($($part)*)).into()) };
}

/// `Err(Error::Name(format!(...)))`, as whatever error the function returns.
#[macro_export]
macro_rules! name_error {
    ($($part:tt)*) => { Err($crate::error::Error::Name(format!($($part)*)).into()) };
}

pub use {dtype_error, name_error, shape_error, value_error};

//! What environment variables ask for.

use std::sync::OnceLock;

use crate::error::Result;

/// What an environment variable asks for, read at the first call.
pub(crate) struct Asked<T>(OnceLock<Result<Option<T>>>);

impl<T: Copy> Asked<T> {
    /// Not read yet.
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What `variable` asks for, nothing where it is empty or not set; the error of `parse` if it makes no sense.
    pub(crate) fn get(&self, variable: &str, parse: fn(&str) -> Result<T>) -> Result<Option<T>> {
        let read = || {
            let text = std::env::var_os(variable).unwrap_or_default();
            if text.is_empty() { Ok(None) } else { parse(&text.to_string_lossy()).map(Some) }
        };
        self.0.get_or_init(read).clone()
    }
}

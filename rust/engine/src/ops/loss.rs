//! Losses, straight from the registry of the kernels.
use std::sync::Arc;

use super::Operation;
use super::attributes::Reader;

pub(crate) fn names() -> Vec<&'static str> {
    Vec::new()
}

pub(crate) fn read(name: &str, reader: &mut Reader<'_>) -> Option<Result<Arc<dyn Operation>, String>> {
    let _ = (name, reader);
    None
}

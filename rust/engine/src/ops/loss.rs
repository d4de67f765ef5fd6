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

pub(crate) fn fused(
    graph: &crate::graph::Graph,
    forward: &crate::schedule::Item,
    backward: &crate::schedule::Item,
) -> Option<Arc<dyn crate::call::Routine>> {
    let _ = (graph, forward, backward);
    None
}

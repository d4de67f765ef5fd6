//! Normalisation: of each feature over a batch, and of each row by itself.

pub mod batch;
pub mod rows;

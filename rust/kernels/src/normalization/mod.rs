//! Normalisation: of each column over a batch, and of each row by itself.

pub mod batch;
pub mod rows;

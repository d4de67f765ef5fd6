//! Normalisation of each column over a batch.

pub mod batch;

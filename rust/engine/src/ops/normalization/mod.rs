//! Normalisation of each feature over a batch.

pub mod batch;

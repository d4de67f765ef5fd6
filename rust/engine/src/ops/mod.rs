//! Operations, one file per family, with shape rule, gradient rule and kernel call side by side.
//!
//! Their names are in [`crate::catalogue`].

pub mod activation;
pub(crate) mod checks;
mod composition;
mod constrain;
pub mod custom;
pub mod dropout;
pub mod elementwise;
mod gradient_controls;
pub mod loss;
pub mod matmul;
pub mod metric;
pub mod normalization;
pub mod reduce;
pub mod shape;
pub mod shorthand;
pub mod softmax;
pub(crate) mod tiled;
pub mod update;

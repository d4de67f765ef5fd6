//! Products whose results are made tile by tile, so that more can be done to a tile while it is warm.

use std::fmt::Debug;

use tilegrad_kernels::matmul::Epilogue;

use crate::routine::Routine;
use crate::types::{Type, Typed};

/// A product of two operands that takes an epilogue. What fusion joins to a product, it joins to any of these.
pub(crate) trait TiledProduct: Routine + Copy + 'static {
    /// The product of operands of these types, ready to run.
    type Ready: ReadyProduct;

    /// For operands of these types.
    fn ready(self, inputs: &[Type]) -> Self::Ready;

    /// Scratch memory, in bytes.
    fn scratch(self, inputs: &[Type]) -> usize;

    /// Multiplications and additions.
    fn operations(self, inputs: &[Type]) -> u64;
}

/// A [`TiledProduct`] of operands of known types.
pub(crate) trait ReadyProduct: Copy + Debug + Send + 'static {
    /// Columns of the result.
    fn columns(&self) -> usize;

    /// Makes the product; each finished tile is the epilogue's.
    fn run<E: Typed>(&self, a: &[E], b: &[E], epilogue: &mut dyn Epilogue<E>, workspace: &mut [E]);
}

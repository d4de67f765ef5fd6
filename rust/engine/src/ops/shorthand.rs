//! Shorthand for building graphs: operations as methods of [`Graph`], for gradient rules and tests.

use tilegrad_kernels::arithmetic::{BinaryFunction, UnaryFunction};

use crate::error::Result;
use crate::graph::{Graph, ValueId};
use crate::ops::elementwise::{Binary, Unary};
use crate::ops::matmul::MatMul;
use crate::ops::reduce::{Reduce, ReduceKind};
use crate::ops::shape::{BroadcastTo, Reshape};

impl Graph {
    /// A function of two values, broadcast.
    pub fn binary(&mut self, function: BinaryFunction, left: ValueId, right: ValueId) -> Result<ValueId> {
        self.add_node(Binary(function), &[left, right])
    }

    /// A function of one value.
    pub fn unary(&mut self, function: UnaryFunction, value: ValueId) -> Result<ValueId> {
        self.add_node(Unary(function), &[value])
    }

    /// `left + right`, broadcast.
    pub fn add(&mut self, left: ValueId, right: ValueId) -> Result<ValueId> {
        self.binary(BinaryFunction::Add, left, right)
    }

    /// `left - right`, broadcast.
    pub fn subtract(&mut self, left: ValueId, right: ValueId) -> Result<ValueId> {
        self.binary(BinaryFunction::Subtract, left, right)
    }

    /// `left * right`, broadcast.
    pub fn multiply(&mut self, left: ValueId, right: ValueId) -> Result<ValueId> {
        self.binary(BinaryFunction::Multiply, left, right)
    }

    /// `left / right`, broadcast.
    pub fn divide(&mut self, left: ValueId, right: ValueId) -> Result<ValueId> {
        self.binary(BinaryFunction::Divide, left, right)
    }

    /// `-value`.
    pub fn negative(&mut self, value: ValueId) -> Result<ValueId> {
        self.unary(UnaryFunction::Negative, value)
    }

    /// `value` times a number.
    pub fn scaled(&mut self, value: ValueId, factor: f64) -> Result<ValueId> {
        let factor = self.scalar(factor, self.dtype(value));
        self.multiply(value, factor)
    }

    /// The matrix product, with either operand transposed if asked for.
    pub fn matmul(&mut self, a: ValueId, b: ValueId, transposed: (bool, bool)) -> Result<ValueId> {
        self.add_node(MatMul { a_transposed: transposed.0, b_transposed: transposed.1 }, &[a, b])
    }

    /// The sum over axes; `None` means all.
    pub fn sum(&mut self, value: ValueId, axes: Option<&[i64]>, keep_axes: bool) -> Result<ValueId> {
        self.add_node(Reduce::new(ReduceKind::Sum, axes, keep_axes), &[value])
    }

    /// The sum over the last axis, which stays with size 1.
    pub(crate) fn sum_rows(&mut self, value: ValueId) -> Result<ValueId> {
        self.sum(value, Some(&[-1]), true)
    }

    /// The same numbers in another shape.
    pub fn reshape(&mut self, value: ValueId, shape: &[usize]) -> Result<ValueId> {
        if self.shape(value) == shape {
            return Ok(value);
        }
        self.add_node(Reshape::to(shape), &[value])
    }

    /// The value broadcast to a shape.
    pub fn broadcast_to(&mut self, value: ValueId, shape: &[usize]) -> Result<ValueId> {
        if self.shape(value) == shape {
            return Ok(value);
        }
        self.add_node(BroadcastTo { shape: shape.to_vec() }, &[value])
    }

    /// The gradient of a broadcast value: the sum over the axes along which it was broadcast.
    pub fn sum_to(&mut self, value: ValueId, shape: &[usize]) -> Result<ValueId> {
        let from = self.shape(value);
        if from == shape {
            return Ok(value);
        }
        let extra = from.len() - shape.len();
        let stretched = |axis: &usize| *axis < extra || (shape[axis - extra] == 1 && from[*axis] != 1);
        let axes: Vec<i64> = (0..from.len()).filter(stretched).map(|axis| i64::try_from(axis).unwrap_or(0)).collect();
        let summed = if axes.is_empty() { value } else { self.sum(value, Some(&axes), true)? };
        self.reshape(summed, shape)
    }
}

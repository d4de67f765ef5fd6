//! Sum, mean and maximum over axes.

use tilegrad_kernels::arithmetic::{BinaryFunction, Reduction, ReductionKind};

use crate::error::{Result, shape_error};
use crate::graph::ValueId;
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{axis, one_real_input};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Shape, Site, Type, with_element};

/// The kind of reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceKind {
    /// The sum; an empty sum is 0.
    Sum,
    /// The sum divided by the count.
    Mean,
    /// The largest number; NaN if there is one. Its gradient is shared evenly among ties.
    Maximum,
}

/// A reduction over axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    kind: ReduceKind,
    /// `None` means all axes.
    axes: Option<Vec<i64>>,
    keep_axes: bool,
}

impl Reduce {
    /// A reduction over these axes (all, if `None`); axes that are kept have size 1.
    pub fn new(kind: ReduceKind, axes: Option<&[i64]>, keep_axes: bool) -> Self {
        Self { kind, axes: axes.map(<[i64]>::to_vec), keep_axes }
    }

    pub(crate) fn read(kind: ReduceKind, reader: &mut Reader<'_>) -> Result<Self> {
        let (axes, keep_axes) = (reader.integers("axes")?, reader.flag("keepdims", false)?);
        reader.finish()?;
        Ok(Self { kind, axes, keep_axes })
    }

    /// Which axes of a shape of this rank are reduced.
    fn reduced(&self, rank: usize) -> Result<Vec<bool>> {
        let Some(axes) = &self.axes else {
            return Ok(vec![true; rank]);
        };
        let mut reduced = vec![false; rank];
        for &number in axes {
            let index = axis(self.name(), number, rank)?;
            if std::mem::replace(&mut reduced[index], true) {
                return shape_error!("{}: expected `axes` without repetition, got {axes:?}", self.name());
            }
        }
        Ok(reduced)
    }

    /// Whether it sums each column of a matrix of this type.
    pub(crate) fn is_column_sum(&self, matrix: &Type) -> bool {
        self.kind == ReduceKind::Sum
            && matrix.rank() == 2
            && self.reduced(2).is_ok_and(|reduced| reduced == [true, false])
    }

    /// How many numbers make up one result.
    fn count(shape: &[usize], reduced: &[bool]) -> usize {
        shape.iter().zip(reduced).filter(|(_, reduced)| **reduced).map(|(count, _)| count).product()
    }
}

impl Operation for Reduce {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let input = one_real_input(self.name(), inputs)?;
        let reduced = self.reduced(input.rank())?;
        if self.kind != ReduceKind::Sum && Self::count(&input.shape, &reduced) == 0 {
            let shape = Shape(&input.shape);
            return shape_error!("{}: expected at least one number to reduce, got shape {shape}", self.name());
        }
        let axes = input.shape.iter().zip(&reduced);
        let shape: Vec<usize> = if self.keep_axes {
            axes.map(|(&count, &reduced)| if reduced { 1 } else { count }).collect()
        } else {
            axes.filter(|(_, reduced)| !**reduced).map(|(&count, _)| count).collect()
        };
        Ok(input.with_shape(&shape))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let input = rule.inputs[0];
        let shape = rule.graph.shape(input).to_vec();
        let reduced = self.reduced(shape.len())?;
        let kept: Vec<usize> = shape.iter().zip(&reduced).map(|(&n, &reduced)| if reduced { 1 } else { n }).collect();
        let gradient = rule.graph.reshape(rule.gradient, &kept)?;
        let slope = match self.kind {
            ReduceKind::Sum => rule.graph.broadcast_to(gradient, &shape)?,
            ReduceKind::Mean => {
                let factor = 1.0 / Self::count(&shape, &reduced) as f64;
                let scaled = rule.graph.scaled(gradient, factor)?;
                rule.graph.broadcast_to(scaled, &shape)?
            }
            ReduceKind::Maximum => self.share(rule, input, gradient, &kept)?,
        };
        Ok(vec![InputGradient::Value(slope)])
    }
}

impl Reduce {
    /// The gradient shared evenly among the numbers that equal the maximum.
    fn share(&self, rule: &mut GradientRule<'_>, input: ValueId, gradient: ValueId, kept: &[usize]) -> Result<ValueId> {
        let output = rule.graph.reshape(rule.output, kept)?;
        let graph = &mut *rule.graph;
        let ties = graph.binary(BinaryFunction::Equal, input, output)?;
        let count =
            graph.add_node(Reduce { kind: ReduceKind::Sum, axes: self.axes.clone(), keep_axes: true }, &[ties])?;
        let portion = graph.divide(gradient, count)?;
        graph.multiply(ties, portion)
    }
}

impl Routine for Reduce {
    fn name(&self) -> &str {
        match self.kind {
            ReduceKind::Sum => "sum",
            ReduceKind::Mean => "mean",
            ReduceKind::Maximum => "max",
        }
    }

    fn attributes(&self) -> Attributes {
        let keep_axes = ("keepdims".to_string(), Attribute::Bool(self.keep_axes));
        let axes = self.axes.clone().map(|axes| ("axes".to_string(), Attribute::Ints(axes)));
        axes.into_iter().chain([keep_axes]).collect()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let shape = &site.inputs[0].shape;
        let reduced = self.reduced(shape.len()).expect("the shape rule has checked it");
        let kind = match self.kind {
            ReduceKind::Sum => ReductionKind::Sum { factor: 1.0 },
            ReduceKind::Mean => ReductionKind::Sum { factor: 1.0 / Self::count(shape, &reduced) as f64 },
            ReduceKind::Maximum => ReductionKind::Maximum,
        };
        let reduction = Reduction::new(kind, shape, &reduced);
        with_element!(site.dtype(), E => Box::new(move |call| {
            reduction.run::<E>(call.input(0), call.output(0));
        }))
    }
}

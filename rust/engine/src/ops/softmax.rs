//! Softmax and its logarithm over the last axis.

use tilegrad_kernels::arithmetic::UnaryFunction;
use tilegrad_kernels::softmax;

use crate::error::{Result, value_error};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{alike, axis, one_real_input};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Site, Type, with_element};

/// `exp(x) / sum(exp(x))` over the last axis, or its logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    logarithm: bool,
    axis: i64,
}

impl Softmax {
    /// Softmax over the last axis.
    pub(crate) fn of_rows() -> Self {
        Self { logarithm: false, axis: -1 }
    }

    pub(crate) fn read(logarithm: bool, reader: &mut Reader<'_>) -> Result<Self> {
        let axis = reader.integer("axis")?.unwrap_or(-1);
        reader.finish()?;
        Ok(Self { logarithm, axis })
    }
}

impl Operation for Softmax {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let kind = one_real_input(self.name(), inputs)?;
        if axis(self.name(), self.axis, kind.rank())? + 1 != kind.rank() {
            return value_error!(
                "{}: expected `axis` to be the last one, got {}; transpose first",
                self.name(),
                self.axis
            );
        }
        Ok(kind)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let inputs = [rule.gradient, rule.output];
        Ok(vec![InputGradient::Value(rule.graph.add_node(SoftmaxBackward { logarithm: self.logarithm }, &inputs)?)])
    }
}

/// The length of a row.
fn columns(site: &Site<'_>) -> usize {
    site.outputs[0].shape.last().copied().unwrap_or(1).max(1)
}

impl Routine for Softmax {
    fn name(&self) -> &str {
        if self.logarithm { "log_softmax" } else { "softmax" }
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let columns = columns(site);
        with_element!(site.dtype(), E => match (site.in_place, self.logarithm) {
            (Some(_), false) => Box::new(move |call| softmax::softmax_in_place::<E>(call.output(0), columns)),
            (Some(_), true) => Box::new(move |call| softmax::log_softmax_in_place::<E>(call.output(0), columns)),
            (None, false) => Box::new(move |call| softmax::softmax::<E>(call.input(0), columns, call.output(0))),
            (None, true) => Box::new(move |call| softmax::log_softmax::<E>(call.input(0), columns, call.output(0))),
        })
    }
}

/// The gradient with respect to the input, from (gradient, output).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftmaxBackward {
    logarithm: bool,
}

impl SoftmaxBackward {
    /// The gradient of softmax over the last axis.
    pub(crate) fn of_rows() -> Self {
        Self { logarithm: false }
    }
}

impl Operation for SoftmaxBackward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        alike(self.name(), inputs, 2)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (gradient, y, arriving) = (rule.inputs[0], rule.inputs[1], rule.gradient);
        if self.logarithm {
            return log_slopes(rule, gradient, y, arriving);
        }
        // out = y (g - sum(g y)): linear and symmetric in g; for y, use the product rule.
        let to_gradient = rule.when_needed(0, |rule| rule.graph.add_node(*self, &[arriving, y]))?;
        let to_y = rule.when_needed(1, |rule| {
            let graph = &mut *rule.graph;
            let products = [graph.multiply(gradient, y)?, graph.multiply(arriving, y)?];
            let sums = [graph.sum_rows(products[0])?, graph.sum_rows(products[1])?];
            let shifted = graph.subtract(gradient, sums[0])?;
            let first = graph.multiply(arriving, shifted)?;
            let second = graph.multiply(gradient, sums[1])?;
            graph.subtract(first, second)
        })?;
        Ok(vec![to_gradient, to_y])
    }
}

/// For the logarithm: out = g - exp(y) sum(g).
fn log_slopes(
    rule: &mut GradientRule<'_>,
    gradient: crate::ValueId,
    y: crate::ValueId,
    arriving: crate::ValueId,
) -> Result<Vec<InputGradient>> {
    let exponential = rule.graph.unary(UnaryFunction::Exp, y)?;
    let product = rule.graph.multiply(arriving, exponential)?;
    let to_gradient = rule.when_needed(0, |rule| {
        let sum = rule.graph.sum_rows(product)?;
        rule.graph.subtract(arriving, sum)
    })?;
    let to_y = rule.when_needed(1, |rule| {
        let sum = rule.graph.sum_rows(gradient)?;
        let slope = rule.graph.multiply(product, sum)?;
        rule.graph.negative(slope)
    })?;
    Ok(vec![to_gradient, to_y])
}

impl Routine for SoftmaxBackward {
    fn name(&self) -> &str {
        if self.logarithm { "log_softmax_backward" } else { "softmax_backward" }
    }

    fn in_place(&self) -> &'static [usize] {
        &[0]
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        use softmax::{
            log_softmax_backward, log_softmax_backward_in_place, softmax_backward, softmax_backward_in_place,
        };
        let columns = columns(site);
        with_element!(site.dtype(), E => match (site.in_place, self.logarithm) {
            (Some(_), false) => Box::new(move |call| {
                softmax_backward_in_place::<E>(call.output(0), call.input(1), columns);
            }),
            (Some(_), true) => Box::new(move |call| {
                log_softmax_backward_in_place::<E>(call.output(0), call.input(1), columns);
            }),
            (None, false) => Box::new(move |call| {
                softmax_backward::<E>(call.input(0), call.input(1), columns, call.output(0));
            }),
            (None, true) => Box::new(move |call| {
                log_softmax_backward::<E>(call.input(0), call.input(1), columns, call.output(0));
            }),
        })
    }
}

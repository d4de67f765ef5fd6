//! Normalisation over a batch (Ioffe and Szegedy, 2015): each feature on the last axis is normalised over all other
//! axes.
//!
//! The moments are a separate value, since the running statistics read them. The effect of `x` through the moments is
//! part of the gradient rules of the other operations, so no gradient is passed to them.

use tilegrad_kernels::arithmetic::UnaryFunction;
use tilegrad_kernels::normalization::batch as kernels;
use tilegrad_kernels::real::Element;

use crate::error::{Result, shape_error, value_error};
use crate::graph::{Graph, ValueId};
use crate::operation::{Changer, GradientRule, InputGradient, Operation};
use crate::ops::checks::{one_real_input, require_real};
use crate::ops::composition::gradients_of;
use crate::ops::reduce::{Reduce, ReduceKind};
use crate::ops::shape::{Concatenate, Slice};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Shape, Site, Type, require_type, with_element};

/// The mean and variance of each feature on the last axis: shape (2, features). The variance divides by the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments;

impl Moments {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        reader.finish()?;
        Ok(Self)
    }
}

/// The type of the moments of `x`, or an error.
fn moments_of(name: &str, x: &Type) -> Result<Type> {
    require_real(name, "x", x)?;
    match x.shape.last() {
        Some(&features) if x.rank() >= 2 && !x.is_empty() => Ok(x.with_shape(&[2, features])),
        _ => shape_error!("{name}: expected `x` of shape (rows, ..., features), got {}", Shape(&x.shape)),
    }
}

impl Operation for Moments {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        moments_of("moments", &one_real_input("moments", inputs)?)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        gradients_of(rule, &[0], |graph, inputs| {
            let (mean, variance) = (over_rows(graph, inputs[0], ReduceKind::Mean)?, variance(graph, inputs[0])?);
            two_rows(graph, mean, variance)
        })
    }
}

impl Routine for Moments {
    fn name(&self) -> &'static str {
        "moments"
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let columns = site.outputs[0].shape[1];
        with_element!(site.dtype(), E => Box::new(move |call| {
            kernels::moments::<E>(call.input(0), columns, call.output(0));
        }))
    }
}

/// `(x - mean) / sqrt(variance + epsilon)` from (x, moments), or that times a weight plus a bias from (x, moments,
/// weight, bias). `moments` must be those of `x`: the gradient relies on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    epsilon: f64,
}

impl BatchNorm {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let epsilon = reader.number("epsilon", 1e-5)?;
        reader.finish()?;
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return value_error!("batch_norm: expected `epsilon` above 0, got {epsilon}");
        }
        Ok(Self { epsilon })
    }
}

fn epsilon_of(epsilon: f64) -> Attributes {
    Attributes::from([("epsilon".to_string(), Attribute::Float(epsilon))])
}

impl Operation for BatchNorm {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let ([x, moments] | [x, moments, _, _]) = inputs else {
            return shape_error!("batch_norm: expected 2 or 4 inputs, got {}", inputs.len());
        };
        let expected = moments_of("batch_norm", x)?;
        let affine = expected.with_shape(&expected.shape[1..]);
        require_type("batch_norm", "moments", moments, &[&expected])?;
        for (argument, input) in ["weight", "bias"].into_iter().zip(&inputs[2..]) {
            require_type("batch_norm", argument, input, &[&affine])?;
        }
        Ok((*x).clone())
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (x, moments, gradient) = (rule.inputs[0], rule.inputs[1], rule.gradient);
        let source = rule.graph.node(moments);
        if source.inputs != [x] || source.operation().is_none_or(|operation| operation.name() != Moments.name()) {
            let (x, got) = (rule.graph.name(x), &source.name);
            return value_error!("batch_norm: expected `moments` to be those of {x} for its gradient, got {got}");
        }
        let sums = rule.graph.add_node(BatchNormSums { epsilon: self.epsilon }, &[gradient, x, moments])?;
        let weight = rule.inputs.get(2).copied();
        let to_x = rule.when_needed(0, |rule| {
            let inputs: Vec<ValueId> = [gradient, x, moments, sums].into_iter().chain(weight).collect();
            rule.graph.add_node(BatchNormBackward { epsilon: self.epsilon }, &inputs)
        })?;
        let mut slopes = vec![to_x, InputGradient::Zero];
        // The sum of the gradient is the gradient of the bias, the sum of the products that of the weight.
        for (input, row) in [(2, 1), (3, 0)].into_iter().take(rule.inputs.len() - 2) {
            slopes.push(rule.when_needed(input, |rule| {
                let part = rule.graph.add_node(Slice::along(0, row, row + 1), &[sums])?;
                let shape = rule.graph.shape(rule.inputs[input]).to_vec();
                rule.graph.reshape(part, &shape)
            })?);
        }
        Ok(slopes)
    }
}

impl Routine for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn attributes(&self) -> Attributes {
        epsilon_of(self.epsilon)
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (epsilon, affine) = (self.epsilon, site.inputs.len() > 2);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let affine = affine.then(|| (call.input::<E>(2), call.input::<E>(3)));
            kernels::normalize(call.input::<E>(0), call.input(1), epsilon, affine, call.output(0));
        }))
    }
}

/// From (gradient, x, moments): the sum of the gradient, and the sum of its products with the normalised numbers.
#[derive(Clone, Copy, Debug)]
struct BatchNormSums {
    epsilon: f64,
}

impl Operation for BatchNormSums {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        moments_of("batch_norm_sums", inputs[1])
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let epsilon = self.epsilon;
        gradients_of(rule, &[0, 1], |graph, inputs| {
            let normal = normalized(graph, inputs[1], epsilon)?;
            let product = graph.multiply(inputs[0], normal)?;
            let (plain, product) =
                (over_rows(graph, inputs[0], ReduceKind::Sum)?, over_rows(graph, product, ReduceKind::Sum)?);
            two_rows(graph, plain, product)
        })
    }
}

impl Routine for BatchNormSums {
    fn name(&self) -> &'static str {
        "batch_norm_sums"
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let epsilon = self.epsilon;
        with_element!(site.dtype(), E => Box::new(move |call| {
            kernels::sums::<E>(call.input(0), call.input(1), call.input(2), epsilon, call.output(0));
        }))
    }
}

/// The gradient with respect to `x` from (gradient, x, moments, sums), and the weight if there is one.
#[derive(Clone, Copy, Debug)]
struct BatchNormBackward {
    epsilon: f64,
}

impl Operation for BatchNormBackward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        Ok(inputs[1].clone())
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let epsilon = self.epsilon;
        gradients_of(rule, &[0, 1, 4], |graph, inputs| {
            let (gradient, x) = (inputs[0], inputs[1]);
            let normal = normalized(graph, x, epsilon)?;
            let product = graph.multiply(gradient, normal)?;
            let (mean, along) =
                (over_rows(graph, gradient, ReduceKind::Mean)?, over_rows(graph, product, ReduceKind::Mean)?);
            let taken = graph.multiply(normal, along)?;
            let taken = graph.add(mean, taken)?;
            let rest = graph.subtract(gradient, taken)?;
            let deviation = deviation(graph, x, epsilon)?;
            let slope = graph.divide(rest, deviation)?;
            inputs.get(4).map_or(Ok(slope), |&weight| graph.multiply(slope, weight))
        })
    }
}

impl Routine for BatchNormBackward {
    fn name(&self) -> &'static str {
        "batch_norm_backward"
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (epsilon, weighted) = (self.epsilon, site.inputs.len() > 4);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let weight = weighted.then(|| call.input::<E>(4));
            let (gradient, x, moments, sums) = (call.input::<E>(0), call.input(1), call.input(2), call.input(3));
            kernels::backward(gradient, x, moments, sums, epsilon, weight, call.output(0));
        }))
    }
}

/// The sum or mean over all axes but the last; the reduced axes stay with size 1.
fn over_rows(graph: &mut Graph, value: ValueId, kind: ReduceKind) -> Result<ValueId> {
    let axes: Vec<i64> = (0..graph.shape(value).len() as i64 - 1).collect();
    graph.add_node(Reduce::new(kind, Some(&axes), true), &[value])
}

/// Two numbers for each feature as the rows of a matrix.
fn two_rows(graph: &mut Graph, first: ValueId, second: ValueId) -> Result<ValueId> {
    let features = graph.shape(first).iter().product();
    let (first, second) = (graph.reshape(first, &[1, features])?, graph.reshape(second, &[1, features])?);
    graph.add_node(Concatenate::along(0), &[first, second])
}

fn centred(graph: &mut Graph, x: ValueId) -> Result<ValueId> {
    let mean = over_rows(graph, x, ReduceKind::Mean)?;
    graph.subtract(x, mean)
}

fn variance(graph: &mut Graph, x: ValueId) -> Result<ValueId> {
    let centred = centred(graph, x)?;
    let square = graph.unary(UnaryFunction::Square, centred)?;
    over_rows(graph, square, ReduceKind::Mean)
}

fn deviation(graph: &mut Graph, x: ValueId, epsilon: f64) -> Result<ValueId> {
    let variance = variance(graph, x)?;
    let epsilon = graph.scalar(epsilon, graph.dtype(x));
    let shifted = graph.add(variance, epsilon)?;
    graph.unary(UnaryFunction::Sqrt, shifted)
}

fn normalized(graph: &mut Graph, x: ValueId, epsilon: f64) -> Result<ValueId> {
    let (centred, deviation) = (centred(graph, x)?, deviation(graph, x, epsilon)?);
    graph.divide(centred, deviation)
}

/// Moves a parameter towards a row of the moments (0: means, 1: variances) whenever the plan runs, in place and after
/// everything else: `parameter + share * (factor * moments[row] - parameter)`. The inputs are the parameter and the
/// moments; the result is the parameter, afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    row: usize,
    share: f64,
    factor: f64,
}

impl Track {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let row = reader.integer("row")?.unwrap_or(0);
        let (share, factor) = (reader.number("share", 1.0)?, reader.number("factor", 1.0)?);
        reader.finish()?;
        match usize::try_from(row) {
            Ok(row) if row <= 1 && (0.0..=1.0).contains(&share) && factor > 0.0 && factor.is_finite() => {
                Ok(Self { row, share, factor })
            }
            _ => value_error!(
                "track: expected `row` 0 or 1, `share` from 0 to 1 and `factor` above 0, got {row}, {share} and {factor}"
            ),
        }
    }
}

impl Operation for Track {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let [parameter, moments] = inputs else {
            return shape_error!("track: expected 2 inputs, got {}", inputs.len());
        };
        require_real("track", "parameter", parameter)?;
        if parameter.rank() != 1 {
            return shape_error!("track: expected `parameter` of one axis, got shape {}", Shape(&parameter.shape));
        }
        require_type("track", "moments", moments, &[&parameter.with_shape(&[2, parameter.len()])])?;
        Ok((*parameter).clone())
    }

    fn reads(&self, input: usize) -> bool {
        // The parameter is accessed as the result, in place.
        input != 0
    }

    fn changes(&self) -> Option<Changer> {
        Some(Changer::Statistic)
    }
}

impl Routine for Track {
    fn name(&self) -> &'static str {
        if self.row == 0 { "running_mean" } else { "running_variance" }
    }

    fn attributes(&self) -> Attributes {
        let numbers = [("share", self.share), ("factor", self.factor)];
        let numbers = numbers.map(|(name, number)| (name.to_string(), Attribute::Float(number)));
        [("row".to_string(), Attribute::Int(self.row as i64))].into_iter().chain(numbers).collect()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let Self { row, share, factor, .. } = *self;
        with_element!(site.dtype(), E => Box::new(move |call| {
            // A skipped step leaves everything as it was.
            if call.turn.skipped.get() {
                return;
            }
            let running = call.output::<E>(0);
            let batch = &call.input::<E>(0)[row * running.len()..][..running.len()];
            for (running, batch) in running.iter_mut().zip(batch) {
                let before = running.to_f64();
                *running = E::from_f64(before + share * (factor * batch.to_f64() - before));
            }
        }))
    }
}

//! Normalisation of each row by itself (layer normalisation), with or without taking its mean off.

use tilegrad_kernels::arithmetic::UnaryFunction;
use tilegrad_kernels::normalization::rows::{Centre, RowNorm};

use crate::error::{Result, shape_error, value_error};
use crate::graph::{Graph, ValueId};
use crate::operation::{GradientRule, InputGradient, Operation};
use crate::ops::checks::{alike, require_real};
use crate::ops::composition::gradients_of;
use crate::ops::reduce::{Reduce, ReduceKind};
use crate::ops::shape::{Concatenate, Slice};
use crate::reader::Reader;
use crate::routine::{Routine, Run};
use crate::types::{Attribute, Attributes, Shape, Site, Type, require_type, with_element};

/// What rows are, and how they are normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settings {
    centre: Centre,
    epsilon: f64,
    /// How many axes, counted from the last one, make a row.
    axes: usize,
}

impl Settings {
    fn name(self) -> &'static str {
        match self.centre {
            Centre::Mean => "layer_norm",
            Centre::Zero => "rms_norm",
        }
    }

    fn backward_name(self) -> &'static str {
        match self.centre {
            Centre::Mean => "layer_norm_backward",
            Centre::Zero => "rms_norm_backward",
        }
    }

    fn sums_name(self) -> &'static str {
        match self.centre {
            Centre::Mean => "layer_norm_sums",
            Centre::Zero => "rms_norm_sums",
        }
    }

    fn attributes(self) -> Attributes {
        let epsilon = ("epsilon".to_string(), Attribute::Float(self.epsilon));
        Attributes::from([epsilon, ("axes".to_string(), Attribute::Int(self.axes as i64))])
    }

    /// The axes of a row.
    fn row(self, x: &[usize]) -> &[usize] {
        &x[x.len() - self.axes..]
    }

    fn columns(self, x: &[usize]) -> usize {
        self.row(x).iter().product()
    }

    /// The kernel for arrays of this shape.
    fn kernel(self, x: &[usize]) -> RowNorm {
        RowNorm { columns: self.columns(x), centre: self.centre, epsilon: self.epsilon }
    }

    /// How many sums [`Sums`] takes over each column: those of the weight, and those of a bias.
    fn sums(self) -> usize {
        match self.centre {
            Centre::Mean => 2,
            Centre::Zero => 1,
        }
    }
}

/// `(x - mean) / sqrt(variance + epsilon)` over the last axes, or `x / sqrt(mean(x^2) + epsilon)`; from (x), (x,
/// weight), or with a mean (x, weight, bias). The variance is divided by the count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalizeRows(Settings);

impl NormalizeRows {
    pub(crate) fn read(centre: Centre, reader: &mut Reader<'_>) -> Result<Self> {
        let (epsilon, axes) = (reader.number("epsilon", 1e-5)?, reader.integer("axes")?.unwrap_or(1));
        reader.finish()?;
        let name = reader.function();
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return value_error!("{name}: expected `epsilon` above 0, got {epsilon}");
        }
        match usize::try_from(axes) {
            Ok(axes) if axes > 0 => Ok(Self(Settings { centre, epsilon, axes })),
            _ => value_error!("{name}: expected `axes` of at least 1, got {axes}"),
        }
    }
}

impl Operation for NormalizeRows {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let (name, most) = (self.name(), 1 + self.0.sums());
        let [x, affine @ ..] = inputs else {
            return shape_error!("{name}: expected from 1 to {most} inputs, got none");
        };
        if inputs.len() > most {
            return shape_error!("{name}: expected from 1 to {most} inputs, got {}", inputs.len());
        }
        require_real(name, "x", x)?;
        let axes = self.0.axes;
        if x.rank() < axes || self.0.columns(&x.shape) == 0 {
            let shape = Shape(&x.shape);
            return shape_error!("{name}: expected `x` with numbers on its last {axes} axes, got shape {shape}");
        }
        let row = x.with_shape(self.0.row(&x.shape));
        for (argument, input) in ["weight", "bias"].into_iter().zip(affine) {
            require_type(name, argument, input, &[&row])?;
        }
        Ok((*x).clone())
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let (x, gradient, weight) = (rule.inputs[0], rule.gradient, rule.inputs.get(1).copied());
        let to_x = rule.when_needed(0, |rule| {
            let inputs: Vec<ValueId> = [gradient, x].into_iter().chain(weight).collect();
            rule.graph.add_node(NormalizeRowsBackward(self.0), &inputs)
        })?;
        let mut slopes = vec![to_x];
        if rule.needed[1..].contains(&true) {
            let sums = rule.graph.add_node(NormalizeRowsSums(self.0), &[gradient, x])?;
            for input in 1..rule.inputs.len() {
                slopes.push(rule.when_needed(input, |rule| {
                    let part = rule.graph.add_node(Slice::along(0, input - 1, input), &[sums])?;
                    let shape = rule.graph.shape(rule.inputs[input]).to_vec();
                    rule.graph.reshape(part, &shape)
                })?);
            }
        }
        slopes.resize(rule.inputs.len(), InputGradient::Zero);
        Ok(slopes)
    }
}

impl Routine for NormalizeRows {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (norm, inputs) = (self.0.kernel(&site.outputs[0].shape), site.inputs.len());
        with_element!(site.dtype(), E => Box::new(move |call| {
            let affine = |input: usize| if input < inputs { call.input::<E>(input) } else { &[] };
            norm.forward::<E>(call.input(0), affine(1), affine(2), call.output(0));
        }))
    }
}

/// The gradient by `x` from (gradient, x), and the weight where there is one.
#[derive(Clone, Copy, Debug)]
struct NormalizeRowsBackward(Settings);

impl Operation for NormalizeRowsBackward {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        alike(self.name(), &inputs[..2], 2)
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let settings = self.0;
        gradients_of(rule, &[0, 1, 2], |graph, inputs| {
            let shape = graph.shape(inputs[1]).to_vec();
            let columns = settings.columns(&shape);
            let x = rows(graph, inputs[1], columns)?;
            let mut arriving = rows(graph, inputs[0], columns)?;
            if let Some(&weight) = inputs.get(2) {
                let weight = graph.reshape(weight, &[columns])?;
                arriving = graph.multiply(arriving, weight)?;
            }
            let (normal, deviation) = normalized(graph, x, settings)?;
            let product = graph.multiply(arriving, normal)?;
            let along = mean(graph, product)?;
            let mut taken = graph.multiply(normal, along)?;
            if settings.centre == Centre::Mean {
                let plain = mean(graph, arriving)?;
                taken = graph.add(taken, plain)?;
            }
            let rest = graph.subtract(arriving, taken)?;
            let slope = graph.divide(rest, deviation)?;
            graph.reshape(slope, &shape)
        })
    }
}

impl Routine for NormalizeRowsBackward {
    fn name(&self) -> &str {
        self.0.backward_name()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let (norm, weighted) = (self.0.kernel(&site.outputs[0].shape), site.inputs.len() > 2);
        with_element!(site.dtype(), E => Box::new(move |call| {
            let weight = if weighted { call.input::<E>(2) } else { &[] };
            norm.backward::<E>(call.input(0), call.input(1), weight, call.output(0));
        }))
    }
}

/// From (gradient, x) the sums over all rows: of the products with the normalised numbers, and with a mean of the
/// gradient.
#[derive(Clone, Copy, Debug)]
struct NormalizeRowsSums(Settings);

impl Operation for NormalizeRowsSums {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        let x = alike(self.name(), inputs, 2)?;
        Ok(x.with_shape(&[self.0.sums(), self.0.columns(&x.shape)]))
    }

    fn gradient(&self, rule: &mut GradientRule<'_>) -> Result<Vec<InputGradient>> {
        let settings = self.0;
        gradients_of(rule, &[0, 1], |graph, inputs| {
            let columns = settings.columns(graph.shape(inputs[1]));
            let (arriving, x) = (rows(graph, inputs[0], columns)?, rows(graph, inputs[1], columns)?);
            let (normal, _) = normalized(graph, x, settings)?;
            let product = graph.multiply(arriving, normal)?;
            let mut sums = vec![graph.sum(product, Some(&[0]), true)?];
            if settings.centre == Centre::Mean {
                sums.push(graph.sum(arriving, Some(&[0]), true)?);
            }
            graph.add_node(Concatenate::along(0), &sums)
        })
    }
}

impl Routine for NormalizeRowsSums {
    fn name(&self) -> &str {
        self.0.sums_name()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn workspace(&self, site: &Site<'_>) -> usize {
        let (norm, x, sums) = (self.0.kernel(&site.inputs[1].shape), &site.inputs[1], site.outputs[0].len());
        norm.scratch(x.len() / norm.columns, sums) * site.dtype().size()
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let norm = self.0.kernel(&site.inputs[1].shape);
        with_element!(site.dtype(), E => Box::new(move |call| {
            norm.sums::<E>(call.input(0), call.input(1), call.workspace(), call.output(0));
        }))
    }
}

/// A value as a matrix of rows of so many numbers.
fn rows(graph: &mut Graph, value: ValueId, columns: usize) -> Result<ValueId> {
    let count = graph.shape(value).iter().product::<usize>() / columns;
    graph.reshape(value, &[count, columns])
}

/// The mean of each row, which stays as an axis of one.
fn mean(graph: &mut Graph, value: ValueId) -> Result<ValueId> {
    graph.add_node(Reduce::new(ReduceKind::Mean, Some(&[-1]), true), &[value])
}

/// The normalised rows, made of plain operations, and what they were divided by.
fn normalized(graph: &mut Graph, x: ValueId, settings: Settings) -> Result<(ValueId, ValueId)> {
    let centred = match settings.centre {
        Centre::Zero => x,
        Centre::Mean => {
            let mean = mean(graph, x)?;
            graph.subtract(x, mean)?
        }
    };
    let square = graph.unary(UnaryFunction::Square, centred)?;
    let square = mean(graph, square)?;
    let epsilon = graph.scalar(settings.epsilon, graph.dtype(x));
    let shifted = graph.add(square, epsilon)?;
    let deviation = graph.unary(UnaryFunction::Sqrt, shifted)?;
    Ok((graph.divide(centred, deviation)?, deviation))
}

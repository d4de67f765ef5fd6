//! Losses, straight from the registry of the kernels: the loss itself, and what its mean divides by.

mod backward;
mod host;
mod one_hot;

use std::sync::Arc;

use tilegrad_kernels::losses::{self, CrossEntropy, PointBatch, PointLoss, RowBatch, RowTarget, Totals};
use tilegrad_kernels::real::Element;
use tilegrad_kernels::registry::{LossEntry, LossKind, LossReduction};

pub use backward::LossBackward;
pub(crate) use backward::fused;
use backward::{Derivative, LossDerivative};
pub use host::{HostFunction, HostLoss};
pub use one_hot::OneHot;

use super::attributes::Reader;
use super::elementwise::require_real;
use super::{Labels, Operation, Rule, Slope};
use crate::call::{Call, Routine, Run, Site, with_element};
use crate::error::{Error, Result, shape_error};
use crate::types::{Attribute, Attributes, Dtype, Shape, Type, Typed, require_type};
use crate::work::Work;

/// Names of the losses.
pub(crate) fn names() -> Vec<&'static str> {
    losses::ENTRIES.iter().map(|entry| entry.name).chain(["loss_weight", "one_hot"]).collect()
}

/// The loss of this name, or its weight, if the name is one of these.
pub(crate) fn read(name: &str, reader: &mut Reader<'_>) -> Option<Result<Arc<dyn Operation>>> {
    if name == "loss_weight" {
        return Some(read_weight(reader));
    }
    if name == "one_hot" {
        return Some(OneHot::read(reader).map(|operation| -> Arc<dyn Operation> { Arc::new(operation) }));
    }
    let entry = losses::ENTRIES.iter().find(|entry| entry.name == name)?;
    Some(Loss::read(entry, reader).map(|loss| -> Arc<dyn Operation> { Arc::new(loss) }))
}

fn read_weight(reader: &mut Reader<'_>) -> Result<Arc<dyn Operation>> {
    let known: Vec<&str> = losses::ENTRIES.iter().map(|entry| entry.name).collect();
    let name = reader.word("loss", "", &known)?;
    let entry = losses::entry(&name).map_err(|_| {
        Error::Name(format!("loss_weight: expected `loss` to be one of {}, got none", known.join(", ")))
    })?;
    Ok(Arc::new(LossWeight(Loss::read(entry, reader)?)))
}

/// The arithmetic of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Formula {
    Point(PointLoss),
    Row(CrossEntropy),
}

/// What is made of the losses of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reduction {
    One(LossReduction),
    None,
}

/// A loss of (prediction, target), then the class weight and the sample weight where it has them.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    entry: &'static LossEntry,
    formula: Formula,
    reduction: Reduction,
    /// Whether there is a class weight; if not said, a third input of a row loss is one.
    class_weight: Option<bool>,
    /// Whether there is a sample weight; if not said, a last input that is left over is one.
    sample_weight: Option<bool>,
}

impl PartialEq for Loss {
    fn eq(&self, other: &Self) -> bool {
        let weights = |loss: &Self| (loss.class_weight, loss.sample_weight);
        self.formula == other.formula && self.reduction == other.reduction && weights(self) == weights(other)
    }
}

/// Which inputs are there, and the sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Inputs {
    columns: usize,
    has_labels: bool,
    class_weight: Option<usize>,
    sample_weight: Option<usize>,
}

impl Loss {
    fn read(entry: &'static LossEntry, reader: &mut Reader<'_>) -> Result<Self> {
        let mut parameters = Vec::with_capacity(entry.parameters.len());
        for parameter in entry.parameters {
            parameters.push(reader.number(parameter.name, parameter.default)?);
        }
        let formula = match entry.kind {
            LossKind::Point => {
                for choice in entry.choices {
                    let chosen = reader.flag(choice.name, choice.default == "true")?;
                    parameters.push(f64::from(u8::from(chosen)));
                }
                Formula::Point(PointLoss::new(entry.name, &parameters)?)
            }
            LossKind::Row => {
                let choice = &entry.choices[0];
                let normalization = reader.word(choice.name, choice.default, choice.options)?;
                let ignored = reader.integer("ignore_index")?.map(i32::try_from).transpose();
                let ignored =
                    ignored.map_err(|_| Error::Value(format!("{}: expected `ignore_index` of 32 bits", entry.name)))?;
                Formula::Row(CrossEntropy::new(parameters[0], &normalization, ignored)?)
            }
        };
        let default = match entry.reduction {
            LossReduction::Mean => "mean",
            LossReduction::Sum => "sum",
        };
        let reduction = match reader.word("reduction", default, &["mean", "sum", "none"])?.as_str() {
            "mean" => Reduction::One(LossReduction::Mean),
            "sum" => Reduction::One(LossReduction::Sum),
            _ => Reduction::None,
        };
        let class_weight = match entry.kind {
            LossKind::Row => reader.optional_flag("class_weight")?,
            LossKind::Point => Some(false),
        };
        let sample_weight = reader.optional_flag("sample_weight")?;
        reader.finish()?;
        Ok(Self { entry, formula, reduction, class_weight, sample_weight })
    }

    /// Checks the inputs and says which they are.
    fn inputs(&self, inputs: &[&Type]) -> Result<Inputs> {
        let name = self.entry.name;
        let [prediction, target, further @ ..] = inputs else {
            return shape_error!("{name}: expected `prediction` and `target`, got {} inputs", inputs.len());
        };
        require_real(name, "prediction", prediction)?;
        let mut left = further.len();
        let class_weight = self.class_weight.unwrap_or(left > usize::from(self.sample_weight == Some(true)));
        left = left.saturating_sub(usize::from(class_weight));
        let sample_weight = self.sample_weight.unwrap_or(left > 0);
        let expected = 2 + usize::from(class_weight) + usize::from(sample_weight);
        if inputs.len() != expected {
            return shape_error!("{name}: expected {expected} inputs, got {}", inputs.len());
        }
        let place = |present: bool, index: usize| present.then_some(index);
        let found = Inputs {
            columns: prediction.shape.last().copied().unwrap_or(1),
            has_labels: target.dtype == Dtype::I32,
            class_weight: place(class_weight, 2),
            sample_weight: place(sample_weight, 2 + usize::from(class_weight)),
        };
        self.check_target(prediction, target)?;
        if let Some(index) = found.class_weight {
            require_type(name, "weight", inputs[index], &[&prediction.with_shape(&[found.columns])])?;
        }
        if let Some(index) = found.sample_weight {
            let rows = prediction.shape.first().copied().unwrap_or(1);
            let per_row = [prediction.with_shape(&[rows]), prediction.with_shape(&[rows, 1])];
            let per_element = if self.entry.kind == LossKind::Point { *prediction } else { &per_row[0] };
            require_type(name, "sample_weight", inputs[index], &[&per_row[0], &per_row[1], per_element])?;
        }
        Ok(found)
    }

    fn check_target(&self, prediction: &Type, target: &Type) -> Result<()> {
        let name = self.entry.name;
        if self.entry.kind == LossKind::Point {
            return require_type(name, "target", target, &[prediction]);
        }
        let Some((&columns, rows)) = prediction.shape.split_last() else {
            return shape_error!("{name}: expected `prediction` of rows of logits, got shape ()");
        };
        if columns == 0 {
            return shape_error!(
                "{name}: expected `prediction` of at least one class, got shape {}",
                Shape(&prediction.shape)
            );
        }
        let labels = Type::new(rows, Dtype::I32);
        require_type(name, "target", target, &[if target.dtype == Dtype::I32 { &labels } else { prediction }])
    }

    /// Shape of the losses before any reduction.
    fn unreduced(&self, prediction: &Type) -> Vec<usize> {
        let rank = prediction.rank() - usize::from(self.entry.kind == LossKind::Row);
        prediction.shape[..rank].to_vec()
    }

    /// One pass over a batch. `upstream` arrives at the unreduced losses; else `factor` times the reduction's scale does.
    fn pass<E: Typed>(
        &self,
        call: &Call<'_>,
        inputs: Inputs,
        seed: &Seed<'_, E>,
        losses: Option<&mut [E]>,
        gradient: Option<&mut [E]>,
    ) -> Totals {
        let input = |index: Option<usize>| index.map(|index| call.input::<E>(index));
        let (upstream, factor) = seed.split();
        let (prediction, sample_weight) = (call.input::<E>(0), input(inputs.sample_weight));
        match &self.formula {
            Formula::Point(loss) => {
                let batch = PointBatch { prediction, target: call.input(1), weight: sample_weight, upstream };
                let scale = gradient.as_ref().map_or(1.0, |_| self.scale(factor, || batch.denominator()));
                loss.run(&batch, scale, losses, gradient)
            }
            Formula::Row(loss) => {
                let batch = row_batch(call, inputs, prediction, sample_weight, upstream);
                let scale = gradient.as_ref().map_or(1.0, |_| self.scale(factor, || loss.denominator(&batch)));
                loss.run(&batch, scale, losses, gradient)
            }
        }
    }

    /// What arrives at the loss, as its reduction takes it.
    fn seed<'a, E: Typed>(&self, arriving: &'a [E]) -> Seed<'a, E> {
        match self.reduction {
            Reduction::None => Seed::Each(arriving),
            Reduction::One(_) => Seed::Scalar(arriving[0].to_f64()),
        }
    }

    /// A further derivative of a point loss.
    fn derive<E: Typed>(
        &self,
        derivative: Derivative,
        call: &Call<'_>,
        inputs: Inputs,
        seed: &Seed<'_, E>,
        out: &mut [E],
    ) {
        let Formula::Point(loss) = &self.formula else {
            unreachable!("row losses compose theirs from the softmax");
        };
        let (upstream, factor) = seed.split();
        let weight = inputs.sample_weight.map(|index| call.input::<E>(index));
        let batch = PointBatch { prediction: call.input(0), target: call.input(1), weight, upstream };
        let scale = self.scale(factor, || batch.denominator());
        match derivative {
            Derivative::Curvature => loss.curvature(&batch, scale, out),
            Derivative::TargetSlope => loss.target_slope(&batch, scale, out),
        }
    }

    /// What the gradient of each loss is multiplied by. A batch without weight has no mean, and moves nothing.
    fn scale(&self, factor: f64, denominator: impl Fn() -> f64) -> f64 {
        if self.reduction != Reduction::One(LossReduction::Mean) {
            return factor;
        }
        match denominator() {
            0.0 => 0.0,
            weight => factor * (1.0 / weight),
        }
    }
}

/// What arrives from behind a loss.
enum Seed<'a, E> {
    Scalar(f64),
    Each(&'a [E]),
}

impl<'a, E> Seed<'a, E> {
    /// What arrives at each loss, if it differs, and what all of them are multiplied by.
    fn split(&self) -> (Option<&'a [E]>, f64) {
        match self {
            Seed::Scalar(factor) => (None, *factor),
            Seed::Each(upstream) => (Some(upstream), 1.0),
        }
    }
}

fn row_batch<'a, E: Typed>(
    call: &Call<'a>,
    inputs: Inputs,
    logits: &'a [E],
    sample_weight: Option<&'a [E]>,
    upstream: Option<&'a [E]>,
) -> RowBatch<'a, E> {
    let target = match inputs.has_labels {
        true => RowTarget::Classes(call.labels(1)),
        false => RowTarget::Distributions(call.input(1)),
    };
    let class_weight = inputs.class_weight.map(|index| call.input(index));
    RowBatch { logits, columns: inputs.columns, target, class_weight, sample_weight, upstream }
}

/// The types, as shape rules take them.
fn each(types: &[Type]) -> Vec<&Type> {
    types.iter().collect()
}

impl Operation for Loss {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        self.inputs(inputs)?;
        Ok(match self.reduction {
            Reduction::None => inputs[0].with_shape(&self.unreduced(inputs[0])),
            Reduction::One(_) => inputs[0].with_shape(&[]),
        })
    }

    fn gradient(&self, rule: &mut Rule<'_>) -> Result<Vec<Slope>> {
        let mut slopes = vec![Slope::Undefined; rule.inputs.len()];
        let inputs: Vec<_> = rule.inputs.iter().copied().chain([rule.gradient]).collect();
        slopes[0] = rule.when_needed(0, |rule| rule.graph.add_node(LossBackward::new(*self), &inputs))?;
        if self.entry.kind == LossKind::Point {
            let toward_target = LossDerivative::new(*self, Derivative::TargetSlope);
            slopes[1] = rule.when_needed(1, |rule| rule.graph.add_node(toward_target, &inputs))?;
        }
        Ok(slopes)
    }

    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        let Formula::Row(loss) = &self.formula else { return None };
        let classes = inputs[0].shape.last().copied().unwrap_or(1);
        (inputs[1].dtype == Dtype::I32).then_some(Labels { input: 1, classes, ignored: loss.ignore_index })
    }
}

impl Routine for Loss {
    fn name(&self) -> &str {
        self.entry.name
    }

    fn attributes(&self) -> Attributes {
        let reduction = match self.reduction {
            Reduction::One(LossReduction::Mean) => "mean",
            Reduction::One(LossReduction::Sum) => "sum",
            Reduction::None => "none",
        };
        let mut attributes = Attributes::from([("reduction".to_string(), Attribute::Text(reduction.to_string()))]);
        if let Formula::Point(loss) = &self.formula {
            let names = self
                .entry
                .parameters
                .iter()
                .map(|each| each.name)
                .chain(self.entry.choices.iter().map(|each| each.name));
            attributes
                .extend(names.zip(loss.values()).map(|(name, value)| (name.to_string(), Attribute::Float(value))));
        }
        if let Formula::Row(loss) = &self.formula {
            attributes.insert("label_smoothing".to_string(), Attribute::Float(loss.label_smoothing));
            let ignored = loss.ignore_index.map(|index| ("ignore_index".to_string(), Attribute::Int(i64::from(index))));
            attributes.extend(ignored);
        }
        attributes
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let loss = *self;
        let inputs = self.inputs(&each(site.inputs)).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let out = call.output::<E>(0);
            match loss.reduction {
                Reduction::None => {
                    loss.pass::<E>(call, inputs, &Seed::Scalar(1.0), Some(out), None);
                }
                Reduction::One(reduction) => {
                    let totals = loss.pass::<E>(call, inputs, &Seed::Scalar(1.0), None, None);
                    out[0] = E::from_f64(totals.reduced(reduction));
                }
            }
        }))
    }
}

/// What the mean of a loss divides by: the sum of weights, or the count. Its inputs are those of the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossWeight(Loss);

impl Operation for LossWeight {
    fn infer(&self, inputs: &[&Type]) -> Result<Type> {
        self.0.inputs(inputs).map_err(|error| error.map_message(|message| format!("loss_weight: {message}")))?;
        Ok(inputs[0].with_shape(&[]))
    }

    fn gradient(&self, rule: &mut Rule<'_>) -> Result<Vec<Slope>> {
        let mut slopes = vec![Slope::Undefined; rule.inputs.len()];
        slopes[0] = Slope::Zero;
        Ok(slopes)
    }

    fn labels(&self, inputs: &[&Type]) -> Option<Labels> {
        self.0.labels(inputs)
    }
}

impl Routine for LossWeight {
    fn name(&self) -> &str {
        "loss_weight"
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = self.0.attributes();
        attributes.insert("loss".to_string(), Attribute::Text(self.0.entry.name.to_string()));
        attributes
    }

    fn work(&self, site: &Site<'_>) -> Work {
        // The predictions stand there for their shape only.
        Work::elementwise(&Site { inputs: &site.inputs[1..], ..*site })
    }

    fn compile(&self, site: &Site<'_>) -> Run {
        let loss = self.0;
        let inputs = loss.inputs(&each(site.inputs)).expect("the shape rule has checked it");
        with_element!(site.dtype(), E => Box::new(move |call| {
            let prediction = call.input::<E>(0);
            let sample_weight = inputs.sample_weight.map(|index| call.input::<E>(index));
            let weight = match &loss.formula {
                Formula::Point(_) => {
                    let target = call.input(1);
                    PointBatch { prediction, target, weight: sample_weight, upstream: None }.denominator()
                }
                Formula::Row(row) => row.denominator(&row_batch(call, inputs, prediction, sample_weight, None)),
            };
            call.output::<E>(0)[0] = E::from_f64(weight);
        }))
    }
}

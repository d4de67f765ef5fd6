//! A loss from the kernels' registry with its settings, and its arithmetic over the rows of a batch.

use tilegrad_kernels::losses::{self, CrossEntropy, PointBatch, PointLoss, RowBatch, RowTarget, Totals};
use tilegrad_kernels::registry::{LossEntry, LossKind, LossReduction};

use crate::call::Call;
use crate::error::{Error, Result, shape_error};
use crate::ops::checks::require_real;
use crate::reader::{Reader, word_for};
use crate::types::{Dtype, Shape, Type, Typed, require_type};

/// The arithmetic of a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Formula {
    Point(PointLoss),
    Row(CrossEntropy),
}

/// The reduction of the losses of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    One(LossReduction),
    None,
}

impl Reduction {
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("mean", Self::One(LossReduction::Mean)), ("sum", Self::One(LossReduction::Sum)), ("none", Self::None)];
}

/// A loss of (prediction, target), followed by the class weight and the sample weight if it has them.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    pub(super) entry: &'static LossEntry,
    pub(super) formula: Formula,
    pub(super) reduction: Reduction,
    /// Whether there is a class weight; if not specified, the third input of a row loss is one.
    pub(super) class_weight: Option<bool>,
    /// Whether there is a sample weight; if not specified, a last input that is left over is one.
    pub(super) sample_weight: Option<bool>,
}

impl PartialEq for Loss {
    fn eq(&self, other: &Self) -> bool {
        let weights = |loss: &Self| (loss.class_weight, loss.sample_weight);
        self.formula == other.formula && self.reduction == other.reduction && weights(self) == weights(other)
    }
}

/// A second derivative of an elementwise loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Derivative {
    /// The second derivative with respect to the prediction.
    Curvature,
    /// The derivative of the gradient with respect to the target.
    TargetSlope,
}

/// Which inputs exist, and the sizes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inputs {
    columns: usize,
    has_labels: bool,
    class_weight: Option<usize>,
    pub(super) sample_weight: Option<usize>,
}

impl Loss {
    /// The entry with this name.
    pub(crate) fn find(name: &str) -> Option<&'static LossEntry> {
        losses::ENTRIES.iter().find(|entry| entry.name == name)
    }

    pub(crate) fn read(entry: &'static LossEntry, reader: &mut Reader<'_>) -> Result<Self> {
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
        let default = word_for(&Reduction::WORDS, &Reduction::One(entry.reduction));
        let reduction = reader.choice("reduction", default, &Reduction::WORDS)?;
        let class_weight =
            if entry.kind == LossKind::Row { reader.optional_flag("class_weight")? } else { Some(false) };
        let sample_weight = reader.optional_flag("sample_weight")?;
        reader.finish()?;
        Ok(Self { entry, formula, reduction, class_weight, sample_weight })
    }

    /// Which the inputs of a planned operation are.
    pub(super) fn site_inputs(&self, inputs: &[Type]) -> Inputs {
        self.inputs(&inputs.iter().collect::<Vec<_>>()).expect("the shape rule has checked it")
    }

    /// Checks the inputs and determines which they are.
    pub(super) fn inputs(&self, inputs: &[&Type]) -> Result<Inputs> {
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

    /// The shape of the losses before reduction.
    pub(super) fn unreduced(&self, prediction: &Type) -> Vec<usize> {
        let rank = prediction.rank() - usize::from(self.entry.kind == LossKind::Row);
        prediction.shape[..rank].to_vec()
    }

    /// One pass over a batch. The upstream gradient of the unreduced losses is `upstream`, or else `factor` times the
    /// reduction's scale.
    pub(super) fn pass<E: Typed>(
        &self,
        call: &Call<'_>,
        inputs: Inputs,
        seed: &Upstream<'_, E>,
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

    /// The upstream gradient, in the form that the reduction takes.
    pub(super) fn seed<'a, E: Typed>(&self, arriving: &'a [E]) -> Upstream<'a, E> {
        match self.reduction {
            Reduction::None => Upstream::Each(arriving),
            Reduction::One(_) => Upstream::Scalar(arriving[0].to_f64()),
        }
    }

    /// A second derivative of an elementwise loss.
    pub(super) fn derive<E: Typed>(
        &self,
        derivative: Derivative,
        call: &Call<'_>,
        inputs: Inputs,
        seed: &Upstream<'_, E>,
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

    /// The factor for the gradient of each loss. A batch with a total weight of zero has no mean, and changes nothing.
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

/// The upstream gradient of a loss.
pub(super) enum Upstream<'a, E> {
    Scalar(f64),
    Each(&'a [E]),
}

impl<'a, E> Upstream<'a, E> {
    /// The upstream gradient of each loss, if they differ, and the common factor of all.
    fn split(&self) -> (Option<&'a [E]>, f64) {
        match self {
            Upstream::Scalar(factor) => (None, *factor),
            Upstream::Each(upstream) => (Some(upstream), 1.0),
        }
    }
}

pub(super) fn row_batch<'a, E: Typed>(
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

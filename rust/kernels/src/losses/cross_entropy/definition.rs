//! What cross-entropy is and what it takes.

use crate::error::Result;
use crate::real::Element;
use crate::registry::{
    Choice, Domain, LossEntry, LossKind, LossReduction, OutputActivation, Parameter, Range, Setting, check_parameters,
};

/// What is known of cross-entropy.
pub(in crate::losses) const ENTRY: LossEntry = LossEntry {
    name: "cross_entropy",
    doc: "Cross-entropy of a row of logits against a class or a distribution over the classes.\n\n\
        For logits `x`, shares `y` (1 at the target class and 0 elsewhere, or the given distribution), class \
        weights `w` (1 where there are none) and `C` classes: `loss = sum_c w_c y'_c (ln(sum_k exp x_k) - x_c)` with \
        `y' = (1 - label_smoothing) y + label_smoothing / C`. The gradient is `softmax(x) sum_c(w_c y'_c) - w y'`; \
        both come out of one pass and are stable for logits of any size.\n\n\
        The mean divides by the sum of the rows' weights `sum_c w_c y_c` (`normalization` \"weights\": PyTorch with \
        classes; there, distributions divide by the count) or by the count of rows (\"samples\": Keras). Rows whose \
        class is `ignore_index` have loss, gradient and weight zero. Label smoothing is as in PyTorch, Keras and optax \
        (Szegedy et al., 2015).\n",
    parameters: &[Parameter {
        name: "label_smoothing",
        default: 0.0,
        range: Range::closed(0.0, 1.0),
        doc: "Share of the target that is spread evenly over all classes.",
    }],
    choices: &[Choice {
        name: "normalization",
        default: "weights",
        options: &[NORMALIZATIONS[0].0, NORMALIZATIONS[1].0],
        meanings: &[],
        doc: "What the mean divides by: the sum of the rows' weights, or the number of rows.",
    }],
    reduction: LossReduction::Mean,
    kind: LossKind::Row,
    targets: Domain::Classes,
    predictions: Domain::Real,
    domains: &[],
    output: OutputActivation::Softmax,
    styles: &[
        ("torch", &[("normalization", Setting::Option("weights"))]),
        ("keras", &[("normalization", Setting::Option("samples"))]),
        ("optax", &[("normalization", Setting::Option("samples"))]),
    ],
    non_negative: true,
    zero_at_perfect: false,
    ulp_f32: 4.0,
    ulp_f64: 4.0,
};

/// What a row loss compares a row with.
#[derive(Clone, Copy, Debug)]
pub enum RowTarget<'a, E> {
    /// A class index per row, in range or `ignore_index`: see [`check_classes`].
    Classes(&'a [i32]),
    /// A distribution per row (one-hot or soft), row-major like the logits.
    Distributions(&'a [E]),
}

/// What a mean divides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalization {
    /// The sum of the rows' weights: class weight of the target times sample weight.
    #[default]
    Weights,
    /// The count of rows, the ignored left out.
    Samples,
}

/// Their words.
const NORMALIZATIONS: [(&str, Normalization); 2] =
    [("weights", Normalization::Weights), ("samples", Normalization::Samples)];

/// Cross-entropy with its settings; see the registry's entry for the formula.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// Share of the target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// What a mean divides by: decides the weights of `Totals`.
    pub normalization: Normalization,
    /// Class of the rows that are left out.
    pub ignore_index: Option<i32>,
}

/// What a row loss is computed of.
#[derive(Clone, Copy, Debug)]
pub struct RowBatch<'a, E> {
    /// Scores, row-major, `columns` a row.
    pub logits: &'a [E],
    /// Number of classes; at least one.
    pub columns: usize,
    /// What the rows should be.
    pub target: RowTarget<'a, E>,
    /// A weight for each class.
    pub class_weight: Option<&'a [E]>,
    /// A weight for each row.
    pub sample_weight: Option<&'a [E]>,
    /// Arriving gradient of every row's unreduced loss.
    pub upstream: Option<&'a [E]>,
}

impl<E: Element> RowBatch<'_, E> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.logits.len() / self.columns
    }
}

impl CrossEntropy {
    /// With these settings, which are checked. `normalization` is "weights" or "samples".
    pub fn new(label_smoothing: f64, normalization: &str, ignore_index: Option<i32>) -> Result<Self> {
        check_parameters(ENTRY.name, ENTRY.parameters, &[label_smoothing])?;
        let (_, normalization) = NORMALIZATIONS[ENTRY.choices[0].index(ENTRY.name, normalization)?];
        Ok(Self { label_smoothing, normalization, ignore_index })
    }

    /// What a mean over the batch divides by: the `weight` of the totals, without the logits.
    pub fn denominator<E: Element>(&self, batch: &RowBatch<'_, E>) -> f64 {
        if let (RowTarget::Classes(_), None, None, None) =
            (batch.target, batch.class_weight, batch.sample_weight, self.ignore_index)
        {
            return batch.rows() as f64;
        }
        (0..batch.rows()).map(|row| self.row_weight(batch, row)).sum()
    }

    /// What a row adds to the sum that a mean divides by.
    pub(super) fn row_weight<E: Element>(&self, batch: &RowBatch<'_, E>, row: usize) -> f64 {
        if self.is_ignored(batch.target, row) {
            return 0.0;
        }
        if self.normalization == Normalization::Samples {
            return 1.0;
        }
        let sample = batch.sample_weight.map_or(1.0, |weight| weight[row].to_f64());
        let class = match (batch.target, batch.class_weight) {
            (RowTarget::Classes(_), None) => 1.0,
            (RowTarget::Classes(classes), Some(weight)) => weight[classes[row] as usize].to_f64(),
            // The shares of a distribution sum to one.
            (RowTarget::Distributions(_), None) => 1.0,
            (RowTarget::Distributions(shares), Some(weight)) => {
                let shares = &shares[row * batch.columns..][..batch.columns];
                shares.iter().zip(weight).map(|(share, weight)| share.to_f64() * weight.to_f64()).sum()
            }
        };
        sample * class
    }

    pub(super) fn is_ignored<E>(&self, target: RowTarget<'_, E>, row: usize) -> bool {
        matches!((target, self.ignore_index), (RowTarget::Classes(classes), Some(ignored)) if classes[row] == ignored)
    }
}

/// Checks that every class is below `classes` and not negative, or is the ignored one; else the first row that is not,
/// and its class.
pub fn check_classes(targets: &[i32], classes: usize, ignore_index: Option<i32>) -> Result<(), (usize, i32)> {
    let limit = u32::try_from(classes).unwrap_or(u32::MAX);
    // As an unsigned number a negative class is too large. The first pass has no early exit, so it vectorises.
    let wrong = |class: i32| class.cast_unsigned() >= limit;
    if !targets.iter().fold(false, |any, &class| any | wrong(class)) {
        return Ok(());
    }
    match targets.iter().position(|&class| wrong(class) && Some(class) != ignore_index) {
        Some(row) => Err((row, targets[row])),
        None => Ok(()),
    }
}
